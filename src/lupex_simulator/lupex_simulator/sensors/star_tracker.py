# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Star tracker: the attitude that it tells, when it is blind, and when it is wrong without knowing."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.constants import EARTH_RADIUS_M
from lupex_models.rover import StarTracker
from lupex_simulator.sensors.episodes import Episodes
from lupex_simulator.sensors.sky_sensors import (
    AttitudeReading,
    SkySensorSettings,
    base_from_star_tracker,
    grid_direction,
    quaternion,
    rotation_from_vector,
)
from lupex_worlds.truth.sensor_spread import small_rotation
from lupex_worlds.truth.sky_sensor_truth import StarTrackerDraw

FloatArray = npt.NDArray[np.float64]

_EARTH_ANGULAR_RADIUS_RAD = EARTH_RADIUS_M / 3.844e8
"""At its mean distance."""


@dataclass(frozen=True)
class SkyView:
    """True attitude and sky at one time; directions are unit vectors in the map."""

    map_from_base: FloatArray
    map_from_icrf: FloatArray
    sun_in_map: FloatArray
    sun_disc_fraction: float
    earth_in_map: FloatArray
    skyline_rad: Callable[[float], float]
    """Elevation of the skyline in a grid azimuth, seen from the tracker."""


class StarTrackerUnit:
    """A star tracker with a mounting that nobody knows, outages, and dust before it while the rover drives."""

    def __init__(
        self, sensor: StarTracker, settings: SkySensorSettings, draw: StarTrackerDraw, rng: np.random.Generator
    ) -> None:
        self._settings = settings
        self._draw = draw
        self._rng = rng
        self._base_from_sensor = base_from_star_tracker(sensor) @ rotation_from_vector(np.array(draw.mounting_rad))
        self._sigma = np.array([draw.roll_sigma_rad, draw.cross_sigma_rad, draw.cross_sigma_rad])
        self._claimed = np.array([sensor.roll_sigma_rad, sensor.cross_sigma_rad, sensor.cross_sigma_rad])
        outages, dust, self._falsity = rng.spawn(3)
        self._outages = Episodes(draw.outage_rate_hz, draw.outage_s, outages)
        self._dust = Episodes(draw.dust_rate_hz, draw.dust_s, dust)
        self._told_dust = 0
        self._false: FloatArray | None = None
        self._before_s = math.nan

    def reading(self, view: SkyView, now_s: float, driving: float = 0.0) -> AttitudeReading | None:
        """Return the attitude against the stars, or None while the tracker is blind.

        It is blind with the visible Sun or Earth within its exclusion angles, with the boresight too near the skyline
        or below it, during an outage, and most often with dust before it; else dust gives a wrong attitude that claims
        to be as good as any. `driving` is the share of full track speed since the last call.
        """
        before_s = now_s if math.isnan(self._before_s) else self._before_s
        self._before_s = now_s
        out = self._outages.occurs(before_s, now_s)
        dusty = self._dust.occurs(before_s, now_s, driving)
        if self._dust.begun != self._told_dust:
            self._told_dust = self._dust.begun
            self._false = self._false_attitude()
        map_from_sensor = view.map_from_base @ self._base_from_sensor
        if out or (dusty and self._false is None) or self._blinded(view, map_from_sensor[:, 0]):
            return None
        if dusty and self._false is not None:
            map_from_sensor = map_from_sensor @ self._false
        noise = rotation_from_vector(self._sigma * self._rng.standard_normal(3))
        return AttitudeReading(quaternion(view.map_from_icrf.T @ map_from_sensor @ noise), np.diag(self._claimed**2))

    def _false_attitude(self) -> FloatArray | None:
        """Return the error of this time of dust, or None where it blinds."""
        if self._falsity.random() >= self._draw.dust_wrong_share:
            return None
        return rotation_from_vector(np.array(small_rotation(self._draw.false_attitude_deg, self._falsity)))

    def _blinded(self, view: SkyView, axis: FloatArray) -> bool:
        draw = self._draw
        if view.sun_disc_fraction > 0.0 and _angle_rad(axis, view.sun_in_map) < draw.sun_exclusion_rad:
            return True
        azimuth, elevation = grid_direction(axis)
        if elevation < view.skyline_rad(azimuth) + self._settings.ground_exclusion_rad:
            return True
        if _angle_rad(axis, view.earth_in_map) >= draw.earth_exclusion_rad:
            return False
        azimuth, elevation = grid_direction(view.earth_in_map)
        return elevation + _EARTH_ANGULAR_RADIUS_RAD > view.skyline_rad(azimuth)


def _angle_rad(one: FloatArray, other: FloatArray) -> float:
    return math.acos(max(-1.0, min(1.0, float(one @ other))))
