# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the rover is, in map and in odom: the newest of two fast topics, and their poses of one moment paired."""

import math
from collections.abc import Callable
from typing import Any

from nav_msgs.msg import Odometry

from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.checks import InvalidMessage
from lupex_node.port import Waiting
from lupex_path_planning import conversions
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.way_back.certificate import PoseEstimate


class PoseInputs:
    """Polls /odometry/global and /odometry/local; `refuse` is told topic and reason of what cannot be used."""

    def __init__(
        self, node: BareNode[Any], pair_max_s: float, max_age_s: float, refuse: Callable[[str, str], None]
    ) -> None:
        self.newest: PoseEstimate | None = None
        self._pair_max_s, self._max_age_s, self._refuse = pair_max_s, max_age_s, refuse
        self._global = node.queue(Odometry, "odometry/global", qos.STATE)
        self._sole = node.sole_sender(Odometry, "odometry/global", but_me=True)
        self._local = node.queue(Odometry, "odometry/local", qos.SAMPLES)
        self._sole_local = node.sole_sender(Odometry, "odometry/local")
        self._in_map: conversions.PlanarPose | None = None
        self._in_odom: tuple[float, float, float] | None = None
        self._map_from_odom: Planar | None = None
        self._frames_s = -math.inf

    def poll(self, *, lost: bool) -> None:
        """Take the newest poses and pair those of one moment."""
        locals_ = self._local.take()
        if self._sole_local.contested and locals_:
            self._refuse("odometry/local", self._sole_local.text)
            locals_ = []
        if self._sole.contested:
            if self._global.take():
                self._refuse("odometry/global", self._sole.text)
            return
        for waiting in self._global.take()[-1:]:
            message = waiting.read()
            try:
                in_map = conversions.planar_pose(message, conversions.MAP)
                self.newest, self._in_map = conversions.pose_estimate(message, in_map, lost=lost), in_map
            except InvalidMessage as refusal:
                self._refuse("odometry/global", str(refusal))
        if not locals_:
            return
        newest = self._local_pose(locals_[-1])
        if newest is not None:
            self._in_odom = (newest.x_m, newest.y_m, newest.yaw_rad)
        if self._in_map is not None:
            at = self._in_map.time_s
            nearest = min(locals_, key=lambda waiting: abs(waiting.stamp_s - at))
            pair = None
            if abs(nearest.stamp_s - at) <= self._pair_max_s:
                pair = newest if nearest is locals_[-1] else self._local_pose(nearest)
            if pair is not None:
                self._map_from_odom = conversions.map_from_odom(self._in_map, pair)
                self._frames_s = at

    def known(self, now_s: float) -> PoseEstimate | None:
        """Return the rover's place, if it is known now."""
        pose = self.newest
        fresh = pose is not None and abs(now_s - pose.time_s) <= self._max_age_s
        return pose if pose is not None and fresh and not pose.lost else None

    def place(self, now_s: float) -> tuple[float, float, float] | None:
        """Return the rover's place (x, y, z) in map, if it is known now."""
        at = self._in_map
        return None if at is None or self.known(now_s) is None else (at.x_m, at.y_m, at.z_m)

    def framed(self, now_s: float) -> tuple[tuple[float, float, float], Planar] | None:
        """Return the rover's pose (x, y, yaw) in odom and odom's in map, if both are known now."""
        pose, frame = self._in_odom, self._map_from_odom
        fresh = abs(now_s - self._frames_s) <= self._max_age_s
        return (pose, frame) if pose and frame and fresh and self.known(now_s) else None

    def _local_pose(self, waiting: Waiting) -> conversions.PlanarPose | None:
        try:
            return conversions.planar_pose(waiting.read(), conversions.ODOM)
        except InvalidMessage as refusal:
            self._refuse("odometry/local", str(refusal))
            return None
