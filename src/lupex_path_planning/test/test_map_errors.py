# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The ensemble of map errors errs as its makers state, and its worst grows with its size and with nothing else."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from lupex_path_planning.config import MapErrorConfig
from lupex_path_planning.map_errors import SPACING_M, correlation_m, worst_rises

CONFIG = MapErrorConfig()


def lines(config, count, rng):
    """Return errors along a line of 60 m by another way: the covariance's own square root."""
    at = SPACING_M * np.arange(25)
    length = correlation_m(config)
    covariance = config.height_rms_m**2 * np.exp(-0.5 * ((at[:, None] - at[None, :]) / length) ** 2)
    values, vectors = np.linalg.eigh(covariance)
    return rng.standard_normal((count, at.size)) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T


@pytest.mark.parametrize(("height_m", "slope_rad"), [(0.5, 0.044), (0.3, 0.026), (1.0, 0.03)])
def test_the_correlation_gives_the_errors_of_height_and_of_slope(height_m, slope_rad):
    config = MapErrorConfig(height_rms_m=height_m, slope_rms_rad=slope_rad)
    drawn = lines(config, 4000, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(height_m, rel=0.03)
    over = round(5.0 / SPACING_M)
    assert (drawn[:, over:] - drawn[:, :-over]).std() == pytest.approx(5.0 * math.tan(slope_rad), rel=0.03)


def test_errors_that_cannot_go_together_are_refused():
    with pytest.raises(ValueError, match=r"height error of 0\.05 m cannot go with a slope error of 0\.3 rad"):
        correlation_m(MapErrorConfig(height_rms_m=0.05, slope_rms_rad=0.3))


@pytest.mark.parametrize("distance_m", [5.0, 20.0, 50.0])
def test_errors_drawn_by_another_way_rise_no_higher_than_the_worst_of_the_ensemble(distance_m):
    worst = worst_rises(CONFIG).at(np.array([distance_m]))[0]
    drawn = lines(CONFIG, 20_000, np.random.default_rng(4))
    rises = drawn[:, round(distance_m / SPACING_M)] - drawn[:, 0]
    assert (rises > worst).mean() <= 2.0 / CONFIG.members
    # and it is no bound for its own sake
    assert rises.max() > 0.8 * worst


def test_with_more_members_no_rise_is_smaller():
    rises = [worst_rises(dataclasses.replace(CONFIG, members=count)).rise_m for count in (0, 1, 10, 100, 300)]
    assert (rises[0] == 0.0).all()
    for fewer, more in itertools.pairwise(rises):
        assert (more >= fewer).all()
        assert more.sum() > fewer.sum()


def test_the_same_seed_gives_the_same_ensemble_and_another_another():
    first = worst_rises(CONFIG).rise_m.copy()
    worst_rises.cache_clear()
    assert (worst_rises(CONFIG).rise_m == first).all()
    assert (worst_rises(dataclasses.replace(CONFIG, seed=2)).rise_m != first).any()


def test_ground_beside_the_rover_errs_with_it():
    rises = worst_rises(CONFIG)
    assert rises.at(np.array([2.5]))[0] < 0.3 * rises.at(np.array([60.0]))[0]
    # beyond the ensemble's lines they stay
    assert rises.at(np.array([1e4]))[0] == rises.rise_m[-1]
