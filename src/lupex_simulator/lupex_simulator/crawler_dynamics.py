# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the quasi-static vehicle: contact plane and one step of motion under the shared balance of soil forces."""

import math

import numpy as np
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.crawler_motion import balance
from lupex_models.locomotion import UNITS, unit_force
from lupex_models.soil import shear_strength
from lupex_simulator.ground import ground_height

# Layout of the state array.
X, Y, Z, YAW, PITCH, ROLL, VX, VY, WZ, POWER, BLOCKED, DISTANCE, OBSTACLE = range(13)
STEER, TRACK, TRAVEL, TORQUE, SLIP, SINKAGE = 13, 17, 21, 25, 29, 33
SIZE = 37

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
_STANDING_MPS = 1e-6


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


@njit(cache=True)
def _held(positions, crawler, limits, soils, track, normal, slip, torque):  # type: ignore[no-untyped-def]
    """Fill slip and torque of units whose vehicle is held fast; return the drives' electrical power."""
    length, width, radius, derating, _, efficiency, internal, _ = crawler
    load = limits[MASS] * MOON_GRAVITY_M_S2 * normal / UNITS
    power = 0.0
    for i in range(UNITS):
        slip[i] = torque[i] = 0.0
        if abs(track[i]) > _STANDING_MPS:
            force, _ = unit_force(track[i], 0.0, 0.0, load, length, width, derating, soils[i])
            slip[i] = 1.0
            torque[i] = (force + math.copysign(internal * load, track[i])) * radius
            power += max(torque[i] * track[i] / radius, 0.0) / efficiency
    return power


@njit(cache=True)
def vehicle_step(  # type: ignore[no-untyped-def]
    state, positions, crawler, limits, steer_command, track_command, soils, ground, anchored, dt_s
):
    """Advance `state` (SIZE) by `dt_s`: actuators, balance of forces, motion, contact, torque and power.

    `positions` (4, 2) of the units, `crawler` as locomotion.crawler_row; `steer_command` [rad] and `track_command`
    [m/s] hold one value a unit, `soils` (4, 6) rows of Soil.as_row(). An `anchored` vehicle (drill in the ground) does
    not move over the ground, whatever its tracks do.
    """
    steer, track = state[STEER : STEER + UNITS], state[TRACK : TRACK + UNITS]
    slip, torque = state[SLIP : SLIP + UNITS], state[TORQUE : TORQUE + UNITS]
    sinkage = state[SINKAGE : SINKAGE + UNITS]
    steering = 0
    running = False
    for i in range(UNITS):
        turn = max(-limits[MAX_STEER], min(limits[MAX_STEER], steer_command[i])) - steer[i]
        steering += abs(turn) > 1e-9
        limit = limits[STEER_RATE] * dt_s
        steer[i] += max(-limit, min(limit, turn))
        change = max(-limits[MAX_SPEED], min(limits[MAX_SPEED], track_command[i])) - track[i]
        limit = limits[ACCELERATION] * dt_s
        track[i] += max(-limit, min(limit, change))
        state[TRAVEL + i] += track[i] * dt_s
        running = running or abs(track[i]) > _STANDING_MPS
    r = np.empty((3, 3))
    rotation(state[YAW], state[PITCH], state[ROLL], r)
    along, across, normal = r[2, 0], r[2, 1], r[2, 2]
    if not running and not anchored:
        # Tracks at rest hold the vehicle until its weight overcomes the soil's strength.
        weight = limits[MASS] * MOON_GRAVITY_M_S2
        strength = 0.0
        for i in range(UNITS):
            strength += crawler[3] * shear_strength(weight * normal / UNITS, crawler[0] * crawler[1], soils[i])
        running = weight * math.hypot(along, across) > strength

    blocked = False
    state[VX] = state[VY] = state[WZ] = state[POWER] = 0.0
    slip[:] = 0.0
    torque[:] = 0.0
    if running and not anchored:
        twist, slipping, turning, target, _, power = balance(
            positions, crawler, limits[MASS], limits[COM_HEIGHT], track, steer, along, across, normal, soils
        )
        speed, fastest = math.hypot(twist[0], twist[1]), limits[MAX_SPEED] + limits[SLIDE_SPEED]
        if not math.isfinite(speed + twist[2]):
            twist = np.zeros(3)
        elif speed > fastest:
            twist = twist * (fastest / speed)
        x = state[X] + (r[0, 0] * twist[0] + r[0, 1] * twist[1]) * dt_s
        y = state[Y] + (r[1, 0] * twist[0] + r[1, 1] * twist[1]) * dt_s
        yaw = state[YAW] + twist[2] * normal * dt_s
        z, pitch, roll, obstacle = settle(ground, positions, crawler, limits, x, y, yaw, steer, sinkage)
        # Contact may only get less, and the world ends where its heights do.
        blocked = not math.isfinite(z) or obstacle > max(state[OBSTACLE], 0.0)
        if not blocked:
            way = math.hypot(twist[0], twist[1]) * dt_s
            state[DISTANCE] += way
            state[X], state[Y], state[Z] = x, y, z
            state[YAW] = math.atan2(math.sin(yaw), math.cos(yaw))
            state[PITCH], state[ROLL], state[OBSTACLE] = pitch, roll, obstacle
            state[VX], state[VY], state[WZ] = twist[0], twist[1], twist[2]
            # The rut deepens and fills over a track length, not at once.
            sinkage += min(1.0, way / crawler[0]) * (target - sinkage)
            slip[:] = slipping
            torque[:] = turning
            state[POWER] = power
    if blocked or anchored:
        state[POWER] = _held(positions, crawler, limits, soils, track, normal, slip, torque)
    for i in range(UNITS):
        torque[i] = max(-limits[MAX_TORQUE], min(limits[MAX_TORQUE], torque[i]))
    state[POWER] += limits[STEER_POWER] * steering
    state[BLOCKED] = 1.0 if blocked else 0.0
