# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Work arrays of one layer of the minimum safe charge: before the stop, or after it."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.way_back.labels import CLOSED, NONE, NOTHING, SHIFT

_BLOCK, _FLAGS = 64, 62
_LANES = 16
"""Cells in a line of the cache."""
BEHIND = _LANES - 1
"""Cells of the frame behind a row; before it is one."""


def block_of(nx: int) -> int:
    """Return how many cells of a row are worked on together: a row's blocks are the bits of one number."""
    return _BLOCK * -(-nx // (_BLOCK * _FLAGS))


class Layer(NamedTuple):
    """Arrays (ny + 2, 1 + cells + BEHIND) in a closed frame, rows of whole cache lines, and flags of rows (ny + 2).

    `x` labels and `y` their covers; `cost` (8, ...) price of the moves out of each cell; `first` label of waiting or of
    a haven; `ahead` and `later` value and time of the next slice's label; `wait` load of waiting for a slice; `floor`
    (value << 12 | before) and `least` what a stop asks for, at once or while waiting; `lit` least light over the time
    of a move; `free` all bits where any move leads on. The bits of flags are blocks of cells: `open` with cells that a
    move may serve better, `fallen` where one did, `dark` and `bright` those whose moves are priced without light and
    with more than they draw. `queue` and `visits` are cells by their place in the array.
    """

    x: Any
    y: Any
    cost: Any
    first: Any
    ahead: Any
    later: Any
    wait: Any
    least: Any
    floor: Any
    lit: Any
    free: Any
    row: Any
    down: Any
    up: Any
    along: Any
    open: Any
    fallen: Any
    dark: Any
    bright: Any
    queue: Any
    visits: Any


def layer(codes: NDArray[np.uint32]) -> Layer:
    """Return the arrays as they are after the last slice: nothing is known of what comes then.

    `codes` (8, ny, nx) are those of `packed_moves`.
    """
    _, ny, nx = codes.shape
    framed = (ny + 2, -(-nx // _LANES) * _LANES + 1 + BEHIND)
    labels = {name: _aligned(framed, NOTHING, np.uint32) for name in ("x", "y", "first")}
    zeros = {name: _aligned(framed, 0, np.uint32) for name in ("later", "wait", "least", "floor", "free")}
    zeros["free"][1:-1, 1 : nx + 1][(codes != 0).any(axis=0)] = np.uint32(2**32 - 1)
    flags = {name: np.zeros(ny + 2, np.uint64) for name in ("down", "up", "along", "open", "fallen", "dark", "bright")}
    cells = math.prod(framed)
    return Layer(
        **labels,
        **zeros,
        **flags,
        cost=_aligned((8, *framed), CLOSED, np.uint32),
        ahead=_aligned(framed, NONE << SHIFT, np.uint32),
        lit=_aligned(framed, np.inf, np.float32),
        row=_aligned((1, framed[1]), NOTHING, np.uint32),
        queue=np.empty(cells, np.int32),
        visits=np.zeros(cells, np.uint8),
    )


def _aligned(shape: tuple[int, ...], value: Any, kind: type[np.number[Any]]) -> NDArray[Any]:
    """Return an array whose rows have their first cell after the frame at the begin of a line of the cache."""
    count = math.prod(shape)
    room = np.empty(count + _LANES, kind)
    first = (-1 - room.ctypes.data // room.itemsize) % _LANES
    array = room[first : first + count].reshape(shape)
    array[...] = value
    return array
