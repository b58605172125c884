# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The least end, and the least energy drawn until then, that a state of a sortie still allows: never too much.

From the fields (fields.py) over the orders of the remaining targets, and from when work can begin at a target
(openings.py): in a night the bound knows that a target must wait for the dawn, and the search need not try.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.sortie.fields import SortieFields, Work, weighed_stay_s
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


_PARTS = 8
"""Moments in a slice for which the least end is tabled."""


class Bounds(NamedTuple):
    """Arrays of the kernel; row: which targets are served (see visit_rows), target n stands for the havens.

    `opens` (targets, slices + 1): first slice from each on in which work can begin; `begins_s` (rows,
    targets): not before this time. `homes_s`, `homes_from`: least time
    to the havens of each window, and when that begins, the end of the last being the last entry. `ends` (rows,
    targets, parts of slices): least end of who leaves a target, served just now, at the begin of a part or later.
    """

    next_row: Rows
    target_at: Rows
    start_s: float
    slice_s: float
    reach_s: Array
    drawn_j: Array
    weighed_s: Array
    service_s: Array
    service_j: Array
    weighed_service_s: Array
    rest_s: Array
    rest_j: Array
    rest_weighed_s: Array
    floors_j: Array
    served: NDArray[np.bool_]
    opens: NDArray[np.int64]
    begins_s: Array
    homes_s: Array
    homes_from: Array
    ends: Array
    lit_until_s: float
    price_s_j: float
    parked_w: float


def visit_rows(count: int, *, ordered: bool) -> Rows:
    """Return (rows, count): the row after serving a target, -1 where it is not its turn; the last row is the end.

    In order a row is the number of targets served, else the set of them, bit by bit.
    """
    if ordered:
        rows = np.full((count + 1, count), -1, np.int64)
        for index in range(count):
            rows[index, index] = index + 1
        return rows
    sets = np.arange(1 << count, dtype=np.int64)[:, None]
    bits = np.int64(1) << np.arange(count, dtype=np.int64)[None, :]
    return np.where(sets & bits, np.int64(-1), sets | bits).reshape(1 << count, count)


def bounds(
    fields: SortieFields,
    policy: RecoveryPolicy,
    works: Sequence[Work],
    next_row: Rows,
    opened_j: Array,
    margin_j: float,
    begins_s: Array,
) -> Bounds:
    """Make the bounds of a sortie whose energy stays above the need by a margin."""
    count = len(works)
    pace = fields.pace
    # work begins with at least the margin: less by what float32 rounds away of a need
    opens = _first_open(opened_j >= margin_j - 1.0)
    service_s = np.array([work.service_s for work in works])
    service_j = np.array([work.service_s * (pace.parked_w + work.service_w) for work in works])
    weighed = np.array([weighed_stay_s(fields, index, work) for index, work in enumerate(works)])
    at = [cell[0] * policy.grid.shape[1] + cell[1] for cell in fields.cells]
    reach, drawn, toll = (part.reshape(count + 1, -1) for part in (fields.reach_s, fields.drawn_j, fields.weighed_s))
    rest_s, rest_j = (
        _rests(next_row, service, part[:, at]) for service, part in ((service_s, reach), (service_j, drawn))
    )
    served = _served(next_row)
    # charge may be short for any of the targets, or for the end: weighed up to there, and time alone from there on
    rest_weighed = np.array(
        [_rests(next_row, weighed, toll[:, at], served[:, index], rest_s) for index in range(count)]
        + [_rests(next_row, weighed, toll[:, at])]
    )
    window = slice(*fields.lit)
    needs = [float(policy.need_j[window, row, column].min(initial=np.inf)) for row, column in fields.cells]
    light = policy.light
    homes = fields.home_s.reshape(fields.home_from.size, -1)
    begins = light.start_s + light.slice_s * np.append(fields.home_from, policy.count)
    ends = _least_ends(
        next_row, np.ascontiguousarray(reach[:count, at]), service_s, rest_s, opens, begins_s,
        np.ascontiguousarray(homes[:, at]), begins, light.start_s, light.slice_s,
    )  # fmt: skip
    return Bounds(
        next_row, np.array(at, np.int64), light.start_s, light.slice_s, reach, drawn, toll,
        service_s, service_j, weighed,
        rest_s, rest_j, rest_weighed, np.array([*needs, policy.reserve_j]) + margin_j, served,
        opens, begins_s, homes, begins, ends, light.start_s + fields.lit[1] * light.slice_s,
        fields.price_s_j, pace.parked_w,
    )  # fmt: skip


def _served(next_row: Rows) -> NDArray[np.bool_]:
    """Return (rows, targets) which targets are served in a row."""
    rows, count = next_row.shape
    served = np.zeros((rows, count), np.bool_)
    for row in range(rows):
        for target in range(count):
            then = next_row[row, target]
            if then >= 0:
                served[then] |= served[row]
                served[then, target] = True
    return served


def _rests(
    next_row: Rows,
    service: Array,
    between: Array,
    over: NDArray[np.bool_] | None = None,
    after_s: Array | None = None,
) -> Array:
    """Return the least cost (rows, targets) from a target served last to the end; `between` (targets + 1, targets).

    In rows that are `over` it is `after_s`.
    """
    rows, count = next_row.shape
    rests = np.full((rows, count), np.inf)
    for row in range(rows - 1, -1, -1):
        for target in range(count):
            if over is not None and after_s is not None and over[row]:
                rests[row, target] = after_s[row, target]
                continue
            if (next_row[row] < 0).all():
                rests[row, target] = between[count, target]
                continue
            for after in range(count):
                then = next_row[row, after]
                if then >= 0:
                    cost = between[after, target] + service[after] + rests[then, after]
                    rests[row, target] = min(rests[row, target], cost)
    return rests


def _first_open(allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    count = allowed.shape[1]
    first = np.full((allowed.shape[0], count + 1), count, np.int64)
    for k in range(count - 1, -1, -1):
        first[:, k] = np.where(allowed[:, k], k, first[:, k + 1])
    return first


@njit(cache=True, nogil=True)
def _opening(opens, target, time_s, start, slice_s):  # type: ignore[no-untyped-def]
    """Return the first time from `time_s` on at which work can begin; inf for never."""
    count = opens.shape[1] - 1
    if not time_s < start + count * slice_s:
        return math.inf
    k = max(math.floor((time_s - start) / slice_s), 0)
    first = opens[target, k]
    if first == k:
        return time_s
    return start + first * slice_s if first < count else math.inf


@njit(cache=True, nogil=True)
def _home(homes_s, homes_from, at, time_s):  # type: ignore[no-untyped-def]
    """Return the least time at which a haven is reached from a cell."""
    end = math.inf
    for window in range(homes_s.shape[0]):
        if homes_from[window] >= end:
            break
        arrives = max(time_s + homes_s[window, at], homes_from[window])
        if arrives <= homes_from[window + 1]:
            end = min(end, arrives)
    return end


@njit(cache=True, nogil=True)
def _least_ends(  # type: ignore[no-untyped-def]
    next_row, between, service_s, rest_s, opens, begins_s, homes_s, homes_from, start, slice_s
):
    rows, count = next_row.shape
    slices = opens.shape[1] - 1
    ends = np.full((rows, count, slices * _PARTS), math.inf)
    for row in range(rows - 1, -1, -1):
        for target in range(count):
            for k in range(slices * _PARTS):
                leaves = start + k * slice_s / _PARTS
                last = True
                least = math.inf
                for after in range(count):
                    then = next_row[row, after]
                    if then < 0:
                        continue
                    last = False
                    comes = max(leaves + between[after, target], begins_s[row, after])
                    ended = _opening(opens, after, comes, start, slice_s) + service_s[after]
                    if ended < start + slices * slice_s:
                        m = min(int((ended - start) / slice_s * _PARTS), slices * _PARTS - 1)
                        least = min(least, max(ended + rest_s[then, after], ends[then, after, m]))
                if last:
                    least = _home(homes_s, homes_from, target, leaves)
                ends[row, target, k] = least
    return ends


@njit(cache=True, nogil=True)
def least_end(bounds, row, at, time_s, energy):  # type: ignore[no-untyped-def]
    """Return the least end of a sortie in the cell `at` with the targets of a row served, inf where there is none."""
    count = bounds.next_row.shape[1]
    complete = bounds.next_row.shape[0] - 1
    slices = bounds.opens.shape[1] - 1
    end = math.inf
    if row == complete:
        end = _home(bounds.homes_s, bounds.homes_from, at, time_s)
    for target in range(count):
        then = bounds.next_row[row, target]
        if then < 0:
            continue
        reach = max(time_s + bounds.reach_s[target, at], bounds.begins_s[row, target])
        ended = _opening(bounds.opens, target, reach, bounds.start_s, bounds.slice_s) + bounds.service_s[target]
        if ended < bounds.start_s + slices * bounds.slice_s and ended + bounds.rest_s[then, target] < end:
            if then == complete:
                least = _home(bounds.homes_s, bounds.homes_from, bounds.target_at[target], ended)
            else:
                part = int((ended - bounds.start_s) / bounds.slice_s * _PARTS)
                least = bounds.ends[then, target, min(part, slices * _PARTS - 1)]
            end = min(end, max(ended + bounds.rest_s[then, target], least))
    # weighed by the light of a stretch of time, whoever ends later ends after it
    if end >= bounds.lit_until_s:
        return end
    for short in range(count + 1):
        if short < count and bounds.served[row, short]:
            continue
        weighed = bounds.weighed_s[count, at] if row == complete else math.inf
        for target in range(count):
            then = bounds.next_row[row, target]
            if then >= 0:
                toll = bounds.weighed_s[target, at] + bounds.weighed_service_s[target]
                weighed = min(weighed, toll + bounds.rest_weighed_s[short, then, target])
        paid = time_s + weighed - bounds.price_s_j * (energy - bounds.floors_j[short])
        end = max(end, min(paid, bounds.lit_until_s))
    return end


@njit(cache=True, nogil=True)
def least_drawn(bounds, row, at, time_s, end):  # type: ignore[no-untyped-def]
    """Return the least energy that is drawn until an end not before `end`, driving and at work as little as may be."""
    count = bounds.next_row.shape[1]
    drawn = math.inf
    last = True
    for target in range(count):
        then = bounds.next_row[row, target]
        if then >= 0:
            last = False
            cost = bounds.drawn_j[target, at] + bounds.service_j[target] + bounds.rest_j[then, target]
            drawn = min(drawn, cost)
    if last:
        drawn = bounds.drawn_j[count, at]
    return max(drawn, bounds.parked_w * (end - time_s))
