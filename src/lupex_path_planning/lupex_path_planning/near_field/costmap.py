# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The costmap as the local planner sees it, and the room around each of its cells."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

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
    outside = distance_transform_edt(~blocked)[1:-1, 1:-1]
    # how deep matters only right around the rover, which may have to find out of it
    inside = distance_transform_edt(blocked)[1:-1, 1:-1] if (costmap.cost >= LETHAL).any() else 0.0
    return np.asarray((np.where(outside > 0, outside - 0.5, 0.5 - inside) * costmap.cell_m), np.float32)
