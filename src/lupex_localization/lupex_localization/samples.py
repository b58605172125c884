# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the localization takes in, and the order in time that it insists on."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lupex_node.checks import InvalidMessage

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InertialSample:
    """Mean rotation rate [rad/s] and specific force [m/s^2] since the sample before, body axes."""

    time_s: float
    rate: Array
    force: Array


@dataclass(frozen=True)
class TrackSample:
    """Steering angles [rad], track speeds [m/s] and ways run by the tracks [m], each (4,)."""

    time_s: float
    steer_rad: Array
    track_mps: Array
    travel_m: Array


@dataclass(frozen=True)
class AttitudeSample:
    """Star tracker's attitude: quaternion [w, x, y, z] ICRF <- sensor, covariance (3, 3) about sensor axes [rad^2]."""

    time_s: float
    quaternion: Array
    covariance: Array


@dataclass(frozen=True)
class SunSample:
    """Unit vector to the Sun in body axes."""

    time_s: float
    direction: Array


@dataclass(frozen=True)
class ScanSample:
    """Points (m, 3) of a lidar's scan that lie near, in base_link's axes at its stamp."""

    time_s: float
    points: Array


@dataclass(frozen=True)
class PlaceSample:
    """Position (3,) in map with its covariance (3, 3), and heading [rad] with its variance where it is told.

    `told` by a person it holds, whatever was believed.
    """

    time_s: float
    position_m: Array
    covariance: Array
    yaw_rad: float | None = None
    yaw_variance: float = 0.0
    told: bool = False


Sample = InertialSample | TrackSample | AttitudeSample | SunSample | ScanSample | PlaceSample
RANKS: dict[type, int] = {
    InertialSample: 0,
    TrackSample: 1,
    PlaceSample: 2,
    AttitudeSample: 3,
    SunSample: 4,
    ScanSample: 5,
}
"""Order of samples of one time."""


@dataclass
class Stream:
    """What of one kind of sample was taken and refused: from the future, too late, twice, or bad in itself."""

    name: str
    future_s: float
    memory_s: float
    last_s: float | None = None
    interval_s: float = 0.0
    """The longer of the last two intervals: it bridges the change between the world's two rates."""
    refused: Counter[str] = field(default_factory=Counter)
    refused_since_s: float | None = None
    """Clock at the first refusal since the last sample that was taken."""
    reason: str = ""
    """Of the last refusal."""
    _previous_interval_s: float = 0.0

    def check(self, time_s: float, now_s: float) -> None:
        """Raise InvalidMessage when a stamp may not be used at all; a time of 0 means that no clock is known yet."""
        if now_s <= 0.0:
            self.refuse("clock", "came before the clock was known", now_s)
        if time_s > now_s + self.future_s:
            self.refuse("future", f"is stamped {time_s - now_s:.2f} s in the future", now_s)
        if time_s < now_s - self.memory_s:
            self.refuse("late", f"is {now_s - time_s:.2f} s old", now_s)

    def take(self, time_s: float) -> None:
        """Note a sample that is used."""
        self.refused_since_s = None
        if self.last_s is None or time_s > self.last_s:
            interval_s = 0.0 if self.last_s is None else time_s - self.last_s
            self.interval_s = max(interval_s, self._previous_interval_s)
            self._previous_interval_s, self.last_s = interval_s, time_s

    def refuse(self, kind: str, text: str, now_s: float) -> None:
        """Count a refusal and raise InvalidMessage."""
        self.refused[kind] += 1
        self.reason = text
        if self.refused_since_s is None:
            self.refused_since_s = now_s
        raise InvalidMessage(f"{self.name} {text}")
