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

from lupex_models.craters import NO_CRATERS
from lupex_models.dem import read_dem, read_far_relief
from lupex_models.height_field import HeightField, middle_field, refine
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_models.terrain import (
    CalmPlaces,
    Craters,
    CraterShape,
    CraterStatistics,
    FractalStatistics,
    OrbitalQuality,
    RockStatistics,
    add_rocks,
    clear_of,
    fine_patch,
    orbital_product,
    rock_population,
    rough_relief,
    stream,
)
from lupex_worlds.ground import Ground
from lupex_worlds.recipe import Range, Recipe

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

_SHAPE = CraterShape()
_DETAIL_CRATERS_M = (1.0, 30.0)
"""What the orbital product cannot show; larger ones belong to the 5 m field."""
_EDGE_M = 200.0
"""Over this distance the drawn relief fades to the DEM's at the edge of the 5 m field, so that there is no cliff."""
_DETAIL_EDGE_M = 10.0
_MIDDLE_CELL_M, _MIDDLE_REACH_M, _MIDDLE_BLEND_M = 100.0, 20e3, 2e3


@dataclass(frozen=True)
class HorizonGrid:
    """Resolution of the horizon map of a world."""

    azimuth_count: int = 96
    cell_m: float = 10.0
    shadow_step_s: float = 3.0 * 3600.0


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
        _crater_statistics(terrain.crater_density, terrain.crater_diameter_m, terrain.crater_depth_ratio),
        _SHAPE,
        terrain.seed,
        _EDGE_M,
        CalmPlaces(route_points(recipe), terrain.calm_radius_m),
        Craters(*placed.reshape(-1, 4).T),
    )


def _crater_statistics(density: float, diameter_m: Range, depth_ratio: Range) -> CraterStatistics:
    oldest, youngest = (_SHAPE.fresh_depth_ratio / ratio - 1.0 for ratio in depth_ratio)
    return CraterStatistics(density, *diameter_m, oldest_decay=oldest, youngest_decay=youngest)


def route_points(recipe: Recipe) -> FloatArray:
    """Return points (n, 2) every 5 m along the straight way from the lander to the target."""
    x, y = recipe.sortie.target_x_m, recipe.sortie.target_y_m
    share = np.linspace(0.0, 1.0, max(2, math.ceil(math.hypot(x, y) / BASE_CELL_M) + 1))
    return np.stack([share * x, share * y], axis=-1)


def make_orbital(recipe: Recipe, relief: Relief, grid: HorizonGrid, progress: Progress) -> OrbitalSite:
    """Measure the relief from orbit: small craters lost, a height error, and the horizon and shadow that follow.

    Every product is computed from the DEM with its error, as it would be on Earth; nothing here knows the truth.
    """
    dem = orbital_product(
        relief.base,
        relief.craters,
        _SHAPE,
        _EDGE_M,
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


def middle_relief(near: HeightField, far: HeightField) -> HeightField:
    """Return what joins the 5 m field to the far relief: a step there would be a skyline that no eye sees."""
    return middle_field(near, far, _MIDDLE_CELL_M, _MIDDLE_REACH_M, _MIDDLE_BLEND_M)


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
        _crater_statistics(detail.crater_density, _DETAIL_CRATERS_M, detail.crater_depth_ratio),
        _SHAPE,
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
