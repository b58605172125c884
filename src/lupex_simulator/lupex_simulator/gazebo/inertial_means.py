# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Means over the intervals of the inertial unit of what Gazebo tells of single instants.

A contact of rigid bodies lasts a step or two of the physics: sampled once an interval it is taken for all of it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Instant(NamedTuple):
    """What the unit feels at one time, in base_link."""

    time_ns: int
    rate_rad_s: FloatArray
    force_mps2: FloatArray


class InertialMeans:
    """Gather instants and give their mean over each interval; intervals end at multiples of `period_ns`.

    An instant at an interval's end is the last of it. One that comes after a later interval has begun is left out.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._end_ns = 0
        self._gathered: list[Instant] = []

    def add(self, instant: Instant) -> list[Instant]:
        """Take an instant; return the means that it has completed, each with the time of its interval's end."""
        if instant.time_ns <= self._end_ns - self._period_ns:
            return []
        done = []
        if instant.time_ns > self._end_ns:
            done += self._mean()
            self._end_ns = -(-instant.time_ns // self._period_ns) * self._period_ns
        self._gathered.append(instant)
        if instant.time_ns == self._end_ns:
            done += self._mean()
            self._end_ns += self._period_ns
        return done

    def _mean(self) -> list[Instant]:
        gathered, self._gathered = self._gathered, []
        if not gathered:
            return []
        rate = np.mean([instant.rate_rad_s for instant in gathered], axis=0)
        force = np.mean([instant.force_mps2 for instant in gathered], axis=0)
        return [Instant(self._end_ns, rate, force)]
