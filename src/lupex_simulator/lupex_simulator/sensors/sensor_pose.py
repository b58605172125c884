# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poses of sensors: where they were, and between two poses."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SensorPose:
    """Pose in the map: REP-103 roll, pitch, yaw about x, y, z (yaw last)."""

    x_m: float
    y_m: float
    z_m: float
    roll_rad: float
    pitch_rad: float
    yaw_rad: float

    def rotation(self) -> FloatArray:
        """Return the rotation (3, 3) from the body to the map."""
        cr, sr = math.cos(self.roll_rad), math.sin(self.roll_rad)
        cp, sp = math.cos(self.pitch_rad), math.sin(self.pitch_rad)
        cy, sy = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )


class PoseHistory:
    """Poses of the last while, for a sensor whose reading begins before its stamp."""

    def __init__(self, pose: SensorPose, time_ns: int, kept_ns: int) -> None:
        self._kept_ns = kept_ns
        self._poses: deque[tuple[int, SensorPose]] = deque([(time_ns, pose)])

    def add(self, pose: SensorPose, time_ns: int) -> None:
        """Take the pose at a time later than the last one; another time is left out."""
        poses = self._poses
        if time_ns <= poses[-1][0]:
            return
        poses.append((time_ns, pose))
        while len(poses) > 2 and poses[1][0] <= time_ns - self._kept_ns:
            poses.popleft()

    def at(self, time_ns: int) -> SensorPose:
        """Return the pose at a time, between two known ones by shares; outside of them, the nearest."""
        poses = self._poses
        if time_ns >= poses[-1][0]:
            return poses[-1][1]
        for (before_ns, before), (after_ns, after) in zip(reversed(list(poses)[:-1]), reversed(poses)):
            if before_ns <= time_ns:
                return between(before, after, (time_ns - before_ns) / (after_ns - before_ns))
        return poses[0][1]


def between(before: SensorPose, after: SensorPose, share: float) -> SensorPose:
    """Return the pose at a share [0..1] of the way from one to another; each angle the short way round."""

    def turned(start_rad: float, end_rad: float) -> float:
        return start_rad + share * math.remainder(end_rad - start_rad, math.tau)

    return SensorPose(
        before.x_m + share * (after.x_m - before.x_m),
        before.y_m + share * (after.y_m - before.y_m),
        before.z_m + share * (after.z_m - before.z_m),
        turned(before.roll_rad, after.roll_rad),
        turned(before.pitch_rad, after.pitch_rad),
        turned(before.yaw_rad, after.yaw_rad),
    )
