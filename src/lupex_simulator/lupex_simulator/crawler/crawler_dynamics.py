# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the quasi-static vehicle: one step of motion under the balance of forces on the true soil."""

import math

import numpy as np
from numba import njit

from lupex_simulator.crawler.rut import follow_ruts
from lupex_simulator.crawler.track_soil import STANDING_MPS
from lupex_simulator.crawler.true_locomotion import PIT, ROLLING, RUT_COLUMNS, Units, balance, drives, unit_loads
from lupex_worlds.contact_plane import (
    ACCELERATION,
    MAX_SPEED,
    MAX_STEER,
    SLIDE_SPEED,
    STEER_POWER,
    STEER_RATE,
    UNITS,
    rotation,
    settle,
)

# Layout of the state array.
X, Y, Z, YAW, PITCH, ROLL, VX, VY, WZ, POWER, BLOCKED, DISTANCE, OBSTACLE = range(13)
STEER, TRACK, TRAVEL, TORQUE, SLIP, SINKAGE, RUTS = 13, 17, 21, 25, 29, 33, 37
SIZE = RUTS + UNITS * RUT_COLUMNS

STEERED_RAD = 1e-9
"""Of a steering command: less to turn is none."""
_HOLD_MPS = 1e-3
"""With all tracks at rest, a slower creep is the balance's own way to say that the soil holds."""


@njit(cache=True)
def _actuate(state, limits, steer_command, track_command, dt_s):  # type: ignore[no-untyped-def]
    """Turn the steering and ramp the drives; return (how many actuators turn, whether a track runs)."""
    steer, track = state[STEER : STEER + UNITS], state[TRACK : TRACK + UNITS]
    steering, running = 0, False
    for i in range(UNITS):
        turn = max(-limits[MAX_STEER], min(limits[MAX_STEER], steer_command[i])) - steer[i]
        steering += abs(turn) > STEERED_RAD
        limit = limits[STEER_RATE] * dt_s
        steer[i] += max(-limit, min(limit, turn))
        change = max(-limits[MAX_SPEED], min(limits[MAX_SPEED], track_command[i])) - track[i]
        limit = limits[ACCELERATION] * dt_s
        track[i] += max(-limit, min(limit, change))
        state[TRAVEL + i] += track[i] * dt_s
        running = running or abs(track[i]) > STANDING_MPS
    return steering, running


@njit(cache=True)
def _move(state, twist, r, positions, track, limits, ground, dt_s):  # type: ignore[no-untyped-def]
    """Go on by the twist unless something is in the way; return whether it is."""
    x = state[X] + (r[0, 0] * twist[0] + r[0, 1] * twist[1]) * dt_s
    y = state[Y] + (r[1, 0] * twist[0] + r[1, 1] * twist[1]) * dt_s
    yaw = state[YAW] + twist[2] * r[2, 2] * dt_s
    steer, sinkage = state[STEER : STEER + UNITS], state[SINKAGE : SINKAGE + UNITS]
    z, pitch, roll, obstacle = settle(ground, positions, track, limits, x, y, yaw, steer, sinkage)
    # Contact may only get less, and the world ends where its heights do.
    if not math.isfinite(z) or obstacle > max(state[OBSTACLE], 0.0):
        return True
    state[DISTANCE] += math.hypot(twist[0], twist[1]) * dt_s
    state[X], state[Y], state[Z] = x, y, z
    state[YAW] = math.atan2(math.sin(yaw), math.cos(yaw))
    state[PITCH], state[ROLL], state[OBSTACLE] = pitch, roll, obstacle
    return False


@njit(cache=True)
def _sink(state, units, track, limits, ground):  # type: ignore[no-untyped-def]
    """Lower the body of a vehicle that digs where something stops it, or no way would lessen the contact."""
    sinkage = state[SINKAGE : SINKAGE + UNITS]
    x, y, yaw = state[X], state[Y], state[YAW]
    z, pitch, roll, obstacle = settle(ground, units.positions, track, limits, x, y, yaw, units.steer, sinkage)
    state[Z], state[PITCH], state[ROLL], state[OBSTACLE] = z, pitch, roll, obstacle


@njit(cache=True)
def vehicle_step(  # type: ignore[no-untyped-def]
    state, positions, track, limits, steer_command, track_command, soils, ground, anchored, dt_s
):
    """Advance `state` (SIZE) by `dt_s`: actuators, balance of forces, motion, contact, torque, power and ruts.

    `positions` (4, 2) of the units, `track` a true_locomotion.Track; `steer_command` [rad] and `track_command` [m/s]
    hold one value a unit, `soils` (4, 7) rows of TrueSoil. An `anchored` vehicle (drill in the ground) does not move
    over the ground, whatever its tracks do.
    """
    steering, running = _actuate(state, limits, steer_command, track_command, dt_s)
    r = np.empty((3, 3))
    rotation(state[YAW], state[PITCH], state[ROLL], r)
    units = Units(
        positions,
        state[TRACK : TRACK + UNITS],
        state[STEER : STEER + UNITS],
        np.empty(UNITS),
        state[RUTS : RUTS + UNITS * RUT_COLUMNS].reshape((UNITS, RUT_COLUMNS)),
        soils,
    )
    unit_loads(positions, track, r[2, 0], r[2, 1], r[2, 2], units.loads)
    twist = np.zeros(3)
    blocked = False
    if not anchored:
        twist[0], twist[1], twist[2] = state[VX], state[VY], state[WZ]
        balance(units, track, r[2, 0], r[2, 1], twist)
        speed, fastest = math.hypot(twist[0], twist[1]), limits[MAX_SPEED] + limits[SLIDE_SPEED]
        holds = not running and speed < _HOLD_MPS and abs(twist[2]) < _HOLD_MPS
        if holds or not math.isfinite(speed + twist[2]):
            twist[:] = 0.0
        else:
            if speed > fastest:
                twist *= fastest / speed
            blocked = _move(state, twist, r, positions, track, limits, ground, dt_s)
            if blocked:
                twist[:] = 0.0
    state[VX], state[VY], state[WZ] = twist[0], twist[1], twist[2]
    state[POWER] = drives(units, track, twist, state[SLIP : SLIP + UNITS], state[TORQUE : TORQUE + UNITS])
    state[POWER] += limits[STEER_POWER] * steering
    state[BLOCKED] = 1.0 if blocked else 0.0
    follow_ruts(units, track, twist, (state[X], state[Y], state[YAW]), dt_s)
    state[SINKAGE : SINKAGE + UNITS] = units.ruts[:, ROLLING] + units.ruts[:, PIT]
    if blocked and running:
        _sink(state, units, track, limits, ground)
