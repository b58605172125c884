# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sorties over ground, light and charge: targets in order with their work, then a haven, in the least time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.label_search import DRIVE, FOUND, LIMIT, SERVING, WAITING, draw, search
from lupex_path_planning.recovery import RecoveryPolicy
from lupex_path_planning.site_grid import STEPS, Moves, cost_to_goal

RECHARGE = 2
"""Activity of the last stay, in the haven."""

Array = NDArray[np.float64]

_SAME_S = 1e-6
"""Rounding of times; what is shorter is no wait."""


@dataclass(frozen=True)
class Visit:
    """Work at a place of the map: a stay with a load beside that of the parked rover."""

    x_m: float
    y_m: float
    service_s: float
    service_w: float


@dataclass(frozen=True)
class Waypoint:
    """State after an activity that ended at this place; `target` is the index of the visit served, else -1."""

    activity: int
    target: int
    x_m: float
    y_m: float
    time_s: float
    energy_j: float
    required_j: float
    sunlit: float


@dataclass(frozen=True)
class Sortie:
    """A plan, or the reason why there is none; the end of the earliest plan is `waypoints[-1]`."""

    feasible: bool
    explanation: str
    waypoints: tuple[Waypoint, ...]
    labels: int


def plan_sortie(
    policy: RecoveryPolicy,
    pace: Moves,
    place: tuple[float, float],
    time_s: float,
    energy_j: float,
    visits: Sequence[Visit],
    config: SortieConfig,
    ends: NDArray[np.bool_] | None = None,
) -> Sortie:
    """Plan from a place and charge at a time; the earliest arrival in a haven after all visits.

    `pace` are the expected moves. At every step the energy stays above the need of the recovery policy by `margin_wh`.
    Every plan found is sound. With both tolerances 0 and without `credit_waiting` it is the earliest where light does
    not change and no charging is needed; else a plan that needs a wait of just its own length may be found later or
    missed. Labels within `energy_tolerance_wh` and `time_tolerance_s` of each other count as one. `ends` (ny, nx) are
    the cells preferred to end in, as far as they are havens; where no plan ends there, any haven will do. An impossible
    task is explained: which visit, which constraint, and what would make it possible.
    """
    start = policy.grid.cell(*place)
    places = [policy.grid.cell(visit.x_m, visit.y_m) for visit in visits]
    refusal = _refusal(policy, start, places, visits, time_s, energy_j)
    if refusal or start is None:
        return Sortie(False, refusal, (), 0)
    cells = [at for at in places if at is not None]
    if ends is not None:
        found = _search(policy, pace, start, time_s, energy_j, cells, visits, config, ends)
        if found[0] == FOUND:
            return _made(policy, pace, found, time_s, visits, config)
    found = _search(policy, pace, start, time_s, energy_j, cells, visits, config)
    if found[0] == LIMIT:
        config = _coarser(config)
        found = _search(policy, pace, start, time_s, energy_j, cells, visits, config)
    labels = int(found[2])
    if found[0] == FOUND:
        return _made(policy, pace, found, time_s, visits, config)
    if found[0] == LIMIT:
        return Sortie(
            False, f"search ended at {config.labels_max} labels without a plan; fewer targets may do", (), labels
        )
    text = _why(policy, pace, start, time_s, energy_j, cells, visits, _coarser(config))
    return Sortie(False, text, (), labels)


def _made(policy, pace, found, time_s: float, visits: Sequence[Visit], config: SortieConfig) -> Sortie:  # type: ignore[no-untyped-def]
    waypoints = _waypoints(policy, pace, found, found[1], config)
    hours = (waypoints[-1].time_s - time_s) / 3600.0
    text = f"{len(visits)} targets and back to sunlight, recharged, in {hours:.2f} h"
    return Sortie(True, text, waypoints, int(found[2]))


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
    for index, (end, visit) in enumerate(zip(ends, visits, strict=True)):
        if not all(math.isfinite(v) for v in (visit.x_m, visit.y_m, visit.service_s, visit.service_w)) or (
            visit.service_s < 0.0 or visit.service_w < 0.0
        ):
            return f"target {index}: place, stay and load must be finite, stay and load not negative"
        if end is None:
            return f"target {index} lies outside the planner's map of the site"
        if not policy.grid.passable[end]:
            return f"target {index} lies on ground steeper than is planned over; another place near it may do"
    need = policy.need(time_s, *start)
    if not math.isfinite(need):
        return "no way back to sunlight is proven from where the rover stands, whatever its charge"
    if energy_j < need:
        return f"the way back alone needs {need / 3600:.0f} Wh and {energy_j / 3600:.0f} Wh are left"
    return ""


def _search(
    policy: RecoveryPolicy,
    pace: Moves,
    start: tuple[int, int],
    time_s: float,
    energy_j: float,
    cells: Sequence[tuple[int, int]],
    visits: Sequence[Visit],
    config: SortieConfig,
    ends: NDArray[np.bool_] | None = None,
) -> Any:
    havens = _havens(policy)
    if ends is not None:
        havens = np.where(ends, havens, np.float32(np.inf))
    to_go = _to_go(pace, havens, cells, visits)
    return search(
        np.array([start[0], start[1], time_s, energy_j]),
        np.array(cells, np.int64).reshape(len(cells), 2),
        np.array([visit.service_s for visit in visits]),
        np.array([visit.service_w for visit in visits]),
        pace.time_s,
        pace.power_w,
        pace.parked_w,
        policy.light.expected_w,
        policy.need_j,
        havens,
        to_go,
        _rates(policy, pace),
        config.margin_wh * 3600.0,
        config.energy_tolerance_wh * 3600.0,
        config.time_tolerance_s,
        config.credit_waiting,
        config.labels_max,
    )


def _coarser(config: SortieConfig) -> SortieConfig:
    return replace(
        config,
        energy_tolerance_wh=4.0 * config.energy_tolerance_wh,
        time_tolerance_s=4.0 * config.time_tolerance_s,
    )


def _havens(policy: RecoveryPolicy) -> NDArray[np.float32]:
    """Return the need of each cell where the policy calls it a haven, inf elsewhere."""
    ny, nx = policy.grid.shape
    own = np.arange(ny * nx, dtype=np.int32).reshape(ny, nx)
    return np.where(policy.haven == own, policy.need_j, np.float32(np.inf))


def _rates(policy: RecoveryPolicy, pace: Moves) -> Array:
    light = policy.light
    return np.array([light.start_s, light.slice_s, pace.discharge, pace.charge, pace.charge_max_w, policy.capacity_j])


def _to_go(
    pace: Moves, havens: NDArray[np.float32], cells: Sequence[tuple[int, int]], visits: Sequence[Visit]
) -> Array:
    """Return the least time to the end from each stage and cell, whatever light and charge: never too long."""
    shape = havens.shape[1:]
    goal = np.isfinite(havens).any(axis=0)
    fields = [cost_to_goal(pace.time_s, goal)]
    for cell, visit in zip(reversed(cells), reversed(list(visits)), strict=True):
        at = np.zeros(shape, np.bool_)
        at[cell] = True
        fields.append(cost_to_goal(pace.time_s, at) + visit.service_s + fields[-1][cell])
    return np.array(fields[::-1])


def _waypoints(policy, pace, found, last: int, config: SortieConfig) -> tuple[Waypoint, ...]:  # type: ignore[no-untyped-def]
    _, _, _, _, stage, cell, when, energy, parent, activity = found
    nx = policy.grid.shape[1]
    chain: list[int] = []
    at = last
    while at >= 0:
        chain.append(at)
        at = int(parent[at])
    made: list[Waypoint] = []
    for at in reversed(chain):
        row, column = divmod(int(cell[at]), nx)
        if made and activity[at] == DRIVE:
            made += _waited(policy, pace, made[-1], row, column, float(when[at]))
        served = int(stage[at]) - 1 if activity[at] == SERVING else -1
        made.append(_waypoint(policy, int(activity[at]), served, row, column, float(when[at]), float(energy[at])))
    # waits that follow each other are one; what stands for the start is no wait
    joined = [made[0]]
    for point in made[1:]:
        if point.activity == WAITING and joined[-1].activity == WAITING and len(joined) > 1:
            joined[-1] = point
        else:
            joined.append(point)
    row, column = divmod(int(cell[last]), nx)
    joined.append(_recharged(policy, pace, row, column, joined[-1], config))
    return tuple(joined)


def _waited(
    policy: RecoveryPolicy, pace: Moves, before: Waypoint, row: int, column: int, arrival_s: float
) -> list[Waypoint]:
    """Return the wait before a move that begins later than the rover was there; none when it goes at once."""
    at = policy.grid.cell(before.x_m, before.y_m)
    if at is None:
        return []
    i, j = at
    move = STEPS.index((row - i, column - j))
    wait_s = arrival_s - float(pace.time_s[move, i, j]) - before.time_s
    if wait_s <= _SAME_S:
        return []
    rates = _rates(policy, pace)
    energy, _ = draw(before.energy_j, before.time_s, wait_s, pace.parked_w, i, j, policy.light.expected_w, rates)
    return [_waypoint(policy, WAITING, -1, i, j, before.time_s + wait_s, float(energy))]


def _waypoint(
    policy: RecoveryPolicy, activity: int, target: int, row: int, column: int, time_s: float, energy_j: float
) -> Waypoint:
    k = policy.light.index(time_s)
    sunlit = float(policy.light.sunlit[k, row, column]) if 0 <= k < policy.light.count else 0.0
    x_m, y_m = policy.grid.place(row, column)
    return Waypoint(activity, target, x_m, y_m, time_s, energy_j, policy.need(time_s, row, column), sunlit)


def _recharged(
    policy: RecoveryPolicy, pace: Moves, row: int, column: int, arrived: Waypoint, config: SortieConfig
) -> Waypoint:
    """Return the state after charging in the haven to the wanted share, or to the end of the haven's promise."""
    goal = config.recharge_share * policy.capacity_j
    time_s, energy = arrived.time_s, arrived.energy_j
    rates = _rates(policy, pace)
    light = policy.light
    end = min(light.end_s, arrived.time_s + (light.end_s - policy.end_s))
    while energy < goal and time_s < end:
        until = min(light.start_s + (light.index(time_s) + 1) * light.slice_s, end)
        energy, _ = draw(energy, time_s, until - time_s, pace.parked_w, row, column, light.expected_w, rates)
        time_s = until
    return replace(_waypoint(policy, RECHARGE, -1, row, column, time_s, float(energy)), required_j=arrived.required_j)


def _why(
    policy: RecoveryPolicy,
    pace: Moves,
    start: tuple[int, int],
    time_s: float,
    energy_j: float,
    cells: Sequence[tuple[int, int]],
    visits: Sequence[Visit],
    config: SortieConfig,
) -> str:
    """Say which visit fails first, on what, and what would make it possible."""
    count = 0
    while count < len(visits) and _possible(policy, pace, start, time_s, energy_j, cells[: count + 1], visits, config):
        count += 1
    which = f"target {count}" if visits else "the way back"
    cells = cells[: count + 1]
    to_go = _to_go(pace, _havens(policy), cells, visits[: len(cells)])
    least_s = float(to_go[0][start])
    if not math.isfinite(least_s):
        return f"{which}: no way leads there and back over ground flat enough; choose another place"
    left_s = policy.end_s - time_s
    if least_s > left_s:
        return (
            f"{which}: takes {least_s / 3600:.1f} h at least and the plan looks {left_s / 3600:.1f} h ahead; "
            "shorten the stay or lengthen the horizon"
        )
    if not np.isfinite(policy.need_j[:, cells[-1][0], cells[-1][1]]).any():
        return f"{which}: no way back to sunlight is proven from there at any charge; it needs a nearer haven or light"
    full = policy.capacity_j
    if not _possible(policy, pace, start, time_s, full, cells, visits, config):
        return (
            f"{which}: even a full battery does not suffice; shorten the stay, choose a nearer place or a later start"
        )
    low, high = energy_j, full
    while high - low > config.answer_wh * 3600.0:
        middle = 0.5 * (low + high)
        if _possible(policy, pace, start, time_s, middle, cells, visits, config):
            high = middle
        else:
            low = middle
    return (
        f"{which}: charge is short; {high / 3600:.0f} Wh at the start would do instead of {energy_j / 3600:.0f} Wh, "
        "or a shorter stay"
    )


def _possible(
    policy: RecoveryPolicy,
    pace: Moves,
    start: tuple[int, int],
    time_s: float,
    energy_j: float,
    cells: Sequence[tuple[int, int]],
    visits: Sequence[Visit],
    config: SortieConfig,
) -> bool:
    found = _search(policy, pace, start, time_s, energy_j, cells, visits[: len(cells)], config)
    return bool(found[0] == FOUND)


__all__ = ["DRIVE", "RECHARGE", "SERVING", "WAITING", "Sortie", "Visit", "Waypoint", "plan_sortie"]
