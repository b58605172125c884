# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the rover still stands on Gazebo's ground, which ends where the height map does."""

from lupex_worlds.ground import Ground, ground_height
from lupex_worlds.pose import Pose


class FallenError(RuntimeError):
    """Say that the rover has fallen off the ground, or through it."""


def refuse_fallen(ground: Ground, pose: Pose, fallen_m: float) -> None:
    """Raise FallenError for a pose that lies so far below the true ground, or where none is known."""
    below_m = ground_height(ground, pose.x_m, pose.y_m) - pose.z_m
    # also for nan: beyond the known ground there is no height map
    if not below_m < fallen_m:
        raise FallenError(
            f"the rover is {below_m:.1f} m below the ground at {pose.x_m:.1f}, {pose.y_m:.1f} m: it has left Gazebo's "
            "height map, or fallen through it for want of DART's bullet collision detector; start anew"
        )
