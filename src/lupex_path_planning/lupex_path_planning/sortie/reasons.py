# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Why a sortie is impossible, and what would make it possible: each answer is a task that was solved."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lupex_path_planning.sortie.solve import Problem, State, possible
from lupex_path_planning.sortie.task import Task
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Haven = Callable[[tuple[int, int]], RecoveryPolicy]
"""Gives the policy of a site with one more haven, in a cell."""


def reason(problem: Problem, state: State, with_haven: Haven | None) -> str:
    """Say which target fails first, on which constraint, and what would do instead."""
    problem = replace(problem, config=replace(problem.config, labels_max=problem.config.labels_answer))
    failing, which = _failing(problem, state)
    blocked = _blocked(failing, state, which)
    if blocked:
        return blocked
    task = failing.task
    anytime = replace(failing, task=replace(task, deadline_s=math.inf))
    if math.isfinite(task.deadline_s) and possible(anytime, state):
        later_s = _least_deadline(failing, state)
        return (
            f"{which}: the deadline is too early; {(later_s - task.deadline_s) / 3600:.1f} h more would do, "
            f"or {_other(failing, state, with_haven) or 'fewer targets'}"
        )
    if (task.earth_to_drive or task.earth_to_serve) and possible(
        replace(failing, task=Task(task.objective, task.ordered, task.deadline_s)), state
    ):
        return f"{which}: the Earth is not in view when it must be; without that the plan is possible"
    full = replace(state, energy_j=failing.policy.capacity_j)
    if possible(failing, full):
        enough_j = _least_charge(failing, state)
        others = _other(failing, state, with_haven)
        return (
            f"{which}: charge is short; {enough_j / 3600:.0f} Wh at the start would do instead of "
            f"{state.energy_j / 3600:.0f} Wh" + (f", or {others}" if others else "")
        )
    others = _other(failing, state, with_haven)
    return f"{which}: even a full battery does not suffice; " + (
        f"{others} would do" if others else "neither a shorter stay, a later start nor a nearer haven alone would do"
    )


def given_up(problem: Problem, state: State) -> str:
    """Say that the search ended without a plan and without a proof that there is none, and what would do instead."""
    text = f"given up after {problem.config.labels_max} labels: there may be a plan, none was found and none ruled out"
    config = problem.config
    short = replace(
        config, labels_max=config.labels_answer, hurry_weights=config.hurry_weights[-1:],
        hurry_tolerances=config.hurry_tolerances[-1:],
    )  # fmt: skip
    enough = possible(replace(problem, config=short), replace(state, energy_j=problem.policy.capacity_j))
    return f"{text}; {'a full battery would do' if enough else 'more charge or fewer targets may do'}"


def _failing(problem: Problem, state: State) -> tuple[Problem, str]:
    """Return the fewest visits that are impossible, and their name."""
    count = len(problem.visits)
    if not problem.task.ordered:
        for index in range(count):
            alone = problem.of([index])
            if not possible(alone, state):
                return alone, f"target {index + 1}"
        return problem, f"all {count} targets together" if count > 1 else "the way back"
    for index in range(count):
        first = problem.of(range(index + 1))
        if not possible(first, state):
            return first, f"target {index + 1}"
    return problem, "the way back"


def _blocked(problem: Problem, state: State, which: str) -> str:
    """Return what no charge, time or light can change; empty where there is nothing."""
    policy, fields = problem.policy, problem.fields
    reach_s = 0.0
    at = state.cell
    for index, (cell, visit) in enumerate(zip(problem.cells, problem.visits, strict=True)):
        one_s = float(fields.reach_s[index][at if problem.task.ordered else state.cell])
        if not math.isfinite(one_s):
            return f"{which}: no way leads there and back over ground flat enough; choose another place"
        if not np.isfinite(policy.need_j[:, cell[0], cell[1]]).any():
            return (
                f"{which}: no way back to sunlight is proven from there at any charge; it needs a nearer haven or light"
            )
        reach_s = (reach_s + one_s if problem.task.ordered else max(reach_s, one_s)) + visit.service_s
        at = cell
    home_s = float(fields.reach_s[-1][at])
    if not math.isfinite(home_s):
        return f"{which}: no way leads there and back over ground flat enough; choose another place"
    least_s, left_s = reach_s + (home_s if problem.task.ordered else 0.0), policy.end_s - state.time_s
    if least_s > left_s:
        return (
            f"{which}: takes {least_s / 3600:.1f} h at least and the plan looks {left_s / 3600:.1f} h ahead; "
            "shorten the stay or lengthen the horizon"
        )
    return ""


def _least_deadline(problem: Problem, state: State) -> float:
    """Return the earliest deadline that does, to `answer_s`."""
    low, high = problem.task.deadline_s, problem.policy.end_s
    while high - low > problem.config.answer_s:
        middle = 0.5 * (low + high)
        if possible(replace(problem, task=replace(problem.task, deadline_s=middle)), state):
            high = middle
        else:
            low = middle
    return high


def _least_charge(problem: Problem, state: State) -> float:
    """Return the least charge at the start that does, to `answer_wh`."""
    low, high = state.energy_j, problem.policy.capacity_j
    while high - low > problem.config.answer_wh * 3600.0:
        middle = 0.5 * (low + high)
        if possible(problem, replace(state, energy_j=middle)):
            high = middle
        else:
            low = middle
    return high


def _other(problem: Problem, state: State, with_haven: Haven | None) -> str:
    """Return the other changes that would do, each alone: a later start, a shorter stay, a nearer haven."""
    found = [_later_start(problem, state), _shorter_stay(problem, state), _nearer_haven(problem, state, with_haven)]
    return " or ".join(text for text in found if text)


def _later_start(problem: Problem, state: State) -> str:
    policy = problem.policy
    left_s = policy.end_s - state.time_s
    for tried in range(1, problem.config.answer_starts + 1):
        start_s = state.time_s + left_s * tried / (problem.config.answer_starts + 1)
        need = policy.need(start_s, *state.cell)
        if state.energy_j >= need and possible(problem, replace(state, time_s=start_s)):
            return f"a start {(start_s - state.time_s) / 3600:.1f} h later with the same charge"
    return ""


def _shorter_stay(problem: Problem, state: State) -> str:
    if not problem.visits:
        return ""

    def with_stay(stay_s: float) -> Problem:
        visits = (*problem.visits[:-1], replace(problem.visits[-1], service_s=stay_s))
        return replace(problem, visits=visits)

    low, high = 0.0, problem.visits[-1].service_s
    if high <= 0.0 or not possible(with_stay(0.0), state):
        return ""
    while high - low > problem.config.answer_s:
        middle = 0.5 * (low + high)
        if possible(with_stay(middle), state):
            low = middle
        else:
            high = middle
    return f"a stay of {low / 3600:.1f} h there"


def _nearer_haven(problem: Problem, state: State, with_haven: Haven | None) -> str:
    """Try more havens on the way from the last target to the nearest that ever is one, the nearest to that first."""
    if with_haven is None or not problem.cells:
        return ""
    way = [problem.cells[-1]]
    left = problem.fields.reach_s[-1]
    while left[way[-1]] > 0.0:
        row, column = way[-1]
        rows, columns = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
        near = left[rows, columns]
        di, dj = np.unravel_index(int(np.argmin(near)), near.shape)
        step = (rows.start + int(di), columns.start + int(dj))
        if step == way[-1]:
            break
        way.append(step)
    target = problem.policy.grid.place(*way[0])
    for share in (0.75, 0.5, 0.25, 0.0):
        at = way[int(share * (len(way) - 1))]
        if possible(replace(problem, policy=with_haven(at), before=None, known=None), state):
            return f"a haven {math.dist(target, problem.policy.grid.place(*at)):.0f} m from there"
    return ""
