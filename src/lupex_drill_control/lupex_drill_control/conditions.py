# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the rig's measurements say about the ground and the auger."""

import math
from dataclasses import dataclass

from lupex_drill_control.config import Cutting, HardGround, Jam
from lupex_drill_control.rig import RigCommand, RigMeasurement
from lupex_models.rover import Drill


class Sustained:
    """Tell whether a condition has held for a duration without a break."""

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._since_s: float | None = None

    def update(self, now_s: float, condition: bool) -> bool:
        """Take the condition's present value; returns whether it has lasted."""
        if not condition:
            self._since_s = None
            return False
        if self._since_s is None or now_s < self._since_s:
            self._since_s = now_s
        return now_s - self._since_s >= self._duration_s

    def reset(self) -> None:
        """Forget what came before."""
        self._since_s = None


class JamDetector:
    """Recognise a bound auger (held by the ground) and a choked one (clogged by cuttings)."""

    def __init__(self, jam: Jam, cutting: Cutting) -> None:
        self._jam = jam
        self._cutting = cutting
        self._binding = Sustained(jam.bind_s)
        self._choking = Sustained(jam.choke_s)

    def reset(self) -> None:
        """Start anew, as after a change of what the auger is told."""
        self._binding.reset()
        self._choking.reset()

    def update(self, now_s: float, measured: RigMeasurement, command: RigCommand) -> str:
        """Return 'binding', 'choking' or an empty text, with the command that the rig has been following."""
        limit = command.torque_limit_nm
        turning = abs(command.rotation_rate_rad_s) > 0
        slow = abs(measured.rotation_rate_rad_s) < self._jam.rotation_share * abs(command.rotation_rate_rad_s)
        held = turning and (
            measured.motor_stalled or slow or abs(measured.torque_nm) >= self._jam.torque_share * limit > 0
        )
        clogged = (
            turning
            and abs(measured.torque_nm) >= self._jam.choke_share * limit > 0
            and measured.weight_on_bit_n <= self._jam.choke_weight_share * command.weight_on_bit_limit_n
        )
        bound = self._binding.update(now_s, held)
        choked = self._choking.update(now_s, clogged)
        return "binding" if bound else "choking" if choked else ""


class GroundHardness:
    """Follow the rate of penetration; decide when the hammer runs and when the ground refuses."""

    def __init__(self, hard: HardGround, cutting: Cutting, drill: Drill) -> None:
        self._hard = hard
        self._cutting = cutting
        self._feed_mps = drill.cutting_feed_rate_mps
        self._slow = Sustained(hard.decide_s)
        self._fast = Sustained(hard.decide_s)
        self._refusal = Sustained(hard.refusal_s)
        self._last: tuple[float, float] | None = None
        self._hammer_since_s = -math.inf
        self.rate_mps = drill.cutting_feed_rate_mps
        self.hammering = False

    def resume(self) -> None:
        """Forget the last depth, as after a lift; whether the ground is hard is kept."""
        self._last = None
        self.rate_mps = self._feed_mps
        for condition in (self._slow, self._fast, self._refusal):
            condition.reset()

    def update(self, measured: RigMeasurement) -> bool:
        """Take a measurement while cutting; returns whether the ground refuses even the hammer."""
        now = measured.stamp_s
        if self._last is not None and now > self._last[0]:
            dt = now - self._last[0]
            rate = (measured.hole_depth_m - self._last[1]) / dt
            self.rate_mps += (1 - math.exp(-dt / self._hard.smoothing_s)) * (rate - self.rate_mps)
        if self._last is None or now > self._last[0]:
            self._last = (now, measured.hole_depth_m)
        pushing = measured.weight_on_bit_n >= self._hard.weight_share * self._cutting.weight_on_bit_n
        slow = self._slow.update(now, pushing and self.rate_mps < self._hard.slow_share * self._feed_mps)
        fast = self._fast.update(now, self.rate_mps > self._hard.fast_share * self._feed_mps)
        if slow and not self.hammering:
            self.hammering = True
            self._hammer_since_s = now
        elif fast and self.hammering and now - self._hammer_since_s >= self._hard.hammer_s:
            self.hammering = False
        return self._refusal.update(now, self.hammering and pushing and self.rate_mps < self._hard.refusal_mps)


@dataclass
class CutEnergy:
    """Sum the mechanical energy of a bite; over the volume cut it is the specific energy of the ground."""

    start_depth_m: float
    energy_j: float = 0.0
    depth_m: float = 0.0
    last_s: float | None = None

    def update(self, measured: RigMeasurement, drill: Drill) -> None:
        """Add the work of rotation, feed and hammer since the last measurement."""
        if self.last_s is not None:
            dt = max(measured.stamp_s - self.last_s, 0.0)
            power = abs(measured.torque_nm * measured.rotation_rate_rad_s)
            power += max(measured.weight_on_bit_n * measured.feed_rate_mps, 0.0)
            power += drill.percussion_energy_j * drill.percussion_rate_hz * measured.percussion_on
            self.energy_j += power * dt
        self.last_s = measured.stamp_s
        self.depth_m = max(self.depth_m, measured.hole_depth_m - self.start_depth_m)

    def specific_energy_j_m3(self, drill: Drill, least_m: float) -> float:
        """Divide by the volume cut; 0 before `least_m` of it, where the quotient means nothing."""
        if self.depth_m < least_m:
            return 0.0
        return self.energy_j / (math.pi / 4 * drill.bit_diameter_m**2 * self.depth_m)


def feed_rate(torque_nm: float, cutting: Cutting, drill: Drill) -> float:
    """Ease the cutting feed as the torque nears its limit.

    Full feed below `torque_ease` of the limit, falling in a straight line to none at the limit: the auger keeps
    turning and clears itself instead of stalling.
    """
    share = abs(torque_nm) / cutting.torque_limit_nm
    ease = (1 - share) / (1 - cutting.torque_ease)
    return drill.cutting_feed_rate_mps * min(max(ease, 0.0), 1.0)
