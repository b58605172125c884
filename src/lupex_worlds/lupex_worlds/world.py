# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An opened world: the true ground, soil, light and strata of one run. Only the simulator opens `truth/`."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting
from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_models.light import disc_fraction, tilt
from lupex_models.site import OrbitalSite, SiteError, open_site
from lupex_models.site_frame import SiteFrame
from lupex_worlds.ground import Ground, ground_height, ground_heights, ground_slope
from lupex_worlds.recipe import Truth
from lupex_worlds.relief import middle_relief
from lupex_worlds.strata import Strata, draw_strata
from lupex_worlds.truth_draw import PatchySoil, VehicleDraw, draw_soil, draw_vehicle, random_stream
from lupex_worlds.world_making import (
    BASE_FILE,
    DETAIL_FILE,
    FAR_FILE,
    ROCKS_FILE,
    TRUTH_FILE,
    true_ground,
)

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Grid:
    x0_m: float = setting(unit="m")
    y0_m: float = setting(unit="m")
    cell_m: float = setting(unit="m", minimum=1e-3)


@dataclass(frozen=True)
class _Start:
    soc: float = setting(minimum=0, maximum=1)
    battery_temperature_k: float = setting(unit="K", minimum=100, maximum=400)


@dataclass(frozen=True)
class _TruthFile:
    base: _Grid
    detail: _Grid
    far: _Grid
    start: _Start
    truth: Truth
    seed: int = setting(minimum=0)


@dataclass(frozen=True)
class LightSettings:
    """How the true skyline is looked for: finely near the rover, coarsely far away."""

    fine_reach_m: float = setting(60.0, "looked at in steps of half a fine cell", unit="m", minimum=0, maximum=1000)
    middle_step_m: float = setting(100.0, "between 5 m field and far relief", unit="m", minimum=10, maximum=5000)
    far_step_m: float = setting(400.0, "in the far relief", unit="m", minimum=10, maximum=5000)


@dataclass(frozen=True)
class TrueLight:
    """The Sun against the true skyline, looked for in the fine ground, the 5 m field, the middle and the far relief."""

    frame: SiteFrame
    ground: Ground
    middle: HeightField
    far: HeightField
    settings: LightSettings

    def skyline_rad(self, x_m: float, y_m: float, z_m: float, grid_azimuth_rad: float) -> float:
        """Return the skyline's elevation seen from a point of the map (z in the map frame)."""
        return float(
            _skyline(
                self.ground,
                self.middle.heights_m,
                np.array([self.middle.x0_m, self.middle.y0_m, self.middle.cell_m, self.settings.middle_step_m]),
                self.far.heights_m,
                np.array([self.far.x0_m, self.far.y0_m, self.far.cell_m, self.settings.far_step_m]),
                np.array([x_m, y_m, z_m]),
                grid_azimuth_rad,
                self.settings.fine_reach_m,
            )
        )

    def sunlit_fraction(self, x_m: float, y_m: float, height_m: float, utc_s: float) -> float:
        """Return the share [0..1] of the solar disc seen from height_m above the ground at a place.

        0 where the ground is not known: unknown is no light.
        """
        z = ground_height(self.ground, x_m, y_m) + height_m
        if not math.isfinite(z):
            return 0.0
        sun = self.frame.sun(utc_s)
        azimuth = float(sun.grid_azimuth_rad)
        elevation = float(sun.elevation_rad) + float(tilt(x_m, y_m, azimuth))
        skyline = self.skyline_rad(x_m, y_m, z, azimuth)
        return float(disc_fraction(elevation, skyline, sun.angular_radius_rad))


@dataclass(frozen=True)
class World:
    """Everything true of one run. `site` is the orbital product that autonomy is given."""

    name: str
    seed: int
    site: OrbitalSite
    ground: Ground
    rocks: FloatArray
    """(n, 4): x, y, diameter, height."""
    light: TrueLight
    soil: PatchySoil
    vehicle: VehicleDraw
    strata: Strata
    start_soc: float
    start_battery_temperature_k: float

    @property
    def frame(self) -> SiteFrame:
        """The map frame."""
        return self.site.frame

    def height(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Return the true height for broadcastable shapes; nan outside the 5 m field."""
        x, y = np.broadcast_arrays(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
        return np.asarray(ground_heights(self.ground, x.ravel(), y.ravel()).reshape(x.shape)[()])

    def slope(self, x_m: float, y_m: float, span_m: float) -> tuple[float, float]:
        """Return (dz/dx, dz/dy) over `span_m`; nan where the ground is not known."""
        dz_dx, dz_dy = ground_slope(self.ground, x_m, y_m, span_m)
        return float(dz_dx), float(dz_dy)

    def soil_rows(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Return the soils of n places as rows (n, 6) in the order of Soil's fields."""
        return np.stack([self.soil.at(float(x), float(y)).as_row() for x, y in zip(x_m, y_m)])

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the run's random generator of one purpose, e.g. the noise of one sensor."""
        return random_stream(self.seed, purpose)


def open_world(directory: Path, light_settings: LightSettings | None = None) -> World:
    """Open a world that prepare_world made; raises SiteError in one sentence when it is absent or damaged."""
    directory = Path(directory)
    if not (directory / "truth" / TRUTH_FILE).is_file():
        raise SiteError(f"{directory}: holds no world; make one with 'prepare_world NAME'")
    site = open_site(directory / "orbital")
    truth_directory = directory / "truth"
    source = truth_directory / TRUTH_FILE
    try:
        values = from_mapping(_TruthFile, read_yaml(source), str(source))
    except ConfigurationError as error:
        raise SiteError(str(error)) from error
    base = _field(truth_directory / BASE_FILE, values.base)
    detail = _field(truth_directory / DETAIL_FILE, values.detail)
    far = _field(truth_directory / FAR_FILE, values.far)
    ground = true_ground(base, detail)
    return World(
        name=site.name,
        seed=values.seed,
        site=site,
        ground=ground,
        rocks=_load(truth_directory / ROCKS_FILE),
        light=TrueLight(site.frame, ground, middle_relief(base, far), far, light_settings or LightSettings()),
        soil=draw_soil(values.truth.soil, random_stream(values.seed, "soil")),
        vehicle=draw_vehicle(values.truth.vehicle, random_stream(values.seed, "vehicle")),
        strata=draw_strata(values.truth.strata, _ShadowMask(site), random_stream(values.seed, "strata")),
        start_soc=values.start.soc,
        start_battery_temperature_k=values.start.battery_temperature_k,
    )


@dataclass(frozen=True)
class _ShadowMask:
    """Tells of a place whether it never sees the Sun; False outside the map."""

    site: OrbitalSite

    def __call__(self, x_m: float, y_m: float) -> bool:
        shadow, horizon = self.site.permanent_shadow, self.site.horizon
        if shadow is None:
            return False
        row = math.floor((y_m - horizon.y0_m) / horizon.cell_m + 0.5)
        column = math.floor((x_m - horizon.x0_m) / horizon.cell_m + 0.5)
        inside = 0 <= row < shadow.shape[0] and 0 <= column < shadow.shape[1]
        return bool(inside and shadow[row, column])


def _field(path: Path, grid: _Grid) -> HeightField:
    heights = _load(path)
    try:
        return HeightField(heights, **dataclasses.asdict(grid))
    except ValueError as error:
        raise SiteError(f"{path}: is no height field ({error})") from error


def _load(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SiteError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error


@njit(cache=True)
def _skyline(
    ground: Ground,
    middle: Float32Array,
    middle_grid: FloatArray,
    far: Float32Array,
    far_grid: FloatArray,
    eye: FloatArray,
    azimuth: float,
    fine_reach: float,
) -> float:
    """March outwards; every height pays the drop d^2 / 2R. A grid is x0, y0, cell and step."""
    dx, dy = math.sin(azimuth), math.cos(azimuth)
    best = -1.0
    d = 0.5 * ground.detail_cell_m
    while True:
        z = ground_height(ground, eye[0] + d * dx, eye[1] + d * dy)
        if not math.isfinite(z):
            break
        best = max(best, (z - eye[2] - d * d / (2.0 * MOON_RADIUS_M)) / d)
        d += 0.5 * (ground.detail_cell_m if d < fine_reach else ground.base_cell_m)
    best, d = _march(middle, middle_grid, eye, dx, dy, d, best)
    best, d = _march(far, far_grid, eye, dx, dy, d, best)
    return math.atan(best)


@njit(cache=True)
def _march(
    heights: Float32Array, grid: FloatArray, eye: FloatArray, dx: float, dy: float, d: float, best: float
) -> tuple[float, float]:
    """Return the steepest tangent so far and the distance at which the line leaves the grid."""
    while True:
        z = bilinear(heights, (eye[0] + d * dx - grid[0]) / grid[2], (eye[1] + d * dy - grid[1]) / grid[2])
        if not math.isfinite(z):
            return best, d
        best = max(best, (z - eye[2] - d * d / (2.0 * MOON_RADIUS_M)) / d)
        d += grid[3]
