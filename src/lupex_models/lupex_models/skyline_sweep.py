# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of near terrain: every cell looks along its own ray, many neighbours at once."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.skyline_kernels import begin_with_far_skyline, count_elevation, put_lines
from lupex_models.skyline_lattice import Lattice, sweep_with_lattice
from lupex_models.skyline_relief import Lines, SweepRelief
from lupex_models.skyline_walk import LIKELY, bounds_of, rays_of, walk

Float32Array = npt.NDArray[np.float32]
CountArray = npt.NDArray[np.int16]

_TILE = 256
"""Neighbours that look together: their skylines so far, and what they look through, stay in the fastest memory."""

_BATCH = 32


def near_skyline(
    relief: SweepRelief,
    lattice: Lattice | None,
    cell_m: float,
    azimuth_rad: float,
    observer_height_m: float,
    far_slopes: Float32Array,
    far_inverse_distances: Float32Array,
    unit_rad: float,
    counts: CountArray,
) -> None:
    """Fill counts (rows, columns) with the skyline of near and far terrain in units of unit_rad.

    Each ray is read where it crosses the lines of the grid that it meets most steeply, the terrain being linear between
    the two cells there; the far skyline is given on a lattice over all observers' cells (see far_march.far_skyline).
    With a lattice (see skyline_lattice.lattice_of) only it looks beyond the nearest rows of terrain. Other threads run
    meanwhile.
    """
    dx, dy = math.sin(azimuth_rad), math.cos(azimuth_rad)
    by_rows = abs(dy) >= abs(dx)
    along, drift = (dy, dx / abs(dy)) if by_rows else (dx, dy / abs(dx))
    lines = relief.along_rows if by_rows else relief.along_columns
    if not by_rows:
        far_slopes = np.ascontiguousarray(far_slopes.T)
        far_inverse_distances = np.ascontiguousarray(far_inverse_distances.T)
    height, slopes, inverses = observer_height_m, far_slopes, far_inverse_distances
    if lattice is None:
        _sweep(lines, along >= 0.0, drift, cell_m, height, slopes, inverses, unit_rad, not by_rows, counts)
    else:
        coarse, ground = lattice.towards(by_rows)
        sweep_with_lattice(
            lines, coarse, ground, along >= 0.0, drift, cell_m, height, slopes, inverses, unit_rad, not by_rows, counts
        )


@njit(cache=True, nogil=True)
def _sweep(
    lines: Lines,
    forward: bool,
    drift: float,
    cell_m: float,
    eye_m: float,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
    unit_rad: float,
    transposed: bool,
    counts: CountArray,
) -> None:
    along, across = (counts.shape[1], counts.shape[0]) if transposed else counts.shape
    rays = rays_of(lines, forward, drift, cell_m)
    bounds = bounds_of(lines, rays)
    ramp = np.arange(across) * ((far_slopes.shape[1] - 1.0) / max(across - 1.0, 1.0))
    best, who = np.empty(_TILE, dtype=np.float32), np.empty(_TILE, dtype=np.int32)
    likely = np.empty(LIKELY, dtype=np.int32)
    buffer = np.empty((_BATCH, _TILE), dtype=np.int16)
    for tile in range(0, across, _TILE):
        size = min(_TILE, across - tile)
        likely[:] = -1
        for line in range(along):
            # Outermost observers first: what they found is likely for those behind them.
            i = along - 1 - line if forward else line
            row = lines.first_along + i * lines.spacing
            place = row if forward else lines.heights.shape[0] - 1 - row
            ground = lines.heights[row, rays.lows[0] + tile : rays.lows[0] + tile + size]
            v = i * (far_slopes.shape[0] - 1.0) / max(along - 1.0, 1.0)
            begin_with_far_skyline(far_slopes, far_inverse, ground, v, ramp[tile : tile + size], best)
            walk(lines, rays, bounds, place, place + 1, 1, tile, ground + np.float32(eye_m), best, who, likely)
            count_elevation(best[:size], unit_rad, buffer[i % _BATCH])
            begin = i - i % _BATCH
            if i == (begin if forward else min(begin + _BATCH, along) - 1):
                put_lines(buffer, begin, tile, size, transposed, counts)
