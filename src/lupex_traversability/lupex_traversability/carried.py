# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A map moved as a whole: up and down by a plane, or along with a rover whose pose leapt while it stood."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_traversability.layers import UNKNOWN, Layers

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stance:
    """Pose of base_link in odom: place (3,) and rotation (3, 3)."""

    position_m: Array
    rotation: Array


def moved(stance: Stance, before: Stance, after: Stance) -> Stance:
    """Return where a stance comes to by the motion that takes one stance to another."""
    turn = after.rotation @ before.rotation.T
    return Stance(after.position_m + turn @ (stance.position_m - before.position_m), turn @ stance.rotation)


def centres(size: int, corner: tuple[int, int], cell_m: float) -> tuple[Array, Array]:
    """Return x (1, n) and y (n, 1) of a window's cells."""
    at: Array = np.arange(size, dtype=np.float64) + 0.5
    x: Array = (at + corner[1]) * cell_m
    y: Array = (at + corner[0]) * cell_m
    return x[None, :], y[:, None]


def lift(layers: Layers, above_m: Array) -> None:
    """Raise the ground by heights (n, n)."""
    for grid in (layers.height_m, layers.low_m, layers.high_m):
        grid += above_m.astype(np.float32)


def carry(
    layers: Layers, before: Stance, after: Stance, corners: tuple[tuple[int, int], tuple[int, int]], cell_m: float
) -> Layers:
    """Return the ground seen from one stance as it lies when that stance is another.

    `corners` are the first cells of the window of before and of that to be made. A cell takes the nearest cell's
    content, and the highest and lowest surface of those it overlaps: no obstacle falls between cells.
    """
    size = layers.source.shape[0]
    x, y = (values - at for values, at in zip(centres(size, corners[1], cell_m), after.position_m[:2], strict=True))
    turn = after.rotation @ before.rotation.T
    yaw = np.arctan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1])
    c, s = np.cos(yaw), np.sin(yaw)
    row = (before.position_m[1] - s * x + c * y) / cell_m - corners[0][0]
    column = (before.position_m[0] + c * x + s * y) / cell_m - corners[0][1]
    up = turn[:, 2]
    above = (after.position_m[2] - before.position_m[2] - (up[0] * x + up[1] * y) / up[2]).astype(np.float32)
    made = Layers.unknown(size)
    i, j = np.floor(row).astype(int), np.floor(column).astype(int)
    inside = (i >= 0) & (j >= 0) & (i < size) & (j < size)
    for grid, new in zip(layers.every(), made.every(), strict=True):
        new[inside] = grid[i[inside], j[inside]]
    known = layers.source != UNKNOWN
    top, bottom = np.where(known, layers.high_m, -np.inf), np.where(known, layers.low_m, np.inf)
    for down in (-0.5, 0.5):
        for aside in (-0.5, 0.5):
            p = np.clip(np.floor(row + down).astype(int), 0, size - 1)
            q = np.clip(np.floor(column + aside).astype(int), 0, size - 1)
            np.maximum(made.high_m, top[p, q], out=made.high_m, where=made.source != UNKNOWN)
            np.minimum(made.low_m, bottom[p, q], out=made.low_m, where=made.source != UNKNOWN)
    lift(made, above)
    return made
