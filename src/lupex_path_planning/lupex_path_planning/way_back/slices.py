# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Begin of a slice: what waiting promises, what moves cost in its light, what a stop asks for."""

import numpy as np

from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import (
    CLOSED,
    LOW,
    NONE,
    NOTHING,
    SHIFT,
    WHOLE,
    covered,
    value_of,
)
from lupex_path_planning.way_back.layer import BEHIND

U = np.uint32
I = np.uint64  # noqa: E741
_ROWS = (0, 1, 1, 1, 0, -1, -1, -1)
_COLUMNS = (1, 1, 0, -1, -1, -1, 0, 1)


@kernel
def begin(layer, block, k, least_w, haven, window, rates, weight, moves, rounding):  # type: ignore[no-untyped-def]
    """Begin slice k from the labels of k + 1 that the layer holds; `window` is how many slices a move may touch."""
    x, y, first, open_, dark, lit, cost = layer.x, layer.y, layer.first, layer.open, layer.dark, layer.lit, layer.cost
    ahead, later, wait, least = layer.ahead, layer.later, layer.wait, layer.least
    tick = U(U(weight << SHIFT) | U(1))
    for i in range(1, x.shape[0] - 1):
        _wait(x, first, ahead, later, wait, least, least_w, haven, k, i, rates, weight, rounding)
        _start(x, y, first, ahead, later, wait, least, layer.free, open_, block, i, tick, rounding.ramp)
        _darkest(lit, least_w, k, window + rounding.window, i)
    for i in range(1, x.shape[0] - 1):
        _price(cost, moves, lit, open_, dark, layer.bright, block, i, weight, rounding)


@kernel
def _wait(x, first, ahead, later, wait, least, least_w, haven, k, i, rates, weight, rounding):  # type: ignore[no-untyped-def]
    """Set row i to what waiting for the next slice's labels x, or a haven, promises.

    Where the array gives more than the load, its gain counts for whoever is there when the slice begins.
    """
    parked_j, sun_j, gain_j, gain_max = rates
    up, down = rounding.load, rounding.gain
    k, i, one = I(k), I(i), I(1)
    for j in range(one, I(least_w.shape[2] + 1)):
        value = value_of(x[i, j], weight) if x[i, j] < NOTHING else NONE
        net = parked_j - sun_j * least_w[k, i - one, j - one]
        load = U(min(net + up, np.float32(524287.0))) if net > np.float32(0.0) else U(0)
        gain = min(-net * gain_j, gain_max) + down
        credit = U(gain) if gain > np.float32(0.0) else U(0)
        floor = U(least[i, j] >> SHIFT)
        stay = U(value + load)
        stay = stay if stay > floor else floor
        stay = stay if stay < NONE else NONE
        early = U(value - credit) if value > credit else U(0)
        early = early if early > floor else floor
        key = U(early + U(weight * WHOLE))
        charged = U(U(key << SHIFT) | WHOLE) if credit > 0 and value < NONE and key < stay else NOTHING
        label = U(stay << SHIFT)
        label = charged if charged < label else label
        home = U(haven[i - one, j - one] << SHIFT)
        first[i, j] = home if home <= label else label
        ahead[i, j] = U(value << SHIFT)
        later[i, j] = U(x[i, j] - U(value << SHIFT)) if value < NONE else U(0)
        # a slice has 2047 units of time; one of them by 2048ths, and in labels: << 12 >> 11
        wait[i, j] = U(U(U(load + U(load >> U(11))) + U(1)) << U(1)) if load > 0 else U(0)


@kernel
def _start(x, y, first, ahead, later, wait, least, free, open_, block, i, tick, ramp):  # type: ignore[no-untyped-def]
    """Set labels and covers of row i to waiting, and see which blocks hold cells that a move may serve better."""
    i, one, end = I(i), I(1), I(x.shape[1] - BEHIND)
    a, bit, found = one, one, I(0)
    while a < end:
        b = min(a + I(block), end)
        any_ = U(0)
        for j in range(a, b):
            label = first[i, j]
            any_ |= label & free[i, j]
            x[i, j] = label
            y[i, j] = covered(label, ahead[i, j], wait[i, j], least[i, j], later[i, j], tick, ramp)
        found |= bit if any_ != 0 else I(0)
        a, bit = b, bit << one
    open_[i] = found


@kernel
def _darkest(lit, least_w, k, slices, i):  # type: ignore[no-untyped-def]
    """Take the least light over slices k on; 0 past the horizon."""
    row = lit[i, 1 : least_w.shape[2] + 1]
    if k + slices > least_w.shape[0]:
        for j in range(row.size):
            row[j] = 0.0
        return
    put(row, least_w[k, i - 1])
    for m in range(k + 1, k + slices):
        lesser(row, least_w[m, i - 1])


@kernel
def put(row, other):  # type: ignore[no-untyped-def]
    """Set a row to another; to assign it whole takes a second more to compile."""
    for j in range(row.size):
        row[j] = other[j]


@kernel
def lesser(row, other):  # type: ignore[no-untyped-def]
    """Lower a row to another where that is less."""
    for j in range(row.size):
        row[j] = other[j] if other[j] < row[j] else row[j]


@kernel
def _price(cost, moves, lit, open_, dark, bright, block, i, weight, rounding):  # type: ignore[no-untyped-def]
    """Price the moves of row i anew, but in blocks that are without light, or have more than they need, as before.

    Energy is what the lesser light of a move's two ends leaves.
    """
    one, end = I(1), I(moves[0].shape[2] + 1)
    here, above, below = I(i), I(i - 1), I(i + 1)
    codes, watt, second, most_w = moves
    up, none = rounding.move, np.float32(NONE)
    a, b, bit = one, one, I(0)
    while b < end:
        bit = bit << one if bit != 0 else one
        a, b = b, min(b + I(block), end)
        if open_[here] & bit == 0:
            continue
        most, least = np.float32(0.0), most_w
        for j in range(a, b):
            most = lit[here, j] if lit[here, j] > most else most
            around = lit[above, j] if lit[above, j] < lit[below, j] else lit[below, j]
            around = lit[here, j] if lit[here, j] < around else around
            least = around if around < least else least
        for q in range(3):
            edge = I(i + q - 1)
            least = min(least, lit[edge, a - one], lit[edge, b])
        unlit, ample = most == np.float32(0.0), least >= most_w
        if (unlit and dark[here] & bit != 0) or (ample and bright[here] & bit != 0):
            continue
        dark[here] = (dark[here] & ~bit) | (bit if unlit else I(0))
        bright[here] = (bright[here] & ~bit) | (bit if ample else I(0))
        for move in range(8):
            there, m = I(i + _ROWS[move]), I(move)
            beside = I(1 + _COLUMNS[move])
            for j in range(a, b):
                code = codes[m, here - one, j - one]
                sun = lit[there, j - one + beside]
                sun = sun if sun < lit[here, j] else lit[here, j]
                net = np.float32(U(code >> U(16))) * watt - sun
                time = U(code & U(65535))
                energy = (net if net > np.float32(0.0) else np.float32(0.0)) * (np.float32(time) * second)
                energy = energy if energy < none else none
                ticks = U(U(time >> U(4)) + rounding.ticks)
                # a unit at least, or a label could rest on itself
                key = U(U(energy + up) + U(weight * ticks))
                cost[m, here, j] = U(U(key << SHIFT) | ticks) if code != 0 and key < NONE else CLOSED


@kernel
def stops(layer, ring_x, ring_s, k, count, stop, weight):  # type: ignore[no-untyped-def]
    """Set what one stop, begun at any time of slice k, asks for: floor and, for waiting, least (value << 12).

    `stop` is (whole slices, ticks of the rest, load). Either the label of slice k + whole is still in time when the
    stop ends, or that of the next one is.
    """
    whole, rest, load = stop
    slots, ny2, nx2 = ring_x.shape
    worst = layer.row[0, 1 : nx2 - 1]
    for i in range(1, ny2 - 1):
        for j in range(worst.size):
            worst[j] = U(0)
        for m in range(k, k + whole):
            _greater(worst, ring_s[m % slots, i, 1:-1], m < count)
        _stop_row(
            layer.floor[i, 1 : nx2 - 1],
            layer.least[i, 1 : nx2 - 1],
            worst,
            ring_x[(k + whole) % slots, i, 1:-1],
            ring_s[(k + whole) % slots, i, 1:-1],
            ring_x[(k + whole + 1) % slots, i, 1:-1],
            ring_s[(k + whole + 1) % slots, i, 1:-1],
            k + whole < count,
            k + whole + 1 < count,
            rest,
            load,
            weight,
        )


@kernel
def _greater(row, other, known):  # type: ignore[no-untyped-def]
    for j in range(row.size):
        value = other[j] if known else NONE
        row[j] = value if value > row[j] else row[j]


@kernel
def _stop_row(floor, least, worst, x0, s0, x1, s1, known0, known1, rest, load, weight):  # type: ignore[no-untyped-def]
    for j in range(floor.size):
        t0, t1 = U(x0[j] & LOW), U(x1[j] & LOW)
        a0 = value_of(x0[j], weight) if known0 and x0[j] < NOTHING else NONE
        a1 = value_of(x1[j], weight) if known1 and x1[j] < NOTHING else NONE
        u0 = s0[j] if known0 else NONE
        u1 = s1[j] if known1 else NONE
        t0 = U(t0 + rest)
        t1 = U(t1 + rest)
        t1 = U(t1 - WHOLE) if t1 > WHOLE else U(0)
        v0 = max(worst[j], a0)
        later = max(worst[j], u0)
        v1 = max(later, a1)
        whole = v1 if t1 == 0 else max(v1, u1)
        v0 = min(U(v0 + load), NONE)
        v1 = min(U(v1 + load), NONE)
        soon = t0 <= WHOLE and U(v0 + U(weight * t0)) < U(v1 + U(weight * t1))
        floor[j] = U(U(v0 << SHIFT) | t0) if soon else U(U(v1 << SHIFT) | t1)
        least[j] = U(min(U(whole + load), NONE) << SHIFT)
