# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A costmap around the rover, and the room around each of its cells."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

LETHAL = 100


@dataclass(frozen=True)
class Costmap:
    """Costs (ny, nx) int8: 0..99, 100 lethal, -1 unknown; (x0_m, y0_m) is the outer corner of cell [0, 0] in odom."""

    time_s: float
    cost: NDArray[np.int8]
    x0_m: float
    y0_m: float
    cell_m: float

    def centres(self) -> tuple[Array, Array]:
        """Return x_m and y_m (ny, nx) of the cells."""
        ny, nx = self.cost.shape
        return np.meshgrid(
            self.x0_m + self.cell_m * (np.arange(nx) + 0.5), self.y0_m + self.cell_m * (np.arange(ny) + 0.5)
        )

    def around(self, x_m: float, y_m: float, half_m: float) -> "Costmap":
        """Return the part within half_m of a place along each axis, whole cells, empty when it lies outside."""
        ny, nx = self.cost.shape
        bounds = []
        for at, origin, count in ((y_m, self.y0_m, ny), (x_m, self.x0_m, nx)):
            first = math.floor((at - half_m - origin) / self.cell_m)
            last = math.ceil((at + half_m - origin) / self.cell_m)
            bounds.append((min(max(first, 0), count), min(max(last, 0), count)))
        (top, bottom), (left, right) = bounds
        part = self.cost[top:bottom, left:right].copy()
        return Costmap(self.time_s, part, self.x0_m + left * self.cell_m, self.y0_m + top * self.cell_m, self.cell_m)

    def cell(self, x_m: float, y_m: float) -> tuple[int, int] | None:
        """Return (row, column) of the cell that holds a place, None outside."""
        row, column = math.floor((y_m - self.y0_m) / self.cell_m), math.floor((x_m - self.x0_m) / self.cell_m)
        ny, nx = self.cost.shape
        return (row, column) if 0 <= row < ny and 0 <= column < nx else None


def signed_clearance(costmap: Costmap) -> NDArray[np.float32]:
    """Return the distance [m] of each cell's centre to the nearest lethal or unknown cell's edge, negative within one.

    Beyond the costmap all is unknown.
    """
    blocked = np.pad((costmap.cost < 0) | (costmap.cost >= LETHAL), 1, constant_values=True)
    outside = _distance(blocked)[1:-1, 1:-1]
    # how deep matters only right around the rover, which may have to find out of it
    inside = _distance(~blocked)[1:-1, 1:-1] if (costmap.cost >= LETHAL).any() else 0.0
    return np.asarray((np.where(outside > 0, outside - 0.5, 0.5 - inside) * costmap.cell_m), np.float32)


@njit(cache=True, nogil=True)
def _distance(marked):  # type: ignore[no-untyped-def]
    """Return the distance of each cell (ny, nx), in cells, to the nearest marked one; inf where there is none.

    Meijster, Roerdink and Hesselink (2000): first along columns, then the lower envelope along each row.
    """
    ny, nx = marked.shape
    far = ny + nx
    down = np.empty((ny, nx), np.int64)
    for i in range(ny):
        for j in range(nx):
            down[i, j] = 0 if marked[i, j] else (down[i - 1, j] + 1 if i > 0 else far)
    for i in range(ny - 2, -1, -1):
        for j in range(nx):
            down[i, j] = min(down[i, j], down[i + 1, j] + 1)
    away = np.empty((ny, nx))
    place, begin = np.empty(nx, np.int64), np.empty(nx, np.int64)
    for i in range(ny):
        last = 0
        place[0], begin[0] = 0, 0
        for j in range(1, nx):
            mine = down[i, j] * down[i, j]
            while last >= 0:
                p, at = place[last], begin[last]
                if (at - p) ** 2 + down[i, p] ** 2 <= (at - j) ** 2 + mine:
                    break
                last -= 1
            if last < 0:
                last, place[0], begin[0] = 0, j, 0
                continue
            p = place[last]
            first = 1 + (j * j - p * p + mine - down[i, p] ** 2) // (2 * (j - p))
            if first < nx:
                last += 1
                place[last], begin[last] = j, first
        for j in range(nx - 1, -1, -1):
            p = place[last]
            away[i, j] = math.sqrt((j - p) ** 2 + down[i, p] ** 2) if down[i, p] < far else np.inf
            if j == begin[last]:
                last -= 1
    return away
