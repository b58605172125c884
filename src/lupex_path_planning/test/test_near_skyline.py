# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What near ground may hide of the Sun from any place of a cell, by hand and against rays of the tests' own."""

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning import near_skyline as module
from lupex_path_planning.config import GridConfig, MapErrorConfig, RecoveryConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.map_errors import worst_rises
from lupex_path_planning.near_skyline import near_skyline
from lupex_path_planning.site_grid import site_grid

ARRAY = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml").solar_array
EYE_M, CELL_M, SIDE = 1.2, 5.0, 81
CONFIG = MapErrorConfig()
MARGIN_RAD = 0.006
NORTH, EAST = 0.0, 0.5 * math.pi
UTC_S = 1.826e9
"""The Sun stands 2 deg high."""


def dem_of(heights):
    low = -0.5 * (SIDE - 1) * CELL_M
    return HeightField(np.asarray(heights, np.float32), low, low, CELL_M)


def grid_over(dem, pad_m=30.0):
    return site_grid(dem, GridConfig(pad_m=pad_m), [(0.0, 0.0)], (0.0, 0.0))


def rough(seed):
    rng = np.random.default_rng(seed)
    return dem_of(np.cumsum(rng.normal(0.0, 0.3, (SIDE, SIDE)), axis=1) + rng.normal(0.0, 0.3, (SIDE, SIDE)))


def rolling(seed):
    """Return hills of 200 m, whose slopes towards the Sun see it well."""
    hills = gaussian_filter(np.random.default_rng(seed).standard_normal((SIDE, SIDE)), 12.0)
    return dem_of(6.0 * hills / hills.std())


def seen_from(dem, x, y, azimuth, reach_m, rises):
    """Return the steepest tangent from a place, looked for each 0.1 m; what the map may hide laid on the ground."""
    d = np.arange(2.5, reach_m, 0.1)
    z = dem.height(x + d * math.sin(azimuth), y + d * math.cos(azimuth))
    eye = dem.height(x, y) + EYE_M
    return np.nanmax((z + rises.at(d) - eye - d**2 / (2.0 * 1737.4e3)) / d)


@pytest.mark.parametrize(("azimuth", "axis"), [(NORTH, 0), (EAST, 1)])
@pytest.mark.parametrize("cells", [3, 5, 8])
def test_a_wall_is_as_high_as_it_may_be_before_the_nearest_place_of_the_cell(azimuth, axis, cells):
    heights = np.zeros((SIDE, SIDE))
    np.moveaxis(heights, axis, 0)[SIDE // 2 + cells] = 4.0
    dem = dem_of(heights)
    grid = grid_over(dem)
    near = near_skyline(grid, dem, EYE_M, CONFIG, MARGIN_RAD)
    row, column = grid.cell(0.0, 0.0)
    away_m = cells * CELL_M - 0.5 * CELL_M
    rise = worst_rises(CONFIG).at(np.array([away_m]))[0]
    by_hand = math.atan((4.0 + rise - EYE_M - away_m**2 / (2.0 * 1737.4e3)) / away_m)
    assert near.elevation(azimuth)[row, column] == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_place_of_a_cell_sees_the_ground_stand_higher_and_one_nearly_so_high(seed):
    dem = rough(seed)
    grid = grid_over(dem, 10.0)
    near = near_skyline(grid, dem, EYE_M, CONFIG, MARGIN_RAD)
    rises = worst_rises(CONFIG)
    reach_m = near.steps_m[-1]
    assert float(rises.rise_m[-1]) / reach_m <= math.tan(MARGIN_RAD)
    for azimuth in np.radians([3.0, 100.0, 241.0]):
        found = np.tan(near.elevation(float(azimuth)))
        for row in range(grid.shape[0]):
            for column in range(grid.shape[1]):
                x, y = grid.place(row, column)
                corners = [(x + i, y + j) for i, j in ((0, 0), (2.5, 2.5), (2.5, -2.5), (-2.5, 2.5), (-2.5, -2.5))]
                highest = max(seen_from(dem, *place, azimuth, reach_m, rises) for place in corners)
                # a crest between two steps of a ray may be missed by less than the map's own error
                assert highest - 0.03 <= found[row, column] <= highest + 0.03


def test_between_two_directions_the_higher_counts():
    dem = rough(3)
    near = near_skyline(grid_over(dem), dem, EYE_M, CONFIG, MARGIN_RAD)
    step = 2.0 * math.pi / module.LAYERS
    ends = [near.elevation(k * step + 1e-9) for k in (0, 1)]
    between = near.elevation(0.5 * step)
    assert (between <= ends[0]).all()
    assert (between >= near._layer(0)).all()
    assert (between >= near._layer(1)).all()
    # once around is the same direction
    assert (near.elevation(0.5 * step + 2.0 * math.pi) == between).all()
    assert (near.elevation(0.5 * step - 2.0 * math.pi) == between).all()


def test_unknown_ground_stands_before_nobody_and_a_trusted_map_has_no_near_skyline():
    heights = np.zeros((SIDE, SIDE))
    heights[SIDE // 2 + 4 :] = np.nan
    dem = dem_of(heights)
    grid = grid_over(dem, 10.0)
    near = near_skyline(grid, dem, EYE_M, CONFIG, MARGIN_RAD)
    level = near_skyline(grid, dem_of(np.zeros((SIDE, SIDE))), EYE_M, CONFIG, MARGIN_RAD)
    assert np.isfinite(near.elevation(NORTH)).all()
    assert (near.elevation(NORTH) <= level.elevation(NORTH)).all()
    assert near_skyline(grid, dem, EYE_M, dataclasses.replace(CONFIG, members=0), MARGIN_RAD) is None


def promised(dem, grid, members, skyline_deg=0.0):
    """Return slices under a far skyline that is alike in all directions, with an ensemble of a size."""
    counts = np.full((36, 40, 40), round(100.0 * skyline_deg), np.int16)
    light = Light(SiteFrame(math.radians(-89.5), 0.3, 0.0), HorizonMap(counts, -400.0, -400.0, 20.0, EYE_M))
    recovery = RecoveryConfig(slice_s=1800.0, horizon_s=7200.0, haven_time_s=1800.0)
    near = near_skyline(grid, dem, EYE_M, dataclasses.replace(CONFIG, members=members), recovery.light_margin_rad)
    return light_slices(grid, light, ARRAY, 0.0, UTC_S, recovery, near=near)


def test_the_promise_never_rises_with_more_members_and_what_is_expected_stays():
    dem = rolling(4)
    grid = grid_over(dem, 120.0)
    made = [promised(dem, grid, members, -3.0) for members in (0, 3, 30, 300)]
    for fewer, more in itertools.pairwise(made):
        assert (more.least_w <= fewer.least_w).all()
        assert (more.expected_w == fewer.expected_w).all()
        assert (more.sunlit == fewer.sunlit).all()
    totals = [slices.least_w.sum() for slices in made]
    assert totals[0] > totals[1] > totals[3] > 0.0


def test_slices_are_the_same_when_they_are_made_again():
    dem = rolling(5)
    grid = grid_over(dem, 120.0)
    first, again = promised(dem, grid, 30, -3.0), promised(dem, grid, 30, -3.0)
    assert first.least_w.any()
    assert first.least_w.tobytes() == again.least_w.tobytes()


def test_a_rise_beside_the_cell_takes_the_promise_that_a_margin_of_one_angle_left():
    """The fault of old: 20 m away 0.4 m that the map does not show are 1.1 deg, five times the margin."""
    sun = SiteFrame(math.radians(-89.5), 0.3, 0.0).sun(UTC_S)
    assert float(sun.elevation_rad) > 0.0
    dem = dem_of(np.zeros((SIDE, SIDE)))
    # a ring of ground that hides the Sun's disc but for a third of a degree
    x, y = np.meshgrid(dem.x_m, dem.y_m)
    top = EYE_M + 20.0 * math.tan(float(sun.elevation_rad) - math.radians(0.6))
    dem = dem_of(np.where(np.abs(np.hypot(x, y) - 20.0) < 4.0, top, 0.0))
    grid = grid_over(dem, 10.0)
    row, column = grid.cell(0.0, 0.0)
    of_old, now = (promised(dem, grid, members, -3.0).least_w[0, row, column] for members in (0, 300))
    assert of_old > 0.0
    assert now == 0.0
