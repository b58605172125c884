# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Least cost from every cell to a goal over the eight moves, and its repair where the costs of moves change.

Keys are sorted only into buckets; a label that is improved is looked at again, so that costs are exact whatever the
width. Values are the one fixed point of `best = min(cost + best of the neighbour)`, the same to the last bit whether
they are computed anew or repaired.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.heap import drop_least, grown, push
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS

Array = NDArray[np.float64]

_SLOTS_MAX = 1 << 14


def cost_field(cost: Array, goal: NDArray[np.bool_]) -> Array:
    """Return the least sum of move costs (8, ny, nx) from each cell to any cell of `goal`, inf where there is no way.

    Costs are above zero, inf where a move is closed.
    """
    stride = goal.shape[1] + 2
    best = np.pad(np.where(goal, 0.0, np.inf), 1, constant_values=np.inf)
    open_ = cost[np.isfinite(cost)]
    if open_.size:
        longest = float(open_.max())
        width = max(float(np.partition(open_, open_.size // 8)[open_.size // 8]), longest / (_SLOTS_MAX - 4))
        _spread(_entering(cost), best.reshape(-1), stride, width, 1 << math.ceil(math.log2(longest / width + 3.0)))
    return np.ascontiguousarray(best[1:-1, 1:-1])


def repaired_field(best: Array, before: Array, cost: Array) -> Array:
    """Return cost_field of `cost` from that of the costs `before`; work is done only where values change."""
    changed = (before != cost).any(axis=0)
    repaired = best.copy()
    if changed.any():
        _repair(repaired, before, cost, np.flatnonzero(changed))
    return repaired


@njit(cache=True, nogil=True)
def _entering(cost):  # type: ignore[no-untyped-def]
    """Return the costs of the moves that lead into each cell of a map with a closed border, (cells, 8)."""
    _, ny, nx = cost.shape
    stride = nx + 2
    entering = np.full(((ny + 2) * stride, 8), np.inf)
    for i in range(ny):
        for j in range(nx):
            at = (i + 1) * stride + j + 1
            for move in range(8):
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                if 0 <= p < ny and 0 <= q < nx:
                    entering[at + STEP_ROWS[move] * stride + STEP_COLUMNS[move], move] = cost[move, i, j]
    return entering


@njit(cache=True, nogil=True)
def _spread(entering, best, stride, width, slots):  # type: ignore[no-untyped-def]
    """Lower `best` in place from its zeros on; `slots`, a power of two, buckets of `width` hold all keys at once."""
    first = np.full(slots, -1, np.int64)
    room = 2 * best.size
    link, entry, keys = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    back = np.empty(8, np.int64)
    for move in range(8):
        back[move] = -(STEP_ROWS[move] * stride + STEP_COLUMNS[move])
    free, count, waiting = -1, 0, 0
    for at in range(best.size):
        if best[at] == 0.0:
            entry[count], keys[count], link[count] = at, 0.0, first[0]
            first[0] = count
            count += 1
            waiting += 1
    slot, mask = 0, slots - 1
    while waiting > 0:
        taken = first[slot]
        if taken < 0:
            slot = (slot + 1) & mask
            continue
        first[slot] = link[taken]
        waiting -= 1
        at, key = entry[taken], keys[taken]
        link[taken] = free
        free = taken
        if key > best[at]:
            continue
        for move in range(8):
            value = key + entering[at, move]
            to = at + back[move]
            if value < best[to]:
                best[to] = value
                if free >= 0:
                    made = free
                    free = link[made]
                else:
                    if count == link.size:
                        link, entry, keys = grown(link, 2 * count), grown(entry, 2 * count), grown(keys, 2 * count)
                    made = count
                    count += 1
                into = int(value / width) & mask
                entry[made], keys[made], link[made] = to, value, first[into]
                first[into] = made
                waiting += 1


@njit(cache=True, nogil=True)
def _repair(best, before, cost, changed):  # type: ignore[no-untyped-def]
    """Raise what rested on moves that became dearer, then lower from its border and from what became cheaper."""
    _, ny, nx = cost.shape
    keys = np.empty(64)
    items = np.empty(64, np.int64)
    size = 0
    doubted = np.zeros(ny * nx, np.bool_)
    raised = np.empty(64, np.int64)
    count = 0
    for at in changed:
        if best[at // nx, at % nx] < math.inf and best[at // nx, at % nx] > 0.0:
            if size == keys.size:
                keys, items = grown(keys, 2 * size), grown(items, 2 * size)
            doubted[at] = True
            push(keys, items, size, best[at // nx, at % nx], at)
            size += 1
    # in order of the old values: what a cell rests on is nearer to the goal and has been judged before it
    while size > 0:
        at = items[0]
        drop_least(keys, items, size)
        size -= 1
        i, j = at // nx, at % nx
        old = best[i, j]
        held = False
        for move in range(8):
            p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
            if 0 <= p < ny and 0 <= q < nx and cost[move, i, j] + best[p, q] <= old:
                held = True
                break
        if held:
            continue
        best[i, j] = math.inf
        if count == raised.size:
            raised = grown(raised, 2 * count)
        raised[count] = at
        count += 1
        for move in range(8):
            p, q = i - STEP_ROWS[move], j - STEP_COLUMNS[move]
            if p < 0 or q < 0 or p >= ny or q >= nx or doubted[p * nx + q]:
                continue
            if best[p, q] < math.inf and before[move, p, q] + old == best[p, q]:
                if size == keys.size:
                    keys, items = grown(keys, 2 * size), grown(items, 2 * size)
                doubted[p * nx + q] = True
                push(keys, items, size, best[p, q], p * nx + q)
                size += 1
    for part in range(2):
        cells = raised[:count] if part == 0 else changed
        for at in cells:
            i, j = at // nx, at % nx
            for move in range(8):
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                if 0 <= p < ny and 0 <= q < nx and cost[move, i, j] + best[p, q] < best[i, j]:
                    best[i, j] = cost[move, i, j] + best[p, q]
            if best[i, j] < math.inf:
                if size == keys.size:
                    keys, items = grown(keys, 2 * size), grown(items, 2 * size)
                push(keys, items, size, best[i, j], at)
                size += 1
    while size > 0:
        key, at = keys[0], items[0]
        drop_least(keys, items, size)
        size -= 1
        i, j = at // nx, at % nx
        if key > best[i, j]:
            continue
        for move in range(8):
            p, q = i - STEP_ROWS[move], j - STEP_COLUMNS[move]
            if p < 0 or q < 0 or p >= ny or q >= nx:
                continue
            value = key + cost[move, p, q]
            if value < best[p, q]:
                best[p, q] = value
                if size == keys.size:
                    keys, items = grown(keys, 2 * size), grown(items, 2 * size)
                push(keys, items, size, value, p * nx + q)
                size += 1
