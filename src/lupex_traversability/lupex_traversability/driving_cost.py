# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slope, step, roughness, predicted slip and the cost of driving over an elevation map."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import Rover
from lupex_traversability.config import CostConfig
from lupex_traversability.elevation_map import ASSUMED, UNKNOWN, ElevationMap

Grid = NDArray[np.float32]

LETHAL = 100
UNKNOWN_COST = -1
_SLIP_STEPS = 256


@dataclass(frozen=True)
class Ground:
    """What the map's cells are like, (n, n) each; nan, and cost -1, where they are not known."""

    slope_rad: Grid
    step_m: Grid
    roughness_m: Grid
    slip: Grid
    cost: NDArray[np.int8]


class DrivingCost:
    """Turns an elevation map into cost: 0 free, 100 lethal, -1 unknown.

    The cost is 99 times the greatest share of a limit used up: slope over the footprint, step between neighbours beside
    that slope, rms roughness, slip uphill and, weighted, relief hidden between rings. A lone unseen cell between known
    neighbours counts as known: what fits into it is bounded by its width.
    """

    def __init__(self, config: CostConfig, rover: Rover) -> None:
        self.config = config
        self._slope_max_rad = rover.body.max_tilt_rad
        table = LocomotionTable.build(rover, config.slip_quantile)
        slopes = np.linspace(0.0, math.pi / 2, _SLIP_STEPS)
        self._slip_by_slope = np.clip(np.asarray(table.slip(slopes, 0.0), np.float64), 0.0, 1.0)

    def of(self, ground: ElevationMap) -> Ground:
        """Derive the cost of every cell."""
        config = self.config
        shape = ground.height_m.shape
        slope, step, rough, slip = (np.full(shape, np.nan, np.float32) for _ in range(4))
        cost = np.full(shape, UNKNOWN_COST, np.int8)
        height, low, high, hidden, known = _close_lone_gaps(
            ground.height_m,
            ground.low_m,
            ground.high_m,
            ground.hidden_m,
            ground.source,
            ground.config.hidden_max_m,
            ground.config.rock_ratio * ground.config.cell_m,
        )
        _derive(
            height,
            low,
            high,
            hidden,
            known,
            ground.source,
            self._slip_by_slope,
            np.array(
                [
                    ground.config.cell_m,
                    max(1, round(0.5 * config.window_m / ground.config.cell_m)),
                    config.coverage_min,
                    self._slope_max_rad,
                    config.step_max_m,
                    config.roughness_max_m,
                    config.slip_max,
                    ground.config.hidden_max_m,
                    config.hidden_weight,
                    config.unseen_cost,
                ]
            ),
            slope,
            step,
            rough,
            slip,
            cost,
        )
        return Ground(slope, step, rough, slip, cost)


@njit(cache=True)
def _close_lone_gaps(height, low, high, hidden, source, hidden_max, bound):  # type: ignore[no-untyped-def]
    n = height.shape[0]
    known = np.zeros((n, n), np.bool_)
    for i in range(n):
        for j in range(n):
            known[i, j] = source[i, j] != UNKNOWN and hidden[i, j] <= hidden_max
    height, low, high, hidden = height.copy(), low.copy(), high.copy(), hidden.copy()
    closed = known.copy()
    if bound > hidden_max:
        return height, low, high, hidden, closed
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            if known[i, j]:
                continue
            for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if known[i + di, j + dj] and known[i - di, j - dj]:
                    z = 0.5 * (height[i + di, j + dj] + height[i - di, j - dj])
                    height[i, j] = z
                    low[i, j] = z
                    high[i, j] = z
                    hidden[i, j] = bound
                    closed[i, j] = True
                    break
    return height, low, high, hidden, closed


@njit(cache=True)
def _sums(height, known, base):  # type: ignore[no-untyped-def]
    """Return integral images of n, x, y, z, xx, xy, yy, xz, yz, zz over the known cells, in cells and metres."""
    n = height.shape[0]
    out = np.zeros((n + 1, n + 1, 10))
    row = np.empty(10)
    for i in range(n):
        row[:] = 0.0
        y = i - 0.5 * n
        for j in range(n):
            if known[i, j]:
                x = j - 0.5 * n
                z = height[i, j] - base
                row[0] += 1.0
                row[1] += x
                row[2] += y
                row[3] += z
                row[4] += x * x
                row[5] += x * y
                row[6] += y * y
                row[7] += x * z
                row[8] += y * z
                row[9] += z * z
            for k in range(10):
                out[i + 1, j + 1, k] = out[i, j + 1, k] + row[k]
    return out


@njit(cache=True)
def _derive(  # type: ignore[no-untyped-def]
    height, low, high, hidden, known, source, slip_by_slope, numbers, slope_out, step_out, rough_out, slip_out, cost_out
):
    cell, reach, coverage, slope_max, step_max, rough_max, slip_max, hidden_max, hidden_weight, unseen_cost = numbers
    n = height.shape[0]
    r = int(reach)
    base = height[n // 2, n // 2]
    sums = _sums(height, known, base)
    s = np.empty(10)
    needed = coverage * (2 * r + 1) ** 2
    slip_scale = (slip_by_slope.size - 1) / (0.5 * math.pi)
    for i in range(n):
        top, bottom = max(i - r, 0), min(i + r + 1, n)
        for j in range(n):
            if not known[i, j]:
                continue
            left, right = max(j - r, 0), min(j + r + 1, n)
            for k in range(10):
                s[k] = sums[bottom, right, k] - sums[top, right, k] - sums[bottom, left, k] + sums[top, left, k]
            count = s[0]
            if count < needed:
                continue
            mx, my, mz = s[1] / count, s[2] / count, s[3] / count
            xx = s[4] / count - mx * mx
            xy = s[5] / count - mx * my
            yy = s[6] / count - my * my
            determinant = xx * yy - xy * xy
            # cells in a line leave the slope across it open; (r/2)^2 is about the spread of a full window
            if determinant < 0.02 * r**4:
                continue
            xz = s[7] / count - mx * mz
            yz = s[8] / count - my * mz
            a = (yy * xz - xy * yz) / determinant
            b = (xx * yz - xy * xz) / determinant
            rough = math.sqrt(max(s[9] / count - mz * mz - a * xz - b * yz, 0.0))
            slope = math.atan(math.hypot(a, b) / cell)
            highest, lowest = -math.inf, math.inf
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    p, q = i + di, j + dj
                    if p < 0 or q < 0 or p >= n or q >= n or not known[p, q]:
                        continue
                    tilt = a * dj + b * di
                    highest = max(highest, high[p, q] - tilt)
                    lowest = min(lowest, low[p, q] - tilt)
            step = highest - lowest
            slip = slip_by_slope[min(int(slope * slip_scale) + 1, slip_by_slope.size - 1)]
            share = max(slope / slope_max, step / step_max)
            share = max(share, max(rough / rough_max, slip / slip_max))
            slope_out[i, j] = slope
            step_out[i, j] = step
            rough_out[i, j] = rough
            slip_out[i, j] = slip
            if share >= 1.0:
                cost_out[i, j] = LETHAL
                continue
            value = 99.0 * max(share, hidden_weight * hidden[i, j] / hidden_max)
            if source[i, j] == ASSUMED:
                value = max(value, unseen_cost)
            cost_out[i, j] = int(min(value, 99.0))
