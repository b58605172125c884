# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What must be true before a track may turn: fresh inputs, a stowed drill, a tilt the rover can stand."""

from dataclasses import dataclass

from lupex_mobility.config import Guard
from lupex_mobility.unit_kinematics import REST, BodyTwist

FAULT_TEXTS = {
    "command_timeout": "/cmd_vel fell silent in motion: the drives are stopped until a new command comes",
    "odometry_stale": "/odometry/global is silent: the drives are stopped until it speaks again",
    "joint_states_stale": "/mobility/joint_states is silent: the drives are stopped until it speaks again",
    "drill_not_stowed": "asked to drive with the drill not known to be stowed: the drives stay still",
    "tilt_limit": "the tilt is above its limit: stopped, only the way back is allowed",
}


@dataclass(frozen=True)
class Inputs:
    """What has been heard last, times in seconds; None: never."""

    now_s: float
    command: BodyTwist
    command_s: float | None
    odometry_s: float | None
    joints_s: float | None
    tilt_rad: float
    drill_stowed: bool
    drill_s: float | None


@dataclass(frozen=True)
class Verdict:
    """The twist that may be driven, and the faults that hold."""

    twist: BodyTwist
    faults: frozenset[str]


class MotionGuard:
    """Judge commands; remember the tilt limit's crossing and the way that led there."""

    def __init__(self, config: Guard, max_tilt_rad: float) -> None:
        """Take the steepest slope that the rover is driven on."""
        self._config = config
        self._limit_rad = max_tilt_rad + config.tilt_margin_rad
        self._tilted = False
        self._way = REST
        self._timed_out_s: float | None = None
        self._ended = False
        self._moves_since_s: float | None = None

    def judge(self, inputs: Inputs) -> Verdict:
        """Return what may be driven now: the command, or rest with the reason."""
        faults: set[str] = set()
        wanted = inputs.command
        timed_out = self._old(inputs, inputs.command_s, self._config.command_timeout_s)
        self._judge_command(inputs, timed_out)
        if self._timed_out_s is not None:
            faults.add("command_timeout")
        if timed_out:
            wanted = REST
        if wanted.at_rest and self._timed_out_s is None:
            self._moves_since_s = None
        elif self._moves_since_s is None or self._moves_since_s > inputs.now_s:
            self._moves_since_s = inputs.now_s
        # Silence from the start is the launch's business; silence after speech is a fault.
        if self._silent(inputs, inputs.odometry_s, self._config.odometry_timeout_s):
            wanted = REST
            if inputs.odometry_s is not None:
                faults.add("odometry_stale")
        if self._silent(inputs, inputs.joints_s, self._config.joint_timeout_s):
            wanted = REST
            if inputs.joints_s is not None:
                faults.add("joint_states_stale")
        if not self.drill_clear(inputs) and not wanted.at_rest:
            faults.add("drill_not_stowed")
            wanted = REST
        self._judge_tilt(inputs, wanted)
        if self._tilted:
            faults.add("tilt_limit")
            if not self._leads_back(wanted):
                wanted = REST
        return Verdict(wanted, frozenset(faults))

    def _judge_command(self, inputs: Inputs, timed_out: bool) -> None:
        if not timed_out:
            self._ended = False
        if timed_out and not inputs.command.at_rest and self._timed_out_s is None and not self._ended:
            self._timed_out_s = inputs.now_s
            return
        # a new command ends it, and so does having stood still for a while: nobody wants to drive any more
        since_s = self._timed_out_s
        if since_s is not None and (not timed_out or inputs.now_s - since_s >= self._config.fault_clear_s):
            self._timed_out_s = None
            self._ended = timed_out

    def _judge_tilt(self, inputs: Inputs, wanted: BodyTwist) -> None:
        if inputs.tilt_rad > self._limit_rad:
            self._tilted = True
        elif inputs.tilt_rad < self._limit_rad - self._config.tilt_release_rad:
            self._tilted = False
        if not self._tilted and not wanted.at_rest:
            self._way = wanted

    def _leads_back(self, twist: BodyTwist) -> bool:
        came, left = self._way.forward_mps, self._way.left_mps
        return twist.forward_mps * came + twist.left_mps * left < 0.0

    def drill_clear(self, inputs: Inputs) -> bool:
        """Tell whether the drill is known to be stowed."""
        if inputs.drill_s is None:
            return not self._config.require_drill_rig
        return inputs.drill_stowed and not self._old(inputs, inputs.drill_s, self._config.drill_timeout_s)

    def _silent(self, inputs: Inputs, stamp_s: float | None, limit_s: float) -> bool:
        """Tell whether an input that comes often in motion, and seldom at rest, has fallen silent."""
        if stamp_s is None or self._old(inputs, stamp_s, self._config.rest_silence_s):
            return True
        # what rested a moment ago has not been told at the rate of motion yet
        return self._moves_since_s is not None and self._old(inputs, max(stamp_s, self._moves_since_s), limit_s)

    @staticmethod
    def _old(inputs: Inputs, stamp_s: float | None, limit_s: float) -> bool:
        return stamp_s is None or inputs.now_s - stamp_s > limit_s
