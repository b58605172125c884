# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true ground of 5 m and more: measured relief with what it does not hold drawn into it."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lupex_models.craters import NO_CRATERS
from lupex_models.dem import read_dem, read_far_relief
from lupex_models.height_field import HeightField, middle_field, refine
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_models.terrain import (
    CalmPlaces,
    Craters,
    CraterShape,
    CraterStatistics,
    FractalStatistics,
    rough_relief,
)
from lupex_worlds.recipe import Recipe
from lupex_worlds.spread import Range

FloatArray = npt.NDArray[np.float64]

BASE_CELL_M = 5.0

SHAPE = CraterShape()
EDGE_M = 200.0
"""Over this distance the drawn relief fades to the DEM's at the edge of the 5 m field, so that there is no cliff."""
_MIDDLE_CELL_M, _MIDDLE_REACH_M, _MIDDLE_BLEND_M = 100.0, 20e3, 2e3


@dataclass(frozen=True)
class Relief:
    """The true 5 m field with its drawn craters, and what lies around it, in the map frame."""

    frame: SiteFrame
    base: HeightField
    craters: Craters
    far: HeightField


def make_relief(recipe: Recipe) -> Relief:
    """Draw the true ground of 5 m and more; depends on the recipe without its truth, never on the run's seed.

    Raises SiteError when the DEM source is missing or does not cover the place.
    """
    latitude, longitude = math.radians(recipe.site.latitude_deg), math.radians(recipe.site.longitude_deg)
    half = recipe.site.half_extent_m
    cells = round(half / BASE_CELL_M)
    count = 2 * cells + 1
    # Cells before the lander's, which stands in the centre of one.
    columns, rows = (cells - round(v / BASE_CELL_M) for v in (recipe.site.centre_x_m, recipe.site.centre_y_m))
    sphere = SiteFrame(latitude, longitude, 0.0)
    source = _read_source(recipe, sphere)
    try:
        smooth = refine(source, BASE_CELL_M, -columns * BASE_CELL_M, -rows * BASE_CELL_M, count, count)
    except ValueError as error:
        raise SiteError(f"the DEM source '{recipe.dem.source}' does not cover {half:g} m around the site") from error
    try:
        rough, craters = _roughen(recipe, smooth)
    except ValueError as error:
        raise SiteError(f"the keys of 'terrain' do not fit each other: {error}") from error
    origin_height = float(rough.heights_m[rows, columns])
    frame = SiteFrame(latitude, longitude, origin_height)
    base = dataclasses.replace(rough, heights_m=rough.heights_m - np.float32(origin_height))
    return Relief(frame, base, craters, read_far_relief(frame, recipe.dem.far_radius_m))


def _read_source(recipe: Recipe, frame: SiteFrame) -> HeightField:
    half, x, y = recipe.site.half_extent_m, recipe.site.centre_x_m, recipe.site.centre_y_m
    if recipe.dem.source == "lola":
        return read_far_relief(frame, half + max(abs(x), abs(y)) + 20e3)
    margin = half + 100.0
    return read_dem(Path(recipe.dem.source), frame, (x - margin, y - margin, x + margin, y + margin))


def _roughen(recipe: Recipe, smooth: HeightField) -> tuple[HeightField, Craters]:
    terrain = recipe.terrain
    if terrain.rms_deviation_m == 0.0 and terrain.crater_density == 0.0 and not recipe.craters:
        return smooth, NO_CRATERS
    placed = np.array([[c.x_m, c.y_m, c.diameter_m, c.depth_ratio] for c in recipe.craters], dtype=np.float64)
    return rough_relief(
        smooth,
        FractalStatistics(terrain.hurst, terrain.rms_deviation_m, BASE_CELL_M, terrain.longest_wavelength_m),
        crater_statistics(terrain.crater_density, terrain.crater_diameter_m, terrain.crater_depth_ratio),
        SHAPE,
        terrain.seed,
        EDGE_M,
        CalmPlaces(route_points(recipe), terrain.calm_radius_m),
        Craters(*placed.reshape(-1, 4).T),
    )


def crater_statistics(density: float, diameter_m: Range, depth_ratio: Range) -> CraterStatistics:
    """Return the population of a density, with diameters and depth ratios (low, high) as a recipe states them."""
    oldest, youngest = (SHAPE.fresh_depth_ratio / ratio - 1.0 for ratio in depth_ratio)
    return CraterStatistics(density, *diameter_m, oldest_decay=oldest, youngest_decay=youngest)


def route_points(recipe: Recipe) -> FloatArray:
    """Return points (n, 2) every 5 m along the straight way from the lander to the target."""
    x, y = recipe.sortie.target_x_m, recipe.sortie.target_y_m
    share = np.linspace(0.0, 1.0, max(2, math.ceil(math.hypot(x, y) / BASE_CELL_M) + 1))
    return np.stack([share * x, share * y], axis=-1)


def middle_relief(near: HeightField, far: HeightField) -> HeightField:
    """Return what joins the 5 m field to the far relief: a step there would be a skyline that no eye sees."""
    return middle_field(near, far, _MIDDLE_CELL_M, _MIDDLE_REACH_M, _MIDDLE_BLEND_M)
