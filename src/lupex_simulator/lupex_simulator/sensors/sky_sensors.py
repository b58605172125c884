# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Star tracker and sun sensor: what they report of the true attitude, and when they are blind."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import setting
from lupex_models.rover import StarTracker, SunSensor

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


def boresight(sensor: StarTracker, map_from_base: FloatArray) -> tuple[float, float]:
    """Return (grid azimuth clockwise from map +y, elevation) of the boresight, in radians."""
    axis = map_from_base @ base_from_star_tracker(sensor)[:, 0]
    return math.atan2(axis[0], axis[1]) % (2.0 * math.pi), math.asin(max(-1.0, min(1.0, float(axis[2]))))


def star_tracker_reading(
    sensor: StarTracker,
    settings: SkySensorSettings,
    map_from_base: FloatArray,
    map_from_icrf: FloatArray,
    sun_in_map: FloatArray,
    sun_disc_fraction: float,
    skyline_rad: float,
    rng: np.random.Generator,
) -> AttitudeReading | None:
    """Return the attitude against the stars, or None while the tracker is blind.

    It is blind with the visible Sun within its exclusion angle, or with the boresight too near the skyline or below it;
    skyline_rad is the skyline's elevation in the boresight's azimuth, sun_in_map a unit vector.
    """
    map_from_sensor = map_from_base @ base_from_star_tracker(sensor)
    away = math.acos(max(-1.0, min(1.0, float(map_from_sensor[:, 0] @ sun_in_map))))
    if sun_disc_fraction > 0.0 and away < sensor.sun_exclusion_rad:
        return None
    if boresight(sensor, map_from_base)[1] < skyline_rad + settings.ground_exclusion_rad:
        return None
    sigma = np.array([sensor.roll_sigma_rad, sensor.cross_sigma_rad, sensor.cross_sigma_rad])
    noisy = map_from_icrf.T @ map_from_sensor @ rotation_from_vector(sigma * rng.standard_normal(3))
    return AttitudeReading(quaternion(noisy), np.diag(sigma**2))


def sun_sensor_reading(
    sensor: SunSensor,
    map_from_base: FloatArray,
    sun_in_map: FloatArray,
    sun_disc_fraction: float,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Return the unit vector (3,) to the Sun in base_link, or None when too little of the disc is seen."""
    if not sun_disc_fraction > sensor.minimum_disc_fraction:
        return None
    error = rotation_from_vector(sensor.sigma_rad * rng.standard_normal(3))
    direction = error @ map_from_base.T @ sun_in_map
    return np.asarray(direction / np.linalg.norm(direction))


def rotation_from_vector(vector_rad: FloatArray) -> FloatArray:
    """Return the rotation (3, 3) about a vector by its length (Rodrigues)."""
    angle = float(np.linalg.norm(vector_rad))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = vector_rad / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross)


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
