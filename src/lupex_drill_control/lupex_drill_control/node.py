# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drill control as a ROS 2 node: action /drill/acquire_sample over the rig's set-points."""

import sys
from dataclasses import replace

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry

from lupex_drill_control import conversions
from lupex_drill_control.account import DrillOutcome
from lupex_drill_control.assay import AssayError, IceFraction, ice_fraction
from lupex_drill_control.claim import Claim
from lupex_drill_control.config import DrillControlSettings
from lupex_drill_control.drilling import BiteSequence, State
from lupex_drill_control.interlocks import VehicleState, goal_refusal, moving, refusal
from lupex_drill_control.rig import STOP, RigMeasurement
from lupex_interfaces.action import AcquireSample
from lupex_interfaces.msg import DrillRig, DrillRigCommand, DrillStatus, Fault, PowerStatus, SampleAssay
from lupex_models.rover import read_rover
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.node import LupexNode
from lupex_node.port import Goal, Outcome
from lupex_node.ros.process import run

_REST_PERIOD_S = 1.0
"""Between two looks at a stowed rig, and what is told of it."""
REST_WALL_S = 0.5
"""Of the host's time at most that the last command of rest is waited for to arrive."""
_EARLY = 0.9
"""Share of a period after which it counts as over: ticks come on a grid."""


class DrillControlNode(LupexNode[DrillControlSettings]):
    """Step the bite sequence at each rig measurement; a timer watches for its absence."""

    NAME, CONFIG = "drill_control", DrillControlSettings

    def wire(self) -> None:
        self._drill = read_rover(self.config.rover).drill
        self._sequence = BiteSequence(self.config, self._drill)
        self._power_stamped: tuple[float, bool, str] | None = None
        self._measured: RigMeasurement | None = None
        self._watched: RigMeasurement | None = None
        self._found: list[IceFraction] = []
        self._assays = 0
        self._commands = 0
        self._commanded_s = self._told_s = -1e9
        self._goal: Goal | None = None
        self._rig_command = self.publisher(DrillRigCommand, "drill/rig_command", qos.STATE, sole_sender=True)
        self._status = self.publisher(DrillStatus, "drill/status", qos.STATE)
        self.receive(DrillRig, "drill/rig", self._measure, profile=qos.STATE, sole_sender=True)
        self.receive(SampleAssay, "drill/assay", self._assay, profile=qos.EVENTS)
        self._newest_velocity = self.newest(TwistStamped, "cmd_vel")
        self._newest_odometry = self.newest(Odometry, "odometry/global", sole_sender=True)
        self.receive(PowerStatus, "power/status", self._power, sole_sender=True, forget=self._forget_power)
        self._claim = Claim(self)
        self.every(1.0 / self.config.status_rate_hz, self._watch)
        self.serve_action(AcquireSample, "drill/acquire_sample", accept=self._accept, begin=self._begin)

    def _measure(self, message: DrillRig) -> None:
        measured = conversions.measurement(message)
        if self._measured is not None and measured.stamp_s < self._measured.stamp_s:
            return
        self._measured = measured
        # The rig's stamps run ahead of a parked world's slow clock, never behind it by more than transport.
        self._step(max(measured.stamp_s, self.now_s()) if measured.stamp_s > 0 else self.now_s())

    def _watch(self) -> None:
        """Step without a measurement when none has come since the last look: then the rig itself is late.

        A stowed rig speaks once a second, and is looked after as often.
        """
        if self._rests and 0.0 <= self.now_s() - self._told_s < _REST_PERIOD_S * _EARLY:
            return
        if self._measured is self._watched:
            self._step(self.now_s())
        self._watched = self._measured
        self._tell(self.now_s())

    @property
    def _rests(self) -> bool:
        return self._sequence.state == State.STOWED and self._goal is None

    def _step(self, now_s: float) -> None:
        if self._sequence.active and self._sequence.state != State.FAULT:
            motion = moving(self._vehicle, now_s, self.config.watch)
            if motion:
                self._sequence.cancel(f"drilling ended: {motion}")
        command = self._sequence.step(now_s, self._measured, self._assays)
        if command is not None and now_s - self._commanded_s >= 0.999 / self.config.command_rate_hz:
            self._rig_command.publish(conversions.rig_command(command, now_s))
            self._commanded_s = now_s
        self._report_faults()
        if self._sequence.outcome is not None and self._goal is not None:
            goal, self._goal = self._goal, None
            self._end(goal, self._sequence.outcome)

    def _report_faults(self) -> None:
        sequence = self._sequence
        if sequence.blind and sequence.active:
            self.raise_fault("drill_rig_lost", Fault.ERROR, f"{sequence.text}; feed and rotation are stopped")
        elif not sequence.blind:
            self.clear_fault("drill_rig_lost", "the drill rig reports again")
        if sequence.state == State.FAULT and not sequence.blind:
            self.raise_fault("drill_not_stowed", Fault.CRITICAL, sequence.text)
        elif sequence.state == State.STOWED:
            self.clear_fault("drill_not_stowed", "the drill is stowed")
        if sequence.state == State.RECOVERING:
            self.raise_fault("drill_binding", Fault.WARNING, sequence.text)
        else:
            self.clear_fault("drill_binding", "the auger is free or was given up")

    def _tell(self, now_s: float) -> None:
        period_s = _REST_PERIOD_S if self._sequence.state == State.STOWED else 1.0 / self.config.status_rate_hz
        if now_s - self._told_s < period_s * _EARLY:
            return
        self._told_s = now_s
        self._status.publish(conversions.status(self._sequence, self._measured, self._found, self._commands, now_s))
        if self._goal is not None:
            self._goal.feedback(
                AcquireSample.Feedback(
                    state=int(self._sequence.state),
                    depth_m=self._measured.depth_m if self._measured else 0.0,
                    recoveries=self._sequence.recoveries,
                )
            )
            if self._goal.cancel_asked():
                self._sequence.cancel("cancelled")

    def _assay(self, message: SampleAssay) -> None:
        if not self._commands:
            return
        self._assays += 1
        try:
            found = ice_fraction(
                message.top_m,
                message.bottom_m,
                message.sample_mass_kg,
                message.mass_loss_kg,
                message.mass_sigma_kg,
                self.config.assay,
            )
        except AssayError as error:
            self.raise_fault("assay_refused", Fault.WARNING, str(error))
            return
        self._found.append(found)

    def rest(self) -> None:
        """Stop feed and auger; the bit stays where it is, and who comes after stows it."""
        if self._sequence.state != State.STOWED:
            self._rig_command.publish(conversions.rig_command(STOP, self.now_s()))
            self._rig_command.settle(REST_WALL_S)
        if self._goal is not None:
            goal, self._goal = self._goal, None
            goal.end(Outcome.ABORTED, AcquireSample.Result(success=False, reason="the drill control rests"))

    def _forget_power(self) -> None:
        self._power_stamped = None

    def _power(self, message: PowerStatus) -> None:
        self._power_stamped = seconds(message.header.stamp), message.work_allowed, message.reason

    @property
    def _vehicle(self) -> VehicleState:
        """Return the newest motion and power readings, which are read when they are asked for."""
        state, command, odometry = VehicleState(), self._newest_velocity(), self._newest_odometry()
        if command is not None:
            state = replace(
                state,
                command_stamp_s=seconds(command.header.stamp),
                command_speed_mps=abs(command.twist.linear.x) + abs(command.twist.linear.y),
                command_turn_rate_rad_s=command.twist.angular.z,
            )
        if odometry is not None:
            twist = odometry.twist.twist
            state = replace(
                state,
                odometry_stamp_s=seconds(odometry.header.stamp),
                speed_mps=(twist.linear.x**2 + twist.linear.y**2) ** 0.5,
                turn_rate_rad_s=twist.angular.z,
            )
        if self._power_stamped is not None:
            stamp_s, allowed, reason = self._power_stamped
            state = replace(state, power_stamp_s=stamp_s, work_allowed=allowed, power_reason=reason)
        return state

    def _accept(self, request: AcquireSample.Goal) -> bool:
        """Judge a goal by itself; raises InvalidMessage. What may pass, as a veto of power, is told in its result."""
        reason = goal_refusal(conversions.goal(request), self._drill)
        if self._goal is not None:
            reason = reason or "a hole is being drilled: cancel it first"
        if reason:
            raise InvalidMessage(reason)
        self._claim.judge(request.plan_id)
        return True

    def _begin(self, goal: Goal) -> None:
        now_s = self.now_s()
        asked = conversions.goal(goal.request)
        reason = refusal(asked, self._vehicle, now_s, self._drill, self.config.watch)
        reason = reason or self._sequence.start(asked, now_s)
        if reason:
            self.warn(f"goal refused: {reason}")
            goal.end(Outcome.ABORTED, AcquireSample.Result(success=False, reason=reason))
            return
        self._commands += 1
        self._found, self._assays = [], 0
        self._goal = goal

    def _end(self, goal: Goal, outcome: DrillOutcome) -> None:
        self.clear_fault("assay_refused")
        self.info(f"hole ended at {outcome.depth_m:.2f} m: {outcome.reason or 'success'}")
        unfinished = Outcome.CANCELED if goal.cancel_asked() else Outcome.ABORTED
        goal.end(Outcome.SUCCEEDED if outcome.success else unfinished, conversions.result(outcome, self._found))


def main(args: list[str] | None = None) -> int:
    """Run the drill control."""
    return run(DrillControlNode, args)


if __name__ == "__main__":
    sys.exit(main())
