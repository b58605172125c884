# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poses of the last seconds and what lies between them."""

import bisect
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Place (3,) in metres and attitude as a unit quaternion (x, y, z, w) of base_link in odom."""

    time_s: float
    position_m: Array
    quaternion: Array

    def rotation(self) -> Array:
        """Return the rotation (3, 3) from base_link to odom."""
        x, y, z, w = self.quaternion
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )


class PoseHistory:
    """The newest `length` poses in order of time."""

    def __init__(self, length: int = 200) -> None:
        self._poses: deque[Pose] = deque(maxlen=length)

    @property
    def newest_s(self) -> float:
        """Time of the newest pose; -inf without any."""
        return self._poses[-1].time_s if self._poses else -math.inf

    def add(self, pose: Pose) -> bool:
        """Take a pose in; return False, and leave it, when it is not newer than the last.

        Time that falls back by more than the history spans is a new start of the clock: the history begins afresh.
        """
        if self._poses and pose.time_s <= self.newest_s:
            if pose.time_s < self._poses[0].time_s:
                self._poses.clear()
            else:
                return False
        self._poses.append(pose)
        return True

    def at(self, time_s: float, gap_max_s: float) -> Pose | None:
        """Return the pose at a time: linear in place, slerp in attitude.

        None before the first and after the last pose, or when the two around it are more than `gap_max_s` apart.
        """
        times = [pose.time_s for pose in self._poses]
        after = bisect.bisect_left(times, time_s)
        if after == len(times):
            return None
        if times[after] == time_s:
            return self._poses[after]
        if after == 0 or times[after] - times[after - 1] > gap_max_s:
            return None
        a, b = self._poses[after - 1], self._poses[after]
        share = (time_s - a.time_s) / (b.time_s - a.time_s)
        position = a.position_m + share * (b.position_m - a.position_m)
        return Pose(time_s, position, _slerp(a.quaternion, b.quaternion, share))


def _slerp(a: Array, b: Array, share: float) -> Array:
    cosine = float(a @ b)
    if cosine < 0.0:
        b, cosine = -b, -cosine
    angle = math.acos(min(cosine, 1.0))
    if angle < 1e-6:
        mixed = a + share * (b - a)
    else:
        mixed = (math.sin((1 - share) * angle) * a + math.sin(share * angle) * b) / math.sin(angle)
    return np.asarray(mixed / np.linalg.norm(mixed))
