# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Make a world from its recipe: the orbital product that autonomy is given, and the truth that it is not."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from lupex_models.dem import read_dem, read_far_relief
from lupex_models.height_field import HeightField, refine
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_simulator.ground import Ground
from lupex_simulator.recipe import DetailTruth, Recipe, Terrain
from lupex_simulator.relief import (
    away_from,
    draw_craters,
    draw_fractal,
    draw_rocks,
    stamp_craters,
    stamp_rocks,
)
from lupex_simulator.truth_draw import random_stream

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Takes the name of the stage and the fraction of it that is done."""

BASE_CELL_M = 5.0
BASE_FILE, DETAIL_FILE, FAR_FILE, ROCKS_FILE, TRUTH_FILE = (
    "base.npy",
    "detail.npy",
    "far.npy",
    "rocks.npy",
    "truth.yaml",
)

_SMALLEST_ORBITAL_CRATER_M = 30.0
_SMALLEST_DETAIL_CRATER_M = 1.0
_EDGE_M = 200.0
"""Over this distance the drawn relief fades to the DEM's at the edge of the 5 m field, so that there is no cliff."""
_DETAIL_EDGE_M = 10.0


@dataclass(frozen=True)
class HorizonGrid:
    """Resolution of the horizon map of a world."""

    azimuth_count: int = 96
    cell_m: float = 10.0
    shadow_step_s: float = 3.0 * 3600.0


@dataclass(frozen=True)
class Relief:
    """The true 5 m field and what lies around it, in the map frame."""

    frame: SiteFrame
    base: HeightField
    far: HeightField


def make_relief(recipe: Recipe) -> Relief:
    """Draw the true ground of 5 m and more; depends on the recipe without its truth, never on the run's seed.

    Raises SiteError when the DEM source is missing or does not cover the place.
    """
    latitude, longitude = math.radians(recipe.site.latitude_deg), math.radians(recipe.site.longitude_deg)
    half = recipe.site.half_extent_m
    cells = round(half / BASE_CELL_M)
    count = 2 * cells + 1
    low = -cells * BASE_CELL_M
    sphere = SiteFrame(latitude, longitude, 0.0)
    source = _read_source(recipe, sphere)
    try:
        heights = refine(source, BASE_CELL_M, low, low, count, count).heights_m.astype(np.float64)
    except ValueError as error:
        raise SiteError(f"the DEM source '{recipe.dem.source}' does not cover {half:g} m around the site") from error
    drawn = _draw_terrain(recipe, low, count)
    fade = np.clip((np.arange(count) * BASE_CELL_M) / _EDGE_M, 0.0, 1.0)
    fade = np.minimum(fade, fade[::-1])
    heights += drawn * fade[None, :] * fade[:, None]
    origin_height = float(heights[cells, cells])
    frame = SiteFrame(latitude, longitude, origin_height)
    far = read_far_relief(frame, recipe.dem.far_radius_m)
    return Relief(frame, HeightField((heights - origin_height).astype(np.float32), low, low, BASE_CELL_M), far)


def _read_source(recipe: Recipe, frame: SiteFrame) -> HeightField:
    half = recipe.site.half_extent_m
    if recipe.dem.source == "lola":
        return read_far_relief(frame, half + 20e3)
    margin = half + 100.0
    return read_dem(Path(recipe.dem.source), frame, (-margin, -margin, margin, margin))


def _draw_terrain(recipe: Recipe, low: float, count: int) -> FloatArray:
    terrain: Terrain = recipe.terrain
    rng = random_stream(terrain.seed, "terrain")
    drawn = draw_fractal(
        (count, count),
        BASE_CELL_M,
        terrain.rms_deviation_m,
        BASE_CELL_M,
        terrain.hurst,
        (2.0 * BASE_CELL_M, terrain.longest_wavelength_m),
        rng,
    )
    craters = draw_craters(
        (low, low, -low, -low),
        terrain.crater_density,
        (_SMALLEST_ORBITAL_CRATER_M, terrain.crater_max_diameter_m),
        (0.05, 0.15),
        rng,
    )
    craters = away_from(craters, route_points(recipe), terrain.calm_radius_m)
    stamp_craters(drawn, low, low, BASE_CELL_M, craters)
    placed = [[c.x_m, c.y_m, c.diameter_m, c.depth_m, c.rim_height_m] for c in recipe.craters]
    stamp_craters(drawn, low, low, BASE_CELL_M, np.array(placed, dtype=np.float64).reshape(-1, 5))
    return drawn.astype(np.float64)


def route_points(recipe: Recipe) -> FloatArray:
    """Return points (n, 2) every 5 m along the straight way from the lander to the target."""
    x, y = recipe.sortie.target_x_m, recipe.sortie.target_y_m
    share = np.linspace(0.0, 1.0, max(2, math.ceil(math.hypot(x, y) / BASE_CELL_M) + 1))
    return np.stack([share * x, share * y], axis=-1)


def make_orbital(recipe: Recipe, relief: Relief, grid: HorizonGrid, progress: Progress) -> OrbitalSite:
    """Measure the relief from orbit: height error at each pixel, and the horizon and permanent shadow that follow.

    Every product is computed from the DEM with its error, as it would be on Earth; nothing here knows the truth.
    """
    rng = random_stream(recipe.terrain.seed, "orbital error")
    error = rng.normal(0.0, recipe.terrain.dem_error_m, relief.base.shape) if recipe.terrain.dem_error_m > 0.0 else 0.0
    dem = dataclasses.replace(relief.base, heights_m=(relief.base.heights_m + error).astype(np.float32))
    horizon = compute_horizon(
        dem,
        [relief.far],
        grid.azimuth_count,
        recipe.dem.observer_height_m,
        lambda done: progress("horizon map", done),
        observer_cell_m=grid.cell_m,
        far_range_m=recipe.dem.far_radius_m,
    )
    progress("permanent shadow", 0.0)
    shadow = Light(relief.frame, horizon).permanent_shadow(lunar_cycle_utc_s(recipe.start_utc_s, grid.shadow_step_s))
    return OrbitalSite(
        name=recipe.name,
        frame=relief.frame,
        dem=dem,
        horizon=horizon,
        permanent_shadow=shadow,
        lander=Pose2(0.0, 0.0, math.radians(recipe.start.lander_yaw_deg)),
        havens=tuple(Haven(haven.x_m, haven.y_m, haven.radius_m) for haven in recipe.havens),
        targets=(Target(recipe.sortie.target_x_m, recipe.sortie.target_y_m, recipe.sortie.target_name),),
        start_utc_s=recipe.start_utc_s,
        utc_offset_s=recipe.utc_offset_s,
        far=relief.far,
    )


def make_detail(recipe: Recipe, base: HeightField, seed: int) -> tuple[HeightField, FloatArray]:
    """Draw the fine ground of one run; returns (heights, rocks (n, 4): x, y, diameter, height).

    At the lander the fine ground meets the 5 m field, and around lander and target lie no craters or rocks.
    """
    detail = recipe.truth.detail
    cell = detail.cell_m
    x0, y0 = (BASE_CELL_M * math.floor(v / BASE_CELL_M) for v in (detail.x_min_m, detail.y_min_m))
    nx, ny = round((detail.x_max_m - x0) / cell) + 1, round((detail.y_max_m - y0) / cell) + 1
    smooth = refine(base, cell, x0, y0, nx, ny).heights_m
    coarse = _bilinear_patch(base, cell, x0, y0, nx, ny)
    bounds = (x0, y0, x0 + (nx - 1) * cell, y0 + (ny - 1) * cell)
    rng = random_stream(seed, "detail")
    fine = draw_fractal((ny, nx), cell, detail.rms_deviation_m, 1.0, 0.93, (4.0 * cell, 2.0 * BASE_CELL_M), rng)
    calm = np.array([[0.0, 0.0], [recipe.sortie.target_x_m, recipe.sortie.target_y_m]])
    craters, rocks = _draw_hazards(detail, bounds, calm, rng)
    stamp_craters(fine, x0, y0, cell, craters)
    stamp_rocks(fine, x0, y0, cell, rocks)
    x, y = x0 + cell * np.arange(nx), y0 + cell * np.arange(ny)
    edge = np.minimum(
        np.minimum(x - bounds[0], bounds[2] - x)[None, :], np.minimum(y - bounds[1], bounds[3] - y)[:, None]
    )
    fade = np.clip(edge / _DETAIL_EDGE_M, 0.0, 1.0).astype(np.float32)
    # The lander stands at height 0 of the map, so there the fine ground must meet the 5 m field.
    touch = 1.0 - np.exp(-((x[None, :] ** 2 + y[:, None] ** 2) / 4.0))
    heights = coarse + fade * ((smooth - coarse) + fine * touch.astype(np.float32))
    return HeightField(heights.astype(np.float32), x0, y0, cell), rocks


def _draw_hazards(
    detail: DetailTruth, bounds: tuple[float, float, float, float], calm: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    craters = draw_craters(
        bounds,
        detail.crater_density,
        (_SMALLEST_DETAIL_CRATER_M, _SMALLEST_ORBITAL_CRATER_M),
        detail.crater_depth_ratio,
        rng,
    )
    rocks = draw_rocks(bounds, detail.rock_area_fraction, detail.rock_diameter_m, rng)
    return (
        away_from(craters, calm, detail.clear_radius_m),
        away_from(rocks, calm, detail.clear_radius_m),
    )


def _bilinear_patch(base: HeightField, cell: float, x0: float, y0: float, nx: int, ny: int) -> npt.NDArray[np.float32]:
    x, y = x0 + cell * np.arange(nx), y0 + cell * np.arange(ny)
    return base.height(x[None, :], y[:, None]).astype(np.float32)


def write_truth(
    directory: Path, relief: Relief, detail: HeightField, rocks: FloatArray, seed: int, recipe: Recipe
) -> None:
    """Write what only the simulator opens into a directory, which is made if absent."""
    directory.mkdir(parents=True, exist_ok=True)
    np.save(directory / BASE_FILE, relief.base.heights_m)
    np.save(directory / DETAIL_FILE, detail.heights_m)
    np.save(directory / FAR_FILE, relief.far.heights_m)
    np.save(directory / ROCKS_FILE, rocks)
    values = {
        "seed": seed,
        "base": _grid(relief.base),
        "detail": _grid(detail),
        "far": _grid(relief.far),
        "start": {"soc": recipe.start.soc, "battery_temperature_k": recipe.start.battery_temperature_k},
        "truth": _plain(dataclasses.asdict(recipe.truth)),
    }
    (directory / TRUTH_FILE).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make_world(directory: Path, recipe: Recipe, seed: int, progress: Progress, grid: HorizonGrid | None = None) -> None:
    """Make a whole world in a directory: `orbital/` and `truth/`."""
    progress("relief", 0.0)
    relief = make_relief(recipe)
    progress("fine ground", 0.0)
    detail, rocks = make_detail(recipe, relief.base, seed)
    write_truth(directory / "truth", relief, detail, rocks, seed, recipe)
    progress("horizon map", 0.0)
    site = make_orbital(recipe, relief, grid or HorizonGrid(), progress)
    progress("writing", 0.0)
    write_site(directory / "orbital", site)


def true_ground(base: HeightField, detail: HeightField) -> Ground:
    """Nest the fine patch into the 5 m field."""
    return Ground(
        detail.heights_m,
        detail.x0_m,
        detail.y0_m,
        detail.cell_m,
        base.heights_m,
        base.x0_m,
        base.y0_m,
        base.cell_m,
    )


def _grid(field: HeightField) -> dict[str, float]:
    return {"x0_m": float(field.x0_m), "y0_m": float(field.y0_m), "cell_m": float(field.cell_m)}


def _plain(values: dict[str, object]) -> dict[str, object]:
    """Tuples become lists: plain YAML has no tuples."""
    return {
        key: _plain(value) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
    }
