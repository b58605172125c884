# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of how a vehicle of four units stands on the true ground: contact plane, attitude, what is in its way."""

import math

import numpy as np
from numba import njit

from lupex_worlds.ground import ground_height

UNITS = 4
"""Crawler units: front left, front right, rear left, rear right."""

# Layout of the limits array.
(
    MASS,
    COM_HEIGHT,
    CLEARANCE,
    MAX_SPEED,
    MAX_STEER,
    STEER_RATE,
    MAX_TORQUE,
    ACCELERATION,
    MAX_STEP,
    SLIDE_SPEED,
    STEER_POWER,
) = range(11)

# Samples of a footprint over its length and width, and of the belly over its half length and half width.
_ALONG = (-0.5, -0.25, 0.0, 0.25, 0.5)
_ACROSS = (-0.5, 0.0, 0.5)
_BELLY_U = (-1.0, -0.67, -0.33, 0.0, 0.33, 0.67, 1.0)
_BELLY_V = (-1.0, -0.5, 0.0, 0.5, 1.0)
_SAMPLES = len(_ALONG) * len(_ACROSS)


@njit(cache=True)
def rotation(yaw, pitch, roll, out):  # type: ignore[no-untyped-def]
    """Fill `out` (3, 3) with the rotation from base_link to map, angles in the order yaw, pitch, roll (z, y, x)."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    out[0, 0], out[0, 1], out[0, 2] = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr
    out[1, 0], out[1, 1], out[1, 2] = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr
    out[2, 0], out[2, 1], out[2, 2] = -sp, cp * sr, cp * cr


@njit(cache=True)
def _plane(points):  # type: ignore[no-untyped-def]
    """Return (a, b, c) of z = a + b u + c v by least squares over rows (u, v, z)."""
    n = points.shape[0]
    mu, mv, mz = points[:, 0].mean(), points[:, 1].mean(), points[:, 2].mean()
    cuu = cuv = cvv = cuz = cvz = 0.0
    for k in range(n):
        du, dv, dz = points[k, 0] - mu, points[k, 1] - mv, points[k, 2] - mz
        cuu += du * du
        cuv += du * dv
        cvv += dv * dv
        cuz += du * dz
        cvz += dv * dz
    determinant = cuu * cvv - cuv * cuv
    b = (cuz * cvv - cvz * cuv) / determinant
    c = (cvz * cuu - cuz * cuv) / determinant
    return mz - b * mu - c * mv, b, c


@njit(cache=True)
def settle(ground, positions, crawler, limits, x, y, yaw, steer, sinkage):  # type: ignore[no-untyped-def]
    """Return (z, pitch, roll, obstacle_m) of the body on the ground, by least squares over all footprints' samples.

    `crawler` begins with length and width of a track's contact [m], `positions` (4, 2) are the units' places.
    `sinkage` (4) lowers each unit's ground. `obstacle_m` is by how much the ground stands above what the vehicle may
    have under its belly or before a track; positive is contact. All nan where the height is not known.
    """
    cy, sy = math.cos(yaw), math.sin(yaw)
    length, width = crawler[0], crawler[1]
    points = np.empty((UNITS * _SAMPLES, 3))
    k = 0
    for i in range(UNITS):
        cs, ss = math.cos(steer[i]), math.sin(steer[i])
        for fa in _ALONG:
            for fc in _ACROSS:
                a, c = fa * length, fc * width
                u = positions[i, 0] + cs * a - ss * c
                v = positions[i, 1] + ss * a + cs * c
                points[k, 0], points[k, 1] = u, v
                points[k, 2] = ground_height(ground, x + cy * u - sy * v, y + sy * u + cy * v) - sinkage[i]
                k += 1
    height, b, c = _plane(points)
    if not math.isfinite(height + b + c):
        return math.nan, math.nan, math.nan, math.nan
    scale = 1.0 / math.sqrt(1.0 + b * b + c * c)
    obstacle = -math.inf
    for k in range(points.shape[0]):
        above = (points[k, 2] - height - b * points[k, 0] - c * points[k, 1]) * scale
        obstacle = max(obstacle, above - limits[MAX_STEP])
    half_length, half_width = positions[0, 0], positions[0, 1] - 0.5 * width
    for fu in _BELLY_U:
        for fv in _BELLY_V:
            u, v = fu * half_length, fv * half_width
            above = ground_height(ground, x + cy * u - sy * v, y + sy * u + cy * v) - height - b * u - c * v
            obstacle = max(obstacle, above * scale - limits[CLEARANCE])
    return height, -math.atan(b), math.atan(c / math.sqrt(1.0 + b * b)), obstacle
