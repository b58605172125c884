# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud in odom: which ray each point came back on, and what the points of a cell say together."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.rover import Body, Lidar
from lupex_traversability.config import MapConfig

Array = NDArray[np.float64]
Points = NDArray[np.float32]

INFORMATION, HEIGHT, LOWEST, HIGHEST = 0, 1, 2, 3
"""Of the sums over a cell; the height is weighed by the information."""


@dataclass(frozen=True)
class BinnedCloud:
    """A cloud from `origin_m`, gathered into the cells of a window.

    `world_m` (n, 3) are the points; `image` (rings, rays) their indices, -1 where no point is believed; `cells` (k, 2)
    row and column of the cells with points in them, and `sums` (size, size, 4) what these say.
    """

    origin_m: Array
    rotation: Array
    corner: tuple[int, int]
    world_m: Array
    image: NDArray[np.int32]
    cells: NDArray[np.int32]
    sums: Array
    used: int


class CloudBinning:
    """Gathers clouds into windows of `size` cells a side; the last cloud's sums are overwritten by the next."""

    def __init__(self, config: MapConfig, lidar: Lidar, body: Body | None, size: int) -> None:
        self._config = config
        self._lidar = lidar
        self._sums: Array = np.empty((size, size, 4))
        self._touched: NDArray[np.int32] = np.zeros((0, 2), np.int32)
        _empty(self._sums, np.array([(i, j) for i in range(size) for j in range(size)], np.int32))
        step_rad = (lidar.elevation_max_rad - lidar.elevation_min_rad) / max(lidar.rows - 1, 1)
        # without a body no point lies within it
        own = (
            (-1.0, -1.0)
            if body is None
            else (0.5 * body.length_m + config.own_margin_m, 0.5 * body.width_m + config.own_margin_m)
        )
        self._mount_m = np.array([lidar.x_m, lidar.y_m, lidar.z_m])
        self._pattern = np.array(
            [lidar.range_min_m, lidar.range_max_m, lidar.elevation_min_rad, step_rad, lidar.x_m, lidar.y_m, *own]
        )

    def bin(self, points: Points, position_m: Array, rotation: Array, corner: tuple[int, int]) -> BinnedCloud:
        """Gather points (n, >= 3) of the lidar's frame, seen from base_link's pose in odom.

        Points that are not finite, out of range, on the rover itself, strays or off the window are passed over.
        """
        config, lidar = self._config, self._lidar
        _empty(self._sums, self._touched)
        origin = position_m + rotation @ self._mount_m
        image = np.full((lidar.rows, lidar.columns), -1, np.int32)
        world, ranges, pixel = _place(points, rotation, origin, image, self._pattern)
        numbers = np.array(
            [
                config.cell_m,
                lidar.range_sigma_m,
                config.attitude_sigma_rad,
                config.support_m,
                config.support_ratio,
            ]
        )
        self._touched, used = _gather(world, ranges, pixel, image, origin, self._sums, corner, numbers)
        return BinnedCloud(origin, rotation, corner, world, image, self._touched, self._sums, int(used))


def level_ground(lidar: Lidar) -> Points:
    """Return the cloud (n, 3) of level ground under a level rover."""
    elevation = np.linspace(lidar.elevation_min_rad, lidar.elevation_max_rad, lidar.rows)
    azimuth = np.arange(lidar.columns) * (2.0 * np.pi / lidar.columns)
    down, around = (grid.ravel() for grid in np.meshgrid(elevation[elevation < 0.0], azimuth, indexing="ij"))
    flat_m = lidar.z_m / np.tan(-down)
    return np.stack([flat_m * np.cos(around), flat_m * np.sin(around), np.full(flat_m.size, -lidar.z_m)], -1).astype(
        np.float32
    )


@njit(cache=True)
def _empty(sums, cells):  # type: ignore[no-untyped-def]
    for k in range(cells.shape[0]):
        row, column = cells[k]
        sums[row, column, 0] = 0.0
        sums[row, column, 1] = 0.0
        sums[row, column, 2] = np.inf
        sums[row, column, 3] = -np.inf


@njit(cache=True)
def _place(points, rotation, origin, image, pattern):  # type: ignore[no-untyped-def]
    """Turn points into odom and find the ray of each: its ring and its place on it; a range of 0 means of no use."""
    range_min, range_max, elevation_min, step, mount_x, mount_y, own_x, own_y = pattern
    rows, columns = image.shape
    world = np.empty((points.shape[0], 3))
    ranges = np.zeros(points.shape[0])
    pixel = np.full((points.shape[0], 2), -1, np.int32)
    for k in range(points.shape[0]):
        x, y, z = float(points[k, 0]), float(points[k, 1]), float(points[k, 2])
        distance = math.sqrt(x * x + y * y + z * z)
        if not (distance >= range_min and distance <= range_max):
            continue
        if abs(x + mount_x) <= own_x and abs(y + mount_y) <= own_y:
            continue
        ranges[k] = distance
        for axis in range(3):
            world[k, axis] = origin[axis] + rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2] * z
        ring = math.floor((math.asin(z / distance) - elevation_min) / step + 0.5)
        ray = math.floor(math.atan2(y, x) / (2.0 * math.pi) * columns + 0.5) % columns
        if 0 <= ring < rows:
            image[ring, ray] = k
            pixel[k, 0], pixel[k, 1] = ring, ray
    return world, ranges, pixel


@njit(cache=True)
def _supported(k, world, image, ring, ray, reach):  # type: ignore[no-untyped-def]
    """Tell whether a ray beside, above or below a point's own returned from within reach of it.

    A small rock far away returns two rays, side by side or one above the other; asking those at the corners too
    would let twice as many strays stand for one another.
    """
    if ring < 0:
        return False
    rows, columns = image.shape
    for up, aside in ((0, 1), (0, -1), (0, 2), (0, -2), (1, 0), (-1, 0)):
        if ring + up < 0 or ring + up >= rows:
            continue
        other = image[ring + up, (ray + aside) % columns]
        if other >= 0 and other != k:
            dx = world[other, 0] - world[k, 0]
            dy = world[other, 1] - world[k, 1]
            dz = world[other, 2] - world[k, 2]
            if dx * dx + dy * dy + dz * dz <= reach * reach:
                return True
    return False


@njit(cache=True)
def _gather(world, ranges, pixel, image, origin, sums, corner, numbers):  # type: ignore[no-untyped-def]
    """Sum up supported points by cell; return the cells and the number of points, and take strays out of the image.

    A point that no neighbouring ray supports is a stray: what is wider than the rays' spacing returns more than one.
    """
    cell, range_sigma, attitude_sigma, support, ratio = numbers
    n = sums.shape[0]
    cells = np.empty((world.shape[0], 2), np.int32)
    count, used = 0, 0
    for k in range(world.shape[0]):
        if ranges[k] == 0.0:
            continue
        if not _supported(k, world, image, pixel[k, 0], pixel[k, 1], support + ratio * ranges[k]):
            ranges[k] = 0.0
            continue
        px, py, pz = world[k]
        row = math.floor(py / cell) - corner[0]
        column = math.floor(px / cell) - corner[1]
        if column < 0 or row < 0 or column >= n or row >= n:
            continue
        used += 1
        flat = math.sqrt((px - origin[0]) ** 2 + (py - origin[1]) ** 2)
        sine = (pz - origin[2]) / ranges[k]
        information = 1.0 / ((range_sigma * sine) ** 2 + (attitude_sigma * flat) ** 2 + 1e-8)
        if sums[row, column, 0] == 0.0:
            cells[count, 0], cells[count, 1] = row, column
            count += 1
        sums[row, column, 0] += information
        sums[row, column, 1] += information * pz
        sums[row, column, 2] = min(sums[row, column, 2], pz)
        sums[row, column, 3] = max(sums[row, column, 3], pz)
    for k in range(world.shape[0]):
        if ranges[k] == 0.0 and pixel[k, 0] >= 0 and image[pixel[k, 0], pixel[k, 1]] == k:
            image[pixel[k, 0], pixel[k, 1]] = -1
    return cells[:count].copy(), used
