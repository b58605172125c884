# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter, which knows the past alone, beside a batch smoother in GTSAM on the very same measurements."""

import math
from functools import partial
from types import ModuleType

import numpy as np
import numpy.typing as npt

from benchmarks.localization import graph
from benchmarks.localization.drives import random_world
from benchmarks.localization.recording import Recorder, Recording
from benchmarks.measuring import Asked, Context, Outcome, Row, timed
from lupex_localization.terms import FilterTerms
from lupex_system_tests.measured_localization import estimator_at, go, weave

Array = npt.NDArray[np.float64]

ASKED = {"vs_smoother": Asked(1.3)}

SEEDS = 20


def run(context: Context) -> Outcome:
    """Solve each drive as a whole and compare the end of it, where filter and smoother have the same data behind."""
    gtsam = context.peer("gtsam")
    if gtsam is None:
        return Outcome({}, {})
    count, drive_s = (2, 40.0) if context.quick else (context.seeds or SEEDS, 250.0)
    rows: list[Row] = []
    for seed in range(context.seed, context.seed + count):
        context.say(f"drive {seed} of {drive_s:g} s, filtered and smoothed")
        drive = random_world(seed, "nominal")
        estimator = estimator_at(drive)
        recorder = Recorder(drive, estimator)
        for seconds, speed_mps, turning in ((20.0, 0.0, 0.0), (drive_s, 0.1, weave)):
            go(drive, estimator, seconds, speed_mps, turning, lie=recorder.tell, watch=recorder.watch)
        recording = recorder.recording
        solved: list[graph.Solution] = []
        took = timed(partial(_smooth, solved, gtsam, estimator.terms, recording), 1, seed=seed)[0]
        truth = np.array([moment.position_m for moment in recording.moments])
        filtered = np.array([moment.nominal[:3] for moment in recording.moments])
        rows.append(
            {
                **took,
                "way_m": drive.distance_m,
                "scans": len(recording.displacements),
                "iterations": solved[0].iterations,
                **_errors("filter", filtered - truth),
                **_errors("smoother", solved[0].positions_m - truth),
            }
        )
    figures = figures_of(rows)
    notes = (
        f"smoother: {len(rows)} drives at `nominal`, {drive_s:g} s after 20 s at rest; one pose a second, the filter's "
        "samples, scan displacements, priors and noise; rms of the horizontal error at the END of the drives, filter's "
        "over smoother's, as there both have the same data; way_*: rms over all seconds, where the smoother knows what "
        "comes later. Left out: Sun directions, of which the filter uses none beside stars",
    )
    return Outcome(figures, {"smoother": rows}, notes)


def _smooth(into: list[graph.Solution], gtsam: ModuleType, terms: FilterTerms, recording: Recording) -> None:
    into.append(graph.Graph(gtsam, terms, recording).solved())


def _errors(name: str, off: Array) -> dict[str, float]:
    level = np.hypot(off[:, 0], off[:, 1])
    return {f"{name}_end_m": float(level[-1]), f"{name}_way_m": math.sqrt(float(np.mean(level**2)))}


def figures_of(rows: list[Row]) -> dict[str, float]:
    """Return the figures of some drives: root mean squares over them, and the filter's over the smoother's."""
    figures = {
        f"{name}_{part}_rms_m": math.sqrt(float(np.mean([row[f"{name}_{part}_m"] ** 2 for row in rows])))
        for part in ("end", "way")
        for name in ("filter", "smoother")
    }
    figures["vs_smoother"] = figures["filter_end_rms_m"] / figures["smoother_end_rms_m"]
    figures["vs_smoother_way"] = figures["filter_way_rms_m"] / figures["smoother_way_rms_m"]
    figures["smoother_drives"] = len(rows)
    return figures
