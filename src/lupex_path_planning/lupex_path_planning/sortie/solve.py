# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One task solved: the best plan by its objective, and how much better one could be at most."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.sortie.bounds import bounds, least_end, visit_rows
from lupex_path_planning.sortie.charge_front import earliest_work
from lupex_path_planning.sortie.energy import World
from lupex_path_planning.sortie.fields import SortieFields, repaired_fields, sortie_fields, with_homes, with_light
from lupex_path_planning.sortie.label_search import (
    ENERGY,
    EXHAUSTED,
    FOUND,
    LIMIT,
    SERVING,
    TIME,
    Effort,
    Work,
    search,
)
from lupex_path_planning.sortie.less_driving import Step, with_less_driving
from lupex_path_planning.sortie.openings import openings
from lupex_path_planning.sortie.task import Objective, Task, Visit
from lupex_path_planning.sortie.waypoints import rates
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

Found = tuple[Any, ...]

_ROUNDING = 1e-6
"""Share of a cost that its rounding may hide: what is so near to the bound is the best."""


@dataclass(frozen=True)
class State:
    """Cell, time and stored energy at which a sortie begins."""

    cell: tuple[int, int]
    time_s: float
    energy_j: float


@dataclass(frozen=True)
class Problem:
    """Visits to make over a field with expected moves; `ends` (ny, nx) are the cells to end in, None for any haven.

    `earth` (slices, ny, nx): where the Earth is in view all through a slice.
    """

    policy: RecoveryPolicy
    pace: Moves
    visits: tuple[Visit, ...]
    cells: tuple[tuple[int, int], ...]
    task: Task
    config: SortieConfig
    ends: Mask | None = None
    earth: Mask | None = None
    before: SortieFields | None = field(default=None, repr=False)
    known: SortieFields | None = field(default=None, repr=False)

    @cached_property
    def fields(self) -> SortieFields:
        """The fields to the targets and havens; those of a plan before are repaired where they serve."""
        if self.known is not None:
            return self.known
        old = self.before
        if old is None or not old.serves(self.policy, self.cells):
            return sortie_fields(self.policy, self.pace, self.cells, self.ends)
        return repaired_fields(old.of(self.cells), self.policy, self.pace, self.ends)

    def of(self, indices: Sequence[int]) -> "Problem":
        """Return the problem of some of the visits alone."""
        return replace(
            self,
            visits=tuple(self.visits[index] for index in indices),
            cells=tuple(self.cells[index] for index in indices),
            before=self.fields,
            known=None,
        )


@dataclass(frozen=True)
class Solution:
    """Steps (activity, target, cell, time, energy) of the best plan found, empty where there is none.

    `proven` tells that none exists, where none was found.
    """

    steps: list[Step]
    cost: float
    gap: float
    labels: int
    expanded: int
    proven: bool
    fields: SortieFields | None = field(default=None, repr=False)

    @property
    def found(self) -> bool:
        """Tell whether there is a plan."""
        return bool(self.steps)


def solve(problem: Problem, state: State) -> Solution:
    """Return the best plan by the task's objective."""
    ready, opened_j = _prepared(problem, state)
    margin_j = problem.config.margin_wh * 3600.0
    objective = problem.task.objective
    if objective is Objective.MOST_MARGIN:
        return _most_margin(ready, state, opened_j, margin_j)
    return _least(ready, state, opened_j, margin_j, ENERGY if objective is Objective.LEAST_ENERGY else TIME)


def possible(problem: Problem, state: State) -> bool:
    """Tell whether a plan is found, whatever the objective."""
    ready, opened_j = _prepared(problem, state)
    return _least(ready, state, opened_j, problem.config.margin_wh * 3600.0, TIME).found


def _prepared(problem: Problem, state: State) -> tuple[Problem, Array]:
    """Return the problem with the fields of the way home around its probable end, and when work can begin."""
    fields, policy, visits = problem.fields, problem.policy, problem.visits
    earth = problem.earth if problem.task.earth_to_serve else None
    opened_j = openings(fields, policy, visits, state.cell, state.time_s, state.energy_j, earth)
    if fields.home_from.size == 1:
        next_row = visit_rows(len(visits), ordered=problem.task.ordered)
        margin_j = problem.config.margin_wh * 3600.0
        begins = np.full(next_row.shape, state.time_s)
        at = state.cell[0] * policy.grid.shape[1] + state.cell[1]

        def least_slice(fields: SortieFields) -> int:
            limits = bounds(fields, policy, visits, next_row, opened_j, margin_j, begins)
            end_s = float(least_end(limits, 0, at, state.time_s, state.energy_j))
            return min(policy.light.index(end_s), policy.count) if math.isfinite(end_s) else policy.count

        # the shorter the stretch whose light may pay, the dearer is charge; but the plan must not be expected after it
        now, first, ahead = policy.light.index(state.time_s), least_slice(fields), 1
        while first < policy.count:
            fields = with_light(fields, now, min(first + ahead, policy.count))
            later = least_slice(fields)
            if later < fields.lit[1]:
                first = later
                break
            first, ahead = later, 2 * ahead
        fields = with_homes(fields, policy, min(first, policy.count - 1), problem.ends)
    return replace(problem, known=fields), opened_j


def _begins(problem: Problem, state: State, opened_j: Array, margin_j: float) -> Array:
    """Return the times (rows, targets) before which no work begins."""
    count = len(problem.visits)
    start = (state.cell, state.time_s, state.energy_j)
    policy, pace, task = problem.policy, problem.pace, problem.task

    def soonest(part: slice, next_row: NDArray[np.int64]) -> Array:
        return earliest_work(
            policy, pace, problem.cells[part], problem.visits[part], next_row, start, task.deadline_s, margin_j,
            opened_j[part],
        )  # fmt: skip

    if task.ordered:
        return soonest(slice(None), visit_rows(count, ordered=True))
    # in any order there are too many rows to lead a field for each: every target for itself, whatever is served
    alone = visit_rows(1, ordered=True)
    with ThreadPoolExecutor(2) as pool:
        begins = list(pool.map(lambda index: soonest(slice(index, index + 1), alone)[0, 0], range(count)))
    return np.tile(np.array(begins, np.float64), (1 << count, 1))


def _most_margin(problem: Problem, state: State, opened_j: Array, margin_j: float) -> Solution:
    """Return the earliest of the plans with the greatest smallest margin, found by halving to `margin_answer_wh`."""
    policy = problem.policy
    best = _least(problem, state, opened_j, margin_j, TIME)
    if not best.found:
        return best
    k = policy.light.index(state.time_s)
    low, high = margin_j, state.energy_j - float(policy.need_j[k, state.cell[0], state.cell[1]])
    if opened_j.size:
        high = min(high, float(opened_j.max(axis=1).min()))
    high, answer = max(high, low), problem.config.margin_answer_wh * 3600.0
    labels, expanded, unsure = best.labels, best.expanded, -math.inf
    tried = high
    while high - low > answer:
        found = _least(problem, state, opened_j, tried, TIME)
        labels, expanded = labels + found.labels, expanded + found.expanded
        if found.found:
            best, low = found, tried
        else:
            if not found.proven:
                unsure = max(unsure, high)
            high = tried
        tried = 0.5 * (low + high)
    gap = max(high, unsure) - low
    gap = gap if gap > answer else 0.0
    return Solution(best.steps, low, gap, labels, expanded, True, problem.fields)


def _least(problem: Problem, state: State, opened_j: Array, margin_j: float, cost: int) -> Solution:
    """Return the plan of least cost whose energy stays above the need by a margin."""
    config = problem.config
    world = _world(problem)
    policy, visits, task = problem.policy, problem.visits, problem.task
    next_row = visit_rows(len(visits), ordered=task.ordered)
    soonest = np.full(next_row.shape, state.time_s)
    limits = bounds(problem.fields, policy, visits, next_row, opened_j, margin_j, soonest)
    begin = np.array([state.cell[0], state.cell[1], state.time_s, state.energy_j])
    labels = expanded = 0

    def attempt(weight: float, share: float, most: int, deadline_s: float) -> Found:
        nonlocal labels, expanded
        effort = Effort(
            cost, weight, share * config.energy_tolerance_wh * 3600.0, share * config.time_tolerance_s,
            config.waits_a_slice, most,
        )  # fmt: skip
        found: Found = search(begin, world, _work(problem, margin_j, deadline_s), limits, effort)
        labels, expanded = labels + found[2], expanded + found[3]
        return found

    last_s, easy = min(task.deadline_s, policy.end_s), min(config.labels_easy, config.labels_max)
    found = attempt(1.0, 1.0, easy, last_s)
    if found[0] == EXHAUSTED and found[4] < math.inf:
        # what the tolerances left out might have been a plan
        found = attempt(1.0, 0.0, config.labels_max, last_s)
    bound = found[4]
    if found[0] == LIMIT:
        begins = _begins(problem, state, opened_j, margin_j)
        limits = bounds(problem.fields, policy, visits, next_row, opened_j, margin_j, begins)
        at = state.cell[0] * policy.grid.shape[1] + state.cell[1]
        end_s = float(least_end(limits, 0, at, state.time_s, state.energy_j))
        if not end_s <= last_s:
            return Solution([], math.inf, math.inf, labels, expanded, True, problem.fields)
        bound = max(bound, end_s) if cost == TIME else bound
        # not easy: coarser searches until one finds a plan, and a better one where that was a hasty one
        best = found
        for weight, share in zip(config.hurry_weights, config.hurry_tolerances, strict=True):
            found = attempt(weight, share, config.labels_max, last_s)
            bound = max(bound, found[4])
            if found[0] == FOUND:
                best = found
                break
        if best[0] == FOUND and weight > 1.0:
            last_s = min(last_s, float(best[7][best[1]])) if cost == TIME else last_s
            found = attempt(1.0, share, config.labels_max // 2, last_s)
            bound = max(bound, found[4])
            best = found if found[0] == FOUND else best
        found = best
    if found[0] != FOUND:
        return Solution([], math.inf, math.inf, labels, expanded, found[0] != LIMIT, problem.fields)
    steps = with_less_driving(_chain(found), problem.fields, world, _work(problem, margin_j, math.inf))
    value = steps[-1][3] - state.time_s if cost == TIME else _drawn(problem, steps)
    gap = max(value - (bound - state.time_s if cost == TIME else bound), 0.0)
    gap = gap if gap > _ROUNDING * value + 1e-3 else 0.0
    return Solution(steps, value, gap, labels, expanded, True, problem.fields)


def _world(problem: Problem) -> World:
    policy, pace = problem.policy, problem.pace
    ends = np.ones(policy.grid.shape, np.bool_) if problem.ends is None else problem.ends
    earth = np.empty((0, 0, 0), np.bool_) if problem.earth is None else problem.earth
    return World(
        pace.time_s, pace.power_w, pace.parked_w, policy.light.expected_w, policy.need_j, policy.arrived, ends, earth,
        rates(policy, pace),
    )  # fmt: skip


def _work(problem: Problem, margin_j: float, deadline_s: float) -> Work:
    task, visits = problem.task, problem.visits
    return Work(
        np.array(problem.cells, np.int64).reshape(len(visits), 2),
        np.array([visit.service_s for visit in visits], np.float64),
        np.array([visit.service_w for visit in visits], np.float64),
        task.earth_to_drive,
        task.earth_to_serve,
        deadline_s,
        margin_j,
    )


def _chain(found: Found) -> list[Step]:
    last, cell, when, energy, parent, activity, served = found[1], *found[6:]
    steps = []
    at = last
    while at >= 0:
        steps.append((int(activity[at]), int(served[at]), int(cell[at]), float(when[at]), float(energy[at])))
        at = int(parent[at])
    return steps[::-1]


def _drawn(problem: Problem, steps: Sequence[Step]) -> float:
    """Return the energy that the loads draw along a plan: the parked load all the time, and what exceeds it."""
    pace, nx = problem.pace, problem.policy.grid.shape[1]
    total = pace.parked_w * (steps[-1][3] - steps[0][3])
    for before, step in pairwise(steps):
        if step[0] == SERVING:
            visit = problem.visits[step[1]]
            total += visit.service_w * visit.service_s
        elif step[2] != before[2]:
            (i, j), (p, q) = divmod(before[2], nx), divmod(step[2], nx)
            move = STEPS.index((p - i, q - j))
            total += (float(pace.power_w[move, i, j]) - pace.parked_w) * float(pace.time_s[move, i, j])
    return total
