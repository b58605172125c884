# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Prove the settled labels of a slice: what no neighbour's label bears out now goes back to waiting, then is bettered.

A label may rest on one that was replaced since by one of less key that asks for more at some other moment of the slice.
It held all the same, but nobody could follow it. Few do: all are checked by rows, the rest is done cell by cell.
"""

import numpy as np
from numba import njit

from lupex_path_planning.way_back.labels import CLOSED, covered, floored, on
from lupex_path_planning.way_back.settle import relax, relax_beside

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


@njit(cache=True, nogil=True)
def proven(x, y, cost, first, floor, i, j, tick, weight, stops):  # type: ignore[no-untyped-def]
    """Return the label that neighbours, waiting or a haven prove now for a cell."""
    label = first[i, j]
    for group in _GROUPS:
        best = CLOSED
        for move in group:
            p, q = i + _ROWS[move], j + _COLUMNS[move]
            found = on(x[p, q], y[p, q], cost[move, i, j], tick)
            best = found if found < best else best
        if stops:
            best = floored(best, floor[i, j], weight)
        label = best if best < label else label
    return label


@njit(cache=True, nogil=True)
def _unproven(layer, queue, block, tick, weight, stops):  # type: ignore[no-untyped-def]
    """Put all cells whose labels are not proven into the queue; return their number."""
    x, y, cost, first, floor, row = layer.x, layer.y, layer.cost, layer.first, layer.floor, layer.row
    width, nx2 = I(block), x.shape[1]
    count = 0
    zero = I(0)
    for i in range(1, x.shape[0] - 1):
        which = layer.open[i]
        if which == 0:
            continue
        here, low, high = I(i), I(i - 1), I(i + 1)
        row[0] = x[i]
        relax_beside(row, zero, first, here, x, y, cost, floor, which, width, here, tick, weight, stops)
        relax(row, zero, x, y, cost, floor, which, width, here, low, I(5), I(6), I(7), tick, weight, stops)
        relax(row, zero, x, y, cost, floor, which, width, here, high, I(3), I(2), I(1), tick, weight, stops)
        differ = U(0)
        for j in range(1, nx2 - 1):
            differ |= U(x[i, j] ^ row[0, j])
        if differ != 0:
            for j in range(1, nx2 - 1):
                if x[i, j] != row[0, j]:
                    queue[count] = i * nx2 + j
                    count += 1
    return count


@njit(cache=True, nogil=True)
def _cover_cell(layer, i, j, tick, ramp):  # type: ignore[no-untyped-def]
    layer.y[i, j] = covered(
        layer.x[i, j], layer.ahead[i, j], layer.wait[i, j], layer.least[i, j], layer.later[i, j], tick, ramp
    )


@njit(cache=True, nogil=True)
def prove(layer, block, tick, weight, stops, ramp):  # type: ignore[no-untyped-def]
    """Raise each label that is not proven to what is, and all that rest on it; what stays unproven goes to waiting.

    Each cell is raised a few times at most and sent back to waiting once, so that an end comes.
    """
    x, y, cost, first, floor = layer.x, layer.y, layer.cost, layer.first, layer.floor
    queue, visits = layer.queue, layer.visits
    nx2, room = x.shape[1], queue.size
    done, end = 0, _unproven(layer, queue, block, tick, weight, stops)
    if end == 0:
        return
    visits[:] = 0
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
        new = proven(x, y, cost, first, floor, i, j, tick, weight, stops)
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
                rested = floored(rested, floor[p, q], weight)
            if rested == x[p, q]:
                visits[beside] |= _QUEUED
                queue[end] = beside
                end = end + 1 if end + 1 < room else 0
