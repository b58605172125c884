# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The highest skyline that near ground may raise before any place of a cell, should the map err as is stated of it.

A margin of one angle is too much for a ridge far away and too little for a rise nearby: half a metre is 1.4 deg at
20 m.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_path_planning.config import MapErrorConfig
from lupex_path_planning.map_errors import SPACING_M, worst_rises
from lupex_path_planning.site_grid import SiteGrid
from lupex_path_planning.way_back.kernel import kernel

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

LAYERS = 360
"""Directions looked along, evenly around: the Sun passes 12 of them in a day. Between two the higher counts."""
_EVENLY_TO_M, _GROWTH = 50.0, 1.03
"""Steps of a ray are even up to here and then grow with the distance."""


@dataclass(frozen=True)
class NearSkyline:
    """Skylines of a grid's cells (ny, nx) towards any azimuth, each direction looked along when it is first asked for.

    `relief` is the map around the grid, `steps_m` and `rises_m` (n) are how far along a ray one looks and what the map
    may hide there.
    """

    grid: SiteGrid
    relief: HeightField
    eye_m: float
    steps_m: Array
    rises_m: Array
    _found: dict[int, Float32Array] = field(default_factory=dict, repr=False, compare=False)

    def elevation(self, grid_azimuth_rad: float) -> Float32Array:
        """Return the skyline's elevation [rad] before any place of each cell (ny, nx); no ground, no skyline."""
        low = math.floor(grid_azimuth_rad / (2.0 * math.pi) * LAYERS)
        return np.asarray(np.maximum(self._layer(low % LAYERS), self._layer((low + 1) % LAYERS)))

    def _layer(self, layer: int) -> Float32Array:
        if layer not in self._found:
            grid, relief = self.grid, self.relief
            out = np.full(grid.shape, -np.inf, np.float32)
            azimuth = layer * (2.0 * math.pi / LAYERS)
            origin = np.array([(grid.x0_m - relief.x0_m) / relief.cell_m, (grid.y0_m - relief.y0_m) / relief.cell_m])
            _look(
                relief.heights_m, origin, grid.cell_m / relief.cell_m, self.eye_m,
                math.sin(azimuth) / relief.cell_m, math.cos(azimuth) / relief.cell_m,
                self.steps_m, self.rises_m, float(np.nanmax(relief.heights_m) + self.rises_m.max()), out,
            )  # fmt: skip
            self._found[layer] = np.arctan(out)
        return self._found[layer]


def near_skyline(
    grid: SiteGrid, dem: HeightField, eye_m: float, config: MapErrorConfig, margin_rad: float
) -> NearSkyline | None:
    """Return the near skylines of a grid over its map, for eyes so high above ground; None where the map is trusted.

    One looks as far as the map's error makes more than the margin that the far skyline is given.
    """
    if config.members == 0:
        return None
    rises = worst_rises(config)
    reach_m = min(float(rises.rise_m[-1]) / math.tan(max(margin_rad, 1e-6)), config.reach_max_m)
    steps = [SPACING_M]
    while steps[-1] < reach_m:
        steps.append(steps[-1] + SPACING_M if steps[-1] < _EVENLY_TO_M else steps[-1] * _GROWTH)
    ny, nx = grid.shape
    margin = math.ceil(steps[-1] / dem.cell_m) + 1
    row, column = (round((at - low) / dem.cell_m) for at, low in ((grid.y0_m, dem.y0_m), (grid.x0_m, dem.x0_m)))
    span = math.ceil(grid.cell_m / dem.cell_m)
    top, left = max(row - margin, 0), max(column - margin, 0)
    heights = dem.heights_m[top : row + ny * span + margin, left : column + nx * span + margin]
    relief = HeightField(
        heights.astype(np.float32), dem.x0_m + left * dem.cell_m, dem.y0_m + top * dem.cell_m, dem.cell_m
    )
    distance = np.array(steps)
    return NearSkyline(grid, relief, eye_m, distance, rises.at(distance))


@kernel
def _look(heights, origin, spacing, eye_m, dx, dy, steps, rises, highest, out):  # type: ignore[no-untyped-def]
    """Raise the tangents of each cell's skyline, seen from its middle and its corners; places count in the map's cells.

    A place on ground that is not known sees nothing lower for it: its cell is planned over by nobody.
    """
    ny, nx = out.shape
    for i in range(ny):
        for j in range(nx):
            best = -np.inf
            for place in range(5):
                column, row = origin[0] + j * spacing, origin[1] + i * spacing
                if place > 0:
                    column += spacing * (0.5 if place % 2 == 0 else -0.5)
                    row += spacing * (0.5 if place > 2 else -0.5)
                eye = bilinear(heights, column, row) + eye_m
                if not math.isfinite(eye):
                    continue
                # no ground ahead stands higher, whatever the map hides
                summit = highest - eye
                for k in range(steps.size):
                    d = steps[k]
                    if summit <= best * d:
                        break
                    z = bilinear(heights, column + d * dx, row + d * dy)
                    if not math.isfinite(z):
                        break
                    best = max(best, (z + rises[k] - eye - d * d / (2.0 * MOON_RADIUS_M)) / d)
            out[i, j] = best
