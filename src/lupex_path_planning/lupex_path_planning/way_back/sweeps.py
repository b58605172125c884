# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The recursion of the minimum safe charge over slices, latest first, in its two layers; and the move of one label.

`sun` is (least light, clearance of a haven in cells, charge that it must give, slices that a move may touch);
`numbers` are those of `Scale`.
"""

import numpy as np

from lupex_path_planning.way_back.kept import coarsen, keep
from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import CLOSED, LOW, NOTHING, SHIFT, floored, on, value_of
from lupex_path_planning.way_back.look_ahead import find_havens
from lupex_path_planning.way_back.proof import prove
from lupex_path_planning.way_back.settle import sweep
from lupex_path_planning.way_back.slices import begin, put, stops

U = np.uint32


@kernel
def settle(layer, block, k, sun, haven, numbers, moves, stopping, rounding):  # type: ignore[no-untyped-def]
    """Settle slice k from the labels of k + 1 that the layer holds."""
    rates, weight = numbers[0], numbers[1]
    tick = U(U(weight << SHIFT) | U(1))
    begin(layer, block, k, sun[0], haven, sun[3], rates, weight, moves, rounding)
    sweep(layer, block, tick, stopping, rounding.ramp)
    prove(layer, block, tick, stopping, rounding.ramp)


@kernel
def look_ahead(first, last, sun, numbers, outlook, haven, stopping, stop, rounding):  # type: ignore[no-untyped-def]
    """Find the havens of slices last..first, behind the stop and with it still to come."""
    least_w, radius, recharge, _ = sun
    slots = haven.shape[0]
    for k in range(last, first - 1, -1):
        out, after = haven[k % slots], haven[(k + 1) % slots]
        find_havens(
            out, stopping[k % slots], after, outlook, least_w, k, radius, numbers[0], recharge, stop, rounding.haven
        )


@kernel
def after_stop(first, last, sun, numbers, moves, layer, block, haven, ring_x, ring_s, out, whole, rounding):  # type: ignore[no-untyped-def]
    """Settle slices last..first for a rover whose stop is behind it; `out` and `whole` may be rings too."""
    slots = ring_x.shape[0]
    _, ny, nx = sun[0].shape
    for k in range(last, first - 1, -1):
        h = haven[k % slots]
        settle(layer, block, k, sun, h, numbers, moves, False, rounding)
        kept = k % out.shape[0]
        for i in range(ny):
            values = ring_s[k % slots, i + 1, 1 : nx + 1]
            keep(out[kept, i], values, layer, i + 1, h[i], numbers, rounding.ramp)
            put(whole[kept, i], values)
            put(ring_x[k % slots, i + 1, 1 : nx + 1], layer.x[i + 1, 1 : nx + 1])


@kernel
def before_stop(first, last, sun, numbers, moves, layer, block, haven, ring_x, ring_s, stop, out, whole, rounding):  # type: ignore[no-untyped-def]
    """Settle slices last..first for a rover that may still have to stop."""
    weight = numbers[1]
    slots = ring_x.shape[0]
    _, ny, nx = sun[0].shape
    values = layer.row[0, 1 : nx + 1]
    for k in range(last, first - 1, -1):
        stops(layer, ring_x, ring_s, k, out.shape[0], stop, weight)
        h = haven[k % slots]
        settle(layer, block, k, sun, h, numbers, moves, True, rounding)
        for i in range(ny):
            keep(out[k, i], values, layer, i + 1, h[i], numbers, rounding.ramp)
            coarsen(whole[k, i], values)


@kernel
def choose(label, base, x, y, cost, floor, numbers, stopping):  # type: ignore[no-untyped-def]
    """Return the move of one cell that its label rests on, from those of its eight neighbours; 8 for waiting.

    Of all moves that ask for no more, and no sooner, than the label says, the one of the least label.
    """
    weight = numbers[1]
    tick = U(U(weight << SHIFT) | U(1))
    best, action = CLOSED, 8
    if label == base:
        return action
    for move in range(8):
        found = on(x[move], y[move], cost[move], tick)
        if stopping:
            found = floored(found, floor, tick)
        holds = U(found & LOW) <= U(label & LOW) and value_of(found, weight) <= value_of(label, weight)
        if found < NOTHING and holds and found < best:
            best, action = found, move
    return action
