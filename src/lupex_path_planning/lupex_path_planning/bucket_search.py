# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Shortest distances over a grid of eight neighbours, in order of buckets of keys.

Keys are sorted only into buckets of a width; a label that is improved is looked at again, so that distances are exact
whatever the width. With a width of at most the shortest edge that never happens (Dial 1969; Dinitz 1978).

Cells are given by their index in a flat map with a closed border of one cell, `stride` wide. `half` is half of the cost
of a metre in each cell, inf where it is closed: an edge costs its length times the sum of the halves of its two cells.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.heap import grown

Array = NDArray[np.float64]

LENGTHS = np.array([1.0, 1.0, 1.0, 1.0, math.sqrt(2.0), math.sqrt(2.0), math.sqrt(2.0), math.sqrt(2.0)])
"""Of the eight moves, in cells."""

_SLOTS_MAX = 1 << 16
_GUIDED_SLOTS_MAX = 1 << 20


def steps(stride: int) -> NDArray[np.uint64]:
    """Return what the eight moves add to the index of a cell, modulo 2^64."""
    return np.array([1, -1, stride, -stride, stride + 1, stride - 1, 1 - stride, -stride - 1]).astype(np.uint64)


def bucket_sizes(least: float, most: float, spread: float = 0.0) -> tuple[float, int]:
    """Return the width of a bucket and the number of buckets for halves between least and most.

    The keys that wait at one time differ by `spread` at the beginning.
    """
    return _sizes(2.0 * least, 4.0 * math.sqrt(2.0) * most + spread, _SLOTS_MAX)


def guided_bucket_sizes(least: float, most: float) -> tuple[float, int]:
    """Return width and number of the buckets of a search with a lower bound.

    A good lower bound leaves keys that differ by next to nothing: the buckets are a hundred times as narrow.
    """
    return _sizes(0.02 * least, 4.0 * math.sqrt(2.0) * most, _GUIDED_SLOTS_MAX)


def _sizes(width: float, longest: float, slots_max: int) -> tuple[float, int]:
    width = max(width, longest / (slots_max - 4))
    return width, 1 << math.ceil(math.log2(longest / width + 3.0))


@njit(cache=True, nogil=True)
def distances(half, source, target, moves, lengths, width, slots):  # type: ignore[no-untyped-def]
    """Return the distance of each cell from the source, complete as far as that of the target; all for target -1."""
    best = np.full(half.size, np.inf)
    best[source] = 0.0
    _spread(half, best, None, None, np.array([source]), target, np.inf, moves, lengths, width, slots)
    return best


@njit(cache=True, nogil=True)
def guided_distances(half, source, target, to_go, bound, moves, lengths, width, slots):  # type: ignore[no-untyped-def]
    """Return the distances of cells from the source that the way to the target may pass, inf elsewhere.

    `to_go`: a lower bound of the distance from each cell to the target, consistent (A*). Cells are left out where
    distance and lower bound exceed `bound`.
    """
    best = np.full(half.size, np.inf)
    best[source] = 0.0
    _spread(half, best, to_go, None, np.array([source]), target, bound, moves, lengths, width, slots)
    return best


@njit(cache=True, nogil=True)
def lower(half, best, changed, other, bound, moves, lengths, width, slots):  # type: ignore[no-untyped-def]
    """Lower the distances `best` in place to what cells that became cheaper make of them.

    Left as they are: distances that exceed `bound`, together with the field `other` where that is not None.
    """
    begin = np.empty(9 * changed.size, np.int64)
    count = 0
    for index in range(changed.size):
        cell = np.uint64(changed[index])
        for step in range(9):
            beside = cell if step == 8 else cell + moves[step]
            if best[beside] < np.inf:
                begin[count] = beside
                count += 1
    if count > 0:
        _spread(half, best, None, other, np.unique(begin[:count]), -1, bound, moves, lengths, width, slots)


@njit(cache=True, nogil=True)
def _spread(half, best, to_go, beyond, begin, target, bound, moves, lengths, width, slots):  # type: ignore[no-untyped-def]
    # unsigned indices: numba wraps signed ones around, which costs several times the search itself
    mask = np.int64(slots - 1)
    bound = min(bound, 1e300)
    head = np.full(slots, -1, np.int32)
    room = 1 << 14
    keys = np.empty(room)
    cells = np.empty(room, np.int32)
    after = np.empty(room, np.int32)
    free = np.int32(-1)
    used = 0
    inverse = 1.0 / width
    at = np.int64(1 << 62)
    for cell in begin:
        key = best[cell]
        if to_go is not None:
            key += to_go[cell]
        if key < np.inf:
            at = min(at, np.int64(key * inverse))
    live = 0
    for cell in begin:
        key = best[cell]
        if to_go is not None:
            key += to_go[cell]
        if not key < np.inf:
            continue
        if used == room:
            keys, cells, after, room = _more(keys, cells, after)
        slot = np.int64(key * inverse) & mask
        keys[used] = best[cell]
        cells[used] = cell
        after[used] = head[slot]
        head[slot] = used
        used += 1
        live += 1
    while live > 0:
        if head[np.uint64(at & mask)] < 0:
            at += 1
            if at * width > bound or (target >= 0 and best[target] * inverse < at):
                break
            continue
        # each look at a cell may add eight entries: room is made before, so that the loop itself never checks
        if used + 8 > room:
            keys, cells, after, room = _more(keys, cells, after)
        free, used, live = _drain(
            half,
            best,
            to_go,
            beyond,
            bound,
            moves,
            lengths,
            inverse,
            mask,
            head,
            keys,
            cells,
            after,
            free,
            used,
            live,
            at,
            room,
        )


@njit(cache=True, nogil=True)
def _drain(  # type: ignore[no-untyped-def]
    half,
    best,
    to_go,
    beyond,
    bound,
    moves,
    lengths,
    inverse,
    mask,
    head,
    keys,
    cells,
    after,
    free,
    used,
    live,
    at,
    room,
):
    """Empty one bucket, or as much of it as there is room for new entries."""
    slot = np.uint64(at & mask)
    while head[slot] >= 0 and used + 8 <= room:
        entry = head[slot]
        here = np.uint64(entry)
        head[slot] = after[here]
        distance = keys[here]
        cell = np.uint64(cells[here])
        after[here] = free
        free = entry
        live -= 1
        if distance > best[cell]:
            continue
        own = half[cell]
        for move in range(8):
            beside = cell + moves[move]
            value = distance + (own + half[beside]) * lengths[move]
            if value < best[beside]:
                key = value
                if to_go is not None:
                    key += to_go[beside]
                reach = key
                if beyond is not None:
                    reach = value + beyond[beside]
                if not reach <= bound:
                    continue
                best[beside] = value
                if free >= 0:
                    fresh = np.uint64(free)
                    free = after[fresh]
                else:
                    fresh = np.uint64(used)
                    used += 1
                keys[fresh] = value
                cells[fresh] = beside
                # a lower bound that rounds a hair off must not drop a cell behind the present bucket
                into = np.uint64(max(np.int64(key * inverse), at) & mask)
                after[fresh] = head[into]
                head[into] = np.int32(fresh)
                live += 1
    return free, used, live


@njit(cache=True, nogil=True)
def _more(keys, cells, after):  # type: ignore[no-untyped-def]
    size = 2 * keys.size
    return grown(keys, size), grown(cells, size), grown(after, size), size


@njit(cache=True, nogil=True)
def descend(half, best, cell, moves, lengths):  # type: ignore[no-untyped-def]
    """Return the cells of a shortest way from `cell` to the one whose distance in `best` is 0."""
    way = np.empty(1024, np.int64)
    way[0] = cell
    count = 1
    while best[cell] > 0.0:
        least = np.inf
        following = np.int64(-1)
        for move in range(8):
            beside = np.uint64(cell) + moves[move]
            value = best[beside] + (half[np.uint64(cell)] + half[beside]) * lengths[move]
            if value < least and best[beside] < best[cell]:
                least = value
                following = np.int64(beside)
        if following < 0:
            return way[:0]
        if count == way.size:
            way = grown(way, 2 * count)
        cell = following
        way[count] = cell
        count += 1
    return way[:count]
