# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernel of the sortie search: labels of (stage, cell, time, energy) set in order of the least possible end.

Stage s: the first s targets are served. A label moves to a neighbour, serves the target it stands on, or waits for the
slice to end; a move that would come too early or too poor also begins later, so as to arrive with the next slice or
with enough. Clock and battery are charged for the same seconds: each activity is integrated slice by slice. A label is
left out when another of its stage and cell was there no later and, waiting, would have as much energy then.
"""

import math

import numpy as np
from numba import njit

from lupex_path_planning.heap import drop_least, grown, push
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS

DRIVE, WAITING, SERVING = 0, 1, 3
"""Activities of a label, as in the SortiePlan message."""

FOUND, EXHAUSTED, LIMIT = 0, 1, 2


@njit(cache=True, nogil=True)
def draw(energy, t, duration, load, i, j, expected, rates):  # type: ignore[no-untyped-def]
    """Return (energy afterwards, lowest on the way) of drawing `load` [W] in a cell for `duration`, beside the array.

    `rates`: start, slice, discharge, charge, charge limit, capacity.
    """
    start, slice_s, discharge, charge, charge_max, capacity = rates
    lowest = energy
    end = t + duration
    count = expected.shape[0]
    while t < end - 1e-9:
        k = math.floor((t - start) / slice_s + 1e-12)
        until = min(end, start + (k + 1) * slice_s)
        sun = expected[k, i, j] if 0 <= k < count else 0.0
        net = load - sun
        if net > 0.0:
            energy -= net * discharge * (until - t)
        else:
            energy = min(capacity, energy + min(-net, charge_max) * charge * (until - t))
        lowest = min(lowest, energy)
        t = until
    return energy, lowest


@njit(cache=True, nogil=True)
def _required(need, t, i, j, rates, margin):  # type: ignore[no-untyped-def]
    k = math.floor((t - rates[0]) / rates[1] + 1e-12)
    if k < 0 or k >= need.shape[0]:
        return math.inf
    return float(need[k, i, j]) + margin


@njit(cache=True, nogil=True)
def search(  # type: ignore[no-untyped-def]
    begin,
    targets,
    service_s,
    service_w,
    time_s,
    power_w,
    parked_w,
    expected,
    need,
    havens,
    to_go,
    rates,
    margin,
    energy_tolerance,
    time_tolerance,
    credit_waiting,
    labels_max,
):
    """Search for the earliest arrival in a haven with all targets served.

    `begin`: row, column, time, energy [J]. `targets` (n, 2) cells. `to_go` (n + 1, ny, nx): least seconds to the end
    from each stage. Returns (status, last label, number of labels, stage, cell, time, energy, parent, activity).
    """
    stages = targets.shape[0]
    _, ny, nx = time_s.shape
    capacity = rates[5]
    room = 1 << 12
    stage = np.empty(room, np.int16)
    cell = np.empty(room, np.int32)
    when = np.empty(room)
    energy = np.empty(room)
    parent = np.empty(room, np.int64)
    activity = np.empty(room, np.int8)
    after = np.empty(room, np.int64)
    dead = np.zeros(room, np.bool_)
    # the label that a chain of waits began with, itself without one
    origin = np.empty(room, np.int64)
    newest = np.full((stages + 1, ny * nx), -1, np.int64)
    heap_key = np.empty(room)
    heap_label = np.empty(room, np.int64)
    heap_size = 0
    count = 0
    # candidates out of one label: eight moves at up to three departures, a service, a wait
    c_stage = np.empty(32, np.int64)
    c_cell = np.empty(32, np.int64)
    c_when = np.empty(32)
    c_energy = np.empty(32)
    c_activity = np.empty(32, np.int64)

    c_stage[0], c_cell[0] = 0, int(begin[0]) * nx + int(begin[1])
    c_when[0], c_energy[0], c_activity[0] = begin[2], begin[3], WAITING
    candidates = 1
    at = -1
    furthest = 0
    while True:
        for c in range(candidates):
            s, place, t, e = c_stage[c], c_cell[c], c_when[c], c_energy[c]
            i, j = place // nx, place % nx
            if not math.isfinite(to_go[s, i, j]) or not e >= _required(need, t, i, j, rates, margin):
                continue
            dominated = False
            other = newest[s, place]
            while other >= 0:
                # a wait is what its own origin would do, so that does not stand against it
                if not dead[other] and not (c_activity[c] == WAITING and at >= 0 and origin[other] == origin[at]):
                    if when[other] <= t + time_tolerance:
                        wait = max(t - when[other], 0.0)
                        kept, _ = draw(energy[other], when[other], wait, parked_w, i, j, expected, rates)
                        if not credit_waiting:
                            kept = min(kept, energy[other])
                        if kept >= e - energy_tolerance:
                            dominated = True
                            break
                    else:
                        kept, _ = draw(e, t, when[other] - t, parked_w, i, j, expected, rates)
                        if not credit_waiting:
                            kept = min(kept, e)
                        if kept >= energy[other]:
                            dead[other] = True
                other = after[other]
            if dominated:
                continue
            if count >= labels_max:
                return LIMIT, -1, count, furthest, stage, cell, when, energy, parent, activity
            if count == stage.size:
                longer = 2 * count
                stage = grown(stage, longer)
                cell = grown(cell, longer)
                when = grown(when, longer)
                energy = grown(energy, longer)
                parent = grown(parent, longer)
                activity = grown(activity, longer)
                after = grown(after, longer)
                dead = grown(dead, longer)
                origin = grown(origin, longer)
                heap_key = grown(heap_key, longer)
                heap_label = grown(heap_label, longer)
            stage[count], cell[count], when[count], energy[count] = s, place, t, e
            parent[count], activity[count] = at, c_activity[c]
            after[count] = newest[s, place]
            dead[count] = False
            origin[count] = origin[at] if at >= 0 and c_activity[c] == WAITING else count
            newest[s, place] = count
            furthest = max(furthest, s)
            push(heap_key, heap_label, heap_size, t + to_go[s, i, j], count)
            heap_size += 1
            count += 1
        candidates = 0
        if heap_size == 0:
            return EXHAUSTED, -1, count, furthest, stage, cell, when, energy, parent, activity
        at = heap_label[0]
        drop_least(heap_key, heap_label, heap_size)
        heap_size -= 1
        if dead[at]:
            continue
        s, place, t, e = int(stage[at]), int(cell[at]), when[at], energy[at]
        i, j = place // nx, place % nx
        k = math.floor((t - rates[0]) / rates[1] + 1e-12)
        if s == stages and k < havens.shape[0] and e >= havens[k, i, j]:
            return FOUND, at, count, furthest, stage, cell, when, energy, parent, activity
        if s < stages and i == targets[s, 0] and j == targets[s, 1]:
            load = parked_w + service_w[s]
            left, _lowest = draw(e, t, service_s[s], load, i, j, expected, rates)
            # the way back must be open at every moment of the work, whose need may change with each slice
            safe = True
            m = t
            while safe and m < t + service_s[s]:
                held, _ = draw(e, t, m - t, load, i, j, expected, rates)
                safe = held >= _required(need, m, i, j, rates, margin)
                m = rates[0] + (math.floor((m - rates[0]) / rates[1] + 1e-9) + 1) * rates[1]
                # just before the slice ends as well as when the next begins
                if safe and m < t + service_s[s]:
                    held, _ = draw(e, t, m - t, load, i, j, expected, rates)
                    safe = held >= _required(need, m - 1e-3, i, j, rates, margin)
            if safe:
                c_stage[candidates], c_cell[candidates] = s + 1, place
                c_when[candidates], c_energy[candidates] = t + service_s[s], left
                c_activity[candidates] = SERVING
                candidates += 1
        for move in range(8):
            seconds = time_s[move, i, j]
            if not seconds < np.inf:
                continue
            p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
            left, short = 0.0, False
            for departure in range(3):
                begins = t
                if departure > 0:
                    # what comes too early or too poor may go later: to arrive as the slice ends, or once charged enough
                    if not short or k < 0 or k >= need.shape[0] - 1:
                        break
                    until = rates[0] + (k + 1) * rates[1]
                    if departure == 1:
                        begins = until - seconds
                    else:
                        gain = expected[k, i, j] - parked_w
                        missing = _required(need, t + seconds, p, q, rates, margin) - left
                        if not (gain > 0.0 and missing < math.inf):
                            break
                        begins = t + missing / (min(gain, rates[4]) * rates[3]) + 1e-6
                    if not (begins > t and begins < until):
                        continue
                ready, _ = draw(e, t, begins - t, parked_w, i, j, expected, rates)
                half, _ = draw(ready, begins, 0.5 * seconds, power_w[move, i, j], i, j, expected, rates)
                middle = begins + 0.5 * seconds
                after_move, _ = draw(half, middle, 0.5 * seconds, power_w[move, i, j], p, q, expected, rates)
                if departure == 0:
                    left = after_move
                    short = not left >= _required(need, t + seconds, p, q, rates, margin)
                c_stage[candidates], c_cell[candidates] = s, p * nx + q
                c_when[candidates], c_energy[candidates] = begins + seconds, min(after_move, capacity)
                c_activity[candidates] = DRIVE
                candidates += 1
        if 0 <= k < need.shape[0] - 1:
            until = rates[0] + (k + 1) * rates[1]
            left, _ = draw(e, t, until - t, parked_w, i, j, expected, rates)
            # up to the end of this slice its own need holds
            if left >= _required(need, t, i, j, rates, margin) or left >= e:
                c_stage[candidates], c_cell[candidates] = s, place
                c_when[candidates], c_energy[candidates] = until, left
                c_activity[candidates] = WAITING
                candidates += 1
