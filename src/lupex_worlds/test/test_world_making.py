# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.dem import write_dem
from lupex_models.height_field import HeightField
from lupex_models.site import open_site
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_models.terrain import rms_deviation
from lupex_worlds.recipe import (
    Dem,
    DetailTruth,
    Haven,
    Place,
    PlacedCrater,
    Recipe,
    Sortie,
    Start,
    StrataTruth,
    Terrain,
    Truth,
)
from lupex_worlds.relief import make_relief, middle_relief, route_points
from lupex_worlds.truth.level import KIND
from lupex_worlds.truth.map_truth import MapTruth
from lupex_worlds.world_making import HorizonGrid, make_detail, make_orbital, make_world

COARSE = HorizonGrid(azimuth_count=16, cell_m=50.0, shadow_step_s=10 * 86400.0)
RECIPE = Recipe(
    name="tiny",
    site=Place(-89.4389, 222.869, 300.0),
    start=Start("2028-10-13T12:00:00Z", 40.0),
    sortie=Sortie(20.0, 15.0),
    terrain=Terrain(
        seed=1,
        rms_deviation_m=0.3,
        longest_wavelength_m=200.0,
        crater_density=0.01,
        crater_diameter_m=(15.0, 60.0),
        calm_radius_m=20.0,
    ),
    dem=Dem(),
    craters=(PlacedCrater(41.0, 34.0, 90.0, 0.09),),
    havens=(Haven(0.0, 0.0, 6.0),),
    truth=Truth(detail=DetailTruth(-20.0, 60.0, -20.0, 50.0)),
)


@pytest.fixture(scope="module")
def relief():
    return make_relief(RECIPE)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The same ridge with two seeds, and with biased truths."""
    biased = dataclasses.replace(
        RECIPE, truth=dataclasses.replace(RECIPE.truth, strata=StrataTruth(ice_in_shadow=(0.4, 0.4)))
    )
    made = {}
    for name, recipe, seed in (("one", RECIPE, 1), ("two", RECIPE, 2), ("biased", biased, 1), ("again", RECIPE, 1)):
        made[name] = tmp_path_factory.mktemp(name) / "world"
        make_world(made[name], recipe, seed, lambda stage, done: None, COARSE)
    return made


def files(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def test_the_map_begins_at_the_landers_ground(relief):
    assert float(relief.base.height(0.0, 0.0)) == 0.0
    # The ridge stands 1.6..2.0 km above the sphere there.
    assert 1600.0 < relief.frame.height_m < 2000.0


def test_the_placed_crater_is_there(relief):
    rim = np.mean([float(relief.base.height(41.0 + 45.0 * math.cos(a), 34.0 + 45.0 * math.sin(a))) for a in range(6)])
    # Real relief and drawn roughness tilt the ground by some metres over 90 m.
    assert float(relief.base.height(41.0, 34.0)) < rim - 5.0


def test_drawn_relief_fades_at_the_edge(relief):
    smooth = make_relief(dataclasses.replace(RECIPE, terrain=dataclasses.replace(RECIPE.terrain, seed=2)))
    mine = relief.base.heights_m + np.float32(relief.frame.height_m)
    other = smooth.base.heights_m + np.float32(smooth.frame.height_m)
    assert np.allclose(mine[0], other[0], atol=1e-2)
    assert not np.allclose(mine[40], other[40], atol=1e-2)


def test_the_drawn_relief_is_as_rough_as_asked_and_calm_along_the_way():
    terrain = dataclasses.replace(RECIPE.terrain, rms_deviation_m=0.6)
    site = dataclasses.replace(RECIPE.site, half_extent_m=1000.0)
    recipe = dataclasses.replace(RECIPE, site=site, terrain=terrain, craters=())
    smooth = dataclasses.replace(terrain, rms_deviation_m=0.0, crater_density=0.0)
    rough, even = make_relief(recipe), make_relief(dataclasses.replace(recipe, terrain=smooth))
    # Away from the edges, where the drawn relief fades; the generators' own bound for statistics that come back.
    inner = np.s_[45:-45, 45:-45]
    drawn = rough.base.heights_m[inner] - even.base.heights_m[inner]
    assert rms_deviation(drawn, 5.0, 5.0) == pytest.approx(0.6, rel=0.1)
    assert len(rough.craters) > 50
    for x, y in route_points(recipe):
        distance = np.hypot(rough.craters.x_m - x, rough.craters.y_m - y)
        assert np.all(distance > 20.0 + rough.craters.diameter_m / 2)


def test_craters_rougher_than_the_ground_asked_for_are_one_sentence():
    terrain = dataclasses.replace(RECIPE.terrain, rms_deviation_m=0.01, crater_density=0.1)
    with pytest.raises(SiteError, match="the keys of 'terrain' do not fit each other: the relief alone deviates by"):
        make_relief(dataclasses.replace(RECIPE, terrain=terrain))


def test_at_the_kind_level_the_map_errs_by_a_fifth_of_a_metre_and_loses_small_craters(relief):
    site = make_orbital(RECIPE, relief, COARSE, lambda stage, done: None)
    exact = dataclasses.replace(KIND, map=MapTruth(height_rms_m=(0.0, 0.0)))
    exact = make_orbital(RECIPE, relief, COARSE, lambda stage, done: None, exact).dem
    error = site.dem.heights_m - exact.heights_m
    assert error.std() == pytest.approx(0.2, rel=0.01)
    assert abs(error.mean()) < 0.02
    assert np.any(relief.craters.diameter_m < 30.0)
    lost = exact.heights_m - relief.base.heights_m
    assert lost.max() > 0.3
    near_small = np.zeros(lost.shape, dtype=bool)
    for x, y, diameter in zip(relief.craters.x_m, relief.craters.y_m, relief.craters.diameter_m):
        if diameter < 30.0:
            distance = np.hypot(exact.x_m[None, :] - x, exact.y_m[:, None] - y)
            near_small |= distance <= 1.5 * diameter
    assert np.allclose(lost[~near_small], 0.0, atol=1e-3)


def test_no_step_stands_between_the_fields(relief):
    middle = middle_relief(relief.base, relief.far)
    x, y = relief.base.x_m, relief.base.y_m
    assert np.allclose(middle.height(x[0] - 1e-3, y), relief.base.heights_m[:, 0], atol=3.0)
    assert middle.bounds_m[0] < relief.base.bounds_m[0] - 19e3


def test_fine_ground_meets_the_field_at_its_edges(relief):
    detail, _ = make_detail(RECIPE, relief.base, 5)
    x, y = detail.x_m, detail.y_m
    assert np.allclose(detail.heights_m[0], relief.base.height(x, y[0]), atol=1e-4)
    assert np.allclose(detail.heights_m[:, -1], relief.base.height(x[-1], y), atol=1e-4)
    inner = detail.heights_m[60:-60, 60:-60] - relief.base.height(x[None, 60:-60], y[60:-60, None])
    assert 0.02 < inner.std() < 1.0


def test_lander_and_target_are_free_of_rocks(relief):
    _, rocks = make_detail(
        dataclasses.replace(
            RECIPE, truth=Truth(detail=dataclasses.replace(RECIPE.truth.detail, rock_area_fraction=0.05))
        ),
        relief.base,
        5,
    )
    assert len(rocks) > 100
    for x, y in ((0.0, 0.0), (20.0, 15.0)):
        assert np.all(np.hypot(rocks[:, 0] - x, rocks[:, 1] - y) > 4.0)


def test_another_seed_has_the_same_orbital_product_and_another_truth(worlds):
    one, two = files(worlds["one"]), files(worlds["two"])
    assert {name for name in one if one[name] != two[name]} == {
        "truth/detail.npy",
        "truth/rocks.npy",
        "truth/truth.yaml",
    }


def test_a_biased_truth_changes_not_one_byte_of_what_autonomy_is_given(worlds):
    one, biased = files(worlds["one"]), files(worlds["biased"])
    assert {name for name in one if one[name] != biased[name]} == {"truth/truth.yaml"}


def test_the_same_seed_gives_the_same_world(worlds):
    assert files(worlds["one"]) == files(worlds["again"])


def test_the_orbital_product_opens_and_tells_no_seed(worlds):
    site = open_site(worlds["one"] / "orbital")
    assert site.utc_offset_s == site.start_utc_s - 1000.0
    assert site.targets[0].name == "floor"
    assert site.permanent_shadow is not None
    assert site.far is not None
    assert "seed" not in (worlds["one"] / "orbital" / "site.yaml").read_text()


def test_a_geotiff_may_be_the_source(tmp_path, relief):
    frame = SiteFrame(relief.frame.latitude_rad, relief.frame.longitude_rad, 0.0)
    heights = np.full((201, 201), 1234.0, dtype=np.float32)
    write_dem(tmp_path / "flat.tif", HeightField(heights, -500.0, -500.0, 5.0), frame)
    terrain = Terrain(seed=1, rms_deviation_m=0.0, crater_density=0.0)
    recipe = dataclasses.replace(RECIPE, terrain=terrain, craters=(), dem=Dem(source=str(tmp_path / "flat.tif")))
    flat = make_relief(recipe)
    assert flat.frame.height_m == pytest.approx(1234.0, abs=1e-3)
    assert np.abs(flat.base.heights_m).max() < 1e-3


def test_a_geotiff_too_small_is_refused(tmp_path, relief):
    frame = SiteFrame(relief.frame.latitude_rad, relief.frame.longitude_rad, 0.0)
    write_dem(tmp_path / "small.tif", HeightField(np.zeros((41, 41), dtype=np.float32), -100.0, -100.0, 5.0), frame)
    with pytest.raises(SiteError, match=r"small\.tif' does not cover 300 m"):
        make_relief(dataclasses.replace(RECIPE, dem=Dem(source=str(tmp_path / "small.tif"))))
