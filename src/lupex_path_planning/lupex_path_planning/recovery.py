# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Minimum safe charge: for every cell and time the energy from which a haven is reached against the worst case.

The bound. A move takes any time up to `Moves.time_s` and draws up to `Moves.power_w` all that time; parked, up to
`Moves.parked_w` is drawn; the array gives at least `LightSlices.least_w`; once, anywhere, the rover stops for any time
up to `stop_s` and gets nothing from the array meanwhile.

The recursion. need[k, c] bounds the need at every moment of slice k. A move that begins in slice k ends in k or k + 1,
so it costs its energy and the greater of the two needs at its end: moves chain within a slice, and no rounding of
arrival times is left that could favour the rover. A stop in the middle of a move is covered by the same stop at its
end, so the sun on a move is the least over all slices that the move, stop included, may touch. Waiting costs the whole
slice and leads to k + 1; what the array gives beyond the load is not credited outside havens. Sweeps begin at infinity,
so each intermediate value is a bound already.

The price of that soundness: before light ends, and before the horizon ends, each cell of the way costs a whole slice
of time, so slices should not be much longer than a move.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS, Moves, SiteGrid

Array = NDArray[np.float64]
Grid3 = NDArray[np.float32]

WAIT, ARRIVED, NO_WAY = 8, 9, 10
"""Actions beside the eight moves."""


@dataclass(frozen=True)
class Action:
    """What the policy does: a move 0..7, WAIT until the slice ends, ARRIVED in a haven, or NO_WAY."""

    kind: int
    need_j: float


@dataclass(frozen=True)
class RecoveryPolicy:
    """Need [J] of stored energy, reserve included, (slices, ny, nx), inf where there is no way back.

    `need_j` allows for the one stop that is still to come, `need_after_stop_j` for none. `haven` holds the index
    (row * nx + column) of the haven that the way leads to, -1 without one.
    """

    grid: SiteGrid
    moves: Moves
    light: LightSlices
    reserve_j: float
    capacity_j: float
    stop_s: float
    need_j: Grid3
    need_after_stop_j: Grid3
    haven: NDArray[np.int32]
    actions: NDArray[np.int8]
    actions_after_stop: NDArray[np.int8]

    @property
    def count(self) -> int:
        """Number of slices that the field covers."""
        return int(self.need_j.shape[0])

    @property
    def start_s(self) -> float:
        """Begin of the first slice."""
        return self.light.start_s

    @property
    def end_s(self) -> float:
        """End of the last slice."""
        return self.light.start_s + self.count * self.light.slice_s

    def need(self, time_s: float, row: int, column: int) -> float:
        """Return the need [J] in a cell at a time; inf outside field or horizon."""
        k = self.light.index(time_s)
        ny, nx = self.grid.shape
        if not (0 <= k < self.count and 0 <= row < ny and 0 <= column < nx):
            return math.inf
        return float(self.need_j[k, row, column])

    def action(self, time_s: float, row: int, column: int, *, stop_used: bool) -> Action:
        """Return the action that the need rests on, to be taken at once."""
        k = self.light.index(time_s)
        if not 0 <= k < self.count:
            return Action(NO_WAY, math.inf)
        field = self.need_after_stop_j if stop_used else self.need_j
        actions = self.actions_after_stop if stop_used else self.actions
        return Action(int(actions[k, row, column]), float(field[k, row, column]))


def haven_need(
    grid: SiteGrid, moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float
) -> Grid3:
    """Return the need [J] (slices, ny, nx) of a cell as a haven, inf where it is none in that slice.

    A haven recharges `haven_recharge_wh` within `haven_time_s`, counted from the worst moment of the slice: what is
    left of it brings no gain but its full loss. The need is the reserve and the deepest fall before the gain.
    """
    ahead = math.floor(config.haven_time_s / light.slice_s)
    count = light.count - ahead
    radius = math.ceil(config.haven_clearance_m / grid.cell_m)
    least = light.least_w
    if radius > 0:
        least = minimum_filter(least, size=(1, 2 * radius + 1, 2 * radius + 1), mode="nearest")
    steepness = np.arctan(np.hypot(grid.slope_x, grid.slope_y))
    flat = grid.passable & (steepness <= config.haven_slope_max_rad)
    return np.asarray(
        _haven_need(
            np.ascontiguousarray(least),
            flat,
            count,
            ahead,
            light.slice_s,
            np.array([moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w]),
            config.haven_recharge_wh * 3600.0,
            reserve_j,
            capacity_j,
        )
    )


def recovery_policy(
    grid: SiteGrid, moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float
) -> RecoveryPolicy:
    """Compute the minimum safe charge by backward dynamic programming.

    `moves` must be those of the bound. Moves longer than a slice are not used. Numbers are rounded up to float32.
    """
    havens = haven_need(grid, moves, light, config, reserve_j, capacity_j)
    usable = np.where(moves.time_s <= light.slice_s, moves.time_s, np.inf)
    need, after, haven, actions, actions_after = _recover(
        usable,
        moves.power_w,
        light.least_w,
        _least_ahead(light.least_w, 2),
        _least_ahead(light.least_w, math.floor(config.stop_s / light.slice_s) + 3),
        havens,
        moves.parked_w,
        moves.discharge,
        light.slice_s,
        config.stop_s,
        capacity_j,
    )
    used = Moves(usable, moves.power_w, moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w)
    return RecoveryPolicy(
        grid, used, light, reserve_j, capacity_j, config.stop_s, need, after, haven, actions, actions_after
    )


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


def _least_ahead(least_w: Grid3, slices: int) -> Grid3:
    """Return the least over each slice and those after it, `slices` in all; 0 where they leave the horizon."""
    out = np.zeros_like(least_w)
    whole = least_w.shape[0] - slices + 1
    if whole > 0:
        out[:whole] = np.minimum.reduce([least_w[offset : offset + whole] for offset in range(slices)])
    return out


@njit(cache=True, nogil=True)
def _sweep(field, haven, action, k, down, left, time_s, power_w, sun, discharge, floor):  # type: ignore[no-untyped-def]
    """Relax slice k once, rows and columns rising or falling; return whether a need fell."""
    _, ny, nx = field.shape
    changed = False
    for row in range(ny):
        i = ny - 1 - row if down else row
        for column in range(nx):
            j = nx - 1 - column if left else column
            value = field[k, i, j]
            for move in range(8):
                seconds = time_s[move, i, j]
                if not seconds < np.inf:
                    continue
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                end = max(field[k, p, q], field[k + 1, p, q])
                if not end < value:
                    continue
                light = min(sun[k, i, j], sun[k, p, q])
                energy = max(power_w[move, i, j] - light, 0.0) * discharge * seconds
                found = max(_up(energy + end), floor[i, j])
                if found < value:
                    value = found
                    field[k, i, j] = found
                    haven[k, i, j] = haven[k, p, q]
                    action[k, i, j] = move
                    changed = True
    return changed


@njit(cache=True, nogil=True)
def _recover(time_s, power_w, least, sun_after, sun_before, havens, parked, discharge, slice_s, stop_s, capacity):  # type: ignore[no-untyped-def]
    count, ny, nx = havens.shape
    infinite = np.float32(np.inf)
    after = np.full((count, ny, nx), infinite, np.float32)
    need = np.full((count, ny, nx), infinite, np.float32)
    haven_after = np.full((count, ny, nx), -1, np.int32)
    haven = np.full((count, ny, nx), -1, np.int32)
    action_after = np.full((count, ny, nx), NO_WAY, np.int8)
    action = np.full((count, ny, nx), NO_WAY, np.int8)
    floor = np.zeros((ny, nx), np.float32)
    first = math.floor(stop_s / slice_s)
    stop_energy = parked * discharge * stop_s
    for k in range(count - 1, -1, -1):
        for layer in range(2):
            field = after if layer == 0 else need
            leads = haven_after if layer == 0 else haven
            acts = action_after if layer == 0 else action
            sun = sun_after if layer == 0 else sun_before
            for i in range(ny):
                for j in range(nx):
                    floor[i, j] = 0.0
                    if layer == 1:
                        # a stop up to stop_s, begun at any moment of slice k, ends in k .. k + first + 1
                        worst = after[k, i, j]
                        for m in range(k + 1, k + first + 2):
                            worst = max(worst, after[m, i, j] if m < count else infinite)
                        floor[i, j] = _up(stop_energy + worst)
                    if k + 1 < count and field[k + 1, i, j] < infinite:
                        load = max(parked - least[k, i, j], 0.0) * discharge * slice_s
                        field[k, i, j] = max(_up(load + field[k + 1, i, j]), floor[i, j])
                        leads[k, i, j] = leads[k + 1, i, j]
                        acts[k, i, j] = WAIT
                    if havens[k, i, j] <= field[k, i, j] and havens[k, i, j] < infinite:
                        # in a haven the way back is over, and with it the stop
                        field[k, i, j] = havens[k, i, j]
                        leads[k, i, j] = i * nx + j
                        acts[k, i, j] = ARRIVED
            changed = k + 1 < count
            while changed:
                changed = False
                for order in range(4):
                    down, left = order % 2 == 1, order in (1, 2)
                    changed |= _sweep(field, leads, acts, k, down, left, time_s, power_w, sun, discharge, floor)
            for i in range(ny):
                for j in range(nx):
                    if field[k, i, j] > capacity:
                        field[k, i, j] = infinite
                        leads[k, i, j] = -1
                        acts[k, i, j] = NO_WAY
    return need, after, haven, action, action_after
