# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Follow a path in map: regulated pure pursuit, turns on the spot, a stop at the end and never past it.

Where the path states a heading of the body that is not its own direction, the heading is held and the path crabbed.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from lupex_mobility.config import Following
from lupex_mobility.unit_kinematics import REST, BodyTwist

Array = npt.NDArray[np.float64]

_SAMPLED_M = 0.25
"""Between places on the path ahead."""


class Activity(Enum):
    """What the follower does."""

    IDLE = "idle"
    TURNING = "turning"
    DRIVING = "driving"
    CRABBING = "crabbing"
    ARRIVED = "arrived"
    OFF_PATH = "off path"
    EXTRICATING = "getting out"


@dataclass(frozen=True)
class Guidance:
    """The follower's answer to one pose."""

    activity: Activity
    twist: BodyTwist
    remaining_m: float
    cross_track_m: float


NOTHING = Guidance(Activity.IDLE, REST, 0.0, 0.0)


class PathFollower:
    """Hold a path and how far along it the rover is, so that a path that crosses or retraces itself is no riddle."""

    def __init__(self, config: Following) -> None:
        """Start without a path."""
        self._config = config
        self._points = np.zeros((0, 2))
        self._headings = np.zeros(0)
        self._places: list[tuple[float, float]] = []
        self._stations: list[float] = []
        self._progress_m = 0.0
        self._turning = False
        self._arrived = False
        self._overshot = False
        self._acquired = False

    def take_path(self, points: Array, headings: Array | None = None) -> None:
        """Follow points (n, 2) [m] in map from the first one on; none is a stop, the same ones again change nothing.

        `headings` (n,) [rad]: with which the body leaves each point; nan, or without any: along the path.
        """
        headings = np.full(len(points), np.nan) if headings is None else headings
        first = np.ones(len(points), np.bool_)
        first[1:] = np.any(np.diff(points, axis=0) != 0.0, axis=1)
        # of points that coincide the body leaves the last
        kept, leaving = points[first], headings[np.roll(first, -1)]
        if np.array_equal(kept, self._points) and np.array_equal(leaving, self._headings, equal_nan=True):
            return
        same_end = (
            len(kept) > 0
            and len(self._points) > 0
            and math.dist(kept[-1], self._places[-1]) <= self._config.arrived_within_m
        )
        self._arrived = self._arrived and same_end
        self._points, self._headings = kept, leaving
        # as plain numbers, for they are asked for one by one
        self._places = [(x, y) for x, y in kept.tolist()]
        lengths = np.hypot(*np.diff(kept, axis=0).T)
        self._stations = np.concatenate([[0.0], np.cumsum(lengths)]).tolist() if len(kept) else []
        self._progress_m = 0.0
        self._overshot = self._acquired = False

    @property
    def active(self) -> bool:
        """Whether there is a path."""
        return len(self._places) > 0

    def ahead(self, length_m: float) -> Array:
        """Return places (n, 2) on the path, from the one that the rover is at to so far beyond or the end."""
        if not self.active:
            return np.empty((0, 2))
        end_m = min(self._progress_m + length_m, self._stations[-1])
        count = max(2, math.ceil((end_m - self._progress_m) / _SAMPLED_M) + 1)
        return np.array([self._at(station) for station in np.linspace(self._progress_m, end_m, count)])

    def guide(self, x_m: float, y_m: float, yaw_rad: float) -> Guidance:
        """Return the twist for a pose in map."""
        config = self._config
        if not self.active:
            return NOTHING
        cross_m = self._move_on(x_m, y_m)
        remaining_m = self._stations[-1] - self._progress_m
        end = self._places[-1]
        to_end_m = math.hypot(end[0] - x_m, end[1] - y_m)
        if self._has_arrived(to_end_m, remaining_m, cross_m):
            return Guidance(Activity.ARRIVED, REST, remaining_m, cross_m)
        if cross_m > config.max_cross_track_m:
            return Guidance(Activity.OFF_PATH, REST, remaining_m, cross_m)

        held = self._held()
        beyond = remaining_m <= 0.0
        target = end if beyond else self._at(self._progress_m + self._lookahead_m(held))
        dx, dy = target[0] - x_m, target[1] - y_m
        bearing = math.remainder(math.atan2(dy, dx) - yaw_rad, 2.0 * math.pi)
        off = bearing if held is None else math.remainder(held - yaw_rad, 2.0 * math.pi)
        above = config.turn_above_rad if held is None else config.hold_error_rad
        self._turning = abs(off) > (config.turn_until_rad if self._turning else above)
        if self._turning:
            rate = min(config.turn_rate_rad_s, max(config.turn_rate_min_rad_s, config.turn_gain_1_s * abs(off)))
            return Guidance(Activity.TURNING, BodyTwist(0.0, 0.0, math.copysign(rate, off)), remaining_m, cross_m)
        share = min(1.0, max(remaining_m, to_end_m if beyond else 0.0) / config.slow_within_m)
        if held is not None:
            speed = config.speed_mps * max(config.slowest_share, share)
            rate = max(-config.turn_rate_rad_s, min(config.turn_rate_rad_s, config.turn_gain_1_s * off))
            twist = BodyTwist(speed * math.cos(bearing), speed * math.sin(bearing), rate)
            return Guidance(Activity.CRABBING, twist, remaining_m, cross_m)
        distance = math.hypot(dx, dy)
        curvature = 2.0 * math.sin(bearing) / max(distance, config.arrived_within_m)
        curvature = max(-config.max_curvature_1_m, min(config.max_curvature_1_m, curvature))
        share *= min(1.0, config.slow_curvature_1_m / max(abs(curvature), 1e-9))
        speed = config.speed_mps * max(config.slowest_share, share)
        return Guidance(Activity.DRIVING, BodyTwist(speed, 0.0, speed * curvature), remaining_m, cross_m)

    def _lookahead_m(self, held: float | None) -> float:
        # a body that holds its heading can go any way at once: the nearer it aims, the less it cuts the path's bends
        return self._config.lookahead_m if held is None else self._config.crab_lookahead_m

    def _held(self) -> float | None:
        """Return the heading to hold at the place on the path, None where it is along the path."""
        if len(self._places) < 2:
            return None
        k = self._leg(self._progress_m)
        heading = float(self._headings[k])
        if not math.isfinite(heading):
            return None
        (ax, ay), (bx, by) = self._places[k], self._places[k + 1]
        off = math.remainder(heading - math.atan2(by - ay, bx - ax), 2.0 * math.pi)
        return heading if abs(off) > self._config.crab_above_rad else None

    def _has_arrived(self, to_end_m: float, remaining_m: float, cross_m: float) -> bool:
        config = self._config
        near = config.arrived_within_m * (config.leave_factor if self._arrived else 1.0)
        at_end = remaining_m <= near
        # passing the end a little aside is arriving too: going on would be past it
        abreast = remaining_m <= 0.0 and cross_m <= config.leave_factor * config.arrived_within_m and not self._overshot
        self._arrived = at_end and (to_end_m <= near or abreast)
        if self._arrived:
            self._turning = False
        # once past the end too far aside, only the end itself will do
        self._overshot = remaining_m <= 0.0 and not self._arrived
        return self._arrived

    def _move_on(self, x_m: float, y_m: float) -> float:
        """Move the place on the path to the nearest one within reach ahead; return the distance to it."""
        if len(self._places) == 1:
            return math.dist(self._places[0], (x_m, y_m))
        if not self._acquired:
            self._acquire(x_m, y_m)
        first = max(0, bisect_right(self._stations, self._progress_m) - 1)
        last = bisect_left(self._stations, self._progress_m + self._config.search_ahead_m) + 1
        best_m, best_station = math.inf, self._progress_m
        for k in range(min(first, len(self._places) - 2), min(last, len(self._places) - 1)):
            (ax, ay), (bx, by) = self._places[k], self._places[k + 1]
            length = self._stations[k + 1] - self._stations[k]
            along = ((x_m - ax) * (bx - ax) + (y_m - ay) * (by - ay)) / length
            # never back: a path that retraces itself must not catch the rover on the way it came
            along = min(max(along, self._progress_m - self._stations[k], 0.0), length)
            px, py = ax + (bx - ax) * along / length, ay + (by - ay) * along / length
            distance = math.hypot(x_m - px, y_m - py)
            if distance < best_m - 1e-9:
                best_m, best_station = distance, self._stations[k] + along
        self._progress_m = best_station
        return best_m

    def _acquire(self, x_m: float, y_m: float) -> None:
        """Find the place on a path that is new here: the first one that is about as near as any."""
        start, leg = self._points[:-1], np.diff(self._points, axis=0)
        length = np.diff(self._stations)
        share = ((x_m - start[:, 0]) * leg[:, 0] + (y_m - start[:, 1]) * leg[:, 1]) / length**2
        share = np.clip(share, 0.0, 1.0)
        distance = np.hypot(*(start + leg * share[:, None] - (x_m, y_m)).T)
        first = int(np.argmax(distance <= distance.min() + self._config.arrived_within_m))
        self._progress_m = float(self._stations[first] + share[first] * length[first])
        self._acquired = True

    def _at(self, station_m: float) -> tuple[float, float]:
        """Return the point at a distance along the path; past the end on its straight continuation."""
        if len(self._places) == 1:
            return self._places[0]
        k = self._leg(station_m)
        share = (station_m - self._stations[k]) / (self._stations[k + 1] - self._stations[k])
        (ax, ay), (bx, by) = self._places[k], self._places[k + 1]
        return ax + (bx - ax) * share, ay + (by - ay) * share

    def _leg(self, station_m: float) -> int:
        """Return the index of the point where the leg at a distance along the path begins."""
        return min(max(0, bisect_right(self._stations, station_m) - 1), len(self._places) - 2)
