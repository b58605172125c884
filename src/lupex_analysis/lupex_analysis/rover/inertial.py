# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An inertial unit at rest: bias, noise, Allan deviation; and whether it reached its limits."""

from typing import Any

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import IMU_FIELDS

_MOST = 1e9
"""Rates [rad/s] and accelerations [m/s2] that are none."""
_WINDOW = 25
_LEAST_S = 10.0
_QUIET = 2.0
"""Times the tenth percentile of the spread within windows, below which a window is at rest."""
_AT_LIMIT = 5
"""Samples of one and the same extreme value that are no chance."""
_TAUS_S = (0.1, 1.0, 10.0, 100.0)


def inertial_figures(recording: Recording, topic: str) -> dict[str, Any]:
    """Return bias and noise at rest by axis, rates in rad/s and forces in m/s2; None with `missing` where unknown."""
    columns = recording.columns(topic, IMU_FIELDS)
    values = np.stack([columns[name] for name in IMU_FIELDS], axis=1)
    stamps = columns["t"]
    time_s = stamps if np.all(stamps > 0.0) else recording.received_ns[topic] * 1e-9
    known = (np.abs(values) < _MOST).all(axis=1)
    values, time_s = values[known], time_s[known]
    found: dict[str, Any] = {
        "samples": len(values),
        "rate_hz": None,
        "rest_s": None,
        "gyro_bias_rad_s": None,
        "gyro_noise_rad_s": None,
        "gravity_mps2": None,
        "accelerometer_noise_mps2": None,
        "gyro_allan_rad_s": None,
        "saturated": None,
        "missing": None,
    }
    if len(values) < 2 * _WINDOW:
        found["missing"] = f"{topic} holds {len(values)} samples"
        return found
    found["saturated"] = _saturated(values)
    period_s = float(np.median(np.diff(time_s)))
    if period_s <= 0.0:
        found["missing"] = f"the stamps of {topic} do not go on"
        return found
    found["rate_hz"] = 1.0 / period_s
    begin, end = at_rest(values)
    found["rest_s"] = (end - begin) * period_s
    if found["rest_s"] < _LEAST_S:
        found["missing"] = f"it never rested for {_LEAST_S:.0f} s"
        return found
    rest = values[begin:end]
    found["gyro_bias_rad_s"] = [float(value) for value in rest[:, :3].mean(axis=0)]
    # noise by differences: a slow drift is none
    noise = np.diff(rest, axis=0).std(axis=0) / np.sqrt(2.0)
    found["gyro_noise_rad_s"] = [float(value) for value in noise[:3]]
    found["gravity_mps2"] = float(np.linalg.norm(rest[:, 3:].mean(axis=0)))
    found["accelerometer_noise_mps2"] = [float(value) for value in noise[3:]]
    found["gyro_allan_rad_s"] = allan(rest[:, :3], period_s)
    return found


def at_rest(values: np.ndarray) -> tuple[int, int]:
    """Return the longest stretch (first, end) of samples in which nothing but noise is felt."""
    count = len(values) // _WINDOW
    windows = values[: count * _WINDOW].reshape(count, _WINDOW, -1)
    spread = np.linalg.norm(windows.std(axis=1)[:, :3], axis=1)
    quiet = spread <= _QUIET * float(np.percentile(spread, 10)) + 1e-12
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet.astype(int), [0]))))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return 0, 0
    begin, end = max(runs, key=lambda run: int(run[1] - run[0]))
    return int(begin) * _WINDOW, int(end) * _WINDOW


def allan(rates: np.ndarray, period_s: float) -> dict[str, list[float]]:
    """Return the overlapping Allan deviation [rad/s] by averaging time [s], those that a third of the data allows."""
    angle = np.concatenate([np.zeros((1, rates.shape[1])), np.cumsum(rates, axis=0) * period_s])
    found = {}
    for tau_s in _TAUS_S:
        m = max(round(tau_s / period_s), 1)
        if 3 * m > len(rates):
            break
        second = angle[2 * m :] - 2 * angle[m:-m] + angle[: -2 * m]
        deviation = np.sqrt(np.mean(second**2, axis=0) / (2.0 * (m * period_s) ** 2))
        found[f"{tau_s:g}"] = [float(value) for value in deviation]
    return found


def _saturated(values: np.ndarray) -> list[str]:
    """Name the axes whose largest or smallest value was reached again and again in a row."""
    found = []
    for number, name in enumerate(IMU_FIELDS):
        column = values[:, number]
        for extreme in (column.min(), column.max()):
            held = column == extreme
            run = np.lib.stride_tricks.sliding_window_view(held, _AT_LIMIT).all(axis=1)
            if run.any() and held.mean() < 0.5 and np.ptp(column) > 0.0:
                found.append(name)
                break
    return found
