# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The cells that plans and ways back lead over, and the plan in force while the ground changes."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import binary_dilation

from lupex_path_planning.site_grid import STEPS, Mask, SiteGrid
from lupex_path_planning.sortie.plan import DRIVE, SERVING, Sortie, Task, Visit
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, RecoveryPolicy

_AROUND = np.ones((3, 3), np.bool_)


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


def way_back_cells(
    policy: RecoveryPolicy, time_s: float, place: tuple[float, float], *, stop_used: bool
) -> list[tuple[int, int]]:
    """Return the cells of the way back at the bound's pace, without a stop that is still to come.

    Whoever is faster may wait for its moments, and draws no more: a move costs at least what the parked rover does.
    """
    cell = policy.grid.cell(*place)
    cells: list[tuple[int, int]] = []
    while cell is not None and len(cells) < policy.grid.height_m.size:
        cells.append(cell)
        kind = WAIT
        while kind == WAIT:
            kind = policy.action(time_s, *cell, stop_used=stop_used).kind
            if kind == WAIT:
                time_s = policy.start_s + (policy.light.index(time_s) + 1) * policy.light.slice_s
        if kind in (ARRIVED, NO_WAY):
            break
        time_s += float(policy.moves.time_s[kind, *cell])
        cell = cell[0] + STEPS[kind][0], cell[1] + STEPS[kind][1]
    return cells


def meets_way_back(policy: RecoveryPolicy, time_s: float, place: tuple[float, float], closed: Mask) -> bool:
    """Tell whether closed moves (8, ny, nx) lie on or beside the way back from a place, the stop to come or just over.

    Beside, for the place is not known to a metre. Outside the policy's time they do.
    """
    if not policy.start_s <= time_s < policy.end_s:
        return True
    near = np.asarray(binary_dilation(closed.any(axis=0), _AROUND))
    ways = ((time_s, False), (time_s + policy.stop_s, True))
    return any(
        near[cell]
        for begin_s, stop_used in ways
        if begin_s < policy.end_s
        for cell in way_back_cells(policy, begin_s, place, stop_used=stop_used)
    )
