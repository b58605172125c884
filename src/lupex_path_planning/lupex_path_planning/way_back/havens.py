# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Havens: flat ground, as well lit all around as it is, that recharges the battery in a given time."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import Moves, SiteGrid
from lupex_path_planning.way_back.labels import NONE
from lupex_path_planning.way_back.slices import lesser, put

U = np.uint32
I = np.uint64  # noqa: E741
Grid3 = NDArray[np.float32]


def haven_need(
    grid: SiteGrid, moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float
) -> Grid3:
    """Return the need [J] (slices, ny, nx) of a cell as a haven, inf where it is none in that slice.

    A haven recharges `haven_recharge_wh` within `haven_time_s`, counted from the worst moment of the slice: what is
    left of it brings no gain but its full loss. The need is the reserve and the deepest fall before the gain.
    The field itself uses the same rule, rounded up; this one is its measure.
    """
    ahead = math.floor(config.haven_time_s / light.slice_s)
    radius = math.ceil(config.haven_clearance_m / grid.cell_m)
    least = light.least_w
    if radius > 0:
        least = minimum_filter(least, size=(1, 2 * radius + 1, 2 * radius + 1), mode="nearest")
    return np.asarray(
        _haven_need(
            np.ascontiguousarray(least),
            flat(grid, config),
            light.count - ahead,
            ahead,
            light.slice_s,
            np.array([moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w]),
            config.haven_recharge_wh * 3600.0,
            reserve_j,
            capacity_j,
        )
    )


def flat(grid: SiteGrid, config: RecoveryConfig) -> NDArray[np.bool_]:
    """Return which cells (ny, nx) a haven may lie in."""
    steepness = np.arctan(np.hypot(grid.slope_x, grid.slope_y))
    return np.asarray(grid.passable & (steepness <= config.haven_slope_max_rad))


@njit(cache=True, nogil=True)
def havens(out, last, ring, gains, steps, least_w, flat, block, k, radius, ahead, rates, recharge, up):  # type: ignore[no-untyped-def]
    """Set out (ny, nx) to the value of each cell as a haven in slice k, NONE where it is none; `last` is that of k + 1.

    `ring` (ahead + 1, ny, nx) keeps the balance of slices k..k + ahead, `gains` (ny, nx) what those of them that charge
    add up to, rounded up; those of k are set here. `steps` (ny, blocks) are slices in which blocks are recharged.
    """
    count, ny, nx = least_w.shape
    slots = ring.shape[0]
    here = ring[k % slots]
    wide = np.empty((ny, nx), np.float32)
    for i in range(ny):
        row = wide[i]
        put(row, least_w[k, i])
        for d in range(1, radius + 1):
            if d < nx:
                lesser(row[d:], least_w[k, i, : nx - d])
                lesser(row[: nx - d], least_w[k, i, d:])
    energy = np.empty(block, np.float32)
    for i in range(ny):
        row = here[i]
        _count(gains[i], row, False)
        put(row, wide[i])
        for d in range(1, radius + 1):
            lesser(row, wide[max(i - d, 0)])
            lesser(row, wide[min(i + d, ny - 1)])
        _balance(row, rates)
        if k + ahead < count:
            _look_ahead(out, last, ring, gains, steps, flat, energy, k, ahead, i, recharge, up)
        else:
            for j in range(nx):
                out[i, j] = NONE
        _count(gains[i], row, True)


@njit(cache=True, nogil=True)
def _count(gains, row, more):  # type: ignore[no-untyped-def]
    """Add what a slice adds to the battery where it charges, rounded up, or take it away again."""
    for j in range(row.size):
        gain = U(U(row[j]) + U(1)) if row[j] > np.float32(0.0) else U(0)
        gains[j] = U(gains[j] + gain) if more else U(gains[j] - gain)


@njit(cache=True, nogil=True)
def _balance(row, rates):  # type: ignore[no-untyped-def]
    """Turn the array's power into what a whole slice adds to the battery, rounded down."""
    parked_j, sun_j, gain_j, gain_max = rates
    slack = np.float32(1e-6)
    for j in range(row.size):
        net = sun_j * row[j] - parked_j
        gain = net * gain_j
        gain = gain if gain < gain_max else gain_max
        row[j] = (gain - slack * gain) if net > np.float32(0.0) else (net + slack * net)


@njit(cache=True, nogil=True)
def _look_ahead(out, last, ring, gains, steps, flat, energy, k, ahead, i, recharge, up):  # type: ignore[no-untyped-def]
    """Set row i of `out`, block by block.

    Each is looked ahead for no longer than until it has recharged, and not at all where all that charges is too little;
    nor where nothing falls and the slice after has no need: another slice that charges only makes it sooner.
    """
    slots, _, nx = ring.shape
    zero, none = np.float32(0.0), np.float32(NONE)
    i, a = I(i), I(0)
    while a < I(nx):
        b = min(a + I(energy.size), I(nx))
        now = I(k % slots)
        able, falls = U(0), U(0)
        # the rest of slice k may be anything up to a whole slice long
        for j in range(a, b):
            fall = ring[now, i, j] if ring[now, i, j] < zero else zero
            value = U(up - fall) if fall < zero and -fall < none else (NONE if fall < zero else U(0))
            charges = flat[i, j] and np.float32(gains[i, j]) >= recharge
            energy[j - a] = fall if charges else recharge
            out[i, j] = value if charges else NONE
            able |= U(1 if charges else 0)
            falls |= U(1 if flat[i, j] and (fall < zero or last[i, j] != 0) else 0)
        n = I(a // I(energy.size))
        steps[i, n] = steps[i, n] + 1 if falls == 0 else ahead + 1
        if able == 0 or steps[i, n] <= ahead:
            a = b
            continue
        for m in range(k + 1, k + ahead + 1):
            s = I(m % slots)
            left = U(0)
            for j in range(a, b):
                old = energy[j - a]
                more = old + ring[s, i, j]
                more = old if old >= recharge else more
                energy[j - a] = more
                deeper = U(up - more) if -more < none else NONE
                out[i, j] = deeper if more < zero and deeper > out[i, j] else out[i, j]
                left |= U(1 if more < recharge else 0)
            if left == 0:
                steps[i, n] = m - k
                break
        for j in range(a, b):
            out[i, j] = out[i, j] if energy[j - a] >= recharge else NONE
        a = b


@njit(cache=True, nogil=True)
def _up(value):  # type: ignore[no-untyped-def]
    """Round up to float32."""
    rounded = np.float32(value)
    if rounded < value:
        return np.nextafter(rounded, np.float32(np.inf))
    return rounded


@njit(cache=True, nogil=True)
def _haven_need(least, flat, count, ahead, slice_s, rates, recharge, reserve, capacity):  # type: ignore[no-untyped-def]
    parked, discharge, charge, charge_max = rates
    _, ny, nx = least.shape
    out = np.full((count, ny, nx), np.float32(np.inf), np.float32)
    for i in range(ny):
        for j in range(nx):
            if not flat[i, j]:
                continue
            for k in range(count):
                # the rest of slice k may be anything up to a whole slice long
                net = parked - least[k, i, j]
                energy = -max(net, 0.0) * discharge * slice_s
                lowest = energy
                reached = False
                for m in range(k + 1, k + ahead + 1):
                    net = parked - least[m, i, j]
                    if net > 0.0:
                        energy -= net * discharge * slice_s
                    else:
                        energy += min(-net, charge_max) * charge * slice_s
                    lowest = min(lowest, energy)
                    if energy >= recharge:
                        reached = True
                        break
                if reached and reserve - lowest <= capacity:
                    out[k, i, j] = _up(reserve - lowest)
    return out
