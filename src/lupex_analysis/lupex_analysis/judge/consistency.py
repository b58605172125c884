# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Estimates against truth: how often the truth lies within the sigma that was stated with a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.judge.true_ice import sample_errors
from lupex_analysis.scoring import Errors
from lupex_analysis.sortie import Columns, Forecast, Sortie

Array = NDArray[np.float64]
Figures = dict[str, Any]

BLOCKS = {"all": (), "out": (1, 2), "at_target": (3, 4), "back": (5,)}
"""Phases of the mission by block; all of them and those of no phase in the first."""


@dataclass(frozen=True)
class Stated:
    """Errors (estimate less truth) and the sigmas stated with them; of equal length."""

    error: Array
    sigma: Array


def consistency(sortie: Sortie, errors: Errors, rules: Judgement, notes: list[str]) -> dict[str, Figures | None]:
    """Return for each quantity {n, in_1_sigma, in_2_sigma, in_3_sigma, rms_normalised}; None, with a note, without.

    Consistent and Gaussian is 0.683, 0.954, 0.997 and 1. Samples that follow each other share their errors: n counts
    samples, not independent ones, but for slip, of which one is taken for each window, and for ice.
    """
    quantities: dict[str, Callable[[], Stated]] = {
        "x": lambda: Stated(errors.x_m, errors.x_sigma_m),
        "y": lambda: Stated(errors.y_m, errors.y_sigma_m),
        "heading": lambda: Stated(errors.yaw_rad, errors.yaw_sigma_rad),
        "slip": lambda: slip_errors(sortie.slip, sortie.truth),
        "charge": lambda: _by_time(sortie.power, sortie.truth, "soc", "soc_sigma", rules.match_s),
        "energy": lambda: _by_time(sortie.power, sortie.truth, "energy_wh", "energy_sigma_wh", rules.match_s),
        "forecast_energy": lambda: forecast_errors(sortie.forecasts, sortie.truth),
        "ice": lambda: Stated(*sample_errors(sortie.holes, sortie.truth)),
    }
    found: dict[str, Figures | None] = {}
    for name, compare in quantities.items():
        found[name] = shares(compare()) if len(sortie.truth["t"]) else None
        if found[name] is None:
            notes.append(f"consistency.{name}: the recording holds no stated value with its truth")
    # PowerStatus states a usable capacity, and no sigma of it
    found["capacity"] = None
    notes.append("consistency.capacity: the stack states no sigma of the capacity")
    return found


def shares(stated: Stated) -> Figures | None:
    """Return how many errors lie within one, two and three sigma; None where none has a sigma."""
    usable = np.isfinite(stated.error) & np.isfinite(stated.sigma) & (stated.sigma > 0)
    if not np.any(usable):
        return None
    normalised = stated.error[usable] / stated.sigma[usable]
    found: Figures = {"n": len(normalised)}
    for k in (1, 2, 3):
        found[f"in_{k}_sigma"] = float(np.mean(np.abs(normalised) <= k))
    found["rms_normalised"] = float(np.sqrt(np.mean(normalised**2)))
    return found


def nees(sortie: Sortie, errors: Errors) -> dict[str, Figures]:
    """Return mean NEES of position (2 expected) and heading (1) by block of the sortie; None where there is none."""
    mission = sortie.mission
    known = np.isfinite(mission["t"])
    begun, phases = mission["t"][known], mission["phase"][known]
    at = np.searchsorted(begun, errors.t, side="right") - 1
    phase = np.where(at >= 0, phases[np.maximum(at, 0)], -1) if len(begun) else np.full(len(errors.t), -1)
    found = {}
    for block, members in BLOCKS.items():
        chosen = np.isin(phase, members) if members else np.ones(len(errors.t), dtype=bool)
        usable = chosen & np.isfinite(errors.nees_position) & np.isfinite(errors.nees_heading)
        there = bool(np.any(usable))
        found[block] = {
            "position": float(np.mean(errors.nees_position[usable])) if there else None,
            "heading": float(np.mean(errors.nees_heading[usable])) if there else None,
            "n": int(np.count_nonzero(usable)),
        }
    return found


def slip_errors(slip: Columns, truth: Columns) -> Stated:
    """Compare one estimate for each of its windows with the true mean over the driving that it was measured on."""
    t = truth["t"]
    if len(t) < 2 or not len(slip["t"]):
        return Stated(np.zeros(0), np.zeros(0))
    driving = np.diff(truth["distance_m"], prepend=truth["distance_m"][0]) > 0
    step = np.where(driving, np.diff(t, prepend=t[0]), 0.0)
    driven, summed = np.cumsum(step), np.cumsum(step * truth["slip"])
    measured = slip["window_s"] > 0
    error, sigma, last = [], [], 0.0
    for now, value, spread, window in zip(*(slip[name][measured] for name in ("t", "slip", "sigma", "window_s"))):
        end = float(np.interp(now, t, driven))
        if not t[0] <= now <= t[-1] or end - last < window or end < window:
            continue
        last = end
        true = (np.interp(end, driven, summed) - np.interp(end - window, driven, summed)) / window
        error.append(value - true)
        sigma.append(spread)
    return Stated(np.array(error), np.array(sigma))


def forecast_errors(forecasts: tuple[Forecast, ...], truth: Columns) -> Stated:
    """Compare what the first forecast of each plan foresaw with what came, until another plan took its place.

    Forecasts of one plan are made again and again over the same hours; the first is the one that was relied upon.
    """
    t = truth["t"]
    followed = [forecast for forecast in forecasts if forecast.plan_id]
    firsts = [f for k, f in enumerate(followed) if k == 0 or followed[k - 1].plan_id != f.plan_id]
    error, sigma = [np.zeros(0)], [np.zeros(0)]
    for k, forecast in enumerate(firsts):
        until = firsts[k + 1].made_s if k + 1 < len(firsts) else np.inf
        times = forecast.columns["t"]
        held = (times > forecast.made_s) & (times <= until) & (times >= t[0]) & (times <= t[-1])
        error.append(forecast.columns["energy_wh"][held] - np.interp(times[held], t, truth["energy_wh"]))
        sigma.append(forecast.columns["energy_sigma_wh"][held])
    return Stated(np.concatenate(error), np.concatenate(sigma))


def _by_time(held: Columns, truth: Columns, value: str, sigma: str, match_s: float) -> Stated:
    """Compare a value with the truth of its time, where a true state lies near enough."""
    t, times = truth["t"], held["t"]
    inside = np.isfinite(times) & (times >= t[0]) & (times <= t[-1])
    after = np.clip(np.searchsorted(t, times), 0, len(t) - 1)
    before = np.maximum(after - 1, 0)
    near = np.minimum(np.abs(t[after] - times), np.abs(times - t[before])) <= match_s
    chosen = inside & near
    return Stated(held[value][chosen] - np.interp(times[chosen], t, truth[value]), held[sigma][chosen])
