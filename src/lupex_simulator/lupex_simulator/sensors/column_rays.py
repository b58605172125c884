# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rays of a scan that takes its time: each column is cast from where the sensor stood just then."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_simulator.sensors.ray_casting import Pyramid, cast_rays
from lupex_worlds.ground import HeightArray

FloatArray = npt.NDArray[np.float64]


class Window(NamedTuple):
    """Heights (ny, nx) around the sensor and their pyramid; (x0, y0) is the centre of cell [0, 0]."""

    heights: HeightArray
    x0_m: float
    y0_m: float
    cell_m: float
    pyramid: Pyramid


class Sweep(NamedTuple):
    """Motion of the sensor during one turn of its mirror: uniform, and turning about a fixed axis."""

    origin_start: FloatArray
    origin_end: FloatArray
    rotation_start: FloatArray
    """(3, 3), from the sensor's frame to that of the heights."""
    turn_rad: FloatArray
    """Rotation vector from start to end, in the sensor's frame."""


@njit(cache=True)
def cast_columns(
    window: Window, sweep: Sweep, directions: FloatArray, range_min_m: float, range_max_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return (range, cosine of incidence), each (rows, columns), of directions in the sensor's frame.

    These are (rows, columns, 3). Column k is cast at the share k / columns of the motion; else as `cast_rays`.
    """
    rows, columns = directions.shape[0], directions.shape[1]
    ranges, cosines = np.empty((rows, columns)), np.empty((rows, columns))
    angle = math.sqrt(sweep.turn_rad[0] ** 2 + sweep.turn_rad[1] ** 2 + sweep.turn_rad[2] ** 2)
    axis = sweep.turn_rad / angle if angle > 0.0 else np.array([0.0, 0.0, 1.0])
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    square = cross @ cross
    turned = np.empty((rows, 3))
    for k in range(columns):
        share = k / columns
        # Rodrigues
        turn = np.eye(3) + math.sin(share * angle) * cross + (1.0 - math.cos(share * angle)) * square
        rotation = sweep.rotation_start @ turn
        for i in range(rows):
            for m in range(3):
                turned[i, m] = (
                    rotation[m, 0] * directions[i, k, 0]
                    + rotation[m, 1] * directions[i, k, 1]
                    + rotation[m, 2] * directions[i, k, 2]
                )
        origin = sweep.origin_start + share * (sweep.origin_end - sweep.origin_start)
        ranges[:, k], cosines[:, k] = cast_rays(
            window.heights,
            window.x0_m,
            window.y0_m,
            window.cell_m,
            window.pyramid,
            origin,
            turned,
            range_min_m,
            range_max_m,
        )
    return ranges, cosines
