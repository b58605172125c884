# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Twist of the body to four steered and driven track units, and back."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

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
        steering, crawler = self._steering, self._crawler
        limit = steering.stop_error_rad if last.driving else steering.start_error_rad
        numbers = steering.standing_mps, steering.set_point_weight, crawler.max_steer_rad, crawler.max_speed_mps
        wanted = twist.forward_mps, twist.left_mps, twist.turning_rad_s
        return UnitSetPoints(*_set_points(wanted, self._x, self._y, steer_rad, last.steer_rad, limit, numbers))

    def twist(self, steer_rad: Array, track_mps: Array) -> BodyTwist:
        """Return the least-squares motion of the body for angles (4,) and track speeds (4,), without slip."""
        return BodyTwist(*_twist(self._inverse, steer_rad, track_mps))


@njit(cache=True)
def _set_points(wanted, xs, ys, measured, last, limit, numbers):  # type: ignore[no-untyped-def]
    """Return steering angles, track speeds and whether the drives may run."""
    standing, weight, max_steer, max_speed = numbers
    forward, left, turning = wanted
    steer, track = last.copy(), np.zeros(UNITS)
    error = fastest = 0.0
    for unit in range(UNITS):
        vx, vy = forward - turning * ys[unit], left + turning * xs[unit]
        speed = math.hypot(vx, vy)
        if speed <= standing:
            continue
        angle, sign = _nearest(math.atan2(vy, vx), measured[unit], steer[unit], weight, max_steer)
        steer[unit], track[unit] = angle, sign * speed
        error, fastest = max(error, abs(angle - measured[unit])), max(fastest, speed)
    if fastest == 0.0 or error > limit:
        return steer, np.zeros(UNITS), False
    return steer, track * (min(1.0, max_speed / fastest) * math.cos(error)), True


@njit(cache=True)
def _nearest(direction, measured, last, weight, max_steer):  # type: ignore[no-untyped-def]
    """Return the steering angle within the stops and the track's sign; the last set-point breaks ties."""
    best, found, way = math.inf, 0.0, 1.0
    for turn, sign in ((0.0, 1.0), (math.pi, -1.0), (-math.pi, -1.0), (2 * math.pi, 1.0), (-2 * math.pi, 1.0)):
        angle = direction + turn
        if abs(angle) <= max_steer:
            cost = abs(angle - measured) + weight * abs(angle - last)
            if cost < best:
                best, found, way = cost, angle, sign
    return found, way


@njit(cache=True)
def _twist(inverse, steer, track):  # type: ignore[no-untyped-def]
    velocities = np.empty(2 * UNITS)
    for unit in range(UNITS):
        velocities[2 * unit] = track[unit] * math.cos(steer[unit])
        velocities[2 * unit + 1] = track[unit] * math.sin(steer[unit])
    forward, left, turning = inverse @ velocities
    return forward, left, turning
