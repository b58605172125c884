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
from lupex_models.horizon import HorizonMap, compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site
from lupex_models.site_frame import SiteError
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
from lupex_worlds.orbital_map.map_errors import erroneous_far, shifted_edge, track_map
from lupex_worlds.orbital_map.quality import MapQuality, draw_map_quality
from lupex_worlds.places.place_choice import recipe_of_place
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
from lupex_worlds.true_light import TrueShadow
from lupex_worlds.truth.level import KIND, TruthLevel
from lupex_worlds.truth.place_truth import recipe_at_level
from lupex_worlds.truth_draw import random_stream

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Takes the name of the stage and the fraction of it that is done."""

BASE_FILE, DETAIL_FILE, FAR_FILE, ROCKS_FILE, SHADOW_FILE, TRUTH_FILE = (
    "base.npy",
    "detail.npy",
    "far.npy",
    "rocks.npy",
    "permanent_shadow.npy",
    "truth.yaml",
)

TRUTH_MODE = 0o700
"""Of a directory that tells the truth: its owner's alone."""

_DETAIL_CRATERS_M = (1.0, 30.0)
"""What the orbital product cannot show; larger ones belong to the 5 m field."""
_DETAIL_EDGE_M = 10.0


@dataclass(frozen=True)
class HorizonGrid:
    """Resolution of the horizon map of a world."""

    azimuth_count: int = 96
    cell_m: float = 10.0
    shadow_step_s: float = 3.0 * 3600.0


@dataclass(frozen=True)
class PlaceGround:
    """What is truly there at one place, whatever the draw."""

    relief: Relief
    detail: HeightField
    rocks: FloatArray
    """(n, 4): x, y, diameter, height."""
    shadow: TrueShadow


def make_orbital(
    recipe: Recipe, relief: Relief, grid: HorizonGrid, progress: Progress, level: TruthLevel = KIND, place_seed: int = 0
) -> OrbitalSite:
    """Measure the relief from orbit: small craters lost, errors as the level says, horizon and shadow that follow.

    Every product is computed from the DEM and the far relief with their errors, as it would be on Earth; nothing here
    knows the truth. The lander is told to stand at the map's origin.
    """
    quality = draw_map_quality(level.map, random_stream(place_seed, "map quality"))
    dem = _orbital_dem(recipe, relief, quality, place_seed)
    far = erroneous_far(relief.far, quality, random_stream(place_seed, "far relief error"))
    horizon = _horizon(recipe, dem, far, grid, progress)
    progress("permanent shadow", 0.0)
    shadow = Light(relief.frame, horizon).permanent_shadow(lunar_cycle_utc_s(recipe.start_utc_s, grid.shadow_step_s))
    return OrbitalSite(
        name=recipe.name,
        frame=relief.frame,
        dem=dem,
        horizon=horizon,
        permanent_shadow=shifted_edge(shadow, horizon.cell_m, quality, random_stream(place_seed, "shadow edge")),
        lander=Pose2(0.0, 0.0, math.radians(recipe.start.lander_yaw_deg)),
        havens=tuple(Haven(haven.x_m, haven.y_m, haven.radius_m) for haven in recipe.havens),
        targets=(Target(recipe.sortie.target_x_m, recipe.sortie.target_y_m, recipe.sortie.target_name),),
        start_utc_s=recipe.start_utc_s,
        utc_offset_s=recipe.utc_offset_s,
        far=far,
        lander_sigma_m=level.start.position_sigma_m,
        lander_sigma_rad=math.radians(level.start.heading_sigma_deg),
        scan_min_s=recipe.sortie.scan_min_s,
    )


def _orbital_dem(recipe: Recipe, relief: Relief, quality: MapQuality, place_seed: int) -> HeightField:
    tracked = quality.track_spacing_m > 0.0
    # An error that knows no tracks is part of the recipe's one relief, and the same for all seeds.
    seen = orbital_product(
        relief.base,
        relief.craters,
        SHAPE,
        EDGE_M,
        OrbitalQuality(height_error_m=0.0 if tracked else quality.height_rms_m),
        stream(recipe.terrain.seed, "orbital error"),
    )
    if not tracked:
        return seen
    to_pole_x, to_pole_y = (-value for value in relief.frame.grid_origin_m)
    try:
        return track_map(seen, math.atan2(to_pole_y, to_pole_x), quality, random_stream(place_seed, "map error")).dem
    except ValueError as error:
        raise SiteError(f"no orbital map of the level can be made of this relief: {error}") from error


def _horizon(recipe: Recipe, near: HeightField, far: HeightField, grid: HorizonGrid, progress: Progress) -> HorizonMap:
    return compute_horizon(
        near,
        [middle_relief(near, far), far],
        grid.azimuth_count,
        recipe.dem.observer_height_m,
        lambda done: progress("horizon map", done),
        observer_cell_m=grid.cell_m,
        far_range_m=recipe.dem.far_radius_m,
    )


def make_true_shadow(recipe: Recipe, relief: Relief, grid: HorizonGrid) -> TrueShadow:
    """Find where the Sun never shines on the true relief of 5 m and more."""
    horizon = _horizon(recipe, relief.base, relief.far, grid, lambda stage, done: None)
    times = lunar_cycle_utc_s(recipe.start_utc_s, grid.shadow_step_s)
    mask = Light(relief.frame, horizon).permanent_shadow(times)
    return TrueShadow(mask, horizon.x0_m, horizon.y0_m, horizon.cell_m)


def make_detail(recipe: Recipe, base: HeightField, seed: int) -> tuple[HeightField, FloatArray]:
    """Draw the fine ground of one place; returns (heights, rocks (n, 4): x, y, diameter, height).

    Around lander and target lie no craters or rocks as far as the recipe clears them.
    """
    detail = recipe.truth.detail
    cell = detail.cell_m
    x0, y0 = (BASE_CELL_M * math.floor(v / BASE_CELL_M) for v in (detail.x_min_m, detail.y_min_m))
    nx, ny = round((detail.x_max_m - x0) / cell) + 1, round((detail.y_max_m - y0) / cell) + 1
    calm = CalmPlaces(
        np.array([[0.0, 0.0], [recipe.sortie.target_x_m, recipe.sortie.target_y_m]]), detail.clear_radius_m
    )
    ground, _ = fine_patch(
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


def write_truth(directory: Path, truth: PlaceGround, place_seed: int, recipe: Recipe, level: TruthLevel = KIND) -> None:
    """Write what only the simulator opens into a directory, which is made if absent; the same for all draws.

    It is closed to other users: autonomy that runs as one of them is given `orbital/` alone.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(TRUTH_MODE)
    relief, detail = truth.relief, truth.detail
    np.save(directory / BASE_FILE, relief.base.heights_m)
    np.save(directory / DETAIL_FILE, detail.heights_m)
    np.save(directory / FAR_FILE, relief.far.heights_m)
    np.save(directory / ROCKS_FILE, truth.rocks)
    np.save(directory / SHADOW_FILE, truth.shadow.mask)
    values = {
        "place_seed": place_seed,
        "base": _grid(relief.base),
        "detail": _grid(detail),
        "far": _grid(relief.far),
        "shadow": _grid(truth.shadow),
        "start": {"soc": recipe.start.soc, "battery_temperature_k": recipe.start.battery_temperature_k},
        "truth": _plain(dataclasses.asdict(recipe.truth)),
        "level": {"name": level.name, **_plain(level.place_part)},
    }
    (directory / TRUTH_FILE).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make_world(
    directory: Path,
    recipe: Recipe,
    place_seed: int,
    progress: Progress,
    grid: HorizonGrid | None = None,
    level: TruthLevel = KIND,
) -> None:
    """Make the world of one place in a directory: `orbital/` and `truth/`, for all draws of the level.

    Raises SiteError where no place can be found or made.
    """
    grid = grid or HorizonGrid()
    recipe = recipe_at_level(recipe, level.place)
    if recipe.places is not None:
        progress("place", 0.0)
        recipe = recipe_of_place(recipe, place_seed)
    progress("relief", 0.0)
    relief = make_relief(recipe)
    progress("fine ground", 0.0)
    detail, rocks = make_detail(recipe, relief.base, place_seed)
    progress("horizon map", 0.0)
    site = make_orbital(recipe, relief, grid, progress, level, place_seed)
    progress("true shadow", 0.0)
    truth = PlaceGround(relief, detail, rocks, make_true_shadow(recipe, relief, grid))
    progress("writing", 0.0)
    write_truth(directory / "truth", truth, place_seed, recipe, level)
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


def _grid(field: HeightField | TrueShadow) -> dict[str, float]:
    return {"x0_m": float(field.x0_m), "y0_m": float(field.y0_m), "cell_m": float(field.cell_m)}


def _plain(values: dict[str, object]) -> dict[str, object]:
    """Tuples become lists: plain YAML has no tuples."""
    return {
        key: _plain(value) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
    }
