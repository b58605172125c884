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
from lupex_models.soil_strength import StrengthTable
from lupex_traversability.config import CostConfig
from lupex_traversability.elevation_map import ASSUMED, UNKNOWN, ElevationMap

Grid = NDArray[np.float32]

LETHAL = 100
LIMITS = 8
FREE, SLOPE, STEP, ROUGHNESS, SLIP, HIDDEN, UNSEEN, BOGGED = range(LIMITS)
"""Which limit a cost comes from: none; the footprint's slope, a step, roughness or slip; relief that the rays may have
missed; ground known only by standing on it or by assumption; ground that did not bear the tracks."""
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
    limit: NDArray[np.int8]
    """Where the cost comes from."""


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
        self._learned_slip = self._slip_by_slope

    def learn(self, table: StrengthTable, strength: float) -> None:
        """Count on ground to come that has a strength, where it is weaker than foreseen: gentler slopes are preferred.

        What is learned makes ground dear and never lethal: it knows no direction, and the way home may lead down there.
        """
        slopes = np.linspace(0.0, math.pi / 2, _SLIP_STEPS)
        slip = np.clip(table.slip(slopes, np.zeros(_SLIP_STEPS), np.full(_SLIP_STEPS, strength)), 0.0, 1.0)
        self._learned_slip = np.maximum(self._slip_by_slope, slip)

    def of(self, ground: ElevationMap) -> Ground:
        """Derive the cost of every cell."""
        config = self.config
        shape = ground.height_m.shape
        slope, step, rough, slip = (np.full(shape, np.nan, np.float32) for _ in range(4))
        cost, limit = np.full(shape, UNKNOWN_COST, np.int8), np.zeros(shape, np.int8)
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
            np.stack([self._slip_by_slope, self._learned_slip]),
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
            limit,
        )
        return Ground(slope, step, rough, slip, cost, limit)


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
def _bordered(values, known, otherwise):  # type: ignore[no-untyped-def]
    """Return the values of known cells, and another one in all others and in a border of one cell."""
    n = values.shape[0]
    out = np.full((n + 2, n + 2), otherwise)
    for i in range(n):
        for j in range(n):
            if known[i, j]:
                out[i + 1, j + 1] = values[i, j]
    return out


@njit(cache=True)
def _take_row(columns, height, known, i, sign, base):  # type: ignore[no-untyped-def]
    """Add a row's known cells to the sums down each column (6, n), or take it away: n, y, z, yy, yz, zz."""
    n = height.shape[0]
    y = i - 0.5 * n
    for j in range(n):
        one = sign if known[i, j] else 0.0
        z = height[i, j] - base if known[i, j] else 0.0
        columns[0, j] += one
        columns[1, j] += one * y
        columns[2, j] += one * z
        columns[3, j] += one * y * y
        columns[4, j] += one * y * z
        columns[5, j] += one * z * z


@njit(cache=True)
def _take_column(s, columns, j, sign):  # type: ignore[no-untyped-def]
    """Add a column to the sums over the window, or take it away: n, x, y, z, xx, xy, yy, xz, yz, zz."""
    x = j - 0.5 * columns.shape[1]
    n, y, z = sign * columns[0, j], sign * columns[1, j], sign * columns[2, j]
    s[0] += n
    s[1] += n * x
    s[2] += y
    s[3] += z
    s[4] += n * x * x
    s[5] += x * y
    s[6] += sign * columns[3, j]
    s[7] += x * z
    s[8] += sign * columns[4, j]
    s[9] += sign * columns[5, j]


@njit(cache=True)
def _derive(  # type: ignore[no-untyped-def]
    height,
    low,
    high,
    hidden,
    known,
    source,
    slip_by_slope,
    numbers,
    slope_out,
    step_out,
    rough_out,
    slip_out,
    cost_out,
    limit_out,
):
    cell, reach, coverage, slope_max, step_max, rough_max, slip_max, hidden_max, hidden_weight, unseen_cost = numbers
    n = height.shape[0]
    r = int(reach)
    base = height[n // 2, n // 2]
    top, bottom = _bordered(high, known, -np.inf), _bordered(low, known, np.inf)
    columns = np.zeros((6, n))
    s = np.empty(10)
    needed = coverage * (2 * r + 1) ** 2
    per_cell, per_slope, per_step, per_rough, per_slip = (
        1.0 / cell,
        1.0 / slope_max,
        1.0 / step_max,
        1.0 / rough_max,
        1.0 / slip_max,
    )
    # hidden relief may have to be none at all
    per_hidden = hidden_weight / hidden_max if hidden_max > 0.0 else 0.0
    least = 0.02 * r**4
    steepest = slip_by_slope.shape[1] - 1
    slip_scale = steepest / (0.5 * math.pi)
    for i in range(min(r, n)):
        _take_row(columns, height, known, i, 1.0, base)
    for i in range(n):
        # the window moves on: its sums are kept by column, and along each row in all
        if i + r < n:
            _take_row(columns, height, known, i + r, 1.0, base)
        if i - r - 1 >= 0:
            _take_row(columns, height, known, i - r - 1, -1.0, base)
        s[:] = 0.0
        for j in range(min(r, n)):
            _take_column(s, columns, j, 1.0)
        for j in range(n):
            if j + r < n:
                _take_column(s, columns, j + r, 1.0)
            if j - r - 1 >= 0:
                _take_column(s, columns, j - r - 1, -1.0)
            count = s[0]
            if not known[i, j] or count < needed:
                continue
            each = 1.0 / count
            mx, my, mz = s[1] * each, s[2] * each, s[3] * each
            xx = s[4] * each - mx * mx
            xy = s[5] * each - mx * my
            yy = s[6] * each - my * my
            determinant = xx * yy - xy * xy
            # cells in a line leave the slope across it open; (r/2)^2 is about the spread of a full window
            if determinant < least:
                continue
            xz = s[7] * each - mx * mz
            yz = s[8] * each - my * mz
            inverse = 1.0 / determinant
            a = (yy * xz - xy * yz) * inverse
            b = (xx * yz - xy * xz) * inverse
            rough = math.sqrt(max(s[9] * each - mz * mz - a * xz - b * yz, 0.0))
            slope = math.atan(math.sqrt(a * a + b * b) * per_cell)
            highest, lowest = -math.inf, math.inf
            for di in range(3):
                for dj in range(3):
                    tilt = a * (dj - 1) + b * (di - 1)
                    highest = max(highest, top[i + di, j + dj] - tilt)
                    lowest = min(lowest, bottom[i + di, j + dj] - tilt)
            step = highest - lowest
            at = min(int(slope * slip_scale) + 1, steepest)
            slip, learned = slip_by_slope[0, at], slip_by_slope[1, at]
            share = max(max(slope * per_slope, step * per_step), max(rough * per_rough, slip * per_slip))
            slope_out[i, j] = slope
            step_out[i, j] = step
            rough_out[i, j] = rough
            slip_out[i, j] = learned
            if share == slope * per_slope:
                limit_out[i, j] = SLOPE
            elif share == step * per_step:
                limit_out[i, j] = STEP
            else:
                limit_out[i, j] = ROUGHNESS if share == rough * per_rough else SLIP
            if share >= 1.0:
                cost_out[i, j] = LETHAL
                continue
            value = 99.0 * max(share, per_hidden * hidden[i, j])
            if value > 99.0 * share:
                limit_out[i, j] = HIDDEN
            if 99.0 * learned * per_slip > value:
                value = 99.0 * learned * per_slip
                limit_out[i, j] = SLIP
            if source[i, j] == ASSUMED and value < unseen_cost:
                value = unseen_cost
                limit_out[i, j] = UNSEEN
            if value < 1.0:
                limit_out[i, j] = FREE
            cost_out[i, j] = int(min(value, 99.0))
