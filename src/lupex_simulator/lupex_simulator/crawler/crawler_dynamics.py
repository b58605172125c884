# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the quasi-static vehicle: one step of motion under the shared balance of soil forces."""

import math

import numpy as np
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.crawler_motion import balance
from lupex_models.locomotion import UNITS, unit_force
from lupex_models.soil import shear_strength
from lupex_worlds.contact_plane import (
    ACCELERATION,
    COM_HEIGHT,
    MASS,
    MAX_SPEED,
    MAX_STEER,
    MAX_TORQUE,
    SLIDE_SPEED,
    STEER_POWER,
    STEER_RATE,
    rotation,
    settle,
)

# Layout of the state array.
X, Y, Z, YAW, PITCH, ROLL, VX, VY, WZ, POWER, BLOCKED, DISTANCE, OBSTACLE = range(13)
STEER, TRACK, TRAVEL, TORQUE, SLIP, SINKAGE = 13, 17, 21, 25, 29, 33
SIZE = 37

_STANDING_MPS = 1e-6


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
