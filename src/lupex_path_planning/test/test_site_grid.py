# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The site as moves: costs that grow with slope and error, shortest ways, light by slices."""

import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import BoundConfig, GridConfig, PaceConfig, RecoveryConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.site_grid import grid_of, moves, site_grid

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
CONFIG = GridConfig()
EAST, NORTH, WEST = 0, 2, 4


def tilted(slope_x, slope_y=0.0, size=8):
    y, x = np.mgrid[0:size, 0:size] * 5.0
    return grid_of(slope_x * x + slope_y * y, 0.0, 0.0, 5.0, CONFIG)


def test_uphill_takes_longer_and_more_than_downhill():
    made = moves(tilted(0.2), ROVER, PaceConfig(), 0.0)
    up, down = made.time_s[EAST, 4, 4], made.time_s[WEST, 4, 4]
    assert up > down
    assert up * made.power_w[EAST, 4, 4] > down * made.power_w[WEST, 4, 4]


def test_the_bound_is_worse_than_what_is_expected_on_every_move():
    rng = np.random.default_rng(0)
    grid = grid_of(rng.normal(0, 0.4, (10, 10)), 0.0, 0.0, 5.0, CONFIG)
    expected = moves(grid, ROVER, PaceConfig(), 0.0)
    bound = moves(grid, ROVER, BoundConfig(), CONFIG.slope_error_rad)
    open_ = np.isfinite(bound.time_s)
    assert open_.any()
    assert (np.isfinite(expected.time_s) | ~open_).all()
    assert (bound.time_s[open_] > expected.time_s[open_]).all()
    worse, better = (made.time_s[open_] * made.power_w[open_] * made.discharge for made in (bound, expected))
    assert (worse > better).all()
    assert bound.charge <= expected.charge
    assert bound.parked_w > expected.parked_w


def test_moves_off_the_grid_and_onto_steep_or_unknown_ground_are_closed():
    heights = np.zeros((8, 8))
    heights[4, 4] = np.nan
    grid = grid_of(heights, 0.0, 0.0, 5.0, CONFIG)
    made = moves(grid, ROVER, PaceConfig(), 0.0)
    assert not np.isfinite(made.time_s[EAST, :, -1]).any()
    assert not np.isfinite(made.time_s[EAST, 4, 3])
    steep = tilted(math.tan(CONFIG.slope_max_rad))
    assert not steep.passable.any()
    assert not np.isfinite(moves(steep, ROVER, PaceConfig(), 0.0).time_s).any()


def test_the_window_holds_all_places_and_stays_on_the_model():
    dem = HeightField(np.zeros((101, 121), np.float32), -300.0, -250.0, 5.0)
    grid = site_grid(dem, GridConfig(pad_m=50.0), [(0.0, 0.0), (120.0, 40.0)], (0.0, 0.0))
    assert grid.place(*grid.cell(120.0, 40.0)) == (120.0, 40.0)
    assert grid.cell(-50.0, -50.0) == (0, 0)
    assert grid.cell(-60.0, 0.0) is None
    whole = site_grid(dem, GridConfig(pad_m=4000.0, size_max_m=20_000.0), [(0.0, 0.0)], (0.0, 0.0))
    assert whole.shape == dem.shape
    with pytest.raises(ValueError, match="at least 2 x 2"):
        grid_of(np.zeros((1, 5)), 0.0, 0.0, 5.0, CONFIG)


def sky(counts):
    frame = SiteFrame(math.radians(-89.5), 0.3, 0.0)
    return Light(frame, HorizonMap(counts, -100.0, -100.0, 20.0, 1.5))


def test_light_is_least_when_a_slice_promises_it_and_dark_where_no_map_reaches():
    grid = tilted(0.0)
    config = RecoveryConfig(slice_s=900.0, horizon_s=7200.0, haven_time_s=3600.0)
    low = light_slices(grid, sky(np.full((36, 20, 20), -1000, np.int16)), ROVER.solar_array, 0.0, 1.8e9, config)
    # eight of the field, and twice the four of a haven with the stop of half an hour
    assert low.count == 8 + 2 * 4 + 2 + 1
    assert (low.sunlit == 1.0).all()
    assert (low.least_w > 0.0).all()
    assert (low.least_w < low.expected_w).all()
    high = light_slices(grid, sky(np.full((36, 20, 20), 3000, np.int16)), ROVER.solar_array, 0.0, 1.8e9, config)
    assert (high.expected_w == 0.0).all()
    nowhere = light_slices(grid, sky(np.full((36, 2, 2), -1000, np.int16)), ROVER.solar_array, 0.0, 1.8e9, config)
    assert (nowhere.expected_w == 0.0).all()
    assert low.index(899.0) == 0
    assert low.index(-1.0) == -1
    assert low.end_s == 19 * 900.0
