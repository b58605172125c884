# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An ensemble of the orbital map's errors, and how much higher ground may stand over a place than the map says."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lupex_path_planning.config import MapErrorConfig

Array = NDArray[np.float64]

SPACING_M = 2.5
"""Of the points of a line at which a member is known."""
_LINE_M = 100.0
"""Beyond it nothing of a member is correlated with the place that it is seen from: the rises stay what they are."""
_ACROSS = 3
"""Lines beside each other: the two sides and the middle of a cell."""
_SLOPE_OVER_M = 5.0
"""What the slope's error is stated over (PGDA 78)."""


@dataclass(frozen=True)
class Rises:
    """By how much [m] ground at distances (n), evenly apart, may stand higher over a place of a cell than mapped."""

    distance_m: Array
    rise_m: Array

    def at(self, distance_m: Array) -> Array:
        """Return the rise at any distances; beyond the last it stays."""
        return np.interp(distance_m, self.distance_m, self.rise_m)


@functools.lru_cache(maxsize=8)
def worst_rises(config: MapErrorConfig) -> Rises:
    """Return at each distance the greatest rise of all members, over any place of the cell; 0 without members.

    Members come one after the other from one seed: with more of them no rise is smaller.
    """
    distance = np.arange(1, round(_LINE_M / SPACING_M) + 1, dtype=np.float64) * SPACING_M
    worst = np.zeros(distance.size)
    rng = np.random.default_rng(config.seed)
    for _ in range(config.members):
        worst = np.maximum(worst, _rises(_member(config, rng), distance.size))
    return Rises(distance, worst)


def correlation_m(config: MapErrorConfig) -> float:
    """Return the length L of the correlation exp(-(d / L)^2 / 2) that gives both errors, of height and of slope.

    Points s apart differ by height_rms sqrt(2 (1 - exp(-(s / L)^2 / 2))) rms. Raises ValueError where no length gives
    both errors.
    """
    step_m = math.tan(config.slope_rms_rad) * _SLOPE_OVER_M
    shared = 1.0 - 0.5 * (step_m / config.height_rms_m) ** 2
    if not 0.0 < shared < 1.0:
        raise ValueError(
            f"map_error: a height error of {config.height_rms_m:g} m cannot go with a slope error of "
            f"{config.slope_rms_rad:g} rad"
        )
    return _SLOPE_OVER_M / math.sqrt(-2.0 * math.log(shared))


def _member(config: MapErrorConfig, rng: np.random.Generator) -> Array:
    """Return one error of the map along lines beside each other (3, n), from the edge of the cell on."""
    sigma = correlation_m(config) / math.sqrt(2.0) / SPACING_M
    margin = math.ceil(4.0 * sigma)
    count = round(_LINE_M / SPACING_M) + _ACROSS
    field = rng.standard_normal((_ACROSS + 2 * margin, count + 2 * margin))
    for axis in (0, 1):
        field = gaussian_filter1d(field, sigma, axis=axis, mode="constant")
    # White noise smoothed by sigma over an axis keeps 1 / (2 sqrt(pi) sigma) of its variance.
    to_one = 2.0 * math.sqrt(math.pi) * sigma
    return np.asarray(config.height_rms_m * to_one * field[margin : margin + _ACROSS, margin : margin + count])


def _rises(member: Array, count: int) -> Array:
    """Return the greatest rises at distances (count) over the cell's begin, middle and end, each along its own line."""
    over = [member[:, at + 1 : at + 1 + count] - member[:, at : at + 1] for at in range(_ACROSS)]
    return np.asarray(np.max(over, axis=(0, 1)))
