# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The cells that plans and ways back lead over, and the plan in force while the ground changes."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from lupex_path_planning.site_grid import STEPS, Mask, SiteGrid
from lupex_path_planning.sortie.plan import DRIVE, SERVING, Sortie, Task, Visit
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, RecoveryPolicy


@dataclass(frozen=True)
class LivePlan:
    """A plan that is followed, of `visits` as they were asked for."""

    visits: tuple[Visit, ...]
    task: Task
    sortie: Sortie

    def left(self, done: int) -> tuple[Visit, ...]:
        """Return the visits left when the first `done` of those asked for are."""
        return self.visits[min(done, len(self.visits)) :]

    def leads_over(self, closed: Mask, grid: SiteGrid, done: int) -> bool:
        """Tell whether a move (8, ny, nx) that is closed lies ahead, after the visits done."""
        points = self.sortie.waypoints
        behind = [n for n, point in enumerate(points) if point.activity == SERVING and point.target < done]
        for before, point in itertools.pairwise(points[max(behind, default=0) :]):
            if point.activity != DRIVE:
                continue
            here, there = grid.cell(before.x_m, before.y_m), grid.cell(point.x_m, point.y_m)
            if here is None or there is None or here == there:
                continue
            if closed[STEPS.index((there[0] - here[0], there[1] - here[1])), *here]:
                return True
        return False

    def renewed(self, sortie: Sortie, done: int) -> "LivePlan":
        """Return the plan with that of the visits left in its place; targets keep the numbers of those asked for."""
        by = len(self.visits) - len(self.left(done))
        points = tuple(
            replace(point, target=point.target + by) if point.target >= 0 else point for point in sortie.waypoints
        )
        return replace(self, sortie=replace(sortie, waypoints=points, order=tuple(n + by for n in sortie.order)))


Step = tuple[float, tuple[int, int], int]
"""When a way back leaves a cell, or waits there; the cell; the policy's action."""


def way_back(policy: RecoveryPolicy, time_s: float, cell: tuple[int, int], *, stop_used: bool) -> Iterator[Step]:
    """Yield the steps of the way back at the bound's pace, without a stop that is still to come.

    Whoever is faster may wait for its moments, and draws no more: a move costs at least what the parked rover does.
    """
    while True:
        kind = policy.action(time_s, *cell, stop_used=stop_used).kind
        yield time_s, cell, kind
        if kind in (ARRIVED, NO_WAY):
            return
        if kind == WAIT:
            time_s = policy.start_s + (policy.light.index(time_s) + 1) * policy.light.slice_s
        else:
            time_s += float(policy.moves.time_s[kind, *cell])
            cell = cell[0] + STEPS[kind][0], cell[1] + STEPS[kind][1]


def meets_way_back(policy: RecoveryPolicy, time_s: float, cells: Iterable[tuple[int, int]], closed: Mask) -> bool:
    """Tell whether a way back from some cells takes a closed move (8, ny, nx), also after a stop at any step of it.

    A cell that was closed all around is no place to be; where all are, where no way is known and outside the policy's
    time the closed moves are met.
    """
    if not policy.start_s <= time_s < policy.end_s:
        return True
    begins = _begins(policy, cells, closed)
    if not begins:
        return True
    known: set[tuple[float, tuple[int, int], bool]] = set()

    def met(begin_s: float, cell: tuple[int, int], *, stop_used: bool) -> bool:
        for at_s, at, kind in way_back(policy, begin_s, cell, stop_used=stop_used):
            key = round(at_s, 1), at, stop_used
            if kind == ARRIVED or key in known:
                return False
            known.add(key)
            if kind == NO_WAY or (kind != WAIT and closed[kind, *at]):
                return True
            if not stop_used and met(at_s + policy.stop_s, at, stop_used=True):
                return True
        return False

    return any(met(time_s, cell, stop_used=False) for cell in begins)


def _begins(policy: RecoveryPolicy, cells: Iterable[tuple[int, int]], closed: Mask) -> set[tuple[int, int]]:
    """Return the cells that an open move leaves; for one that the policy knows no move from, such neighbours of it."""
    ny, nx = policy.grid.shape
    moves_s = policy.moves.time_s
    found: set[tuple[int, int]] = set()
    for row, column in cells:
        near = [(row, column)]
        if not np.isfinite(moves_s[:, row, column]).any():
            near = [(row + di, column + dj) for di, dj in STEPS if 0 <= row + di < ny and 0 <= column + dj < nx]
        found.update(cell for cell in near if (np.isfinite(moves_s[:, *cell]) & ~closed[:, *cell]).any())
    return found
