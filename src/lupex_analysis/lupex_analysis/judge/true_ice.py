# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True ice of a sample's interval, from the true mean over the column as the hole grew."""

import math

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.sortie import Columns, Hole

Array = NDArray[np.float64]

_RESOLVED = 0.25
"""Of an interval: its ends must be known so well in depth."""


def sample_errors(holes: tuple[Hole, ...], truth: Columns) -> tuple[Array, Array]:
    """Return (estimate less truth, stated sigma) of every sample whose truth can be told; nan where it cannot."""
    error, sigma = [], []
    for hole, column in zip(holes, _columns(truth, holes), strict=True):
        for sample in hole.samples:
            error.append(sample.fraction - _mean(column, sample.top_m, sample.bottom_m))
            sigma.append(sample.sigma)
    return np.array(error), np.array(sigma)


def water_error_sigmas(hole: Hole, holes: tuple[Hole, ...], truth: Columns) -> float | None:
    """Return the error of a hole's mean ice in its own sigmas; None where its truth cannot be told."""
    column = _columns(truth, holes)[holes.index(hole)]
    length = np.array([sample.bottom_m - sample.top_m for sample in hole.samples])
    true = np.array([_mean(column, sample.top_m, sample.bottom_m) for sample in hole.samples])
    weight = length / np.sum(length)
    sigma = float(np.sqrt(np.sum((weight * [sample.sigma for sample in hole.samples]) ** 2)))
    error = float(np.sum(weight * ([sample.fraction for sample in hole.samples] - true)))
    return error / sigma if sigma > 0 and math.isfinite(error) else None


def _columns(truth: Columns, holes: tuple[Hole, ...]) -> list[tuple[Array, Array]]:
    """Return for each hole (depth, ice over the column down to it [m]); empty where it is not known which is whose.

    The true depth is that of the present hole: it falls where the next begins. Holes without a sample are passed over
    where they are too shallow for the samples told.
    """
    depth, ice = truth["drill_depth_m"], truth["ice_fraction"]
    known = np.isfinite(depth) & np.isfinite(ice)
    depth, ice = depth[known], ice[known]
    starts = np.flatnonzero(np.diff(depth, prepend=np.inf) < -1e-6)
    true = []
    for begin, end in zip(starts, [*starts[1:], len(depth)], strict=False):
        down, first = np.unique(depth[begin:end], return_index=True)
        true.append((down, down * ice[begin:end][first]))
    found: list[tuple[Array, Array]] = []
    left = iter(true)
    for hole in holes:
        bottom = max(sample.bottom_m for sample in hole.samples)
        found.append(next((held for held in left if held[0][-1] >= bottom - 0.01), (np.zeros(0), np.zeros(0))))
    return found


def _mean(column: tuple[Array, Array], top_m: float, bottom_m: float) -> float:
    """Return the true mean over an interval; nan where the hole's depths leave its ends open."""
    depth, ice = np.concatenate(([0.0], column[0])), np.concatenate(([0.0], column[1]))
    allowed = _RESOLVED * (bottom_m - top_m)
    ends = (top_m, bottom_m)
    if not allowed > 0 or any(float(np.min(np.abs(depth - end))) > allowed for end in ends):
        return math.nan
    above, below = (float(np.interp(end, depth, ice)) for end in ends)
    return (below - above) / (bottom_m - top_m)
