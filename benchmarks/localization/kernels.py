# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the filter takes: a prediction, an update, a scan matched against the ground, and a recording replayed."""

import numpy as np

from benchmarks.measuring import Asked, Context, Outcome, Row, best, timed
from lupex_localization import error_state_filter as esf
from lupex_localization.inertial_odometry import Inertial, Odometer, motion_of
from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import MeasuredDrive, level
from lupex_system_tests.measured_localization import estimator_at, go, samples

ASKED = {
    "predict_us": Asked(8.0),
    "update_us": Asked(15.0),
    "scan_ms": Asked(10.0),
    "replay_speedup": Asked(50.0, at_most=False),
}

_GRAVITY = np.array([0.0, 0.0, -1.624])


def run(context: Context) -> Outcome:
    """Time the kernels as the filter calls them, and the scans of a drive of 20 m."""
    steps = 500 if context.quick else 20_000
    x, p = np.zeros(esf.NOMINAL_SIZE), np.eye(esf.ERROR_SIZE) * 1e-2
    x[[6, 29, 36]] = 1.0
    densities, moon, jacobian = np.full(5, 1e-8), np.zeros(3), np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_VELOCITY] = np.eye(3)
    jacobian[0, 7:20] = 0.1
    noise, still = np.eye(3) * 1e-3, np.zeros(3)

    def predict() -> None:
        for _ in range(steps):
            esf.predict(x, p, still, -_GRAVITY, 0.04, _GRAVITY, moon, densities)

    def update() -> None:
        for _ in range(steps):
            esf.correct(x, p, jacobian, still, noise, 20.0)

    predict()
    update()
    context.say(f"{steps} predictions and updates")
    rows = timed(predict, 5, kernel="predict") + timed(update, 5, kernel="update")
    figures = {
        f"{name}_us": 1e6 * best([row for row in rows if row["kernel"] == name], "cpu_s") / steps
        for name in ("predict", "update")
    }
    scans = _scans(context)
    figures["scan_ms"] = 1e3 * float(np.median([row["cpu_s"] for row in scans]))
    recorded = _replayed(600.0 if not context.quick else 60.0)
    figures["replay_speedup"] = recorded["recorded_s"] / recorded["cpu_s"]
    notes = ("kernels, scans and replay in CPU time of one core; replayed: 200 Hz inertial, 50 Hz wheels",)
    return Outcome(figures, {"kernels": rows, "scans": scans, "replay": [recorded]}, notes)


def _replayed(seconds: float) -> Row:
    """Return what a recording of an inertial unit and wheels takes, read already."""
    times = np.arange(1, round(seconds * 200.0)) / 200.0
    rate = np.stack([np.zeros_like(times), np.zeros_like(times), 0.1 * np.sin(times / 7.0)], axis=1)
    force = np.tile([0.0, 0.0, 9.80665], (times.size, 1))
    inertial, odometer = Inertial(times, rate, force), Odometer(times[::4], np.zeros((times[::4].size, 2)))
    motion_of(Inertial(times[:400], rate[:400], force[:400]), Odometer(times[:400:4], np.zeros((100, 2))))
    return timed(lambda: motion_of(inertial, odometer), 1, recorded_s=seconds)[0]


def _scans(context: Context) -> list[dict[str, object]]:
    """Return a row for each scan that was used: what it took the estimator to work it off."""
    drive = MeasuredDrive(measured_ground.relief(context.seed, half_m=40.0), level("nominal"), context.seed)
    estimator = estimator_at(drive)
    go(drive, estimator, 4.0, 0.0)
    go(drive, estimator, 15.0)
    rows: list[dict[str, object]] = []
    for _ in range(1000 if context.quick else 5000):
        step = drive.step(0.1)
        told = samples(estimator, step)
        for sample in told:
            estimator.add(sample, drive.time_s)
        if step.cloud is None:
            estimator.advance()
            continue
        used = estimator.accepted["ground"]
        row = timed(estimator.advance, 1)[0]
        if estimator.accepted["ground"] > used:
            rows.append(row)
    return rows
