# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Random placements of the exactly settled vehicle on mapped ground, beside how the map foretold it to stand."""

import math
from dataclasses import dataclass

import numpy as np

from lupex_system_tests.measured_drive import ROVER, MeasuredDrive, level
from lupex_system_tests.measured_ground import relief
from lupex_traversability.config import MapConfig, StandConfig
from lupex_traversability.elevation_map import ElevationMap
from lupex_traversability.stand_bound import StandBound
from lupex_worlds.contact_plane import CLEARANCE, MAX_STEP, settle

DRIVEN_M = 6.0
HALF_M = 20.0
CLEAR_M = 2.5
NOWHERE = 1e9
ROUGHNESS = ((0.03, 0.0), (0.07, 0.05), (0.12, 0.15))
"""Of even, usual and bad ground: rms height difference over 1 m [m], rocks a square metre."""
UNITS = np.array([[sx * ROVER.crawler.unit_x_m, sy * ROVER.crawler.unit_y_m] for sx in (1, -1) for sy in (1, -1)])
CONTACT = np.array([ROVER.crawler.track_length_m, ROVER.crawler.track_width_m])
LEVEL = level("nominal")


@dataclass(frozen=True)
class Trials:
    """Placements (n,): tilt [rad], ground above the vehicle's plane under a track [m], room beneath the belly [m]."""

    true_tilt: np.ndarray
    told_tilt: np.ndarray
    true_step: np.ndarray
    told_step: np.ndarray
    true_room: np.ndarray
    told_room: np.ndarray

    @property
    def violations(self) -> int:
        """Return how many stand worse than was told."""
        worse = (self.true_tilt > self.told_tilt) | (self.true_step > self.told_step)
        return int(np.count_nonzero(worse | (self.true_room < self.told_room)))

    def pessimism(self) -> np.ndarray:
        """Return told over true, of tilts over 5 deg and of steps over 0.1 m."""
        steep, high = self.true_tilt > math.radians(5.0), self.true_step > 0.1
        return np.concatenate(
            [self.told_tilt[steep] / self.true_tilt[steep], self.told_step[high] / self.true_step[high]]
        )


def rocky(seed, deviation_m, rocks_1_m2, slope):
    """Return relief with rocks as half ellipsoids of 0.6 to 1.8 m, up to 0.6 of their radius high."""
    ground = relief(seed, half_m=2.0 * HALF_M, deviation_m=deviation_m, slope=tuple(slope))
    rng = np.random.default_rng([seed, 9])
    heights, x0, y0, cell = ground[:4]
    heights = heights.copy()
    x = x0 + cell * np.arange(heights.shape[1])
    y = y0 + cell * np.arange(heights.shape[0])
    for _ in range(rng.poisson(rocks_1_m2 * (2.0 * HALF_M) ** 2)):
        at, radius = rng.uniform(-HALF_M, HALF_M, 2), rng.uniform(0.3, 0.9)
        tall = rng.uniform(0.05, 0.6) * radius
        if math.hypot(*at) < CLEAR_M:
            continue
        columns, rows = np.abs(x - at[0]) < radius, np.abs(y - at[1]) < radius
        off = ((x[columns][None, :] - at[0]) ** 2 + (y[rows][:, None] - at[1]) ** 2) / radius**2
        heights[np.ix_(rows, columns)] += tall * np.sqrt(np.clip(1.0 - off, 0.0, 1.0))
    return ground._replace(detail=heights.astype(np.float32))


def mapped(seed, ground, cell_m=0.2, size_m=24.0):
    """Return the map that a short drive over the ground gives, by the world's own lidar."""
    rng = np.random.default_rng([seed, 10])
    drive = MeasuredDrive(ground, LEVEL, seed, yaw_rad=rng.uniform(-3.0, 3.0))
    made = ElevationMap(MapConfig(cell_m=cell_m, size_m=size_m), ROVER.lidar, ROVER.body)
    while drive.distance_m < DRIVEN_M:
        step = drive.step(0.1, 0.05 * math.sin(drive.time_s / 20.0))
        if step.cloud is not None:
            made.insert(step.cloud.astype(np.float32), drive.position, drive.rotation)
    return made


def trials(seed, roughness, placements, config=None, cell_m=0.2):
    """Place the vehicle anywhere on cells of which the map tells how it would stand, at any heading and steering."""
    rng = np.random.default_rng([seed, 11])
    ground = rocky(seed, *ROUGHNESS[roughness], rng.uniform(-0.25, 0.25, 2))
    made = mapped(seed, ground, cell_m)
    told = StandBound(config or StandConfig(), ROVER, cell_m).of(made)
    rows, columns = np.nonzero(np.isfinite(told.tilt_rad))
    pick = rng.integers(0, rows.size, placements)
    found = []
    for row, column in zip(rows[pick], columns[pick], strict=True):
        place = made.origin_m + cell_m * (np.array([column, row]) + rng.random(2))
        found.append(settled(ground, *place, rng.uniform(-math.pi, math.pi), steering(rng)))
    at = rows[pick], columns[pick]
    tilt, step, room = np.array(found).T
    return Trials(tilt, told.tilt_rad[at], step, told.step_m[at], room, told.clearance_m[at])


def steering(rng):
    """Return angles of the units for a line, or for a turn on the spot."""
    angle = rng.uniform(-math.pi / 2, math.pi / 2)
    return angle * (np.ones(4) if rng.random() < 0.5 else np.array([1.0, -1.0, -1.0, 1.0]))


def settled(ground, x_m, y_m, yaw_rad, steer_rad):
    """Return tilt, step and room of the vehicle as the world settles it."""
    limits = np.zeros(11)
    limits[CLEARANCE] = NOWHERE
    _, pitch, roll, step_m = settle(ground, UNITS, CONTACT, limits, x_m, y_m, yaw_rad, steer_rad, np.zeros(4))
    limits[CLEARANCE], limits[MAX_STEP] = 0.0, NOWHERE
    belly_m = settle(ground, UNITS, CONTACT, limits, x_m, y_m, yaw_rad, steer_rad, np.zeros(4))[3]
    return math.acos(math.cos(pitch) * math.cos(roll)), step_m, ROVER.body.clearance_m - belly_m
