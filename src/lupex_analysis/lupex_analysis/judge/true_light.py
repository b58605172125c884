# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True light over cells: the Sun against the skyline of the true relief, looked for along the Sun's own azimuths."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_models.light import disc_fraction, tilt
from lupex_models.site_frame import SiteFrame

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

LAYER_S = 1800.0
"""Between the azimuths that are looked along: the Sun turns 0.26 deg in it, less than its own diameter."""
_NEAR_M = 150.0
"""Up to here a field is looked at in half cells, beyond in whole ones."""


def light_frames(
    frame: SiteFrame, reliefs: tuple[HeightField, ...], x_m: Array, y_m: Array, height_m: float, utc_s: Array
) -> Float32Array:
    """Return the share [0..1] of the Sun's disc (nt, ny, nx) at times, `height_m` above the ground at x (nx), y (ny).

    `reliefs` are nested height fields, finest first; the ground stands in the first. Every height pays the drop
    d^2 / 2R. nan where the ground is not known: unknown is no light.
    """
    layers_utc = np.arange(utc_s[0], utc_s[-1] + LAYER_S, LAYER_S)
    azimuths = np.asarray(frame.sun(layers_utc).grid_azimuth_rad)
    eyes = reliefs[0].height(x_m[None, :], y_m[:, None]) + height_m
    skylines = np.full((azimuths.size, y_m.size, x_m.size), -np.inf)
    nearest = np.zeros(skylines.shape)
    for relief in reliefs:
        grid = np.array([relief.x0_m, relief.y0_m, relief.cell_m])
        _look(relief.heights_m, grid, x_m, y_m, eyes, azimuths, skylines, nearest)
    out = np.empty((utc_s.size, y_m.size, x_m.size), np.float32)
    sun = frame.sun(utc_s)
    for k in range(utc_s.size):
        at = (utc_s[k] - utc_s[0]) / LAYER_S
        low = min(int(at), azimuths.size - 2)
        with np.errstate(invalid="ignore"):  # of places whose ground is not known
            skyline = np.arctan(skylines[low] + (at - low) * (skylines[low + 1] - skylines[low]))
        elevation = sun.elevation_rad[k] + tilt(x_m[None, :], y_m[:, None], sun.grid_azimuth_rad[k])
        out[k] = disc_fraction(elevation, skyline, sun.angular_radius_rad[k])
    return out


@njit(cache=True)
def _look(heights, grid, x_m, y_m, eyes, azimuths, skylines, reached):  # type: ignore[no-untyped-def]
    """Raise the skylines' tangents by one field, from the distance reached so far to where the field ends."""
    x0, y0, cell = grid
    for i in range(y_m.size):
        for j in range(x_m.size):
            for k in range(azimuths.size):
                dx, dy = math.sin(azimuths[k]) / cell, math.cos(azimuths[k]) / cell
                column, row = (x_m[j] - x0) / cell, (y_m[i] - y0) / cell
                d = max(reached[k, i, j], 0.5 * cell)
                best = skylines[k, i, j]
                while True:
                    z = bilinear(heights, column + d * dx, row + d * dy)
                    if not math.isfinite(z):
                        break
                    best = max(best, (z - eyes[i, j] - d * d / (2.0 * MOON_RADIUS_M)) / d)
                    d += 0.5 * cell if d < _NEAR_M else cell
                skylines[k, i, j], reached[k, i, j] = best, d
