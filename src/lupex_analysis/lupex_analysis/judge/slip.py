# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True slip of a sortie: its size, and uphill and downhill apart, for over out and back the signed mean is nothing."""

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.sortie import Columns

Array = NDArray[np.float64]
Figures = dict[str, float | None]

KEYS = (
    "mean_abs_slip",
    "p95_abs_slip",
    "mean_slip_up",
    "mean_slip_down",
    "steepest_up_deg",
    "steepest_down_deg",
)


def slip_figures(truth: Columns, rules: Judgement) -> Figures:
    """Return the figures, each metre over ground weighing the same; None where none was driven that way.

    A track that spins on the spot drives no metre: it shows in the stops, and where it lasts in the outcome.
    """
    found: Figures = dict.fromkeys(KEYS)
    if len(truth["t"]) < 2:
        return found
    steps = np.maximum(np.diff(truth["distance_m"]), 0.0)
    slip = truth["slip"][1:]
    moved = (steps > 0) & np.isfinite(slip)
    if not np.any(moved):
        return found
    weight, slip = steps[moved], slip[moved]
    slope = slope_along_rad(truth, rules.slope_span_m)[1:][moved]
    size = np.abs(slip)
    found["mean_abs_slip"] = _mean(size, weight)
    found["p95_abs_slip"] = _quantile(size, weight, 0.95)
    for name, way in (("up", slope > rules.level_rad), ("down", slope < -rules.level_rad)):
        if np.any(way):
            found[f"mean_slip_{name}"] = _mean(slip[way], weight[way])
            found[f"steepest_{name}_deg"] = float(np.degrees(np.max(np.abs(slope[way]))))
    return found


def slope_along_rad(truth: Columns, span_m: float) -> Array:
    """Return the slope along the way at each true state, uphill positive: the rise over `span_m` of way around it.

    nan where so much way was not driven on both sides.
    """
    way, z = truth["distance_m"], truth["z_m"]
    steps = np.diff(way, prepend=way[0] - 1.0) > 0
    if np.count_nonzero(steps) < 2:
        return np.full(len(way), np.nan)
    half = 0.5 * span_m
    known_way, known_z = way[steps], z[steps]
    before, after = (np.interp(way + at, known_way, known_z, left=np.nan, right=np.nan) for at in (-half, half))
    # the way is that over ground, so the rise is its sine
    return np.asarray(np.arcsin(np.clip((after - before) / span_m, -1.0, 1.0)))


def _mean(values: Array, weight: Array) -> float:
    return float(np.sum(values * weight) / np.sum(weight))


def _quantile(values: Array, weight: Array, share: float) -> float:
    """Return the smallest value that at least a share of the weight does not exceed."""
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])
