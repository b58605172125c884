# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A lidar's cloud against the true ground under it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_simulator.gazebo.lidar_cloud import Hull

FloatArray = npt.NDArray[np.float64]
BANDS_M = ((2.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, 31.0))
"""Of the range, in which heights are compared."""


@dataclass(frozen=True)
class LidarFigures:
    """Rays that came back, those within the rover itself, and heights over the true ground by range."""

    rays: int
    returns: int
    in_rover: int
    median_m: dict[str, float]
    """Of the heights over the true ground, by band; nan where no point is."""
    spread_m: dict[str, float]
    """Half the way from the 16th to the 84th of a hundred heights."""


def lidar_figures(
    points_m: npt.NDArray[np.float32],
    sensor: FloatArray,
    heights: Callable[[FloatArray, FloatArray], FloatArray],
    rover: Hull,
) -> LidarFigures:
    """Compare points (n, 3) in the sensor's frame with the ground; `sensor` (4, 4) places the sensor in map."""
    finite = np.asarray(points_m[np.isfinite(points_m).all(axis=1)], dtype=np.float64)
    inside = ((finite > np.array(rover.low_m)) & (finite < np.array(rover.high_m))).all(axis=1)
    outside = finite[~inside]
    placed = outside @ sensor[:3, :3].T + sensor[:3, 3]
    over = placed[:, 2] - heights(np.ascontiguousarray(placed[:, 0]), np.ascontiguousarray(placed[:, 1]))
    ranges = np.linalg.norm(outside, axis=1)
    median, spread = {}, {}
    for low, high in BANDS_M:
        here = over[(ranges >= low) & (ranges < high) & np.isfinite(over)]
        low_end, middle, high_end = np.percentile(here, [16, 50, 84]) if here.size else (math.nan,) * 3
        median[f"{low:g}..{high:g} m"], spread[f"{low:g}..{high:g} m"] = float(middle), 0.5 * float(high_end - low_end)
    return LidarFigures(len(points_m), len(finite), int(inside.sum()), median, spread)
