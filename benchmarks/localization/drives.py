# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drives with slip that nobody foresaw, seen by the world's sensors; and what tracks alone make of them."""

import math

import numpy as np
from scipy.stats import chi2

from benchmarks.measuring import Asked, Context, Outcome, Row
from lupex_localization.estimator import PoseEstimator
from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import STEP_S, MeasuredDrive, level
from lupex_system_tests.measured_localization import (
    BLOCKS,
    estimator_at,
    go,
    heading_error_rad,
    normalised_errors,
    place_error_m,
    stopping,
    weave,
)

ASKED = {
    "slip_constant_error": Asked(1.5),
    "slip_stated_error": Asked(0.03),
    "drift_percent_median": Asked(1.0),
    "heading_rms_deg": Asked(0.05),
    "heading_blind_30min_deg": Asked(1.0),
    "nees_xy_in_band": Asked(1.0, at_most=False),
    "nees_in_band": Asked(6.0, at_most=False),
    "plain_error": Asked(1.5),
    "stopped_share": Asked(0.03),
    "slip_detected": Asked(0.95, at_most=False),
    "false_alarms_per_h": Asked(1.0),
}
_SIZES = {"place": 2, "height": 1, "heading": 1, "velocity": 3, "gyro bias": 3, "accelerometer bias": 3}


def run(context: Context) -> Outcome:
    """Drive at `nominal`: constant slip, random worlds for consistency, half an hour without stars, steps of slip."""
    constant = _constant(context)
    worlds = _worlds(context, "nominal")
    plain = _plain(context)
    steps = _steps(context)
    blind_rad = _blind(context)
    figures = {
        "slip_constant_error": max(row["error_percent"] for row in constant),
        "slip_stated_error": max(abs(row["stated"] - row["slip"]) for row in constant),
        "tracks_alone_error": max(row["tracks_alone_percent"] for row in constant),
        "plain_error": max(row["error_percent"] for row in plain),
        "plain_error_without_stops": max(row["without_stops_percent"] for row in plain),
        "stopped_share": max(row["stopped_share"] for row in plain),
        "drift_percent_median": float(np.median([row["error_percent"] for row in worlds])),
        "heading_rms_deg": math.degrees(math.sqrt(np.mean([row["heading_rad"] ** 2 for row in worlds]))),
        "heading_blind_30min_deg": math.degrees(blind_rad),
        "slip_detected": float(np.mean([row["delay_s"] < 5.0 for row in steps])),
        "false_alarms_per_h": 3600.0 * sum(row["false"] for row in steps) / sum(row["quiet_s"] for row in steps),
    }
    inside = {}
    for block in BLOCKS:
        mean = float(np.mean([row[block] for row in worlds]))
        count = _SIZES[block] * len(worlds)
        low, high = chi2.ppf((0.025, 0.975), count) / count
        inside[block] = low <= mean <= high
        figures[f"nees_{block.replace(' ', '_')}"] = mean
    figures["nees_xy_in_band"] = float(inside["place"])
    figures["nees_in_band"] = float(sum(inside.values()))
    notes = (
        "world's sensors and truth levels of worlds/truth; slip commanded; relief of the ridge's spectrum",
        f"{len(worlds)} random worlds at `nominal`, 250 s each; squared errors are a degree of freedom",
    )
    return Outcome(figures, {"constant": constant, "plain": plain, "worlds": worlds, "steps": steps}, notes)


def _drive(seed: int, slip: float, truth: str = "nominal", slope: tuple[float, float] = (0.0, 0.0)) -> MeasuredDrive:
    ground = measured_ground.relief(seed, half_m=70.0, slope=slope)
    return MeasuredDrive(ground, level(truth), seed, slip=lambda time_s, distance_m: (slip, 0.0))


def _constant(context: Context) -> list[Row]:
    rows = []
    for k, slip in enumerate((0.05, 0.2, 0.6) if context.quick else (0.05, 0.1, 0.2, 0.3, 0.4, 0.6)):
        context.say(f"slip {slip:g}: 5 m to learn, then 500 s")
        drive = _drive(context.seed + k, slip, slope=(0.1, -0.05) if k % 2 else (0.0, 0.0))
        drive.lit = k % 3 != 0
        estimator = estimator_at(drive)
        go(drive, estimator, 4.0, 0.0)
        go(drive, estimator, 50.0 / (1.0 - slip))
        stated: list[float] = []

        def watch(into: list[float] = stated, slips: PoseEstimator = estimator) -> None:
            into.append(float(slips.motion.slip.slip or 0.0))

        go(drive, estimator, 100.0 if context.quick else 500.0, watch=watch)
        rows.append(
            {
                "slip": slip,
                "stated": float(np.mean(stated)),
                "way_m": drive.distance_m,
                "error_percent": 100.0 * place_error_m(drive, estimator) / drive.distance_m,
                "tracks_alone_percent": 100.0 * slip / (1.0 - slip),
            }
        )
    return rows


def _plain(context: Context) -> list[Row]:
    """Drive over ground without relief, where only a stop tells the slip: with those asked for, and without."""
    rows = []
    for k, slip in enumerate((0.2, 0.4) if context.quick else (0.1, 0.2, 0.3, 0.4) * 2):
        off = []
        for heeded in (True, False):
            ground = measured_ground.plane(60.0)
            drive = MeasuredDrive(ground, level("nominal"), context.seed + k, slip=lambda _, __, s=slip: (s, 0.0))
            estimator = estimator_at(drive)
            go(drive, estimator, 20.0, 0.0)
            seconds = 200.0 if context.quick else 400.0
            share = stopping(drive, estimator, seconds) if heeded else go(drive, estimator, seconds)
            off.append((100.0 * place_error_m(drive, estimator) / drive.distance_m, share))
        (with_stops, share), (without, _) = off
        rows.append(
            {"slip": slip, "error_percent": with_stops, "without_stops_percent": without, "stopped_share": share}
        )
    context.say(f"{len(rows)} drives over a smooth plain, with stops and without")
    return rows


def random_world(seed: int, truth: str) -> MeasuredDrive:
    """Return a drive at a truth level whose slip (0..0.4) and mean slopes are drawn."""
    rng = np.random.default_rng([seed, 99])
    return _drive(seed, float(rng.uniform(0.0, 0.4)), truth, tuple(rng.uniform(-0.12, 0.12, 2)))


def _worlds(context: Context, truth: str) -> list[Row]:
    rows = []
    for seed in range(context.seed, context.seed + (4 if context.quick else 50)):
        drive = random_world(seed, truth)
        estimator = estimator_at(drive)
        go(drive, estimator, 20.0, 0.0)
        go(drive, estimator, 250.0, turning=weave)
        rows.append(
            {
                "seed": seed,
                "way_m": drive.distance_m,
                "error_percent": 100.0 * place_error_m(drive, estimator) / drive.distance_m,
                "heading_rad": heading_error_rad(drive, estimator),
                **normalised_errors(drive, estimator),
            }
        )
    context.say(f"{len(rows)} random worlds at {truth}")
    return rows


def _steps(context: Context) -> list[Row]:
    rows = []
    for seed in range(context.seed, context.seed + (3 if context.quick else 30)):
        change_s = 1060.0 + 7.0 * (seed % 5)
        drive = MeasuredDrive(
            measured_ground.relief(seed, half_m=30.0),
            level("nominal"),
            seed,
            slip=lambda time_s, _, at=change_s: (0.05 if time_s < at else 0.36, 0.0),
        )
        estimator = estimator_at(drive)
        go(drive, estimator, 4.0, 0.0)
        told: list[float] = []
        for _ in range(round((change_s - drive.time_s + 6.0) / STEP_S)):
            before = estimator.motion.slip.stepped
            go(drive, estimator, STEP_S, turning=weave)
            if estimator.motion.slip.stepped and not before:
                told.append(drive.time_s - change_s)
        rows.append(
            {
                "seed": seed,
                "delay_s": min((after_s for after_s in told if after_s >= 0.0), default=1e3),
                "false": sum(after_s < 0.0 for after_s in told),
                "quiet_s": change_s - 1004.0,
            }
        )
    context.say(f"{len(rows)} steps of slip by 0.31")
    return rows


def circling(time_s: float) -> float:
    """Return a rate of turning that goes round and round, and to and fro."""
    return 0.02 + 0.08 * math.sin(time_s / 9.0)


def _blind(context: Context) -> float:
    """Return the error of the heading after half an hour without stars and Sun, turns included."""
    drive = _drive(context.seed, 0.1)
    estimator = estimator_at(drive)
    go(drive, estimator, 30.0, 0.0)
    drive.stars = drive.lit = False
    go(drive, estimator, 60.0 if context.quick else 1800.0, 0.05, turning=circling)
    return abs(float(heading_error_rad(drive, estimator)))
