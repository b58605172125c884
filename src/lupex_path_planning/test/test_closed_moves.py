# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Hazards of the costmap as closed moves over the site: a proof, never a guess, and taken back when disproved."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models.costmap import Costmap
from lupex_path_planning.config import GridConfig, GroundConfig
from lupex_path_planning.near_field.closed_moves import ClosedGround, look
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.site_grid import STEPS, grid_of

CELL, RADIUS = 0.2, 0.83
FRAME = Planar(0.0, 0.0, 0.0)
CONFIG = GroundConfig()
GRID = grid_of(np.zeros((15, 15)), -35.0, -35.0, 5.0, GridConfig())
ROVER = (0.0, 0.0)


def costmap(hazard, unknown=lambda x, y: x > 1e9, half_m=24.0, frame=FRAME):
    """Return a costmap around the origin of odom, its hazards given in map."""
    size = round(2.0 * half_m / CELL)
    made = Costmap(0.0, np.zeros((size, size), np.int8), -half_m, -half_m, CELL)
    x, y = frame.apply(np.stack([v.ravel() for v in made.centres()], axis=-1)).T.reshape(2, size, size)
    cost = np.where(unknown(x, y), -1, np.where(hazard(x, y), 100, 0)).astype(np.int8)
    return Costmap(0.0, cost, -half_m, -half_m, CELL)


def nothing(x, y):
    return x > 1e9


def seen(hazard, unknown=nothing, rover=ROVER, frame=FRAME):
    return look(GRID, costmap(hazard, unknown, frame=frame), frame, rover, RADIUS)


def closed_between(judged, a, b):
    (i, j), (p, q) = GRID.cell(*a), GRID.cell(*b)
    move, back = STEPS.index((p - i, q - j)), STEPS.index((i - p, j - q))
    assert judged.closed[move, i, j] == judged.closed[back, p, q]
    return bool(judged.closed[move, i, j])


def test_open_ground_closes_nothing_and_is_told_around_the_rover():
    judged = seen(nothing)
    assert not judged.closed.any()
    assert judged.told[:, GRID.cell(0.0, 0.0)[0], GRID.cell(0.0, 0.0)[1]].all()
    assert not judged.told[:, 0, 0].any()


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
    i, j = GRID.cell(5.0, 0.0)
    assert not judged.told[0, i, j]


def test_where_the_rover_stands_it_may_stand():
    assert not seen(lambda x, y: np.hypot(x, y) < 3.4).closed[:, *GRID.cell(0.0, 0.0)].all()
    # a wall through its cell: it stands on one side, and cannot leave on the other
    judged = seen(lambda x, y: np.abs(x - 1.2) < 0.1, rover=(0.0, 0.0))
    assert closed_between(judged, (0.0, 0.0), (5.0, 0.0))
    assert not closed_between(judged, (0.0, 0.0), (-5.0, 0.0))


def test_a_costmap_beyond_the_site_says_nothing():
    away = look(GRID, costmap(lambda x, y: x > -1e9), Planar(900.0, 0.0, 0.0), ROVER, RADIUS)
    assert not away.closed.any()
    assert not away.told.any()


@pytest.mark.property
@settings(max_examples=20, deadline=None)
@given(st.floats(-math.pi, math.pi), st.floats(-8, 8), st.floats(-8, 8))
def test_what_is_closed_does_not_depend_on_where_odom_lies(yaw, x_m, y_m):
    frame = Planar(x_m, y_m, yaw)
    rover = frame.inverse(np.array([[0.0, 0.0]]))[0]
    judged = seen(lambda x, y: np.abs(x - 7.5) < 0.5, rover=(float(rover[0]), float(rover[1])), frame=frame)
    told = judged.told[0, GRID.cell(5.0, 0.0)[0], GRID.cell(5.0, 0.0)[1]]
    assert closed_between(judged, (5.0, 0.0), (10.0, 0.0)) == told
    assert not closed_between(judged, (-5.0, 0.0), (0.0, 0.0))


def test_closed_ground_is_open_again_when_a_look_shows_it_so():
    wall = seen(lambda x, y: np.abs(x - 7.5) < 0.5)
    ground = ClosedGround.none(GRID).after(wall)
    assert (ground.moves(0.0, CONFIG) == wall.closed).all()
    # ground that cannot be seen says nothing against it
    kept = ground.after(seen(nothing, lambda x, y: x > 2.0))
    assert (kept.closed == ground.closed).all()
    assert not ground.after(seen(nothing)).closed[0, GRID.cell(5.0, 0.0)[0], GRID.cell(5.0, 0.0)[1]]


def test_a_way_that_is_seen_opens_what_was_closed_though_much_around_it_is_unknown():
    ground = ClosedGround.none(GRID).after(seen(lambda x, y: np.abs(x - 7.5) < 0.5))
    lane = ground.after(seen(nothing, lambda x, y: np.abs(y) > 1.0))
    assert not lane.closed[0, GRID.cell(5.0, 0.0)[0], GRID.cell(5.0, 0.0)[1]]
    assert lane.closed[0, GRID.cell(5.0, 5.0)[0], GRID.cell(5.0, 5.0)[1]]


def test_a_report_of_a_drive_counts_for_a_while_whatever_is_seen():
    cell = GRID.cell(10.0, 0.0)
    ground = ClosedGround.none(GRID).reported({cell}, 100.0).after(seen(nothing))
    assert ground.moves(100.0 + CONFIG.blocked_keep_s - 1.0, CONFIG)[:, *cell].all()
    assert ground.moves(100.0, CONFIG)[0, cell[0], cell[1] - 1]
    assert not ground.moves(100.0 + CONFIG.blocked_keep_s, CONFIG).any()
