# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Innovations of star tracker, sun sensor and terrain height, and what to do when a gate stays shut."""

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from lupex_localization.error_state_filter import (
    ERROR_ATTITUDE,
    ERROR_GYRO_BIAS,
    ERROR_POSITION,
    ERROR_SIZE,
    ERROR_VELOCITY,
    POSITION,
    QUATERNION,
    VELOCITY,
    FilterState,
)
from lupex_localization.rotation import conjugate, from_matrix, multiply, rotation_matrix, to_rotation_vector
from lupex_models.rover import StarTracker

Array = npt.NDArray[np.float64]
Innovation = tuple[Array, Array, Array]
"""(residual (m,), jacobian (m, 17), noise (m, m))."""


def sensor_mounting(tracker: StarTracker) -> Array:
    """Return the rotation (3, 3) from star tracker to base_link axes.

    The sensor's x axis is the boresight, its y axis stays level: first up by the elevation, then left by the azimuth.
    """
    ca, sa = math.cos(tracker.boresight_azimuth_rad), math.sin(tracker.boresight_azimuth_rad)
    ce, se = math.cos(tracker.boresight_elevation_rad), math.sin(tracker.boresight_elevation_rad)
    turn = np.array([[ca, -sa, 0.0], [sa, ca, 0.0], [0.0, 0.0, 1.0]])
    lift = np.array([[ce, 0.0, -se], [0.0, 1.0, 0.0], [se, 0.0, ce]])
    return np.asarray(turn @ lift)


def attitude_innovation(
    state: FilterState,
    map_from_icrf: Array,
    icrf_from_sensor: Array,
    covariance: Array,
    base_from_sensor: Array,
    since: Array,
    alignment_sigma_rad: float,
) -> Innovation:
    """Compare a star tracker's attitude with the state.

    icrf_from_sensor: quaternion; covariance (3, 3) about sensor axes; since: quaternion of the body's rotation from the
    exposure until now (body then <- body now), so that a late fix is compared with the attitude it was taken at.
    """
    measured = multiply(
        multiply(from_matrix(map_from_icrf), icrf_from_sensor), conjugate(from_matrix(base_from_sensor))
    )
    residual = to_rotation_vector(multiply(conjugate(state.nominal[QUATERNION]), multiply(measured, since)))
    turned = rotation_matrix(since).T @ base_from_sensor
    noise = turned @ covariance @ turned.T + np.eye(3) * alignment_sigma_rad**2
    jacobian = np.zeros((3, ERROR_SIZE))
    jacobian[:, ERROR_ATTITUDE] = np.eye(3)
    return residual, jacobian, noise


def sun_innovation(
    state: FilterState, sun_in_map: Array, direction: Array, since: Array, sigma_rad: float
) -> Innovation:
    """Compare a direction to the Sun (unit, body axes at the exposure) with the state; two components across it."""
    measured = rotation_matrix(since).T @ direction
    expected = rotation_matrix(state.nominal[QUATERNION]).T @ sun_in_map
    aside = np.zeros(3)
    aside[int(np.argmin(np.abs(expected)))] = 1.0
    first = np.cross(expected, aside)
    first /= np.linalg.norm(first)
    across = np.stack([first, np.cross(expected, first)])
    jacobian = np.zeros((2, ERROR_SIZE))
    jacobian[:, ERROR_ATTITUDE] = across @ _cross_matrix(expected)
    return across @ (measured - expected), jacobian, np.eye(2) * sigma_rad**2


def height_innovation(state: FilterState, height_m: float, gradient: tuple[float, float], sigma_m: float) -> Innovation:
    """Compare the terrain's height at the estimated place with the estimated height."""
    jacobian = np.zeros((1, ERROR_SIZE))
    jacobian[0, ERROR_POSITION] = (-gradient[0], -gradient[1], 1.0)
    return np.array([height_m - state.nominal[POSITION][2]]), jacobian, np.array([[sigma_m**2]])


def rest_innovation(state: FilterState, velocity_sigma_mps: float) -> Innovation:
    """State that the vehicle does not move."""
    jacobian = np.zeros((3, ERROR_SIZE))
    jacobian[:, ERROR_VELOCITY] = np.eye(3)
    return -state.nominal[VELOCITY], jacobian, np.eye(3) * velocity_sigma_mps**2


def rest_rate_innovation(excess_rad_s: Array, sigma_rad_s: float) -> Innovation:
    """State that the vehicle does not turn: what its gyros still read beyond the estimated bias is bias."""
    jacobian = np.zeros((3, ERROR_SIZE))
    jacobian[:, ERROR_GYRO_BIAS] = np.eye(3)
    return excess_rad_s, jacobian, np.eye(3) * sigma_rad_s**2


class ShutGate:
    """Notice that refused fixes agree with each other: then the estimate is wrong, not they."""

    def __init__(self, after: int, alike_rad: float) -> None:
        self._after = after
        self._alike_rad = alike_rad
        self._refused: deque[Array] = deque(maxlen=after)

    def passed(self) -> None:
        """Note an accepted fix."""
        self._refused.clear()

    def refused(self, deviation: Array) -> bool:
        """Note a refused fix by its deviation [rad] in map axes; True when the last ones are many and alike."""
        self._refused.append(deviation)
        if len(self._refused) < self._after:
            return False
        middle = np.mean(self._refused, axis=0)
        return all(np.linalg.norm(seen - middle) <= self._alike_rad for seen in self._refused)

    @property
    def streak(self) -> int:
        """Refused fixes since the last accepted one, as far back as it looks."""
        return len(self._refused)


def _cross_matrix(v: Array) -> Array:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
