# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Quasi-static motion of four steered crawler units, each on its own soil: forces and moment always in balance."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.locomotion import UNITS, crawler_row, unit_force
from lupex_models.rover import Rover
from lupex_models.soil import compaction_resistance, track_sinkage

Array = NDArray[np.float64]


class Motion(NamedTuple):
    """Velocity over ground in base_link and what each unit, in the order fl, fr, rl, rr, does for it."""

    vx_mps: float
    vy_mps: float
    yaw_rate_rad_s: float
    slip: Array
    """1 - speed along the track / track speed; 0 for a track at rest."""
    torque_nm: Array
    """At each sprocket, in the direction of positive track speed."""
    sinkage_m: Array
    load_n: Array
    power_w: float
    """Electrical, of all drives."""


class CrawlerVehicle:
    """The rover's crawler as the arrays that the kernel takes."""

    def __init__(self, rover: Rover) -> None:
        x, y = rover.crawler.unit_x_m, rover.crawler.unit_y_m
        self._positions = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
        self._crawler = crawler_row(rover.crawler)
        self._mass_kg = rover.body.mass_kg
        self._height_m = rover.body.centre_of_mass_height_m

    def motion(
        self,
        track_speed_mps: Array,
        steer_rad: Array,
        slope_along_rad: float,
        slope_across_rad: float,
        soils: Array,
    ) -> Motion:
        """Return the velocity at which soil forces, weight and resistances balance (skid steering: Wong 2008, ch. 6).

        `track_speed_mps`, `steer_rad` (4,), `soils` (4, 6) rows of Soil.as_row(). Slopes as in `locomotion.drive`:
        uphill positive along base_link x, and positive where the left is higher.
        """
        found = balance(
            self._positions,
            self._crawler,
            self._mass_kg,
            self._height_m,
            np.asarray(track_speed_mps, float),
            np.asarray(steer_rad, float),
            math.sin(slope_along_rad),
            *_across_and_normal(slope_along_rad, slope_across_rad),
            np.ascontiguousarray(soils, float),
        )
        velocity, slip, torque, sinkage, load, power = found
        return Motion(velocity[0], velocity[1], velocity[2], slip, torque, sinkage, load, power)


def _across_and_normal(slope_along_rad: float, slope_across_rad: float) -> tuple[float, float]:
    gx, gy = math.tan(slope_along_rad), math.tan(slope_across_rad)
    normal = 1.0 / math.sqrt(1.0 + gx * gx + gy * gy)
    across = math.sqrt(max(1.0 - normal**2 - math.sin(slope_along_rad) ** 2, 0.0))
    return math.copysign(across, gy), normal


@njit(cache=True)
def unit_loads(positions, mass_kg, height_m, along, across, normal):  # type: ignore[no-untyped-def]
    """Return the normal load [N] of each unit (4,), shifted to the lower ones by the centre of mass's height.

    Moments of the weight about the contacts; the fourth unknown by equal sharing (Wong 2008, sect. 3.1).
    """
    weight = mass_kg * MOON_GRAVITY_M_S2
    loads = np.empty(UNITS)
    for i in range(UNITS):
        shift = height_m * (along / positions[i, 0] + across / positions[i, 1])
        loads[i] = max(0.25 * weight * (normal - shift), 0.0)
    return loads


@njit(cache=True)
def _residual(velocity, positions, crawler, track, cosine, sine, loads, weight_along, weight_across, soils):  # type: ignore[no-untyped-def]
    total = np.array([-weight_along, -weight_across, 0.0])
    for i in range(UNITS):
        ux = velocity[0] - velocity[2] * positions[i, 1]
        uy = velocity[1] + velocity[2] * positions[i, 0]
        along = cosine[i] * ux + sine[i] * uy
        across = cosine[i] * uy - sine[i] * ux
        f, g = unit_force(track[i], along, across, loads[i], crawler[0], crawler[1], crawler[3], soils[i])
        # past the limit of traction the rover slides, bounded
        f += crawler[7] * loads[i] * (track[i] - along)
        g -= crawler[7] * loads[i] * across
        fx = cosine[i] * f - sine[i] * g
        fy = sine[i] * f + cosine[i] * g
        total[0] += fx
        total[1] += fy
        total[2] += positions[i, 0] * fy - positions[i, 1] * fx
    return total


@njit(cache=True)
def _kinematic(positions, track, cosine, sine):  # type: ignore[no-untyped-def]
    rows = np.empty((2 * UNITS, 3))
    wanted = np.empty(2 * UNITS)
    for i in range(UNITS):
        rows[2 * i] = np.array([1.0, 0.0, -positions[i, 1]])
        rows[2 * i + 1] = np.array([0.0, 1.0, positions[i, 0]])
        wanted[2 * i] = track[i] * cosine[i]
        wanted[2 * i + 1] = track[i] * sine[i]
    return np.linalg.solve(rows.T @ rows, rows.T @ wanted)


@njit(cache=True)
def balance(positions, crawler, mass_kg, height_m, track, steer, along, across, normal, soils):  # type: ignore[no-untyped-def]
    """Return (velocity (3,), slip, torque, sinkage, load (4,) each, power) of CrawlerVehicle.motion, for numba kernels.

    The forces of `locomotion.unit_force` (Janosi and Hanamoto 1961) against the weight, by a damped Newton method.
    `positions` (4, 2) of the units, `crawler` as crawler_row, `height_m` of the centre of mass; `along`, `across` and
    `normal` are the parts of the upward unit vector in base_link.
    """
    length, width, radius, _, _, efficiency, internal, _ = crawler
    loads = unit_loads(positions, mass_kg, height_m, along, across, normal)
    weight = mass_kg * MOON_GRAVITY_M_S2
    cosine = np.cos(steer)
    sine = np.sin(steer)
    wa = weight * along
    wc = weight * across
    velocity = _kinematic(positions, track, cosine, sine)
    residual = _residual(velocity, positions, crawler, track, cosine, sine, loads, wa, wc, soils)
    # the forces derive from a convex potential of the velocity: a damped Newton step always descends
    damping = 0.0
    jacobian = np.empty((3, 3))
    for _ in range(60):
        size = np.abs(residual).max()
        if size <= 1e-7 * weight:
            break
        for k in range(3):
            nudge = 1e-7
            shifted = velocity.copy()
            shifted[k] += nudge
            moved = _residual(shifted, positions, crawler, track, cosine, sine, loads, wa, wc, soils)
            jacobian[:, k] = (moved - residual) / nudge
        improved = False
        for _ in range(30):
            system = jacobian - damping * np.eye(3)
            change = np.linalg.solve(system, -residual)
            trial = velocity + change
            moved = _residual(trial, positions, crawler, track, cosine, sine, loads, wa, wc, soils)
            if (moved**2).sum() < (residual**2).sum():
                improved = True
                break
            damping = max(4.0 * damping, 1e-3 * np.abs(np.diag(jacobian)).max())
        if not improved:
            break
        velocity = trial
        residual = moved
        damping *= 0.1
    slip = np.zeros(UNITS)
    torque = np.zeros(UNITS)
    sinkage = np.zeros(UNITS)
    power = 0.0
    for i in range(UNITS):
        ux = velocity[0] - velocity[2] * positions[i, 1]
        uy = velocity[1] + velocity[2] * positions[i, 0]
        speed = cosine[i] * ux + sine[i] * uy
        sideways = cosine[i] * uy - sine[i] * ux
        f, _ = unit_force(track[i], speed, sideways, loads[i], length, width, crawler[3], soils[i])
        sinkage[i] = track_sinkage(loads[i] / (length * width), width, soils[i])
        rut = compaction_resistance(sinkage[i], width, soils[i]) * max(-1.0, min(1.0, speed / 1e-4))
        turning = math.copysign(1.0, track[i]) if abs(track[i]) > 1e-6 else 0.0
        torque[i] = (f + rut + turning * internal * loads[i]) * radius
        power += max(torque[i] * track[i] / radius, 0.0) / efficiency
        if turning != 0.0:
            slip[i] = 1.0 - speed / track[i]
    return velocity, slip, torque, sinkage, loads, power
