# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Patches of loose soil that no map shows: at most one in each square of a lattice, with a lane around each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import setting

FloatArray = npt.NDArray[np.float64]

_SQUARES = 128
"""Along a side of the drawn tile; the tile repeats, 5.1 km apart at 40 m."""
_LANE_M = 2.0
"""From a patch to its square's side: the lane between two patches is twice as wide, and the rover 1.5 m."""
_X, _Y, _RADIUS, _FRICTION, _SHEAR = range(5)


@dataclass(frozen=True)
class WeakPatchTruth:
    """Spread of the weak patches; none by default."""

    spacing_m: float = setting(
        40.0, "side of the squares of which each may hold one patch", unit="m", minimum=5, maximum=500
    )
    share: float = setting(0.0, "of the squares that hold one", minimum=0, maximum=1)
    radius_m: tuple[float, float] = setting((3.0, 8.0), "uniform", unit="m", minimum=0.5, maximum=100)
    edge_m: float = setting(1.5, "over which a patch begins, within its radius", unit="m", minimum=0.1, maximum=50)
    friction_angle_deg: tuple[float, float] = setting((26.0, 30.0), "uniform", unit="deg", minimum=10, maximum=50)
    shear_modulus_m: tuple[float, float] = setting((0.03, 0.06), "uniform", unit="m", minimum=0.001, maximum=0.3)
    clear_m: float = setting(15.0, "without a patch about lander and target", unit="m", minimum=0, maximum=500)


class WeakPatches(NamedTuple):
    """Drawn patches, as numba kernels take them; the tile of squares begins at the origin and repeats."""

    table: FloatArray
    """(squares, squares, 5): x, y [m] within the tile, radius [m], friction angle [rad], shear modulus [m]."""
    origin_x_m: float
    origin_y_m: float
    spacing_m: float
    edge_m: float


def draw_weak_patches(
    spread: WeakPatchTruth, rng: np.random.Generator, clear: Sequence[tuple[float, float]]
) -> WeakPatches:
    """Draw the patches of a run; none reaches within `clear_m` of the places `clear` (x, y) of the map.

    Raises ValueError when the largest patch leaves no lane in its square.
    """
    spacing, widest = spread.spacing_m, spread.radius_m[1]
    if 2.0 * (widest + _LANE_M) > spacing:
        raise ValueError(
            f"weak patches of up to {widest:g} m radius leave no lane in squares of {spacing:g} m; "
            f"take spacing_m of at least {2.0 * (widest + _LANE_M):g} m"
        )
    size = (_SQUARES, _SQUARES)
    origin = rng.uniform(-spacing, 0.0, 2)
    there = rng.random(size) < spread.share
    radius = rng.uniform(*spread.radius_m, size)
    room = spacing - 2.0 * (radius + _LANE_M)
    corner = spacing * np.arange(_SQUARES)
    table = np.empty((*size, 5))
    table[..., _X] = corner[:, None] + radius + _LANE_M + room * rng.random(size)
    table[..., _Y] = corner[None, :] + radius + _LANE_M + room * rng.random(size)
    table[..., _FRICTION] = np.radians(rng.uniform(*spread.friction_angle_deg, size))
    table[..., _SHEAR] = rng.uniform(*spread.shear_modulus_m, size)
    period = _SQUARES * spacing
    for x, y in clear:
        dx = (table[..., _X] + origin[0] - x + 0.5 * period) % period - 0.5 * period
        dy = (table[..., _Y] + origin[1] - y + 0.5 * period) % period - 0.5 * period
        there &= np.hypot(dx, dy) >= radius + spread.clear_m
    table[..., _RADIUS] = np.where(there, radius, 0.0)
    return WeakPatches(table, float(origin[0]), float(origin[1]), spacing, spread.edge_m)


@njit(cache=True)
def weak_soil(patches: WeakPatches, x_m: float, y_m: float) -> tuple[float, float, float]:
    """Return (weight 0..1, friction angle [rad], shear modulus [m]) of the weak patch at a place; weight 0 beside."""
    squares = patches.table.shape[0]
    u = (x_m - patches.origin_x_m) / patches.spacing_m
    v = (y_m - patches.origin_y_m) / patches.spacing_m
    if not (math.isfinite(u) and math.isfinite(v)):
        return 0.0, 0.0, 0.0
    u -= squares * math.floor(u / squares)
    v -= squares * math.floor(v / squares)
    patch = patches.table[min(int(u), squares - 1), min(int(v), squares - 1)]
    inside = patch[_RADIUS] - math.hypot(u * patches.spacing_m - patch[_X], v * patches.spacing_m - patch[_Y])
    share = min(max(inside / patches.edge_m, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share), patch[_FRICTION], patch[_SHEAR]
