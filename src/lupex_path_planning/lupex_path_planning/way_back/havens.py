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

Grid3 = NDArray[np.float32]


def haven_need(
    grid: SiteGrid, moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float
) -> Grid3:
    """Return the need [J] (slices, ny, nx) of a cell as a haven, inf where it is none in that slice.

    A haven recharges `haven_recharge_wh` within `haven_time_s`, counted from the worst moment of the slice: what is
    left of it brings no gain but its full loss. The need is the reserve and the deepest fall before the gain, of
    a rover whose stop is behind it. The field itself uses the same rule, rounded up (`look_ahead`); this one is its
    measure.
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
            light.count - config.slices_ahead(light.slice_s),
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
