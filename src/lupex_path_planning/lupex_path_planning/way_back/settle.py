# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Lower the labels of a slice by sweeps over its rows until none falls.

Rows are worked on in blocks of cells, and only those whose neighbours have changed: a row's flags are the bits of one
number. Arrays have a closed frame of one cell. Moves: 0 +x, 1 +x+y, 2 +y, 3 -x+y, 4 -x, 5 -x-y, 6 -y, 7 +x-y (STEPS).
"""

import numpy as np

from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import covered, floored, on
from lupex_path_planning.way_back.layer import BEHIND

U = np.uint32
I = np.uint64  # noqa: E741
"""Indices are unsigned: a negative one would be taken from the end, and the test for it costs more than the work."""
_STEPS = 8
"""Steps along a row that are taken at once; what is longer goes on with the next sweep."""


@kernel
def cover(x, y, ahead, wait, least, later, which, block, i, tick, ramp):  # type: ignore[no-untyped-def]
    """Set the covers of the labels of row i, in the blocks `which`."""
    one, end = I(1), I(x.shape[1] - BEHIND)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            for j in range(a, b):
                y[i, j] = covered(x[i, j], ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
        a, bit = b, bit << one


@kernel
def _drive(x, y, cost, ahead, wait, least, later, floor, which, block, i, q, m0, m1, m2, tick, stops, ramp):  # type: ignore[no-untyped-def]
    """Lower row i by moves m0, m1, m2 into row q, in the blocks `which`, with covers.

    Returns the blocks that fell, and these with the ones beside fallen edges.
    """
    one, end = I(1), I(x.shape[1] - BEHIND)
    fell, reach = I(0), I(0)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            first, last = x[i, a], x[i, b - one]
            changed = U(0)
            for j in range(a, b):
                left = on(x[q, j - one], y[q, j - one], cost[m0, i, j], tick)
                best = on(x[q, j], y[q, j], cost[m1, i, j], tick)
                right = on(x[q, j + one], y[q, j + one], cost[m2, i, j], tick)
                best = best if best < left else left
                best = best if best < right else right
                if stops:
                    best = floored(best, floor[i, j], tick)
                old = x[i, j]
                new = best if best < old else old
                changed |= U(new ^ old)
                x[i, j] = new
            if changed != 0:
                for j in range(a, b):
                    y[i, j] = covered(x[i, j], ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
                fell |= bit
                reach |= bit
                if x[i, a] != first:
                    reach |= bit >> one
                if x[i, b - one] != last:
                    reach |= bit << one
        a, bit = b, bit << one
    return fell, reach


@kernel
def _run(x, y, row, cost, ahead, wait, least, later, floor, which, open_, block, i, tick, stops, ramp):  # type: ignore[no-untyped-def]
    """Lower row i by the moves along it, in the blocks `which` and those that they reach eastward, with covers.

    Returns the blocks that fell, these with the ones beside fallen edges, and those where labels may fall still.
    """
    one, end = I(1), I(x.shape[1] - BEHIND)
    west, east = I(4), I(0)
    fell, reach, left = I(0), I(0), I(0)
    a, bit = one, one
    while a < end:
        b = min(a + block, end)
        if which & bit:
            first, last = x[i, a], x[i, b - one]
            changed, still = U(0), U(1)
            for _ in range(_STEPS):
                still = U(0)
                for j in range(a, b):
                    best = on(x[i, j - one], y[i, j - one], cost[west, i, j], tick)
                    right = on(x[i, j + one], y[i, j + one], cost[east, i, j], tick)
                    best = best if best < right else right
                    if stops:
                        best = floored(best, floor[i, j], tick)
                    old = x[i, j]
                    new = best if best < old else old
                    still |= U(new ^ old)
                    row[0, j] = new
                if still == 0:
                    break
                changed |= still
                for j in range(a, b):
                    label = row[0, j]
                    x[i, j] = label
                    y[i, j] = covered(label, ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
            if still != 0:
                left |= bit
            if changed != 0:
                fell |= bit
                reach |= bit
                if x[i, a] != first:
                    reach |= bit >> one
                    left |= bit >> one
                if x[i, b - one] != last:
                    reach |= bit << one
                    which |= (bit << one) & open_
        a, bit = b, bit << one
    return fell, reach, left & open_


@kernel
def sweep(layer, block, tick, stops, ramp):  # type: ignore[no-untyped-def]
    """Sweep down and up, and along each row, until no label falls."""
    x, y, cost, floor, row = layer.x, layer.y, layer.cost, layer.floor, layer.row
    ahead, wait, least, later = layer.ahead, layer.wait, layer.least, layer.later
    down, up, along, open_, fallen = layer.down, layer.up, layer.along, layer.open, layer.fallen
    rows = x.shape[0] - 2
    width = I(block)
    for i in range(rows + 2):
        down[i], up[i], along[i], fallen[i] = open_[i], open_[i], open_[i], I(0)
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
                    fell, reach = _drive(
                        x, y, cost, ahead, wait, least, later, floor, dirty[i], width, I(i), I(q), I(m0), I(m1), I(m2),
                        tick, stops, ramp,
                    )  # fmt: skip
                    dirty[i] = 0
                    if fell != 0:
                        busy = True
                        fallen[i] |= fell
                        along[i] |= reach & open_[i]
                        down[i + 1] |= reach & open_[i + 1]
                        up[i - 1] |= reach & open_[i - 1]
                if along[i] != 0:
                    fell, reach, along[i] = _run(
                        x, y, row, cost, ahead, wait, least, later, floor, along[i], open_[i], width, I(i),
                        tick, stops, ramp,
                    )  # fmt: skip
                    if fell != 0:
                        busy = True
                        fallen[i] |= fell
                        down[i + 1] |= reach & open_[i + 1]
                        up[i - 1] |= reach & open_[i - 1]
