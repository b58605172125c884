# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A ground whose heights are known everywhere, and the heights that a mesh file draws."""

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from lupex_worlds.ground import Ground


def bowl(cells=200, cell_m=0.25, depth=0.001):
    """A ground of depth * r^2 around the origin, fine all over a coarse one."""
    side = 0.5 * cells * cell_m
    axis = np.linspace(-side, side, cells + 1)
    fine = (depth * (axis[None, :] ** 2 + axis[:, None] ** 2)).astype(np.float32)
    wide = np.arange(-300.0, 301.0, 5.0)
    base = (depth * (wide[None, :] ** 2 + wide[:, None] ** 2)).astype(np.float32)
    return Ground(fine, -side, -side, cell_m, base, -300.0, -300.0, 5.0)


def mesh_heights(text):
    """Heights over (y, x) on the lines of a surroundings mesh, as its file says; nan where no face is."""
    lines = text.splitlines()
    points = np.array([line.split()[1:] for line in lines if line.startswith("v ")], dtype=float)
    used = {int(word.split("//")[0]) - 1 for line in lines if line.startswith("f ") for word in line.split()[1:]}
    heights = np.full(len(points), np.nan)
    heights[sorted(used)] = points[sorted(used), 2]
    x, y = np.unique(points[:, 0]), np.unique(points[:, 1])
    return RegularGridInterpolator((y, x), heights.reshape(y.size, x.size), bounds_error=False)
