# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Loose soil of the world's own: the rover gets out of it, or gives up before its tracks have dug it in."""

import math

import numpy as np
import pytest

from lupex_mobility.config import Immobilisation
from lupex_mobility.extrication import Stage
from lupex_system_tests.soft_traverse import FIRM, SoftTraverse, slope, soft_band

AHEAD = np.array([(-6.0, 0.0), (12.0, 0.0)])
AROUND = np.array([(-3.0, 4.0), (-6.0, 7.0)])
BAND_M = (0.0, 8.0)
CONFIG = Immobilisation()
BOGGED = [Stage.FREE, Stage.STANDING, Stage.BACKING, Stage.WAITING, Stage.FREE]


def loose(rng):
    """Return a slope, how far tracks dig, and soil weaker than the worst patch of any truth level."""
    row = [1.0, 1400.0, rng.uniform(5e4, 4e5), rng.uniform(5.0, 100.0), math.radians(rng.uniform(8.0, 20.0))]
    return (
        math.radians(rng.uniform(4.0, 14.0)),
        rng.uniform(0.01, 0.1),
        np.array([*row, rng.uniform(0.05, 0.2), 1400.0]),
    )


def test_on_a_climb_into_loose_soil_it_comes_out_and_takes_the_way_around():
    rng = np.random.default_rng(77)
    caught = 0
    for _ in range(4):
        along, digging, row = loose(rng)
        made = SoftTraverse(slope(along), soft_band(row, BAND_M), digging, AHEAD, AROUND).run()
        assert made.arrived
        if made.stages == [Stage.FREE]:
            continue
        caught += 1
        assert made.stages == BOGGED
        trap = made.out.trap
        assert made.out.spun_m < 0.6
        # its body's middle never comes as far again
        at = [k for k, (x, y) in enumerate(made.way) if math.dist((x, y), trap.pose[:2]) < 0.02][-1]
        assert max(x for x, _ in made.way[at:]) <= trap.pose[0] + 0.1
    assert caught >= 3


def test_in_soil_that_holds_it_fast_it_gives_up_shallow_where_pushing_on_digs_it_in():
    row = np.array([1.0, 1400.0, 5e4, 5.0, math.radians(6.0), 0.2, 1400.0])
    ours = SoftTraverse(slope(0.0), soft_band(row, BAND_M), 0.1, AHEAD).run()
    assert ours.stages[-1] is Stage.GIVEN_UP
    assert ours.out.spun_m <= CONFIG.spun_max_m
    pushing = SoftTraverse(slope(0.0), soft_band(row, BAND_M), 0.1, AHEAD, config=Immobilisation(slip=1.0))
    while pushing.time_s < ours.time_s:
        pushing.step()
    assert pushing.stages == [Stage.FREE]
    assert ours.deepest_m < 0.6 * pushing.deepest_m
    # and there it stays
    for _ in range(600):
        ours.step()
    assert ours.out.spun_m <= CONFIG.spun_max_m
    assert math.dist(ours.way[-1], ours.way[-500]) < 0.01


@pytest.mark.parametrize("along_deg", [-20.0, 0.0, 14.0])
def test_firm_ground_is_no_place_to_be_bogged_in(along_deg):
    path = np.array([(-6.0, 0.0), (0.0, 0.0), (0.0, 4.0), (4.0, 6.0)])
    made = SoftTraverse(slope(math.radians(along_deg)), soft_band(FIRM, BAND_M), 0.03, path).run()
    assert made.stages == [Stage.FREE]
