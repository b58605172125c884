# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the true lidar would have told in place of Gazebo's, which is mounted exactly and scans in an instant."""

import math

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Lidar
from lupex_simulator.sensors.lidar_returns import dust_share
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_simulator.sensors.sky_sensors import rotation_from_vector, rotation_vector
from lupex_worlds.truth.lidar_truth import LidarDraw

FloatArray = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


def told_cloud(
    points: Points,
    poses: tuple[SensorPose, SensorPose],
    sensor: Lidar,
    draw: LidarDraw,
    rng: np.random.Generator,
    *,
    track_mps: float = 0.0,
) -> Points:
    """Return Gazebo's points (n, 4) as told with the true mounting, with motion during the scan, and with dust.

    `poses` are those of base_link at the scan's first column and at its stamp. A point is told from where the lidar
    stood when it swept its azimuth. Noise of range is Gazebo's own; losses by incidence are not told, for its cloud
    holds none.
    """
    start, end = poses
    out = points
    if start != end or any(draw.mounting_rad):
        out = points.copy()
        out[:, :3] = _seen_from_the_sweep(points[:, :3].astype(np.float64), start, end, sensor, draw)
    share = dust_share(draw, track_mps)
    if share > 0.0:
        out = out.copy()
        dusty = np.flatnonzero(rng.random(len(out)) < share)
        near_m = sensor.range_min_m + rng.exponential(draw.dust_depth_m, dusty.size)
        scale = near_m / np.linalg.norm(out[dusty, :3], axis=1)
        out[dusty, :3] *= np.minimum(scale, 1.0)[:, None]
    return out


def _seen_from_the_sweep(
    points: FloatArray, start: SensorPose, end: SensorPose, sensor: Lidar, draw: LidarDraw
) -> FloatArray:
    mounting = rotation_from_vector(np.array(draw.mounting_rad))
    base_start, base_end = start.rotation(), end.rotation()
    offset = np.array([sensor.x_m, sensor.y_m, sensor.z_m])
    way = base_end @ offset - base_start @ offset
    way += (end.x_m - start.x_m, end.y_m - start.y_m, end.z_m - start.z_m)
    left = 1.0 - (np.arctan2(points[:, 1], points[:, 0]) % math.tau) / math.tau
    # undo, for each point, the motion from its column to the stamp
    moved = points + left[:, None] * (base_end.T @ way)
    turn = rotation_vector(base_start.T @ base_end)
    angle = float(np.linalg.norm(turn))
    if angle > 0.0:
        axis, theta = turn / angle, (left * angle)[:, None]
        along = (moved @ axis)[:, None] * axis
        moved = along + np.cos(theta) * (moved - along) + np.sin(theta) * np.cross(axis, moved)
    return np.asarray(moved @ mounting)
