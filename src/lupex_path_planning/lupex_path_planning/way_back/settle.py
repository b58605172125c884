# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Lower the labels of a slice by sweeps over its rows until none falls.

Rows are worked on in blocks of cells, and only those whose neighbours have changed: a row's flags are the bits of one
number. Arrays have a closed frame of one cell. Moves: 0 +x, 1 +x+y, 2 +y, 3 -x+y, 4 -x, 5 -x-y, 6 -y, 7 +x-y (STEPS).
"""

import numpy as np
from numba import njit

from lupex_path_planning.way_back.labels import covered, floored, on

U = np.uint32
I = np.uint64  # noqa: E741
"""Indices are unsigned: a negative one would be taken from the end, and the test for it costs more than the work."""


@njit(cache=True, nogil=True)
def relax(out, o, x, y, cost, floor, which, block, i, q, m0, m1, m2, tick, weight, stops):  # type: ignore[no-untyped-def]
    """Lower row o of `out` by moves m0, m1, m2 of row i into columns j - 1 .. j + 1 of row q.

    In the blocks `which`. Returns the blocks in which any label, the first, the last one fell.
    """
    one, end = I(1), I(x.shape[1] - 1)
    fell, fell_first, fell_last = I(0), I(0), I(0)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            first, last = out[o, a], out[o, b - one]
            changed = U(0)
            for j in range(a, b):
                left = on(x[q, j - one], y[q, j - one], cost[m0, i, j], tick)
                best = on(x[q, j], y[q, j], cost[m1, i, j], tick)
                right = on(x[q, j + one], y[q, j + one], cost[m2, i, j], tick)
                best = best if best < left else left
                best = best if best < right else right
                if stops:
                    best = floored(best, floor[i, j], weight)
                old = out[o, j]
                new = best if best < old else old
                changed |= U(new ^ old)
                out[o, j] = new
            fell |= bit if changed != 0 else I(0)
            fell_first |= bit if out[o, a] != first else I(0)
            fell_last |= bit if out[o, b - one] != last else I(0)
        a, bit = b, bit << one
    return fell, fell_first, fell_last


@njit(cache=True, nogil=True)
def relax_beside(out, o, base, r, x, y, cost, floor, which, block, i, tick, weight, stops):  # type: ignore[no-untyped-def]
    """Set row o of `out` to row r of `base`, lowered by the moves to both sides; return the blocks that fell."""
    one, end = I(1), I(x.shape[1] - 1)
    west, east = I(4), I(0)
    fell = I(0)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            changed = U(0)
            for j in range(a, b):
                best = on(x[i, j - one], y[i, j - one], cost[west, i, j], tick)
                right = on(x[i, j + one], y[i, j + one], cost[east, i, j], tick)
                best = best if best < right else right
                if stops:
                    best = floored(best, floor[i, j], weight)
                old = base[r, j]
                new = best if best < old else old
                changed |= U(new ^ old)
                out[o, j] = new
            fell |= bit if changed != 0 else I(0)
        a, bit = b, bit << one
    return fell


@njit(cache=True, nogil=True)
def cover(x, y, ahead, wait, least, later, which, block, i, tick, ramp):  # type: ignore[no-untyped-def]
    """Set the covers of the labels of row i, in the blocks `which`."""
    one, end = I(1), I(x.shape[1] - 1)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            for j in range(a, b):
                y[i, j] = covered(x[i, j], ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
        a, bit = b, bit << one


@njit(cache=True, nogil=True)
def _take(x, y, row, ahead, wait, least, later, which, block, i, tick, ramp):  # type: ignore[no-untyped-def]
    """Take over labels of `row` in the blocks `which`, with covers; return these and those beside changed edges."""
    one, end = I(1), I(x.shape[1] - 1)
    a, bit, reach = one, one, which
    while a < end:
        b = min(a + block, end)
        if which & bit:
            if x[i, a] != row[0, a]:
                reach |= bit >> one
            if x[i, b - one] != row[0, b - one]:
                reach |= bit << one
            for j in range(a, b):
                label = row[0, j]
                x[i, j] = label
                y[i, j] = covered(label, ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
        a, bit = b, bit << one
    return reach


@njit(cache=True, nogil=True)
def _run_on(x, y, row, cost, ahead, wait, least, later, floor, which, block, i, tick, weight, stops, ramp):  # type: ignore[no-untyped-def]
    """Take over the labels of `row` that are less, and run on from each to both sides while labels fall.

    Returns the first and the last column that changed.
    """
    end = x.shape[1] - 1
    low, high = end, 0
    for a in range(1, end, block):
        if which & I(1) == 0:
            which >>= I(1)
            continue
        which >>= I(1)
        for begin in range(a, min(a + block, end)):
            if row[0, begin] >= x[i, begin]:
                continue
            x[i, begin] = row[0, begin]
            y[i, begin] = covered(
                row[0, begin], ahead[i, begin], wait[i, begin], least[i, begin], later[i, begin], tick, ramp
            )
            low, high = min(low, begin), max(high, begin)
            for side in range(2):
                step = 1 if side == 0 else -1
                move = 4 if side == 0 else 0
                j = begin + step
                while 0 < j < end:
                    found = on(x[i, j - step], y[i, j - step], cost[move, i, j], tick)
                    if stops:
                        found = floored(found, floor[i, j], weight)
                    if found >= x[i, j]:
                        break
                    x[i, j] = found
                    y[i, j] = covered(found, ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
                    low, high = min(low, j), max(high, j)
                    j += step
    return low, high


@njit(cache=True, nogil=True)
def blocks_beside(low, high, block):  # type: ignore[no-untyped-def]
    """Return the blocks of the cells low - 1 .. high + 1."""
    first, last = I(max(low - 2, 0) // block), I(high // block)
    return (I(2) << last) - (I(1) << first)


@njit(cache=True, nogil=True)
def sweep(layer, block, tick, weight, stops, ramp):  # type: ignore[no-untyped-def]
    """Sweep down and up, and along each row, until no label falls."""
    x, y, cost, floor, row = layer.x, layer.y, layer.cost, layer.floor, layer.row
    ahead, wait, least, later = layer.ahead, layer.wait, layer.least, layer.later
    down, up, along, open_ = layer.down, layer.up, layer.along, layer.open
    rows = x.shape[0] - 2
    width, one = I(block), I(1)
    down[:] = open_
    up[:] = open_
    along[:] = open_
    busy = True
    while busy:
        busy = False
        for way in range(2):
            dirty = down if way == 0 else up
            for step in range(rows):
                i = 1 + step if way == 0 else rows - step
                if dirty[i] != 0:
                    q = i - 1 if way == 0 else i + 1
                    m0, m1, m2 = (5, 6, 7) if way == 0 else (3, 2, 1)
                    fell, first, last = relax(
                        x, I(i), x, y, cost, floor, dirty[i], width, I(i), I(q), I(m0), I(m1), I(m2),
                        tick, weight, stops,
                    )  # fmt: skip
                    dirty[i] = 0
                    if fell != 0:
                        busy = True
                        cover(x, y, ahead, wait, least, later, fell, width, I(i), tick, ramp)
                        fell |= (first >> one) | (last << one)
                        along[i] |= fell & open_[i]
                        down[i + 1] |= fell & open_[i + 1]
                        up[i - 1] |= fell & open_[i - 1]
                if along[i] != 0:
                    fell = relax_beside(
                        row, I(0), x, I(i), x, y, cost, floor, along[i], width, I(i), tick, weight, stops
                    )
                    along[i] = 0
                    reach = fell
                    if fell != 0:
                        # most runs are one cell long: only what falls once more is followed cell by cell
                        reach = _take(x, y, row, ahead, wait, least, later, fell, width, I(i), tick, ramp) & open_[i]
                        fell = relax_beside(
                            row, I(0), x, I(i), x, y, cost, floor, reach, width, I(i), tick, weight, stops
                        )
                    if fell != 0:
                        low, high = _run_on(
                            x, y, row, cost, ahead, wait, least, later, floor, fell, block, i, tick, weight, stops, ramp
                        )
                        reach |= blocks_beside(low, high, block)
                    if reach != 0:
                        busy = True
                        down[i + 1] |= reach & open_[i + 1]
                        up[i - 1] |= reach & open_[i - 1]
