# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Cost of the ground: slope, step, roughness, slip, and what is not known."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER, scan

from lupex_models.soil_strength import StrengthTable
from lupex_traversability.config import CostConfig, MapConfig
from lupex_traversability.driving_cost import LETHAL, SLIP, UNKNOWN_COST, DrivingCost
from lupex_traversability.elevation_map import SEEN, ElevationMap

MAP = MapConfig(size_m=12.0)
COST = DrivingCost(CostConfig(), ROVER)
MIDDLE = 30


def ground(heights, known=None):
    made = ElevationMap(MAP, ROVER.lidar)
    made.height_m[:] = made.low_m[:] = made.high_m[:] = heights
    made.source[:] = SEEN if known is None else np.where(known, SEEN, 0)
    made.hidden_m[:] = 0.0 if known is None else np.where(known, 0.0, np.inf)
    return made


def axes():
    at = (np.arange(60) - 30) * MAP.cell_m
    return np.meshgrid(at, at)


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(-1000.0, 1000.0))
def test_the_slope_of_a_plane_is_exact_and_a_plane_has_neither_step_nor_roughness(a, b, height):
    x, y = axes()
    found = COST.of(ground((a * x + b * y + height).astype(np.float32)))
    # float32 heights about 1 km resolve 6e-5 m, over a window of 1.8 m
    assert found.slope_rad[MIDDLE, MIDDLE] == pytest.approx(math.atan(math.hypot(a, b)), abs=3e-4)
    assert found.step_m[MIDDLE, MIDDLE] == pytest.approx(0.0, abs=1e-3)
    assert found.roughness_m[MIDDLE, MIDDLE] == pytest.approx(0.0, abs=1e-2)


def test_flat_ground_is_nearly_free_and_the_steepest_slope_lethal():
    x, _ = axes()
    flat = COST.of(ground(np.zeros((60, 60), np.float32)))
    assert 0 <= flat.cost[MIDDLE, MIDDLE] < 20
    steep = COST.of(ground((math.tan(ROVER.body.max_tilt_rad + 0.01) * x).astype(np.float32)))
    assert steep.cost[MIDDLE, MIDDLE] == LETHAL


def test_cost_rises_with_the_slope():
    x, _ = axes()
    costs = [COST.of(ground((slope * x).astype(np.float32))).cost[MIDDLE, MIDDLE] for slope in (0.05, 0.15, 0.25)]
    assert costs[0] < costs[1] < costs[2]


def test_a_step_is_lethal_on_both_its_sides():
    x, _ = axes()
    found = COST.of(ground(np.where(x >= 0, 0.4, 0.0).astype(np.float32)))
    assert found.cost[MIDDLE, MIDDLE] == LETHAL
    assert found.cost[MIDDLE, MIDDLE - 1] == LETHAL


def test_rough_ground_is_lethal_without_a_single_step():
    x, _ = axes()
    wave = (0.25 * np.sin(2 * np.pi * x / 1.2)).astype(np.float32)
    config = dataclasses.replace(CostConfig(), step_max_m=2.0)
    found = DrivingCost(config, ROVER).of(ground(wave))
    assert (found.cost[25:35, 25:35] == LETHAL).any()


def test_slip_beyond_the_limit_is_lethal():
    x, _ = axes()
    config = dataclasses.replace(CostConfig(), slip_max=0.05)
    found = DrivingCost(config, ROVER).of(ground((0.32 * x).astype(np.float32)))
    assert found.slip[MIDDLE, MIDDLE] > 0.05
    assert found.cost[MIDDLE, MIDDLE] == LETHAL


def test_unknown_is_not_free_but_a_lone_cell_between_known_ones_is_bounded():
    known = np.ones((60, 60), bool)
    known[20, 20] = False
    known[40:43, 40:43] = False
    found = COST.of(ground(np.zeros((60, 60), np.float32), known))
    assert 0 < found.cost[20, 20] < LETHAL
    assert found.cost[41, 41] == UNKNOWN_COST
    assert math.isnan(found.slope_rad[41, 41])


def test_too_little_known_ground_gives_no_slope():
    known = np.zeros((60, 60), bool)
    known[30, 20:40] = True
    found = COST.of(ground(np.zeros((60, 60), np.float32), known))
    assert (found.cost == UNKNOWN_COST).all()


def test_a_rock_seen_by_the_lidar_is_lethal_and_the_way_beside_it_free():
    made = ElevationMap(MAP, ROVER.lidar)

    def rock(x, y):
        return np.where(np.hypot(x - 4.0, y - 1.0) < 0.4, 0.4, 0.0)

    for k in range(3):
        made.insert(scan(rock, (0.1 * k, 0.0, 0.0), sigma=0.02, seed=k), np.array([0.1 * k, 0.0, 0.0]), np.eye(3))
    found = COST.of(made)

    def cost(x, y):
        return found.cost[int(y / 0.2) - made.corner_y, int(x / 0.2) - made.corner_x]

    assert max(cost(4.0 + dx, 1.0 + dy) for dx in (-0.4, -0.2, 0.0) for dy in (-0.2, 0.0, 0.2)) == LETHAL
    assert all(0 <= cost(x, 0.0) < LETHAL for x in (2.0, 3.0, 3.5))


def test_weak_soil_that_was_learned_makes_slopes_dear_and_closes_none():
    x, _ = axes()
    table = StrengthTable.build(ROVER)
    slopes = [np.tan(np.radians(angle)) for angle in (2.0, 6.0, 12.0, 17.0)]
    fields = [ground((slope * x).astype(np.float32)) for slope in slopes]
    weak, strong = DrivingCost(CostConfig(), ROVER), DrivingCost(CostConfig(), ROVER)
    weak.learn(table, -2.5)
    strong.learn(table, 1.0)
    before = [COST.of(field) for field in fields]
    after = [weak.of(field) for field in fields]
    dearer = [now.cost[MIDDLE, MIDDLE] - was.cost[MIDDLE, MIDDLE] for was, now in zip(before, after, strict=True)]
    assert min(dearer) >= 0
    assert max(dearer) > 20
    for was, now, better in zip(before, after, [strong.of(field) for field in fields], strict=True):
        np.testing.assert_array_equal(now.cost == LETHAL, was.cost == LETHAL)
        # soil better than foreseen changes nothing: what bears here need not bear there
        np.testing.assert_array_equal(better.cost, was.cost)
    assert after[-1].limit[MIDDLE, MIDDLE] == SLIP
    assert after[-1].slip[MIDDLE, MIDDLE] > before[-1].slip[MIDDLE, MIDDLE]
