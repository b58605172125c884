# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip by the way that localization has come over ground, cut into stretches of driving that overlap nowhere."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.strength_grid import Cell, cells

Array = NDArray[np.float64]

_EARLIER_S = 60.0
"""A stamp that falls back by more is a clock that began anew."""
_SLOPE_TOLERANCE = 0.05
"""Of the sine of a slope, by which it may exceed that of the body's tilt."""
_STEADY = 0.3
"""By which the tracks' speed may change between readings, over it: tracks and place are not of quite the same time."""
_BOGGED = 0.6
_JUMP_M = 0.2
"""Beyond twice what the tracks ran: a place that comes further from one reading to the next was corrected."""


@dataclass(frozen=True)
class SlipReading:
    """What the tracks have run, and the slope on which they run now."""

    time_s: float
    slope_rad: float
    """Along the motion, uphill positive."""
    distance_m: float
    """Driven on the tracks since the start."""


@dataclass(frozen=True)
class Footing:
    """Where the rover was, in map, and how its ground lay."""

    time_s: float
    x_m: float
    y_m: float
    covariance_m2: tuple[float, float, float]
    """Of the place: xx, xy, yy."""
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
    """Of the place in map, mean of both axes."""


@dataclass(frozen=True)
class Taken:
    """What came of a reading: a window that says something, or why it was not used; neither where it must wait."""

    window: SlipWindow | None = None
    refusal: str = ""


@dataclass(frozen=True)
class _Step:
    begin: Footing
    end: Footing
    track_m: float
    along_rad: float
    driven: bool

    @property
    def place(self) -> tuple[float, float]:
        return 0.5 * (self.begin.x_m + self.end.x_m), 0.5 * (self.begin.y_m + self.end.y_m)

    @property
    def across_rad(self) -> float:
        # the slope along is that of the motion, which need not be the heading: the tilt holds the rest
        rest = math.sin(self.end.tilt_rad) ** 2 - math.sin(self.along_rad) ** 2
        return math.asin(math.sqrt(max(rest, 0.0)))


class SlipWindows:
    """Readings in, windows out; each metre driven is in one window at most, and a window in one patch if it can be."""

    def __init__(self, config: SoilConfig) -> None:
        """Begin knowing no way."""
        self._config = config
        self._steps: list[_Step] = []
        self._track_m = 0.0
        self._speed_mps = 0.0
        self._last: tuple[SlipReading, Footing] | None = None
        self._used: SlipWindow | None = None

    def stood(self, reading: SlipReading) -> bool:
        """Note a reading if the tracks have not run since the last one, so that no pose is needed; return whether."""
        if self._last is None:
            return False
        before, footing = self._last
        stood = reading.time_s > before.time_s and 0.0 <= reading.distance_m - before.distance_m < 1e-3
        if stood:
            # it goes on from here: a rest is no gap
            self._last, self._speed_mps = (replace(before, time_s=reading.time_s), footing), 0.0
        return stood

    def take(self, reading: SlipReading, footing: Footing) -> Taken:
        """Note a reading and where it was made."""
        refusal = self._refusal(reading, footing)
        if refusal:
            return Taken(refusal=refusal)
        before, self._last = self._last, (reading, footing)
        if before is None or not self._follows(before[0], reading):
            # the way between is not known
            self._begin_anew()
            return Taken()
        track_m, took_s = reading.distance_m - before[0].distance_m, reading.time_s - before[0].time_s
        if math.hypot(footing.x_m - before[1].x_m, footing.y_m - before[1].y_m) > 2.0 * track_m + _JUMP_M:
            self._begin_anew()
            return Taken(refusal="the place jumped")
        speed_mps, last_mps = track_m / took_s, self._speed_mps
        self._speed_mps = speed_mps
        driven = speed_mps >= self._config.least_mps and abs(speed_mps - last_mps) <= _STEADY * speed_mps
        step = _Step(before[1], footing, track_m, reading.slope_rad, driven)
        left_patch = self._track_m >= self._config.window_least_m and self._cell(step) != self._cell(self._steps[0])
        # the step that leads into another patch is the next window's
        taken = self._closed(before[0].time_s) if left_patch else Taken()
        if driven or self._steps:
            self._steps.append(step)
            self._track_m += track_m if driven else 0.0
        if self._track_m >= self._config.window_m - 1e-6:
            taken = self._closed(reading.time_s)
        return taken

    def _closed(self, time_s: float) -> Taken:
        """Return what the steps gathered say, and begin to gather anew."""
        config, steps = self._config, [step for step in self._steps if step.driven]
        window = _window(time_s, steps, [step.end for step in self._steps])
        self._begin_anew()
        if window.sigma >= math.hypot(config.unseen_sigma, config.unseen_share * window.slip):
            # no more than is believed where nothing observes the slip
            return Taken()
        if self._used is not None and self._bogged_still(self._used, window):
            return Taken(refusal="the rover is bogged where its slip was measured last")
        self._used = window
        return Taken(window)

    def _bogged_still(self, used: SlipWindow, window: SlipWindow) -> bool:
        """Tell whether tracks spin on the ground that told it already: it is no other ground, and ever deeper dug."""
        moved_m = math.hypot(window.x_m[-1] - used.x_m[-1], window.y_m[-1] - used.y_m[-1])
        return min(used.slip, window.slip) > _BOGGED and moved_m < self._config.apart_m

    def _begin_anew(self) -> None:
        self._steps, self._track_m = [], 0.0

    def _cell(self, step: _Step) -> Cell:
        ((cell, _),) = cells(np.array([step.place]), np.ones(1), self._config.patch_m)
        return cell

    def _refusal(self, reading: SlipReading, footing: Footing) -> str:
        last_s = -math.inf if self._last is None else self._last[0].time_s
        if last_s - _EARLIER_S < reading.time_s <= last_s:
            return "not newer than the slip before"
        if abs(reading.time_s - footing.time_s) > self._config.pose_gap_max_s:
            return "no pose at its stamp"
        if abs(math.sin(reading.slope_rad)) > abs(math.sin(footing.tilt_rad)) + _SLOPE_TOLERANCE:
            return "its slope is steeper than the rover is tilted"
        return ""

    def _follows(self, before: SlipReading, reading: SlipReading) -> bool:
        gap_s = reading.time_s - before.time_s
        return reading.distance_m >= before.distance_m and 0.0 < gap_s <= self._config.reading_gap_max_s


def _window(time_s: float, steps: list[_Step], places: list[Footing]) -> SlipWindow:
    """Return the window of steps driven in a row; `places` are all that the rover came by."""
    tracks = np.array([step.track_m for step in steps])
    track_m = float(tracks.sum())
    x_m, y_m = np.array([step.place for step in steps]).T
    covariance = places[-1].covariance_m2
    return SlipWindow(
        time_s,
        max(-1.0, 1.0 - _ground_m(steps) / track_m),
        _sigma_m(steps, places) / track_m,
        track_m,
        tracks / track_m,
        x_m,
        y_m,
        np.array([step.along_rad for step in steps]),
        np.array([step.across_rad for step in steps]),
        0.5 * (covariance[0] + covariance[2]),
    )


def _ground_m(steps: list[_Step]) -> float:
    """Return the way over ground: the places of map a second apart, whichever way the rover turned, along the slope."""
    return sum(
        math.hypot(step.end.x_m - step.begin.x_m, step.end.y_m - step.begin.y_m) / math.cos(step.along_rad)
        for step in steps
    )


def _sigma_m(steps: list[_Step], places: list[Footing]) -> float:
    """Return one sigma of that way: by how much the variance of the place along it changed on the way.

    A place that drifts is less sure at the end; one that is corrected by what was seen was wrong by that before.
    """
    begin, end = steps[0].begin, steps[-1].end
    dx, dy = end.x_m - begin.x_m, end.y_m - begin.y_m
    length = math.hypot(dx, dy)
    if length > 0.5 * _ground_m(steps) > 0.0:
        c, s = dx / length, dy / length
        variances = [c * c * xx + 2.0 * c * s * xy + s * s * yy for xx, xy, yy in _covariances(begin, places)]
    else:
        # to and fro, or hardly at all: it may have been any way
        variances = [xx + yy for xx, _, yy in _covariances(begin, places)]
    return math.sqrt(max(max(variances) - min(variances), 0.0))


def _covariances(begin: Footing, places: list[Footing]) -> list[tuple[float, float, float]]:
    return [place.covariance_m2 for place in (begin, *places)]
