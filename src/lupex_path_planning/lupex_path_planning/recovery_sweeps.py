# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the minimum safe charge: labels of all cells of a slice, settled by sweeps over rows.

A label says: whoever is in this cell by `before` units of time before the slice ends needs no more than `value` units
of energy above the reserve. It is one uint32: key << 12 | before, key = value + weight * before, so that the least
label is a trade of energy for time, and whole rows of labels are compared at once. Each number is rounded up.

From a label of the cell ahead there are two ways on. Within: arrive by its `before`. Through: arrive at any time up to
what the label of the next slice allows; between the two the rover waits there, so the greatest of all that counts.
"""

import numpy as np
from numba import njit

U = np.uint32
LOW = U(4095)
WHOLE = U(2047)
"""A slice in units of time."""
SHIFT = U(12)
NONE = U(2**19 - 1)
"""The value that stands for no way back; values below are energies."""
NOTHING = U((2**19 - 1) << 12)
CLOSED = U(2**31)
"""Cost of a closed move: with any label it comes to more than NOTHING and does not overflow."""

_PASSES = 32
"""Rounds after which labels that still change are dropped."""


@njit(cache=True, nogil=True)
def _on(x, y, cost, weight):  # type: ignore[no-untyped-def]
    """Return the label of a move's begin from label and through-label of its end."""
    within = U(x + cost)
    seconds = U(cost & LOW)
    room = U(WHOLE - U(y & LOW))
    spared = seconds if seconds < room else room
    key = U(U(U(y >> SHIFT) + U(cost >> SHIFT)) - U(weight * spared))
    through = U(U(key << SHIFT) | U(seconds - spared))
    best = within if within < through else through
    return best if U(within & LOW) <= WHOLE else through


@njit(cache=True, nogil=True)
def _floored(label, floor, weight):  # type: ignore[no-untyped-def]
    """Return a label raised to what a stop in this cell asks for (value << 12 | before)."""
    label = label if label < NOTHING else NOTHING
    before = U(label & LOW)
    value = U(U(label >> SHIFT) - U(weight * before))
    least = U(floor >> SHIFT)
    latest = U(floor & LOW)
    value = value if value > least else least
    before = before if before > latest else latest
    return U(U(U(value + U(weight * before)) << SHIFT) | before)


@njit(cache=True, nogil=True)
def _throughout(x, ahead, wait, least, weight):  # type: ignore[no-untyped-def]
    """Return the value that covers the whole slice, and what the next one's label, `ahead`, allows.

    `least` is what a stop in this cell asks for while waiting.
    """
    before = U(x & LOW)
    value = U(U(x >> SHIFT) - U(weight * before))
    late = U(ahead + U(U(U(wait * before) >> U(11)) + U(1 if before > 0 else 0)))
    late = late if late < NONE else NONE
    stopped = least if before > 0 else U(0)
    late = late if late > stopped else stopped
    return value if value > late else late


@njit(cache=True, nogil=True)
def _covered(x, ahead, wait, least, later, weight):  # type: ignore[no-untyped-def]
    return U(U(_throughout(x, ahead, wait, least, weight) << SHIFT) | later)


@njit(cache=True, nogil=True)
def _relax_row(x, xq, yq, c0, c1, c2, floor, weight, floored):  # type: ignore[no-untyped-def]
    """Lower the labels of a row by three moves into another; return whether one fell."""
    changed = U(0)
    for j in range(1, x.size - 1):
        a = _on(xq[j - 1], yq[j - 1], c0[j], weight)
        b = _on(xq[j], yq[j], c1[j], weight)
        c = _on(xq[j + 1], yq[j + 1], c2[j], weight)
        a = a if a < b else b
        a = a if a < c else c
        if floored:
            a = _floored(a, floor[j], weight)
        old = x[j]
        new = a if a < old else old
        changed |= U(new ^ old)
        x[j] = new
    return changed != 0


@njit(cache=True, nogil=True)
def _cover_row(y, x, ahead, wait, least, later, weight):  # type: ignore[no-untyped-def]
    for j in range(y.size):
        y[j] = _covered(x[j], ahead[j], wait[j], least[j], later[j], weight)


@njit(cache=True, nogil=True)
def _relax_along(x, y, row, right, left, ahead, wait, least, later, floor, weight, floored):  # type: ignore[no-untyped-def]
    """Take over the labels of `row` that are less, and run on from each to both sides while labels fall."""
    end = x.size - 1
    for begin in range(1, end):
        if row[begin] >= x[begin]:
            continue
        x[begin] = row[begin]
        y[begin] = _covered(x[begin], ahead[begin], wait[begin], least[begin], later[begin], weight)
        for step in (1, -1):
            j = begin + step
            while 0 < j < end:
                found = _on(x[j - step], y[j - step], left[j] if step == 1 else right[j], weight)
                if floored:
                    found = _floored(found, floor[j], weight)
                if found >= x[j]:
                    break
                x[j] = found
                y[j] = _covered(found, ahead[j], wait[j], least[j], later[j], weight)
                j += step


@njit(cache=True, nogil=True)
def _settle(labels, cost, base, floor, spare, flags, weight, floored):  # type: ignore[no-untyped-def]
    """Sweep down and up until no label falls; then see that each is what its neighbours' labels prove now.

    A label may rest on one that was replaced since by one of less key and less time. It held all the same, but nobody
    could follow it.

    Moves: 0 +x, 1 +x+y, 2 +y, 3 -x+y, 4 -x, 5 -x-y, 6 -y, 7 +x-y (see STEPS). Returns the number of rows relaxed.
    """
    x, y = labels
    first, ahead, wait, least, later = base
    closed, row = spare
    down, up, along = flags
    rows = x.shape[0] - 2
    relaxed = 0
    for i in range(rows + 2):
        down[i] = up[i] = along[i] = True
    busy = True
    while busy:
        busy = False
        for way in range(2):
            for step in range(rows):
                i = 1 + step if way == 0 else rows - step
                fell = False
                if way == 0 and down[i]:
                    down[i] = False
                    relaxed += 1
                    fell = _relax_row(
                        x[i], x[i - 1], y[i - 1], cost[5, i], cost[6, i], cost[7, i], floor[i], weight, floored
                    )
                if way == 1 and up[i]:
                    up[i] = False
                    relaxed += 1
                    fell = _relax_row(
                        x[i], x[i + 1], y[i + 1], cost[3, i], cost[2, i], cost[1, i], floor[i], weight, floored
                    )
                if fell:
                    _cover_row(y[i], x[i], ahead[i], wait[i], least[i], later[i], weight)
                if fell or along[i]:
                    along[i] = False
                    row[:] = x[i]
                    relaxed += 1
                    if _relax_row(row, x[i], y[i], cost[4, i], closed, cost[0, i], floor[i], weight, floored):
                        fell = True
                        _relax_along(
                            x[i], y[i], row, cost[0, i], cost[4, i],
                            ahead[i], wait[i], least[i], later[i], floor[i], weight, floored,
                        )  # fmt: skip
                if fell:
                    busy = True
                    down[i + 1] = up[i - 1] = True
    passes = 0
    changed = True
    while changed:
        changed = False
        for i in range(1, rows + 1):
            row[:] = first[i]
            relaxed += 3
            _relax_row(row, x[i], y[i], cost[4, i], closed, cost[0, i], floor[i], weight, floored)
            _relax_row(row, x[i - 1], y[i - 1], cost[5, i], cost[6, i], cost[7, i], floor[i], weight, floored)
            _relax_row(row, x[i + 1], y[i + 1], cost[3, i], cost[2, i], cost[1, i], floor[i], weight, floored)
            if _agree(x[i], row, passes >= _PASSES):
                changed = True
                _cover_row(y[i], x[i], ahead[i], wait[i], least[i], later[i], weight)
        passes += 1
    return relaxed


@njit(cache=True, nogil=True)
def _agree(x, row, strict):  # type: ignore[no-untyped-def]
    """Set labels to those that their neighbours prove now, or if `strict` drop those that differ; tell if any did."""
    changed = U(0)
    for j in range(1, x.size - 1):
        old = x[j]
        new = row[j] if not strict or row[j] == old else NOTHING
        changed |= U(new ^ old)
        x[j] = new
    return changed != 0


@njit(cache=True, nogil=True)
def _begin_row(first, ahead, later, wait, before, sun, haven, least, numbers, weight):  # type: ignore[no-untyped-def]
    """Set a row to what waiting for the next slice's labels `before`, or a haven, promises.

    Where the array gives more than the load, its gain counts for whoever is there when the slice begins.
    """
    parked_j, sun_j, gain_j, gain_max = numbers
    for j in range(sun.size):
        x = before[j + 1]
        t = U(x & LOW)
        value = U(U(x >> SHIFT) - U(weight * t)) if x < NOTHING else NONE
        net = parked_j - sun_j * sun[j]
        load = U(min(net + np.float32(1.05), np.float32(524287.0))) if net > np.float32(0.0) else U(0)
        gain = min(-net * gain_j, gain_max) - np.float32(0.05)
        credit = U(gain) if gain > np.float32(0.0) else U(0)
        floor = least[j + 1]
        stay = U(value + load)
        stay = stay if stay > floor else floor
        stay = stay if stay < NONE else NONE
        early = U(value - credit) if value > credit else U(0)
        early = early if early > floor else floor
        key = U(early + U(weight * WHOLE))
        charged = U(U(key << SHIFT) | WHOLE) if credit > 0 and value < NONE and key < stay else NOTHING
        label = U(stay << SHIFT)
        label = charged if charged < label else label
        home = U(haven[j] << SHIFT)
        first[j + 1] = home if home <= label else label
        ahead[j + 1] = value
        later[j + 1] = t
        # by 2047ths, though shifted by 2048
        wait[j + 1] = U(U(load + U(load >> U(10))) + U(1)) if load > 0 else U(0)


@njit(cache=True, nogil=True)
def _cost_row(cost, watts, seconds, ticks, here, there):  # type: ignore[no-untyped-def]
    """Price a move of a row: energy beside the lesser light of its two ends, and its time."""
    for j in range(cost.size):
        sun = here[j] if here[j] < there[j] else there[j]
        net = watts[j] - sun
        energy = (net if net > np.float32(0.0) else np.float32(0.0)) * seconds[j]
        weighted = U(ticks[j] >> SHIFT)
        key = U(U(energy + np.float32(1.05)) + weighted)
        priced = U(U(key << SHIFT) | U(ticks[j] & LOW))
        cost[j] = priced if weighted < NONE and key < NONE else CLOSED


@njit(cache=True, nogil=True)
def _price(cost, moves, lit, bright, was_bright):  # type: ignore[no-untyped-def]
    """Price all moves anew in the rows that are lit now or were before."""
    watts, seconds, ticks = moves
    ny, nx = watts.shape[1], watts.shape[2]
    di = (0, 1, 1, 1, 0, -1, -1, -1)
    dj = (1, 1, 0, -1, -1, -1, 0, 1)
    for i in range(ny):
        now = False
        for r in range(i, i + 3):
            now |= bright[r]
        if now or was_bright[i]:
            for move in range(8):
                p, q = i + 1 + di[move], 1 + dj[move]
                _cost_row(
                    cost[move, i + 1, 1 : nx + 1],
                    watts[move, i],
                    seconds[move, i],
                    ticks[move, i],
                    lit[i + 1, 1 : nx + 1],
                    lit[p, q : q + nx],
                )
        was_bright[i] = now


@njit(cache=True, nogil=True)
def _darkest(lit, bright, least, k, slices):  # type: ignore[no-untyped-def]
    """Take the least light over slices k on; 0 where they leave the horizon."""
    _, ny, nx = least.shape
    for i in range(ny):
        row = lit[i + 1, 1 : nx + 1]
        if k + slices > least.shape[0]:
            row[:] = 0.0
        else:
            row[:] = least[k, i]
            for m in range(k + 1, k + slices):
                _lesser(row, least[m, i])
        bright[i + 1] = _positive(row)


@njit(cache=True, nogil=True)
def _lesser(row, other):  # type: ignore[no-untyped-def]
    for j in range(row.size):
        row[j] = other[j] if other[j] < row[j] else row[j]


@njit(cache=True, nogil=True)
def _positive(row):  # type: ignore[no-untyped-def]
    """Return whether any value is over 0, by the bits of the floats: a sum of them is found in any order."""
    bits = U(0)
    for value in row.view(np.uint32):
        bits |= value
    return bits != 0


@njit(cache=True, nogil=True)
def _havens(out, ring, least, flat, k, radius, ahead, numbers, recharge):  # type: ignore[no-untyped-def]
    """Set out (ny, nx) to the value of each cell as a haven in slice k, NONE where it is none.

    `ring` (ahead + 1, ny, nx) keeps the balance of slices k..k + ahead; that of k is set here.
    """
    parked_j, sun_j, gain_j, gain_max = numbers
    count, ny, nx = least.shape
    slots = ring.shape[0]
    here = ring[k % slots]
    wide = np.empty((ny, nx), np.float32)
    for i in range(ny):
        row = wide[i]
        row[:] = least[k, i]
        for d in range(1, radius + 1):
            if d < nx:
                _lesser(row[d:], least[k, i, : nx - d])
                _lesser(row[: nx - d], least[k, i, d:])
    energy = np.empty(nx, np.float32)
    lowest = np.empty(nx, np.float32)
    for i in range(ny):
        row = here[i]
        row[:] = wide[i]
        for d in range(1, radius + 1):
            _lesser(row, wide[max(i - d, 0)])
            _lesser(row, wide[min(i + d, ny - 1)])
        _balance(row, parked_j, sun_j, gain_j, gain_max)
        if k + ahead >= count:
            continue
        for j in range(nx):
            # the rest of slice k may be anything up to a whole slice long
            energy[j] = min(row[j], np.float32(0.0))
            lowest[j] = energy[j]
        for m in range(k + 1, k + ahead + 1):
            if not _charge(energy, lowest, ring[m % slots, i], recharge):
                break
        for j in range(nx):
            found = energy[j] >= recharge and flat[i, j]
            value = U(-lowest[j] + np.float32(1.05)) if lowest[j] < np.float32(0.0) else U(0)
            value = value if value < NONE else NONE
            out[i, j] = value if found else NONE
    if k + ahead >= count:
        out[:] = NONE


@njit(cache=True, nogil=True)
def _balance(row, parked_j, sun_j, gain_j, gain_max):  # type: ignore[no-untyped-def]
    """Turn the array's power into what a whole slice adds to the battery, rounded down."""
    slack = np.float32(1e-6)
    for j in range(row.size):
        net = sun_j * row[j] - parked_j
        gain = net * gain_j
        gain = gain if gain < gain_max else gain_max
        row[j] = (gain - slack * gain) if net > np.float32(0.0) else (net + slack * net)


@njit(cache=True, nogil=True)
def _charge(energy, lowest, balance, recharge):  # type: ignore[no-untyped-def]
    """Add a slice's balance to cells not yet recharged; return whether any is left."""
    left = U(0)
    for j in range(energy.size):
        more = energy[j] + balance[j]
        open_ = energy[j] < recharge
        energy[j] = more if open_ else energy[j]
        lowest[j] = more if open_ and more < lowest[j] else lowest[j]
        left |= U(1 if energy[j] < recharge else 0)
    return left != 0


@njit(cache=True, nogil=True)
def _keep_row(out, need, sup, x, ahead, wait, least, weight, unit_j, reserve_j, most):  # type: ignore[no-untyped-def]
    """Store a settled row: its labels, and the need over the whole slice in units and in joules, rounded up.

    What a full battery does not hold is no way back, here and for all slices before.
    """
    for j in range(out.size):
        label = x[j + 1]
        before = U(label & LOW)
        value = U(U(label >> SHIFT) - U(weight * before))
        label = label if value <= most else NOTHING
        x[j + 1] = label
        late = _throughout(label, ahead[j + 1], wait[j + 1], least[j + 1], weight)
        value = value if before == 0 else late
        value = value if label < NOTHING and value <= most else NONE
        out[j] = label if label < NOTHING else NOTHING
        sup[j] = value
        joules = reserve_j + unit_j * value
        rounded = np.float32(joules)
        rounded = rounded if rounded >= joules else np.float32(rounded * np.float32(1.0000002))
        need[j] = rounded if value < NONE else np.float32(np.inf)


@njit(cache=True, nogil=True)
def _stops(floor, least, shift, ring_x, ring_s, k, count, first, rest, stop, weight):  # type: ignore[no-untyped-def]
    """Set what one stop, begun at any time of slice k, asks for: floor (value << 12 | before) and, for waiting, least.

    The stop is over within `first` whole slices and `rest`. Either the label of slice k + first is still in time, or
    that of the next one is.
    """
    slots, ny2, nx2 = ring_x.shape
    for i in range(1, ny2 - 1):
        for j in range(1, nx2 - 1):
            shift[j] = U(0)
        for m in range(k, k + first):
            _greater(shift, ring_s[m % slots, i], m < count)
        _stop_row(
            floor[i],
            least[i],
            shift,
            ring_x[(k + first) % slots, i],
            ring_s[(k + first) % slots, i],
            ring_x[(k + first + 1) % slots, i],
            ring_s[(k + first + 1) % slots, i],
            k + first < count,
            k + first + 1 < count,
            rest,
            stop,
            weight,
        )


@njit(cache=True, nogil=True)
def _greater(row, other, known):  # type: ignore[no-untyped-def]
    for j in range(row.size):
        value = other[j] if known else NONE
        row[j] = value if value > row[j] else row[j]


@njit(cache=True, nogil=True)
def _stop_row(floor, least, shift, x0, s0, x1, s1, known0, known1, rest, stop, weight):  # type: ignore[no-untyped-def]
    for j in range(1, floor.size - 1):
        t0, t1 = U(x0[j] & LOW), U(x1[j] & LOW)
        a0 = U(U(x0[j] >> SHIFT) - U(weight * t0)) if known0 and x0[j] < NOTHING else NONE
        a1 = U(U(x1[j] >> SHIFT) - U(weight * t1)) if known1 and x1[j] < NOTHING else NONE
        u0 = s0[j] if known0 else NONE
        u1 = s1[j] if known1 else NONE
        t0 = U(t0 + rest)
        t1 = U(t1 + rest)
        t1 = U(t1 - WHOLE) if t1 > WHOLE else U(0)
        v0 = max(shift[j], a0)
        later = max(shift[j], u0)
        v1 = max(later, a1)
        whole = v1 if t1 == 0 else max(v1, u1)
        v0 = min(U(v0 + stop), NONE)
        v1 = min(U(v1 + stop), NONE)
        soon = t0 <= WHOLE and U(v0 + U(weight * t0)) < U(v1 + U(weight * t1))
        floor[j] = U(U(v0 << SHIFT) | t0) if soon else U(U(v1 << SHIFT) | t1)
        least[j] = min(U(whole + stop), NONE)


@njit(cache=True, nogil=True)
def after_stop(first, last, sun, numbers, weight, moves, state, havens, ring_x, ring_s, out, need):  # type: ignore[no-untyped-def]
    """Settle slices last..first, latest first, for a rover whose stop is behind it; return the rows relaxed."""
    least_w, flat, radius, ahead_slices, recharge, window = sun
    labels, cost, base, floor, spare, flags, lit, bright, was_bright = state
    haven, arrived, ring = havens
    _, _, gain_j, gain_max, most, unit_j, reserve_j = numbers
    parked_j, sun_j = numbers[0], numbers[1]
    count = arrived.shape[0]
    ny, nx = least_w.shape[1], least_w.shape[2]
    x = labels[0]
    slots = ring_x.shape[0]
    relaxed = 0
    for k in range(last, first - 1, -1):
        _havens(
            haven[k % slots],
            ring,
            least_w,
            flat,
            k,
            radius,
            ahead_slices,
            (parked_j, sun_j, gain_j, gain_max),
            recharge,
        )
        if k >= count:
            continue
        h = haven[k % slots]
        _slice(k, least_w, h, numbers, weight, moves, labels, cost, base, floor, lit, bright, was_bright, window)
        relaxed += _settle(labels, cost, base, floor, spare, flags, weight, False)
        kept = k if out.shape[0] == count else 0
        for i in range(ny):
            for j in range(nx):
                arrived[k, i, j] = 2 if h[i, j] < NONE and x[i + 1, j + 1] == U(h[i, j] << SHIFT) else 0
            _keep_row(
                out[kept, i],
                need[kept, i],
                ring_s[k % slots, i + 1, 1 : nx + 1],
                x[i + 1],
                base[1][i + 1],
                base[2][i + 1],
                base[3][i + 1],
                weight,
                unit_j,
                reserve_j,
                most,
            )
        ring_x[k % slots] = x
    return relaxed


@njit(cache=True, nogil=True)
def before_stop(first, last, sun, numbers, weight, moves, state, haven, ring_x, ring_s, stop, out, need, arrived):  # type: ignore[no-untyped-def]
    """Settle slices last..first for a rover that may still have to stop; return the rows relaxed."""
    least_w, _, _, _, _, window = sun
    labels, cost, base, floor, spare, flags, lit, bright, was_bright = state
    whole, rest, stop_j = stop
    most, unit_j, reserve_j = numbers[4], numbers[5], numbers[6]
    count = out.shape[0]
    ny, nx = least_w.shape[1], least_w.shape[2]
    slots = ring_x.shape[0]
    x = labels[0]
    relaxed = 0
    sup = np.empty(nx, np.uint32)
    for k in range(last, first - 1, -1):
        _stops(floor, base[3], spare[1], ring_x, ring_s, k, count, whole, rest, stop_j, weight)
        h = haven[k % slots]
        _slice(k, least_w, h, numbers, weight, moves, labels, cost, base, floor, lit, bright, was_bright, window)
        relaxed += _settle(labels, cost, base, floor, spare, flags, weight, True)
        for i in range(ny):
            for j in range(nx):
                if h[i, j] < NONE and x[i + 1, j + 1] == U(h[i, j] << SHIFT):
                    arrived[k, i, j] |= 1
            _keep_row(
                out[k, i],
                need[k, i],
                sup,
                x[i + 1],
                base[1][i + 1],
                base[2][i + 1],
                base[3][i + 1],
                weight,
                unit_j,
                reserve_j,
                most,
            )
    return relaxed


@njit(cache=True, nogil=True)
def _slice(k, least_w, haven, numbers, weight, moves, labels, cost, base, floor, lit, bright, was_bright, window):  # type: ignore[no-untyped-def]
    """Begin slice k from the labels of k + 1 that `labels` holds."""
    x, y = labels
    first, ahead, wait, least, later = base
    parked_j, sun_j, gain_j, gain_max = numbers[0], numbers[1], numbers[2], numbers[3]
    ny = haven.shape[0]
    _darkest(lit, bright, least_w, k, window)
    _price(cost, moves, lit, bright, was_bright)
    for i in range(ny):
        _begin_row(
            first[i + 1],
            ahead[i + 1],
            later[i + 1],
            wait[i + 1],
            x[i + 1],
            least_w[k, i],
            haven[i],
            least[i + 1],
            (parked_j, sun_j, gain_j, gain_max),
            weight,
        )
        x[i + 1] = first[i + 1]
        _cover_row(y[i + 1], x[i + 1], ahead[i + 1], wait[i + 1], least[i + 1], later[i + 1], weight)


@njit(cache=True, nogil=True)
def choose(x, y, base, cost, floor, weight, floored):  # type: ignore[no-untyped-def]
    """Return (best label, move) of one cell from those of its eight neighbours, move 8 for what it begins with.

    As the sweeps do it: a stop raises the best of each row of neighbours.
    """
    best, action = base, 8
    for group in ((4, 0, 0), (5, 6, 7), (3, 2, 1)):
        nearest, by = CLOSED, 8
        for move in group:
            found = _on(x[move], y[move], cost[move], weight)
            if found < nearest:
                nearest, by = found, move
        if floored:
            nearest = _floored(nearest, floor, weight)
        if nearest < best:
            best, action = nearest, by
    return best, action
