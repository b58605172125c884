# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Error-state Kalman filter of pose, velocity, inertial biases and slip (Sola 2017, local attitude error).

Nominal state (18): position and velocity in map, quaternion map <- body, gyro bias, accelerometer bias, slip and
sideslip deviation, both in sigmas of the slip model. Error state (17): the same with a rotation vector in body axes.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.rotation import from_rotation_vector, multiply, rotation_matrix

Array = npt.NDArray[np.float64]

POSITION, VELOCITY, QUATERNION = slice(0, 3), slice(3, 6), slice(6, 10)
GYRO_BIAS, ACCELEROMETER_BIAS = slice(10, 13), slice(13, 16)
SLIP, SIDESLIP = 16, 17
NOMINAL_SIZE = 18

ERROR_POSITION, ERROR_VELOCITY, ERROR_ATTITUDE = slice(0, 3), slice(3, 6), slice(6, 9)
ERROR_GYRO_BIAS, ERROR_ACCELEROMETER_BIAS = slice(9, 12), slice(12, 15)
ERROR_SLIP, ERROR_SIDESLIP = 15, 16
ERROR_SIZE = 17


@dataclass(frozen=True)
class FilterState:
    """Estimate at one time; the arrays are never changed in place."""

    time_s: float
    nominal: Array
    """(18,)"""
    covariance: Array
    """(17, 17)"""


@dataclass(frozen=True)
class ProcessNoise:
    """Spectral densities (one sigma over root hertz) of the inertial unit."""

    gyro_rad_s_rthz: float
    gyro_walk_rad_s2_rthz: float
    accelerometer_mps2_rthz: float
    accelerometer_walk_mps3_rthz: float

    def densities(self) -> Array:
        """Return the four power spectral densities."""
        return (
            np.array(
                [
                    self.gyro_rad_s_rthz,
                    self.gyro_walk_rad_s2_rthz,
                    self.accelerometer_mps2_rthz,
                    self.accelerometer_walk_mps3_rthz,
                ]
            )
            ** 2
        )


@njit(cache=True)
def predict(nominal, covariance, rate, force, dt, gravity, frame_rate, densities, slip_kept, sideslip_kept):  # type: ignore[no-untyped-def]
    """Carry state and covariance over `dt` by one inertial sample held constant.

    rate [rad/s] and force [m/s^2]: as measured, body axes; gravity [m/s^2] and frame_rate [rad/s], map axes;
    densities: of ProcessNoise; slip_kept, sideslip_kept: correlation of the slip deviations over the distance run.
    The Coriolis acceleration (5e-7 m/s^2 at 0.1 m/s) is left to the accelerometer's bias.
    """
    q = nominal[6:10]
    r = rotation_matrix(q)
    w = rate - nominal[10:13] - r.T @ frame_rate
    f = force - nominal[13:16]
    r_half = rotation_matrix(multiply(q, from_rotation_vector(w * (0.5 * dt))))
    a = r_half @ f + gravity

    x = nominal.copy()
    x[0:3] += nominal[3:6] * dt + a * (0.5 * dt * dt)
    x[3:6] += a * dt
    x[6:10] = multiply(q, from_rotation_vector(w * dt))
    x[16] *= slip_kept
    x[17] *= sideslip_kept

    phi = np.eye(17)
    turned = rotation_matrix(from_rotation_vector(-w * dt))
    half = 0.5 * dt * dt
    for i in range(3):
        phi[i, 3 + i] = dt
        phi[9 + i, 9 + i] = 1.0
        phi[6 + i, 9 + i] = -dt
        for j in range(3):
            phi[6 + i, 6 + j] = turned[i, j]
            phi[3 + i, 12 + j] = -r_half[i, j] * dt
            phi[i, 12 + j] = -r_half[i, j] * half
        # -R [f]x
        b0, b1, b2 = r_half[i, 0], r_half[i, 1], r_half[i, 2]
        c0 = -(b1 * f[2] - b2 * f[1])
        c1 = -(b2 * f[0] - b0 * f[2])
        c2 = -(b0 * f[1] - b1 * f[0])
        phi[3 + i, 6] = c0 * dt
        phi[3 + i, 7] = c1 * dt
        phi[3 + i, 8] = c2 * dt
        phi[i, 6] = c0 * half
        phi[i, 7] = c1 * half
        phi[i, 8] = c2 * half
    phi[15, 15] = slip_kept
    phi[16, 16] = sideslip_kept

    return x, _spread(phi, covariance, dt, densities, slip_kept, sideslip_kept)


@njit(cache=True)
def coast(nominal, covariance, turning, dt, densities, slip_kept, sideslip_kept):  # type: ignore[no-untyped-def]
    """Carry state and covariance over `dt` without an inertial sample: velocity kept, turning (3,) [rad/s] body axes.

    What was not measured says nothing of the biases and of the tilt: they stay as uncertain as they were, and as
    uncorrelated with the motion, however often it is corrected meanwhile.
    """
    x = nominal.copy()
    x[0:3] += nominal[3:6] * dt
    x[6:10] = multiply(nominal[6:10], from_rotation_vector(turning * dt))
    x[16] *= slip_kept
    x[17] *= sideslip_kept
    phi = np.eye(17)
    turned = rotation_matrix(from_rotation_vector(-turning * dt))
    for i in range(3):
        phi[i, 3 + i] = dt
        for j in range(3):
            phi[6 + i, 6 + j] = turned[i, j]
    phi[15, 15] = slip_kept
    phi[16, 16] = sideslip_kept
    return x, _spread(phi, covariance, dt, densities, slip_kept, sideslip_kept)


@njit(cache=True)
def _spread(phi, covariance, dt, densities, slip_kept, sideslip_kept):  # type: ignore[no-untyped-def]
    """Return the covariance after a step with transition `phi` (17, 17) and the process noise of `dt`."""
    half = 0.5 * dt * dt
    p = phi @ covariance @ phi.T
    for i in range(3):
        p[i, i] += densities[2] * dt**3 / 3.0
        p[i, 3 + i] += densities[2] * half
        p[3 + i, i] += densities[2] * half
        p[3 + i, 3 + i] += densities[2] * dt
        p[6 + i, 6 + i] += densities[0] * dt
        p[9 + i, 9 + i] += densities[1] * dt
        p[12 + i, 12 + i] += densities[3] * dt
    p[15, 15] += 1.0 - slip_kept * slip_kept
    p[16, 16] += 1.0 - sideslip_kept * sideslip_kept
    return 0.5 * (p + p.T)


@njit(cache=True)
def correct(nominal, covariance, jacobian, residual, noise, gate):  # type: ignore[no-untyped-def]
    """Apply one measurement unless its normalised innovation squared exceeds `gate`.

    jacobian (m, 17), residual (m,) measured less predicted, noise (m, m). Returns (nominal, covariance, nis, accepted);
    Joseph's form, with the attitude error's reset.
    """
    pht = covariance @ jacobian.T
    s = jacobian @ pht + noise
    inverse = np.linalg.inv(s)
    nis = residual @ (inverse @ residual)
    if not nis <= gate:
        return nominal, covariance, nis, False
    gain = pht @ inverse
    error = gain @ residual
    x = nominal.copy()
    x[0:6] += error[0:6]
    x[6:10] = multiply(nominal[6:10], from_rotation_vector(error[6:9]))
    x[10:18] += error[9:17]
    i_kh = np.eye(17) - gain @ jacobian
    p = i_kh @ covariance @ i_kh.T + gain @ noise @ gain.T
    reset = np.eye(17)
    reset[6, 7] = 0.5 * error[8]
    reset[6, 8] = -0.5 * error[7]
    reset[7, 6] = -0.5 * error[8]
    reset[7, 8] = 0.5 * error[6]
    reset[8, 6] = 0.5 * error[7]
    reset[8, 7] = -0.5 * error[6]
    p = reset @ p @ reset.T
    return x, 0.5 * (p + p.T), nis, True


@njit(cache=True)
def track_innovation(nominal, track_velocity, slip, slip_sigma, drift, drift_sigma):  # type: ignore[no-untyped-def]
    """Return (residual (3,), jacobian (3, 17)) of the body's velocity over ground against what the tracks ran.

    track_velocity (2,) [m/s]: forward and left, as the tracks ran; slip: 1 - ground over track speed, by the model,
    along the motion; drift: leftward over track speed; each with its sigma, the unit of the filter's own deviations.
    """
    r = rotation_matrix(nominal[6:10])
    velocity = r.T @ nominal[3:6]
    tx, ty = track_velocity[0], track_velocity[1]
    kept = 1.0 - slip - slip_sigma * nominal[16]
    side = drift + drift_sigma * nominal[17]
    residual = np.empty(3)
    residual[0] = tx * kept - ty * side - velocity[0]
    residual[1] = ty * kept + tx * side - velocity[1]
    residual[2] = -velocity[2]
    jacobian = np.zeros((3, 17))
    for i in range(3):
        for j in range(3):
            jacobian[i, 3 + j] = r[j, i]
    # R(I + [e]x) turns v into body axes as v + [v]x e
    jacobian[0, 7], jacobian[0, 8] = -velocity[2], velocity[1]
    jacobian[1, 6], jacobian[1, 8] = velocity[2], -velocity[0]
    jacobian[2, 6], jacobian[2, 7] = -velocity[1], velocity[0]
    jacobian[0, 15], jacobian[1, 15] = tx * slip_sigma, ty * slip_sigma
    jacobian[0, 16], jacobian[1, 16] = ty * drift_sigma, -tx * drift_sigma
    return residual, jacobian


def initial_state(
    time_s: float,
    position_m: Array,
    quaternion: Array,
    position_sigma_m: float,
    height_sigma_m: float,
    tilt_sigma_rad: float,
    yaw_sigma_rad: float,
    velocity_sigma_mps: float,
    gyro_bias_sigma_rad_s: float,
    accelerometer_bias_sigma_mps2: float,
) -> FilterState:
    """Return the state of a vehicle at rest; roll and pitch, and heading, have their own sigma (map axes)."""
    nominal = np.zeros(NOMINAL_SIZE)
    nominal[POSITION] = position_m
    nominal[QUATERNION] = quaternion
    covariance = np.zeros((ERROR_SIZE, ERROR_SIZE))
    covariance[ERROR_POSITION, ERROR_POSITION] = np.diag([position_sigma_m, position_sigma_m, height_sigma_m]) ** 2
    covariance[ERROR_VELOCITY, ERROR_VELOCITY] = np.eye(3) * velocity_sigma_mps**2
    r = rotation_matrix(nominal[QUATERNION])
    in_map = np.diag([tilt_sigma_rad, tilt_sigma_rad, yaw_sigma_rad]) ** 2
    covariance[ERROR_ATTITUDE, ERROR_ATTITUDE] = r.T @ in_map @ r
    covariance[ERROR_GYRO_BIAS, ERROR_GYRO_BIAS] = np.eye(3) * gyro_bias_sigma_rad_s**2
    covariance[ERROR_ACCELEROMETER_BIAS, ERROR_ACCELEROMETER_BIAS] = np.eye(3) * accelerometer_bias_sigma_mps2**2
    covariance[ERROR_SLIP, ERROR_SLIP] = covariance[ERROR_SIDESLIP, ERROR_SIDESLIP] = 1.0
    return FilterState(time_s, nominal, covariance)


def widened(state: FilterState, block: slice, added: Array) -> FilterState:
    """Return the state with `added` (n, n) on a diagonal block of its covariance."""
    covariance = state.covariance.copy()
    covariance[block, block] += added
    return FilterState(state.time_s, state.nominal, covariance)


def heading_sigma_rad(state: FilterState) -> float:
    """Return one sigma of the heading about the vertical."""
    up_in_body = rotation_matrix(state.nominal[QUATERNION])[2]
    variance = float(up_in_body @ state.covariance[ERROR_ATTITUDE, ERROR_ATTITUDE] @ up_in_body)
    return math.sqrt(max(variance, 0.0))


def position_sigma_m(state: FilterState) -> float:
    """Return one sigma along the larger axis of the horizontal position ellipse."""
    block = state.covariance[0:2, 0:2]
    return math.sqrt(max(float(np.linalg.eigvalsh(block)[-1]), 0.0))
