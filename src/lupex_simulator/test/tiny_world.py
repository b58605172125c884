# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A world of 600 m, made in a second: a lander, its haven and a target in a crater nearby."""

from lupex_worlds.recipe import Dem, DetailTruth, Haven, Place, PlacedCrater, Recipe, Sortie, Start, Terrain, Truth
from lupex_worlds.world_making import HorizonGrid, make_world

RECIPE = Recipe(
    name="tiny",
    site=Place(-89.4389, 222.869, 300.0),
    start=Start("2028-10-13T12:00:00Z", 40.0, soc=0.7),
    sortie=Sortie(20.0, 15.0),
    terrain=Terrain(seed=1, rms_deviation_m=0.1, longest_wavelength_m=200.0, crater_density=0.0, calm_radius_m=20.0),
    dem=Dem(),
    craters=(PlacedCrater(41.0, 34.0, 90.0, 0.09),),
    havens=(Haven(0.0, 0.0, 6.0),),
    truth=Truth(detail=DetailTruth(-20.0, 60.0, -20.0, 50.0)),
)


def make_tiny_world(directory):
    """Make the world of seed 3 in a directory."""
    make_world(directory, RECIPE, 3, lambda stage, done: None, HorizonGrid(16, 50.0, 10 * 86400.0))
