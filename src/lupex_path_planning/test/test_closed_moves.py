# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Hazards of the costmap as closed moves over the site: a proof, never a guess; open is what has room to spare."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from seen_ground import ALL, FRAME, GRID, ROOM, ROVER, costmap, nothing, seen

from lupex_path_planning.near_field.closed_moves import Room, look
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.site_grid import STEPS


def closed_between(judged, a, b):
    (i, j), (p, q) = GRID.cell(*a), GRID.cell(*b)
    move, back = STEPS.index((p - i, q - j)), STEPS.index((i - p, j - q))
    assert judged.closed[move, i, j] == judged.closed[back, p, q]
    assert judged.open[move, i, j] == judged.open[back, p, q]
    assert not (judged.closed & judged.open).any()
    return bool(judged.closed[move, i, j])


def open_between(judged, a, b):
    (i, j), (p, q) = GRID.cell(*a), GRID.cell(*b)
    return bool(judged.open[STEPS.index((p - i, q - j)), i, j])


def test_open_ground_closes_nothing_and_is_shown_around_the_rover_where_it_is_asked_for():
    judged = seen(nothing)
    assert not judged.closed.any()
    here = GRID.cell(0.0, 0.0)
    assert judged.open[:, *here].all()
    assert not judged.open[:, 0, 0].any()
    asked = np.zeros_like(ALL)
    asked[3, *here] = True
    assert (seen(nothing, asked=asked).open == asked).all()


@pytest.mark.parametrize("x_m", [5.0, 6.3, 7.5, 9.0])
def test_a_wall_closes_the_moves_across_it_wherever_it_stands_in_a_cell(x_m):
    judged = seen(lambda x, y: np.abs(x - x_m) < 0.3)
    crossed = [closed_between(judged, (x, 0.0), (x + 5.0, 0.0)) for x in (-5.0, 0.0, 5.0, 10.0)]
    assert crossed.count(True) in (1, 2)
    assert not crossed[0]
    assert not closed_between(judged, (0.0, 0.0), (0.0, 5.0))


def test_a_rock_beside_which_there_is_room_closes_nothing():
    assert not seen(lambda x, y: np.hypot(x - 7.0, y) < 0.5).closed.any()


def test_a_gap_in_the_wall_near_by_is_found_unless_it_is_too_narrow():
    def gap(width):
        return seen(lambda x, y: (np.abs(x - 7.5) < 0.3) & (np.abs(y - 2.0) > 0.5 * width))

    assert not closed_between(gap(2.6), (5.0, 0.0), (10.0, 0.0))
    assert closed_between(gap(1.2), (5.0, 0.0), (10.0, 0.0))


def test_a_cell_without_a_free_place_is_closed_all_around():
    judged = seen(lambda x, y: np.hypot(x - 10.0, y - 5.0) < 4.0)
    i, j = GRID.cell(10.0, 5.0)
    assert judged.closed[:, i, j].all()
    for move, (di, dj) in enumerate(STEPS):
        assert judged.closed[(move + 4) % 8, i + di, j + dj]


def test_unknown_ground_proves_nothing():
    judged = seen(nothing, lambda x, y: np.abs(x - 7.5) < 3.0)
    assert not judged.closed.any()
    assert not open_between(judged, (5.0, 0.0), (10.0, 0.0))
    assert open_between(judged, (0.0, 0.0), (-5.0, 0.0))


def test_where_the_rover_stands_it_may_stand():
    assert not seen(lambda x, y: np.hypot(x, y) < 3.4).closed[:, *GRID.cell(0.0, 0.0)].all()
    # a wall through its cell: it stands on one side, and cannot leave on the other
    judged = seen(lambda x, y: np.abs(x - 1.2) < 0.1, rover=(0.0, 0.0))
    assert closed_between(judged, (0.0, 0.0), (5.0, 0.0))
    assert not closed_between(judged, (0.0, 0.0), (-5.0, 0.0))


def test_a_costmap_beyond_the_site_says_nothing():
    away = look(GRID, costmap(lambda x, y: x > -1e9), Planar(900.0, 0.0, 0.0), ROVER, ROOM, ALL)
    assert not away.closed.any()
    assert not away.open.any()


@pytest.mark.property
@settings(max_examples=20, deadline=None)
@given(st.floats(-math.pi, math.pi), st.floats(-8, 8), st.floats(-8, 8))
def test_what_is_closed_does_not_depend_on_where_odom_lies(yaw, x_m, y_m):
    frame = Planar(x_m, y_m, yaw)
    rover = frame.inverse(np.array([[0.0, 0.0]]))[0]
    judged = seen(lambda x, y: np.abs(x - 7.5) < 0.5, rover=(float(rover[0]), float(rover[1])), frame=frame)
    assert closed_between(judged, (5.0, 0.0), (10.0, 0.0)) != open_between(judged, (5.0, 0.0), (10.0, 0.0))
    assert not closed_between(judged, (-5.0, 0.0), (0.0, 0.0))


def test_a_place_walled_in_stands_for_no_cell():
    def ring(x, y):
        return np.abs(np.hypot(x - 10.0, y) - 1.3) < 0.2

    assert not closed_between(seen(ring), (5.0, 0.0), (10.0, 0.0))
    # but where the rover itself stands within one it does not come out
    here = look(GRID, costmap(lambda x, y: ring(x + 10.0, y)), FRAME, ROVER, ROOM, ALL)
    assert here.closed[:, *GRID.cell(0.0, 0.0)].all()


@pytest.mark.parametrize(("width", "shown"), [(1.6, False), (2.0, False), (2.8, True)])
def test_a_gap_is_shown_open_only_with_room_to_spare(width, shown):
    judged = seen(lambda x, y: (np.abs(x - 7.5) < 0.3) & (np.abs(y) > 0.5 * width))
    assert open_between(judged, (5.0, 0.0), (10.0, 0.0)) == shown
    assert closed_between(judged, (5.0, 0.0), (10.0, 0.0)) == (width < 1.7)


def test_open_is_only_what_no_drift_of_the_place_closes():
    # a wall through a cell: from which side its centre is reached depends on where the centre lies
    def wall(x, y):
        return np.abs(x - 5.7) < 0.3

    for drift_m, shown in ((0.0, True), (1.6, False)):
        judged = seen(wall, room=Room(0.83, 0.2, drift_m))
        assert open_between(judged, (0.0, 0.0), (5.0, 0.0)) == shown
        assert closed_between(judged, (5.0, 0.0), (10.0, 0.0))
        assert open_between(judged, (-5.0, 0.0), (0.0, 0.0))


@pytest.mark.property
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 2.0 * math.pi), st.floats(0.0, 1.0))
def test_what_is_shown_open_is_closed_by_no_drift(seed, towards, share):
    rng = np.random.default_rng(seed)
    rocks, drift_m = rng.uniform(-15.0, 15.0, (80, 2)), 1.5
    seen_ = costmap(lambda x, y: np.min([np.hypot(x - a, y - b) for a, b in rocks], axis=0) < 0.3)
    judged = look(GRID, seen_, FRAME, ROVER, Room(0.83, 0.2, drift_m), ALL)
    off = share * drift_m * np.array([math.cos(towards), math.sin(towards)])
    # the rover's own cell is judged from where it stands: it stands far off
    drifted = look(GRID, seen_, Planar(*off, 0.0), (900.0, 0.0), ROOM, ALL)
    assert not (judged.open & drifted.closed).any()
