# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Of plans that are as good, the one that drives less: no rounds in the sun where the rover may as well wait.

The search stops at the first plan of the least cost. What it drives between two stays is compared with waiting, and
with the direct way and one wait on it, that end in the same place at the same time; each change is sailed through to
the end of the plan as the search would, so that it holds and costs no more.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS, STEPS, Moves
from lupex_path_planning.sortie.energy import World, drive, seen, slice_at, stays
from lupex_path_planning.sortie.fields import SortieFields, move_costs
from lupex_path_planning.sortie.label_search import DRIVE, SERVING, WAITING, Work

Array = NDArray[np.float64]

Step = tuple[int, int, int, float, float]
"""Activity, target, cell, time and energy of a label."""

_SAME_S = 1e-6
_SAME_J = 1e-3
"""Rounding of times and energies."""

_WAITS = 6
"""Places of a way, the brightest, at which its wait is tried, beside both its ends."""


def with_less_driving(steps: Sequence[Step], fields: SortieFields, world: World, work: Work) -> list[Step]:
    """Return a plan that serves and ends when this one does, its charge nowhere below what is asked, and drives less.

    It is this one where there is none.
    """
    plan = _sailed(list(steps), world, work)
    if plan is None:
        return list(steps)
    first = 0
    while first < len(plan):
        # from a stay's end, or the start, to where the next work begins, or the end
        last = first
        while last + 1 < len(plan) and plan[last + 1][0] != SERVING:
            last += 1
        if last > first:
            shorter = _leg(plan, first, last, fields, world, work)
            last -= len(plan) - len(shorter)
            plan = shorter
        first = last + 1
    return plan


def _leg(plan: list[Step], first: int, last: int, fields: SortieFields, world: World, work: Work) -> list[Step]:
    """Return the plan with less driving between two of its steps."""
    n = first
    while n < last:
        # the longest round first: back in the same cell it may have waited
        for m in range(last, n, -1):
            if plan[m][2] == plan[n][2] and _extra_j(plan[n : m + 1], fields.pace) > _SAME_J:
                made = _sailed(
                    [*plan[: n + 1], (WAITING, -1, plan[m][2], plan[m][3], 0.0), *plan[m + 1 :]], world, work
                )
                if made is not None:
                    last -= len(plan) - len(made)
                    plan = made
                    break
        n += 1
    served = plan[last + 1][1] if last + 1 < len(plan) else len(fields.cells)
    for n in range(first, last):
        driven_j = _extra_j(plan[n : last + 1], fields.pace)
        if not driven_j > _SAME_J:
            break
        for to_go, cost in zip((fields.reach_s[served], fields.drawn_j[served]), move_costs(fields.pace), strict=True):
            way = _way(to_go, cost, plan[n][2], plan[last][2])
            if len(way) < 2 or not _way_j(way, fields.pace) < driven_j - _SAME_J:
                continue
            made = _waiting_best(plan, n, last, way, world, work)
            if made is not None:
                return made
    return plan


def _waiting_best(
    plan: list[Step], first: int, last: int, way: Sequence[int], world: World, work: Work
) -> list[Step] | None:
    """Return the plan that takes a way between two steps, with the wait where it leaves the most charge at the end."""
    begin_s, nx = plan[first][3], world.need.shape[2]
    lasts = [float(world.time_s[_move(a, b, nx), a // nx, a % nx]) for a, b in itertools.pairwise(way)]
    wait_s = plan[last][3] - begin_s - sum(lasts)
    if not wait_s > -_SAME_S:
        return None
    light = world.expected[slice_at(begin_s, world.rates), [cell // nx for cell in way], [cell % nx for cell in way]]
    brightest = np.argsort(-light, kind="stable")[:_WAITS].tolist()
    best: list[Step] | None = None
    for waits_at in sorted({0, len(way) - 1, *brightest}):
        time_s, middle = begin_s, []
        for n, cell in enumerate(way):
            if n > 0:
                time_s += lasts[n - 1]
                middle.append((DRIVE, -1, cell, time_s, 0.0))
            if n == waits_at and wait_s > _SAME_S:
                time_s += wait_s
                middle.append((WAITING, -1, cell, time_s, 0.0))
        made = _sailed([*plan[: first + 1], *middle, *plan[last + 1 :]], world, work)
        if made is not None and (best is None or made[-1][4] > best[-1][4] + _SAME_J):
            best = made
    return best


def _sailed(steps: list[Step], world: World, work: Work) -> list[Step] | None:
    """Return the steps with the energy that they come to, None where it falls below what is asked."""
    activity, target, cell = (np.array([step[n] for step in steps], np.int64) for n in range(3))
    when = np.array([step[3] for step in steps])
    energy = _sail(activity, target, cell, when, steps[0][4], world, work)
    if not math.isfinite(energy[-1]):
        return None
    return [(*step[:4], float(left)) for step, left in zip(steps, energy, strict=True)]


@njit(cache=True, nogil=True)
def _sail(activity, target, cell, when, energy, world, work):  # type: ignore[no-untyped-def]
    """Return the energy at each step, as the search counts it; -inf from where it falls below what is asked."""
    nx, count = world.need.shape[2], world.need.shape[0]
    energies = np.full(activity.size, -math.inf)
    energies[0] = energy
    for n in range(1, activity.size):
        i, j = cell[n - 1] // nx, cell[n - 1] % nx
        t, load = when[n - 1], world.parked_w
        begins = when[n]
        p, q, move = cell[n] // nx, cell[n] % nx, -1
        if activity[n] == DRIVE:
            for each in range(8):
                if p - i == STEP_ROWS[each] and q - j == STEP_COLUMNS[each]:
                    move = each
            begins = when[n] - world.time_s[move, i, j]
        elif activity[n] == SERVING:
            load += work.service_w[target[n]]
        if begins > t + 1e-6 or activity[n] != DRIVE:
            energy = stays(energy, t, begins - t, load, i, j, world, work.margin)
        if not energy > -math.inf:
            break
        if activity[n] == DRIVE:
            seconds = world.time_s[move, i, j]
            begins = max(begins, t)
            if work.earth_to_drive and not (
                seen(begins, begins + seconds, i, j, world) and seen(begins, begins + seconds, p, q, world)
            ):
                break
            energy = drive(energy, begins, seconds, world.power_w[move, i, j], i, j, p, q, world)
        k = slice_at(when[n], world.rates)
        if k < 0 or k >= count or not energy >= float(world.need[k, p, q]) + work.margin:
            break
        energies[n] = energy
    return energies


def _way(to_go: Array, cost: Array, start: int, end: int) -> list[int]:
    """Return the cells of the best way by move costs (8, ny, nx) and what is left from each cell; empty: elsewhere."""
    ny, nx = to_go.shape
    way = [start]
    while way[-1] != end:
        i, j = divmod(way[-1], nx)
        ahead = [
            (float(cost[move, i, j] + to_go[i + di, j + dj]), (i + di) * nx + j + dj)
            for move, (di, dj) in enumerate(STEPS)
            if 0 <= i + di < ny and 0 <= j + dj < nx
        ]
        least, cell = min(ahead)
        if not (math.isfinite(least) and to_go[i, j] > 0.0) or len(way) > to_go.size:
            return []
        way.append(cell)
    return way


def _move(a: int, b: int, nx: int) -> int:
    return STEPS.index((b // nx - a // nx, b % nx - a % nx))


def _way_j(way: Sequence[int], pace: Moves) -> float:
    """Return what driving a way draws beyond the parked rover."""
    nx, total = pace.time_s.shape[2], 0.0
    for a, b in itertools.pairwise(way):
        move, at = _move(a, b, nx), divmod(a, nx)
        total += (float(pace.power_w[move, *at]) - pace.parked_w) * float(pace.time_s[move, *at])
    return total


def _extra_j(steps: Sequence[Step], pace: Moves) -> float:
    """Return what driving draws beyond the parked rover along steps."""
    return _way_j([steps[0][2], *(step[2] for step in steps[1:] if step[0] == DRIVE)], pace)
