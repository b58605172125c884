# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernel of the sortie search: labels of (row, cell, time, energy) set in order of the least cost that they allow.

A row says which targets are served. A label moves to a neighbour, serves a target that it stands on and whose turn it
is, or waits for the next moment at which waits may end; a move that would come too early or too poor also begins later,
so as to arrive with the next slice or with enough. Clock and battery are charged for the same seconds: each activity is
integrated slice by slice. A label is left out when another of its row and cell was there no later, may wait, and then
has as much energy (and, where energy is the cost, has drawn no more).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.heap import drop_least, grown, push
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS
from lupex_path_planning.sortie.bounds import least_drawn, least_end
from lupex_path_planning.sortie.energy import draw, drive, seen, slice_at, stays

DRIVE, WAITING, SERVING = 0, 1, 3
"""Activities of a label, as in the SortiePlan message."""

FOUND, EXHAUSTED, LIMIT = 0, 1, 2

__all__ = ["DRIVE", "ENERGY", "EXHAUSTED", "FOUND", "LIMIT", "SERVING", "TIME", "WAITING", "draw", "search"]

TIME, ENERGY = 0, 1
"""Costs that the kernel knows: the end, or the energy drawn on the bus until then."""

_COMPARED = 16
"""Labels of a row and cell that a new one is compared with, newest first: leaving one in is never wrong."""


class Work(NamedTuple):
    """What is asked: targets (n, 2), stays and loads; whether driving and working need the Earth in view."""

    targets: NDArray[np.int64]
    service_s: NDArray[np.float64]
    service_w: NDArray[np.float64]
    earth_to_drive: bool
    earth_to_serve: bool
    deadline_s: float
    margin: float


class Effort(NamedTuple):
    """How the search goes about it; a `weight` above 1 finds a plan sooner that may cost so many times the least."""

    cost: int
    weight: float
    energy_tolerance: float
    time_tolerance: float
    waits_a_slice: int
    labels_max: int


@njit(cache=True, nogil=True)
def search(begin, world, work, bounds, effort):  # type: ignore[no-untyped-def]
    """Search for the sortie of least cost: all targets served, and in a haven.

    `begin`: row, column, time, energy [J]. Returns (status, last label, labels made, labels expanded, bound, row, cell,
    time, energy, parent, activity, target): no plan costs less than `bound`, weighed and rounded off as told.
    """
    time_s, need, rates, margin = world.time_s, world.need, world.rates, work.margin
    _, ny, nx = time_s.shape
    cells = ny * nx
    rows, targets = bounds.next_row.shape
    count_k = need.shape[0]
    start, slice_s = rates[0], rates[1]
    step_s = slice_s / effort.waits_a_slice
    frugal = effort.cost == ENERGY
    room = 1 << 13
    row = np.empty(room, np.int16)
    cell = np.empty(room, np.int32)
    when, energy, drawn, key = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    parent, after, origin = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    activity, served = np.empty(room, np.int8), np.empty(room, np.int16)
    dead = np.zeros(room, np.bool_)
    newest = np.full(rows * cells, -1, np.int32)
    heap_key, heap_label = np.empty(room), np.empty(room, np.int32)
    heap_size, count, expanded = 0, 0, 0
    cut = math.inf
    c_row, c_cell, c_activity = np.empty(40, np.int64), np.empty(40, np.int64), np.empty(40, np.int64)
    c_target = np.empty(40, np.int64)
    c_when, c_energy, c_drawn = np.empty(40), np.empty(40), np.empty(40)

    c_row[0], c_cell[0], c_activity[0], c_target[0] = 0, int(begin[0]) * nx + int(begin[1]), WAITING, -1
    c_when[0], c_energy[0], c_drawn[0] = begin[2], begin[3], 0.0
    base = 0.0 if frugal else begin[2]
    candidates = 1
    at = -1
    while True:
        for c in range(candidates):
            r, place, t, e, spent = c_row[c], c_cell[c], c_when[c], c_energy[c], c_drawn[c]
            i, j = place // nx, place % nx
            k = slice_at(t, rates)
            if k < 0 or k >= count_k or not e >= float(need[k, i, j]) + margin:
                continue
            end = least_end(bounds, r, place, t, e)
            if not end <= work.deadline_s:
                continue
            least = spent + least_drawn(bounds, r, place, t, end) if frugal else end
            waits = c_activity[c] == WAITING and at >= 0
            slot = r * cells + place
            left_out = 0
            other = newest[slot]
            compared = 0
            while other >= 0 and compared < _COMPARED and left_out < 2:
                # a wait is what its own origin would do, so that does not stand against it
                if not (waits and origin[other] == origin[at]):
                    compared += 1
                    later = when[other] - t
                    if later <= 0.0:
                        spare = spent - drawn[other] + world.parked_w * later if frugal else 0.0
                        if spare >= -effort.energy_tolerance - 1e-9:
                            kept = stays(energy[other], when[other], -later, world.parked_w, i, j, world, margin)
                            if kept >= e and spare >= -1e-9:
                                left_out = 2
                            elif kept >= e - effort.energy_tolerance and effort.energy_tolerance > 0.0:
                                left_out = 1
                    elif (
                        later <= effort.time_tolerance
                        and energy[other] >= e - effort.energy_tolerance
                        and (not frugal or drawn[other] <= spent + effort.energy_tolerance)
                    ):
                        left_out = 1
                other = after[other]
            if left_out > 0:
                if left_out == 1:
                    cut = min(cut, least)
                continue
            # only what stays itself may stand against others: else a wait could fall to what falls to its own origin
            other = newest[slot]
            before = np.int32(-1)
            compared = 0
            while other >= 0 and compared < _COMPARED:
                then = after[other]
                compared += 1
                later = when[other] - t
                fair = not frugal or spent + world.parked_w * later <= drawn[other] + 1e-9
                if later > 0.0 and fair and stays(e, t, later, world.parked_w, i, j, world, margin) >= energy[other]:
                    dead[other] = True
                    if before >= 0:
                        after[before] = then
                    else:
                        newest[slot] = then
                else:
                    before = other
                other = then
            if count >= effort.labels_max:
                # what is left of the candidates costs no less than the label that they come from
                bound = min(cut, key[at]) if at >= 0 else cut
                for n in range(heap_size):
                    if not dead[heap_label[n]]:
                        bound = min(bound, key[heap_label[n]])
                return LIMIT, -1, count, expanded, bound, row, cell, when, energy, parent, activity, served
            if count == row.size:
                longer = 2 * count
                row, cell, when = grown(row, longer), grown(cell, longer), grown(when, longer)
                energy, drawn, key = grown(energy, longer), grown(drawn, longer), grown(key, longer)
                parent, after, origin = grown(parent, longer), grown(after, longer), grown(origin, longer)
                activity, served, dead = grown(activity, longer), grown(served, longer), grown(dead, longer)
                heap_key, heap_label = grown(heap_key, longer), grown(heap_label, longer)
            row[count], cell[count], when[count], energy[count] = r, place, t, e
            drawn[count], key[count] = spent, least
            parent[count], activity[count], served[count] = at, c_activity[c], c_target[c]
            after[count] = newest[slot]
            dead[count] = False
            origin[count] = origin[at] if waits else count
            newest[slot] = count
            so_far = spent if frugal else t
            # of labels that promise the same the furthest goes first
            promise = so_far + effort.weight * (least - so_far) - 1e-9 * (so_far - base)
            push(heap_key, heap_label, heap_size, promise, count)
            heap_size += 1
            count += 1
        candidates = 0
        if heap_size == 0:
            return EXHAUSTED, -1, count, expanded, cut, row, cell, when, energy, parent, activity, served
        at = heap_label[0]
        drop_least(heap_key, heap_label, heap_size)
        heap_size -= 1
        if dead[at]:
            continue
        expanded += 1
        r, place, t, e, spent = int(row[at]), int(cell[at]), when[at], energy[at], drawn[at]
        i, j = place // nx, place % nx
        k = slice_at(t, rates)
        last = True
        for target in range(targets):
            then = bounds.next_row[r, target]
            if then < 0:
                continue
            last = False
            if i != work.targets[target, 0] or j != work.targets[target, 1]:
                continue
            if work.earth_to_serve and not seen(t, t + work.service_s[target], i, j, world):
                continue
            load = world.parked_w + work.service_w[target]
            # the way back must be open at every moment of the work, whose need may change with each slice
            left = stays(e, t, work.service_s[target], load, i, j, world, margin)
            if left > -math.inf:
                c_row[candidates], c_cell[candidates], c_activity[candidates] = then, place, SERVING
                c_target[candidates] = target
                c_when[candidates], c_energy[candidates] = t + work.service_s[target], left
                c_drawn[candidates] = spent + load * work.service_s[target]
                candidates += 1
        if last and world.arrived[k, i, j] & 1 and world.ends[i, j]:
            bound = min(cut, key[at])
            if effort.weight > 1.0:
                for n in range(heap_size):
                    if not dead[heap_label[n]]:
                        bound = min(bound, key[heap_label[n]])
            return FOUND, at, count, expanded, bound, row, cell, when, energy, parent, activity, served
        for move in range(8):
            seconds = time_s[move, i, j]
            if not seconds < np.inf:
                continue
            p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
            load = world.power_w[move, i, j]
            arrives = drive(e, t, seconds, load, i, j, p, q, world)
            m = slice_at(t + seconds, rates)
            asked = float(need[m, p, q]) + margin if 0 <= m < count_k else math.inf
            for departure in range(3):
                begins = t
                if departure > 0:
                    # what comes too early or too poor may go later: to arrive as the slice ends, or once charged enough
                    if arrives >= asked or k >= count_k - 1:
                        break
                    until = start + (k + 1) * slice_s
                    if departure == 1:
                        begins = until - seconds
                    else:
                        gain = float(world.expected[k, i, j]) - world.parked_w
                        if not (gain > 0.0 and asked < math.inf):
                            break
                        begins = t + (asked - arrives) / (min(gain, rates[4]) * rates[3]) + 1e-6
                    if not (begins > t and begins < until):
                        continue
                if work.earth_to_drive and not (
                    seen(begins, begins + seconds, i, j, world) and seen(begins, begins + seconds, p, q, world)
                ):
                    continue
                left = arrives
                if departure > 0:
                    ready = stays(e, t, begins - t, world.parked_w, i, j, world, margin)
                    if ready == -math.inf:
                        continue
                    left = drive(ready, begins, seconds, load, i, j, p, q, world)
                c_row[candidates], c_cell[candidates], c_activity[candidates] = r, p * nx + q, DRIVE
                c_target[candidates] = -1
                c_when[candidates], c_energy[candidates] = begins + seconds, left
                c_drawn[candidates] = spent + world.parked_w * (begins - t) + load * seconds
                candidates += 1
        if k < count_k - 1 or effort.waits_a_slice > 1:
            until = start + (math.floor((t - start) / step_s + 1e-9) + 1.0) * step_s
            left = stays(e, t, until - t, world.parked_w, i, j, world, margin)
            if left > -math.inf:
                c_row[candidates], c_cell[candidates], c_activity[candidates] = r, place, WAITING
                c_target[candidates] = -1
                c_when[candidates], c_energy[candidates] = until, left
                c_drawn[candidates] = spent + world.parked_w * (until - t)
                candidates += 1
