# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True need: the least energy with which the rover still gets home to light, by Dijkstra's algorithm in space and time.

Nothing here is shared with the planner, which works backwards over slices of time on what it believes; this goes
forwards from the rover's true place, with the time of each label carried exactly, over what is true.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEP_ROWS = np.array([0, 1, 1, 1, 0, -1, -1, -1])
STEP_COLUMNS = np.array([1, 1, 0, -1, -1, -1, 0, 1])
"""The eight moves, counter-clockwise from +x; row 0 of a grid has the smallest y."""

LABELS_A_PLACE = 3
"""Kept for one cell in one frame of light: each with less need, with more charge or earlier than the others."""


class TrueWay(NamedTuple):
    """What is true of the ways home, on cells (ny, nx) and frames of light (nt) that hold from their time on.

    (x0_m, y0_m) is the centre of cell [0, 0]. Drive energy is that at the bus; `discharge` turns a lack at the bus into
    energy taken from the cells, `charge` a surplus into energy stored.
    """

    x0_m: float
    y0_m: float
    cell_m: float
    drive_j: Array
    """(8, ny, nx) of each move out of a cell; inf where there is none, as over the edge. Half is spent in each cell."""
    drive_s: Array
    """(8, ny, nx)."""
    light: NDArray[np.float32]
    """(nt, ny, nx): share [0..1] of the Sun's disc at the array."""
    home: NDArray[np.bool_]
    """(nt, ny, nx): haven, and lit so that it gives more power than the parked rover draws."""
    start_s: float
    frame_s: float
    driving_w: float
    """Loads beside the drives while driving."""
    parked_w: float
    array_w: float
    """Of the array with the whole disc in sight."""
    charge_max_w: float
    discharge: float
    charge: float
    capacity_j: float
    """Usable energy of the full battery: a greater need is none that can be met."""


def cell_of(way: TrueWay, x_m: float, y_m: float) -> tuple[int, int] | None:
    """Return (row, column) of the cell that holds a place, None outside the grid."""
    row = math.floor((y_m - way.y0_m) / way.cell_m + 0.5)
    column = math.floor((x_m - way.x0_m) / way.cell_m + 0.5)
    _, ny, nx = way.light.shape
    return (row, column) if 0 <= row < ny and 0 <= column < nx else None


def starts(way: TrueWay, x_m: float, y_m: float) -> list[int]:
    """Return the cells (row * nx + column) that a way home may begin in: the place's own, or those around a closed one.

    None outside the grid: an empty list.
    """
    place = cell_of(way, x_m, y_m)
    if place is None:
        return []
    _, ny, nx = way.light.shape
    open_ = np.asarray(np.isfinite(way.drive_j).any(axis=0))
    row, column = place
    near = [
        (i, j)
        for i in range(max(row - 1, 0), min(row + 2, ny))
        for j in range(max(column - 1, 0), min(column + 2, nx))
        if open_[i, j]
    ]
    return [row * nx + column] if place in near or not near else [i * nx + j for i, j in near]


def true_need_j(way: TrueWay, x_m: float, y_m: float, time_s: float) -> float:
    """Return the least energy [J] above empty from which the rover never runs out before it stands at home.

    It may wait wherever it is. inf where no way leads home before the frames of light end, or where the full battery
    does not suffice; nan where place or time lie outside of what is known.

    A label is (need so far, energy gained or lost so far, time); need is the deepest loss along the way, never below 0.
    Need never falls along a way, so the first label taken at home is the least. Where labels are not exact: of those of
    one cell within one frame of light only LABELS_A_PLACE are kept, and of two with no more need and no less charge the
    later one may win. What is dropped is a way, never a cost, so the answer can only err high, by what that much time
    of waiting costs. A move meets the light of the frame it begins in. A battery that would be full on the way counts
    as able to take what the label's own need leaves free: low by what it is charged over.
    """
    cells = starts(way, x_m, y_m)
    frame = math.floor((time_s - way.start_s) / way.frame_s) if math.isfinite(time_s) else -1
    if not cells or not 0 <= frame < way.light.shape[0]:
        return math.nan
    return float(_search(way, np.array(cells), time_s))


@njit(cache=True)
def net_j(way, row, column, frame, drive_j, seconds, loads_w):  # type: ignore[no-untyped-def]
    """Return the energy [J] that the battery gains (loses: negative) in a cell, by a frame's light."""
    surplus = (way.array_w * way.light[frame, row, column] - loads_w) * seconds - drive_j
    if surplus < 0.0:
        return surplus * way.discharge
    return min(surplus, way.charge_max_w * seconds) * way.charge


@njit(cache=True)
def _search(way, cells, time_s):  # type: ignore[no-untyped-def]
    frames, ny, nx = way.light.shape
    first = int((time_s - way.start_s) // way.frame_s)
    slots = (frames - first) * ny * nx * LABELS_A_PLACE
    need = np.full(slots, np.inf)
    gained = np.empty(slots)
    time = np.empty(slots)
    heap = np.empty((1024, 2))
    labels = np.empty(1024, np.int64)
    size = 0
    for start in cells:
        begin = start * LABELS_A_PLACE
        need[begin], gained[begin], time[begin] = 0.0, 0.0, time_s
        size = _add(heap, labels, size, 0.0, time_s, begin)
    done = np.zeros(slots, np.bool_)
    while size > 0:
        key, label = heap[0, 0], labels[0]
        size = _drop_first(heap, labels, size)
        if done[label] or key > need[label]:
            continue
        done[label] = True
        place = label // LABELS_A_PLACE
        frame, cell = place // (ny * nx) + first, place % (ny * nx)
        if way.home[frame, cell // nx, cell % nx]:
            return need[label]
        for move in range(9):
            found, to_cell, at_s, needed, balance = _moved(
                way, frame, cell, move, need[label], gained[label], time[label]
            )
            to = frame + 1 if move == 8 else int((at_s - way.start_s) // way.frame_s)
            if not found or to >= frames:
                continue
            rate = net_j(way, to_cell // nx, to_cell % nx, to, 0.0, 1.0, way.parked_w)
            begin = ((to - first) * ny * nx + to_cell) * LABELS_A_PLACE
            slot = _slot(need, gained, time, begin, needed, balance, at_s, rate)
            if slot < 0:
                continue
            need[slot], gained[slot], time[slot], done[slot] = needed, balance, at_s, False
            if size == labels.size:
                heap = np.concatenate((heap, np.empty((size, 2))))
                labels = np.concatenate((labels, np.empty(size, np.int64)))
            size = _add(heap, labels, size, needed, at_s, slot)
    return np.inf


@njit(cache=True)
def _moved(way, frame, cell, move, need, gained, time):  # type: ignore[no-untyped-def]
    """Return (whether it can be made, cell, time, need, balance) after one of the moves, or after waiting: move 8.

    A wait lasts until the light changes.
    """
    nx = way.light.shape[2]
    i, j = cell // nx, cell % nx
    if move == 8:
        at_s = way.start_s + (frame + 1) * way.frame_s
        balance = gained + net_j(way, i, j, frame, 0.0, at_s - time, way.parked_w)
        needed = max(need, -balance)
        to_cell = cell
    else:
        if not way.drive_j[move, i, j] < np.inf:
            return False, cell, time, need, gained
        p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
        half_j, half_s = 0.5 * way.drive_j[move, i, j], 0.5 * way.drive_s[move, i, j]
        halfway = gained + net_j(way, i, j, frame, half_j, half_s, way.driving_w)
        balance = halfway + net_j(way, p, q, frame, half_j, half_s, way.driving_w)
        needed = max(need, -halfway, -balance)
        at_s = time + way.drive_s[move, i, j]
        to_cell = p * nx + q
    return needed <= way.capacity_j, to_cell, at_s, needed, min(balance, way.capacity_j - needed)


@njit(cache=True)
def _slot(need, gained, time, begin, needed, balance, at_s, rate):  # type: ignore[no-untyped-def]
    """Return where a label is to be kept among those of its place; -1 where one of them is as good.

    One that came earlier is compared as if it had waited here, at a rate of gain, until the new one came: else whoever
    drives about in the Sun would seem the better for the time gone by.
    """
    free, most = -1, begin
    for slot in range(begin, begin + LABELS_A_PLACE):
        if need[slot] == np.inf:
            free = slot
            continue
        waited = max(at_s - time[slot], 0.0) * rate
        then = gained[slot] + waited
        if max(need[slot], -then) <= needed and then >= balance:
            return -1
        if needed <= need[slot] and balance >= gained[slot] and at_s <= time[slot]:
            free = slot
        if need[slot] > need[most]:
            most = slot
    if free >= 0:
        return free
    return most if need[most] > needed else -1


@njit(cache=True)
def _add(heap, labels, size, need, time, label):  # type: ignore[no-untyped-def]
    """Put a label into the heap, which is ordered by need and then by time."""
    k = size
    while k > 0:
        above = (k - 1) // 2
        if heap[above, 0] < need or (heap[above, 0] == need and heap[above, 1] <= time):
            break
        heap[k], labels[k] = heap[above], labels[above]
        k = above
    heap[k, 0], heap[k, 1], labels[k] = need, time, label
    return size + 1


@njit(cache=True)
def _drop_first(heap, labels, size):  # type: ignore[no-untyped-def]
    size -= 1
    need, time, label = heap[size, 0], heap[size, 1], labels[size]
    k = 0
    while True:
        below = 2 * k + 1
        if below >= size:
            break
        other = below + 1
        if other < size and (
            heap[other, 0] < heap[below, 0] or (heap[other, 0] == heap[below, 0] and heap[other, 1] < heap[below, 1])
        ):
            below = other
        if heap[below, 0] > need or (heap[below, 0] == need and heap[below, 1] >= time):
            break
        heap[k], labels[k] = heap[below], labels[below]
        k = below
    heap[k, 0], heap[k, 1], labels[k] = need, time, label
    return size
