# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Motion of four steered track units on the true soil: forces and moment in balance, each unit in its own rut."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Rover
from lupex_simulator.crawler.track_soil import STANDING_MPS, resistances, shear, unit_force
from lupex_worlds.contact_plane import UNITS
from lupex_worlds.truth.soil_truth import TrackGrip

FloatArray = npt.NDArray[np.float64]

# Columns of the ruts' state: depth of rolling, depth of the pit, place of the pit (map), furthest distance from it that
# the unit has reached since.
ROLLING, PIT, PIT_X, PIT_Y, REACH = range(5)
RUT_COLUMNS = 5

_SPEED_SHARE = 0.2
"""[A] of the tracks' internal resistance at full speed that goes with speed."""
BRAKE_LOSS = 0.1
"""[A] electrical power of a braking drive over the power that it brakes."""
_ITERATIONS = 60
_HALVINGS = 30
_BALANCED = 1e-7
"""Of the weight: residual of a balance that is solved."""
_PIVOT_M = 0.78
"""Of the order of the units' distance: makes a moment comparable with a force."""


class Track(NamedTuple):
    """The rover's crawler on the tracks of one run, as the kernels take it; begins as contact_plane.settle wants."""

    length_m: float
    width_m: float
    sprocket_radius_m: float
    max_torque_nm: float
    max_speed_mps: float
    drive_efficiency: float
    internal_resistance: float
    """True friction within a track over its load, at full speed."""
    interface_friction: float
    grouser_height_m: float
    pressure_bias: float
    digging: float
    deepest_m: float
    """Pit in which the belly lies on the ground."""
    mass_kg: float
    centre_of_mass_m: float


class Units(NamedTuple):
    """The four units as the kernels take them: front left, front right, rear left, rear right."""

    positions: FloatArray
    """(4, 2) in base_link."""
    speeds: FloatArray
    """(4,) of the tracks [m/s]."""
    steer: FloatArray
    """(4,) [rad]."""
    loads: FloatArray
    """(4,) normal [N]."""
    ruts: FloatArray
    """(4, 5): columns of rut.py."""
    soils: FloatArray
    """(4, 7): rows of TrueSoil."""


def true_track(rover: Rover, grip: TrackGrip, drag_factor: float = 1.0) -> Track:
    """Return the rover's crawler; `drag_factor` is the true internal resistance over the rover's number."""
    crawler, body = rover.crawler, rover.body
    return Track(
        crawler.track_length_m,
        crawler.track_width_m,
        crawler.sprocket_radius_m,
        crawler.max_torque_nm,
        crawler.max_speed_mps,
        crawler.drive_efficiency,
        crawler.internal_resistance_coefficient * drag_factor,
        *grip,
        body.clearance_m,
        body.mass_kg,
        body.centre_of_mass_height_m,
    )


@njit(cache=True)
def unit_loads(positions, track, along, across, normal, loads):  # type: ignore[no-untyped-def]
    """Fill the normal load [N] of each unit (4,): weight shifted to the lower units, none below 0.

    Moments about the contacts, the fourth unknown by equal sharing (Wong 2008, sect. 3.1).
    """
    weight = track.mass_kg * MOON_GRAVITY_M_S2
    total = 0.0
    for i in range(UNITS):
        shift = track.centre_of_mass_m * (along / positions[i, 0] + across / positions[i, 1])
        loads[i] = max(0.25 * weight * (normal - shift), 0.0)
        total += loads[i]
    if total > 0.0:
        # a lifted unit's share goes to the others
        for i in range(UNITS):
            loads[i] *= weight * max(normal, 0.0) / total


@njit(cache=True)
def _forces(v, units, track, resisting, pull, stiffness):  # type: ignore[no-untyped-def]
    """Return the sum (x, y, moment over the pivot) of all forces at v; fill `stiffness` (3, 3), minus its derivative.

    v: forward, left [m/s] and turning times the pivot [m/s]; `resisting` (4, 2) along and across each track, `pull`
    the weight's parts uphill.
    """
    fx, fy, fm = -pull[0], -pull[1], 0.0
    stiffness[:] = 0.0
    for i in range(UNITS):
        c, s = math.cos(units.steer[i]), math.sin(units.steer[i])
        px, py = units.positions[i, 0] / _PIVOT_M, units.positions[i, 1] / _PIVOT_M
        ux, uy = v[0] - v[2] * py, v[1] + v[2] * px
        fa, fc, aa, ac, cc = unit_force(
            units.speeds[i], c * ux + s * uy, c * uy - s * ux, units.loads[i], resisting[i], track, units.soils[i]
        )
        gx, gy = c * fa - s * fc, s * fa + c * fc
        fx += gx
        fy += gy
        fm += px * gy - py * gx
        kxx = c * c * aa - 2.0 * c * s * ac + s * s * cc
        kyy = s * s * aa + 2.0 * c * s * ac + c * c * cc
        kxy = c * s * (aa - cc) + (c * c - s * s) * ac
        stiffness[0, 0] += kxx
        stiffness[0, 1] += kxy
        stiffness[1, 1] += kyy
        stiffness[0, 2] += px * kxy - py * kxx
        stiffness[1, 2] += px * kyy - py * kxy
        stiffness[2, 2] += px * px * kyy - 2.0 * px * py * kxy + py * py * kxx
    return fx, fy, fm


@njit(cache=True)
def _newton_step(k, fx, fy, fm):  # type: ignore[no-untyped-def]
    """Return k^-1 (fx, fy, fm) of a symmetric positive definite k of which the upper half is filled (Cholesky)."""
    a = math.sqrt(k[0, 0])
    b, d = k[0, 1] / a, k[0, 2] / a
    c = math.sqrt(max(k[1, 1] - b * b, 1e-12 * k[1, 1]))
    e = (k[1, 2] - b * d) / c
    f = math.sqrt(max(k[2, 2] - d * d - e * e, 1e-12 * k[2, 2]))
    y0 = fx / a
    y1 = (fy - b * y0) / c
    y2 = (fm - d * y0 - e * y1) / f
    x2 = y2 / f
    x1 = (y1 - e * x2) / c
    return (y0 - b * x1 - d * x2) / a, x1, x2


@njit(cache=True)
def _solve(units, track, along, across, twist):  # type: ignore[no-untyped-def]
    weight = track.mass_kg * MOON_GRAVITY_M_S2
    pull = (weight * along, weight * across)
    resisting = np.empty((UNITS, 2))
    for i in range(UNITS):
        resisting[i, 0], resisting[i, 1] = resistances(
            units.ruts[i, ROLLING], units.ruts[i, PIT], units.loads[i], track, units.soils[i]
        )
    stiffness, trial = np.empty((3, 3)), np.empty(3)
    v = np.array([twist[0], twist[1], twist[2] * _PIVOT_M])
    fx, fy, fm = _forces(v, units, track, resisting, pull, stiffness)
    solved = False
    for _ in range(_ITERATIONS):
        left = fx * fx + fy * fy + fm * fm
        solved = left <= (_BALANCED * weight) ** 2
        if solved or not (stiffness[0, 0] > 0.0 and stiffness[1, 1] > 0.0 and stiffness[2, 2] > 0.0):
            break
        dx, dy, dm = _newton_step(stiffness, fx, fy, fm)
        size = 1.0
        for _ in range(_HALVINGS):
            trial[0], trial[1], trial[2] = v[0] + size * dx, v[1] + size * dy, v[2] + size * dm
            fx, fy, fm = _forces(trial, units, track, resisting, pull, stiffness)
            if fx * fx + fy * fy + fm * fm < left:
                break
            size *= 0.5
        v[:] = trial
    twist[0], twist[1], twist[2] = v[0], v[1], v[2] / _PIVOT_M
    return solved


@njit(cache=True)
def balance(units, track, along, across, twist):  # type: ignore[no-untyped-def]
    """Solve for the twist (3,) [m/s, m/s, rad/s] at which the soil bears the weight; begins at the given one.

    Damped Newton: the forces derive from a convex potential, so that halving a step always lessens what is left.
    `along` and `across` are the parts of the upward unit vector in base_link. Returns whether it is solved.
    """
    if _solve(units, track, along, across, twist):
        return True
    # from far away, with locked tracks, the way can be too long
    twist[:] = 0.0
    return _solve(units, track, along, across, twist)


@njit(cache=True)
def unit_velocity(units, i, twist):  # type: ignore[no-untyped-def]
    """Return the velocity (along, across) of a unit over ground in its own frame."""
    c, s = math.cos(units.steer[i]), math.sin(units.steer[i])
    ux, uy = twist[0] - twist[2] * units.positions[i, 1], twist[1] + twist[2] * units.positions[i, 0]
    return c * ux + s * uy, c * uy - s * ux


@njit(cache=True)
def drive_torque(track_mps, along_mps, across_mps, load_n, track, soil):  # type: ignore[no-untyped-def]
    """Return the torque [N m] at a sprocket: the soil's thrust on its track and the track's own friction."""
    if abs(track_mps) <= STANDING_MPS:
        return 0.0
    slide = track_mps - along_mps
    secant, _ = shear(math.hypot(slide, across_mps), track_mps, load_n, track, soil)
    quick = 1.0 - _SPEED_SHARE + _SPEED_SHARE * abs(track_mps) / track.max_speed_mps
    friction = math.copysign(track.internal_resistance * quick * load_n, track_mps)
    return (secant * slide + friction) * track.sprocket_radius_m


@njit(cache=True)
def drive_power(torque_nm, track_mps, track):  # type: ignore[no-untyped-def]
    """Return the electrical power [W] of a drive: nothing flows back to the bus, and braking takes some."""
    power = torque_nm * track_mps / track.sprocket_radius_m
    return power / track.drive_efficiency if power >= 0.0 else -BRAKE_LOSS * power


@njit(cache=True)
def drives(units, track, twist, slip, torque):  # type: ignore[no-untyped-def]
    """Fill slip and torque [N m] of each unit (4,) at a twist; return the drives' electrical power [W].

    Slip is 1 - speed along the track / track speed, 0 for a track at rest.
    """
    power = 0.0
    for i in range(UNITS):
        speed = units.speeds[i]
        slip[i] = torque[i] = 0.0
        if abs(speed) > STANDING_MPS:
            along, across = unit_velocity(units, i, twist)
            slip[i] = 1.0 - along / speed
            wanted = drive_torque(speed, along, across, units.loads[i], track, units.soils[i])
            torque[i] = max(-track.max_torque_nm, min(track.max_torque_nm, wanted))
            power += drive_power(torque[i], speed, track)
    return power
