# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip without truth: how far wheels roll for each radian that their joints turn, against what is usual for them.

Nobody tells the radius of a wheel, so it is taken from the recording: the median way a radian. What is told is relative
to it: a slip that is always there is not seen, one that comes and goes is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import JOINT_FIELDS, JOINTS
from lupex_analysis.rover.tracks import Track

Array = np.ndarray

WINDOW_S = 5.0
"""Over which way and turning are compared: shorter is the noise of an estimate."""
_LEAST_WINDOWS = 12
_LEAST_SAMPLES = 3
_TURNS = 0.2
"""Of the median rate: slower wheels rest, or begin and end."""
_STRAIGHT_RAD = np.radians(8.0)
_ALIKE = 0.6
"""Correlation of a joint's rate with the speed over ground, from which on it rolls with the way."""
_SAME = 0.002


@dataclass(frozen=True)
class Rolling:
    """Relative slip of one topic's joints over time; `missing` says why there is none."""

    topic: str
    track: str = ""
    joints: int = 0
    radius_m: float = float("nan")
    time_s: Array = field(default_factory=lambda: np.zeros(0))
    """Middles of the windows, in the track's time."""
    slip: Array = field(default_factory=lambda: np.zeros(0))
    """Share of the turning that made no way; negative where a radian made more than usual."""
    missing: str = ""


def rolling(recording: Recording, true: Track | None, others: Sequence[Track]) -> list[Rolling]:
    """Return the slip of each topic of joints against the true way, or the estimate with most poses."""
    track = true or max(others, key=lambda each: len(each.time_s), default=None)
    topics = [topic for topic in sorted(recording.received_ns) if recording.types.get(topic) == JOINTS]
    if track is None:
        return [Rolling(topic, missing="no topic tells the way") for topic in topics]
    return [_of(recording, topic, track) for topic in topics]


def rolling_figures(found: Rolling) -> dict[str, Any]:
    """Return what one topic's joints tell; None where it is not measured."""
    measured = not found.missing
    return {
        "track": found.track or None,
        "joints": found.joints if measured else None,
        "rolling_radius_m": found.radius_m if measured else None,
        "rolled_s": WINDOW_S * len(found.slip) if measured else None,
        "relative_slip_p5": float(np.percentile(found.slip, 5)) if measured else None,
        "relative_slip_p95": float(np.percentile(found.slip, 95)) if measured else None,
        "relative_slip_max": float(found.slip.max()) if measured else None,
        "missing": found.missing or None,
    }


def _of(recording: Recording, topic: str, track: Track) -> Rolling:
    columns = recording.columns(topic, JOINT_FIELDS)
    time_s = columns["t"] if np.any(columns["t"] > 0.0) else recording.received_ns[topic] * 1e-9
    rates = np.abs(columns["velocity"].reshape(len(time_s), -1))
    begin, end = max(time_s.min(), track.time_s[0]), min(time_s.max(), track.time_s[-1])
    edges = np.arange(begin, end, WINDOW_S)
    if not np.isfinite(rates).any():
        return Rolling(topic, track.topic, missing="its joints tell no velocity")
    if len(edges) < _LEAST_WINDOWS + 1:
        return Rolling(topic, track.topic, missing="it lasts less than a minute beside a way")
    rate, known = _means(time_s, rates, edges)
    speed = _speed_mps(track, edges)
    known &= np.isfinite(speed)
    chosen = [k for k in range(rate.shape[1]) if _alike(rate[known, k], speed[known])]
    if not chosen:
        return Rolling(topic, track.topic, missing=f"no joint turns as {track.topic} drives")
    turning = rate[:, chosen].mean(axis=1)
    rolls = known & (turning > _TURNS * np.median(turning[known & (turning > 0.0)])) & _straight(track, edges)
    # where it begins and ends to roll, a window holds a part of both
    rolls &= np.roll(rolls, 1) & np.roll(rolls, -1)
    moves = rolls & (speed > 0.0)
    if np.count_nonzero(moves) < _LEAST_WINDOWS:
        return Rolling(topic, track.topic, missing="it drives straight for less than a minute")
    radius_m = float(np.median(speed[moves] / turning[moves]))
    slip = 1.0 - speed[rolls] / turning[rolls] / radius_m
    if float(np.percentile(slip, 95) - np.percentile(slip, 5)) < _SAME:
        return Rolling(topic, track.topic, missing=f"{track.topic} never differs from these joints: it counts them")
    middle = 0.5 * (edges[:-1] + edges[1:])[rolls]
    return Rolling(topic, track.topic, len(chosen), radius_m, middle, slip)


def _means(time_s: Array, rates: Array, edges: Array) -> tuple[Array, Array]:
    """Return the mean rate of each joint in each window, and which windows hold enough samples."""
    order = np.argsort(time_s, kind="stable")
    bounds = np.searchsorted(time_s[order], edges)
    sums = np.concatenate([np.zeros((1, rates.shape[1])), np.cumsum(np.nan_to_num(rates[order]), axis=0)])
    counts = np.diff(bounds)
    mean = np.diff(sums[bounds], axis=0) / np.maximum(counts, 1)[:, None]
    return mean, counts >= _LEAST_SAMPLES


def _speed_mps(track: Track, edges: Array) -> Array:
    """Return the speed over ground in each window, NaN where the track is silent."""
    place = np.stack([np.interp(edges, track.time_s, track.place_m[:, axis]) for axis in range(3)], axis=1)
    told = np.diff(np.searchsorted(track.time_s, edges)) > 0
    found: Array = np.where(told, np.linalg.norm(np.diff(place, axis=0), axis=1) / WINDOW_S, np.nan)
    return found


def _straight(track: Track, edges: Array) -> Array:
    """Tell in which windows the heading stays: on the spot wheels turn and nothing moves."""
    found: Array = np.abs(np.diff(np.interp(edges, track.time_s, track.yaw_rad))) < _STRAIGHT_RAD
    return found


def _alike(rate: Array, speed: Array) -> bool:
    if len(rate) < _LEAST_WINDOWS or np.ptp(rate) == 0.0 or np.ptp(speed) == 0.0:
        return False
    return float(np.corrcoef(rate, speed)[0, 1]) > _ALIKE
