# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Twist of the body to four steered and driven track units, and back."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_mobility.config import Steering
from lupex_models.rover import Crawler

Array = npt.NDArray[np.float64]

STEER_NAMES = ("fl_steer", "fr_steer", "rl_steer", "rr_steer")
DRIVE_NAMES = ("fl_drive", "fr_drive", "rl_drive", "rr_drive")
JOINT_NAMES = STEER_NAMES + DRIVE_NAMES
UNITS = 4


@dataclass(frozen=True)
class BodyTwist:
    """Motion of base_link: forward and left [m/s], counter-clockwise [rad/s]."""

    forward_mps: float
    left_mps: float
    turning_rad_s: float

    @property
    def at_rest(self) -> bool:
        """Whether nothing is asked for."""
        return self.forward_mps == 0.0 and self.left_mps == 0.0 and self.turning_rad_s == 0.0


REST = BodyTwist(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class UnitSetPoints:
    """Steering angles [rad] and track speeds [m/s], each (4,): front left, front right, rear left, rear right."""

    steer_rad: Array
    track_mps: Array
    driving: bool
    """Whether the drives may run; false while the units turn to where they are needed."""


def standing(steer_rad: Array) -> UnitSetPoints:
    """Return set-points that hold the units where they are."""
    return UnitSetPoints(np.array(steer_rad, dtype=np.float64), np.zeros(UNITS), driving=False)


class UnitKinematics:
    """Rigid-body kinematics of units at (+-unit_x_m, +-unit_y_m), without slip."""

    def __init__(self, crawler: Crawler, steering: Steering) -> None:
        """Raise ValueError when the units cannot be steered to every direction."""
        if crawler.max_steer_rad < math.pi / 2:
            raise ValueError(
                f"crawler.max_steer_rad is {crawler.max_steer_rad:g} but must be at least pi/2: "
                "else no unit could be steered to every direction"
            )
        self._crawler, self._steering = crawler, steering
        x, y = crawler.unit_x_m, crawler.unit_y_m
        self._x = np.array([x, x, -x, -x])
        self._y = np.array([y, -y, y, -y])
        design = np.zeros((2 * UNITS, 3))
        design[0::2, 0] = design[1::2, 1] = 1.0
        design[0::2, 2], design[1::2, 2] = -self._y, self._x
        self._inverse = np.linalg.pinv(design)

    def set_points(self, twist: BodyTwist, steer_rad: Array, last: UnitSetPoints) -> UnitSetPoints:
        """Return what the units must do for `twist`, with their measured angles and their last set-points.

        Each unit takes the nearer of its two angles, the track reversed for the other. The drives wait until all units
        are nearly there and stop when one is far off; all speeds are scaled alike to the track's limit, which keeps the
        arc. A twist of rest holds the angles.
        """
        vx = twist.forward_mps - twist.turning_rad_s * self._y
        vy = twist.left_mps + twist.turning_rad_s * self._x
        speed = np.hypot(vx, vy)
        steer, track = last.steer_rad.copy(), np.zeros(UNITS)
        error = 0.0
        for unit in range(UNITS):
            if speed[unit] <= self._steering.standing_mps:
                continue
            angle, sign = self._nearest(math.atan2(vy[unit], vx[unit]), float(steer_rad[unit]), float(steer[unit]))
            steer[unit], track[unit] = angle, sign * speed[unit]
            error = max(error, abs(angle - float(steer_rad[unit])))
        fastest = float(np.abs(track).max())
        if fastest == 0.0:
            return UnitSetPoints(steer, track, driving=False)
        limit = self._steering.stop_error_rad if last.driving else self._steering.start_error_rad
        if error > limit:
            return UnitSetPoints(steer, np.zeros(UNITS), driving=False)
        scale = min(1.0, self._crawler.max_speed_mps / fastest) * math.cos(error)
        return UnitSetPoints(steer, track * scale, driving=True)

    def _nearest(self, direction_rad: float, measured_rad: float, last_rad: float) -> tuple[float, float]:
        """Return the steering angle within the stops and the track's sign; the last set-point breaks ties."""
        best = (math.inf, 0.0, 1.0)
        for turn, sign in ((0.0, 1.0), (math.pi, -1.0), (-math.pi, -1.0), (2 * math.pi, 1.0), (-2 * math.pi, 1.0)):
            angle = direction_rad + turn
            if abs(angle) <= self._crawler.max_steer_rad:
                cost = abs(angle - measured_rad) + self._steering.set_point_weight * abs(angle - last_rad)
                if cost < best[0]:
                    best = (cost, angle, sign)
        return best[1], best[2]

    def twist(self, steer_rad: Array, track_mps: Array) -> BodyTwist:
        """Return the least-squares motion of the body for angles (4,) and track speeds (4,), without slip."""
        velocities = np.empty(2 * UNITS)
        velocities[0::2], velocities[1::2] = track_mps * np.cos(steer_rad), track_mps * np.sin(steer_rad)
        forward, left, turning = self._inverse @ velocities
        return BodyTwist(float(forward), float(left), float(turning))
