# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the way of a motion: the outline swept along it over a costmap."""

import math

import numpy as np
import pytest

from lupex_mobility.ground_ahead import Footprint, Sweep, obstruction
from lupex_models.costmap import Costmap

HALF_LENGTH_M, HALF_WIDTH_M = 0.95, 0.80
BODY = Footprint(HALF_LENGTH_M, HALF_WIDTH_M, 0.05)
CELL = 0.1
HAZARD, UNKNOWN = 100, -1


def ground(*marks, size_m=12.0):
    """Return free ground but for marks (cost, x, y): each the corner of its cell that is nearest to the origin."""
    n = round(size_m / CELL)
    made = Costmap(0.0, np.zeros((n, n), np.int8), -size_m / 2, -size_m / 2, CELL)
    for cost, x, y in marks:
        made.cost[made.cell(x + math.copysign(0.05, x), y + math.copysign(0.05, y))] = cost
    return made


def way(costmap, sweep, pose=(0.0, 0.0, 0.0), begun=(0.0, 0.0, 0.0)):
    return obstruction(costmap, BODY, begun, pose, sweep)


@pytest.mark.parametrize("cost", [HAZARD, UNKNOWN])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_line_ends_where_the_outline_would_touch(cost, sign):
    there = ground((cost, sign * 2.0, 0.7))
    assert not way(there, Sweep(ahead_m=sign * 1.04))
    assert way(there, Sweep(ahead_m=sign * 1.06))
    # beside the outline, and behind it
    assert not way(ground((cost, sign * 2.0, 0.91)), Sweep(ahead_m=sign * 3.0))
    assert not way(there, Sweep(ahead_m=-sign * 3.0))


def test_to_the_left_is_to_the_left():
    there = ground((HAZARD, 0.5, 1.5))
    assert not way(there, Sweep(left_m=0.65))
    assert way(there, Sweep(left_m=0.75))
    assert not way(there, Sweep(left_m=-2.0))


def test_a_spin_sweeps_the_corners():
    # the corner comes out to 1.24 m; at rest the side is free from 0.8 m on
    beside = ground((HAZARD, 0.0, 1.05))
    assert not way(beside, Sweep())
    assert way(beside, Sweep(turn_rad=1.57))
    assert way(beside, Sweep(turn_rad=-1.57))
    assert not way(beside, Sweep(turn_rad=0.1))
    assert not way(ground((HAZARD, 0.0, 1.27)), Sweep(turn_rad=2.0 * math.pi))


def test_an_arc_goes_where_its_curvature_leads():
    # a quarter of a circle of radius 2 m to the left ends at (2, 2), looking along y
    quarter = Sweep(ahead_m=math.pi, turn_rad=0.5 * math.pi)
    assert way(ground((HAZARD, 2.0, 2.9)), quarter)
    assert not way(ground((HAZARD, 2.0, 3.0)), quarter)
    assert not way(ground((HAZARD, 2.5, -1.0)), quarter)
    assert way(ground((HAZARD, 2.5, -1.0)), Sweep(ahead_m=math.pi, turn_rad=-0.5 * math.pi))


def test_the_reason_names_what_is_there_and_where():
    said = way(ground((HAZARD, 2.0, 0.01)), Sweep(ahead_m=3.0))
    assert said == "a hazard is in the way, 2.1 m from the rover's middle, at x 2.1 m, y 0.1 m in odom"
    assert way(ground((UNKNOWN, 2.0, 0.01)), Sweep(ahead_m=3.0)).startswith("unknown ground is in the way, 2.1 m")
    assert way(ground(size_m=5.0), Sweep(ahead_m=3.0)).startswith("unknown ground is in the way")
    assert way(ground(), Sweep(), pose=(40.0, 0.0, 0.0)) == "the rover stands outside the costmap"


def test_what_touches_where_it_began_may_not_come_in_deeper():
    touching = ground((HAZARD, 0.85, 0.3))
    assert not way(touching, Sweep(ahead_m=-2.0))
    assert way(touching, Sweep(ahead_m=0.2))
    # nor step by step
    assert way(touching, Sweep(ahead_m=0.05), pose=(0.1, 0.0, 0.0))
    assert not way(touching, Sweep(), pose=(0.1, 0.0, 0.0), begun=(0.1, 0.0, 0.0))
