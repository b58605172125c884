# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An opened world: the true ground of a place and what a draw makes of it. Only the simulator opens `truth/`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting
from lupex_models.height_field import HeightField
from lupex_models.site import OrbitalSite, Pose2, SiteError, open_site
from lupex_models.site_frame import SiteFrame
from lupex_worlds.ground import Ground, ground_heights, ground_slope
from lupex_worlds.recipe import Truth
from lupex_worlds.relief import middle_relief
from lupex_worlds.start_pose import Footing, draw_start_pose
from lupex_worlds.strata import Strata, draw_strata
from lupex_worlds.true_light import LightSettings, TrueLight, TrueShadow
from lupex_worlds.truth.encoder_truth import EncoderDraw, draw_encoders
from lupex_worlds.truth.level import KIND, TruthLevel
from lupex_worlds.truth.sensor_truth import SensorDraw, draw_sensors
from lupex_worlds.truth.soil_truth import TrueSoil, draw_soil
from lupex_worlds.truth.vehicle_truth import VehicleDraw, draw_vehicle
from lupex_worlds.truth_draw import random_stream
from lupex_worlds.world_making import (
    BASE_FILE,
    DETAIL_FILE,
    FAR_FILE,
    ROCKS_FILE,
    SHADOW_FILE,
    TRUTH_FILE,
    true_ground,
)

FloatArray = npt.NDArray[np.float64]


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
    shadow: _Grid
    start: _Start
    truth: Truth
    level: TruthLevel
    place_seed: int = setting(minimum=0)


@dataclass(frozen=True)
class World:
    """Everything true of one run. `site` is the orbital product that autonomy is given."""

    name: str
    level: TruthLevel
    place_seed: int
    seed: int
    """Of the draw: all that may differ between runs at one place."""
    site: OrbitalSite
    start_pose: Pose2
    """Where the lander truly stands and the rover begins; `site.lander` is what autonomy is told."""
    ground: Ground
    rocks: FloatArray
    """(n, 4): x, y, diameter, height."""
    light: TrueLight
    soil: TrueSoil
    encoders: EncoderDraw
    vehicle: VehicleDraw
    sensors: SensorDraw
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
        """Return the soils of n places as rows (n, 7), as TrueSoil.rows."""
        return self.soil.rows(x_m, y_m)

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the run's random generator of one purpose, e.g. the noise of one sensor."""
        return random_stream(self.seed, purpose)


def open_world(
    directory: Path,
    level: TruthLevel | None = None,
    draw_seed: int | None = None,
    light_settings: LightSettings | None = None,
) -> World:
    """Open a world that prepare_world made, and draw from the level what differs from run to run.

    The draw's seed is the place's where none is given. Raises SiteError in one sentence when the world is absent or
    damaged, or was made at another level; without a level it must be one of `kind`.
    """
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
    level = _level(directory, values.level, level)
    seed = values.place_seed if draw_seed is None else draw_seed
    base = _field(truth_directory / BASE_FILE, values.base)
    detail = _field(truth_directory / DETAIL_FILE, values.detail)
    far = _field(truth_directory / FAR_FILE, values.far)
    ground = true_ground(base, detail)
    rocks = _load(truth_directory / ROCKS_FILE)
    light = TrueLight(site.frame, ground, middle_relief(base, far), far, light_settings or LightSettings())
    shadow = TrueShadow(_load(truth_directory / SHADOW_FILE), **dataclasses.asdict(values.shadow))
    return World(
        name=site.name,
        level=level,
        place_seed=values.place_seed,
        seed=seed,
        site=site,
        start_pose=draw_start_pose(
            level.start, site.lander, Footing(level.start, site, ground, rocks, light), random_stream(seed, "start")
        ),
        ground=ground,
        rocks=rocks,
        light=light,
        soil=draw_soil(level.ground, random_stream(seed, "soil"), _clear_places(site)),
        encoders=draw_encoders(level.encoders, random_stream(seed, "encoders")),
        vehicle=draw_vehicle(level.vehicle, random_stream(seed, "vehicle")),
        sensors=draw_sensors(level.sensors, seed),
        strata=draw_strata(values.truth.strata, shadow, random_stream(seed, "strata")),
        start_soc=values.start.soc,
        start_battery_temperature_k=values.start.battery_temperature_k,
    )


def _clear_places(site: OrbitalSite) -> list[tuple[float, float]]:
    """Lander and targets, which no weak patch comes near."""
    return [(site.lander.x_m, site.lander.y_m), *((target.x_m, target.y_m) for target in site.targets)]


def _level(directory: Path, made_at: TruthLevel, asked: TruthLevel | None) -> TruthLevel:
    level = KIND if asked is None else asked
    if level.place_part != made_at.place_part:
        raise SiteError(
            f"{directory}: was made at the truth level '{made_at.name}' and cannot be opened at '{level.name}'; "
            "make it with 'prepare_world' at that level"
        )
    return level


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
