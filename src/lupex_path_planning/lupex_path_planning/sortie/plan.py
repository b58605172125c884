# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sorties over ground, light and charge: targets with their work, in order or not, then a haven."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.site_grid import Moves
from lupex_path_planning.sortie.fields import SortieFields
from lupex_path_planning.sortie.reasons import Haven, given_up, reason
from lupex_path_planning.sortie.solve import Problem, Solution, State, solve
from lupex_path_planning.sortie.task import (
    DRIVE,
    RECHARGE,
    SERVING,
    WAITING,
    Objective,
    Sortie,
    Task,
    Visit,
    Waypoint,
)
from lupex_path_planning.sortie.waypoints import waypoints
from lupex_path_planning.way_back.recovery import RecoveryPolicy

IN_ORDER = Task()
"""In the order given, in the least time."""

FREE_MAX = 8
"""Targets whose order may be free: their sets are counted one by one."""


def plan_sortie(
    policy: RecoveryPolicy,
    pace: Moves,
    place: tuple[float, float],
    time_s: float,
    energy_j: float,
    visits: Sequence[Visit],
    config: SortieConfig,
    ends: NDArray[np.bool_] | None = None,
    task: Task = IN_ORDER,
    *,
    earth: NDArray[np.bool_] | None = None,
    before: SortieFields | None = None,
    with_haven: Haven | None = None,
) -> Sortie:
    """Plan from a place and charge at a time: all visits and then a haven, the best by the task's objective.

    `pace` are the expected moves. At every step the energy stays above the need of the recovery policy by `margin_wh`.
    Every plan found is sound. `ends` (ny, nx) are the cells preferred to end in, as far as they are havens; where no
    plan ends there, any haven will do. `earth` (slices, ny, nx), where the Earth is in view, is needed when the task
    asks for it. With the `fields` of a plan before, over the same light and no other targets, only what changed of the
    ground since is computed anew; the plan is the same. An impossible task is explained: which visit, which constraint,
    and what would make it possible, found by solving it so; `with_haven` gives the policy with one more haven. Where
    the search gave up, so that nobody knows whether there is a plan, the answer says that instead, and is not `proven`.
    """
    start = policy.grid.cell(*place)
    places = [policy.grid.cell(visit.x_m, visit.y_m) for visit in visits]
    refusal = _refusal(policy, start, places, visits, time_s, energy_j)
    refusal = refusal or _contradiction(task, len(visits), earth)
    if refusal or start is None:
        return Sortie(False, refusal, (), 0, task.objective)
    cells = tuple(at for at in places if at is not None)
    state = State(start, time_s, energy_j)
    any_end = Problem(policy, pace, tuple(visits), cells, task, config, None, earth, before)
    labels = 0
    for problem in (any_end,) if ends is None else (replace(any_end, ends=ends), any_end):
        solution = solve(problem, state)
        labels += solution.labels
        if solution.found:
            return _made(problem, solution, state, labels)
    text = reason(any_end, state, with_haven) if solution.proven else given_up(any_end, state)
    return Sortie(False, text, (), labels, task.objective, proven=solution.proven)


def _made(problem: Problem, solution: Solution, state: State, labels: int) -> Sortie:
    points = waypoints(problem.policy, problem.pace, solution.steps, problem.visits, problem.config)
    hours = (points[-1].time_s - state.time_s) / 3600.0
    targets = {0: "", 1: "1 target and "}.get(len(problem.visits), f"{len(problem.visits)} targets and ")
    text = f"{targets}back to sunlight, recharged, in {hours:.2f} h"
    objective = problem.task.objective
    if objective is Objective.LEAST_ENERGY:
        text += f"; {solution.cost / 3600.0:.0f} Wh drawn until the haven"
    margin_j = min(point.energy_j - point.required_j for point in points[:-1])
    if objective is Objective.MOST_MARGIN:
        text += f"; never less than {solution.cost / 3600.0:.0f} Wh above the need"
    if solution.gap > 0.0:
        scale, unit = (3600.0, "h") if objective is Objective.LEAST_TIME else (3600.0, "Wh")
        text += f"; at most {solution.gap / scale:.2f} {unit} from the best"
    order = tuple(point.target for point in points if point.activity == SERVING)
    return Sortie(
        True, text, points, labels, objective, order, solution.cost, solution.gap, margin_j, solution.expanded,
        solution.fields,
    )  # fmt: skip


def _contradiction(task: Task, count: int, earth: NDArray[np.bool_] | None) -> str:
    if (task.earth_to_drive or task.earth_to_serve) and earth is None:
        return "the Earth is asked to be in view and it is not known where it is"
    if not task.ordered and count > FREE_MAX:
        return f"{count} targets in any order are more than {FREE_MAX}; give their order or leave some for later"
    return "the deadline is not a number" if math.isnan(task.deadline_s) else ""


def _refusal(
    policy: RecoveryPolicy,
    start: tuple[int, int] | None,
    ends: Sequence[tuple[int, int] | None],
    visits: Sequence[Visit],
    time_s: float,
    energy_j: float,
) -> str:
    if not (math.isfinite(time_s) and math.isfinite(energy_j)):
        return "time or charge at the start is not known"
    if start is None:
        return "the rover stands outside the planner's map of the site"
    if not policy.grid.passable[start]:
        return "the rover stands on ground steeper than is planned over"
    for number, (end, visit) in enumerate(zip(ends, visits, strict=True), start=1):
        if not all(math.isfinite(v) for v in (visit.x_m, visit.y_m, visit.service_s, visit.service_w)) or (
            visit.service_s < 0.0 or visit.service_w < 0.0
        ):
            return f"target {number}: place, stay and load must be finite, stay and load not negative"
        if end is None:
            return f"target {number} lies outside the planner's map of the site"
        if not policy.grid.passable[end]:
            return f"target {number} lies on ground steeper than is planned over; another place near it may do"
    need = policy.need(time_s, *start)
    if not math.isfinite(need):
        return "no way back to sunlight is proven from where the rover stands, whatever its charge"
    if energy_j < need:
        return f"the way back alone needs {need / 3600:.0f} Wh and {energy_j / 3600:.0f} Wh are left"
    return ""


__all__ = ["DRIVE", "RECHARGE", "SERVING", "WAITING", "Objective", "Sortie", "Task", "Visit", "Waypoint", "plan_sortie"]
