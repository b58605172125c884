# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers of an odometry message from the filter's state, in one kernel: they are wanted 30 times a second."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.reckoning import MotionEstimate
from lupex_localization.rotation import from_rotation_vector, multiply, rotation_matrix

Array = npt.NDArray[np.float64]


class Pose(NamedTuple):
    """Position (3,), quaternion [w, x, y, z], covariance (36,) row-major with rotations about the frame's own axes."""

    position_m: Array
    quaternion: Array
    covariance: Array


class Twist(NamedTuple):
    """Linear [m/s] and angular [rad/s] velocity in base_link, covariance (36,)."""

    linear: Array
    angular: Array
    covariance: Array


def in_map(estimate: MotionEstimate) -> tuple[Pose, Twist]:
    """Return pose in map and twist in base_link."""
    nominal = estimate.state.nominal
    pose, _, linear, twist = _numbers(nominal, estimate.state.covariance, 0.0)
    return Pose(nominal[0:3], nominal[6:10], pose), Twist(linear, estimate.rate, twist)


def in_odom(estimate: MotionEstimate) -> tuple[Pose, Twist]:
    """Return pose in odom and twist; the covariance is that in map, turned: no less than is due."""
    state = estimate.state
    pose, turned, linear, twist = _numbers(state.nominal, state.covariance, estimate.odom_yaw_rad)
    return Pose(estimate.odom_position_m, turned, pose), Twist(linear, estimate.rate, twist)


def odom_quaternion(estimate: MotionEstimate) -> Array:
    """Return the attitude in odom."""
    turn = from_rotation_vector(np.array([0.0, 0.0, -estimate.odom_yaw_rad]))
    return np.asarray(multiply(turn, estimate.state.nominal[6:10]))


def map_from_odom(estimate: MotionEstimate) -> tuple[Array, Array]:
    """Return place (3,) and quaternion of odom in map."""
    turn = from_rotation_vector(np.array([0.0, 0.0, estimate.odom_yaw_rad]))
    place = estimate.state.nominal[0:3] - rotation_matrix(turn) @ estimate.odom_position_m
    return place, turn


@njit(cache=True)
def _numbers(nominal, covariance, yaw):  # type: ignore[no-untyped-def]
    r = rotation_matrix(nominal[6:10])
    turning = from_rotation_vector(np.array([0.0, 0.0, -yaw]))
    turn = rotation_matrix(turning)
    attitude = turn @ r
    velocity = r.T @ nominal[3:6]
    to_frame = np.zeros((6, 37))
    to_body = np.zeros((6, 37))
    for i in range(3):
        for j in range(3):
            to_frame[i, j] = turn[i, j]
            to_frame[3 + i, 6 + j] = attitude[i, j]
            to_body[i, 3 + j] = r[j, i]
        to_body[3 + i, 9 + i] = -1.0
    # R(I + [e]x) turns v into body axes as v + [v]x e
    to_body[0, 7], to_body[0, 8] = -velocity[2], velocity[1]
    to_body[1, 6], to_body[1, 8] = velocity[2], -velocity[0]
    to_body[2, 6], to_body[2, 7] = -velocity[1], velocity[0]
    pose = (to_frame @ covariance @ to_frame.T).copy().reshape(36)
    twist = (to_body @ covariance @ to_body.T).copy().reshape(36)
    return pose, multiply(turning, nominal[6:10]), velocity, twist
