# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site_frame import SiteError
from lupex_worlds.places.place_choice import recipe_of_place
from lupex_worlds.places.spread import Places
from lupex_worlds.recipe import Dem, DetailTruth, Haven, Place, PlacedCrater, Recipe, Sortie, Start, Terrain, Truth
from lupex_worlds.relief import make_relief, middle_relief

PLACES = Places(
    "2028-10-01T00:00:00Z",
    "2029-02-28T00:00:00Z",
    ridge_bearing_deg=244.0,
    along_m=(-500.0, 2500.0),
    across_m=(-600.0, 600.0),
    crater_diameter_m=(200.0, 260.0),
    crater_depth_ratio=(0.10, 0.14),
)
RECIPE = Recipe(
    name="ridge",
    site=Place(-89.4389, 222.869, 500.0),
    start=Start("2028-10-13T12:00:00Z", 40.0),
    sortie=Sortie(20.0, 15.0),
    terrain=Terrain(seed=1, rms_deviation_m=0.3, longest_wavelength_m=400.0, crater_density=0.01),
    dem=Dem(),
    craters=(PlacedCrater(41.0, 34.0, 90.0, 0.09),),
    havens=(Haven(0.0, 0.0, 10.0),),
    truth=Truth(detail=DetailTruth()),
    places=PLACES,
)
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def drawn():
    return {seed: recipe_of_place(RECIPE, seed) for seed in SEEDS}


def test_a_recipe_of_one_place_is_that_place():
    alone = dataclasses.replace(RECIPE, places=None)
    assert recipe_of_place(alone, 5) is alone


def test_a_seed_is_one_place_and_another_is_another(drawn):
    assert recipe_of_place(RECIPE, 2) == drawn[2]
    for key in (
        lambda r: r.site.latitude_deg,
        lambda r: r.terrain.seed,
        lambda r: r.start.utc,
        lambda r: r.sortie.target_x_m,
        lambda r: r.craters[0].diameter_m,
    ):
        assert len({key(recipe) for recipe in drawn.values()}) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_drawn_lies_within_the_spread(drawn, seed):
    recipe = drawn[seed]
    # Polar stereographic by hand: distances of a few km on 1737.4 km.
    places = []
    for site in (RECIPE.site, recipe.site):
        rho = 1737.4e3 * 2.0 * math.tan(math.radians(90.0 + site.latitude_deg) / 2.0)
        longitude = math.radians(site.longitude_deg)
        places.append((rho * math.sin(longitude), rho * math.cos(longitude)))
    dx, dy = places[1][0] - places[0][0], places[1][1] - places[0][1]
    cosine, sine = math.cos(math.radians(244.0)), math.sin(math.radians(244.0))
    assert -501.0 <= dx * cosine + dy * sine <= 2501.0
    assert -601.0 <= -dx * sine + dy * cosine <= 601.0
    (crater,) = recipe.craters
    assert 200.0 <= crater.diameter_m <= 260.0
    assert 0.10 <= crater.depth_ratio <= 0.14
    assert 30.0 <= math.hypot(crater.x_m, crater.y_m) - crater.diameter_m / 2.0 <= 90.0
    target = (recipe.sortie.target_x_m, recipe.sortie.target_y_m)
    assert math.dist(target, (crater.x_m, crater.y_m)) <= 0.5 * crater.diameter_m / 2.0 + 1e-6
    detail = recipe.truth.detail
    assert detail.x_min_m + 150.0 < min(0.0, target[0]) <= max(0.0, target[0]) < detail.x_max_m - 150.0
    assert detail.y_min_m + 150.0 < min(0.0, target[1]) <= max(0.0, target[1]) < detail.y_max_m - 150.0
    assert recipe.places is None


@pytest.mark.parametrize("seed", SEEDS)
def test_the_haven_is_lit_and_the_target_never(drawn, seed):
    """By the horizon map of the whole relief, which is swept by other code than the single skylines of the choice."""
    recipe = drawn[seed]
    relief = make_relief(recipe)
    horizon = compute_horizon(
        relief.base, [middle_relief(relief.base, relief.far), relief.far], 96, 1.2, observer_cell_m=10.0
    )
    light = Light(relief.frame, horizon)
    hours = recipe.start_utc_s + 3600.0 * np.arange(0.0, 30.0, 2.0)
    assert np.mean(light.sunlit_fraction(0.0, 0.0, hours) > 0.8) > 0.9
    assert light.sunlit_fraction(0.0, 0.0, recipe.start_utc_s) > 0.5
    shadow = light.permanent_shadow(lunar_cycle_utc_s(recipe.start_utc_s, 2 * 86400.0))
    row = round((recipe.sortie.target_y_m - horizon.y0_m) / horizon.cell_m)
    column = round((recipe.sortie.target_x_m - horizon.x0_m) / horizon.cell_m)
    assert shadow[row, column]
    east, north = relief.base.gradient(0.0, 0.0)
    assert math.degrees(math.atan(math.hypot(east, north))) <= 10.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"haven_slope_deg": 1.0}, "the haven is steeper than 1 deg"),
        # A shallow dish, and a target at its rim: the Sun comes in.
        ({"crater_depth_ratio": (0.02, 0.021), "target_radius_share": (0.89, 0.9)}, "the Sun reaches the target"),
        # The winter: no place of the ridge is lit for so long.
        (
            {"season_from_utc": "2028-06-01T00:00:00Z", "season_until_utc": "2028-07-01T00:00:00Z", "lit_hours": 400.0},
            "the haven is never lit for 400 h",
        ),
    ],
)
def test_a_ridge_without_such_a_place_is_one_sentence(monkeypatch, change, words):
    monkeypatch.setattr("lupex_worlds.places.place_choice._TRIES", 5)
    slope = {} if "haven_slope_deg" in change else {"haven_slope_deg": 30.0}
    recipe = dataclasses.replace(RECIPE, places=dataclasses.replace(PLACES, **slope, **change))
    with pytest.raises(SiteError, match=rf"seed 4 finds no place of 'ridge' in 5 draws, most often because {words}"):
        recipe_of_place(recipe, 4)
