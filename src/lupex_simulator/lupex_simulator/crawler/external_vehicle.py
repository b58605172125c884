# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a vehicle that another process moves: its way, slip and tilt, from its poses and joint states."""

import math

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover
from lupex_worlds.pose import Pose

FloatArray = npt.NDArray[np.float64]

_STILL_M = 0.005
"""A body at rest creeps and trembles by less: it counts as way only once it has gone so far."""
_RUNNING_MPS = 1e-3
_TURNING_RAD = 1e-3
"""Between two joint states: less is the play of a joint at rest."""
_OLDEST_S = 2.0
"""Between two poses, for a speed."""


class ExternalVehicle:
    """State of the vehicle as told from outside; order of units: front left, front right, rear left, rear right."""

    def __init__(self, rover: Rover, pose: Pose, time_s: float, steering_power_w: float = 0.0) -> None:
        """Begin at a pose; `steering_power_w` is that of each actuator while it turns."""
        crawler = rover.crawler
        x, y = crawler.unit_x_m, crawler.unit_y_m
        self._places = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
        self._steering_power_w = steering_power_w
        self._tip_over_rad = rover.body.tip_over_rad
        self._time_s = time_s
        self._counted = pose
        self._track = np.zeros(4)
        self._steer = np.zeros(4)
        self.pose = pose
        self.power_w = 0.0
        self.distance_m = 0.0
        self.slip = 0.0
        self.tipped = False

    @property
    def track_mps(self) -> FloatArray:
        """Track speeds (4) as told last."""
        return self._track

    def set_down(self, pose: Pose, time_s: float) -> None:
        """Take the first pose: what lies between it and the one at the start was no way."""
        self.pose = self._counted = pose
        self._time_s = time_s

    def place(self, pose: Pose, time_s: float) -> None:
        """Take the pose at a time; an older one than the last is left out."""
        dt_s = time_s - self._time_s
        if dt_s <= 0.0:
            return
        before, self.pose, self._time_s = self.pose, pose, time_s
        way = math.dist((pose.x_m, pose.y_m), (self._counted.x_m, self._counted.y_m))
        if way > _STILL_M:
            self.distance_m += way
            self._counted = pose
        if dt_s <= _OLDEST_S:
            self.slip = self._slip(before, pose, dt_s)
        self.tipped = self.tipped or math.acos(math.cos(pose.pitch_rad) * math.cos(pose.roll_rad)) > self._tip_over_rad

    def drive(self, steer_rad: FloatArray, track_mps: FloatArray, power_w: float) -> None:
        """Take steering angles, track speeds (4 each) and the drives' electrical power."""
        turning = int((np.abs(steer_rad - self._steer) > _TURNING_RAD).sum())
        self.power_w = power_w + turning * self._steering_power_w
        self._steer, self._track = steer_rad, track_mps

    def _slip(self, before: Pose, after: Pose, dt_s: float) -> float:
        """Return the mean slip of the running units over the ground between two poses."""
        running = np.abs(self._track) > _RUNNING_MPS
        if not running.any():
            return 0.0
        middle = after.yaw_rad - 0.5 * (turn := math.remainder(after.yaw_rad - before.yaw_rad, 2.0 * math.pi))
        dx, dy = after.x_m - before.x_m, after.y_m - before.y_m
        # the way along the slope, not its shadow on the map
        level = math.hypot(dx, dy)
        stretch = math.hypot(level, after.z_m - before.z_m) / level if level > 0.0 else 1.0
        forward = stretch * (math.cos(middle) * dx + math.sin(middle) * dy) / dt_s
        left = stretch * (math.cos(middle) * dy - math.sin(middle) * dx) / dt_s
        rate = turn / dt_s
        along = np.cos(self._steer) * (forward - rate * self._places[:, 1])
        along += np.sin(self._steer) * (left + rate * self._places[:, 0])
        return float(np.clip((1.0 - along[running] / self._track[running]).mean(), -1.0, 1.0))
