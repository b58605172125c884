# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a planned sortie looks like over time: charge beside need, the moments that matter, and the turn-back moment."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.site_grid import Moves
from lupex_path_planning.sortie.label_search import draw
from lupex_path_planning.sortie.plan import DRIVE, SERVING, Sortie, Visit, Waypoint
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]

_SAME_S = 1e-3
"""Rounding of times; what is nearer is one moment."""


@dataclass(frozen=True)
class Profile:
    """Stored energy and what the way back needs of it, (n,) each, in order of time."""

    time_s: Array
    energy_j: Array
    required_j: Array


def charge_profile(policy: RecoveryPolicy, pace: Moves, sortie: Sortie, visits: Sequence[Visit]) -> Profile:
    """Return charge and need along a sortie: at each waypoint, and during stays at the begin of each slice too."""
    rows = [(point.time_s, point.energy_j, point.required_j) for point in sortie.waypoints]
    for before, point in itertools.pairwise(sortie.waypoints):
        if point.activity != DRIVE:
            rows += _stay(policy, pace, before, point, visits)
    rows.sort(key=lambda row: row[0])
    return _profile(rows)


def overrun(policy: RecoveryPolicy, pace: Moves, sortie: Sortie, visits: Sequence[Visit]) -> Profile | None:
    """Return charge and need if the work at the last target went on, up to the moment to turn back.

    That is the first moment at which the expected charge no longer covers the need, else the end of the policy's
    horizon. Of each slice the need at its end counts, its greatest. None for a sortie without work.
    """
    served = [point for point in sortie.waypoints if point.activity == SERVING]
    cell = policy.grid.cell(served[-1].x_m, served[-1].y_m) if served else None
    if cell is None:
        return None
    last, light = served[-1], policy.light
    load_w = pace.parked_w + visits[last.target].service_w
    time_s, energy = last.time_s, last.energy_j
    rows = []
    while time_s < policy.end_s - _SAME_S:
        k = light.index(time_s + _SAME_S)
        until = light.start_s + (k + 1) * light.slice_s
        need = policy.need(until - _SAME_S, *cell)
        if energy < need:
            rows.append((time_s, energy, need if math.isfinite(need) else energy))
            return _profile(rows)
        rows.append((time_s, energy, need))
        left = _drawn(policy, pace, energy, time_s, until - time_s, load_w, cell)
        if left < need:
            # within a slice the array's power does not change, so the charge falls evenly
            time_s += (until - time_s) * (energy - need) / (energy - left)
            rows.append((time_s, need, need))
            return _profile(rows)
        rows.append((until, left, need))
        time_s, energy = until, left
    return _profile(rows)


def key_moments(sortie: Sortie, most: int = 6) -> tuple[float, ...]:
    """Return when the rover leaves, begins and ends its work at each target, and is back; at most `most` of them.

    Where there are too many, the begins of the shortest work are left out first, then the ends of the shortest.
    """
    points = sortie.waypoints
    if not points:
        return ()
    works = [(before.time_s, point.time_s) for before, point in itertools.pairwise(points) if point.activity == SERVING]
    works.sort(key=lambda work: work[0] - work[1])
    kept = [*(end for _, end in works), *(begin for begin, _ in works)][: max(most - 2, 0)]
    drives = [point.time_s for point in points if point.activity == DRIVE]
    moments = [points[0].time_s]
    for moment in (*sorted(kept), drives[-1] if drives else points[-1].time_s):
        if moment > moments[-1] + _SAME_S:
            moments.append(moment)
    return tuple(moments)


def _stay(
    policy: RecoveryPolicy, pace: Moves, before: Waypoint, point: Waypoint, visits: Sequence[Visit]
) -> list[tuple[float, float, float]]:
    """Return the states at the begins of slices between two waypoints of one place."""
    cell = policy.grid.cell(point.x_m, point.y_m)
    if cell is None:
        return []
    load_w = pace.parked_w + (visits[point.target].service_w if point.activity == SERVING else 0.0)
    light, rows = policy.light, []
    first, last = light.index(before.time_s + _SAME_S) + 1, light.index(point.time_s - _SAME_S)
    for k in range(first, last + 1):
        at_s = light.start_s + k * light.slice_s
        energy = _drawn(policy, pace, before.energy_j, before.time_s, at_s - before.time_s, load_w, cell)
        need = policy.need(at_s, *cell)
        # recharging may last longer than the field does: in the haven the need of arrival stands
        rows.append((at_s, energy, need if math.isfinite(need) else point.required_j))
    return rows


def _drawn(
    policy: RecoveryPolicy,
    pace: Moves,
    energy_j: float,
    time_s: float,
    duration_s: float,
    load_w: float,
    cell: tuple[int, int],
) -> float:
    light = policy.light
    rates = np.array([light.start_s, light.slice_s, pace.discharge, pace.charge, pace.charge_max_w, policy.capacity_j])
    left, _ = draw(energy_j, time_s, duration_s, load_w, cell[0], cell[1], light.expected_w, rates)
    return float(left)


def _profile(rows: Sequence[tuple[float, float, float]]) -> Profile:
    columns = np.array(rows, np.float64).reshape(-1, 3).T
    return Profile(*(np.ascontiguousarray(column) for column in columns))
