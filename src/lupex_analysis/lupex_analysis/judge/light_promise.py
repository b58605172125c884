# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Light promised against got: the plan in force at a waypoint, and the true Sun there and then."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.sortie import Plan, Sortie

Array = NDArray[np.float64]

KEYS = ("compared_s", "promised_mean", "got_mean", "promised_lit_s", "promised_lit_but_dark_share")


def light_figures(sortie: Sortie, rules: Judgement) -> dict[str, Any]:
    """Return how much of the promised light came; None where the rover was at no waypoint near its time."""
    found: dict[str, Any] = dict.fromkeys(KEYS)
    truth = sortie.truth
    if len(truth["t"]) < 2:
        return found
    promised = promised_light(sortie, rules)
    there = np.isfinite(promised)
    held = np.minimum(np.diff(truth["t"], append=truth["t"][-1]), 10.0)
    if not np.sum(held[there]) > 0:
        return found
    got = truth["sunlit_fraction"]
    lit = there & (promised >= rules.sunlit_fraction)
    found["compared_s"] = float(np.sum(held[there]))
    found["promised_mean"] = float(np.average(promised[there], weights=held[there]))
    found["got_mean"] = float(np.average(got[there], weights=held[there]))
    found["promised_lit_s"] = float(np.sum(held[lit]))
    if found["promised_lit_s"] > 0:
        dark = lit & (got < rules.dark_fraction)
        found["promised_lit_but_dark_share"] = float(np.sum(held[dark])) / found["promised_lit_s"]
    return found


def promised_light(sortie: Sortie, rules: Judgement) -> Array:
    """Return for each true state the share of the disc that the plan in force promised there; nan where none did.

    Of the waypoints near the true place that whose time is the nearest counts, if it is near enough.
    """
    truth = sortie.truth
    promised = np.full(len(truth["t"]), np.nan)
    plans = sorted((plan for plan in sortie.plans if plan.feasible), key=lambda plan: plan.made_s)
    for k, plan in enumerate(plans):
        until = plans[k + 1].made_s if k + 1 < len(plans) else np.inf
        held = (truth["t"] >= plan.made_s) & (truth["t"] < until)
        if np.any(held):
            promised[held] = _of_plan(plan, truth["t"][held], truth["x_m"][held], truth["y_m"][held], rules)
    return promised


def _of_plan(plan: Plan, t: Array, x_m: Array, y_m: Array, rules: Judgement) -> Array:
    points = plan.columns
    best = np.full(len(t), rules.promise_s)
    promised = np.full(len(t), np.nan)
    for at, x, y, share in zip(*(points[name] for name in ("t", "x_m", "y_m", "sunlit_fraction")), strict=True):
        away_s = np.abs(t - at)
        nearer = (np.hypot(x_m - x, y_m - y) <= rules.promise_m) & (away_s <= best) & np.isfinite(share)
        promised[nearer], best[nearer] = share, away_s[nearer]
    return promised
