# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spinning lidar over the true ground: its scan pattern, and a scan while the rover moves."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Lidar
from lupex_simulator.sensors.column_rays import Sweep, Window, cast_columns
from lupex_simulator.sensors.lidar_returns import told_returns, with_dust
from lupex_simulator.sensors.ray_casting import cast_rays, maxima_pyramid
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_simulator.sensors.sky_sensors import rotation_from_vector, rotation_vector
from lupex_worlds.ground import Ground, ground_window
from lupex_worlds.truth.lidar_truth import LidarDraw

FloatArray = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


@lru_cache(maxsize=4)
def ray_directions(sensor: Lidar) -> FloatArray:
    """Return the unit directions (rows * columns, 3) in the lidar frame.

    Row by row from the lowest; azimuth counter-clockwise from x. The array is shared: it cannot be written.
    """
    azimuth = np.arange(sensor.columns) * (2.0 * np.pi / sensor.columns)
    elevation = np.linspace(sensor.elevation_min_rad, sensor.elevation_max_rad, sensor.rows)
    flat = np.cos(elevation)[:, None]
    directions = np.stack(
        [
            (flat * np.cos(azimuth)).ravel(),
            (flat * np.sin(azimuth)).ravel(),
            np.repeat(np.sin(elevation), sensor.columns),
        ],
        axis=-1,
    )
    directions.flags.writeable = False
    return directions


def scan(
    ground: Ground,
    poses: tuple[SensorPose, SensorPose],
    sensor: Lidar,
    draw: LidarDraw,
    rng: np.random.Generator,
    *,
    track_mps: float = 0.0,
) -> Points:
    """Return one scan as float32 (n, 4): x, y, z in the lidar frame in metres, and intensity [0..1].

    `poses` are those of base_link at the first column and at the stamp, between which it moves uniformly; `track_mps`
    stirs dust. Points are told as a driver does that knows neither motion nor mounting: along the ray's own direction
    in the frame of the stamp. Rays that meet no ground within the range give no point. Raises ValueError when a pose is
    not finite.
    """
    start, end = poses
    if not all(math.isfinite(v) for pose in poses for v in vars(pose).values()):
        raise ValueError(f"the lidar's pose must be finite, got {start} and {end}")
    mounting = rotation_from_vector(np.array(draw.mounting_rad))
    offset = np.array([sensor.x_m, sensor.y_m, sensor.z_m])
    base_start, base_end = start.rotation(), end.rotation()
    origin_start, origin_end = base_start @ offset + _place(start), base_end @ offset + _place(end)
    rotation = base_end @ mounting
    directions = ray_directions(sensor)
    way_m = float(np.linalg.norm(origin_end - origin_start))
    heights, x0, y0 = ground_window(ground, origin_end[0], origin_end[1], sensor.range_max_m + way_m)
    window = Window(heights, x0, y0, ground.detail_cell_m, maxima_pyramid(heights))
    if start == end:
        ranges, cosines = cast_rays(
            *window, origin_end, directions @ rotation.T, sensor.range_min_m, sensor.range_max_m
        )
    else:
        turn = mounting.T @ rotation_vector(base_start.T @ base_end)
        sweep = Sweep(origin_start, origin_end, base_start @ mounting, turn)
        pattern = directions.reshape(sensor.rows, sensor.columns, 3)
        found = cast_columns(window, sweep, pattern, sensor.range_min_m, sensor.range_max_m)
        ranges, cosines = found[0].ravel(), found[1].ravel()
    places = None
    if draw.albedo_log_sigma > 0.0:
        # as seen from the stamp's pose: the motion is small against a patch
        places = origin_end[:2] + ranges[:, None] * (directions @ rotation[:2].T)
    told = told_returns(draw, sensor, ranges, cosines, places, rng)
    index, measured, strength = with_dust(draw, sensor, told, ranges.size, track_mps, rng)
    points = np.empty((index.size, 4), dtype=np.float32)
    points[:, :3] = directions[index] * measured[:, None]
    points[:, 3] = strength
    return points


def _place(pose: SensorPose) -> FloatArray:
    return np.array([pose.x_m, pose.y_m, pose.z_m])
