# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A wall that falls into the dark, its rocks, the world's own soil and tracks on it, and a planner over its map."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.rover import Rover
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, open_site, write_site
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import GridConfig, MapErrorConfig, PathPlanningConfig, RecoveryConfig
from lupex_path_planning.site_planner import SitePlanner, site_planner
from lupex_path_planning.sortie.plan import Visit
from lupex_simulator.crawler.true_locomotion import Track, true_track
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.truth.soil_truth import TrueSoil, draw_soil

ROOT = Path(__file__).resolve().parents[2]
SIDE, CELL_M = 200, 5.0
WEST_M, SOUTH_M = -100.0, -500.0
LIT_TO_M = 30.0
UTC_OFFSET_S, START_S = 1.855e9, 1000.0
SERVICE_S, SERVICE_W = 1800.0, 60.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Wall:
    """A monotone wall that falls to the east, gentler in one place, with rocks that the map does not show."""

    angle_deg: float
    fall_m: float
    gentler_deg: float
    gentler_y_m: float
    rock_share: float


@dataclass(frozen=True)
class Soils:
    """The soil of a draw, and down the wall another one into which it goes over."""

    above: TrueSoil
    below: TrueSoil
    begin_m: float
    end_m: float

    def row(self, x_m: float, y_m: float) -> NDArray[np.float64]:
        """Return the soil at a place, as a row for the tracks."""
        share = min(max((x_m - self.begin_m) / (self.end_m - self.begin_m), 0.0), 1.0)
        above, below = self.above.rows(x_m, y_m)[0], self.below.rows(x_m, y_m)[0]
        return np.asarray((1.0 - share) * above + share * below)


@dataclass(frozen=True)
class Scene:
    """One traverse's ground, and the truth of its soil."""

    wall: Wall
    planner: SitePlanner
    target: tuple[float, float]
    rocks: Mask
    soil: Soils
    track: Track
    slope: tuple[NDArray[np.float64], NDArray[np.float64]]


def draw_wall(rng: np.random.Generator) -> Wall:
    """Draw a wall of 8 to 20 deg."""
    angle = float(rng.uniform(8.0, 20.0))
    return Wall(
        angle,
        float(rng.uniform(60.0, 160.0)),
        float(angle - rng.uniform(1.0, 6.0)),
        float(rng.uniform(-150.0, 150.0)),
        float(rng.choice([0.0, 0.03])),
    )


def scene(seed: int, level: str, rover: Rover, directory: Path) -> Scene:
    """Draw a scene; the map shows the heights as they are."""
    rng = np.random.default_rng([seed, 31])
    wall = draw_wall(rng)
    x = WEST_M + CELL_M * np.arange(SIDE)
    y = SOUTH_M + CELL_M * np.arange(SIDE)
    heights = _heights(wall, x, y, rng)
    end_m = LIT_TO_M + 40.0 + wall.fall_m
    target = (end_m + 60.0, 0.0)
    planner = _planner(directory, heights, target, rover)
    grid = planner.grid
    rocks = rng.random(grid.shape) < wall.rock_share
    gx, gy = grid.centres()
    for place in ((0.0, 0.0), target):
        rocks &= np.hypot(gx - place[0], gy - place[1]) > 15.0
    truth = read_level(level, [ROOT / "worlds"])
    above = draw_soil(truth.ground, np.random.default_rng([seed, 32]), clear=((0.0, 0.0),))
    # every other wall leads into soil far outside what the rover's file foresees
    weaker = replace(truth.ground, friction_angle_deg=(14.0, 26.0), shear_modulus_m=(0.04, 0.12))
    spread = weaker if rng.random() < 0.6 else truth.ground
    below = draw_soil(spread, np.random.default_rng([seed, 34]), clear=())
    begin_m = LIT_TO_M + float(rng.uniform(0.0, 40.0))
    soil = Soils(above, below, begin_m, begin_m + wall.fall_m)
    return Scene(wall, planner, target, rocks, soil, true_track(rover, above.grip), (grid.slope_x, grid.slope_y))


def _heights(
    wall: Wall, x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    begin, fade = LIT_TO_M + 20.0, 25.0
    share = np.clip((x - begin) / fade, 0.0, 1.0) * np.clip((begin + wall.fall_m + fade - x) / fade, 0.0, 1.0)
    gentle = np.exp(-(((y - wall.gentler_y_m) / 60.0) ** 2))
    steep = np.tan(np.radians(wall.angle_deg + (wall.gentler_deg - wall.angle_deg) * gentle))
    fallen = -np.cumsum(np.outer(steep, share), axis=1) * CELL_M
    waves = np.zeros_like(fallen)
    for _ in range(12):
        length, along, phase = rng.uniform(40.0, 150.0), rng.uniform(0.0, math.tau), rng.uniform(0.0, math.tau)
        k = math.tau / length
        waves += np.cos(k * (math.cos(along) * x[None] + math.sin(along) * y[:, None]) + phase) / k
    return np.asarray(fallen + math.radians(1.5) * math.sqrt(2.0 / 12.0) * waves, np.float32)


def _planner(directory: Path, heights: NDArray[np.float32], target: tuple[float, float], rover: Rover) -> SitePlanner:
    dem = HeightField(heights, WEST_M, SOUTH_M, CELL_M)
    count = round(SIDE * CELL_M / 20.0) + 4
    counts = np.full((36, count, count), -300, np.int16)
    counts[:, :, round((LIT_TO_M - WEST_M) / 20.0) + 1 :] = 2000
    horizon = HorizonMap(counts, WEST_M - 20.0, SOUTH_M - 20.0, 20.0, 1.5)
    frame = SiteFrame(math.radians(-89.5), 0.0, 0.0)
    lander, havens, targets = Pose2(0.0, 0.0, 0.0), (Haven(0.0, 0.0, 10.0),), (Target(*target, "dark"),)
    utc_s = UTC_OFFSET_S + START_S
    site = OrbitalSite("wall", frame, dem, horizon, counts[0] > 0, lander, havens, targets, utc_s, UTC_OFFSET_S)
    write_site(directory, site)
    config = PathPlanningConfig(
        rover="",
        site="",
        grid=GridConfig(pad_m=120.0),
        recovery=RecoveryConfig(slice_s=900.0, horizon_s=86_400.0),
        map_error=MapErrorConfig(members=0),
    )
    return site_planner(config, rover, open_site(directory))


def can_be_planned(scene: Scene) -> bool:
    """Tell whether there is a plan to the target with a full battery, on the soil foreseen and without rocks."""
    planner = scene.planner
    policy = planner.recover(START_S, UTC_OFFSET_S)
    energy_j = 3600.0 * planner.rover.battery.capacity_wh
    return planner.plan(policy, (0.0, 0.0), START_S, energy_j, [Visit(*scene.target, SERVICE_S, SERVICE_W)]).feasible
