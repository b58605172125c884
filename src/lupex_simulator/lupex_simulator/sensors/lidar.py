# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spinning lidar over the true ground: its scan pattern, noise and lost returns."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import setting
from lupex_models.rover import Lidar
from lupex_simulator.sensors.ray_casting import cast_rays, maxima_pyramid
from lupex_worlds.ground import Ground, ground_window

FloatArray = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LidarSettings:
    """What the lidar suffers from, beside its range noise (assumption, after spinning lidars on Earth)."""

    dropout: float = setting(0.005, "share of returns lost anywhere", minimum=0, maximum=1)
    grazing_loss_cosine: float = setting(
        0.03, "cosine of incidence at which half of the returns are lost", minimum=0, maximum=1
    )
    outlier: float = setting(0.0002, "share of returns at a random range", minimum=0, maximum=1)


@dataclass(frozen=True)
class SensorPose:
    """Pose in the map: REP-103 roll, pitch, yaw about x, y, z (yaw last)."""

    x_m: float
    y_m: float
    z_m: float
    roll_rad: float
    pitch_rad: float
    yaw_rad: float

    def rotation(self) -> FloatArray:
        """Return the rotation (3, 3) from the body to the map."""
        cr, sr = math.cos(self.roll_rad), math.sin(self.roll_rad)
        cp, sp = math.cos(self.pitch_rad), math.sin(self.pitch_rad)
        cy, sy = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )


def ray_directions(sensor: Lidar) -> FloatArray:
    """Return the unit directions (rows * columns, 3) in the lidar frame.

    Row by row from the lowest; azimuth counter-clockwise from x.
    """
    azimuth = np.arange(sensor.columns) * (2.0 * np.pi / sensor.columns)
    elevation = np.linspace(sensor.elevation_min_rad, sensor.elevation_max_rad, sensor.rows)
    flat = np.cos(elevation)[:, None]
    return np.stack(
        [
            (flat * np.cos(azimuth)).ravel(),
            (flat * np.sin(azimuth)).ravel(),
            np.repeat(np.sin(elevation), sensor.columns),
        ],
        axis=-1,
    )


def scan(
    ground: Ground,
    base_pose: SensorPose,
    sensor: Lidar,
    settings: LidarSettings,
    rng: np.random.Generator,
) -> Points:
    """Return one scan as float32 (n, 4): x, y, z in the lidar frame in metres, and intensity [0..1].

    `base_pose` is that of base_link. Rays that meet no ground within the range give no point. Raises ValueError when
    the pose is not finite.
    """
    if not all(math.isfinite(v) for v in vars(base_pose).values()):
        raise ValueError(f"the lidar's pose must be finite, got {base_pose}")
    rotation = base_pose.rotation()
    origin = rotation @ (sensor.x_m, sensor.y_m, sensor.z_m) + (base_pose.x_m, base_pose.y_m, base_pose.z_m)
    directions = ray_directions(sensor)
    heights, x0, y0 = ground_window(ground, origin[0], origin[1], sensor.range_max_m)
    ranges, cosines = cast_rays(
        heights,
        x0,
        y0,
        ground.detail_cell_m,
        maxima_pyramid(heights),
        origin,
        directions @ rotation.T,
        sensor.range_min_m,
        sensor.range_max_m,
    )
    return _returns(directions, ranges, cosines, sensor, settings, rng)


def _returns(
    directions: FloatArray,
    ranges: FloatArray,
    cosines: FloatArray,
    sensor: Lidar,
    settings: LidarSettings,
    rng: np.random.Generator,
) -> Points:
    """Turn true ranges into what the sensor reports: lost and wrong returns, range noise, intensity."""
    hit = np.flatnonzero(np.isfinite(ranges))
    measured, cosine = ranges[hit], cosines[hit]
    chance = rng.random((3, hit.size))
    kept_share = cosine / (cosine + settings.grazing_loss_cosine) if settings.grazing_loss_cosine > 0.0 else 1.0
    kept = (chance[0] >= settings.dropout) & (chance[1] < kept_share)
    measured = measured + rng.normal(0.0, sensor.range_sigma_m, hit.size)
    stray = chance[2] < settings.outlier
    measured[stray] = rng.uniform(sensor.range_min_m, sensor.range_max_m, int(stray.sum()))
    kept &= (measured >= sensor.range_min_m) & (measured <= sensor.range_max_m)
    points = np.empty((int(kept.sum()), 4), dtype=np.float32)
    points[:, :3] = directions[hit[kept]] * measured[kept, None]
    points[:, 3] = cosine[kept]
    return points
