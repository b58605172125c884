# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip, heights and what the standing rover disproves, by hand and against drawn soils: never kinder than it is."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER

from lupex_models.locomotion import LocomotionTable, drive
from lupex_models.soil import Soil, soil_spread
from lupex_traversability.config import CostConfig, MapConfig
from lupex_traversability.driving_cost import DrivingCost
from lupex_traversability.elevation_map import SEEN, ElevationMap

MAP = MapConfig(size_m=12.0)
COST = DrivingCost(CostConfig(), ROVER)
QUANTILE = CostConfig().slip_quantile
TABLE = LocomotionTable.build(ROVER, QUANTILE)
MIDDLE = 30


def slope_of(rise, config=MAP):
    made = ElevationMap(config, ROVER.lidar)
    x = (np.arange(60) - 30) * config.cell_m
    made.height_m[:] = made.low_m[:] = made.high_m[:] = np.broadcast_to(rise * x, (60, 60))
    made.source[:] = SEEN
    made.hidden_m[:] = 0.0
    return made


@pytest.mark.parametrize("slope_deg", [1.0, 4.3, 8.8, 13.1, 17.7, 20.2])
def test_predicted_slip_is_never_under_that_of_its_quantile_and_little_over(slope_deg):
    slope = math.radians(slope_deg)
    found = float(COST.of(slope_of(math.tan(slope))).slip[MIDDLE, MIDDLE])
    own = float(TABLE.slip(slope, 0.0))
    # the slope itself comes out to 1e-5; a step of the look-up is a third of a degree
    assert own - 1e-4 <= found <= float(TABLE.slip(slope + math.radians(0.5), 0.0))


@pytest.mark.parametrize("slope_deg", [8.0, 16.0])
def test_few_soils_slip_more_than_is_predicted(slope_deg):
    slope = math.radians(slope_deg)
    predicted = float(COST.of(slope_of(math.tan(slope))).slip[MIDDLE, MIDDLE])
    crawler = ROVER.crawler
    drawn = [Soil(*map(float, row)) for row in soil_spread(ROVER).draw(400, np.random.default_rng(99))]
    slips = [drive(crawler, ROVER.body.mass_kg, slope, 0.0, crawler.max_speed_mps, soil).slip for soil in drawn]
    # a tenth of them, by a quantile that was itself found from 128: 0.03 a sigma
    assert 0.0 < np.mean(np.array(slips) > predicted) < 0.2


@pytest.mark.parametrize("reach_m", [3.0, 6.0, 10.0])
@pytest.mark.parametrize("attitude", [0.0, 0.002, 0.01])
def test_a_height_far_away_is_known_as_well_as_the_ray_is_pointed(reach_m, attitude):
    config = dataclasses.replace(MAP, size_m=24.0, attitude_sigma_rad=attitude)
    ground = ElevationMap(config, ROVER.lidar)
    lidar = ROVER.lidar
    points = np.array([[reach_m, side, -lidar.z_m, 1.0] for side in (0.05, 0.15)], np.float32)
    mount = np.array([lidar.x_m, lidar.y_m, 0.0])
    ground.insert(points, -mount, np.eye(3))
    row, column = (
        math.floor(0.05 / config.cell_m) - ground.corner_y,
        math.floor(reach_m / config.cell_m) - ground.corner_x,
    )
    assert ground.source[row, column] == SEEN
    sine = lidar.z_m / math.hypot(reach_m, lidar.z_m)
    one = (lidar.range_sigma_m * sine) ** 2 + (attitude * reach_m) ** 2
    # two rays, and never better than the floor
    assert ground.variance_m2[row, column] == pytest.approx(0.5 * one + config.sigma_min_m**2, rel=0.02)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.6, -0.8, 0.0)])
def test_a_rover_on_a_slope_disproves_what_sticks_out_of_the_slope_and_not_the_slope(axis):
    """Ground as steep as the rover stands on it stays; under a level one it could not be there."""
    lean = Rotation.from_rotvec(0.8 * np.array(axis))
    up = lean.apply([0.0, 0.0, 1.0])
    for stands, kept in ((lean, True), (Rotation.identity(), False)):
        made = ElevationMap(dataclasses.replace(MAP, standing_radius_m=0.0, start_clear_radius_m=0.0), ROVER.lidar)
        made.insert(np.empty((0, 4), np.float32), np.zeros(3), np.eye(3))
        at = (np.arange(60) + made.corner_x + 0.5) * MAP.cell_m
        x, y = np.meshgrid(at, at)
        plane = -(up[0] * x + up[1] * y) / up[2]
        made.height_m[:] = made.low_m[:] = made.high_m[:] = plane
        made.source[:] = SEEN
        made.insert(np.empty((0, 4), np.float32), np.zeros(3), np.ascontiguousarray(stands.as_matrix()))
        under = np.hypot(x, y) < MAP.body_radius_m - MAP.cell_m
        steep = under & (np.abs(plane) > MAP.clearance_m)
        assert (made.source[under] == SEEN).all() == (kept or not steep.any())
    assert steep.any()
