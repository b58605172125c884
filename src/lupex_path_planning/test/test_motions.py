# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Turns, arcs and crabbing: wherever the plan leads the vehicle's outline, the ground is seen and safe."""

import dataclasses
import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lupex_models.costmap import Costmap, signed_clearance
from lupex_models.outline import depth
from lupex_path_planning.config import LocalConfig
from lupex_path_planning.near_field.local import plan_local, resample
from lupex_path_planning.near_field.motions import Outline

CONFIG = LocalConfig()
CELL = 0.2
SIZE = 120
HALF = SIZE * CELL / 2


def ground(cost):
    return Costmap(10.0, cost.astype(np.int8), -HALF, -HALF, CELL)


def centres():
    return ground(np.zeros((SIZE, SIZE))).centres()


def plan(cost, goal, start=(0.0, 0.0, 0.0), config=CONFIG):
    x, y = centres()
    return plan_local(ground(cost), start, np.hypot(x - goal[0], y - goal[1]), goal, 0.5, config)


def headings(found):
    """Return the headings with which the body leaves the points but the last, those along the path too."""
    step = np.diff(found.path_m, axis=0)
    along = np.arctan2(step[:, 1], step[:, 0])
    return np.where(np.isfinite(found.heading_rad[:-1]), found.heading_rad[:-1], along)


def poses(found, yaw, step_m=0.03, step_rad=0.03):
    """Return the poses (n, 3) that the plan leads through: turned at its points, held between them."""
    made, present = [], yaw
    for k, heading in enumerate(headings(found)):
        by = math.remainder(heading - present, 2.0 * math.pi)
        for share in np.linspace(0.0, 1.0, max(2, math.ceil(abs(by) / step_rad))):
            made.append((*found.path_m[k], present + share * by))
        length = math.dist(found.path_m[k], found.path_m[k + 1])
        for share in np.linspace(0.0, 1.0, max(2, math.ceil(length / step_m))):
            made.append((*(found.path_m[k] + share * (found.path_m[k + 1] - found.path_m[k])), heading))
        present = heading
    return np.array(made)


def outlines(made, grown_m=0.0):
    """Return the outlines at poses (n, 3) as polygons."""
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (
        CONFIG.half_length_m + grown_m,
        CONFIG.half_width_m + grown_m,
    )
    c, s = np.cos(made[:, 2]), np.sin(made[:, 2])
    turn = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], 1)
    return shapely.polygons(np.einsum("kc,ncd->nkd", corners, turn) + made[:, None, :2])


def touched(cost, made, grown_m=0.0):
    """Return the indices (rows of y, x) of lethal, unknown and unseen cells that the outlines overlap."""
    beyond = np.pad(cost, 10, constant_values=-1)
    rows, columns = np.nonzero((beyond < 0) | (beyond >= 100))
    rows, columns = rows - 10, columns - 10
    west, south = columns * CELL - HALF, rows * CELL - HALF
    cells = shapely.box(west, south, west + CELL, south + CELL)
    bodies = outlines(made, grown_m)
    which, cell = shapely.STRtree(cells).query(bodies, predicate="intersects")
    overlap = shapely.area(shapely.intersection(bodies[which], cells[cell])) > 1e-7
    return {(int(rows[k]), int(columns[k])) for k in cell[overlap]}


def lane(x, y, theta, half_width, begin, end):
    """Return a mask of walls on both sides of a lane through the origin, closed at its end."""
    along, across = x * math.cos(theta) + y * math.sin(theta), y * math.cos(theta) - x * math.sin(theta)
    walls = (np.abs(np.abs(across) - half_width - 0.3) < 0.3) & (along > begin) & (along < end)
    return walls | ((np.abs(along - end) < 0.3) & (np.abs(across) < half_width + 0.6))


def test_over_open_ground_every_turn_is_followed():
    for goal in ((8.0, 0.0), (0.0, 8.0), (-8.0, 0.5)):
        found = plan(np.zeros((SIZE, SIZE)), goal)
        assert found.reaches_goal
        assert np.isnan(found.heading_rad).all()
        assert found.heading_rad.shape == found.path_m.shape[:1]


@pytest.mark.parametrize("value", [100, -1])
def test_a_lane_too_narrow_to_turn_in_is_left_backwards_and_turned_in_once_outside(value):
    x, y = centres()
    cost = np.where(lane(x, y, 0.0, 1.1, -5.0, 2.0), value, 0)
    found = plan(cost, (-10.0, 0.0))
    assert found.reaches_goal
    held = np.isfinite(found.heading_rad)
    assert held[0]
    assert found.heading_rad[held] == pytest.approx(0.0)
    out = int(np.argmin(held))
    assert -8.0 < found.path_m[out, 0] < -5.0
    assert np.isnan(found.heading_rad[out:]).all()
    assert not touched(cost, poses(found, 0.0))


@pytest.mark.parametrize("value", [100, -1])
def test_a_turn_that_would_sweep_over_a_rock_is_put_off_until_past_it(value):
    x, y = centres()
    cost = np.where(np.hypot(x, y - 1.1) < 0.15, value, 0)
    assert (cost == value).any()
    assert not touched(cost, np.array([[0.0, 0.0, 0.0]]))
    back = plan(cost, (-8.0, 0.0))
    assert back.reaches_goal
    assert back.heading_rad[0] == 0.0
    assert np.isnan(back.heading_rad[-1])
    assert not touched(cost, poses(back, 0.0))


def outline_on(cost, start=(0.0, 0.0, 0.0), config=CONFIG):
    return Outline(ground(cost), signed_clearance(ground(cost)), start, config)


def ray(angle, count=20):
    return np.outer(np.arange(count) * 0.4, (math.cos(angle), math.sin(angle)))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_about_half_a_turn_needs_room_both_ways_around(sign):
    x, y = centres()
    left = np.where(np.hypot(x - 0.3, y - 1.1) < 0.15, 100, 0)
    assert not touched(left, np.array([[0.0, 0.0, 0.0]]))
    assert not outline_on(left).follow(ray(sign * 2.9)).follows
    assert outline_on(np.zeros((SIZE, SIZE))).follow(ray(sign * 2.9)).follows


def test_a_smaller_turn_needs_room_on_the_side_turned_to():
    x, y = centres()
    right = np.where((np.abs(x - 0.7) < 0.05) & (np.abs(y + 0.9) < 0.05), 100, 0)
    assert right.sum() == 100
    assert not outline_on(right).follow(ray(-0.6)).follows
    assert outline_on(right).follow(ray(0.6)).follows


def narrow_bend():
    """Return a lane 1.8 m wide from (-3, 0.1) to (4.1, 0.1) and on to (4.1, 9): wider than the vehicle, too narrow."""
    x, y = centres()
    first = (np.abs(y - 0.1) < 0.9) & (x > -3.0) & (x < 5.0)
    second = (np.abs(x - 4.1) < 0.9) & (y > -0.8)
    return np.where(first | second | (y > 9.0), 0, 100)


def test_at_a_sharp_bend_with_a_rock_in_the_turn_s_way_it_crabs_on_and_turns_behind_it():
    x, y = centres()
    slim = dataclasses.replace(CONFIG, half_length_m=1.0, half_width_m=0.5)
    corner = np.array([[-4.0, 0.0], [-2.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 4.0]])
    rock = (np.abs(x + 0.7) < 0.05) & (np.abs(y + 0.7) < 0.05)
    assert rock.sum() == 1
    for cost, held in ((np.zeros((SIZE, SIZE)), 0), (np.where(rock, 100, 0), 1)):
        start = (-4.0, 0.0, 0.0)
        outline = outline_on(cost, start, slim)
        found = outline.fit(resample(corner, 0.4))
        assert found.reached == 20
        assert np.isfinite(found.heading_rad).sum() == held
        assert outline.follow(resample(corner, 0.4)).follows == (held == 0)
    assert found.heading_rad[10] == pytest.approx(0.0)


def test_where_neither_a_turn_nor_crabbing_fits_it_says_so_and_what_is_in_the_way():
    cost, goal = narrow_bend(), (4.0, 11.0)
    found = plan(cost, goal, (-1.9, 0.1, 0.0))
    assert found.found
    assert not found.reaches_goal
    assert not touched(cost, poses(found, 0.0))
    assert found.heading_rad.shape == found.path_m.shape[:1]
    end = found.path_m[-1]
    assert found.to_go_m == pytest.approx(math.dist(end, goal), abs=CELL)
    stuck = plan(cost, goal, (float(end[0]), float(end[1]), 0.0))
    assert not stuck.found
    assert stuck.path_m.shape == (0, 2)
    assert "no motion of the vehicle fits" in stuck.reason
    assert stuck.blocked_by == "a hazard"
    assert math.dist(stuck.blocked_at_m, end) < 2.0
    assert f"x {stuck.blocked_at_m[0]:.1f} m" in stuck.reason


def test_what_reaches_into_the_outline_at_the_start_may_be_left_but_not_gone_into():
    x, y = centres()
    cost = np.where((np.abs(y - 0.9) < 0.15) & (np.abs(x) < 0.1 + CELL), 100, 0)
    start = (0.0, 0.03, 0.0)
    assert touched(cost, np.array([start]))
    # away from it
    assert plan(cost, (8.0, -3.0), start).found
    outline = outline_on(cost, start)
    along = np.column_stack([np.arange(12) * 0.4, np.full(12, start[1])])
    assert outline.follow(along).follows
    towards = np.column_stack([np.zeros(6), start[1] + 0.4 * np.arange(6)])
    assert outline.fit(towards).reached == 0


def test_at_the_map_s_edge_all_beyond_is_unknown():
    cost = np.zeros((SIZE, SIZE))
    start = (HALF - 1.5, 0.0, 0.0)
    outline = outline_on(cost, start)
    path = np.column_stack([start[0] + 0.4 * np.arange(5), np.zeros(5)])
    assert outline.fit(path).reached == 1
    assert outline.follow(path).reached == 1


@pytest.mark.property
@given(
    st.floats(-1.6, 1.6),
    st.floats(-1.6, 1.6),
    st.floats(-3.2, 3.2),
)
def test_a_cell_is_in_the_outline_exactly_when_their_areas_overlap(x, y, yaw):
    body = outlines(np.array([[0.0, 0.0, yaw]]))[0]
    cell = shapely.box(x - CELL / 2, y - CELL / 2, x + CELL / 2, y + CELL / 2)
    deep = depth(0.0, 0.0, yaw, CONFIG.half_length_m, CONFIG.half_width_m, x, y, CELL)
    assume(abs(deep) > 1e-6)
    assert (deep > 0.0) == (body.intersection(cell).area > 0.0)
    if deep <= 0.0:
        assert body.distance(cell) >= -deep - 1e-9


def scene(seed):
    """Return (cost, start, goal): a lane with the rover turned anyhow in it, rocks and holes in what is seen."""
    rng = np.random.default_rng(seed)
    x, y = centres()
    theta = rng.uniform(-math.pi, math.pi)
    cost = rng.integers(0, 60, (SIZE, SIZE))
    if rng.random() < 0.7:
        walls = lane(x, y, theta, rng.uniform(0.95, 1.5), -rng.uniform(2.0, 6.0), rng.uniform(1.5, 3.0))
        cost = np.where(walls, rng.choice([100, -1]), cost)
    for _ in range(int(rng.integers(0, 30))):
        at, size = rng.uniform(-HALF, HALF, 2), rng.uniform(0.1, 0.7)
        cost = np.where(np.hypot(x - at[0], y - at[1]) < size, rng.choice([100, -1]), cost)
    yaw = theta + rng.choice([0.0, math.pi, math.pi / 2]) + rng.normal(0.0, 0.1)
    cost = np.where(np.hypot(x, y) > rng.uniform(7.0, 14.0), -1, cost)
    away = theta + math.pi + rng.normal(0.0, 0.5)
    return cost, (0.0, 0.0, yaw), (9.0 * math.cos(away), 9.0 * math.sin(away))


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whatever_the_ground_no_motion_of_a_plan_touches_what_is_lethal_or_unknown(seed):
    cost, start, goal = scene(seed)
    found = plan(cost, goal, start)
    assume(found.found)
    made = poses(found, start[2])
    # what the outline touches, or comes within a centimetre of, at the start is excused
    excused = touched(cost, made[:1], 0.5 * 0.1 * CELL)
    assert not touched(cost, made) - excused


def test_the_grounds_of_that_property_hold_plans_that_crab_follow_and_refuse():
    found = [plan(*(lambda cost, start, goal: (cost, goal, start))(*scene(seed))) for seed in range(60)]
    crabs = [each for each in found if each.found and np.isfinite(each.heading_rad).any()]
    assert len(crabs) >= 6
    assert sum(each.found and np.isnan(each.heading_rad).all() for each in found) >= 6
    assert sum("no motion" in each.reason for each in found) >= 1
