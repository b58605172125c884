# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Minimum safe charge: for every cell and time the energy from which a haven is reached against the worst case.

The bound. A move takes any time up to `Moves.time_s` and draws up to `Moves.power_w` all that time; parked, up to
`Moves.parked_w` is drawn; the array gives at least `LightSlices.least_w`; once, anywhere, the rover stops for any time
up to `stop_s` and gets nothing from the array meanwhile.

The field. Each cell has in each slice one label: an energy that suffices for whoever is there by a moment of the slice,
and goes on by a move, or waits. Later in the slice waiting for the next one is left. Moves chain within a slice and
through its end, at continuous times (see sweeps.py); what the array gives beyond the load counts for who
waits a whole slice. Sweeps begin with what waiting and havens promise and only lower to what a move proves.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid
from lupex_path_planning.way_back import slices, sweeps
from lupex_path_planning.way_back.field import field_of
from lupex_path_planning.way_back.havens import haven_need
from lupex_path_planning.way_back.kept import Coarse, Labels, coarse_needs_j, is_home, needs_j, plain
from lupex_path_planning.way_back.labels import LOW, NONE, NOTHING, ROUNDING, SHIFT, WHOLE, Rounding
from lupex_path_planning.way_back.layer import block_of, layer
from lupex_path_planning.way_back.scale import Scale, packed_moves, scale_of
from lupex_path_planning.way_back.settle import cover

Array = NDArray[np.float64]
Grid3 = NDArray[np.float32]

WAIT, ARRIVED, NO_WAY = 8, 9, 10
"""Actions beside the eight moves."""

__all__ = ["ARRIVED", "NO_WAY", "WAIT", "Action", "RecoveryPolicy", "haven_need", "recovery_policy"]


@dataclass(frozen=True)
class Action:
    """What the policy does: a move 0..7, WAIT until the slice ends, ARRIVED in a haven, or NO_WAY."""

    kind: int
    need_j: float


@dataclass(frozen=True)
class RecoveryPolicy:
    """Need [J] of stored energy, reserve included, inf where there is no way back.

    Kept are, (slices, ny, nx), labels, and the values that cover whole slices: for the one stop that is still to come
    (`whole` coarse), and for none, which `action` asks for (empty when not kept).
    """

    grid: SiteGrid
    moves: Moves
    light: LightSlices
    reserve_j: float
    capacity_j: float
    stop_s: float
    labels: Labels
    whole: Coarse
    labels_after_stop: Labels
    whole_after_stop: Labels
    scale: Scale
    rounding: Rounding = ROUNDING
    _havens: dict[tuple[int, int, int, bool], int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _moves: dict[tuple[int, int, int, bool], int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def count(self) -> int:
        """Number of slices that the field covers."""
        return int(self.labels.shape[0])

    @property
    def start_s(self) -> float:
        """Begin of the first slice."""
        return self.light.start_s

    @property
    def end_s(self) -> float:
        """End of the last slice."""
        return self.light.start_s + self.count * self.light.slice_s

    @cached_property
    def need_j(self) -> Grid3:
        """Need [J] over whole slices, the stop still to come, (slices, ny, nx)."""
        return coarse_needs_j(self.whole, self.scale, self.reserve_j)

    @cached_property
    def need_after_stop_j(self) -> Grid3:
        """Need [J] over whole slices after the stop, (slices, ny, nx)."""
        return needs_j(self.whole_after_stop, self.scale, self.reserve_j)

    @cached_property
    def arrived(self) -> NDArray[np.uint8]:
        """Where the way back is over, (slices, ny, nx): bit 0 before the stop, bit 1 after it."""
        arrived = is_home(self.labels).astype(np.uint8)
        if self.labels_after_stop.size:
            arrived |= is_home(self.labels_after_stop).astype(np.uint8) << 1
        return arrived

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
            at = slice(row, row + 1), column
            if stop_used:
                return float(needs_j(self.whole_after_stop[k][at], self.scale, self.reserve_j)[0])
            return float(coarse_needs_j(self.whole[k][at], self.scale, self.reserve_j)[0])
        return self.reserve_j + value * self.scale.unit_j

    def needs(self, time_s: float) -> Array:
        """Return the need [J] of all cells (ny, nx) at a time; inf outside the horizon."""
        k = self.light.index(time_s)
        if not 0 <= k < self.count:
            return np.full(self.grid.shape, np.inf)
        labels = plain(self.labels[k])
        before = labels & LOW
        value = (labels >> SHIFT).astype(np.float64) - float(self.scale.weight) * before
        due_s = self.light.start_s + (k + (1.0 - before / float(WHOLE))) * self.light.slice_s
        early = (labels < NOTHING) & (time_s <= due_s)
        whole_j = coarse_needs_j(self.whole[k], self.scale, self.reserve_j)
        return np.where(early, self.reserve_j + value * self.scale.unit_j, whole_j)

    def action(self, time_s: float, row: int, column: int, *, stop_used: bool) -> Action:
        """Return the action that the need rests on, to be taken at once."""
        need = self.need(time_s, row, column, stop_used=stop_used)
        if not math.isfinite(need):
            return Action(NO_WAY, math.inf)
        k = self.light.index(time_s)
        value, before = self._label(k, row, column, stop_used=stop_used)
        if value is not None and time_s <= self._due_s(k, before):
            if is_home((self.labels_after_stop if stop_used else self.labels)[k, row, column]):
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

    def due_s(self, k: int, row: int, column: int, *, stop_used: bool = False) -> float | None:
        """Return until when a cell's label of slice k holds, None without one; later in the slice waiting is left."""
        value, before = self._label(k, row, column, stop_used=stop_used)
        return None if value is None else self._due_s(k, before)

    def _due_s(self, k: int, before: int) -> float:
        return self.light.start_s + (k + (1.0 - before / float(WHOLE))) * self.light.slice_s

    def _label(self, k: int, row: int, column: int, *, stop_used: bool) -> tuple[int | None, int]:
        label = int(plain((self.labels_after_stop if stop_used else self.labels)[k, row, column]))
        before = label & int(LOW)
        value = (label >> int(SHIFT)) - int(self.scale.weight) * before
        return (value if label < int(NOTHING) else None), before

    def move_on(self, k: int, row: int, column: int, *, stop_used: bool) -> int:
        """Return the move that this cell's label rests on, WAIT for none; it is found once: ways back share cells."""
        key = k, row, column, stop_used
        if key not in self._moves:
            self._moves[key] = self._found_move(k, row, column, stop_used=stop_used)
        return self._moves[key]

    def _found_move(self, k: int, row: int, column: int, *, stop_used: bool) -> int:
        """Return that move by the same kernels on the cells around."""
        ny, nx = self.grid.shape
        scale, weight = self.scale, self.scale.weight
        rows, columns = slice(max(row - 1, 0), min(row + 2, ny)), slice(max(column - 1, 0), min(column + 2, nx))
        around = (slice(k, None), rows, columns)
        labels = plain((self.labels_after_stop if stop_used else self.labels)[around])
        sides = labels.shape[1], labels.shape[2]
        moves = replace(
            self.moves, time_s=self.moves.time_s[:, rows, columns], power_w=self.moves.power_w[:, rows, columns]
        )
        packed = packed_moves(moves, scale)
        work, block = layer(packed.codes), block_of(sides[1])
        inner = (slice(1, 1 + sides[0]), slice(1, 1 + sides[1]))
        if not stop_used:
            whole = scale.stop[0]
            ring_x = np.full((whole + 2, *work.x.shape), NOTHING, np.uint32)
            ring_s = np.full_like(ring_x, NONE)
            for m in range(min(whole + 2, self.count - k)):
                ring_x[m][inner] = plain(self.labels_after_stop[around][m])
                ring_s[m][inner] = self.whole_after_stop[around][m]
            slices.stops(work, ring_x, ring_s, 0, self.count - k, scale.stop, weight)
        if labels.shape[0] > 1:
            work.x[inner] = labels[1]
        window = scale.window(stop_used=stop_used)
        least = np.ascontiguousarray(self.light.least_w[around][: window + 1])
        no_haven = np.full(sides, NONE, np.uint32)
        slices.begin(work, block, 0, least, no_haven, window, scale.numbers[0], weight, packed, self.rounding)
        work.x[inner] = labels[0]
        for i in range(1, work.x.shape[0] - 1):
            cover(
                work.x, work.y, work.ahead, work.wait, work.least, work.later, np.uint64(1), np.uint64(block),
                np.uint64(i), np.uint32((int(weight) << 12) | 1), self.rounding.ramp,
            )  # fmt: skip
        i, j = row - rows.start + 1, column - columns.start + 1
        near = tuple(np.array([(i + di, j + dj) for di, dj in STEPS]).T)
        cost = np.ascontiguousarray(work.cost[:, i, j])
        move = sweeps.choose(
            work.x[i, j], work.first[i, j], work.x[near], work.y[near], cost, work.floor[i, j], scale.numbers,
            not stop_used,
        )  # fmt: skip
        return int(move)


def recovery_policy(
    grid: SiteGrid,
    moves: Moves,
    light: LightSlices,
    config: RecoveryConfig,
    reserve_j: float,
    capacity_j: float,
    *,
    keep_after_stop: bool = True,
    rounding: Rounding = ROUNDING,
) -> RecoveryPolicy:
    """Compute the minimum safe charge by backward dynamic programming, on two cores.

    `moves` must be those of the bound. Moves as long as a slice or longer are not used. Without `keep_after_stop` the
    field after the stop is dropped, and with it `action`: 6 bytes a cell and slice instead of 14.
    Raises ValueError when the light does not reach past the time that a haven is looked ahead for.
    """
    ahead = config.slices_ahead(light.slice_s)
    count = light.count - ahead
    if count < 1:
        raise ValueError(f"{light.count} slices of light are too few: a haven is looked ahead for {ahead}")
    if not capacity_j > reserve_j:
        raise ValueError(f"the reserve of {reserve_j:g} J leaves nothing of {capacity_j:g} J to plan with")
    scale = scale_of(moves, light, config, reserve_j, capacity_j, rounding)
    used = replace(moves, time_s=np.where(moves.time_s < light.slice_s, moves.time_s, np.inf))
    field = field_of(grid, used, light, config, scale, rounding, keep_after_stop=keep_after_stop)
    return RecoveryPolicy(
        grid, used, light, reserve_j, capacity_j, config.stop_s,
        field.labels, field.whole, field.labels_after_stop, field.whole_after_stop, scale, rounding,
    )  # fmt: skip
