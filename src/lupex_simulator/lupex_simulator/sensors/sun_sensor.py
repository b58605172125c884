# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sun sensor: the direction that it tells, and when it is blind."""

import math

import numpy as np
import numpy.typing as npt

from lupex_models.constants import ASTRONOMICAL_UNIT_M, SUN_RADIUS_M
from lupex_models.rover import SunSensor
from lupex_simulator.sensors.sky_sensors import rotation_from_vector
from lupex_worlds.truth.sky_sensor_truth import SunSensorDraw

FloatArray = npt.NDArray[np.float64]

_SUN_ANGULAR_RADIUS_RAD = SUN_RADIUS_M / ASTRONOMICAL_UNIT_M
_SKYLINE = np.linspace(1.0, -1.0, 401)
"""Height of a level skyline over the disc's centre, in its radii, from all hidden to all in view."""
_SHARE = (np.arccos(_SKYLINE) - _SKYLINE * np.sqrt(1.0 - _SKYLINE**2)) / np.pi
"""Of the disc that is then in view: the area of a circle's segment."""


class SunSensorUnit:
    """A sun sensor aligned with base_link, but for its mounting."""

    def __init__(self, sensor: SunSensor, draw: SunSensorDraw, rng: np.random.Generator) -> None:
        self._sensor = sensor
        self._draw = draw
        self._rng = rng
        self._mounting = rotation_from_vector(np.array(draw.mounting_rad))

    def reading(self, map_from_base: FloatArray, sun_in_map: FloatArray, sun_disc_fraction: float) -> FloatArray | None:
        """Return the unit vector (3,) to the Sun in base_link, or None when too little of the disc is seen."""
        if not sun_disc_fraction > self._sensor.minimum_disc_fraction:
            return None
        draw = self._draw
        lift_rad = draw.centroid_share * centroid_lift_rad(sun_disc_fraction) - draw.albedo_rad / sun_disc_fraction
        seen = sun_in_map if lift_rad == 0.0 else lifted(sun_in_map, lift_rad)
        error = rotation_from_vector(draw.sigma_rad * self._rng.standard_normal(3))
        direction = error @ self._mounting @ map_from_base.T @ seen
        return np.asarray(direction / np.linalg.norm(direction))


def centroid_lift_rad(disc_fraction: float) -> float:
    """Return how far the centroid of the disc's part above a level skyline stands over the disc's centre.

    Centroid of a circle's segment: 2 (1 - u^2)^1.5 / (3 pi f) radii, with the skyline u radii over the centre and the
    share f in view.
    """
    if disc_fraction >= 1.0:
        return 0.0
    u = float(np.interp(disc_fraction, _SHARE, _SKYLINE))
    return float(_SUN_ANGULAR_RADIUS_RAD * 2.0 * (1.0 - u * u) ** 1.5 / (3.0 * math.pi * disc_fraction))


def lifted(direction: FloatArray, lift_rad: float) -> FloatArray:
    """Return a unit vector of the map turned upwards in its vertical plane."""
    level = float(np.hypot(direction[0], direction[1]))
    if level == 0.0:
        return direction
    elevation = math.atan2(direction[2], level) + lift_rad
    flat = math.cos(elevation) / level
    return np.array([flat * direction[0], flat * direction[1], math.sin(elevation)])
