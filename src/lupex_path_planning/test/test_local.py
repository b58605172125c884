# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Local plans: clear of hazards, never over unknown ground, never past its edge."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lupex_models.costmap import Costmap, signed_clearance
from lupex_path_planning.config import LocalConfig
from lupex_path_planning.near_field.local import plan_local, resample

CONFIG = LocalConfig()
CELL = 0.2
SIZE = 120
HALF = SIZE * CELL / 2


def costmap(cost=None):
    return Costmap(10.0, np.zeros((SIZE, SIZE), np.int8) if cost is None else cost.astype(np.int8), -HALF, -HALF, CELL)


def centres():
    return costmap().centres()


def plan(cost, goal=(8.0, 0.0), start=(0.0, 0.0, 0.0), config=CONFIG, tolerance=0.5):
    x, y = centres()
    return plan_local(costmap(cost), start, np.hypot(x - goal[0], y - goal[1]), goal, tolerance, config)


def footprint_is_clear(cost, path, config=CONFIG):
    """Tell whether the outline stays on known and safe cells all along, by points of its own spacing."""
    step = np.diff(path, axis=0)
    for (x, y), heading in zip(path, np.arctan2(*step.T[::-1])[[*range(len(step)), -1]], strict=True):
        for a in np.linspace(-config.half_length_m, config.half_length_m, 15):
            for b in np.linspace(-config.half_width_m, config.half_width_m, 13):
                px, py = (
                    x + a * math.cos(heading) - b * math.sin(heading),
                    y + a * math.sin(heading) + b * math.cos(heading),
                )
                value = cost[int((py + HALF) / CELL), int((px + HALF) / CELL)]
                if not 0 <= value < 100:
                    return False
    return True


def test_over_open_ground_the_path_is_straight_and_ends_in_the_goal():
    found = plan(np.zeros((SIZE, SIZE)))
    assert found.found
    assert found.reaches_goal
    assert tuple(found.path_m[0]) == (0.0, 0.0)
    assert math.dist(found.path_m[-1], (8.0, 0.0)) <= 0.5
    assert np.abs(found.path_m[:, 1]).max() < 0.3
    assert np.hypot(*np.diff(found.path_m, axis=0).T).max() < 1.5 * CONFIG.spacing_m


def test_a_rock_is_passed_with_room():
    x, y = centres()
    cost = np.where(np.hypot(x - 4.0, y) < 0.4, 100, 0)
    found = plan(cost)
    assert found.reaches_goal
    assert footprint_is_clear(cost, found.path_m)
    assert np.hypot(found.path_m[:, 0] - 4.0, found.path_m[:, 1]).min() > 0.4 + CONFIG.inscribed_radius_m - CELL


def test_dear_ground_is_driven_around():
    x, y = centres()
    cost = np.where((np.abs(x - 4.0) < 1.0) & (np.abs(y) < 1.5), 95, 0)
    found = plan(cost)
    assert np.abs(found.path_m[:, 1]).max() > 1.0


def test_a_goal_beyond_seen_ground_leads_to_its_edge_and_no_farther():
    x, _ = centres()
    cost = np.where(x > 5.0, -1, 0)
    found = plan(cost)
    assert found.found
    assert not found.reaches_goal
    # the whole vehicle stays on seen ground
    assert 5.0 - 2.0 < found.path_m[-1, 0] + CONFIG.half_length_m <= 5.0 + CELL
    assert footprint_is_clear(cost, found.path_m)


def test_behind_a_wall_without_a_gap_there_is_no_way():
    x, _ = centres()
    found = plan(np.where(np.abs(x - 1.5) < 0.3, 100, 0))
    assert not found.found
    assert found.path_m.shape == (0, 2)
    assert "nearer" in found.reason


@pytest.mark.parametrize(("gap", "fits"), [(1.2, False), (2.6, True)])
def test_a_gap_is_driven_only_when_the_vehicle_fits(gap, fits):
    x, y = centres()
    cost = np.where((np.abs(x - 4.0) < 0.3) & (np.abs(y) > gap / 2), 100, 0)
    found = plan(cost)
    assert (found.reaches_goal) == fits
    if found.found:
        assert footprint_is_clear(cost, found.path_m)


def test_a_start_beside_a_hazard_is_left_away_from_it():
    x, _y = centres()
    cost = np.where((x > -1.2) & (x < -0.5), 100, 0)
    found = plan(cost)
    assert found.reaches_goal
    assert (found.path_m[:, 0] > -0.3).all()


def test_a_start_in_the_midst_of_hazards_has_no_way():
    x, y = centres()
    found = plan(np.where(np.hypot(x, y) > 0.5, 100, 0))
    assert not found.found
    assert "no safe ground" in found.reason


def test_a_start_off_the_map_and_a_field_of_another_size_are_refused():
    assert "outside" in plan(np.zeros((SIZE, SIZE)), start=(50.0, 0.0, 0.0)).reason
    with pytest.raises(ValueError, match="does not fit"):
        plan_local(costmap(), (0.0, 0.0, 0.0), np.zeros((3, 3)), (1.0, 0.0), 0.5, CONFIG)


def test_at_the_goal_there_is_nothing_to_drive():
    found = plan(np.zeros((SIZE, SIZE)), goal=(0.0, 0.0), tolerance=0.15)
    assert not found.found


def test_the_part_around_a_place_keeps_costs_where_they_are():
    cost = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 90
    part = costmap(cost).around(3.0, -2.0, 4.0)
    row, column = part.cell(4.5, -1.5)
    assert part.cost[row, column] == costmap(cost).cost[costmap(cost).cell(4.5, -1.5)]
    assert costmap(cost).around(900.0, 0.0, 4.0).cost.size == 0


def test_clearance_counts_from_edges_and_the_border_is_unknown():
    x, y = centres()
    clearance = signed_clearance(costmap(np.where((np.abs(x - 0.1) < 0.05) & (np.abs(y - 0.1) < 0.05), 100, 0)))
    row, column = costmap().cell(0.1, 0.1)
    assert clearance[row, column] < 0
    assert clearance[row, column + 3] == pytest.approx(2.5 * CELL)
    assert clearance[0, SIZE // 2] == pytest.approx(0.5 * CELL)


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whatever_the_hazards_the_outline_stays_on_seen_and_safe_ground(seed):
    rng = np.random.default_rng(seed)
    x, y = centres()
    cost = rng.integers(0, 60, (SIZE, SIZE))
    for _ in range(int(rng.integers(5, 40))):
        at, size = rng.uniform(-HALF, HALF, 2), rng.uniform(0.1, 0.9)
        cost = np.where(np.hypot(x - at[0], y - at[1]) < size, rng.choice([100, -1]), cost)
    cost = np.where(np.hypot(x, y) < 2.0, 20, cost)
    found = plan(cost, goal=(9.0 * math.cos(seed), 9.0 * math.sin(seed)))
    assume(found.found)
    distance = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(found.path_m, axis=0).T))])
    beyond = found.path_m[distance > CONFIG.escape_m]
    if beyond.shape[0] > 1:
        # a shade smaller than what was checked: the headings of a part differ at its ends
        lesser = dataclasses.replace(CONFIG, half_length_m=CONFIG.inscribed_radius_m, half_width_m=0.7)
        assert footprint_is_clear(cost, beyond, lesser)


@pytest.mark.property
@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=8))
def test_resampling_keeps_both_ends_and_adds_no_length(points):
    points = np.array(points)
    length = np.hypot(*np.diff(points, axis=0).T).sum()
    assume(length > 0.5)
    made = resample(points, 0.25)
    assert made[0] == pytest.approx(points[0], abs=1e-9)
    assert made[-1] == pytest.approx(points[-1], abs=1e-9)
    assert np.hypot(*np.diff(made, axis=0).T).sum() <= length + 1e-6
