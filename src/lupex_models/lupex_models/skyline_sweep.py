# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of near terrain: one sweep an azimuth with the upper hull of what lies beyond."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

NO_TERRAIN_SLOPE = -1.0
"""Slope of a skyline where no terrain was found: 45 deg below the horizontal, lower than any real one."""


def near_skyline(
    near: HeightField,
    azimuths_rad: FloatArray,
    observer_height_m: float,
    rows: IntArray,
    columns: IntArray,
    far_slopes: Float32Array,
    far_inverse_distances: Float32Array,
    unit_rad: float,
    counts: npt.NDArray[np.int16],
) -> None:
    """Fill counts (azimuth, rows, columns) with the skyline of near and far terrain in units of unit_rad."""
    ny, nx = near.shape
    row_observers, column_observers = np.full(ny, -1), np.full(nx, -1)
    row_observers[rows] = np.arange(rows.size)
    column_observers[columns] = np.arange(columns.size)
    _sweep(
        near.heights_m,
        near.cell_m,
        azimuths_rad,
        observer_height_m,
        row_observers,
        column_observers,
        rows,
        columns,
        far_slopes,
        far_inverse_distances,
        unit_rad,
        counts,
    )


@njit(cache=True)
def _tangent(positions: FloatArray, heights: FloatArray, top: int, position: float, eye: float) -> int:
    # Along an upper hull the slope seen from a point before it rises to one maximum and falls again.
    best = (heights[top] - eye) / (positions[top] - position)
    k = top - 1
    while k >= 0:
        slope = (heights[k] - eye) / (positions[k] - position)
        if slope <= best:
            break
        best = slope
        k -= 1
    return k + 1


@njit(cache=True)
def _sweep_azimuth(
    flat: Float32Array,
    ny: int,
    nx: int,
    cell: float,
    azimuth: float,
    eye_height: float,
    row_observers: IntArray,
    column_observers: IntArray,
    slopes: Float32Array,
) -> None:
    dx, dy = math.sin(azimuth), math.cos(azimuth)
    by_rows = abs(dy) >= abs(dx)
    if by_rows:
        count, across, stride, across_stride = ny, nx, nx, 1
        forward, drift = dy >= 0.0, dx / abs(dy)
        along_observers, across_observers = row_observers, column_observers
    else:
        count, across, stride, across_stride = nx, ny, 1, nx
        forward, drift = dx >= 0.0, dy / abs(dx)
        along_observers, across_observers = column_observers, row_observers
    base = 0 if forward else (count - 1) * stride
    if not forward:
        stride = -stride
    length = cell * math.sqrt(1.0 + drift * drift)
    positions, hull, places = np.empty(count), np.empty(count), np.empty(count, dtype=np.int64)
    shift = (count - 1) * drift
    first = math.floor(min(0.0, -shift)) - 1
    last = math.ceil(max(across - 1.0, across - 1.0 - shift)) + 1
    for line in range(first, last + 1):
        top = -1
        for p in range(count - 1, -1, -1):
            q = line + p * drift
            if not (-1.0 < q < across):
                continue
            j = math.floor(q)
            f = q - j
            s = p * length
            observer = along_observers[p if forward else count - 1 - p]
            row = base + p * stride
            if observer >= 0:
                # The two lines that pass on either side of an observer say where its skyline may stand; how high it
                # stands there is taken on the observer's own ray, which lies between them.
                for side in range(2):
                    neighbour = j + side
                    beside = neighbour < 0 or neighbour >= across or (side == 1 and f == 0.0)
                    if top < 0 or beside or across_observers[neighbour] < 0:
                        continue
                    eye = flat[row + neighbour * across_stride] + eye_height
                    # Heights on the hull carry -s^2/2R: the observer's own such term makes the drop exact.
                    found = places[_tangent(positions, hull, top, s, eye - s * s / (2.0 * MOON_RADIUS_M))]
                    slope = NO_TERRAIN_SLOPE
                    for place in range(max(found - 1, p + 1), min(found + 2, count)):
                        q_ray = neighbour + (place - p) * drift
                        if not (0.0 <= q_ray <= across - 1.0):
                            continue
                        j_ray = min(int(q_ray), across - 2)
                        f_ray = q_ray - j_ray
                        at = base + place * stride + j_ray * across_stride
                        z = flat[at] * (1.0 - f_ray) + flat[at + across_stride] * f_ray
                        d = (place - p) * length
                        slope = max(slope, (z - eye) / d - d / (2.0 * MOON_RADIUS_M))
                    if by_rows:
                        i_out, j_out = observer, across_observers[neighbour]
                    else:
                        i_out, j_out = across_observers[neighbour], observer
                    slopes[i_out, j_out] = max(slopes[i_out, j_out], slope)
            low, high = max(j, 0), min(j + 1, across - 1)
            z = flat[row + low * across_stride] * (1.0 - f) + flat[row + high * across_stride] * f
            w = z - s * s / (2.0 * MOON_RADIUS_M)
            while top >= 1 and (hull[top - 1] - w) * (positions[top] - s) >= (hull[top] - w) * (positions[top - 1] - s):
                top -= 1
            top += 1
            positions[top], hull[top], places[top] = s, w, p


@njit(cache=True, parallel=True)
def _sweep(
    heights: Float32Array,
    cell: float,
    azimuths: FloatArray,
    eye_height: float,
    row_observers: IntArray,
    column_observers: IntArray,
    rows: IntArray,
    columns: IntArray,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
    unit_rad: float,
    counts: npt.NDArray[np.int16],
) -> None:
    ny, nx = heights.shape
    flat = heights.reshape(ny * nx)
    lattice = far_slopes.shape[1]
    for k in prange(azimuths.size):
        slopes = np.full((rows.size, columns.size), np.float32(NO_TERRAIN_SLOPE))
        _sweep_azimuth(flat, ny, nx, cell, azimuths[k], eye_height, row_observers, column_observers, slopes)
        for i in range(rows.size):
            v = rows[i] * (lattice - 1.0) / (ny - 1.0)
            for j in range(columns.size):
                u = columns[j] * (lattice - 1.0) / (nx - 1.0)
                far = bilinear(far_slopes[k], u, v) - heights[rows[i], columns[j]] * bilinear(far_inverse[k], u, v)
                elevation = math.atan(max(far, slopes[i, j]))
                counts[k, i, j] = np.int16(round(elevation / unit_rad))
