# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From the labels of a search to the waypoints of a plan."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.sortie.label_search import DRIVE, WAITING, draw
from lupex_path_planning.sortie.task import RECHARGE, Visit, Waypoint
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]

_SAME_S = 1e-6
"""Rounding of times; what is shorter is no wait."""


def waypoints(
    policy: RecoveryPolicy,
    pace: Moves,
    steps: Sequence[tuple[int, int, int, float, float]],
    visits: Sequence[Visit],
    config: SortieConfig,
) -> tuple[Waypoint, ...]:
    """Return the waypoints of labels (activity, target, cell, time, energy), the recharge in the haven added."""
    nx = policy.grid.shape[1]
    made: list[Waypoint] = []
    for activity, target, cell, time_s, energy_j in steps:
        row, column = divmod(cell, nx)
        if made and activity == DRIVE:
            made += _waited(policy, pace, made[-1], row, column, time_s)
        point = _waypoint(policy, activity, target, row, column, time_s, energy_j)
        made.append(point if target < 0 else replace(point, service_w=visits[target].service_w))
    # waits that follow each other are one; what stands for the start is no wait
    joined = [made[0]]
    for point in made[1:]:
        if point.activity == WAITING and joined[-1].activity == WAITING and len(joined) > 1:
            joined[-1] = point
        else:
            joined.append(point)
    joined.append(_recharged(policy, pace, joined[-1], config))
    return tuple(joined)


def rates(policy: RecoveryPolicy, pace: Moves) -> Array:
    """Return start, slice, discharge, charge, charge limit and capacity, as the search takes them."""
    light = policy.light
    return np.array([light.start_s, light.slice_s, pace.discharge, pace.charge, pace.charge_max_w, policy.capacity_j])


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
    light_w = policy.light.expected_w
    energy, _ = draw(before.energy_j, before.time_s, wait_s, pace.parked_w, i, j, light_w, rates(policy, pace))
    return [_waypoint(policy, WAITING, -1, i, j, before.time_s + wait_s, float(energy))]


def _waypoint(
    policy: RecoveryPolicy, activity: int, target: int, row: int, column: int, time_s: float, energy_j: float
) -> Waypoint:
    k = policy.light.index(time_s)
    sunlit = float(policy.light.sunlit[k, row, column]) if 0 <= k < policy.light.count else 0.0
    x_m, y_m = policy.grid.place(row, column)
    return Waypoint(activity, target, x_m, y_m, time_s, energy_j, policy.need(time_s, row, column), sunlit)


def _recharged(policy: RecoveryPolicy, pace: Moves, arrived: Waypoint, config: SortieConfig) -> Waypoint:
    """Return the state after charging in the haven to the wanted share, or to the end of the haven's promise."""
    at = policy.grid.cell(arrived.x_m, arrived.y_m)
    if at is None:
        return arrived
    goal = config.recharge_share * policy.capacity_j
    time_s, energy = arrived.time_s, arrived.energy_j
    light = policy.light
    end = min(light.end_s, arrived.time_s + (light.end_s - policy.end_s))
    while energy < goal and time_s < end:
        until = min(light.start_s + (light.index(time_s) + 1) * light.slice_s, end)
        lasts = until - time_s
        energy, _ = draw(energy, time_s, lasts, pace.parked_w, *at, light.expected_w, rates(policy, pace))
        time_s = until
    return replace(_waypoint(policy, RECHARGE, -1, *at, time_s, float(energy)), required_j=arrived.required_j)
