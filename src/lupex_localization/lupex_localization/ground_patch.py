# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of a small elevation map that says how sure it is: a plane fitted to the points about each node.

A patch is a square of n x n nodes about its origin, x along columns; `sums` (2, n, n, 9) holds for each node, with the
weight of a tent that ends at the neighbours, sums of 1, x, y, z, xx, xy, yy, xz, yz with x, y from the node: of each
second point in one half, of the others in the other. Where the halves show the same slope it is relief, else noise.
"""

import math

import numpy as np
from numba import njit

SUMS = 9
HEIGHT, SLOPE_X, SLOPE_Y = 0, 1, 2
"""Layers of `fitted`."""
_LEAST_WEIGHT = 1.5
_LEAST_SPREAD = 0.15
"""Of the points about a node over that of a tent filled evenly."""


@njit(cache=True)
def insert(sums, points, cell):  # type: ignore[no-untyped-def]
    """Add points (m, 3) in the patch's axes to its sums."""
    n = sums.shape[1]
    middle = 0.5 * (n - 1)
    for k in range(points.shape[0]):
        column, row = points[k, 0] / cell + middle, points[k, 1] / cell + middle
        if not (column >= 0.0 and row >= 0.0 and column < n - 1 and row < n - 1):
            continue
        j, i = int(column), int(row)
        z = points[k, 2]
        for di in range(2):
            for dj in range(2):
                u, v = column - (j + dj), row - (i + di)
                w = (1.0 - abs(u)) * (1.0 - abs(v))
                x, y = u * cell, v * cell
                s = sums[k % 2, i + di, j + dj]
                s[0] += w
                s[1] += w * x
                s[2] += w * y
                s[3] += w * z
                s[4] += w * x * x
                s[5] += w * x * y
                s[6] += w * y * y
                s[7] += w * x * z
                s[8] += w * y * z


@njit(cache=True)
def fitted(sums, cell):  # type: ignore[no-untyped-def]
    """Return the planes (2, n, n, 3): height and slopes at the nodes of each half; nan where points are too few.

    Weighted least squares about the centroid.
    """
    n = sums.shape[1]
    out = np.full((2, n, n, 3), np.nan)
    least = _LEAST_SPREAD * cell * cell / 6.0
    for half in range(2):
        for i in range(n):
            for j in range(n):
                s = sums[half, i, j]
                w = s[0]
                if w < _LEAST_WEIGHT:
                    continue
                mx, my, mz = s[1] / w, s[2] / w, s[3] / w
                xx, xy, yy = s[4] / w - mx * mx, s[5] / w - mx * my, s[6] / w - my * my
                xz, yz = s[7] / w - mx * mz, s[8] / w - my * mz
                determinant = xx * yy - xy * xy
                if not determinant > least * least:
                    continue
                gx, gy = (yy * xz - xy * yz) / determinant, (xx * yz - xy * xz) / determinant
                plane = out[half, i, j]
                plane[0], plane[1], plane[2] = mz - gx * mx - gy * my, gx, gy
    return out


@njit(cache=True)
def surface(planes, x, y, cell):  # type: ignore[no-untyped-def]
    """Return (height, slopes along x and y of the halves: x, y, x, y) at a point; nan where a node is unknown."""
    n = planes.shape[1]
    middle = 0.5 * (n - 1)
    column, row = x / cell + middle, y / cell + middle
    if not (column >= 0.0 and row >= 0.0 and column < n - 1 and row < n - 1):
        return math.nan, 0.0, 0.0, 0.0, 0.0
    j, i = int(column), int(row)
    height = gx = gy = hx = hy = 0.0
    for di in range(2):
        for dj in range(2):
            u, v = column - (j + dj), row - (i + di)
            w = (1.0 - abs(u)) * (1.0 - abs(v))
            one, other = planes[0, i + di, j + dj], planes[1, i + di, j + dj]
            away_x, away_y = u * cell, v * cell
            height += 0.5 * w * (one[0] + other[0] + (one[1] + other[1]) * away_x + (one[2] + other[2]) * away_y)
            gx += w * one[1]
            gy += w * one[2]
            hx += w * other[1]
            hy += w * other[2]
    return height, gx, gy, hx, hy
