# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Minimum safe charge: for every cell and time the energy from which a haven is reached against the worst case.

The bound. A move takes any time up to `Moves.time_s` and draws up to `Moves.power_w` all that time; parked, up to
`Moves.parked_w` is drawn; the array gives at least `LightSlices.least_w`; once, anywhere, the rover stops for any time
up to `stop_s` and gets nothing from the array meanwhile.

The field. Each cell has in each slice one label: an energy that suffices for whoever is there by a moment of the slice,
and goes on by a move, or waits. Later in the slice waiting for the next one is left. Moves chain within a slice and
through its end, at continuous times (see recovery_sweeps.py); what the array gives beyond the load counts for who
waits a whole slice. Sweeps begin with what waiting and havens promise and only lower to what a move proves.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from lupex_path_planning import recovery_sweeps as sweeps
from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid

Array = NDArray[np.float64]
Grid3 = NDArray[np.float32]
Labels = NDArray[np.uint32]

WAIT, ARRIVED, NO_WAY = 8, 9, 10
"""Actions beside the eight moves."""

_CHUNK = 4
"""Slices that one core settles before it hands them to the other."""


@dataclass(frozen=True)
class Action:
    """What the policy does: a move 0..7, WAIT until the slice ends, ARRIVED in a haven, or NO_WAY."""

    kind: int
    need_j: float


@dataclass(frozen=True)
class Scale:
    """Units of the labels: energy above the reserve, time before a slice's end, and what a unit of time weighs."""

    unit_j: float
    tick_s: float
    weight: np.uint32
    numbers: tuple[Any, ...]
    stop: tuple[int, np.uint32, np.uint32]


@dataclass(frozen=True)
class RecoveryPolicy:
    """Need [J] of stored energy, reserve included, (slices, ny, nx), inf where there is no way back.

    `need_j` is the greatest within the slice, and allows for the one stop that is still to come;
    `need_after_stop_j` for none (empty when not kept). `arrived` marks where the way back is over, which may be a
    dearer way out before the stop than after it: bit 0 before the stop, bit 1 after it.
    """

    grid: SiteGrid
    moves: Moves
    light: LightSlices
    reserve_j: float
    capacity_j: float
    stop_s: float
    need_j: Grid3
    need_after_stop_j: Grid3
    arrived: NDArray[np.uint8]
    labels: Labels
    labels_after_stop: Labels
    scale: Scale
    _havens: dict[tuple[int, int, int, bool], int] = field(default_factory=dict, init=False, repr=False, compare=False)

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

    @cached_property
    def haven(self) -> NDArray[np.int32]:
        """Index (row * nx + column) of each cell where it is a haven, -1 elsewhere, (slices, ny, nx)."""
        ny, nx = self.grid.shape
        own = np.arange(ny * nx, dtype=np.int32).reshape(ny, nx)
        return np.where(self.arrived & 1, own, np.int32(-1))

    def need(self, time_s: float, row: int, column: int, *, stop_used: bool = False) -> float:
        """Return the need [J] in a cell at a time; inf outside field or horizon."""
        k = self.light.index(time_s)
        ny, nx = self.grid.shape
        if not (0 <= k < self.count and 0 <= row < ny and 0 <= column < nx):
            return math.inf
        value, before = self._label(k, row, column, stop_used=stop_used)
        if value is None or time_s > self._due_s(k, before):
            field = self.need_after_stop_j if stop_used else self.need_j
            return float(field[k, row, column])
        return self.reserve_j + value * self.scale.unit_j

    def needs(self, time_s: float) -> Array:
        """Return the need [J] of all cells (ny, nx) at a time; inf outside the horizon."""
        k = self.light.index(time_s)
        if not 0 <= k < self.count:
            return np.full(self.grid.shape, np.inf)
        before = self.labels[k] & sweeps.LOW
        value = (self.labels[k] >> sweeps.SHIFT).astype(np.float64) - float(self.scale.weight) * before
        due_s = self.light.start_s + (k + 1) * self.light.slice_s - before * self.scale.tick_s
        early = (self.labels[k] < sweeps.NOTHING) & (time_s <= due_s)
        return np.where(early, self.reserve_j + value * self.scale.unit_j, self.need_j[k])

    def action(self, time_s: float, row: int, column: int, *, stop_used: bool) -> Action:
        """Return the action that the need rests on, to be taken at once."""
        need = self.need(time_s, row, column, stop_used=stop_used)
        if not math.isfinite(need):
            return Action(NO_WAY, math.inf)
        k = self.light.index(time_s)
        value, before = self._label(k, row, column, stop_used=stop_used)
        if value is not None and time_s <= self._due_s(k, before):
            if self.arrived[k, row, column] & (2 if stop_used else 1):
                return Action(ARRIVED, need)
            return Action(self.move_on(k, row, column, stop_used=stop_used), need)
        return Action(WAIT, need)

    def haven_from(self, time_s: float, row: int, column: int) -> int:
        """Return the index (row * nx + column) of the haven that the way back leads to at worst pace, -1 if none.

        It is followed once for a cell, a slice and the label that holds then, and remembered: to follow it costs many
        times what the rest of a certificate does.
        """
        k = self.light.index(time_s)
        if not (0 <= k < self.count and 0 <= row < self.grid.shape[0] and 0 <= column < self.grid.shape[1]):
            return -1
        value, before = self._label(k, row, column, stop_used=False)
        key = (k, row, column, value is not None and time_s <= self._due_s(k, before))
        if key not in self._havens:
            self._havens[key] = self._follow(time_s, row, column)
        return self._havens[key]

    def _follow(self, time_s: float, row: int, column: int) -> int:
        for _ in range(self.count + self.grid.height_m.size):
            kind = self.action(time_s, row, column, stop_used=False).kind
            if kind == ARRIVED:
                return row * self.grid.shape[1] + column
            if kind == NO_WAY:
                return -1
            if kind == WAIT:
                time_s = self.light.start_s + (self.light.index(time_s) + 1) * self.light.slice_s
            else:
                time_s += float(self.moves.time_s[kind, row, column])
                row, column = row + STEPS[kind][0], column + STEPS[kind][1]
        return -1

    def _due_s(self, k: int, before: int) -> float:
        return self.light.start_s + (k + 1) * self.light.slice_s - before * self.scale.tick_s

    def _label(self, k: int, row: int, column: int, *, stop_used: bool) -> tuple[int | None, int]:
        label = int((self.labels_after_stop if stop_used else self.labels)[k, row, column])
        before = label & int(sweeps.LOW)
        value = (label >> int(sweeps.SHIFT)) - int(self.scale.weight) * before
        return (value if label < int(sweeps.NOTHING) else None), before

    def move_on(self, k: int, row: int, column: int, *, stop_used: bool) -> int:
        """Return the move whose label this cell has, by the same kernels on the cells around it."""
        ny, nx = self.grid.shape
        scale = self.scale
        rows, columns = slice(max(row - 1, 0), min(row + 2, ny)), slice(max(column - 1, 0), min(column + 2, nx))
        around = (slice(k, None), rows, columns)
        field = (self.labels_after_stop if stop_used else self.labels)[around]
        sides = (field.shape[1], field.shape[2])
        state = _state(*sides)
        labels, cost, base, floor, spare, _, lit, bright, was_bright = state
        inner = (slice(1, 1 + sides[0]), slice(1, 1 + sides[1]))
        whole, rest, stop = scale.stop
        if not stop_used:
            slots = whole + 2
            ring_x = np.full((slots, *floor.shape), sweeps.NOTHING, np.uint32)
            ring_s = np.full_like(ring_x, sweeps.NONE)
            for m in range(min(slots, self.count - k)):
                ring_x[m][inner] = self.labels_after_stop[around][m]
                need = self.need_after_stop_j[around][m].astype(np.float64)
                units = np.round((need - self.reserve_j) / scale.unit_j)
                ring_s[m][inner] = np.where(np.isfinite(need), units, float(sweeps.NONE)).astype(np.uint32)
            sweeps._stops(floor, base[3], spare[1], ring_x, ring_s, 0, self.count - k, whole, rest, stop, scale.weight)
        if field.shape[0] > 1:
            labels[0][inner] = field[1]
        least = np.ascontiguousarray(self.light.least_w[around][: _window(scale, stop_used=stop_used)])
        no_haven = np.full(sides, sweeps.NONE, np.uint32)
        moves = _scaled_moves(
            Moves(self.moves.time_s[:, rows, columns], self.moves.power_w[:, rows, columns], *_rates(self.moves)), scale
        )
        window = _window(scale, stop_used=stop_used)
        sweeps._slice(
            0,
            least,
            no_haven,
            scale.numbers,
            scale.weight,
            moves,
            labels,
            cost,
            base,
            floor,
            lit,
            bright,
            was_bright,
            window,
        )
        labels[0][inner] = field[0]
        x, y = labels
        for i in range(x.shape[0]):
            sweeps._cover_row(y[i], x[i], base[1][i], base[2][i], base[3][i], base[4][i], scale.weight)
        i, j = row - rows.start + 1, column - columns.start + 1
        near = [(i + di, j + dj) for di, dj in STEPS]
        _, move = sweeps.choose(
            np.array([x[at] for at in near]),
            np.array([y[at] for at in near]),
            base[0][i, j],
            np.ascontiguousarray(cost[:, i, j]),
            floor[i, j],
            scale.weight,
            not stop_used,
        )
        return int(move)


def haven_need(
    grid: SiteGrid, moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float
) -> Grid3:
    """Return the need [J] (slices, ny, nx) of a cell as a haven, inf where it is none in that slice.

    A haven recharges `haven_recharge_wh` within `haven_time_s`, counted from the worst moment of the slice: what is
    left of it brings no gain but its full loss. The need is the reserve and the deepest fall before the gain.
    The field itself uses the same rule, rounded up (`recovery_sweeps`); this one is its measure.
    """
    ahead = math.floor(config.haven_time_s / light.slice_s)
    radius = math.ceil(config.haven_clearance_m / grid.cell_m)
    least = light.least_w
    if radius > 0:
        least = minimum_filter(least, size=(1, 2 * radius + 1, 2 * radius + 1), mode="nearest")
    return np.asarray(
        _haven_need(
            np.ascontiguousarray(least),
            _flat(grid, config),
            light.count - ahead,
            ahead,
            light.slice_s,
            np.array([moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w]),
            config.haven_recharge_wh * 3600.0,
            reserve_j,
            capacity_j,
        )
    )


def _flat(grid: SiteGrid, config: RecoveryConfig) -> NDArray[np.bool_]:
    steepness = np.arctan(np.hypot(grid.slope_x, grid.slope_y))
    return np.asarray(grid.passable & (steepness <= config.haven_slope_max_rad))


def recovery_policy(
    grid: SiteGrid,
    moves: Moves,
    light: LightSlices,
    config: RecoveryConfig,
    reserve_j: float,
    capacity_j: float,
    *,
    keep_after_stop: bool = True,
) -> RecoveryPolicy:
    """Compute the minimum safe charge by backward dynamic programming, on two cores.

    `moves` must be those of the bound. Moves as long as a slice or longer are not used. Without `keep_after_stop` the
    field after the stop is dropped, and with it `action`: 9 bytes a cell and slice instead of 17.
    Raises ValueError when the light does not reach past the time that a haven is looked ahead for.
    """
    ahead = math.floor(config.haven_time_s / light.slice_s)
    count = light.count - ahead
    if count < 1:
        raise ValueError(f"{light.count} slices of light are too few: a haven is looked ahead for {ahead}")
    if not capacity_j > reserve_j:
        raise ValueError(f"the reserve of {reserve_j:g} J leaves nothing of {capacity_j:g} J to plan with")
    scale = _scale(moves, light, config, reserve_j, capacity_j)
    usable = np.where(moves.time_s < light.slice_s, moves.time_s, np.inf)
    used = Moves(usable, moves.power_w, *_rates(moves))
    ny, nx = grid.shape
    least = np.ascontiguousarray(light.least_w, np.float32)
    whole, *_ = scale.stop
    slots = 2 * _CHUNK + whole + 2
    labels = np.empty((count, ny, nx), np.uint32)
    need = np.empty((count, ny, nx), np.float32)
    arrived = np.zeros((count, ny, nx), np.uint8)
    kept = count if keep_after_stop else 0
    labels_after = np.empty((kept or 1, ny, nx), np.uint32)
    need_after = np.empty((kept or 1, ny, nx), np.float32)
    ring_x = np.full((slots, ny + 2, nx + 2), sweeps.NOTHING, np.uint32)
    ring_s = np.full((slots, ny + 2, nx + 2), sweeps.NONE, np.uint32)
    haven = np.full((slots, ny, nx), sweeps.NONE, np.uint32)
    balance = np.zeros((ahead + 1, ny, nx), np.float32)
    radius = math.ceil(config.haven_clearance_m / grid.cell_m)
    recharge = np.float32(config.haven_recharge_wh * 3600.0 / scale.unit_j * (1.0 + 1e-6))
    scaled = _scaled_moves(used, scale)
    flat = _flat(grid, config)
    states = _state(ny, nx), _state(ny, nx)

    def sun(stop_used: bool) -> tuple[Any, ...]:
        return least, flat, radius, ahead, recharge, _window(scale, stop_used=stop_used)

    def after(first: int, last: int) -> None:
        sweeps.after_stop(
            first, last, sun(True), scale.numbers, scale.weight, scaled, states[0],
            (haven, arrived, balance), ring_x, ring_s, labels_after, need_after,
        )  # fmt: skip

    def before(first: int, last: int) -> None:
        sweeps.before_stop(
            first, last, sun(False), scale.numbers, scale.weight, scaled, states[1],
            haven, ring_x, ring_s, scale.stop, labels, need, arrived,
        )  # fmt: skip

    _in_turn(after, before, count, light.count)
    return RecoveryPolicy(
        grid, used, light, reserve_j, capacity_j, config.stop_s,
        need, need_after[:kept], arrived, labels, labels_after[:kept], scale,
    )  # fmt: skip


def _in_turn(after: Callable[[int, int], None], before: Callable[[int, int], None], count: int, total: int) -> None:
    """Run both over all slices, latest first, the second one chunk behind the first."""
    with ThreadPoolExecutor(2) as pool:
        if total > count:
            after(count, total - 1)
        ready: tuple[int, int] | None = None
        last = count - 1
        while last >= 0 or ready is not None:
            running = []
            if ready is not None:
                running.append(pool.submit(before, *ready))
            ready = None
            if last >= 0:
                first = max(last - _CHUNK + 1, 0)
                running.append(pool.submit(after, first, last))
                ready, last = (first, last), first - 1
            for task in running:
                task.result()


def _rates(moves: Moves) -> tuple[float, float, float, float]:
    return moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w


def _scale(moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float) -> Scale:
    slice_s = light.slice_s
    parked = moves.parked_w * moves.discharge * slice_s
    # keys are values and the weight of up to a slice of time
    unit = (capacity_j - reserve_j + parked) / (float(sweeps.NONE) - 4.0)
    mantissa, exponent = math.frexp(unit)
    unit = math.ldexp(math.ceil(mantissa * 64.0) / 64.0, exponent)
    tick = slice_s / float(sweeps.WHOLE)
    numbers = (
        np.float32(parked / unit),
        np.float32(moves.discharge * slice_s / unit),
        np.float32(moves.charge / moves.discharge),
        np.float32(moves.charge_max_w * moves.charge * slice_s / unit),
        np.uint32((capacity_j - reserve_j) / unit),
        unit,
        reserve_j,
    )
    whole = math.floor(config.stop_s / slice_s)
    left_s = config.stop_s - whole * slice_s
    rest = math.floor(left_s / tick) + 1 if left_s > 0.0 else 0
    stop = math.ceil(moves.parked_w * moves.discharge * config.stop_s / unit)
    weight = np.uint32(parked / unit / float(sweeps.WHOLE))
    return Scale(unit, tick, weight, numbers, (whole, np.uint32(rest), np.uint32(min(stop, int(sweeps.NONE)))))


def _window(scale: Scale, *, stop_used: bool) -> int:
    """Return how many slices a move may touch, with the stop in it."""
    return 2 if stop_used else scale.stop[0] + 3


def _scaled_moves(moves: Moves, scale: Scale) -> tuple[Grid3, Grid3, Labels]:
    """Return power [W], energy per W and time (weight << 12 | ticks) of the moves, in units."""
    none, whole = float(sweeps.NONE), float(sweeps.WHOLE)
    # one more than full: whoever comes just as a slice ends is in the next one
    ticks = np.floor(np.where(np.isfinite(moves.time_s), moves.time_s, 0.0) / scale.tick_s) + 1.0
    seconds = moves.discharge * np.where(np.isfinite(moves.time_s), moves.time_s, 0.0) / scale.unit_j
    fits = np.isfinite(moves.time_s) & (ticks <= whole) & (seconds * moves.power_w < none - 2.0)
    weighted = np.where(fits, ticks * float(scale.weight), none)
    codes = (weighted.astype(np.uint32) << sweeps.SHIFT) | np.where(fits, ticks, 0.0).astype(np.uint32)
    power = np.where(fits, moves.power_w, 0.0).astype(np.float32)
    return power, np.where(fits, seconds, 0.0).astype(np.float32), np.ascontiguousarray(codes, np.uint32)


def _state(ny: int, nx: int) -> tuple[Any, ...]:
    """Return the work arrays of a layer of the field: all with a closed frame of one cell."""
    framed = (ny + 2, nx + 2)

    def full(value: np.uint32) -> Labels:
        return np.full(framed, value, np.uint32)

    labels = full(sweeps.NOTHING), full(sweeps.NOTHING)
    cost = np.full((8, *framed), sweeps.CLOSED, np.uint32)
    zero = np.uint32(0)
    base = full(sweeps.NOTHING), full(sweeps.NONE), full(zero), full(zero), full(zero)
    spare = np.full(nx + 2, sweeps.CLOSED, np.uint32), np.zeros(nx + 2, np.uint32)
    flags = tuple(np.zeros(ny + 2, np.bool_) for _ in range(3))
    lit = np.zeros(framed, np.float32)
    bright, was_bright = np.zeros(ny + 2, np.bool_), np.ones(ny, np.bool_)
    return labels, cost, base, full(zero), spare, flags, lit, bright, was_bright


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
