# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Look ahead for havens: which cells recharge the battery in time, slice by slice, latest first.

The rule is that of `havens.haven_need`, in units of labels and rounded up. A rover whose stop is still to come asks for
more: it may stop at any moment until it is recharged, and is to find a haven there when the stop ends. So the cell must
be a haven in all slices until then; its value is the fall before the stop, the stop, and the deepest fall after it.
"""

from typing import Any, NamedTuple

import numpy as np

from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import NONE
from lupex_path_planning.way_back.slices import lesser, put

U = np.uint32
I = np.uint64  # noqa: E741
_GROUP = 16
"""Cells that are seen at a glance: one register of the widest kind."""
_NEVER = np.float32(-np.inf)


class Outlook(NamedTuple):
    """Work arrays of cells (ny, nx), and of cells of a row.

    `balance` (ny, ahead + 1, nx) what each of the slices k..k + ahead adds to the battery, `gains` what those of them
    that charge add up to, rounded up; `soon` slices in which a haven is recharged, more than `ahead` where nobody has
    looked; `flat` which cells a haven may lie in; `wide` least power of slice k beside each cell. `run` slices on end
    in which a cell is a haven, `dip` the deepest fall in those of them that a stop may lead to, `calm` slices since,
    `due` as `soon` where the run is short, looked at closer.
    Rows: `row` balance of slice k; `energy` reached, and `lowest` on the way; `marks` cells to look ahead from, up to a
    whole group.
    """

    balance: Any
    gains: Any
    soon: Any
    flat: Any
    wide: Any
    run: Any
    dip: Any
    calm: Any
    due: Any
    row: Any
    energy: Any
    lowest: Any
    marks: Any


def outlook(flat: Any, ahead: int) -> Outlook:
    """Return the arrays as they are after the last slice, for havens on `flat` (ny, nx) that recharge in `ahead`."""
    ny, nx = flat.shape
    return Outlook(
        balance=np.zeros((ny, ahead + 1, nx), np.float32),
        gains=np.zeros((ny, nx), np.uint32),
        soon=np.full((ny, nx), ahead + 1, np.uint32),
        flat=flat,
        wide=np.empty((ny, nx), np.float32),
        **{name: np.zeros((ny, nx), np.uint32) for name in ("run", "dip", "calm", "due")},
        **{name: np.empty(nx, np.float32) for name in ("row", "energy", "lowest")},
        marks=np.zeros(-(-nx // _GROUP) * _GROUP, np.uint32),
    )


@kernel
def find_havens(out, stopping, after, outlook, least_w, k, radius, rates, recharge, stop, up):  # type: ignore[no-untyped-def]
    """Set out (ny, nx) to the value of each cell as a haven in slice k, NONE where it is none, and stopping likewise.

    The latter with the stop still to come: (whole slices, ticks of the rest, load). `after` are the values of slice
    k + 1, behind the stop. Light counts as the least over all cells up to `radius` cells away.
    """
    count, ny, nx = least_w.shape
    ahead = outlook.balance.shape[1] - 1
    wide, row = outlook.wide, outlook.row
    for i in range(ny):
        put(wide[i], least_w[k, i])
        for d in range(1, radius + 1):
            if d < nx:
                lesser(wide[i, d:], least_w[k, i, : nx - d])
                lesser(wide[i, : nx - d], least_w[k, i, d:])
    for i in range(ny):
        put(row, wide[i])
        for d in range(1, radius + 1):
            lesser(row, wide[max(i - d, 0)])
            lesser(row, wide[min(i + d, ny - 1)])
        _balance(row, rates)
        if k + ahead < count:
            _begin(outlook, after, I(i), recharge)
            _look(outlook, I(i), I(k), recharge)
            _value(out, outlook, I(i), recharge, up)
        else:
            for j in range(nx):
                out[i, j] = NONE
        _stop(stopping, out, outlook, I(i), I(k), U(stop[0]), stop[2])
        _remember(outlook, I(i), I(k))


@kernel
def _balance(row, rates):  # type: ignore[no-untyped-def]
    """Turn the array's power into what a whole slice adds to the battery, rounded down."""
    parked_j, sun_j, gain_j, gain_max = rates
    slack = np.float32(1e-6)
    for j in range(row.size):
        net = sun_j * row[j] - parked_j
        gain = net * gain_j
        gain = gain if gain < gain_max else gain_max
        row[j] = (gain - slack * gain) if net > np.float32(0.0) else (net + slack * net)


@kernel
def _begin(outlook, after, i, recharge):  # type: ignore[no-untyped-def]
    """Begin with the fall of slice k itself: what is left of it may be anything up to a whole slice long.

    A cell is no haven, with a lowest energy without bound, where all slices that charge give too little. It still is
    one where nothing falls and the slice after needs nothing: another slice that charges only makes it sooner.
    """
    row, energy, lowest, marks, soon = outlook.row, outlook.energy, outlook.lowest, outlook.marks, outlook.soon
    gains, flat, slots = outlook.gains, outlook.flat, U(outlook.balance.shape[1])
    zero = np.float32(0.0)
    for j in range(I(row.size)):
        fall = row[j] if row[j] < zero else zero
        charges = flat[i, j] & (np.float32(gains[i, j]) >= recharge)
        still = charges & (fall == zero) & (after[i, j] == 0)
        slices = U(soon[i, j] + U(1)) if still else slots
        slices = slices if slices < slots else slots
        look = charges & (slices == slots)
        soon[i, j] = slices
        marks[j] = U(1) if look else U(0)
        energy[j] = fall if look else recharge
        lowest[j] = fall if charges else _NEVER


@kernel
def _look(outlook, i, k, recharge):  # type: ignore[no-untyped-def]
    """Look ahead from each marked cell of row i until it has recharged, or to the end."""
    balance, energy, lowest, marks = outlook.balance, outlook.energy, outlook.lowest, outlook.marks
    slots = I(balance.shape[1])
    here = I(k % slots)
    for n in range(I(0), I(marks.size), I(_GROUP)):
        found = U(0)
        for q in range(I(_GROUP)):
            found |= marks[n + q]
        if found == 0:
            continue
        for j in range(n, n + I(_GROUP)):
            if marks[j] == 0:
                continue
            reached, deepest, s = energy[j], lowest[j], here
            for m in range(I(1), slots):
                s = I(s + I(1)) if I(s + I(1)) < slots else I(0)
                reached += balance[i, s, j]
                deepest = reached if reached < deepest else deepest
                if reached >= recharge:
                    outlook.soon[i, j] = m
                    break
            energy[j], lowest[j] = reached, deepest


@kernel
def _value(out, outlook, i, recharge, up):  # type: ignore[no-untyped-def]
    energy, lowest = outlook.energy, outlook.lowest
    zero, none = np.float32(0.0), np.float32(NONE)
    for j in range(I(out.shape[1])):
        fall = -lowest[j]
        value = U(up + min(fall, none)) if fall > zero else U(0)
        out[i, j] = value if (energy[j] >= recharge) & (fall < none) else NONE


@kernel
def _stop(stopping, out, outlook, i, k, whole, load):  # type: ignore[no-untyped-def]
    """Set row i of stopping from that of out.

    Whoever is recharged in any of the slices that can be looked ahead to needs no look at where that is.
    """
    none = U(NONE)
    if load == U(0):
        for j in range(I(out.shape[1])):
            stopping[i, j] = out[i, j]
        return
    run, dip, calm = outlook.run, outlook.dip, outlook.calm
    # a stop that begins as late as may be ends so many slices later
    reach = U(U(outlook.balance.shape[1]) + U(whole + U(2)))
    for n in range(I(0), I(out.shape[1]), I(_GROUP)):
        end, short = min(I(n + I(_GROUP)), I(out.shape[1])), U(0)
        for j in range(n, end):
            value = out[i, j]
            home = value < none
            falls = home & (value > U(0))
            slices = U(run[i, j] + U(1)) if home else U(0)
            quiet = U(0) if falls else U(calm[i, j] + U(1))
            deepest = dip[i, j] if home & (quiet <= reach) else U(0)
            deepest = value if falls & (value > deepest) else deepest
            run[i, j], calm[i, j], dip[i, j] = slices, quiet, deepest
            needed = U(U(value + load) + deepest)
            stopping[i, j] = needed if home & (needed < none) else none
            short |= U(1) if home & (slices < reach) else U(0)
        if short != U(0):
            _too_short(stopping, out, outlook, i, k, U(whole + U(2)), n, end)


@kernel
def _too_short(stopping, out, outlook, i, k, more, begin, end):  # type: ignore[no-untyped-def]
    """Leave out cells that are havens for too few slices on end: those until recharged, and `more`.

    Where nothing falls, the slice ahead makes it no later if it gives no less than the last one that was needed.
    """
    run, soon, due, balance = outlook.run, outlook.soon, outlook.due, outlook.balance
    slots = I(balance.shape[1])
    first = I((k + I(1)) % slots)
    for j in range(begin, end):
        slices = run[i, j]
        if slices == U(0):
            continue
        found = soon[i, j]
        if slices > U(1) and out[i, j] == U(0):
            before = due[i, j]
            last = I(first + I(before))
            last = last if last < slots else I(last - slots)
            known = I(before) + I(1) < slots and balance[i, first, j] >= balance[i, last, j]
            found = min(found, before if known else U(before + U(1)))
        due[i, j] = found
        if slices < U(found + more):
            stopping[i, j] = U(NONE)


@kernel
def _remember(outlook, i, k):  # type: ignore[no-untyped-def]
    """Store the balance of slice k, and forget that of k + ahead: the next slice does not look so far."""
    balance, gains, row = outlook.balance, outlook.gains, outlook.row
    slots = I(balance.shape[1])
    here = I(k % slots)
    oldest = I(here - I(1)) if here > I(0) else I(slots - I(1))
    for j in range(I(row.size)):
        new, old = row[j], balance[i, oldest, j]
        gain = U(U(new) + U(1)) if new > np.float32(0.0) else U(0)
        loss = U(U(old) + U(1)) if old > np.float32(0.0) else U(0)
        gains[i, j] = U(U(gains[i, j] + gain) - loss)
        balance[i, here, j] = new
