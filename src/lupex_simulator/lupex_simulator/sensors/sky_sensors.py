# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What star tracker and sun sensor share: their settings, axes, and rotations."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import setting
from lupex_models.rover import StarTracker

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SkySensorSettings:
    """What blinds the star tracker beside the rover's own numbers (assumption)."""

    ground_exclusion_rad: float = setting(
        0.26, "least angle of the boresight above the skyline", unit="rad", minimum=0, maximum=1.5
    )


@dataclass(frozen=True)
class AttitudeReading:
    """A star tracker's answer."""

    icrf_from_sensor: FloatArray
    """Quaternion (x, y, z, w), w >= 0: turns a vector of the sensor's frame into ICRF."""
    covariance_rad2: FloatArray
    """(3, 3), small rotations about the sensor's x (boresight), y, z."""


def base_from_star_tracker(sensor: StarTracker) -> FloatArray:
    """Return the rotation (3, 3) from the sensor's frame (x boresight, y level) to base_link."""
    ca, sa = math.cos(sensor.boresight_azimuth_rad), math.sin(sensor.boresight_azimuth_rad)
    ce, se = math.cos(sensor.boresight_elevation_rad), math.sin(sensor.boresight_elevation_rad)
    return np.array([[ca * ce, -sa, -ca * se], [sa * ce, ca, -sa * se], [se, 0.0, ce]])


def grid_direction(direction: FloatArray) -> tuple[float, float]:
    """Return (grid azimuth clockwise from map +y, elevation) of a unit vector of the map, in radians."""
    return (
        math.atan2(direction[0], direction[1]) % (2.0 * math.pi),
        math.asin(max(-1.0, min(1.0, float(direction[2])))),
    )


def rotation_from_vector(vector_rad: FloatArray) -> FloatArray:
    """Return the rotation (3, 3) about a vector by its length (Rodrigues)."""
    angle = float(np.linalg.norm(vector_rad))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = vector_rad / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross)


def rotation_vector(rotation: FloatArray) -> FloatArray:
    """Return the vector (3) about which, by its length, a rotation (3, 3) of less than half a turn turns."""
    twice = np.array(
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
    )
    sine, cosine = 0.5 * float(np.linalg.norm(twice)), 0.5 * (float(np.trace(rotation)) - 1.0)
    return np.asarray(twice * (0.5 if sine < 1e-12 else 0.5 * math.atan2(sine, cosine) / sine))


def quaternion(rotation: FloatArray) -> FloatArray:
    """Return the quaternion (x, y, z, w), w >= 0, of a rotation (3, 3) (Bar-Itzhack 2000: greatest eigenvector)."""
    r = rotation
    k = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], r[1, 0] + r[0, 1], r[2, 0] + r[0, 2], r[2, 1] - r[1, 2]],
            [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], r[2, 1] + r[1, 2], r[0, 2] - r[2, 0]],
            [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]],
        ]
    )
    vector = np.linalg.eigh(k)[1][:, -1]
    return np.asarray(-vector if vector[3] < 0.0 else vector)
