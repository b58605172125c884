# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a vehicle that another process moves: its way, slip and tilt, from its poses and joint states."""

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover
from lupex_simulator.crawler.crawler_dynamics import STEERED_RAD
from lupex_worlds.pose import Pose

FloatArray = npt.NDArray[np.float64]

_STILL_M = 0.005
"""A body at rest creeps and trembles by less: it counts as way only once it has gone so far."""
_RUNNING_MPS = 1e-3
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
        self._steering_rate_rad_s = crawler.max_steer_rate_rad_s
        self._max_steer_rad = crawler.max_steer_rad
        self._track = np.zeros(4)
        self._steer = np.zeros(4)
        self._wanted = np.zeros(4)
        self._turned = np.zeros(4)
        self._ways: deque[tuple[float, FloatArray]] = deque([(time_s, np.zeros(4))])
        self._drives_w = 0.0
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
        before, before_s = self.pose, self._time_s
        self.pose, self._time_s = pose, time_s
        way = math.dist((pose.x_m, pose.y_m), (self._counted.x_m, self._counted.y_m))
        if way > _STILL_M:
            self.distance_m += way
            self._counted = pose
        if dt_s <= _OLDEST_S:
            self.slip = self._slip(before, pose, before_s, time_s)
        self.tipped = self.tipped or math.acos(math.cos(pose.pitch_rad) * math.cos(pose.roll_rad)) > self._tip_over_rad

    def command(self, steer_rad: FloatArray) -> None:
        """Take the angles (4) that the steering is told to turn to."""
        self._wanted = np.clip(steer_rad, -self._max_steer_rad, self._max_steer_rad)

    def drive(
        self, steer_rad: FloatArray, track_mps: FloatArray, travel_m: FloatArray, power_w: float, time_s: float
    ) -> None:
        """Take steering angles, track speeds, the tracks' way so far (4 each) and the drives' power, at a time."""
        self._steer, self._track, self._drives_w = steer_rad, track_mps, power_w
        self._ways.append((time_s, travel_m))
        while len(self._ways) > 2 and self._ways[1][0] < time_s - 2.0 * _OLDEST_S:
            self._ways.popleft()

    def step(self, dt_s: float) -> float:
        """Let the steering's motors turn as they are told for a time; return the energy [J] of drives and steering.

        They turn as those of the embedded vehicle do: how a joint of rigid bodies creeps and trembles there is not
        their work.
        """
        turn = self._wanted - self._turned
        most = self._steering_rate_rad_s * dt_s
        self._turned = self._turned + np.clip(turn, -most, most)
        self.power_w = self._drives_w + int((np.abs(turn) > STEERED_RAD).sum()) * self._steering_power_w
        return self.power_w * dt_s

    def _way(self, time_s: float) -> FloatArray:
        """Return the way of the tracks (4) until a time; beyond what is known it goes on at the speed told last."""
        newest_s, newest = self._ways[-1]
        if time_s >= newest_s:
            return np.asarray(newest + self._track * (time_s - newest_s))
        times = [at_s for at_s, _ in self._ways]
        return np.array([np.interp(time_s, times, unit) for unit in zip(*(way for _, way in self._ways))])

    def _slip(self, before: Pose, after: Pose, before_s: float, after_s: float) -> float:
        """Return the mean slip of the running units over the ground between two poses."""
        run_m = self._way(after_s) - self._way(before_s)
        running = np.abs(run_m) > _RUNNING_MPS * (after_s - before_s)
        if not running.any():
            return 0.0
        turn = math.remainder(after.yaw_rad - before.yaw_rad, 2.0 * math.pi)
        middle = after.yaw_rad - 0.5 * turn
        dx, dy = after.x_m - before.x_m, after.y_m - before.y_m
        # the way along the slope, not its shadow on the map
        level = math.hypot(dx, dy)
        stretch = math.hypot(level, after.z_m - before.z_m) / level if level > 0.0 else 1.0
        forward = stretch * (math.cos(middle) * dx + math.sin(middle) * dy)
        left = stretch * (math.cos(middle) * dy - math.sin(middle) * dx)
        along = np.cos(self._steer) * (forward - turn * self._places[:, 1])
        along += np.sin(self._steer) * (left + turn * self._places[:, 0])
        return float(np.clip((1.0 - along[running] / run_m[running]).mean(), -1.0, 1.0))
