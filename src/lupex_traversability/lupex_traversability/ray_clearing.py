# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the rays of a cloud prove not to be there: they passed below the surface that a cell is said to have.

The Moon's ground is a height over each place: where a ray goes through, all above the ray is empty. A cell is proven
empty by rays of one ring that pass it on both sides and everywhere between, beyond its far edge; what stands between
two of them is no wider than they are apart, and a rock so narrow no higher than `rock_ratio` times that. What a ray
misses, between rings or behind an edge, is not spoken of by it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from lupex_models.rover import Lidar
from lupex_traversability.cloud_binning import BinnedCloud
from lupex_traversability.config import MapConfig
from lupex_traversability.layers import BETWEEN, SEEN, UNKNOWN, Layers

_RINGS = 8
"""At most so many are asked about a cell, from its upper surface down."""

_LEAST_FLAT_M = 0.5
"""Nearer cells are under the rover, which stands on them."""


@dataclass(frozen=True)
class Clearing:
    """Cells that lost their upper surface, and cells of which it is doubted until the next cloud."""

    cleared: int
    doubted: int


def clear_by_rays(cloud: BinnedCloud, layers: Layers, config: MapConfig, lidar: Lidar) -> Clearing:
    """Forget cells whose upper surface is above what the rays prove, once `clear_clouds` have."""
    step_rad = (lidar.elevation_max_rad - lidar.elevation_min_rad) / max(lidar.rows - 1, 1)
    rays = np.array(
        [
            config.cell_m,
            lidar.elevation_min_rad,
            step_rad,
            config.gate_sigma * lidar.range_sigma_m,
            config.attitude_sigma_rad,
            config.gate_sigma,
            config.rock_ratio,
        ]
    )
    numbers = np.array([config.clear_range_m, config.clear_clouds, config.sigma_min_m, config.hidden_max_m])
    grids = layers.grids()
    found = _clear(
        cloud.world_m, cloud.image, cloud.origin_m, cloud.rotation, cloud.corner, cloud.sums, *grids, rays, numbers
    )
    return Clearing(int(found[0]), int(found[1]))


@njit(cache=True)
def _clear(  # type: ignore[no-untyped-def]
    world,
    image,
    origin,
    rotation,
    corner,
    sums,
    height,
    variance,
    low,
    high,
    hidden,
    source,
    hits,
    contradictions,
    misses,
    rays,
    numbers,
):
    reach, clouds, least, most = numbers
    cell = rays[0]
    n = height.shape[0]
    middle_i = math.floor(origin[1] / cell) - corner[0]
    middle_j = math.floor(origin[0] / cell) - corner[1]
    cells = math.ceil(reach / cell)
    cleared, doubted = 0, 0
    for i in range(max(middle_i - cells, 0), min(middle_i + cells + 1, n)):
        dy = (i + corner[0] + 0.5) * cell - origin[1]
        for j in range(max(middle_j - cells, 0), min(middle_j + cells + 1, n)):
            if source[i, j] != SEEN and (source[i, j] != BETWEEN or hidden[i, j] > most):
                continue
            dx = (j + corner[1] + 0.5) * cell - origin[0]
            flat = math.sqrt(dx * dx + dy * dy)
            if flat > reach or flat < _LEAST_FLAT_M:
                continue
            # what lies between rings was never measured: taken away it is unknown, so its error is no matter
            sigma = math.sqrt(variance[i, j]) if source[i, j] == SEEN else least
            if sums[i, j, 3] > high[i, j] - rays[5] * sigma:
                # a point of this very cloud is up there
                misses[i, j] = 0
                continue
            bound = _proven(dx, dy, flat, high[i, j], sigma, world, image, origin, rotation, rays)
            if bound + least >= high[i, j]:
                continue
            if sums[i, j, 3] > bound:
                misses[i, j] = 0
                continue
            misses[i, j] += 1
            if misses[i, j] < clouds:
                doubted += 1
                continue
            cleared += 1
            # it begins anew: with what this cloud saw in it, or as unknown
            source[i, j] = UNKNOWN
            hidden[i, j] = np.inf
            hits[i, j] = 0
            contradictions[i, j] = 0
            misses[i, j] = 0
    return cleared, doubted


@njit(cache=True)
def _angle(y, x):  # type: ignore[no-untyped-def]
    """Return atan2 to 1e-3 rad in a fifth of its time: enough to find the rays, whose own points say where they are."""
    up, along = abs(y), abs(x)
    ratio = min(up, along) / max(up, along, 1e-9)
    square = ratio * ratio
    angle = ((-0.0464964749 * square + 0.15931422) * square - 0.327622764) * square * ratio + ratio
    if up > along:
        angle = 0.5 * math.pi - angle
    if x < 0.0:
        angle = math.pi - angle
    return -angle if y < 0.0 else angle


@njit(cache=True)
def _proven(dx, dy, flat, high, sigma, world, image, origin, rotation, rays):  # type: ignore[no-untyped-def]
    """Return the height above which the rays prove a cell empty, where that is below its top; else inf."""
    cell, elevation_min, step, range_margin, attitude_sigma, gate, ratio = rays
    pitch = 2.0 * math.pi / image.shape[1]
    margin = gate * math.sqrt((attitude_sigma * flat) ** 2 + sigma * sigma)
    below = high - margin - ratio * flat * pitch - origin[2]
    # the direction to the highest point that a ray could prove empty, in the frame of the lidar
    x = rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * below
    y = rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * below
    z = rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * below
    ring = min(math.floor((_angle(z, math.sqrt(x * x + y * y)) - elevation_min) / step), image.shape[0] - 1)
    if ring < 0:
        return np.inf
    ray = math.floor(_angle(y, x) / pitch + 0.5)
    ux, uy = dx / flat, dy / flat
    # the cell's half as seen from here, wider by what it may have drifted aside
    half = 0.5 * cell * (abs(ux) + abs(uy)) + 2.0 * sigma
    span = math.ceil(half / (flat * pitch)) + 1
    bound = np.inf
    for down in range(min(_RINGS, ring + 1)):
        first = image[ring - down, ray % image.shape[1]]
        if first >= 0:
            along = (world[first, 0] - origin[0]) * ux + (world[first, 1] - origin[1]) * uy
            if along < flat + half + range_margin:
                # lower rays end nearer still
                break
        top, apart = _passed(ring - down, ray, span, ux, uy, flat, half, range_margin, world, image, origin)
        bound = min(bound, top + margin + ratio * apart)
    return bound


@njit(cache=True)
def _passed(ring, ray, span, ux, uy, flat, half, range_margin, world, image, origin):  # type: ignore[no-untyped-def]
    """Return how high the rays of a ring pass over a cell at most, and how far apart; inf where one does not pass."""
    top, apart, before = -np.inf, 0.0, np.inf
    for k in range(-span, span + 1):
        point = image[ring, (ray + k) % image.shape[1]]
        if point < 0:
            # lost: its neighbours are the farther apart
            continue
        wx, wy = world[point, 0] - origin[0], world[point, 1] - origin[1]
        along = wx * ux + wy * uy
        if along <= 0.0:
            continue
        aside = (ux * wy - uy * wx) * flat / along
        passes = along >= flat + half + range_margin
        slope = (world[point, 2] - origin[2]) / along
        height = origin[2] + max(slope * (flat - half), slope * (flat + half))
        if aside <= -half:
            # the last one on this side counts
            before = aside if passes else np.inf
            top, apart = height, 0.0
            continue
        if before == np.inf or not passes:
            return np.inf, 0.0
        apart = max(apart, aside - before)
        top = max(top, height)
        before = aside
        if aside >= half:
            return top, apart
    return np.inf, 0.0
