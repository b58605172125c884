# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of a unit's rut and its history: slip digs a pit, and only fresh ground fills it."""

import math

from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_simulator.crawler.track_soil import STANDING_MPS, rolling_sinkage, slip_sinkage_factor
from lupex_simulator.crawler.true_locomotion import PIT, PIT_X, PIT_Y, REACH, ROLLING, unit_velocity
from lupex_worlds.contact_plane import UNITS


@njit(cache=True)
def steady_pit(slip, ground_share, track):  # type: ignore[no-untyped-def]
    """Return the depth [m] at which digging and filling balance; `ground_share` is way over ground a way of track."""
    if ground_share <= 0.0:
        return track.deepest_m
    return min(track.digging * track.length_m * abs(slip) / ground_share, track.deepest_m)


@njit(cache=True)
def _unit_place(place, position):  # type: ignore[no-untyped-def]
    """Return the place (x, y) of the map of a unit; `place` is x, y and yaw of the body."""
    c, s = math.cos(place[2]), math.sin(place[2])
    return place[0] + c * position[0] - s * position[1], place[1] + s * position[0] + c * position[1]


@njit(cache=True)
def fresh_ruts(units, track, place):  # type: ignore[no-untyped-def]
    """Fill the ruts of units that have just been set down at `place` (x, y, yaw) of the map."""
    for i in range(UNITS):
        rut = units.ruts[i]
        rut[ROLLING] = rolling_sinkage(units.loads[i], track, units.soils[i])
        rut[PIT] = rut[REACH] = 0.0
        rut[PIT_X], rut[PIT_Y] = _unit_place(place, units.positions[i])


@njit(cache=True)
def follow_ruts(units, track, twist, place, dt_s):  # type: ignore[no-untyped-def]
    """Advance the ruts of units that moved by `twist` for `dt_s` and now stand at `place` (x, y, yaw) of the map.

    The pit deepens with the way that the track slips, and fills over a track length of fresh ground, as the rut of
    rolling follows its own depth: what lies no further from the pit than the unit has been is not fresh, so that
    rocking to and fro digs on. A track length away from it, the pit is left behind.
    """
    full = 0.25 * track.mass_kg * MOON_GRAVITY_M_S2
    for i in range(UNITS):
        rut, load, speed = units.ruts[i], units.loads[i], units.speeds[i]
        along, across = unit_velocity(units, i, twist)
        slip = 0.0
        if abs(speed) > STANDING_MPS:
            slip = 1.0 - along / speed
            dug = track.digging * min(load / full, 1.0) * abs(speed - along) * dt_s
            rut[PIT] = min(rut[PIT] + dug, track.deepest_m)
        target = rolling_sinkage(load, track, units.soils[i]) * slip_sinkage_factor(slip)
        way = math.hypot(along, across) * dt_s
        rut[ROLLING] += (1.0 - math.exp(-way / track.length_m)) * (target - rut[ROLLING])
        x, y = _unit_place(place, units.positions[i])
        distance = math.hypot(x - rut[PIT_X], y - rut[PIT_Y])
        if distance > rut[REACH]:
            rut[PIT] *= math.exp(-(distance - rut[REACH]) / track.length_m)
            rut[REACH] = distance
        if distance > track.length_m:
            rut[PIT_X], rut[PIT_Y], rut[REACH] = x, y, 0.0
