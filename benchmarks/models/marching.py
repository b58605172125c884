# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Skylines by marching each ray in fine steps over the same bilinear fields: the definition, slow and exact."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField

FloatArray = npt.NDArray[np.float64]

RANGE_M = 200_000.0
_STEPS_A_CELL = 40.0
_FIRST_M = 0.1
_LOWEST_SLOPE = -1.0


def skyline_rad(
    near: HeightField,
    far: Sequence[HeightField],
    x_m: FloatArray,
    y_m: FloatArray,
    azimuth_rad: FloatArray,
    eye_m: float,
    curved: bool = True,
) -> FloatArray:
    """Return the skyline's elevation [rad] from points (n) of the near field towards grid azimuths (n).

    Where fields overlap the first of them counts. The step is a fortieth of a cell.
    """
    eye = near.height(x_m, y_m) + eye_m
    slopes = np.full(x_m.size, _LOWEST_SLOPE)
    begin = np.full(x_m.size, _FIRST_M)
    for field in (near, *far):
        _march(
            field.heights_m, field.x0_m, field.y0_m, field.cell_m, x_m, y_m, azimuth_rad, eye,
            0.5 / MOON_RADIUS_M if curved else 0.0, slopes, begin,
        )  # fmt: skip
    return np.asarray(np.arctan(slopes))


@njit(cache=True)
def _march(
    heights: npt.NDArray[np.float32],
    x0: float,
    y0: float,
    cell: float,
    xs: FloatArray,
    ys: FloatArray,
    azimuths: FloatArray,
    eyes: FloatArray,
    drop: float,
    slopes: FloatArray,
    begin: FloatArray,
) -> None:
    ny, nx = heights.shape
    step = cell / _STEPS_A_CELL
    for k in range(xs.size):
        east, north = math.sin(azimuths[k]), math.cos(azimuths[k])
        d = begin[k]
        last = d
        while d < RANGE_M:
            u = (xs[k] + d * east - x0) / cell
            v = (ys[k] + d * north - y0) / cell
            if u < 0.0 or v < 0.0 or u > nx - 1 or v > ny - 1:
                break
            j, i = min(int(u), nx - 2), min(int(v), ny - 2)
            p, q = u - j, v - i
            low = heights[i, j] * (1.0 - p) + heights[i, j + 1] * p
            high = heights[i + 1, j] * (1.0 - p) + heights[i + 1, j + 1] * p
            z = low * (1.0 - q) + high * q
            if math.isfinite(z):
                slopes[k] = max(slopes[k], (z - eyes[k]) / d - d * drop)
                last = d
            d += step
        begin[k] = last
