# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Compare estimate and truth, and count what went wrong."""

from dataclasses import dataclass

import numpy as np

from lupex_analysis.sortie import Columns

LONGEST_S = 10.0
"""For which a sample holds at most."""
_SMOOTHED = 61
"""Readings of which the median is taken: a minute's, in which no battery changes by what its sensor errs."""


@dataclass(frozen=True)
class Errors:
    """Estimate less truth at the true states' times, with the estimate's own sigma; arrays of equal length."""

    t: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    z_m: np.ndarray
    yaw_rad: np.ndarray
    x_sigma_m: np.ndarray
    y_sigma_m: np.ndarray
    yaw_sigma_rad: np.ndarray
    nees: np.ndarray
    """Of x, y and yaw together: 3 when consistent."""
    nees_position: np.ndarray
    """Of x and y with their covariance: 2 when consistent."""
    nees_heading: np.ndarray
    """1 when consistent."""

    @property
    def position_m(self) -> np.ndarray:
        """Length of the position error."""
        return np.asarray(np.sqrt(self.x_m**2 + self.y_m**2 + self.z_m**2))


def localization_errors(truth: Columns, estimate: Columns, match_s: float) -> Errors:
    """Compare the estimate, interpolated to the true states' times, with truth; nothing is aligned.

    Both are poses in `map`, whose origin the rover knows: an alignment would hide what the drive depends on. Times
    farther than `match_s` from any estimate are left out. NEES is that of x, y and yaw together, 3 when consistent.
    """
    keep = np.isfinite(estimate["t"])
    held = {name: values[keep] for name, values in estimate.items()}
    if len(held["t"]) == 0 or len(truth["t"]) == 0:
        empty = np.zeros(0)
        return Errors(*([empty] * 11))
    times = held["t"]
    after = np.clip(np.searchsorted(times, truth["t"]), 1, max(len(times) - 1, 1))
    near = np.minimum(
        np.abs(times[np.minimum(after, len(times) - 1)] - truth["t"]), np.abs(truth["t"] - times[after - 1])
    )
    chosen = (near <= match_s) & (truth["t"] >= times[0]) & (truth["t"] <= times[-1])
    t = truth["t"][chosen]

    def at(name: str) -> np.ndarray:
        return np.asarray(np.interp(t, times, held[name]))

    yaw = np.interp(t, times, np.unwrap(held["yaw_rad"]))
    error = {name: at(name) - truth[name][chosen] for name in ("x_m", "y_m", "z_m")}
    turn = yaw - truth["yaw_rad"][chosen]
    error_yaw = np.arctan2(np.sin(turn), np.cos(turn))
    position = _nees_position(error["x_m"], error["y_m"], at("xx_m2"), at("xy_m2"), at("yy_m2"))
    yaw2 = at("yaw_rad2")
    heading = error_yaw**2 / np.where(yaw2 > 0, yaw2, np.nan)
    return Errors(
        t,
        error["x_m"],
        error["y_m"],
        error["z_m"],
        error_yaw,
        np.sqrt(np.maximum(at("xx_m2"), 0)),
        np.sqrt(np.maximum(at("yy_m2"), 0)),
        np.sqrt(np.maximum(yaw2, 0)),
        position + heading,
        position,
        heading,
    )


def _nees_position(x: np.ndarray, y: np.ndarray, xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> np.ndarray:
    """Normalise squared errors by their covariance; that of position with heading is left out."""
    determinant = xx * yy - xy**2
    inverse = 1 / np.where(determinant > 0, determinant, np.nan)
    found: np.ndarray = (yy * x**2 - 2 * xy * x * y + xx * y**2) * inverse
    return found


def held_seconds(t: np.ndarray, condition: np.ndarray, longest_s: float = LONGEST_S) -> float:
    """Sum the time for which a sampled condition holds; gaps in the samples count `longest_s` at most."""
    if len(t) < 2:
        return 0.0
    steps = np.minimum(np.diff(t), longest_s)
    return float(np.sum(steps[condition[:-1]]))


def episodes(t: np.ndarray, condition: np.ndarray, shortest_s: float = 0.0) -> list[tuple[float, float]]:
    """List (start, end) of the runs of samples for which a condition holds, at least `shortest_s` long."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], condition.astype(bool), [False])).astype(int)))
    runs = [(float(t[a]), float(t[min(b, len(t) - 1)])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [run for run in runs if run[1] - run[0] >= shortest_s]


def counter_total(values: np.ndarray) -> int:
    """Total of a counter that begins anew with each hole or life of a node."""
    if len(values) == 0:
        return 0
    steps = np.diff(values)
    return int(values[0] + np.sum(np.where(steps >= 0, steps, values[1:])))


def lowest(values: np.ndarray) -> float:
    """Return the least of what a noisy sensor told: of the medians of so many readings, for a single one is noise."""
    known = values[np.isfinite(values)]
    if len(known) <= _SMOOTHED:
        return float(np.median(known)) if len(known) else float("nan")
    return float(np.median(np.lib.stride_tricks.sliding_window_view(known, _SMOOTHED), axis=1).min())


def stops(truth: Columns, slow_mps: float, shortest_s: float, start_s: float, end_s: float) -> int:
    """Count stops between the first and the last motion within a time span."""
    inside = (truth["t"] >= start_s) & (truth["t"] <= end_s)
    t, distance = truth["t"][inside], truth["distance_m"][inside]
    if len(t) < 3:
        return 0
    speed = np.diff(distance) / np.maximum(np.diff(t), 1e-6)
    moving = np.flatnonzero(speed > slow_mps)
    if len(moving) == 0:
        return 0
    span = slice(moving[0], moving[-1] + 1)
    return len(episodes(t[:-1][span], speed[span] <= slow_mps, shortest_s))
