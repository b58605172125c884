# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Innovations of what measures the pose: stars, Sun, terrain height, rest, motion over ground, a place told."""

import math

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.rotation import conjugate, from_matrix, multiply, rotation_matrix, to_rotation_vector
from lupex_models.rover import StarTracker

Array = npt.NDArray[np.float64]
Innovation = tuple[Array, Array, Array]
"""(residual (m,), jacobian (m, 37), noise (m, m))."""


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
    nominal: Array, map_from_icrf: Array, icrf_from_sensor: Array, covariance: Array, base_from_sensor: Array
) -> Innovation:
    """Compare a star tracker's attitude with the state; its alignment is part of the state.

    icrf_from_sensor: quaternion; covariance (3, 3) about sensor axes.
    """
    measured = multiply(
        multiply(from_matrix(map_from_icrf), icrf_from_sensor), conjugate(from_matrix(base_from_sensor))
    )
    turned = to_rotation_vector(multiply(conjugate(nominal[esf.QUATERNION]), measured))
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_ATTITUDE] = jacobian[:, esf.ERROR_STAR] = np.eye(3)
    return turned - nominal[esf.STAR_ALIGNMENT], jacobian, base_from_sensor @ covariance @ base_from_sensor.T


def sun_innovation(nominal: Array, sun_in_map: Array, direction: Array, sigma_rad: float) -> Innovation:
    """Compare a direction to the Sun (unit, body axes) with the state; two components across it."""
    expected = rotation_matrix(nominal[esf.QUATERNION]).T @ sun_in_map
    aside = np.zeros(3)
    aside[int(np.argmin(np.abs(expected)))] = 1.0
    first = np.cross(expected, aside)
    first /= np.linalg.norm(first)
    across = np.stack([first, np.cross(expected, first)])
    jacobian = np.zeros((2, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_ATTITUDE] = across @ cross_matrix(expected)
    return across @ (direction - expected), jacobian, np.eye(2) * sigma_rad**2


def height_innovation(nominal: Array, height_m: float, gradient: tuple[float, float], sigma_m: float) -> Innovation:
    """Compare the terrain's height at the estimated place with the estimated height."""
    jacobian = np.zeros((1, esf.ERROR_SIZE))
    jacobian[0, esf.ERROR_POSITION] = (-gradient[0], -gradient[1], 1.0)
    return np.array([height_m - nominal[esf.POSITION][2]]), jacobian, np.array([[sigma_m**2]])


def rest_innovation(nominal: Array, velocity_sigma_mps: float) -> Innovation:
    """State that the vehicle does not move."""
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_VELOCITY] = np.eye(3)
    return -nominal[esf.VELOCITY], jacobian, np.eye(3) * velocity_sigma_mps**2


def rest_rate_innovation(excess_rad_s: Array, sigma_rad_s: float) -> Innovation:
    """State that the vehicle does not turn: what its gyros still read beyond the estimated bias is bias."""
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_GYRO_BIAS] = np.eye(3)
    return excess_rad_s, jacobian, np.eye(3) * sigma_rad_s**2


def displacement_innovation(nominal: Array, slot: int, moved_m: Array, covariance: Array) -> Innovation:
    """Compare a displacement since a cloned pose, as the lidar sees it, with the state.

    moved_m (3,) and its covariance (3, 3): in the body's axes at the cloned pose, as the lidar takes them to lie; its
    alignment is part of the state.
    """
    at, of = esf.CLONES[slot], esf.ERROR_CLONES[slot]
    then = rotation_matrix(nominal[at + 3 : at + 7])
    moved = then.T @ (nominal[esf.POSITION] - nominal[at : at + 3])
    across = cross_matrix(moved)
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_POSITION] = then.T
    jacobian[:, of : of + 3] = -then.T
    jacobian[:, of + 3 : of + 6] = across
    jacobian[:, esf.ERROR_LIDAR] = across
    return moved_m - moved - across @ nominal[esf.LIDAR_ALIGNMENT], jacobian, covariance


def place_innovation(nominal: Array, position_m: Array, covariance: Array) -> Innovation:
    """Compare a position in map (3,), with its covariance (3, 3), with the state."""
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_POSITION] = np.eye(3)
    return position_m - nominal[esf.POSITION], jacobian, covariance


def cross_matrix(v: Array) -> Array:
    """Return the matrix (3, 3) that takes the cross product of v with a vector."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
