# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When work can begin at each target at the soonest: the greatest charge that any way brings to any place.

A field of the greatest charge is led forward from the start, one for each row (set of targets served). It is kind at
every rounding, so it is never less than what a plan has: a straight move takes two steps of time and a diagonal one
three, though all but the quickest last longer; a move costs its own energy less what the parked rover would draw in the
time that the steps leave out, and a step more; light is the best of the slices that the step touches. Where the charge
falls below the need and the margin the place counts as out of reach.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS, STEPS, Moves
from lupex_path_planning.sortie.fields import Work
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]

_STRAIGHT, _DIAGONAL = 2, 3
"""Steps of time that a move takes at the least."""

_NOWHERE = np.float32(-1e30)
_CLOSED = np.float32(1e30)
_ROUNDING_J = np.float32(1.0)
"""More than float32 takes off an energy in one step."""

_MARGIN_ROUNDING_J = 2.0


class _Pacing(NamedTuple):
    """Length of a step, of the longest move, and the least load of all."""

    step_s: float
    longest_s: float
    idle_w: float


def earliest_work(
    policy: RecoveryPolicy,
    pace: Moves,
    cells: Sequence[tuple[int, int]],
    works: Sequence[Work],
    next_row: NDArray[np.int64],
    start: tuple[tuple[int, int], float, float],
    until_s: float,
    margin_j: float,
    opened_j: Array,
) -> Array:
    """Return the times (rows, targets) before which no plan begins work at a target with those of the row served.

    `start`: cell, time, energy. `opened_j` (targets, slices): greatest margin with which work can begin at all. The
    field is led on until work that leaves no target to serve can begin; what could begin later than that has the time
    of that moment. inf where it cannot begin before `until_s`.
    """
    rows, count = next_row.shape
    pacing = _pacing(pace, policy.light.slice_s)
    if count == 0 or pacing is None:
        return np.full((rows, count), start[1])
    light, step_s = policy.light, pacing.step_s
    steps = max(int((min(until_s, policy.end_s) - start[1]) / step_s), 1)
    found = np.full((rows, count), np.inf)
    _lead(
        light.expected_w, policy.need_j, *_entering(pace, pacing), next_row,
        np.array(cells, np.int64).reshape(count, 2), np.array([work.service_s for work in works]),
        np.array([work.service_w for work in works]), opened_j >= margin_j - _MARGIN_ROUNDING_J,
        np.array([start[0][0], start[0][1]]), start[1], start[2], step_s, steps, pacing.longest_s,
        margin_j - _MARGIN_ROUNDING_J,
        (light.start_s, light.slice_s, pace.discharge, pace.charge, pace.charge_max_w, policy.capacity_j),
        (pace.parked_w, pacing.idle_w), found,
    )  # fmt: skip
    return found


def _pacing(pace: Moves, slice_s: float) -> _Pacing | None:
    """Return the steps for these moves, None where none is open."""
    open_ = np.isfinite(pace.time_s)
    if not open_.any():
        return None
    least = [float(pace.time_s[move].min(initial=np.inf)) for move in range(8)]
    straight_s = min(least[move] for move, (di, dj) in enumerate(STEPS) if di * dj == 0)
    diagonal_s = min(least[move] for move, (di, dj) in enumerate(STEPS) if di * dj != 0)
    step_s = min(straight_s / _STRAIGHT, diagonal_s / _DIAGONAL, 0.5 * slice_s)
    idle_w = min(pace.parked_w, float(pace.power_w[open_].min()))
    return _Pacing(step_s, float(pace.time_s[open_].max()), idle_w)


def _entering(pace: Moves, pacing: _Pacing) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return time [s], load [W] and time beyond its steps [s] of the moves, by the cell that they lead into."""
    shape = pace.time_s.shape
    lasts_s = np.full(shape, _CLOSED, np.float32)
    load_w, beyond_s = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    ny, nx = shape[1:]
    for move, (di, dj) in enumerate(STEPS):
        taken = (_STRAIGHT if di * dj == 0 else _DIAGONAL) * pacing.step_s
        here = slice(max(-di, 0), ny - max(di, 0)), slice(max(-dj, 0), nx - max(dj, 0))
        to = slice(max(di, 0), ny - max(-di, 0)), slice(max(dj, 0), nx - max(-dj, 0))
        time_s = pace.time_s[move][here]
        open_ = np.isfinite(time_s)
        lasts_s[move][to] = np.where(open_, time_s, _CLOSED)
        load_w[move][to] = pace.power_w[move][here]
        beyond_s[move][to] = np.where(open_, np.maximum(time_s - taken, 0.0), 0.0)
    return lasts_s, load_w, beyond_s


@njit(cache=True, nogil=True)
def _lead(  # type: ignore[no-untyped-def]
    expected, need, move_s, load_w, beyond_s, next_row, cells, service_s, service_w, allowed,
    start, time_s, energy, step_s, steps, longest_s, margin, rates, loads, found,
):  # fmt: skip
    begin_s, slice_s, discharge, _, _, capacity = rates
    parked, idle = loads
    rows, count = next_row.shape
    slices, ny, nx = need.shape
    field = np.full((rows, 4, ny + 2, nx + 2), _NOWHERE, np.float32)
    seeds = np.full((rows, count, steps + 2), _NOWHERE, np.float32)
    active = np.zeros(rows, np.bool_)
    # of each row the cells that it may have come to
    low_i, high_i = np.full(rows, ny, np.int64), np.full(rows, -1, np.int64)
    low_j, high_j = np.full(rows, nx, np.int64), np.full(rows, -1, np.int64)
    cost = np.empty((8, ny, nx), np.float32)
    stay, floor = np.empty((ny, nx), np.float32), np.empty((ny, nx), np.float32)
    window = (-1, -1, -1, -1)
    top = np.float32(capacity)
    ended = -1
    for n in range(steps + 1):
        if ended >= 0:
            break
        now_s = time_s + n * step_s
        k = math.floor((now_s - begin_s) / slice_s)
        if k >= slices:
            break
        last = min(math.floor((now_s + step_s - begin_s) / slice_s), slices - 1)
        # slices that a move may touch which ends now or, longer than the steps say, soon; and those of a stay
        since = max(math.floor((now_s - _DIAGONAL * step_s - begin_s) / slice_s), 0)
        soon = math.floor((now_s - (_STRAIGHT - 1) * step_s + longest_s - begin_s) / slice_s)
        stayed = max(math.floor((now_s - step_s - begin_s) / slice_s), 0)
        if window != (since, soon, stayed, k):
            window = (since, soon, stayed, k)
            _light_between(
                expected,
                need,
                window,
                move_s,
                load_w,
                beyond_s,
                cost,
                stay,
                floor,
                rates,
                loads,
                step_s,
                longest_s,
                margin,
            )
        for row in range(rows):
            now, before = field[row, n & 3], field[row, (n - 1) & 3]
            if active[row]:
                low_i[row], high_i[row] = max(low_i[row] - 1, 0), min(high_i[row] + 1, ny - 1)
                low_j[row], high_j[row] = max(low_j[row] - 1, 0), min(high_j[row] + 1, nx - 1)
                two, three = field[row, (n - _STRAIGHT) & 3], field[row, (n - _DIAGONAL) & 3]
                for i in range(low_i[row], high_i[row] + 1):
                    _row_of_cells(
                        now[i + 1], before[i + 1], two[i], two[i + 1], two[i + 2], three[i], three[i + 2],
                        cost[0, i], cost[1, i], cost[2, i], cost[3, i], cost[4, i], cost[5, i], cost[6, i], cost[7, i],
                        stay[i], floor[i], top, low_j[row], high_j[row] + 1,
                    )  # fmt: skip
            for target in range(count):
                if seeds[row, target, n] > _NOWHERE:
                    active[row] = True
                    i, j = cells[target, 0], cells[target, 1]
                    now[i + 1, j + 1] = max(now[i + 1, j + 1], seeds[row, target, n])
                    low_i[row], high_i[row] = min(low_i[row], i), max(high_i[row], i)
                    low_j[row], high_j[row] = min(low_j[row], j), max(high_j[row], j)
            if n == 0 and row == 0:
                active[row] = True
                now[start[0] + 1, start[1] + 1] = np.float32(energy) + _ROUNDING_J
                low_i[row] = high_i[row] = start[0]
                low_j[row] = high_j[row] = start[1]
            if not active[row]:
                continue
            for target in range(count):
                then = next_row[row, target]
                if then < 0:
                    continue
                i, j = cells[target, 0], cells[target, 1]
                here = now[i + 1, j + 1]
                if here <= _NOWHERE:
                    continue
                # what the rest of the step may still bring
                rich = min(float(here) + max(float(stay[i, j]), 0.0), capacity)
                best = -math.inf
                for m in range(k, last + 1):
                    if allowed[target, m]:
                        left = _worked(
                            rich, m, i, j, service_s[target], service_w[target], expected, need, rates, parked, margin
                        )
                        best = max(best, left)
                if best == -math.inf:
                    continue
                if found[row, target] == math.inf:
                    found[row, target] = now_s
                if then == rows - 1:
                    ended = n
                ends = n + int(service_s[target] / step_s)
                if ends <= steps:
                    value = np.float32(min(best + idle * discharge * step_s, capacity)) + _ROUNDING_J
                    if ends == n:
                        # work that takes less than a step goes on with the next
                        ends = n + 1
                        if ends > steps:
                            continue
                    seeds[then, target, ends] = max(seeds[then, target, ends], value)
    if ended >= 0:
        for row in range(rows):
            for target in range(count):
                found[row, target] = min(found[row, target], time_s + ended * step_s)


@njit(cache=True, nogil=True)
def _worked(energy, k, i, j, service_s, service_w, expected, need, rates, parked, margin):  # type: ignore[no-untyped-def]
    """Return the greatest energy after work that begins within a slice, -inf where the need forbids it."""
    slices = need.shape[0]
    stay = math.floor(service_s / rates[1])
    if k + stay >= slices or energy < float(need[k, i, j]) + margin:
        return -math.inf
    bright = 0.0
    for m in range(k, min(k + stay + 2, expected.shape[0])):
        bright = max(bright, float(expected[m, i, j]))
    net = parked + service_w - bright
    left = energy
    if net > 0.0:
        left -= net * rates[2] * service_s
    else:
        left = min(rates[5], left + min(-net, rates[4]) * rates[3] * service_s)
    asked = float(need[k + stay, i, j])
    if k + stay + 1 < slices:
        asked = min(asked, float(need[k + stay + 1, i, j]))
    return left if left >= asked + margin else -math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _light_between(  # type: ignore[no-untyped-def]
    expected, need, window, move_s, load_w, beyond_s, cost, stay, floor, rates, loads, step_s, longest_s, margin
):
    """Fill in what moves cost, what a step of staying brings, and what must be left where one arrives.

    Of the slices of a window (first and last of moves, first and last of a stay) the best light counts, and the least
    need of those in which one may arrive. Whoever arrives before a real move would, waits for it in the least light: so
    much is taken off the cost, or put on where waiting charges. Costs are by the cell that a move leads into.
    """
    _, _, discharge, charge, charge_max, _ = rates
    parked, idle = loads
    _, ny, nx = need.shape
    since, soon, stayed, k = window
    brightest = np.zeros((ny + 2, nx + 2), np.float32)
    # what the parked rover gains in the least light, and in the best, W; negative in the dark
    waits, charges = np.zeros((ny + 2, nx + 2), np.float32), np.zeros((ny + 2, nx + 2), np.float32)
    last = min(soon, expected.shape[0] - 1)
    early_s = longest_s - (_STRAIGHT - 1) * step_s
    for i in range(ny):
        for j in range(nx):
            bright, faint, asked = np.float32(0.0), np.float32(1e30), np.float32(np.inf)
            for m in range(since, last + 1):
                bright, faint = max(bright, expected[m, i, j]), min(faint, expected[m, i, j])
                if k <= m < need.shape[0]:
                    asked = min(asked, need[m, i, j])
            brightest[i + 1, j + 1] = bright
            net = faint - idle
            waits[i + 1, j + 1] = net * discharge if net < 0.0 else min(max(faint - parked, 0.0), charge_max) * charge
            charges[i + 1, j + 1] = min(max(bright - idle, 0.0), charge_max) * charge
            floor[i, j] = asked + margin - max(waits[i + 1, j + 1], 0.0) * early_s
            net = parked - max(expected[stayed, i, j], expected[k, i, j])
            stay[i, j] = -net * discharge * step_s if net > 0.0 else min(-net, charge_max) * charge * step_s
    for move in range(8):
        di, dj = STEP_ROWS[move], STEP_COLUMNS[move]
        for i in range(ny):
            for j in range(nx):
                time_s, load = move_s[move, i, j], load_w[move, i, j]
                from_i, from_j = i + 1 - di, j + 1 - dj
                net_here, net_there = load - brightest[i + 1, j + 1], load - brightest[from_i, from_j]
                here = net_here * discharge if net_here > 0.0 else -min(-net_here, charge_max) * charge
                there = net_there * discharge if net_there > 0.0 else -min(-net_there, charge_max) * charge
                wait = waits[i + 1, j + 1]
                late_s = beyond_s[move, i, j] + (step_s if wait < 0.0 else 0.0)
                cost[move, i, j] = 0.5 * time_s * (here + there) + wait * late_s - charges[from_i, from_j] * step_s
                if time_s >= _CLOSED:
                    cost[move, i, j] = _CLOSED


@njit(cache=True, nogil=True, error_model="numpy")
def _row_of_cells(  # type: ignore[no-untyped-def]
    now,
    before,
    below,
    beside,
    above,
    before_below,
    before_above,
    e,
    ne,
    n,
    nw,
    w,
    sw,
    s,
    se,
    stay,
    floor,
    top,
    low,
    high,
):
    """Renew a row of cells; the costs are those of the moves into them, named by where they lead."""
    for j in range(low, high):
        best = min(before[j + 1] + stay[j], top)
        best = max(best, beside[j] - e[j])
        best = max(best, beside[j + 2] - w[j])
        best = max(best, below[j + 1] - n[j])
        best = max(best, above[j + 1] - s[j])
        best = max(best, before_below[j] - ne[j])
        best = max(best, before_below[j + 2] - nw[j])
        best = max(best, before_above[j] - se[j])
        best = max(best, before_above[j + 2] - sw[j])
        best = min(best, top) + _ROUNDING_J
        now[j + 1] = best if best >= floor[j] else _NOWHERE
