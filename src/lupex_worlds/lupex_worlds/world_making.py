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

from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site
from lupex_models.terrain import (
    CalmPlaces,
    FractalStatistics,
    OrbitalQuality,
    RockStatistics,
    add_rocks,
    clear_of,
    fine_patch,
    orbital_product,
    rock_population,
    stream,
)
from lupex_worlds.ground import Ground
from lupex_worlds.recipe import Recipe
from lupex_worlds.relief import (
    BASE_CELL_M,
    EDGE_M,
    SHAPE,
    Relief,
    crater_statistics,
    make_relief,
    middle_relief,
)

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Takes the name of the stage and the fraction of it that is done."""

BASE_FILE, DETAIL_FILE, FAR_FILE, ROCKS_FILE, TRUTH_FILE = (
    "base.npy",
    "detail.npy",
    "far.npy",
    "rocks.npy",
    "truth.yaml",
)

_DETAIL_CRATERS_M = (1.0, 30.0)
"""What the orbital product cannot show; larger ones belong to the 5 m field."""
_DETAIL_EDGE_M = 10.0


@dataclass(frozen=True)
class HorizonGrid:
    """Resolution of the horizon map of a world."""

    azimuth_count: int = 96
    cell_m: float = 10.0
    shadow_step_s: float = 3.0 * 3600.0


def make_orbital(recipe: Recipe, relief: Relief, grid: HorizonGrid, progress: Progress) -> OrbitalSite:
    """Measure the relief from orbit: small craters lost, a height error, and the horizon and shadow that follow.

    Every product is computed from the DEM with its error, as it would be on Earth; nothing here knows the truth.
    """
    dem = orbital_product(
        relief.base,
        relief.craters,
        SHAPE,
        EDGE_M,
        OrbitalQuality(height_error_m=recipe.terrain.dem_error_m),
        stream(recipe.terrain.seed, "orbital error"),
    )
    horizon = compute_horizon(
        dem,
        [middle_relief(dem, relief.far), relief.far],
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
    calm = CalmPlaces(
        np.array([[0.0, 0.0], [recipe.sortie.target_x_m, recipe.sortie.target_y_m]]), detail.clear_radius_m
    )
    patch, _ = fine_patch(
        base,
        cell,
        x0,
        y0,
        nx,
        ny,
        FractalStatistics(recipe.terrain.hurst, detail.rms_deviation_m, 1.0, recipe.terrain.longest_wavelength_m),
        crater_statistics(detail.crater_density, _DETAIL_CRATERS_M, detail.crater_depth_ratio),
        SHAPE,
        seed,
        _DETAIL_EDGE_M,
        calm,
    )
    # The lander stands at height 0 of the map, so there the fine ground must meet the 5 m field.
    lift = float(patch.height(0.0, 0.0)) * np.exp(-((patch.x_m[None, :] ** 2 + patch.y_m[:, None] ** 2) / 4.0))
    ground = dataclasses.replace(patch, heights_m=(patch.heights_m - lift).astype(np.float32))
    rocks = rock_population(
        ground.bounds_m,
        RockStatistics(
            detail.rock_area_fraction,
            smallest_m=detail.rock_diameter_m[0],
            largest_m=detail.rock_diameter_m[1],
        ),
        stream(seed, "rocks"),
    )
    rocks = rocks.only(clear_of(calm, rocks))
    table = np.stack([rocks.x_m, rocks.y_m, rocks.diameter_m, rocks.height_m], axis=-1)
    return add_rocks(ground, rocks), table


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
