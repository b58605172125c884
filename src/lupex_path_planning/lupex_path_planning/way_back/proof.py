# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Prove the settled labels of a slice: what no neighbour's label bears out now goes back to waiting, then is bettered.

A label may rest on one that was replaced since by one of less key that asks for more at some other moment of the slice.
It held all the same, but nobody could follow it. Few do: all are checked by rows, the rest is done cell by cell.
"""

import numpy as np

from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import CLOSED, covered, floored, on
from lupex_path_planning.way_back.layer import BEHIND

U = np.uint32
I = np.uint64  # noqa: E741
_RAISES = 3
"""Times that a label is raised before it is given up."""
_QUEUED = 128
"""Flag of a cell in the queue, beside the count of its raises."""
_GROUPS = ((4, 0, 0), (5, 6, 7), (3, 2, 1))
"""Moves whose best label a stop raises together, as in the sweeps."""
_ROWS = np.array((0, 1, 1, 1, 0, -1, -1, -1))
_COLUMNS = np.array((1, 1, 0, -1, -1, -1, 0, 1))


@kernel
def proven(x, y, cost, first, floor, i, j, tick, stops):  # type: ignore[no-untyped-def]
    """Return the label that neighbours, waiting or a haven prove now for a cell."""
    label = first[i, j]
    for group in _GROUPS:
        best = CLOSED
        for move in group:
            p, q = i + _ROWS[move], j + _COLUMNS[move]
            found = on(x[p, q], y[p, q], cost[move, i, j], tick)
            best = found if found < best else best
        if stops:
            best = floored(best, floor[i, j], tick)
        label = best if best < label else label
    return label


@kernel
def _differing(row, x, y, cost, first, floor, which, block, i, tick, stops):  # type: ignore[no-untyped-def]
    """Set `row` to what proves row i, in the blocks `which`; return those that hold a label which is not proven."""
    one, end = I(1), I(x.shape[1] - BEHIND)
    low, high = I(i - one), I(i + one)
    found = I(0)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            differ = U(0)
            for j in range(a, b):
                w, e = j - one, j + one
                beside = on(x[i, w], y[i, w], cost[I(4), i, j], tick)
                beside = min(beside, on(x[i, e], y[i, e], cost[I(0), i, j], tick))
                before = on(x[low, w], y[low, w], cost[I(5), i, j], tick)
                before = min(before, on(x[low, j], y[low, j], cost[I(6), i, j], tick))
                before = min(before, on(x[low, e], y[low, e], cost[I(7), i, j], tick))
                after = on(x[high, w], y[high, w], cost[I(3), i, j], tick)
                after = min(after, on(x[high, j], y[high, j], cost[I(2), i, j], tick))
                after = min(after, on(x[high, e], y[high, e], cost[I(1), i, j], tick))
                if stops:
                    beside = floored(beside, floor[i, j], tick)
                    before = floored(before, floor[i, j], tick)
                    after = floored(after, floor[i, j], tick)
                best = min(min(beside, before), min(after, first[i, j]))
                row[0, j] = best
                differ |= U(best ^ x[i, j])
            found |= bit if differ != 0 else I(0)
        a, bit = b, bit << one
    return found


@kernel
def _unproven(layer, queue, block, tick, stops):  # type: ignore[no-untyped-def]
    """Put all cells whose labels are not proven into the queue; return their number. What never fell needs no proof."""
    x, y, cost, first, floor, row = layer.x, layer.y, layer.cost, layer.first, layer.floor, layer.row
    nx2 = x.shape[1]
    count = 0
    for i in range(1, x.shape[0] - 1):
        if layer.fallen[i] == 0:
            continue
        which = _differing(row, x, y, cost, first, floor, layer.fallen[i], I(block), I(i), tick, stops)
        for a in range(1, nx2 - BEHIND, block):
            if which & I(1):
                for j in range(a, min(a + block, nx2 - BEHIND)):
                    if x[i, j] != row[0, j]:
                        queue[count] = i * nx2 + j
                        count += 1
            which >>= I(1)
    return count


@kernel
def _cover_cell(layer, i, j, tick, ramp):  # type: ignore[no-untyped-def]
    layer.y[i, j] = covered(
        layer.x[i, j], layer.ahead[i, j], layer.wait[i, j], layer.least[i, j], layer.later[i, j], tick, ramp
    )


@kernel
def prove(layer, block, tick, stops, ramp):  # type: ignore[no-untyped-def]
    """Raise each label that is not proven to what is, and all that rest on it; what stays unproven goes to waiting.

    Each cell is raised a few times at most and sent back to waiting once, so that an end comes.
    """
    x, y, cost, first, floor = layer.x, layer.y, layer.cost, layer.first, layer.floor
    queue, visits = layer.queue, layer.visits
    nx2, room = x.shape[1], queue.size
    done, end = 0, _unproven(layer, queue, block, tick, stops)
    if end == 0:
        return
    for n in range(room):
        visits[n] = 0
    for n in range(end):
        visits[queue[n]] = _QUEUED
    while done != end:
        cell = queue[done]
        done = done + 1 if done + 1 < room else 0
        visits[cell] &= _QUEUED - 1
        i, j = cell // nx2, cell % nx2
        label, cover = x[i, j], y[i, j]
        if label == first[i, j]:
            continue
        new = proven(x, y, cost, first, floor, i, j, tick, stops)
        if label == new:
            continue
        visits[cell] += 1
        x[i, j] = new if visits[cell] <= _RAISES else first[i, j]
        _cover_cell(layer, i, j, tick, ramp)
        for move in range(8):
            p, q = i - _ROWS[move], j - _COLUMNS[move]
            beside = p * nx2 + q
            if x[p, q] == first[p, q] or visits[beside] & _QUEUED:
                continue
            rested = on(label, cover, cost[move, p, q], tick)
            if stops:
                rested = floored(rested, floor[p, q], tick)
            if rested == x[p, q]:
                visits[beside] |= _QUEUED
                queue[end] = beside
                end = end + 1 if end + 1 < room else 0
