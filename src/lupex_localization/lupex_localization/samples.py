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


@dataclass
class Stream:
    """Order of one kind of sample; what comes late, twice or from the future is refused and counted."""

    name: str
    future_s: float
    last_s: float | None = None
    interval_s: float = 0.0
    """The longer of the last two intervals: it bridges the change between the world's two rates."""
    refused: Counter[str] = field(default_factory=Counter)
    _previous_interval_s: float = 0.0

    def take(self, time_s: float, now_s: float) -> None:
        """Note a sample; raises InvalidMessage when it may not be used. `now_s` 0 means that no clock is known yet."""
        # A backlog may run ahead of the clock that was read last, but not by leaps.
        newest_s = now_s if self.last_s is None else max(now_s, self.last_s)
        if now_s > 0.0 and time_s > newest_s + self.future_s:
            self._refuse("future", f"is stamped {time_s - now_s:.2f} s in the future")
        if self.last_s is not None:
            if time_s == self.last_s:
                self._refuse("duplicate", "has the stamp of the one before")
            if time_s < self.last_s:
                self._refuse("late", f"is {self.last_s - time_s:.3f} s older than the one before")
            interval_s = time_s - self.last_s
            self.interval_s = max(interval_s, self._previous_interval_s)
            self._previous_interval_s = interval_s
        self.last_s = time_s

    def _refuse(self, reason: str, text: str) -> None:
        self.refused[reason] += 1
        raise InvalidMessage(f"{self.name} {text}")
