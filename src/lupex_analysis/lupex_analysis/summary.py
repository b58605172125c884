# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a sortie under stable names, and its outcome by truth."""

import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.judge import slip
from lupex_analysis.judge.consistency import consistency, nees
from lupex_analysis.judge.light_promise import light_figures
from lupex_analysis.judge.outcome import outcome
from lupex_analysis.judge.reserve import reserve_wh
from lupex_analysis.judge.true_ice import water_error_sigmas
from lupex_analysis.judge.verdict import WayHome
from lupex_analysis.judge.violations import no_violation_figures, violation_figures
from lupex_analysis.reading import Recording
from lupex_analysis.scoring import LONGEST_S, Errors, counter_total, held_seconds, localization_errors, lowest, stops
from lupex_analysis.sortie import RIG, Sortie

Summary = dict[str, Any]

ESTIMATE_ENDS_S = 60.0
"""Of truth after the last estimate, from which on that was not told to the end."""
ZERO_CELSIUS_K = 273.15
NOT_LOOKED_FOR = WayHome(missing="the recording's world was not looked for")


def summarise(
    recording: Recording,
    sortie: Sortie,
    figures: Mapping[str, Any] | None = None,
    rules: Judgement = JUDGEMENT,
    way: WayHome = NOT_LOOKED_FOR,
) -> Summary:
    """Work out every figure; each is finite, or None where it could not be measured: `notes` says which and why.

    `figures` are those that a bag does not hold (world, seed, wall_s, setup_s, cpu_s_by_node); they come first. `way`
    is what truth says of the ways home.
    """
    given = dict(figures or {})
    notes = [*recording.problems]
    errors = localization_errors(sortie.truth, sortie.estimate, rules.match_s)
    wall_s = float(given.get("wall_s", sortie.wall_s))
    sim_s = max(sortie.end_s - sortie.start_s, 0.0)
    seed = given.get("seed", recording.custom.get("seed"))
    reserve = reserve_wh(recording.custom, sortie, rules, sortie.truth["t"])
    ended, reasons = outcome(sortie, reserve, way.end, rules)
    summary: Summary = {
        "outcome": ended,
        "reasons": reasons,
        "mission_says": sortie.mission_outcome or None,
        "world": str(given.get("world", recording.custom.get("world", ""))),
        "seed": _whole(seed),
        "truth": _level(given.get("truth", recording.custom.get("truth", ""))),
        "truth_hash": str(recording.custom.get("truth_hash", "")) or None,
        "draw": _draw(given.get("draw", recording.custom.get("draw")), seed),
        "wall_s": wall_s,
        "setup_s": float(given["setup_s"]) if "setup_s" in given else None,
        "sim_s": sim_s,
        "real_time_factor": sim_s / wall_s if wall_s > 0 else None,
        "drive": _drive(sortie, rules, notes),
        "localization": _localization(sortie, errors, notes),
        "power": _power(sortie, reserve, rules, notes),
        "light": _light(sortie, way, rules, notes),
        "thermal": _thermal(sortie, notes),
        "drill": _drill(sortie, notes),
        "plan": _plan(sortie, notes),
        "certificate": _certificate(sortie, way, notes),
        "water": _water(sortie, notes),
        "consistency": consistency(sortie, errors, rules, notes),
        "faults": _faults(sortie),
        "cpu_s_by_node": {str(name): float(used) for name, used in dict(given.get("cpu_s_by_node", {})).items()},
        "notes": notes,
    }
    if not sortie.seen(sortie.commands):
        notes.append("outcome: no commands were recorded, so it is not judged whether the rover was stuck")
    if not summary["world"]:
        notes.append("world and seed are not in the recording")
    if "cpu_s_by_node" not in given:
        notes.append("processor times are not in a recording: cpu_s_by_node is empty")
    found: Summary = finite(summary, "", notes)
    return found


def _level(named: Any) -> str | None:
    """Return the name of a truth level that a recording names, or the file of."""
    return PurePath(str(named)).stem or None


def _draw(draw: Any, seed: Any) -> int | None:
    """Return the seed of the draw: the place's where none was given; None where a recording says no number."""
    drawn, place = _whole(draw), _whole(seed)
    return place if drawn is not None and drawn < 0 else drawn


def _whole(value: Any) -> int | None:
    """Return a whole number, None for what is none: a recording may come from anywhere."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _drive(sortie: Sortie, rules: Judgement, notes: list[str]) -> Summary:
    truth = sortie.truth
    if not sortie.seen(truth):
        notes.append("drive: no truth was recorded, so distance, slip and stops are not known")
        return dict.fromkeys(("distance_m", *slip.KEYS, "stops"))
    return {
        "distance_m": float(np.sum(np.diff(truth["distance_m"]))),
        **slip.slip_figures(truth, rules),
        "stops": stops(truth, rules.stop_speed_mps, rules.stop_s, sortie.start_s, sortie.end_s),
    }


def _localization(sortie: Sortie, errors: Errors, notes: list[str]) -> Summary:
    status = sortie.localization
    found: Summary = dict.fromkeys(("ate_rmse_m", "end_error_m", "drift_percent", "heading_rmse_deg"))
    found["fixes_accepted"] = _counted(status["fixes_accepted"])
    found["fixes_rejected"] = _counted(status["fixes_rejected"])
    found["nees_mean"] = None
    found["nees"] = nees(sortie, errors)
    if len(errors.t) == 0:
        notes.append("localization: estimate or truth is missing, so its errors are not known")
        return found
    truth, ends_s = sortie.truth, float(errors.t[-1])
    matched = truth["distance_m"][truth["t"] <= ends_s]
    distance = float(matched[-1] - matched[0]) if len(matched) else 0.0
    end_error = float(np.hypot(errors.x_m[-1], errors.y_m[-1]))
    found["ate_rmse_m"] = _rms(errors.position_m)
    found["end_error_m"] = end_error
    found["drift_percent"] = 100 * end_error / distance if distance > 0 else None
    left_m = float(truth["distance_m"][-1] - truth["distance_m"][0]) - distance
    if truth["t"][-1] - ends_s > ESTIMATE_ENDS_S and left_m > 0.0:
        found["end_error_m"] = None
        after_h = (ends_s - sortie.start_s) / 3600.0
        notes.append(
            f"localization: the estimate ends {after_h:.2f} h after the start, {left_m:.0f} m before the way does: "
            "its errors are those of the way before, and there is none at the end"
        )
    found["heading_rmse_deg"] = math.degrees(_rms(errors.yaw_rad))
    usable = np.isfinite(errors.nees)
    if np.any(usable):
        found["nees_mean"] = float(np.mean(errors.nees[usable]))
    else:
        notes.append("localization.nees_mean: the estimates carry no covariance")
    return found


def _power(sortie: Sortie, reserve: np.ndarray, rules: Judgement, notes: list[str]) -> Summary:
    truth = sortie.truth
    found: Summary = dict.fromkeys(("min_soc", "min_soc_predicted", "min_energy_wh", "min_above_reserve_wh", "dark_s"))
    found["min_soc_predicted"] = _predicted_min_soc(sortie)
    if found["min_soc_predicted"] is None:
        notes.append("power.min_soc_predicted: no forecast or plan was recorded")
    if sortie.seen(truth):
        found["min_soc"] = float(np.min(truth["soc"]))
        found["min_energy_wh"] = float(np.min(truth["energy_wh"]))
        found["min_above_reserve_wh"] = float(np.min(truth["energy_wh"] - reserve))
        unseen_s = float(np.sum(np.maximum(np.diff(truth["t"]) - LONGEST_S, 0.0)))
        if unseen_s > ESTIMATE_ENDS_S:
            notes.append(f"power.dark_s: {unseen_s:.0f} s without a true state do not count")
        found["dark_s"] = held_seconds(truth["t"], truth["sunlit_fraction"] < rules.dark_fraction)
        return found
    found["min_soc"] = float(np.min(sortie.power["soc"])) if sortie.seen(sortie.power) else None
    notes.append("power: no truth was recorded, so min_soc is the estimate's and energy and dark_s are not known")
    return found


def _light(sortie: Sortie, way: WayHome, rules: Judgement, notes: list[str]) -> Summary:
    found: Summary = light_figures(sortie, rules)
    if found["compared_s"] is None:
        notes.append("light: the rover was at no waypoint of a plan near its time, so promised light is not compared")
    return {**found, "judge_rms": way.light_rms}


def _predicted_min_soc(sortie: Sortie) -> float | None:
    """Return the smallest charge that the first plan foresaw: what was known on leaving."""
    for forecast in sortie.forecasts:
        if forecast.plan_id and math.isfinite(forecast.min_soc):
            return forecast.min_soc
    capacity = sortie.power["capacity_wh"]
    for plan in sortie.plans:
        if plan.feasible and len(plan.columns["energy_wh"]) and len(capacity) and capacity[0] > 0:
            return float(np.min(plan.columns["energy_wh"]) / capacity[0])
    return None


def _thermal(sortie: Sortie, notes: list[str]) -> Summary:
    true, told = sortie.truth["battery_temperature_k"], sortie.power["battery_temperature_k"]
    least_k = float(np.nanmin(true)) if np.isfinite(true).any() else lowest(told)
    if not math.isfinite(least_k):
        notes.append("thermal: no battery temperature was recorded")
        return {"battery_min_c": None}
    return {"battery_min_c": least_k - ZERO_CELSIUS_K}


def _drill(sortie: Sortie, notes: list[str]) -> Summary:
    rig, status = sortie.rig, sortie.drill
    found: Summary = dict.fromkeys(("depth_m", "duration_s", "mean_power_w", "peak_wob_n"))
    for name in ("faults", "recoveries", "commands"):
        found[name] = _counted(status[name])
    if not sortie.seen(rig):
        notes.append(f"drill: no {RIG} was recorded, so depth, duration, power and weight on bit are not known")
        return found
    out = rig["stowed"] == 0
    found["depth_m"] = found["duration_s"] = 0.0
    if np.any(out):
        found["depth_m"] = max(float(np.max(rig["hole_depth_m"][out])), 0.0)
        found["duration_s"] = held_seconds(rig["t"], out)
        found["mean_power_w"] = float(np.mean(rig["power_w"][out]))
        found["peak_wob_n"] = max(float(np.max(rig["weight_on_bit_n"][out])), 0.0)
    return found


def _counted(values: np.ndarray) -> int | None:
    return counter_total(values) if len(values) else None


def _plan(sortie: Sortie, notes: list[str]) -> Summary:
    if not sortie.plans:
        notes.append("plan: no plan was recorded")
        return {"replans": None, "plan_ms_max": None}
    plans = dict.fromkeys(plan.plan_id for plan in sortie.plans)
    return {"replans": len(plans) - 1, "plan_ms_max": 1e3 * max(plan.planning_time_s for plan in sortie.plans)}


def _certificate(sortie: Sortie, way: WayHome, notes: list[str]) -> Summary:
    """Return the least claimed margin, and what was claimed beyond truth."""
    certificate = sortie.certificate
    valid = certificate["valid"] > 0
    found: Summary = {"min_margin_wh": None, "true_need_check_wh": way.check_wh, **no_violation_figures()}
    if not np.any(valid):
        notes.append("certificate: no valid one was recorded")
    else:
        found["min_margin_wh"] = float(np.nanmin(certificate["margin_wh"][valid]))
    if way.margins is not None:
        found |= violation_figures(way.margins, sortie.start_s)
    elif way.missing:
        notes.append(f"certificate: violations, true margins and reach of light are not judged: {way.missing}")
    else:
        notes.append("certificate: no valid one is at a time and place of known truth, so none is judged")
    return found


def _water(sortie: Sortie, notes: list[str]) -> Summary:
    """Average the ice over the hole that reached deepest, weighted by interval length."""
    if not sortie.holes:
        notes.append("water: no sample was analysed")
        return dict.fromkeys(("ice_percent", "ice_percent_sigma", "depth_m", "error_sigmas"))
    hole = max(sortie.holes, key=lambda item: max(sample.bottom_m for sample in item.samples))
    length = np.array([sample.bottom_m - sample.top_m for sample in hole.samples])
    fraction = np.array([sample.fraction for sample in hole.samples])
    sigma = np.array([sample.sigma for sample in hole.samples])
    weight = length / np.sum(length)
    error = water_error_sigmas(hole, sortie.holes, sortie.truth)
    if error is None:
        notes.append("water.error_sigmas: the recorded truth does not resolve the samples' intervals")
    return {
        "ice_percent": 100 * float(weight @ fraction),
        "ice_percent_sigma": 100 * float(np.sqrt(weight**2 @ sigma**2)),
        "depth_m": max(sample.bottom_m for sample in hole.samples),
        "error_sigmas": error,
    }


def _faults(sortie: Sortie) -> list[Summary]:
    """List each kind of fault once, by the time it first appeared [s since the start].

    `count` tells how often it appeared, `lasted_s` for how long in all (to the end where it was not `cleared`);
    severity and text are those of its first appearance.
    """
    found: dict[tuple[str, str], Summary] = {}
    since: dict[tuple[str, str], float] = {}
    for event in sortie.faults:
        key = (event.source, event.code)
        if event.active:
            item = found.setdefault(
                key,
                {
                    "t_s": event.t_s - sortie.start_s,
                    "source": event.source,
                    "code": event.code,
                    "severity": event.severity,
                    "text": event.text,
                    "count": 0,
                    "lasted_s": 0.0,
                    "cleared": False,
                },
            )
            item["count"] += key not in since
            item["cleared"] = False
            since.setdefault(key, event.t_s)
        elif key in since:
            found[key]["lasted_s"] += max(event.t_s - since.pop(key), 0.0)
            found[key]["cleared"] = True
    for key, begun_s in since.items():
        found[key]["lasted_s"] += max(sortie.end_s - begun_s, 0.0)
    return sorted(found.values(), key=lambda item: float(item["t_s"]))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def finite(value: Any, name: str, notes: list[str]) -> Any:
    """Put None for what is not finite, with a note."""
    if isinstance(value, dict):
        return {key: finite(item, f"{name}.{key}".lstrip("."), notes) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item, name, notes) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        notes.append(f"{name} could not be measured")
        return None
    return value
