# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What of Gazebo's cloud is ground: returns within reach, and not of the rover itself."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover

Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Hull:
    """A box about the rover in the frame of the lidar."""

    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]


def hull_of(rover: Rover, margin_m: float) -> Hull:
    """Return the rover's size with a margin to all sides but down: the ground it stands on belongs to the map."""
    body, lidar = rover.body, rover.lidar
    half_length, half_width = 0.5 * body.length_m + margin_m, 0.5 * body.width_m + margin_m
    return Hull(
        (-half_length - lidar.x_m, -half_width - lidar.y_m, body.clearance_m - lidar.z_m),
        (half_length - lidar.x_m, half_width - lidar.y_m, body.height_m + 1.0 - lidar.z_m),
    )


def ground_points(points: Points, hull: Hull, range_min_m: float, range_max_m: float) -> Points:
    """Return those rows (x, y, z, intensity) that are finite, within range and outside the hull."""
    xyz = points[:, :3]
    with np.errstate(invalid="ignore"):
        distance = np.sqrt(np.einsum("ij,ij->i", xyz, xyz))
        kept = np.isfinite(distance) & (distance >= range_min_m) & (distance <= range_max_m)
        own = ((xyz >= np.array(hull.low_m, np.float32)) & (xyz <= np.array(hull.high_m, np.float32))).all(axis=1)
    return np.ascontiguousarray(points[kept & ~own])
