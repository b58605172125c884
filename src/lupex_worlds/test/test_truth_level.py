# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One place at a truth level: what its files hold, and what its draws share."""

import dataclasses
import math

import numpy as np
import pytest

from lupex_models.site import SiteError, open_site
from lupex_worlds.ground import Ground
from lupex_worlds.recipe import Dem, DetailTruth, Haven, Place, PlacedCrater, Recipe, Sortie, Start, Terrain, Truth
from lupex_worlds.relief import make_relief, route_points
from lupex_worlds.start_pose import Footing
from lupex_worlds.truth.level import KIND, TruthLevel
from lupex_worlds.truth.map_truth import MapTruth
from lupex_worlds.truth.place_truth import PlaceTruth, recipe_at_level
from lupex_worlds.truth.start_truth import StartTruth
from lupex_worlds.world import open_world
from lupex_worlds.world_cache import world_directory
from lupex_worlds.world_making import HorizonGrid, make_world

RECIPE = Recipe(
    name="tiny",
    site=Place(-89.4389, 222.869, 400.0),
    start=Start("2028-10-13T12:00:00Z", 40.0),
    sortie=Sortie(23.0, 19.3),
    terrain=Terrain(seed=1, rms_deviation_m=0.3, longest_wavelength_m=200.0, crater_density=0.01, calm_radius_m=40.0),
    dem=Dem(),
    craters=(PlacedCrater(71.0, 60.0, 160.0, 0.09),),
    havens=(Haven(0.0, 0.0, 6.0),),
    truth=Truth(detail=DetailTruth(-50.0, 60.0, -50.0, 50.0, clear_radius_m=4.0)),
)
NOMINAL = TruthLevel(
    "nominal",
    MapTruth((0.3, 0.5), (1.5, 2.5), 25.0, 10.0, (200.0, 500.0), far_rms_m=10.0, shadow_edge_m=10.0),
    PlaceTruth(True, 0.0, 0.0),
    StartTruth(10.0, 20.0, 2.5, 5.0),
)
COARSE = HorizonGrid(azimuth_count=24, cell_m=20.0, shadow_step_s=5 * 86400.0)


def made(directory, recipe=RECIPE, seed=3, level=NOMINAL):
    make_world(directory, recipe, seed, lambda stage, done: None, COARSE, level)
    return directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return made(tmp_path_factory.mktemp("nominal") / "world")


@pytest.fixture(scope="module")
def draws(directory):
    return [open_world(directory, NOMINAL, seed) for seed in range(8)]


def files(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_map_of_a_nominal_world_errs_as_its_level_says(draws):
    world = draws[0]
    relief = make_relief(recipe_at_level(RECIPE, NOMINAL.place))
    assert np.array_equal(world.ground.base, relief.base.heights_m)
    assert not np.any(relief.craters.diameter_m < 30.0)
    error = world.site.dem.heights_m.astype(float) - world.ground.base
    height_rms_m = math.sqrt(float(np.mean(error**2)))
    steps = np.concatenate([np.diff(error, axis=0).ravel(), np.diff(error, axis=1).ravel()])
    slope_deg = math.degrees(math.atan(math.sqrt(float(np.mean(steps**2))) / 5.0))
    assert 0.30 <= height_rms_m <= 0.50
    assert 1.5 - 0.01 <= slope_deg <= 2.5 + 0.01
    # One draw decides both.
    assert slope_deg == pytest.approx(5.0 * height_rms_m, rel=0.02)


def test_the_tracks_follow_the_meridian(draws):
    world = draws[0]
    error = world.site.dem.heights_m.astype(float) - world.ground.base
    error -= error.mean()
    # The origin lies at longitude 222.869: the pole is seen along (-sin, -cos) of it in map axes.
    longitude = math.radians(222.869)
    meridian = math.atan2(-math.cos(longitude), -math.sin(longitude))
    field = dataclasses.replace(world.site.dem, heights_m=error)
    x, y = np.meshgrid(field.x_m, field.y_m)
    likeness = []
    for angle in np.radians(np.arange(0.0, 180.0, 5.0)):
        shifted = field.height(x + 80.0 * math.cos(angle), y + 80.0 * math.sin(angle))
        likeness.append(np.nanmean(shifted * error))
    along = math.radians(5.0 * int(np.argmax(likeness)))
    assert abs(math.remainder(along - meridian, math.pi)) < math.radians(25.0)


def test_the_truth_keeps_the_exact_far_relief_and_its_own_shadow(directory, draws):
    world = draws[0]
    exact = make_relief(recipe_at_level(RECIPE, NOMINAL.place)).far.heights_m
    assert np.array_equal(world.light.far.heights_m, exact)
    told = world.site.far.heights_m - exact
    assert math.sqrt(float(np.mean(told.astype(float) ** 2))) == pytest.approx(10.0, rel=0.01)
    true = np.load(directory / "truth" / "permanent_shadow.npy")
    mapped = world.site.permanent_shadow
    assert true.shape == mapped.shape
    assert true.any()
    assert np.any(true != mapped)
    row, column = (int(index[0]) for index in np.nonzero(true != mapped))
    horizon = world.site.horizon
    place = float(horizon.x_m[column]), float(horizon.y_m[row])
    assert world.strata.in_permanent_shadow(*place) == true[row, column]


def test_draws_share_the_place_and_differ_in_the_rest(directory, draws):
    one, two = draws[1], draws[2]
    assert (one.place_seed, one.seed, two.place_seed, two.seed) == (3, 1, 3, 2)
    assert np.array_equal(one.ground.detail, two.ground.detail)
    assert one.start_pose != two.start_pose
    assert one.vehicle != two.vehicle
    assert not np.array_equal(one.soil.mean_row, two.soil.mean_row)
    assert one.strata.dry_layer_m != two.strata.dry_layer_m
    assert one.stream("lidar").random() != two.stream("lidar").random()
    again = open_world(directory, NOMINAL, 1)
    assert (again.start_pose, again.vehicle) == (one.start_pose, one.vehicle)
    assert open_world(directory, NOMINAL).seed == 3


def test_the_lander_truly_stands_beside_where_it_is_told_to(draws):
    for world in draws:
        told, true = world.site.lander, world.start_pose
        assert (told.x_m, told.y_m, told.yaw_rad) == (0.0, 0.0, pytest.approx(math.radians(40.0)))
        assert 0.0 < math.hypot(true.x_m, true.y_m) <= 20.0
        assert 0.0 < abs(true.yaw_rad - told.yaw_rad) <= math.radians(5.0)
        rocks = world.rocks
        assert np.all(np.hypot(rocks[:, 0] - true.x_m, rocks[:, 1] - true.y_m) > 2.5 + 0.5 * rocks[:, 2])
        assert math.degrees(math.atan(math.hypot(*world.slope(true.x_m, true.y_m, 3.0)))) <= 15.0
        assert world.light.sunlit_fraction(true.x_m, true.y_m, 1.2, world.site.start_utc_s) >= 0.5


def test_the_product_tells_how_well_the_lander_is_known(directory, draws):
    site = open_site(directory / "orbital")
    assert (site.lander_sigma_m, site.lander_sigma_rad) == (10.0, pytest.approx(math.radians(2.5)))
    text = (directory / "orbital" / "site.yaml").read_text()
    assert "seed" not in text
    assert "nominal" not in text


def test_the_kind_world_starts_at_the_told_pose(tmp_path):
    world = open_world(made(tmp_path / "kind", level=KIND))
    assert world.start_pose == world.site.lander
    assert world.site.lander_sigma_m == 0.0
    assert np.array_equal(world.site.far.heights_m, world.light.far.heights_m)


def test_a_world_is_opened_at_its_own_level_only(directory):
    for level in (None, KIND, dataclasses.replace(NOMINAL, map=MapTruth())):
        with pytest.raises(SiteError, match=r"was made at the truth level 'nominal' and cannot be opened at '\w+'"):
            open_world(directory, level)


def test_another_place_of_the_same_relief_has_another_map(directory, tmp_path):
    other = files(made(tmp_path / "other", seed=4))
    mine = files(directory)
    differ = {name for name in mine if mine[name] != other[name]}
    assert differ >= {"orbital/dem.tif", "orbital/far.tif", "truth/detail.npy", "truth/rocks.npy", "truth/truth.yaml"}
    assert not differ & {"truth/base.npy", "truth/far.npy", "truth/permanent_shadow.npy"}


def test_no_ground_is_calm_for_the_route_where_the_level_forbids_it():
    site = dataclasses.replace(RECIPE.site, half_extent_m=1000.0)
    terrain = dataclasses.replace(RECIPE.terrain, rms_deviation_m=0.6, crater_density=0.05)
    wide = dataclasses.replace(RECIPE, site=site, terrain=terrain, sortie=Sortie(400.0, 300.0))
    near = {}
    for level in (KIND, NOMINAL):
        recipe = recipe_at_level(wide, level.place)
        craters = make_relief(recipe).craters
        away = [np.hypot(craters.x_m - x, craters.y_m - y) - craters.diameter_m / 2 for x, y in route_points(recipe)]
        near[level.name] = int(np.sum(np.min(away, axis=0) < 40.0))
        assert recipe.truth.detail.clear_radius_m == {"kind": 4.0, "nominal": 0.0}[level.name]
    assert near["kind"] == 0
    # Some 500 x 120 m round the way with 0.05 / 30^2 craters a square metre: three are expected.
    assert near["nominal"] >= 1
    assert recipe_at_level(wide, PlaceTruth(calm_radius_at_most_m=500.0)).terrain.calm_radius_m == 40.0


def test_the_levels_sections_name_the_world_and_a_draw_does_not(tmp_path):
    names = {world_directory(RECIPE, 3, tmp_path, level).name for level in (KIND, NOMINAL)}
    for change in ({"map": MapTruth(far_rms_m=1.0)}, {"place": PlaceTruth(True)}, {"start": StartTruth(1.0, 2.0)}):
        names.add(world_directory(RECIPE, 3, tmp_path, dataclasses.replace(KIND, **change)).name)
    assert len(names) == 5


def flat_world(rocks=(), slope=0.0, sun=1.0):
    x = np.arange(-50.0, 51.0, 5.0)
    base = (slope * x[None, :] * np.ones((x.size, 1))).astype(np.float32)
    ground = Ground(base[9:12, 9:12].copy(), -5.0, -5.0, 5.0, base, -50.0, -50.0, 5.0)

    class Light:
        def sunlit_fraction(self, x_m, y_m, height_m, utc_s):
            return sun

    class Horizon:
        observer_height_m = 1.2

    class Site:
        horizon = Horizon()
        start_utc_s = 0.0

    return Footing(StartTruth(), Site(), ground, np.array(rocks).reshape(-1, 4), Light())


@pytest.mark.parametrize(
    ("change", "stands"),
    [
        ({}, True),
        ({"slope": math.tan(math.radians(14.5))}, True),
        ({"slope": math.tan(math.radians(15.5))}, False),
        ({"sun": 0.4}, False),
        ({"rocks": [2.9, 0.0, 1.0, 0.5]}, False),
        ({"rocks": [3.1, 0.0, 1.0, 0.5]}, True),
    ],
)
def test_a_lander_stands_on_lit_level_ground_without_rocks(change, stands):
    assert flat_world(**change)(0.0, 0.0) is stands


def test_no_lander_stands_on_unknown_ground():
    assert not flat_world()(400.0, 0.0)
