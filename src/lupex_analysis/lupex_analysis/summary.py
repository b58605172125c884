# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a sortie under stable names, and its outcome judged against truth."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.reading import Recording
from lupex_analysis.scoring import Errors, counter_total, episodes, held_seconds, localization_errors, stops
from lupex_analysis.sortie import RIG, TRUTH, Sortie

Summary = dict[str, Any]
ZERO_CELSIUS_K = 273.15


def summarise(
    recording: Recording, sortie: Sortie, figures: Mapping[str, Any] | None = None, rules: Judgement = JUDGEMENT
) -> Summary:
    """Work out every figure; each is finite, and `notes` says which could not be measured and stand at 0.

    `figures` are those that a bag does not hold (world, seed, wall_s, setup_s, cpu_s_by_node); they come first.
    """
    given = dict(figures or {})
    notes = [*recording.problems]
    errors = localization_errors(sortie.truth, sortie.estimate, rules.match_s)
    wall_s = float(given.get("wall_s", sortie.wall_s))
    sim_s = max(sortie.end_s - sortie.start_s, 0.0)
    summary: Summary = {
        "outcome": "",
        "reasons": [],
        "world": str(given.get("world", recording.custom.get("world", ""))),
        "seed": int(given.get("seed", recording.custom.get("seed", 0))),
        "wall_s": wall_s,
        "setup_s": float(given.get("setup_s", 0.0)),
        "sim_s": sim_s,
        "real_time_factor": sim_s / wall_s if wall_s > 0 else 0.0,
        "drive": _drive(sortie, rules, notes),
        "localization": _localization(sortie, errors, notes),
        "power": _power(sortie, rules, notes),
        "thermal": _thermal(sortie, notes),
        "drill": _drill(sortie, notes),
        "plan": _plan(sortie, notes),
        "certificate": _certificate(recording, sortie, rules, notes),
        "water": _water(sortie, notes),
        "faults": _faults(sortie),
        "cpu_s_by_node": {str(name): float(used) for name, used in dict(given.get("cpu_s_by_node", {})).items()},
        "notes": notes,
    }
    if not summary["world"]:
        notes.append("world and seed are not in the recording: seed stands at 0")
    if "cpu_s_by_node" not in given:
        notes.append("processor times are not in a recording: cpu_s_by_node is empty")
    summary["reasons"] = judge(recording, sortie, rules)
    summary["outcome"] = _outcome(sortie, summary["reasons"])
    finite: Summary = _finite(summary, "", notes)
    return finite


def judge(recording: Recording, sortie: Sortie, rules: Judgement = JUDGEMENT) -> list[str]:
    """List what keeps a sortie from being a success, by truth; empty for a success."""
    truth = sortie.truth
    if not sortie.seen(truth):
        return [f"not judged: the recording holds no {TRUTH}"]
    against = []
    if np.any(truth["tipped"] > 0):
        against.append("lost: the rover tipped over")
    if np.any(truth["dead"] > 0):
        against.append("lost: the battery ran empty")
    reserve = reserve_fraction(recording, rules)
    violated = truth["soc"] < reserve
    if np.any(violated):
        lowest = float(np.min(truth["soc"]))
        against.append(f"reserve violated: charge fell to {lowest:.1%}, below the reserve of {reserve:.0%}")
    if truth["sunlit_fraction"][-1] <= rules.sunlit_fraction:
        against.append(f"not in sunlight at the end: {truth['sunlit_fraction'][-1]:.0%} of the Sun's disc")
    deepest = _deepest_sample(sortie)
    if deepest < rules.sample_depth_m - rules.depth_tolerance_m:
        what = f"the deepest sample ends at {deepest:.2f} m" if deepest else "no sample was delivered"
        against.append(f"no sample from {rules.sample_depth_m:g} m: {what}")
    if sortie.mission_outcome != "success":
        said = sortie.mission_outcome or "nothing: it had not ended"
        against.append(f"the mission itself says {said}")
    return against


def reserve_fraction(recording: Recording, rules: Judgement) -> float:
    """Return the share of charge that must never be used: the rover's own if the recorder kept it."""
    kept = recording.custom.get("reserve_fraction", "")
    try:
        return float(kept) if kept else rules.reserve_fraction
    except ValueError:
        return rules.reserve_fraction


def _outcome(sortie: Sortie, against: list[str]) -> str:
    if not against:
        return "success"
    first = against[0]
    for word in ("lost", "reserve violated", "not judged"):
        if first.startswith(word):
            return word.replace(" ", "_")
    if not sortie.mission_outcome:
        return "unfinished"
    return sortie.mission_outcome if sortie.mission_outcome != "success" else "failed"


def _drive(sortie: Sortie, rules: Judgement, notes: list[str]) -> Summary:
    truth = sortie.truth
    if not sortie.seen(truth):
        notes.append("drive: no truth was recorded, so distance, slip and stops stand at 0")
        return {"distance_m": 0.0, "mean_slip": 0.0, "stops": 0}
    steps = np.diff(truth["distance_m"], prepend=truth["distance_m"][0])
    driven = float(np.sum(steps))
    slip = float(np.sum(truth["slip"] * steps) / driven) if driven > 0 else 0.0
    return {
        "distance_m": driven,
        "mean_slip": slip,
        "stops": stops(truth, rules.stop_speed_mps, rules.stop_s, sortie.start_s, sortie.end_s),
    }


def _localization(sortie: Sortie, errors: Errors, notes: list[str]) -> Summary:
    status = sortie.localization
    found: Summary = dict.fromkeys(
        (
            "ate_rmse_m",
            "end_error_m",
            "drift_percent",
            "heading_rmse_deg",
            "fixes_accepted",
            "fixes_rejected",
            "nees_mean",
        ),
        0.0,
    )
    found["fixes_accepted"] = counter_total(status["fixes_accepted"])
    found["fixes_rejected"] = counter_total(status["fixes_rejected"])
    if len(errors.t) == 0:
        notes.append("localization: estimate or truth is missing, so its errors stand at 0")
        return found
    distance = float(sortie.truth["distance_m"][-1] - sortie.truth["distance_m"][0])
    end_error = float(np.hypot(errors.x_m[-1], errors.y_m[-1]))
    found["ate_rmse_m"] = _rms(errors.position_m)
    found["end_error_m"] = end_error
    found["drift_percent"] = 100 * end_error / distance if distance > 0 else 0.0
    found["heading_rmse_deg"] = math.degrees(_rms(errors.yaw_rad))
    usable = np.isfinite(errors.nees)
    if np.any(usable):
        found["nees_mean"] = float(np.mean(errors.nees[usable]))
    else:
        notes.append("localization.nees_mean: the estimates carry no covariance, so it stands at 0")
    return found


def _power(sortie: Sortie, rules: Judgement, notes: list[str]) -> Summary:
    truth = sortie.truth
    predicted = _predicted_min_soc(sortie)
    if predicted is None:
        notes.append("power.min_soc_predicted: no forecast or plan was recorded, so it stands at 0")
    if sortie.seen(truth):
        lowest = float(np.min(truth["soc"]))
        dark_s = held_seconds(truth["t"], truth["sunlit_fraction"] < rules.dark_fraction)
    else:
        lowest = float(np.min(sortie.power["soc"])) if sortie.seen(sortie.power) else 0.0
        dark_s = 0.0
        notes.append("power: no truth was recorded, so min_soc is the estimate's and dark_s stands at 0")
    return {"min_soc": lowest, "min_soc_predicted": predicted or 0.0, "dark_s": dark_s}


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
    source = sortie.truth if sortie.seen(sortie.truth) else sortie.power
    if not sortie.seen(source):
        notes.append("thermal: no battery temperature was recorded, so it stands at 0")
        return {"battery_min_c": 0.0}
    return {"battery_min_c": float(np.nanmin(source["battery_temperature_k"])) - ZERO_CELSIUS_K}


def _drill(sortie: Sortie, notes: list[str]) -> Summary:
    rig, status = sortie.rig, sortie.drill
    found: Summary = {
        "depth_m": 0.0,
        "duration_s": 0.0,
        "mean_power_w": 0.0,
        "peak_wob_n": 0.0,
        "faults": counter_total(status["faults"]),
        "recoveries": counter_total(status["recoveries"]),
        "commands": counter_total(status["commands"]),
    }
    if not sortie.seen(rig):
        notes.append(f"drill: no {RIG} was recorded, so depth, duration, power and weight on bit stand at 0")
        return found
    out = rig["stowed"] == 0
    if np.any(out):
        found["depth_m"] = max(float(np.max(rig["hole_depth_m"][out])), 0.0)
        found["duration_s"] = held_seconds(rig["t"], out)
        found["mean_power_w"] = float(np.mean(rig["power_w"][out]))
        found["peak_wob_n"] = max(float(np.max(rig["weight_on_bit_n"][out])), 0.0)
    return found


def _plan(sortie: Sortie, notes: list[str]) -> Summary:
    if not sortie.plans:
        notes.append("plan: no plan was recorded, so its figures stand at 0")
    plans = dict.fromkeys(plan.plan_id for plan in sortie.plans)
    return {
        "replans": max(len(plans) - 1, 0),
        "plan_ms_max": 1e3 * max((plan.planning_time_s for plan in sortie.plans), default=0.0),
    }


def _certificate(recording: Recording, sortie: Sortie, rules: Judgement, notes: list[str]) -> Summary:
    """Count valid certificates below zero while the rover is out of the sun, and the times the reserve was touched."""
    certificate, truth = sortie.certificate, sortie.truth
    violations = 0
    if sortie.seen(truth):
        used = episodes(truth["t"], truth["soc"] < reserve_fraction(recording, rules))
        violations += len(used)
    valid = certificate["valid"] > 0
    if not np.any(valid):
        notes.append("certificate: no valid one was recorded, so min_margin_wh stands at 0")
        return {"min_margin_wh": 0.0, "violations": violations}
    out_of_sun = np.ones(len(valid), dtype=bool)
    if sortie.seen(truth):
        sunlit = np.interp(certificate["t"], truth["t"], truth["sunlit_fraction"])
        out_of_sun = sunlit <= rules.sunlit_fraction
    violations += int(np.count_nonzero(valid & out_of_sun & (certificate["margin_wh"] < 0)))
    return {"min_margin_wh": float(np.nanmin(certificate["margin_wh"][valid])), "violations": violations}


def _deepest_sample(sortie: Sortie) -> float:
    bottoms = [sample.bottom_m for hole in sortie.holes for sample in hole.samples]
    return max([*bottoms, *sortie.assay_bottoms_m.tolist()], default=0.0)


def _water(sortie: Sortie, notes: list[str]) -> Summary:
    """Average the ice over the hole that reached deepest, weighted by interval length."""
    if not sortie.holes:
        notes.append("water: no sample was analysed, so its figures stand at 0")
        return {"ice_percent": 0.0, "ice_percent_sigma": 0.0, "depth_m": 0.0}
    hole = max(sortie.holes, key=lambda item: max(sample.bottom_m for sample in item.samples))
    length = np.array([sample.bottom_m - sample.top_m for sample in hole.samples])
    fraction = np.array([sample.fraction for sample in hole.samples])
    sigma = np.array([sample.sigma for sample in hole.samples])
    weight = length / np.sum(length)
    return {
        "ice_percent": 100 * float(weight @ fraction),
        "ice_percent_sigma": 100 * float(np.sqrt(weight**2 @ sigma**2)),
        "depth_m": max(sample.bottom_m for sample in hole.samples),
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


def _finite(value: Any, name: str, notes: list[str]) -> Any:
    """Put 0 for what is not finite, with a note."""
    if isinstance(value, dict):
        return {key: _finite(item, f"{name}.{key}".lstrip("."), notes) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item, name, notes) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        notes.append(f"{name} could not be measured and stands at 0")
        return 0.0
    return value
