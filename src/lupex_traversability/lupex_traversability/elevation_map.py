# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rolling map of the ground's height around the rover, fused from lidar clouds."""

import math
from collections import deque

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.rover import Lidar
from lupex_traversability.config import MapConfig

Array = NDArray[np.float64]
Grid = NDArray[np.float32]

UNKNOWN, ASSUMED, BETWEEN, SEEN = 0, 1, 2, 3
"""Where a cell's height comes from: nowhere; standing on it or assumption; between two rings; points in it."""


class ElevationMap:
    """Square of n x n cells in odom, rows along y, columns along x, that scrolls by whole cells.

    `height_m`, `variance_m2`, `low_m` and `high_m` (lowest and highest of the cell) hold where `source` is not UNKNOWN;
    `hidden_m` bounds the relief that the rays could have missed there. Cell [0, 0] has its centre at
    ((corner_x + 0.5) cell, (corner_y + 0.5) cell).
    """

    def __init__(self, config: MapConfig, lidar: Lidar) -> None:
        self.config = config
        self.lidar = lidar
        self.size = round(config.size_m / config.cell_m)
        shape = (self.size, self.size)
        self.corner_x = 0
        self.corner_y = 0
        self.height_m: Grid = np.zeros(shape, np.float32)
        self.variance_m2: Grid = np.zeros(shape, np.float32)
        self.low_m: Grid = np.zeros(shape, np.float32)
        self.high_m: Grid = np.zeros(shape, np.float32)
        self.hidden_m: Grid = np.full(shape, np.inf, np.float32)
        self.source: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self._hits: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self._contradictions: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self._sums: Array = np.zeros((4, *shape))
        self._place: Array | None = None
        self._trail: deque[tuple[Array, Array]] = deque(maxlen=max(1, round(config.trail_m / config.trail_step_m)))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Cells whose height may be relied on."""
        return np.asarray((self.source != UNKNOWN) & (self.hidden_m <= self.config.hidden_max_m))

    @property
    def origin_m(self) -> tuple[float, float]:
        """Outer corner of cell [0, 0] in odom."""
        return self.corner_x * self.config.cell_m, self.corner_y * self.config.cell_m

    def insert(self, points: NDArray[np.float32], position_m: Array, rotation: Array) -> int:
        """Fuse one cloud and return the number of points used.

        `points` (n, >= 3) in the lidar's frame; `position_m` (3,) and `rotation` (3, 3) are base_link's in odom.
        Points that are not finite, out of the sensor's range or off the map are passed over. Raises ValueError for a
        pose that is not finite.
        """
        if not (np.isfinite(position_m).all() and np.isfinite(rotation).all()):
            raise ValueError("the pose of a cloud must be finite")
        first = self._place is None
        self._scroll(position_m)
        config, lidar = self.config, self.lidar
        mount = np.array([lidar.x_m, lidar.y_m, lidar.z_m])
        origin = position_m + rotation @ mount
        if first:
            self._assume(position_m, rotation, config.start_clear_radius_m)
        step_rad = (lidar.elevation_max_rad - lidar.elevation_min_rad) / max(lidar.rows - 1, 1)
        image = np.full((lidar.rows, lidar.columns), -1, np.int32)
        world, used = _bin(
            points,
            rotation,
            origin,
            self._sums,
            image,
            np.array(
                [
                    config.cell_m,
                    self.corner_x,
                    self.corner_y,
                    lidar.range_min_m,
                    lidar.range_max_m,
                    lidar.range_sigma_m,
                    config.attitude_sigma_rad,
                    lidar.elevation_min_rad,
                    step_rad,
                    config.support_m,
                    config.support_ratio,
                ]
            ),
        )
        layers = (self.height_m, self.variance_m2, self.low_m, self.high_m, self.hidden_m)
        _fuse(
            self._sums,
            *layers,
            self.source,
            self._hits,
            self._contradictions,
            config.sigma_min_m**2,
            config.gate_sigma,
            config.contradictions,
            config.trusted_hits,
            config.extent_keep,
        )
        _fill_between(
            world,
            image,
            origin,
            *layers,
            self.source,
            np.array(
                [config.cell_m, self.corner_x, self.corner_y, config.gap_max_m, config.hole_ratio, config.hidden_max_m]
            ),
        )
        self._stand(position_m, rotation)
        self._assume(position_m, rotation, config.standing_radius_m)
        if not self._trail or np.linalg.norm(position_m - self._trail[-1][0]) >= config.trail_step_m:
            self._trail.append((position_m.copy(), rotation.copy()))
        return int(used)

    def forget(self) -> None:
        """Begin the map anew, but for the ground that the rover has just driven over: that is no matter of the lidar.

        For a map that a wrong pose has ruined, where obstacles stand that no cloud reaches to disprove.
        """
        self.source[:] = UNKNOWN
        self.hidden_m[:] = np.inf
        self._hits[:] = 0
        self._contradictions[:] = 0
        inside_m = 0.5 * self.size * self.config.cell_m - self.config.standing_radius_m - 2.0 * self.config.cell_m
        for position_m, rotation in reversed(self._trail):
            if self._place is not None and np.abs(position_m - self._place)[:2].max() < inside_m:
                self._assume(position_m, rotation, self.config.standing_radius_m)

    def _scroll(self, position_m: Array) -> None:
        """Move the window so that the rover is in its middle; remembered heights lose certainty with distance."""
        cell = self.config.cell_m
        corner_x = math.floor(position_m[0] / cell) - self.size // 2
        corner_y = math.floor(position_m[1] / cell) - self.size // 2
        if self._place is not None:
            driven = float(np.linalg.norm(position_m - self._place))
            self.variance_m2 += np.float32((self.config.drift_m_per_m * driven) ** 2)
            _shift(self.source, corner_y - self.corner_y, corner_x - self.corner_x, 0)
            for grid in (self.height_m, self.variance_m2, self.low_m, self.high_m):
                _shift(grid, corner_y - self.corner_y, corner_x - self.corner_x, 0.0)
            _shift(self.hidden_m, corner_y - self.corner_y, corner_x - self.corner_x, math.inf)
            for counts in (self._hits, self._contradictions):
                _shift(counts, corner_y - self.corner_y, corner_x - self.corner_x, 0)
        self.corner_x, self.corner_y = corner_x, corner_y
        self._place = position_m.copy()

    def _stand(self, position_m: Array, rotation: Array) -> None:
        """Forget heights under the body that the standing rover disproves."""
        config = self.config
        rows, columns, x, y = self._around(position_m, config.body_radius_m)
        plane = position_m[2] - (rotation[0, 2] * x + rotation[1, 2] * y) / rotation[2, 2]
        high = self.high_m[rows, columns] > plane + config.clearance_m
        low = self.low_m[rows, columns] < plane - config.clearance_m
        wrong = (x * x + y * y <= config.body_radius_m**2) & (high | low)
        self.source[rows, columns][wrong] = UNKNOWN
        self.hidden_m[rows, columns][wrong] = np.inf
        self._hits[rows, columns][wrong] = 0

    def _around(self, position_m: Array, radius_m: float) -> tuple[slice, slice, Array, Array]:
        """Return rows and columns about the rover, and the offsets x (1, n) and y (n, 1) of their centres from it."""
        cell = self.config.cell_m
        reach = math.ceil(radius_m / cell) + 1
        middle_x = math.floor(position_m[0] / cell) - self.corner_x
        middle_y = math.floor(position_m[1] / cell) - self.corner_y
        rows = slice(max(middle_y - reach, 0), middle_y + reach + 1)
        columns = slice(max(middle_x - reach, 0), middle_x + reach + 1)
        y = ((np.arange(self.size)[rows] + self.corner_y + 0.5) * cell - position_m[1])[:, None]
        x = ((np.arange(self.size)[columns] + self.corner_x + 0.5) * cell - position_m[0])[None, :]
        return rows, columns, x, y

    def _assume(self, position_m: Array, rotation: Array, radius_m: float) -> None:
        """Take unknown cells within a radius as lying in the plane that the rover stands on."""
        normal = rotation[:, 2]
        rows, columns, x, y = self._around(position_m, radius_m)
        known = self.known[rows, columns]
        take = (x * x + y * y <= radius_m**2) & ~known
        height = (position_m[2] - (normal[0] * x + normal[1] * y) / normal[2]).astype(np.float32)
        for grid in (self.height_m, self.low_m, self.high_m):
            grid[rows, columns][take] = height[take]
        self.variance_m2[rows, columns][take] = np.float32(self.config.sigma_min_m**2)
        self.hidden_m[rows, columns][take] = 0.0
        self.source[rows, columns][take] = ASSUMED


def _shift(grid: NDArray, rows: int, columns: int, fill: float) -> None:  # type: ignore[type-arg]
    """Move the content so that old [r + rows, c + columns] becomes [r, c]."""
    n = grid.shape[0]
    if rows == 0 and columns == 0:
        return
    old = grid.copy()
    grid.fill(fill)
    if abs(rows) >= n or abs(columns) >= n:
        return
    to_rows, from_rows = slice(max(-rows, 0), n - max(rows, 0)), slice(max(rows, 0), n - max(-rows, 0))
    to_columns = slice(max(-columns, 0), n - max(columns, 0))
    from_columns = slice(max(columns, 0), n - max(-columns, 0))
    grid[to_rows, to_columns] = old[from_rows, from_columns]


@njit(cache=True)
def _supported(k, world, image, ring, ray, reach):  # type: ignore[no-untyped-def]
    """Tell whether a neighbouring ray returned a point within reach of one; first the rays beside it are asked."""
    if ring < 0:
        return False
    rows, columns = image.shape
    for up in (0, -1, 1):
        if ring + up < 0 or ring + up >= rows:
            continue
        for aside in (1, -1, 0, 2, -2):
            other = image[ring + up, (ray + aside) % columns]
            if other >= 0 and other != k:
                dx = world[other, 0] - world[k, 0]
                dy = world[other, 1] - world[k, 1]
                dz = world[other, 2] - world[k, 2]
                if dx * dx + dy * dy + dz * dz <= reach * reach:
                    return True
    return False


@njit(cache=True)
def _bin(points, rotation, origin, sums, image, numbers):  # type: ignore[no-untyped-def]
    """Turn points into odom and gather them by cell: information, information x height, lowest, highest.

    `image` (rings, rays) is filled with the points' indices, -1 where there is none. A point that no neighbouring ray
    supports is a stray and left out: what is wider than the rays' spacing returns more than one of them.
    """
    cell, corner_x, corner_y, range_min, range_max, range_sigma, attitude_sigma, elevation_min, step, near, slope = (
        numbers
    )
    n = sums.shape[1]
    sums[0] = 0.0
    sums[1] = 0.0
    sums[2] = np.inf
    sums[3] = -np.inf
    rows, columns = image.shape
    world = np.empty((points.shape[0], 3))
    ranges = np.zeros(points.shape[0])
    pixel = np.full((points.shape[0], 2), -1, np.int32)
    for k in range(points.shape[0]):
        x, y, z = float(points[k, 0]), float(points[k, 1]), float(points[k, 2])
        distance = math.sqrt(x * x + y * y + z * z)
        if not (distance >= range_min and distance <= range_max):
            continue
        ranges[k] = distance
        for axis in range(3):
            world[k, axis] = origin[axis] + rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2] * z
        ring = math.floor((math.asin(z / distance) - elevation_min) / step + 0.5)
        ray = math.floor(math.atan2(y, x) / (2.0 * math.pi) * columns + 0.5) % columns
        if 0 <= ring < rows:
            image[ring, ray] = k
            pixel[k, 0], pixel[k, 1] = ring, ray
    used = 0
    for k in range(points.shape[0]):
        if ranges[k] == 0.0:
            continue
        if not _supported(k, world, image, pixel[k, 0], pixel[k, 1], near + slope * ranges[k]):
            ranges[k] = 0.0
            continue
        px, py, pz = world[k]
        column = math.floor(px / cell) - int(corner_x)
        row = math.floor(py / cell) - int(corner_y)
        if column < 0 or row < 0 or column >= n or row >= n:
            continue
        used += 1
        flat = math.hypot(px - origin[0], py - origin[1])
        sine = (pz - origin[2]) / ranges[k]
        information = 1.0 / ((range_sigma * sine) ** 2 + (attitude_sigma * flat) ** 2 + 1e-8)
        sums[0, row, column] += information
        sums[1, row, column] += information * pz
        sums[2, row, column] = min(sums[2, row, column], pz)
        sums[3, row, column] = max(sums[3, row, column], pz)
    for k in range(points.shape[0]):
        if ranges[k] == 0.0 and pixel[k, 0] >= 0 and image[pixel[k, 0], pixel[k, 1]] == k:
            image[pixel[k, 0], pixel[k, 1]] = -1
    return world, used


@njit(cache=True)
def _fuse(sums, height, variance, low, high, hidden, source, hits, contradictions, floor, gate, limit, trusted, keep):  # type: ignore[no-untyped-def]
    n = height.shape[0]
    for i in range(n):
        for j in range(n):
            information = sums[0, i, j]
            if information == 0.0:
                continue
            z = sums[1, i, j] / information
            r = 1.0 / information + floor
            bottom, top = sums[2, i, j], sums[3, i, j]
            afresh = source[i, j] != SEEN
            if not afresh:
                offset = z - height[i, j]
                total = variance[i, j] + r
                if offset * offset > gate * gate * total:
                    contradictions[i, j] = min(contradictions[i, j] + 1, 255)
                    afresh = contradictions[i, j] >= limit
                    # one stray point does not make an obstacle of well-known ground; twice, or on new ground, it does
                    if not afresh and (hits[i, j] < trusted or contradictions[i, j] > 1):
                        low[i, j] = min(low[i, j], bottom)
                        high[i, j] = max(high[i, j], top)
                else:
                    contradictions[i, j] = 0
                    hits[i, j] = min(hits[i, j] + 1, 255)
                    gain = variance[i, j] / total
                    m = height[i, j] + gain * offset
                    height[i, j] = m
                    variance[i, j] = max((1.0 - gain) * variance[i, j], floor)
                    low[i, j] = min(bottom, m + keep * (low[i, j] - m))
                    high[i, j] = max(top, m + keep * (high[i, j] - m))
            if afresh:
                height[i, j] = z
                variance[i, j] = r
                low[i, j] = bottom
                high[i, j] = top
                source[i, j] = SEEN
                hits[i, j] = 1
                contradictions[i, j] = 0
            hidden[i, j] = 0.0


@njit(cache=True)
def _fill_between(world, image, origin, height, variance, low, high, hidden, source, numbers):  # type: ignore[no-untyped-def]
    """Bound the ground between neighbouring rings: below the farther ray, no hole deeper than `hole_ratio` allows."""
    cell, corner_x, corner_y, gap_max, hole_ratio, hidden_max = numbers
    n = height.shape[0]
    rows, columns = image.shape
    for ray in range(columns):
        for ring in range(rows - 1):
            a, b = image[ring, ray], image[ring + 1, ray]
            if a < 0 or b < 0:
                continue
            ax, ay, az = world[a]
            bx, by, bz = world[b]
            near = math.hypot(ax - origin[0], ay - origin[1])
            far = math.hypot(bx - origin[0], by - origin[1])
            gap = far - near
            if gap <= 0.5 * cell or gap > gap_max:
                continue
            steps = math.ceil(gap / (0.5 * cell))
            for s in range(1, steps):
                share = s / steps
                x = ax + share * (bx - ax)
                y = ay + share * (by - ay)
                column = int(math.floor(x / cell) - corner_x)
                row = int(math.floor(y / cell) - corner_y)
                if column < 0 or row < 0 or column >= n or row >= n or source[row, column] == SEEN:
                    continue
                z = az + share * (bz - az)
                above = origin[2] + (bz - origin[2]) * (near + share * gap) / far
                bound = max(above - z, hole_ratio * gap)
                if bound < hidden[row, column] or (source[row, column] == ASSUMED and bound <= hidden_max):
                    height[row, column] = z
                    variance[row, column] = bound * bound / 12.0
                    low[row, column] = z
                    high[row, column] = z
                    hidden[row, column] = bound
                    source[row, column] = BETWEEN
