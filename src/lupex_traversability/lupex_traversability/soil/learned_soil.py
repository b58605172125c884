# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The soil as driving has taught it: a grid posterior of the site and of each patch that was driven over."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from lupex_models.soil_strength import StrengthTable
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.slip_model import log_likelihood, slips
from lupex_traversability.soil.slip_windows import SlipWindow
from lupex_traversability.soil.strength_grid import STRENGTHS, Cell, SitePrior, Strength, cells, summary

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Patch:
    """What one patch of ground has told; never changed in place."""

    log_likelihood: Array
    """(errors, strengths)."""
    windows: float = 0.0
    """Shares of windows that lay in it."""
    time_s: float = -math.inf
    """Of the newest of them."""
    wander_m2: float = 0.0
    """Variance by which the rover's place in map had changed by then."""


@dataclass(frozen=True)
class SoilEstimate:
    """Strengths of ground not driven over and of that which was, as of the newest window used."""

    time_s: float | None
    unseen: Strength
    patches: dict[Cell, Strength]
    distance_m: float
    windows: int


class LearnedSoil:
    """Windows in, strengths out; the order of the windows does not matter but for the drift of the place."""

    def __init__(self, config: SoilConfig, table: StrengthTable) -> None:
        """Begin with what is expected before driving."""
        self.config, self._table = config, table
        self.prior = SitePrior.of(config)
        self.patches: dict[Cell, Patch] = {}
        self.forgotten = np.zeros_like(self.prior.log_weight)
        """What patches no longer kept told of the site."""
        self.distance_m, self.windows = 0.0, 0
        self.time_s: float | None = None
        self.wander_m2 = 0.0
        self.variance_m2: float | None = None
        self._evidence: dict[Cell, Array] = {}

    def learn(self, window: SlipWindow) -> None:
        """Take in a window; each patch that it crosses is told by the share of it that lies there."""
        # the place in map wanders by drift and is corrected: both show in its variance
        if self.variance_m2 is not None:
            self.wander_m2 += abs(window.variance_m2 - self.variance_m2)
        self.variance_m2 = window.variance_m2
        expected = window.share @ slips(self._table, window.along_rad, window.across_rad)
        told = log_likelihood(expected, window.slip, window.sigma, self.prior.errors, self.config)
        for cell, share in cells(np.stack([window.x_m, window.y_m], axis=1), window.share, self.config.patch_m):
            self._tell(cell, share, told, window.time_s)
        self.time_s = window.time_s if self.time_s is None else max(self.time_s, window.time_s)
        self.distance_m += window.track_m
        self.windows += 1
        self._forget()

    def _tell(self, cell: Cell, share: float, told: Array, time_s: float) -> None:
        patch = self.patches.get(cell, Patch(np.zeros_like(told)))
        self.patches[cell] = replace(
            patch,
            log_likelihood=patch.log_likelihood + share * told,
            windows=patch.windows + share,
            time_s=max(patch.time_s, time_s),
            wander_m2=self.wander_m2,
        )
        self._evidence.pop(cell, None)

    def _forget(self) -> None:
        """Keep of the oldest patches only what they tell of the site."""
        while len(self.patches) > self.config.patches:
            oldest = min(self.patches, key=lambda cell: (self.patches[cell].time_s, cell))
            self.forgotten = self.forgotten + self._evidence_of(oldest)
            del self.patches[oldest]
            self._evidence.pop(oldest, None)

    # ------------------------------------------------------------------------------------------------ what is known

    def estimate(self) -> SoilEstimate:
        """Return what is known now."""
        site = self._site()
        unseen = self._unseen(site)
        alone = {cell: self._patch(cell, site) for cell in self.patches}
        found = {cell: summary(self._wandered(cell, alone, unseen)) for cell in sorted(alone)}
        return SoilEstimate(self.time_s, summary(unseen), found, self.distance_m, self.windows)

    def unseen(self) -> Array:
        """Return the distribution (strengths,) of the strength of ground not driven over."""
        return self._unseen(self._site())

    def patch(self, cell: Cell) -> Array:
        """Return that of a patch, which is that of ground not driven over where it was not."""
        site = self._site()
        unseen = self._unseen(site)
        if cell not in self.patches:
            return unseen
        near = [(cell[0] + i, cell[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        alone = {each: self._patch(each, site) for each in near if each in self.patches}
        return self._wandered(cell, alone, unseen)

    def _site(self) -> Array:
        """Return the probability (errors, sites) of the site's states."""
        log = self.prior.log_weight + self.forgotten
        for cell in sorted(self.patches):
            log = log + self._evidence_of(cell)
        return np.asarray(np.exp(log - logsumexp(log)))

    def _unseen(self, site: Array) -> Array:
        return np.asarray(site.sum(axis=0) @ self.prior.patches)

    def _evidence_of(self, cell: Cell) -> Array:
        """Return the log likelihood (errors, sites) of the site's states by one patch."""
        found = self._evidence.get(cell)
        if found is None:
            log, most = self._tempered(cell)
            found = self._evidence[cell] = np.log(np.exp(log - most) @ self.prior.patches.T) + most
        return found

    def _tempered(self, cell: Cell) -> tuple[Array, float]:
        """Return the patch's log likelihood (errors, strengths), and its most.

        However often it was driven over, the model's own error there stays the same.
        """
        patch = self.patches[cell]
        log = patch.log_likelihood * min(1.0, self.config.patch_windows / patch.windows)
        return log, float(log.max())

    def _patch(self, cell: Cell, site: Array) -> Array:
        log, most = self._tempered(cell)
        weight = site / np.exp(self._evidence_of(cell) - most)
        joint = (weight @ self.prior.patches) * np.exp(log - most)
        return np.asarray(joint.sum(axis=0) / joint.sum())

    def _wandered(self, cell: Cell, alone: dict[Cell, Array], unseen: Array) -> Array:
        """Return what the ground at a cell of map may be, as the place in map has wandered since it was driven over."""
        wandered = math.sqrt(self.wander_m2 - self.patches[cell].wander_m2) / self.config.patch_m
        stays, beside = _cells_off(wandered, 0), _cells_off(wandered, 1)
        shares = ((-1, beside), (0, stays), (1, beside))
        mixed, near = np.zeros_like(STRENGTHS), 0.0
        for i, share_x in shares:
            for j, share_y in shares:
                mixed += share_x * share_y * alone.get((cell[0] + i, cell[1] + j), unseen)
                near += share_x * share_y
        return np.asarray(mixed + max(1.0 - near, 0.0) * unseen)


def _cells_off(sigma: float, cells_off: int) -> float:
    """Return the probability that a place somewhere in a cell of side 1 is so many cells off after an error."""
    if sigma < 1e-6:
        return float(cells_off == 0)
    edges = (cells_off + np.array([-1.0, 0.0, 1.0])) / sigma
    # the integral of the normal distribution's integral
    below, at, above = sigma * (edges * ndtr(edges) + np.exp(-0.5 * edges**2) / math.sqrt(math.tau))
    return float(below - 2.0 * at + above)
