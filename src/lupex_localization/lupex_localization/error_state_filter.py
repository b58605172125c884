# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Error-state Kalman filter of motion, sensors' constants and two past poses (Sola 2017, local attitude error).

Nominal state (40): position and velocity in map, quaternion map <- body, gyro bias, accelerometer bias, slip and drift
beyond the slip model's, scale of the tracks, zero of the steering, alignment of the star tracker and of the lidar
(rotation vectors), and two poses cloned in the past. Error state (37): the same with rotation vectors in body axes.
The kernels change state and covariance in place.
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
SLIP, DRIFT, SCALE, STEER_ZERO = 16, 17, 18, 19
STAR_ALIGNMENT, LIDAR_ALIGNMENT = slice(20, 23), slice(23, 26)
CLONES = (26, 33)
"""Where the position of each cloned pose stands; its quaternion follows."""
NOMINAL_SIZE = 40

ERROR_POSITION, ERROR_VELOCITY, ERROR_ATTITUDE = slice(0, 3), slice(3, 6), slice(6, 9)
ERROR_GYRO_BIAS, ERROR_ACCELEROMETER_BIAS = slice(9, 12), slice(12, 15)
ERROR_SLIP, ERROR_DRIFT, ERROR_SCALE, ERROR_STEER_ZERO = 15, 16, 17, 18
ERROR_STAR, ERROR_LIDAR = slice(19, 22), slice(22, 25)
ERROR_CLONES = (25, 31)
ERROR_SIZE = 37
CONSIDERED = ERROR_STAR.start, ERROR_STAR.stop
"""Errors whose uncertainty counts and is never learnt away: of the star tracker's mounting slopes show only what the
accelerometers' own scale and misalignment look like too."""
_DRIVEN = 15
"""Errors that the motion mixes: those of position, velocity and attitude by them and the biases."""


@dataclass(frozen=True)
class FilterState:
    """Estimate at one time; the arrays are never changed in place."""

    time_s: float
    nominal: Array
    """(40,)"""
    covariance: Array
    """(37, 37)"""


@njit(cache=True)
def predict(x, p, rate, force, dt, gravity, frame_rate, densities):  # type: ignore[no-untyped-def]
    """Carry state and covariance over `dt` by one inertial sample held constant; return the turn of the body (4,).

    rate [rad/s] and force [m/s^2]: as measured, body axes; gravity [m/s^2] and frame_rate [rad/s], map axes;
    densities (5,): power spectral densities of gyros, their bias, accelerometers, their bias; and of gyros while they
    turn, for the square of a rate of 1 rad/s.
    The Coriolis acceleration (5e-7 m/s^2 at 0.1 m/s) is left to the accelerometer's bias.
    """
    q = x[6:10].copy()
    r = rotation_matrix(q)
    w = rate - x[10:13] - r.T @ frame_rate
    f = force - x[13:16]
    r_half = rotation_matrix(multiply(q, from_rotation_vector(w * (0.5 * dt))))
    a = r_half @ f + gravity
    step = from_rotation_vector(w * dt)
    x[0:3] += x[3:6] * dt + a * (0.5 * dt * dt)
    x[3:6] += a * dt
    x[6:10] = multiply(q, step)

    top = np.zeros((9, _DRIVEN))
    turned = rotation_matrix(from_rotation_vector(-w * dt))
    half = 0.5 * dt * dt
    for i in range(3):
        top[i, i] = top[3 + i, 3 + i] = 1.0
        top[i, 3 + i] = dt
        top[6 + i, 9 + i] = -dt
        for j in range(3):
            top[6 + i, 6 + j] = turned[i, j]
            top[3 + i, 12 + j] = -r_half[i, j] * dt
            top[i, 12 + j] = -r_half[i, j] * half
        # -R [f]x
        b0, b1, b2 = r_half[i, 0], r_half[i, 1], r_half[i, 2]
        c0 = -(b1 * f[2] - b2 * f[1])
        c1 = -(b2 * f[0] - b0 * f[2])
        c2 = -(b0 * f[1] - b1 * f[0])
        top[3 + i, 6], top[3 + i, 7], top[3 + i, 8] = c0 * dt, c1 * dt, c2 * dt
        top[i, 6], top[i, 7], top[i, 8] = c0 * half, c1 * half, c2 * half
    _spread(top, p, dt, densities)
    for i in range(3):
        p[6 + i, 6 + i] += densities[4] * (w @ w) * dt
    return step


@njit(cache=True)
def acceleration(x, force, gravity):  # type: ignore[no-untyped-def]
    """Return the acceleration in map (3,) that a specific force shows, its bias and gravity [m/s^2] taken off."""
    felt = rotation_matrix(x[6:10]) @ (force - x[13:16])
    felt[2] -= gravity
    return felt


@njit(cache=True)
def coast(x, p, turning, dt, densities):  # type: ignore[no-untyped-def]
    """Carry state and covariance over `dt` without an inertial sample: velocity kept, turning (3,) [rad/s] body axes.

    What was not measured says nothing of the biases and of the tilt: they stay as uncertain as they were, and as
    uncorrelated with the motion, however often it is corrected meanwhile. Returns the turn of the body (4,).
    """
    step = from_rotation_vector(turning * dt)
    x[0:3] += x[3:6] * dt
    x[6:10] = multiply(x[6:10].copy(), step)
    top = np.zeros((9, _DRIVEN))
    turned = rotation_matrix(from_rotation_vector(-turning * dt))
    for i in range(3):
        top[i, i] = top[3 + i, 3 + i] = 1.0
        top[i, 3 + i] = dt
        for j in range(3):
            top[6 + i, 6 + j] = turned[i, j]
    _spread(top, p, dt, densities)
    return step


@njit(cache=True)
def _spread(top, p, dt, densities):  # type: ignore[no-untyped-def]
    """Move the covariance by a transition whose first rows are `top` (9, 15), the others those of unity; add noise."""
    n = p.shape[0]
    moved = np.zeros((9, n))
    for i in range(9):
        for k in range(_DRIVEN):
            c = top[i, k]
            if c != 0.0:
                for j in range(n):
                    moved[i, j] += c * p[k, j]
    for i in range(9):
        for j in range(9, n):
            p[i, j] = moved[i, j]
            p[j, i] = moved[i, j]
        for j in range(i + 1):
            total = 0.0
            for k in range(_DRIVEN):
                total += moved[i, k] * top[j, k]
            p[i, j] = total
            p[j, i] = total
    half = 0.5 * dt * dt
    for i in range(3):
        p[i, i] += densities[2] * dt**3 / 3.0
        p[i, 3 + i] += densities[2] * half
        p[3 + i, i] += densities[2] * half
        p[3 + i, 3 + i] += densities[2] * dt
        p[6 + i, 6 + i] += densities[0] * dt
        p[9 + i, 9 + i] += densities[1] * dt
        p[12 + i, 12 + i] += densities[3] * dt


@njit(cache=True)
def correct(x, p, jacobian, residual, noise, gate):  # type: ignore[no-untyped-def]
    """Apply one measurement unless its normalised innovation squared exceeds `gate`.

    jacobian (m, 37), residual (m,) measured less predicted, noise (m, m). Returns (nis, accepted). The attitude's
    error is told in the corrected axes afterwards (Sola 2017, eq. 286). What is only considered keeps its value and
    its own covariance (Schmidt-Kalman filter; Jazwinski 1970, 8.4).
    """
    n, m = p.shape[0], residual.size
    pht = np.zeros((n, m))
    for k in range(m):
        for j in range(n):
            h = jacobian[k, j]
            if h != 0.0:
                for i in range(n):
                    pht[i, k] += p[i, j] * h
    low = np.zeros((m, m))
    for k in range(m):
        for other in range(k + 1):
            total = noise[k, other]
            for j in range(n):
                h = jacobian[k, j]
                if h != 0.0:
                    total += h * pht[j, other]
            for i in range(other):
                total -= low[k, i] * low[other, i]
            if k == other:
                if not total > 0.0:
                    return math.inf, False
                low[k, k] = math.sqrt(total)
            else:
                low[k, other] = total / low[other, other]
    white = _solved(low, residual)
    nis = 0.0
    for k in range(m):
        nis += white[k] * white[k]
    if not nis <= gate:
        return nis, False
    # with S = L L', the gain times the residual is (P H' L'^-1)(L^-1 r), and P loses (P H' L'^-1)(P H' L'^-1)'
    error = np.zeros(n)
    for i in range(n):
        pht[i] = _solved(low, pht[i])
        if not CONSIDERED[0] <= i < CONSIDERED[1]:
            for k in range(m):
                error[i] += pht[i, k] * white[k]
    for i in range(n):
        for j in range(i + 1):
            if CONSIDERED[0] <= i < CONSIDERED[1] and CONSIDERED[0] <= j:
                continue
            taken = 0.0
            for k in range(m):
                taken += pht[i, k] * pht[j, k]
            p[i, j] -= taken
            p[j, i] = p[i, j]
    inject(x, error)
    _reset(p, 6, error[6], error[7], error[8])
    return nis, True


@njit(cache=True)
def _solved(low, values):  # type: ignore[no-untyped-def]
    """Return low^-1 values."""
    out = values.copy()
    for k in range(out.size):
        for i in range(k):
            out[k] -= low[k, i] * out[i]
        out[k] /= low[k, k]
    return out


@njit(cache=True)
def _reset(p, at, e0, e1, e2):  # type: ignore[no-untyped-def]
    """Turn the attitude error that begins at `at` into the axes corrected by e: by unity less half of e's cross."""
    h0, h1, h2 = 0.5 * e0, 0.5 * e1, 0.5 * e2
    for j in range(p.shape[0]):
        a, b, c = p[at, j], p[at + 1, j], p[at + 2, j]
        p[at, j] = a + h2 * b - h1 * c
        p[at + 1, j] = b - h2 * a + h0 * c
        p[at + 2, j] = c + h1 * a - h0 * b
    for j in range(p.shape[0]):
        a, b, c = p[j, at], p[j, at + 1], p[j, at + 2]
        p[j, at] = a + h2 * b - h1 * c
        p[j, at + 1] = b - h2 * a + h0 * c
        p[j, at + 2] = c + h1 * a - h0 * b


@njit(cache=True)
def inject(x, error):  # type: ignore[no-untyped-def]
    """Add an error state (37,) to the nominal state."""
    x[0:6] += error[0:6]
    x[6:10] = multiply(x[6:10].copy(), from_rotation_vector(error[6:9]))
    x[10:26] += error[9:25]
    for slot in range(2):
        at, of = 26 + 7 * slot, 25 + 6 * slot
        x[at : at + 3] += error[of : of + 3]
        x[at + 3 : at + 7] = multiply(x[at + 3 : at + 7].copy(), from_rotation_vector(error[of + 3 : of + 6]))
