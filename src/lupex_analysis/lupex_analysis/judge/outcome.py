# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How a sortie ended, by truth alone: what the mission says of itself decides nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.sortie import TRUTH, Sortie

Array = NDArray[np.float64]

SUCCESS, HOME_WITHOUT_SAMPLE, RESERVE_VIOLATED = "success", "home_without_sample", "reserve_violated"
LOST, UNFINISHED, NOT_JUDGED = "lost", "unfinished", "not_judged"


@dataclass(frozen=True)
class End:
    """What is known of the way home at the last true state [Wh]; None where it could not be found."""

    need_wh: float | None = None
    tolerance_wh: float = 0.0


def outcome(sortie: Sortie, reserve_wh: Array, end: End, rules: Judgement) -> tuple[str, list[str]]:
    """Return the outcome and what keeps it from being a success.

    `reserve_wh` is that at the true states. Lost is tipped over, empty, frozen, stuck or out of reach of light. Success
    is a sample and the return into the Sun, the reserve untouched; unfinished is a rover that lives, away from light.
    """
    if not sortie.seen(sortie.truth):
        return NOT_JUDGED, [f"not judged: the recording holds no {TRUTH}"]
    truth = sortie.truth
    lost = lost_reasons(sortie, end, rules)
    untouched = _reserve_reasons(truth["energy_wh"] - reserve_wh)
    light = float(truth["sunlit_fraction"][-1])
    away = [] if light > rules.sunlit_fraction else [f"not in sunlight at the end: {light:.0%} of the Sun's disc"]
    sampled = _sample_reasons(sortie, rules)
    reasons = [*lost, *untouched, *away, *sampled]
    if lost:
        return LOST, reasons
    if away:
        return UNFINISHED, reasons
    if untouched:
        return RESERVE_VIOLATED, reasons
    return (HOME_WITHOUT_SAMPLE if sampled else SUCCESS), reasons


def lost_reasons(sortie: Sortie, end: End, rules: Judgement) -> list[str]:
    """List why the rover is lost; empty when it is not."""
    truth = sortie.truth
    found = []
    if np.any(truth["tipped"] > 0):
        found.append("lost: the rover tipped over")
    if np.any(truth["dead"] > 0):
        found.append("lost: the battery ran empty")
    coldest = float(np.nanmin(truth["battery_temperature_k"], initial=np.inf))
    if coldest < rules.storage_min_k and coldest > 0.0:
        limit = f"its storage limit of {rules.storage_min_k:g} K"
        found.append(f"lost: the battery froze at {coldest:.0f} K, below {limit}")
    stuck = stuck_s(sortie, rules)
    if stuck is not None and stuck >= rules.stuck_s:
        found.append(f"lost: stuck, told to drive for {stuck / 60:.0f} min until the end without moving")
    energy = float(truth["energy_wh"][-1])
    if end.need_wh is not None and end.need_wh > energy + end.tolerance_wh:
        needed = f"{end.need_wh:.0f} Wh" if np.isfinite(end.need_wh) else "more than the full battery"
        found.append(f"lost: out of reach of light at the end: {needed} needed, {energy:.0f} Wh there")
    return found


def stuck_s(sortie: Sortie, rules: Judgement) -> float | None:
    """Return for how long the rover was told to drive since it last moved; None without recorded commands."""
    truth, commands = sortie.truth, sortie.commands
    if not sortie.seen(commands) or not sortie.seen(truth):
        return None
    away = np.hypot(truth["x_m"] - truth["x_m"][-1], truth["y_m"] - truth["y_m"][-1])
    moved = np.flatnonzero(away > rules.progress_m)
    since_s = truth["t"][moved[-1]] if len(moved) else truth["t"][0]
    speed = np.hypot(commands["twist.linear.x"], commands["twist.linear.y"])
    told = (speed > rules.commanded_mps) | (np.abs(commands["twist.angular.z"]) > rules.commanded_rad_s)
    # a command holds until the next, for a few seconds at most: the motor controllers stop by themselves
    held = np.minimum(np.diff(commands["t"], append=truth["t"][-1]), 5.0)
    return float(np.sum(held[told & (commands["t"] >= since_s) & (held > 0)]))


def _reserve_reasons(above_wh: Array) -> list[str]:
    least = float(np.nanmin(above_wh, initial=np.inf))
    return [f"reserve violated: {-least:.0f} Wh of it were used"] if least < 0 else []


def _sample_reasons(sortie: Sortie, rules: Judgement) -> list[str]:
    deepest = deepest_sample_m(sortie)
    if deepest >= rules.sample_depth_m - rules.depth_tolerance_m:
        return []
    what = f"the deepest sample ends at {deepest:.2f} m" if deepest else "no sample was delivered"
    return [f"no sample from {rules.sample_depth_m:g} m: {what}"]


def deepest_sample_m(sortie: Sortie) -> float:
    """Return to which depth a sample reached, never deeper than the rover truly drilled; 0 without any."""
    bottoms = [sample.bottom_m for hole in sortie.holes for sample in hole.samples]
    told = max([*bottoms, *sortie.assay_bottoms_m.tolist()], default=0.0)
    return min(told, float(np.nanmax(sortie.truth["drill_depth_m"], initial=0.0)))
