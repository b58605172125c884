# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a truth level makes of the places of a recipe: one or many, and how kind the ground near the way is."""

import dataclasses
from dataclasses import dataclass

from lupex_models.configuration import setting
from lupex_worlds.recipe import Recipe


@dataclass(frozen=True)
class PlaceTruth:
    """Bounds on what a recipe may promise of its places; the defaults are those of the level `kind`."""

    another_place_each_seed: bool = setting(False, "where the recipe has a section `places`")
    calm_radius_at_most_m: float = setting(
        60.0,
        "no drawn crater of the 5 m field touches this circle round the straight way",
        unit="m",
        minimum=0,
        maximum=500,
    )
    clear_radius_at_most_m: float = setting(
        5.0, "free of small craters and rocks at lander and target", unit="m", minimum=0, maximum=30
    )


def recipe_at_level(recipe: Recipe, truth: PlaceTruth) -> Recipe:
    """Return the recipe with no kinder ground near the way than the level allows."""
    terrain, detail = recipe.terrain, recipe.truth.detail
    calm_m = min(terrain.calm_radius_m, truth.calm_radius_at_most_m)
    clear_m = min(detail.clear_radius_m, truth.clear_radius_at_most_m)
    return dataclasses.replace(
        recipe,
        terrain=dataclasses.replace(terrain, calm_radius_m=calm_m),
        truth=dataclasses.replace(recipe.truth, detail=dataclasses.replace(detail, clear_radius_m=clear_m)),
        places=recipe.places if truth.another_place_each_seed else None,
    )
