# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
import shutil

import numpy as np
import pytest

from lupex_models.height_field import HeightField, middle_field
from lupex_models.horizon import compute_horizon
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_worlds.ground import Ground
from lupex_worlds.recipe import Dem, DetailTruth, Haven, Place, PlacedCrater, Recipe, Sortie, Start, Terrain, Truth
from lupex_worlds.true_light import LightSettings, TrueLight
from lupex_worlds.truth.encoder_truth import EncoderDraw, EncoderTruth
from lupex_worlds.truth.level import KIND
from lupex_worlds.truth.soil_truth import SHEAR_MODULUS, GroundTruth, draw_soil
from lupex_worlds.truth.weak_patches import WeakPatchTruth
from lupex_worlds.truth_draw import random_stream
from lupex_worlds.world import open_world
from lupex_worlds.world_making import HorizonGrid, make_world

RECIPE = Recipe(
    name="tiny",
    site=Place(-89.4389, 222.869, 300.0),
    start=Start("2028-10-13T12:00:00Z", 40.0, soc=0.7),
    sortie=Sortie(23.0, 19.3),
    terrain=Terrain(seed=1, rms_deviation_m=0.1, longest_wavelength_m=200.0, crater_density=0.0),
    dem=Dem(),
    craters=(PlacedCrater(41.0, 34.0, 90.0, 0.09),),
    havens=(Haven(0.0, 0.0, 6.0),),
    truth=Truth(detail=DetailTruth(-20.0, 60.0, -20.0, 50.0)),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_world(directory, RECIPE, 3, lambda stage, done: None, HorizonGrid(32, 10.0, 2 * 86400.0))
    return directory


@pytest.fixture(scope="module")
def world(directory):
    return open_world(directory)


def test_opened_world_has_what_the_recipe_says(world):
    assert (world.name, world.seed, world.start_soc) == ("tiny", 3, 0.7)
    assert world.height(np.zeros((2, 3)), 1.0).shape == (2, 3)
    assert math.isnan(float(world.height(301.0, 0.0)))
    assert math.isfinite(world.slope(3.0, 4.0, 1.2)[0])
    assert world.rocks.shape[1] == 4


def test_lander_is_lit_and_the_crater_floor_is_dark(world):
    start = world.site.start_utc_s
    for hours in (0.0, 4.0, 8.0):
        assert world.light.sunlit_fraction(0.0, 0.0, 1.2, start + 3600.0 * hours) == 1.0
        assert world.light.sunlit_fraction(23.0, 19.3, 1.2, start + 3600.0 * hours) == 0.0


def test_unknown_ground_is_no_light(world):
    assert world.light.sunlit_fraction(400.0, 0.0, 1.2, world.site.start_utc_s) == 0.0


def test_ice_lies_in_the_permanent_shadow_of_the_map(world):
    # Whatever the map marks: the ice knows the true shadow alone.
    blind = dataclasses.replace(world.site, permanent_shadow=None)
    truly = dataclasses.replace(world, site=blind).strata.in_permanent_shadow
    assert truly(23.0, 19.3)
    assert not truly(0.0, 0.0)
    assert not truly(1e6, 0.0)


def test_soil_rows_are_those_of_the_places(world):
    x, y = np.array([0.0, 50.0]), np.array([0.0, 20.0])
    rows = world.soil_rows(x, y)
    drawn = draw_soil(GroundTruth(), random_stream(world.seed, "soil"))
    assert np.array_equal(rows, drawn.rows(x, y))
    assert not np.array_equal(rows[0], rows[1])
    assert world.encoders == EncoderDraw()


def test_weak_soil_keeps_away_from_lander_and_target(directory):
    weak = WeakPatchTruth(spacing_m=25.0, share=1.0, radius_m=(9.0, 10.0), clear_m=14.0)
    level = dataclasses.replace(
        KIND, ground=GroundTruth(weak=weak), encoders=EncoderTruth(steering_zero_deg=(0.2, 0.5))
    )
    world = open_world(directory, level)
    target = world.site.targets[0]
    ring = 13.9 * np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 60))
    for place in (world.site.lander, target):
        rows = world.soil_rows(place.x_m + ring.real, place.y_m + ring.imag)
        assert rows[:, SHEAR_MODULUS].max() <= 0.025
    x, y = np.random.default_rng(0).uniform(-200, 200, (2, 2000))
    assert world.soil_rows(x, y)[:, SHEAR_MODULUS].max() > 0.03
    assert min(np.abs(world.encoders.steering_zero_deg)) >= 0.2


def test_streams_repeat_with_the_seed(world, directory):
    assert world.stream("lidar").random() == open_world(directory).stream("lidar").random()
    assert world.stream("lidar").random() != world.stream("imu").random()


def test_true_skyline_agrees_with_the_hull_sweep_of_the_models():
    x = np.arange(-100, 101) * 5.0
    hills = 15.0 * np.sin(x / 60.0)[None, :] * np.cos(x / 45.0)[:, None]
    base = HeightField(hills.astype(np.float32), -500.0, -500.0, 5.0)
    wide = np.arange(-20, 21) * 500.0
    far = HeightField(
        (100.0 * np.sin(wide / 3000.0)[None, :] * np.ones((41, 1))).astype(np.float32), -10000.0, -10000.0, 500.0
    )
    near = base.heights_m[100:103, 100:103]
    ground = Ground(near, 0.0, 0.0, 5.0, base.heights_m, -500.0, -500.0, 5.0)
    middle = middle_field(base, far, 100.0, 3000.0, 1000.0)
    light = TrueLight(SiteFrame(-1.56, 0.0, 0.0), ground, middle, far, LightSettings(far_step_m=100.0))
    horizon = compute_horizon(base, [middle, far], 72, 1.2)
    for row, column in ((100, 100), (70, 120), (130, 60)):
        px, py = float(base.x_m[column]), float(base.y_m[row])
        eye = float(base.height(px, py)) + 1.2
        mine = [light.skyline_rad(px, py, eye, azimuth) for azimuth in np.arange(72) * 2.0 * np.pi / 72]
        theirs = horizon.profile(px, py)
        # The sweep looks along the two lines of cells beside an observer: on hills of these slopes that is 0.3 deg.
        assert np.percentile(np.abs(np.array(mine) - theirs), 90) < math.radians(0.3)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("truth.yaml", None, "holds no world"),
        ("truth.yaml", b"place_seed: 1\n", "is missing"),
        ("detail.npy", None, "cannot be read"),
        ("detail.npy", b"\x93NUMPY", "cannot be read"),
    ],
)
def test_a_damaged_world_is_refused(directory, tmp_path, name, content, words):
    copy = tmp_path / "world"
    shutil.copytree(directory, copy)
    if content is None:
        (copy / "truth" / name).unlink()
    else:
        (copy / "truth" / name).write_bytes(content)
    with pytest.raises(SiteError, match=words):
        open_world(copy)


def test_heights_that_are_no_field_are_refused(directory, tmp_path):
    copy = tmp_path / "world"
    shutil.copytree(directory, copy)
    np.save(copy / "truth" / "base.npy", np.zeros(3, dtype=np.float32))
    with pytest.raises(SiteError, match="is no height field"):
        open_world(copy)
