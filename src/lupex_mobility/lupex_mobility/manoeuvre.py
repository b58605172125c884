# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Short motions without a path: a turn on the spot, a straight line ahead or back; and when one stands still."""

import math

from lupex_mobility.config import Following
from lupex_mobility.ground_ahead import Sweep
from lupex_mobility.path_follower import Activity, Guidance
from lupex_mobility.unit_kinematics import REST, BodyTwist

DONE_M, DONE_RAD = 0.01, 0.01
"""Of what is left: then the motion is over."""


class Turn:
    """Turn on the spot by an angle [rad], counter-clockwise, also more than once around."""

    def __init__(self, angle_rad: float, config: Following) -> None:
        self._angle_rad, self._config = angle_rad, config
        self._yaw_rad: float | None = None
        self.done = 0.0
        """Turned so far [rad], in the direction asked for."""

    def ahead(self) -> Sweep:
        """Return what is left of it; once around is all that there is to sweep."""
        left_rad = min(max(abs(self._angle_rad) - self.done, 0.0), 2.0 * math.pi)
        return Sweep(turn_rad=math.copysign(left_rad, self._angle_rad))

    def guide(self, x_m: float, y_m: float, yaw_rad: float) -> Guidance:
        """Return the twist for a pose in map."""
        config = self._config
        if self._yaw_rad is not None:
            turned = math.remainder(yaw_rad - self._yaw_rad, 2.0 * math.pi)
            self.done += math.copysign(1.0, self._angle_rad) * turned
        self._yaw_rad = yaw_rad
        left = abs(self._angle_rad) - self.done
        if left <= DONE_RAD:
            return Guidance(Activity.ARRIVED, REST, 0.0, 0.0)
        rate = min(config.turn_rate_rad_s, max(config.turn_rate_min_rad_s, config.turn_gain_1_s * left))
        return Guidance(Activity.TURNING, BodyTwist(0.0, 0.0, math.copysign(rate, self._angle_rad)), 0.0, 0.0)


class Line:
    """Drive straight ahead by a distance [m], back where it is negative, at a speed [m/s], the heading held."""

    def __init__(self, distance_m: float, speed_mps: float, config: Following) -> None:
        self._distance_m, self._speed_mps, self._config = distance_m, speed_mps, config
        self._begin: tuple[float, float, float] | None = None
        self.done = 0.0
        """Driven so far along the line [m], in the direction asked for."""

    def ahead(self) -> Sweep:
        """Return what is left of it."""
        return Sweep(ahead_m=math.copysign(max(abs(self._distance_m) - self.done, 0.0), self._distance_m))

    def guide(self, x_m: float, y_m: float, yaw_rad: float) -> Guidance:
        """Return the twist for a pose in map."""
        config = self._config
        if self._begin is None:
            self._begin = x_m, y_m, yaw_rad
        x0_m, y0_m, heading = self._begin
        sign = math.copysign(1.0, self._distance_m)
        dx, dy = x_m - x0_m, y_m - y0_m
        self.done = sign * (dx * math.cos(heading) + dy * math.sin(heading))
        aside_m = abs(dy * math.cos(heading) - dx * math.sin(heading))
        left = abs(self._distance_m) - self.done
        if left <= DONE_M:
            return Guidance(Activity.ARRIVED, REST, 0.0, aside_m)
        speed = self._speed_mps * max(config.slowest_share, min(1.0, left / config.slow_within_m))
        off = math.remainder(heading - yaw_rad, 2.0 * math.pi)
        rate = max(-config.turn_rate_rad_s, min(config.turn_rate_rad_s, config.turn_gain_1_s * off))
        return Guidance(Activity.DRIVING, BodyTwist(sign * speed, 0.0, rate), left, aside_m)


class Standstill:
    """Tells for how long a pose has not changed by as much as motion would."""

    MOVED_M, MOVED_RAD = 0.05, 0.05

    def __init__(self) -> None:
        self._mark: tuple[float, float, float, float] | None = None

    def lasts_s(self, time_s: float, x_m: float, y_m: float, yaw_rad: float) -> float:
        """Take a pose; return for how long it has stood there [s]."""
        if self._mark is not None:
            since_s, x0_m, y0_m, yaw0_rad = self._mark
            near = math.hypot(x_m - x0_m, y_m - y0_m) < self.MOVED_M
            if near and abs(math.remainder(yaw_rad - yaw0_rad, 2.0 * math.pi)) < self.MOVED_RAD:
                return time_s - since_s
        self._mark = time_s, x_m, y_m, yaw_rad
        return 0.0
