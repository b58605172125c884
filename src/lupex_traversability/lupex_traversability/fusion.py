# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a cloud says of a cell against what the cell holds, and of the ground between its rings."""

import math

import numpy as np
from numba import njit

from lupex_traversability.cloud_binning import BinnedCloud
from lupex_traversability.config import MapConfig
from lupex_traversability.layers import ASSUMED, BETWEEN, SEEN, Layers


def fuse(cloud: BinnedCloud, layers: Layers, config: MapConfig) -> int:
    """Take a cloud into the cells it has points in; return the number of cells that it contradicts."""
    numbers = np.array(
        [
            config.sigma_min_m**2,
            config.gate_sigma,
            config.contradictions,
            config.trusted_hits,
            config.extent_keep,
        ]
    )
    return int(_fuse(cloud.cells, cloud.sums, *layers.grids(), numbers))


def fill_between(cloud: BinnedCloud, layers: Layers, config: MapConfig) -> None:
    """Bound the ground between neighbouring rings: below the farther ray, no hole deeper than `hole_ratio` allows."""
    row, column = cloud.corner
    numbers = np.array([config.cell_m, column, row, config.gap_max_m, config.hole_ratio, config.hidden_max_m])
    _fill_between(
        cloud.world_m, cloud.image, cloud.origin_m, *layers.heights(), layers.hidden_m, layers.source, numbers
    )


@njit(cache=True)
def _fuse(cells, sums, height, variance, low, high, hidden, source, hits, contradictions, misses, numbers):  # type: ignore[no-untyped-def]
    floor, gate, limit, trusted, keep = numbers
    disputed = 0
    for k in range(cells.shape[0]):
        i, j = cells[k]
        information = sums[i, j, 0]
        z = sums[i, j, 1] / information
        r = 1.0 / information + floor
        bottom, top = sums[i, j, 2], sums[i, j, 3]
        afresh = source[i, j] != SEEN
        if not afresh:
            offset = z - height[i, j]
            total = variance[i, j] + r
            if offset * offset > gate * gate * total:
                contradictions[i, j] = min(contradictions[i, j] + 1, 255)
                afresh = contradictions[i, j] >= limit
                disputed += 0 if afresh else 1
                # one stray point does not make an obstacle of well-known ground; twice, or on new ground, it does
                if not afresh and (hits[i, j] < trusted or contradictions[i, j] > 1):
                    low[i, j] = min(low[i, j], bottom)
                    high[i, j] = max(high[i, j], top)
            else:
                contradictions[i, j] = 0
                hits[i, j] = min(hits[i, j] + 1, 255)
                gain = variance[i, j] / total
                m = height[i, j] + gain * offset
                height[i, j] = m
                variance[i, j] = max((1.0 - gain) * variance[i, j], floor)
                low[i, j] = min(bottom, m + keep * (low[i, j] - m))
                high[i, j] = max(top, m + keep * (high[i, j] - m))
        if afresh:
            height[i, j] = z
            variance[i, j] = r
            low[i, j] = bottom
            high[i, j] = top
            source[i, j] = SEEN
            hits[i, j] = 1
            contradictions[i, j] = 0
            misses[i, j] = 0
        hidden[i, j] = 0.0
    return disputed


@njit(cache=True)
def _fill_between(world, image, origin, height, variance, low, high, hidden, source, numbers):  # type: ignore[no-untyped-def]
    cell, corner_x, corner_y, gap_max, hole_ratio, hidden_max = numbers
    n = height.shape[0]
    rows, columns = image.shape
    for ray in range(columns):
        a, near = -1, 0.0
        for ring in range(rows):
            before, nearer = a, near
            a = image[ring, ray]
            if a < 0:
                continue
            near = math.sqrt((world[a, 0] - origin[0]) ** 2 + (world[a, 1] - origin[1]) ** 2)
            if before < 0:
                continue
            gap = near - nearer
            if gap <= 0.5 * cell or gap > gap_max:
                continue
            ax, ay, az = world[before]
            bx, by, bz = world[a]
            steps = math.ceil(gap / (0.5 * cell))
            for s in range(1, steps):
                share = s / steps
                x = ax + share * (bx - ax)
                y = ay + share * (by - ay)
                column = int(math.floor(x / cell) - corner_x)
                row = int(math.floor(y / cell) - corner_y)
                if column < 0 or row < 0 or column >= n or row >= n or source[row, column] == SEEN:
                    continue
                z = az + share * (bz - az)
                above = origin[2] + (bz - origin[2]) * (nearer + share * gap) / near
                bound = max(above - z, hole_ratio * gap)
                if bound < hidden[row, column] or (source[row, column] == ASSUMED and bound <= hidden_max):
                    height[row, column] = z
                    variance[row, column] = bound * bound / 12.0
                    low[row, column] = z
                    high[row, column] = z
                    hidden[row, column] = bound
                    source[row, column] = BETWEEN
