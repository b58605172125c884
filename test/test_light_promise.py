# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Light promised is light that comes: promises over maps of the world's own making, against rays over the true relief.

The reduced form of `./lupex bench certificate/light`: small made ground, without the craters that no map holds.
"""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import GridConfig, PathPlanningConfig, RecoveryConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.near_skyline import near_skyline
from lupex_path_planning.site_grid import site_grid
from lupex_system_tests.light_trial import Draws, Promised, draws, joined, kept, still_broken
from lupex_worlds.ground import Ground
from lupex_worlds.orbital_map.map_errors import track_map
from lupex_worlds.orbital_map.quality import MapQuality
from lupex_worlds.true_light import LightSettings, TrueLight

ARRAY = read_rover(Path(__file__).parents[1] / "config" / "rover.yaml").solar_array
FRAME = SiteFrame(math.radians(-89.5), 0.3, 0.0)
UTC_S = 1.826e9
"""The Sun stands 2 deg high."""
SIDE, CELL_M = 121, 5.0
QUALITY = MapQuality(0.4, math.radians(2.0), 25.0, 10.0, 300.0, 0.0, 3000.0, 0.0, 60.0)
"""In the middle of the level nominal."""
STATED = PathPlanningConfig(rover="", site="")
OF_OLD_RAD = 0.0035


def made_relief(seed):
    """Return hills of 200 m with unevenness of 20 m on them."""
    rng = np.random.default_rng(seed)
    heights = np.zeros((SIDE, SIDE))
    for cells, size_m in ((14.0, 8.0), (1.5, 0.3)):
        waves = gaussian_filter(rng.standard_normal((SIDE, SIDE)), cells)
        heights += size_m * waves / waves.std()
    low = -0.5 * (SIDE - 1) * CELL_M
    return HeightField(heights.astype(np.float32), low, low, CELL_M)


def true_light(relief):
    """Return the world's light over the relief as it is; nothing stands around it."""
    ground = Ground(
        np.ascontiguousarray(relief.heights_m[:2, :2]), relief.x0_m, relief.y0_m, CELL_M,
        relief.heights_m, relief.x0_m, relief.y0_m, CELL_M,
    )  # fmt: skip
    around = HeightField(np.full((9, 9), -500.0, np.float32), -1000.0, -1000.0, 250.0)
    return TrueLight(FRAME, ground, around, around, LightSettings())


def rule(dem, members, margin_rad):
    """Return grid and promise over a map, with an ensemble of a size and a margin."""
    recovery = RecoveryConfig(slice_s=1800.0, horizon_s=7200.0, haven_time_s=1800.0, light_margin_rad=margin_rad)
    grid = site_grid(dem, GridConfig(pad_m=100.0), [(0.0, 0.0)], (0.0, 0.0))
    horizon = compute_horizon(dem, [], 96, ARRAY.centre_height_m, observer_cell_m=10.0)
    errors = dataclasses.replace(STATED.map_error, members=members)
    near = near_skyline(grid, dem, ARRAY.centre_height_m, errors, margin_rad)
    slices = light_slices(grid, Light(FRAME, horizon), ARRAY, 0.0, UTC_S, recovery, near=near)
    return grid, Promised(slices, recovery.array_factor)


def trial(seed, promises):
    relief = made_relief(seed)
    dem = track_map(relief, 0.4, QUALITY, np.random.default_rng(seed + 100)).dem
    grid, stated = rule(dem, STATED.map_error.members, STATED.recovery.light_margin_rad)
    _, few = rule(dem, 10, STATED.recovery.light_margin_rad)
    _, of_old = rule(dem, 0, OF_OLD_RAD)
    rules = [stated, few, of_old]
    return draws(true_light(relief), grid, ARRAY, UTC_S, rules, promises, np.random.default_rng(seed + 200))


@pytest.fixture(scope="module")
def found() -> Draws:
    return joined([trial(seed, 150) for seed in (1, 2)])


def test_light_promised_is_light_that_comes(found):
    stated = kept(found)
    assert stated.promises == 300
    assert stated.broken == 0.0
    assert stated.of_mean >= 0.3


def test_the_rule_of_old_broke_its_promises(found):
    of_old = kept(found, 2)
    assert of_old.broken > 0.02
    assert of_old.broken_by_half > 0.01


def test_fewer_members_promise_more_and_break_more(found):
    stated, few, of_old = (kept(found, number) for number in range(3))
    assert stated.of_mean < few.of_mean < of_old.of_mean
    assert stated.broken <= few.broken < of_old.broken


def test_of_broken_promises_those_are_counted_that_another_light_breaks_too():
    """A pit that no map shows breaks the promise of its own cells, and breaks none on the ground without it."""
    level = HeightField(np.zeros((SIDE, SIDE), np.float32), -300.0, -300.0, CELL_M)
    heights = level.heights_m.copy()
    heights[SIDE // 2 - 1 : SIDE // 2 + 2, SIDE // 2 - 1 : SIDE // 2 + 2] = -4.0
    pitted = dataclasses.replace(level, heights_m=heights)
    grid, rule_of_old = rule(level, 0, OF_OLD_RAD)
    drawn = draws(true_light(pitted), grid, ARRAY, UTC_S, [rule_of_old], 600, np.random.default_rng(3))
    broken = round(kept(drawn).broken * kept(drawn).promises)
    assert 0 < broken < 30
    asked = (grid, ARRAY, rule_of_old.slices, UTC_S, drawn)
    assert still_broken(true_light(pitted), *asked) == broken
    assert still_broken(true_light(level), *asked) == 0


def test_a_broken_promise_and_one_broken_by_half_are_counted():
    """Of five draws three are promises; one is kept, one broken, one broken by more than half."""
    shares = np.array([0.0, 1.0, 0.8, 0.8, 0.0])
    least, mean = np.array([1.0, 1.0, 0.7, 0.3, 0.0]), np.array([1.0, 1.0, 0.8, 0.6, 0.6])
    none = np.zeros((5, 2), np.int64)
    figures = kept(Draws(none, none[:, 0], (shares,), least, mean))
    assert figures.promises == 3
    assert figures.broken == pytest.approx(2.0 / 3.0)
    assert figures.broken_by_half == pytest.approx(1.0 / 3.0)
    assert figures.of_mean == pytest.approx(2.6 / 4.0)
    assert figures.of_least == pytest.approx(2.6 / 3.0)
