# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's own track: where it came from, to go back over ground that has borne it."""

import math
from collections import deque

Pose = tuple[float, float, float]
"""x, y [m] and yaw [rad] in map."""


class OwnTrack:
    """Poses a step apart, the newest last; a leap of the pose begins it anew."""

    def __init__(self, step_m: float, longest_m: float) -> None:
        self._step_m = step_m
        self._poses: deque[Pose] = deque(maxlen=max(2, round(longest_m / step_m)))

    def note(self, pose: Pose) -> None:
        """Note where the rover stands."""
        if self._poses:
            gone_m = math.dist(pose[:2], self._poses[-1][:2])
            if gone_m < self._step_m:
                return
            if gone_m > 10.0 * self._step_m:
                self._poses.clear()
        self._poses.append(pose)

    def back_from(self, pose: Pose, reach_m: float) -> Pose:
        """Return the pose on the own track so far behind; without so much of it, straight behind on the heading.

        What the rover has come back past is forgotten: it does not lead back any more.
        """
        poses = self._poses
        while len(poses) > 1 and math.dist(poses[-2][:2], pose[:2]) <= math.dist(poses[-1][:2], pose[:2]):
            poses.pop()
        if len(poses) == 1 and math.dist(poses[0][:2], pose[:2]) < reach_m:
            # its end: from here on it would lead forward again
            poses.clear()
        for passed in reversed(poses):
            if math.dist(passed[:2], pose[:2]) >= reach_m:
                return passed
        return straight_back(pose, reach_m)


def straight_back(pose: Pose, reach_m: float) -> Pose:
    """Return the pose straight behind on the heading."""
    return pose[0] - reach_m * math.cos(pose[2]), pose[1] - reach_m * math.sin(pose[2]), pose[2]
