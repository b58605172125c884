# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stops are asked for by what they would tell, and seldom."""

import numpy as np
import pytest

from lupex_localization import error_state_filter as esf
from lupex_localization.config import Stops
from lupex_localization.stop_choice import StopChoice, told_by_stop_m

CONFIG = Stops(told_m=0.1, velocity_sigma_mps=0.01, share=0.05, cost_s=2.0, patience_s=10.0)
APART_S = 40.0


def covariance(shared=0.0, velocity=0.02, place=1.0):
    """Return one whose place along x goes with the velocity along x by a correlation of `shared`."""
    p = np.diag(np.full(esf.ERROR_SIZE, 1e-8))
    p[0, 0], p[3, 3] = place**2, velocity**2
    p[0, 3] = p[3, 0] = shared * place * velocity
    return p


UNSURE = covariance(0.9)
SURE = covariance(0.0)


def test_what_a_stop_tells_is_the_share_of_the_places_error_that_goes_with_the_velocity():
    """Monte Carlo: places and velocities drawn alike, the places guessed by regression from noisy velocities."""
    rng = np.random.default_rng(4)
    mixing = rng.standard_normal((esf.ERROR_SIZE, esf.ERROR_SIZE)) * 0.1
    p = mixing @ mixing.T
    drawn = rng.standard_normal((100_000, esf.ERROR_SIZE)) @ mixing.T
    for sigma in (0.01, 0.5):
        seen = drawn[:, 3:6] + sigma * rng.standard_normal((drawn.shape[0], 3))
        slope, *_ = np.linalg.lstsq(seen, drawn[:, :2], rcond=None)
        told = np.sqrt(np.mean(np.sum((seen @ slope) ** 2, axis=1)))
        assert told_by_stop_m(p, sigma) == pytest.approx(told, rel=0.02)


def asked(choice, seconds, p, moving=True, since_s=0.0):
    """Return the first of the seconds in which a stop is wanted, None in none."""
    return next((t for t in range(seconds) if choice.look(since_s + t, moving, False, p)), None)


def test_a_stop_is_wanted_where_it_tells_much_and_not_before_it_may_be():
    choice = StopChoice(CONFIG)
    choice.look(0.0, False, True, UNSURE)
    assert asked(choice, 100, UNSURE) == APART_S
    assert choice.look(APART_S + 1.0, True, False, UNSURE)
    assert not choice.look(APART_S + 2.0, False, True, UNSURE)
    assert asked(choice, 100, UNSURE, since_s=APART_S + 2.0) == APART_S


def test_no_stop_is_wanted_where_it_tells_little_or_the_rover_does_not_move():
    choice = StopChoice(CONFIG)
    choice.look(0.0, False, True, UNSURE)
    assert asked(choice, 300, SURE) is None
    assert asked(choice, 300, UNSURE, moving=False, since_s=300.0) is None


def test_who_is_not_heard_asks_again_only_after_a_while():
    choice = StopChoice(CONFIG)
    choice.look(0.0, False, True, UNSURE)
    wanted = [choice.look(float(t), True, False, UNSURE) for t in range(200)]
    # asked for patience_s, then not for as long as lies between two stops
    begun = [t for t in range(1, 200) if wanted[t] and not wanted[t - 1]]
    assert begun == [40, 91, 142, 193]
    assert sum(wanted[:91]) == 11


def test_a_clock_set_back_begins_anew():
    choice = StopChoice(CONFIG)
    choice.look(1000.0, False, True, UNSURE)
    assert asked(choice, 100, UNSURE) == APART_S
