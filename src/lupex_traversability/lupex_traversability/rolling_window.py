# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A square of cells that moves with the rover by whole cells."""

import math
from typing import Any

from numba import njit
from numpy.typing import NDArray

_FARTHEST = 2**30
"""Cells: farther than any window reaches, and far from where integers wrap around."""


def corner_of(x_m: float, y_m: float, cell_m: float, size: int) -> tuple[int, int]:
    """Return (row, column), counted from odom's origin, of the first cell of a window with a place in its middle."""
    return math.floor(y_m / cell_m) - size // 2, math.floor(x_m / cell_m) - size // 2


def scroll(grid: NDArray[Any], rows: int, columns: int, fill: float) -> None:
    """Move the content so that old [r + rows, c + columns] becomes [r, c]; what comes into the window is `fill`."""
    if rows == 0 and columns == 0:
        return
    # one who leaps farther than the window sees nothing of before: clipped, so that no leap is too far for an integer
    down, right = (max(-_FARTHEST, min(by, _FARTHEST)) for by in (rows, columns))
    _scroll(grid, down, right, grid.dtype.type(fill))


@njit(cache=True)
def _scroll(grid, rows, columns, fill):  # type: ignore[no-untyped-def]
    """Copy in the order in which no cell is overwritten before it was read: a copy of the grid costs as much again."""
    ny, nx = grid.shape
    for step in range(ny):
        i = step if rows >= 0 else ny - 1 - step
        if not 0 <= i + rows < ny:
            grid[i, :] = fill
        elif columns >= 0:
            for j in range(nx):
                grid[i, j] = grid[i + rows, j + columns] if j + columns < nx else fill
        else:
            for j in range(nx - 1, -1, -1):
                grid[i, j] = grid[i + rows, j + columns] if j + columns >= 0 else fill
