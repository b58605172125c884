# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip that a strength lets expect, and how likely a measured one is."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import t

from lupex_models.soil_strength import StrengthTable
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.strength_grid import STRENGTHS

Array = NDArray[np.float64]

_DEGREES = 4.0
"""Of Student's t: slips far off the model come more often than normal errors would have it."""
_LEVELS = (np.arange(31) + 0.5) / 31.0


def slips(table: StrengthTable, along_rad: ArrayLike, across_rad: ArrayLike) -> Array:
    """Return the slip (..., strengths) of slopes (...) along and across, within -1..1.

    Ground that cannot be driven has slip 1, or -1 where the next stronger soil that can be driven skids.
    """
    along, across = np.broadcast_arrays(np.asarray(along_rad, np.float64), np.asarray(across_rad, np.float64))
    found = table.slip(along[..., None], across[..., None], STRENGTHS)
    drivable = found < 1.0
    weakest = np.argmax(drivable, axis=-1, keepdims=True)
    runs_away = drivable.any(axis=-1, keepdims=True) & (np.take_along_axis(found, weakest, axis=-1) < 0.0) & ~drivable
    return np.clip(np.where(runs_away, -1.0, found), -1.0, 1.0)


def log_likelihood(expected: Array, slip: float, sigma: float, errors: Array, config: SoilConfig) -> Array:
    """Return the log likelihood (errors, strengths) of a slip measured with `sigma`, for slips (strengths,) expected.

    The scatter of the model grows with the slip. Some measurements say nothing at all: one that is far off is no proof.
    """
    scale = np.sqrt(sigma**2 + scatter(expected, config) ** 2)
    off = (slip - errors[:, None] - expected) / scale
    usual = t.pdf(off, _DEGREES) / scale
    return np.asarray(np.log((1.0 - config.void_share) * usual + config.void_share / 2.0))


def scatter(expected: Array, config: SoilConfig) -> Array:
    """Return one sigma of the slip about the slip that a strength lets expect."""
    return np.hypot(config.model_floor, config.model_share * expected)


def slip_quantiles(probability: Array, expected: Array, levels: ArrayLike, config: SoilConfig) -> Array:
    """Return quantiles (levels,) of the slip on ground whose strength has a distribution (strengths,).

    `expected` (strengths,) is the slip there; the model's own scatter about it counts.
    """
    spread = ndtri(_LEVELS)
    values = np.clip(expected[:, None] + scatter(expected, config)[:, None] * spread, -1.0, 1.0).ravel()
    weights = np.repeat(probability / _LEVELS.size, _LEVELS.size)
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return np.asarray(np.interp(np.asarray(levels), (below - 0.5 * weights[order]) / below[-1], values[order]))
