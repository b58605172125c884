# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How the vehicle may stand at worst, at any heading and steering, on ground that was seen all around it.

The body settles on the plane of least squares through the contacts of its four tracks. A track's share in that plane is
its contact's mean height, so the plane is reckoned for headings all around from the means of discs as wide as a track
is long; what a disc does not tell of a track in it is bounded by how rough the ground is there.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.rover import Rover
from lupex_traversability.config import StandConfig
from lupex_traversability.elevation_map import ASSUMED, ElevationMap

Grid = NDArray[np.float32]
Offsets = NDArray[np.int64]

_HEADINGS = 24


@dataclass(frozen=True)
class Standing:
    """At worst, (n, n) each; nan where the ground was not seen as far as the vehicle reaches.

    `tilt_rad`; `step_m`, by how much the ground rises above the vehicle's plane under a track; `clearance_m`, left
    beneath the belly, negative: it lies on the ground.
    """

    tilt_rad: Grid
    step_m: Grid
    clearance_m: Grid


class StandBound:
    """Worst stands of one vehicle on maps of one size of cell."""

    def __init__(self, config: StandConfig, rover: Rover, cell_m: float) -> None:
        self._config = config
        crawler = rover.crawler
        x, y = crawler.unit_x_m, crawler.unit_y_m
        patch_m = 0.5 * math.hypot(crawler.track_length_m, crawler.track_width_m)
        self._patch = _disc(patch_m, cell_m)
        # a track's edge may lie in a cell whose middle it does not reach
        self._touched = _disc(patch_m + 0.5 * cell_m, cell_m)
        self._window = _disc(math.hypot(x, y) + patch_m + math.sqrt(0.5) * cell_m, cell_m)
        belly_m = math.hypot(x, y - 0.5 * crawler.track_width_m)
        self._beneath = _disc(belly_m + 0.5 * cell_m, cell_m)
        angles = math.tau / _HEADINGS * np.arange(_HEADINGS)[:, None] + _units(x, y)[None, :]
        ring_m = math.hypot(x, y)
        self._ring = (
            np.rint(ring_m * np.sin(angles) / cell_m).astype(np.int64),
            np.rint(ring_m * np.cos(angles) / cell_m).astype(np.int64),
        )
        contact = crawler.track_length_m**2 + crawler.track_width_m**2
        self._numbers = np.array(
            [
                cell_m,
                patch_m,
                belly_m,
                # of a unit's mean height on the slope along the heading, and across
                x / (4.0 * (x * x + contact / 24.0)),
                y / (4.0 * (y * y + contact / 24.0)),
                rover.body.clearance_m,
                config.rough_share,
                config.floor_m,
                config.step_share,
                config.step_floor_m,
            ]
        )

    def of(self, ground: ElevationMap) -> Standing:
        """Return how the vehicle stands at worst in every cell, its middle anywhere within it."""
        # ground that is assumed was not seen
        known = (ground.source > ASSUMED) & (ground.hidden_m <= self._config.hidden_max_m)
        shape = ground.height_m.shape
        patches = tuple(np.full(shape, np.nan, np.float32) for _ in range(5))
        _fit_patches(
            (ground.height_m, ground.low_m, ground.high_m, known),
            (*self._patch, *self._touched, *self._window),
            self._numbers,
            patches,
        )
        out = tuple(np.full(shape, np.nan, np.float32) for _ in range(3))
        _stand(ground.high_m, known, patches, self._ring, self._window, self._beneath, self._numbers, out)
        return Standing(*out)


def _units(x_m: float, y_m: float) -> NDArray[np.float64]:
    """Return the bearings of the units from the heading: front left, front right, rear left, rear right."""
    bearing = math.atan2(y_m, x_m)
    return np.array([bearing, -bearing, math.pi - bearing, math.pi + bearing])


def _disc(radius_m: float, cell_m: float) -> tuple[Offsets, Offsets]:
    """Return the offsets of the cells whose middle lies in a disc about a cell's middle."""
    reach = math.ceil(radius_m / cell_m)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(rows, columns) * cell_m <= radius_m + 1e-9
    return rows[inside].astype(np.int64), columns[inside].astype(np.int64)


@njit(cache=True)
def _fit_patches(grids, offsets, numbers, out):  # type: ignore[no-untyped-def]
    """Fill the mean of each patch, the slopes of the window about it, and how far a track in it may lie off.

    That is by half of what the ground spreads about the window's slopes within the patch, up and down.
    """
    cell = numbers[0]
    mean_out, x_out, y_out, up_out, down_out = out
    height, low, high, known = grids
    rows, columns, touched_rows, touched_columns, wide_rows, wide_columns = offsets
    n = height.shape[0]
    reach = wide_rows.max()
    squares = 0.0
    for k in range(wide_rows.size):
        squares += wide_rows[k] * wide_rows[k] * cell
    for i in range(reach, n - reach):
        for j in range(reach, n - reach):
            whole = known[i, j]
            gx = gy = 0.0
            base = height[i, j]
            for k in range(wide_rows.size):
                if not whole:
                    break
                row, column = i + wide_rows[k], j + wide_columns[k]
                whole = known[row, column]
                z = height[row, column] - base
                gx += z * wide_columns[k]
                gy += z * wide_rows[k]
            if not whole:
                continue
            gx /= squares
            gy /= squares
            total = 0.0
            for k in range(rows.size):
                total += height[i + rows[k], j + columns[k]]
            mean = total / rows.size
            up = down = -math.inf
            for k in range(touched_rows.size):
                row, column = i + touched_rows[k], j + touched_columns[k]
                plane = mean + cell * (gx * touched_columns[k] + gy * touched_rows[k])
                up = max(up, high[row, column] - plane)
                down = max(down, plane - low[row, column])
            mean_out[i, j], x_out[i, j], y_out[i, j] = mean, gx, gy
            up_out[i, j], down_out[i, j] = up, down


@njit(cache=True)
def _stand(high, known, patches, ring, window, beneath, numbers, out):  # type: ignore[no-untyped-def]
    cell, patch_m, belly_m, along_1_m, across_1_m, room, rough_share, floor, step_share, step_floor = numbers
    mean, slope_x, slope_y, up, down = patches
    ring_rows, ring_columns = ring
    tilt_out, step_out, clearance_out = out
    headings = ring_rows.shape[0]
    n = high.shape[0]
    reach = window[0].max()
    z, above, rough = np.empty(4), np.empty(4), np.empty(4)
    for i in range(reach, n - reach):
        for j in range(reach, n - reach):
            gx, gy = slope_x[i, j], slope_y[i, j]
            if not math.isfinite(gx):
                continue
            steepest, highest, lowest_plane = 0.0, -math.inf, math.inf
            whole = True
            for h in range(headings):
                for unit in range(4):
                    dr, dc = ring_rows[h, unit], ring_columns[h, unit]
                    row, column = i + dr, j + dc
                    z[unit] = mean[row, column] - mean[i, j] - cell * (gx * dc + gy * dr)
                    turned = math.hypot(slope_x[row, column] - gx, slope_y[row, column] - gy) * patch_m
                    above[unit] = z[unit] + up[row, column] + turned
                    rough[unit] = rough_share * (up[row, column] + down[row, column]) + floor
                if not math.isfinite(z[0] + z[1] + z[2] + z[3]):
                    whole = False
                    break
                spread = 0.25 * (rough[0] + rough[1] + rough[2] + rough[3])
                heading = math.tau * h / headings
                c, s = math.cos(heading), math.sin(heading)
                u = along_1_m * (z[0] + z[1] - z[2] - z[3])
                v = across_1_m * (z[0] - z[1] + z[2] - z[3])
                tx, ty = gx + c * u - s * v, gy + s * u + c * v
                off = 4.0 * max(along_1_m, across_1_m) * spread
                steepest = max(steepest, math.hypot(tx, ty) + off)
                level = 0.25 * (z[0] + z[1] + z[2] + z[3])
                lowest_plane = min(lowest_plane, level - math.hypot(u, v) * belly_m)
                for unit in range(4):
                    dr, dc = ring_rows[h, unit], ring_columns[h, unit]
                    x, y = cell * (c * dc + s * dr), cell * (c * dr - s * dc)
                    highest = max(highest, above[unit] - level - u * x - v * y + step_share * spread + step_floor)
            if not whole:
                continue
            under = -math.inf
            for k in range(beneath[0].size):
                row, column = i + beneath[0][k], j + beneath[1][k]
                plane = mean[i, j] + cell * (gx * beneath[1][k] + gy * beneath[0][k])
                under = max(under, high[row, column] - plane)
            tilt_out[i, j] = math.atan(steepest)
            step_out[i, j] = highest
            clearance_out[i, j] = room - (under - lowest_plane) - floor
