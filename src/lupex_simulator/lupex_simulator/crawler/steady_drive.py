# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True slip, speed and power of driving straight for long on even ground: what a judge counts with."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_simulator.crawler.rut import steady_pit
from lupex_simulator.crawler.track_soil import resistances, rolling_sinkage, slip_sinkage_factor, unit_force
from lupex_simulator.crawler.true_locomotion import Track, drive_power, drive_torque
from lupex_worlds.contact_plane import UNITS

FloatArray = npt.NDArray[np.float64]

_RUTS = 200
"""Passes from rut to slip and back; more are needed only where slip runs away."""
_SETTLED = 1e-6
_LIMIT_SLIP = 0.95
_ITERATIONS = 60
_HALVINGS = 30
_BALANCED = 1e-8
_STEEPEST_RAD = math.radians(36.0)


class SteadyDrive(NamedTuple):
    """What driving straight comes to; slip > 0 when tracks run further than the ground, < 0 when it skids."""

    slip: float
    ground_speed_mps: float
    """Along the heading, never negative: backwards drives are told by their size."""
    power_w: float
    """Electrical, of all drives."""
    feasible: bool
    """Not where the tracks dig themselves in, or cannot hold the descent."""
    side_slip: float
    """Speed to the left over the tracks' speed."""
    sinkage_m: float


def steady_drive(
    track: Track, soil: FloatArray, slope_along_rad: float, slope_across_rad: float, speed_mps: float
) -> SteadyDrive:
    """Return the steady state of driving at track speed `speed_mps` (negative: backwards) on soil (7,).

    `slope_along_rad` is positive uphill in the heading, `slope_across_rad` positive where the left is higher. The rut
    is the one that this very slip makes, so that slip runs away where each deeper rut asks for more of it.
    """
    return SteadyDrive(*_steady(track, np.asarray(soil, float), slope_along_rad, slope_across_rad, speed_mps))


def drive_costs(
    track: Track,
    soils: npt.ArrayLike,
    slope_along_rad: npt.ArrayLike,
    slope_across_rad: npt.ArrayLike,
    speed_mps: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return (J/m of the drives, s/m) of driving straight on soils (..., 7) over slopes (...), as `steady_drive`.

    At the track's full speed unless another is given; inf where it cannot be driven, or is steeper than 36 deg.
    """
    rows = np.asarray(soils, float)
    along, across, _ = np.broadcast_arrays(
        np.asarray(slope_along_rad, float), np.asarray(slope_across_rad, float), rows[..., 0]
    )
    rows = np.broadcast_to(rows, (*along.shape, rows.shape[-1])).reshape(-1, rows.shape[-1])
    speed = track.max_speed_mps if speed_mps is None else speed_mps
    energy, time = _costs(track, np.ascontiguousarray(rows), along.ravel(), across.ravel(), speed)
    return energy.reshape(along.shape), time.reshape(along.shape)


@njit(cache=True)
def _slide(track, soil, load, resisting, pull, speed, start):  # type: ignore[no-untyped-def]
    """Return the velocity (along, across) at which one unit bears its part of the weight, and whether it is found."""
    va, vc = start
    fa, fc, aa, ac, cc = unit_force(speed, va, vc, load, resisting, track, soil)
    fa, fc = fa - pull[0], fc - pull[1]
    for _ in range(_ITERATIONS):
        left = fa * fa + fc * fc
        if left <= (_BALANCED * load) ** 2:
            return va, vc, True
        determinant = aa * cc - ac * ac
        if not determinant > 0.0:
            break
        da, dc = (cc * fa - ac * fc) / determinant, (aa * fc - ac * fa) / determinant
        size = 1.0
        for _ in range(_HALVINGS):
            ga, gc, aa, ac, cc = unit_force(speed, va + size * da, vc + size * dc, load, resisting, track, soil)
            ga, gc = ga - pull[0], gc - pull[1]
            if ga * ga + gc * gc < left:
                break
            size *= 0.5
        va, vc, fa, fc = va + size * da, vc + size * dc, ga, gc
    return va, vc, False


@njit(cache=True)
def _steady(track, soil, slope_along_rad, slope_across_rad, speed_mps):  # type: ignore[no-untyped-def]
    gx, gy = math.tan(slope_along_rad), math.tan(slope_across_rad)
    normal = 1.0 / math.sqrt(1.0 + gx * gx + gy * gy)
    along = math.sin(slope_along_rad)
    across = math.copysign(math.sqrt(max(1.0 - normal * normal - along * along, 0.0)), gy)
    share = track.mass_kg * MOON_GRAVITY_M_S2 / UNITS
    load = share * normal
    at_rest = rolling_sinkage(load, track, soil)
    speed = speed_mps if abs(speed_mps) > 1e-4 else math.copysign(1e-4, speed_mps)
    pull = (share * along, share * across)
    va, vc = speed, 0.0
    slip, pit, rolling, settled = 0.0, 0.0, at_rest, False
    for _ in range(_RUTS):
        resisting = resistances(rolling, pit, load, track, soil)
        va, vc, found = _slide(track, soil, load, resisting, pull, speed, (va, vc))
        before, slip = slip, 1.0 - va / speed
        if not found or abs(slip) >= _LIMIT_SLIP:
            break
        if abs(slip - before) < _SETTLED:
            settled = True
            break
        rolling = at_rest * slip_sinkage_factor(slip)
        pit = steady_pit(slip, math.hypot(va, vc) / abs(speed), track)
    torque = drive_torque(speed, va, vc, load, track, soil)
    feasible = settled and abs(vc) < abs(speed) and abs(torque) <= track.max_torque_nm
    if not feasible:
        torque = drive_torque(speed, 0.0, 0.0, load, track, soil)
        torque = max(-track.max_torque_nm, min(track.max_torque_nm, torque))
        return 1.0, 0.0, UNITS * drive_power(torque, speed, track), False, 0.0, track.deepest_m
    power = UNITS * drive_power(torque, speed, track)
    return slip, abs(va), power, True, vc / abs(speed), rolling + pit


@njit(cache=True)
def _costs(track, soils, along, across, speed):  # type: ignore[no-untyped-def]
    energy, time = np.full(along.size, np.inf), np.full(along.size, np.inf)
    for k in range(along.size):
        if abs(along[k]) <= _STEEPEST_RAD and abs(across[k]) <= _STEEPEST_RAD:
            _, ground, power, feasible, _, _ = _steady(track, soils[k], along[k], across[k], speed)
            if feasible:
                energy[k], time[k] = power / ground, 1.0 / ground
    return energy, time
