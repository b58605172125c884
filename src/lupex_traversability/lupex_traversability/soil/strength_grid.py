# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Distributions over a grid of strengths: what is expected before driving, and what is told of one."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from lupex_models.soil_strength import STRONGEST, WEAKEST
from lupex_traversability.config import SoilConfig

Array = NDArray[np.float64]
Cell = tuple[int, int]
"""Column and row of a patch of map."""

STEP = 0.125
STRENGTHS = np.linspace(WEAKEST, STRONGEST, round((STRONGEST - WEAKEST) / STEP) + 1)
LOW = 0.05
"""The quantile that a proof of the way back prices by."""

_SCATTERS = 4
_ERRORS = 5
_TAIL = 4.0
"""Degrees of freedom of the site's mean: sites outside the spread come."""


@dataclass(frozen=True)
class SitePrior:
    """What is not known of the site as a whole, as grids.

    A state of the site is the mean of its patches and their scatter (both in the axis `site`); beside it the error that
    all slips have in common (axis `error`), as of a sprocket's radius.
    """

    errors: Array
    """(errors,): slip measured less true slip."""
    log_weight: Array
    """(errors, sites): log of the probability."""
    patches: Array
    """(sites, strengths): probability of a patch's strength."""

    @classmethod
    def of(cls, config: SoilConfig) -> "SitePrior":
        """Lay out the grids."""
        errors = config.common_error * np.linspace(-2.0, 2.0, _ERRORS)
        scatters = np.geomspace(config.scatter_least, config.scatter_most, _SCATTERS)
        means = _binned(t(df=_TAIL, loc=config.mean, scale=config.mean_sigma).cdf)
        weights = np.exp(-0.5 * np.linspace(-2.0, 2.0, _ERRORS) ** 2)
        patches = np.stack([_patches(mean, scatter, config) for mean in STRENGTHS for scatter in scatters])
        site = np.repeat(means / _SCATTERS, _SCATTERS)
        return cls(errors, np.log(np.outer(weights / weights.sum(), site)), patches)


@dataclass(frozen=True)
class Strength:
    """What is known of the strength of some ground."""

    median: float
    sigma: float
    low: float
    """5 % quantile."""

    @property
    def weaker_possible(self) -> bool:
        """Whether the low quantile is the weak end of the line, so that it may be weaker than can be told."""
        return self.low <= WEAKEST


def cells(places_m: Array, share: Array, patch_m: float) -> list[tuple[Cell, float]]:
    """Return the patches that places (n, 2) of map lie in, with the sum of the shares (n,) in each."""
    found: dict[Cell, float] = {}
    for (x_m, y_m), part in zip(places_m.tolist(), share.tolist(), strict=True):
        cell = math.floor(x_m / patch_m), math.floor(y_m / patch_m)
        found[cell] = found.get(cell, 0.0) + part
    return sorted(found.items())


def summary(probability: Array) -> Strength:
    """Return what a distribution (strengths,) over STRENGTHS says."""
    mean = float(probability @ STRENGTHS)
    # a cell of the grid is as wide as it is
    variance = float(probability @ (STRENGTHS - mean) ** 2) + STEP**2 / 12.0
    return Strength(quantile(probability, 0.5), math.sqrt(variance), quantile(probability, LOW))


def quantile(probability: Array, level: float) -> float:
    """Return the strength that a share `level` of a distribution lies below; WEAKEST where it lies at that end."""
    below = np.cumsum(probability)
    if level <= below[0]:
        return WEAKEST
    # the weak end is a point of its own, each other node is spread over its cell
    edges = np.minimum(STRENGTHS + 0.5 * STEP, STRONGEST)
    return float(np.interp(level, below / below[-1], edges))


def _patches(mean: float, scatter: float, config: SoilConfig) -> Array:
    """Return the distribution of patches about a mean; a few of them are weak by as much as it may be."""
    alike = _binned(norm(loc=mean, scale=scatter).cdf)
    weaker = (mean >= STRENGTHS).astype(np.float64)
    return np.asarray((1.0 - config.weak_share) * alike + config.weak_share * weaker / weaker.sum())


def _binned(below: Callable[[Array], Array]) -> Array:
    """Return the probability of each cell of the grid, by a cumulative one; what lies beyond an end counts there."""
    edges = np.concatenate([[-np.inf], STRENGTHS[:-1] + 0.5 * STEP, [np.inf]])
    return np.asarray(np.diff(below(edges)))
