# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip as it is told each second, cut into stretches of driving that overlap nowhere."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_traversability.config import SoilConfig

Array = NDArray[np.float64]

_EARLIER_S = 60.0
"""A stamp that falls back by more is a clock that began anew."""
_ROUNDING_S = 0.1
_SLOPE_TOLERANCE = 0.05
"""Of the sine of a slope, by which it may exceed that of the body's tilt."""


@dataclass(frozen=True)
class SlipReading:
    """Slip over the last `window_s` of driving, as measured; window 0: the model's own word."""

    time_s: float
    slip: float
    sigma: float
    slope_rad: float
    """Along the motion, uphill positive."""
    window_s: float
    distance_m: float
    """Driven on the tracks since the start."""


@dataclass(frozen=True)
class Footing:
    """Where the rover stood, in map, and how its ground lay."""

    time_s: float
    x_m: float
    y_m: float
    variance_m2: float
    """Of the place, mean of both axes."""
    tilt_rad: float


@dataclass(frozen=True)
class SlipWindow:
    """Slip measured over a stretch of driving, and the ground under it in steps; the shares of the way add up to 1."""

    time_s: float
    slip: float
    sigma: float
    track_m: float
    share: Array
    x_m: Array
    y_m: Array
    along_rad: Array
    across_rad: Array
    variance_m2: float


@dataclass(frozen=True)
class Taken:
    """What came of a reading: a window that says something new, or why it was not used; neither where it must wait."""

    window: SlipWindow | None = None
    refusal: str = ""


@dataclass(frozen=True)
class _Step:
    begun_s: float
    time_s: float
    track_m: float
    x_m: float
    y_m: float
    along_rad: float
    across_rad: float


class SlipWindows:
    """Readings in, windows out; each metre driven is in one window at most."""

    def __init__(self, config: SoilConfig) -> None:
        """Begin knowing no way."""
        self._config = config
        self._steps: deque[_Step] = deque()
        self._last: tuple[SlipReading, Footing] | None = None
        self._used_s = -math.inf
        self._used: SlipWindow | None = None

    def stands(self, reading: SlipReading) -> bool:
        """Tell whether the tracks have not run since the last reading, so that nothing new is said."""
        return self._last is not None and 0.0 <= reading.distance_m - self._last[0].distance_m < 1e-3

    def take(self, reading: SlipReading, footing: Footing) -> Taken:
        """Note a reading and where it was made."""
        refusal = self._refusal(reading, footing)
        if refusal:
            return Taken(refusal=refusal)
        before, self._last = self._last, (reading, footing)
        if before is None or not self._follows(before[0], reading):
            # the way between is not known
            self._steps.clear()
            return Taken()
        self._steps.append(_step(before, (reading, footing)))
        steps = self._behind(reading)
        if not steps or not self._says_something(reading):
            return Taken()
        window = _window(reading, footing, steps)
        if window.track_m < self._config.window_least_m:
            return Taken()
        if self._used is not None and self._stayed(window):
            return Taken(refusal="the rover is where its slip was measured last")
        self._used_s, self._used = reading.time_s, window
        while self._steps and self._steps[0].time_s <= self._used_s:
            self._steps.popleft()
        return Taken(window)

    def _refusal(self, reading: SlipReading, footing: Footing) -> str:
        last_s = -math.inf if self._last is None else self._last[0].time_s
        if last_s - _EARLIER_S < reading.time_s <= last_s:
            return "not newer than the slip before"
        if reading.time_s <= last_s:
            self._used_s, self._used, self._last = -math.inf, None, None
        if abs(reading.time_s - footing.time_s) > self._config.pose_gap_max_s:
            return "no pose at its stamp"
        if abs(math.sin(reading.slope_rad)) > abs(math.sin(footing.tilt_rad)) + _SLOPE_TOLERANCE:
            return "its slope is steeper than the rover is tilted"
        return ""

    def _follows(self, before: SlipReading, reading: SlipReading) -> bool:
        gap_s = reading.time_s - before.time_s
        return reading.distance_m >= before.distance_m and gap_s <= self._config.reading_gap_max_s

    def _behind(self, reading: SlipReading) -> list[_Step]:
        """Return the steps that the reading's window is made of, the newest first; none where they are not all new."""
        found: list[_Step] = []
        left_s = reading.window_s
        for step in reversed(self._steps):
            took_s = step.time_s - step.begun_s
            if left_s < 0.5 * took_s:
                return found
            if step.begun_s < self._used_s - 0.5 * took_s:
                return []
            if step.track_m > self._config.least_mps * took_s:
                found.append(step)
                left_s -= took_s
        return found if left_s <= _ROUNDING_S else []

    def _says_something(self, reading: SlipReading) -> bool:
        """Tell whether a reading is surer than what is believed where nothing observes the slip."""
        unseen = math.hypot(self._config.unseen_sigma, self._config.unseen_share * reading.slip)
        return reading.window_s > 0.0 and reading.sigma < unseen

    def _stayed(self, window: SlipWindow) -> bool:
        assert self._used is not None
        moved_m = math.hypot(window.x_m[0] - self._used.x_m[0], window.y_m[0] - self._used.y_m[0])
        return moved_m < self._config.apart_m


def _step(before: tuple[SlipReading, Footing], now: tuple[SlipReading, Footing]) -> _Step:
    reading, footing = now
    # the slope along is that of the motion, which need not be the heading: the tilt holds the rest
    along, tilt = math.sin(reading.slope_rad), math.sin(footing.tilt_rad)
    across_rad = math.asin(math.sqrt(max(tilt**2 - along**2, 0.0)))
    return _Step(
        before[0].time_s,
        reading.time_s,
        reading.distance_m - before[0].distance_m,
        0.5 * (before[1].x_m + footing.x_m),
        0.5 * (before[1].y_m + footing.y_m),
        reading.slope_rad,
        across_rad,
    )


def _window(reading: SlipReading, footing: Footing, steps: list[_Step]) -> SlipWindow:
    """Return the window of a reading over its steps, the newest first."""
    tracks, x_m, y_m, along, across = np.array([(s.track_m, s.x_m, s.y_m, s.along_rad, s.across_rad) for s in steps]).T
    track_m = float(tracks.sum())
    return SlipWindow(
        reading.time_s,
        reading.slip,
        reading.sigma,
        track_m,
        tracks / track_m,
        x_m,
        y_m,
        along,
        across,
        footing.variance_m2,
    )
