# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The bite sequence: from the stow position to a depth, a sample of each interval, and back."""

from enum import IntEnum

from lupex_drill_control import motions
from lupex_drill_control.account import Account, DrillOutcome
from lupex_drill_control.conditions import CutEnergy, GroundHardness, JamDetector
from lupex_drill_control.config import DrillControlSettings
from lupex_drill_control.hole import Hole
from lupex_drill_control.interlocks import DrillGoal
from lupex_drill_control.recovery import Recovery
from lupex_drill_control.rig import STOP, RigCommand, RigMeasurement, measurement_problem
from lupex_models.rover import Drill


class State(IntEnum):
    """What the drill does; values as in DrillStatus."""

    STOWED = 0
    DEPLOYING = 1
    CUTTING = 2
    RETRACTING = 3
    RECOVERING = 4
    ANALYSING = 5
    STOWING = 6
    FAULT = 7


class BiteSequence:
    """Step through a hole with the rig's measurements; each step returns what the rig is told, or None for silence.

    A bite is cut at the cutting feed, eased by torque, limited in force; then the bit is pulled out to clear the
    cuttings and, at the end of a sample interval, to hand them over. Binding is undone by reversing and lifting,
    choking by pulling out; both a bounded number of times. Whatever ends the goal, the bit is retracted and stowed.
    """

    def __init__(self, settings: DrillControlSettings, drill: Drill) -> None:
        self._settings = settings
        self._drill = drill
        self._jams = JamDetector(settings.jam, settings.cutting)
        self._command = STOP
        self._since_s: float | None = None
        self._blind_s: float | None = None
        self._recovery: Recovery | None = None
        self._begin_hole(None, 0.0)
        self.state = State.STOWED
        self.outcome: DrillOutcome | None = None
        self.text = ""

    def _begin_hole(self, goal: DrillGoal | None, now_s: float) -> None:
        self._goal = goal
        self._account = Account(now_s)
        self._ground = GroundHardness(self._settings.hard_ground, self._settings.cutting, self._drill)
        self._energy = CutEnergy(0.0)
        self._hole = Hole(goal, self._drill, self._settings.cutting)
        self._marked_m = 0.0
        self._choked = False
        self._tries = 0
        self._after_recovery = State.RETRACTING
        self._end_reason: str | None = None
        self._keep_sample = True
        self._last: RigMeasurement | None = None
        self._travel: tuple[float, float] | None = None
        self.delivered = 0

    @property
    def active(self) -> bool:
        """Tell whether the rig needs commands."""
        return self.state not in (State.STOWED, State.ANALYSING) or self._handing_over

    @property
    def _handing_over(self) -> bool:
        return self.state == State.ANALYSING and self._last is not None and not self._last.stowed

    @property
    def recoveries(self) -> int:
        """Return the number of jams undone, or tried to, in this hole."""
        return self._account.recoveries

    @property
    def faults(self) -> int:
        """Return the number of faults in this hole."""
        return self._account.faults

    @property
    def bite(self) -> int:
        """Return the number of the present bite, from 1."""
        return self._hole.bite

    @property
    def target_depth_m(self) -> float:
        """Return the goal's depth, 0 without a goal."""
        return self._goal.depth_m if self._goal else 0.0

    @property
    def specific_energy_j_m3(self) -> float:
        """Return the specific energy of the present bite."""
        return self._energy.specific_energy_j_m3(self._drill, self._settings.cutting.depth_tolerance_m)

    @property
    def rate_of_penetration_mps(self) -> float:
        """Return the smoothed rate of penetration, 0 when not cutting."""
        return self._ground.rate_mps if self.state == State.CUTTING else 0.0

    def start(self, goal: DrillGoal, now_s: float) -> str:
        """Begin a hole; returns why it cannot, or an empty text."""
        if self.state != State.STOWED:
            return f"the drill is not stowed: it is {self.state.name.lower()}. {self.text}".strip()
        if self._last is None or self.blind:
            return "the drill rig does not report its state"
        self._begin_hole(goal, now_s)
        self.outcome = None
        self._change(State.DEPLOYING, "lowering to the surface")
        return ""

    def cancel(self, reason: str, keep_sample: bool = False) -> None:
        """End the goal: pull out and stow."""
        if self._goal is not None and self._end_reason is None:
            self._end(reason, keep_sample)

    def step(self, now_s: float, measured: RigMeasurement | None, assays: int = 0) -> RigCommand | None:
        """Advance with the newest measurement and the number of assays of this hole that have arrived."""
        problem = measurement_problem(measured, now_s, self._settings.watch, self._drill)
        if problem or measured is None:
            self._command = self._blind(now_s, problem)
            return self._command if self.active else None
        if self._blind_s is not None:
            self._see_again(measured)
        self._take(measured)
        if self.state == State.STOWED and not measured.stowed:
            # Somebody before us, perhaps this node's former life, left the bit out.
            self._secure("the bit was found unstowed: retracting and stowing it first")
        if self._goal and self._end_reason is None and now_s - self._account.started_s > self._goal.max_duration_s:
            self._end(f"the time limit of {self._goal.max_duration_s:g} s passed", keep_sample=True)
        before = self.state
        self._command = self._act(now_s, measured, assays)
        if self.state != before:
            self._jams.reset()
        return self._command if self.active or before != self.state else None

    def _act(self, now_s: float, measured: RigMeasurement, assays: int) -> RigCommand:
        if self._since_s is None:
            self._since_s = now_s
        elapsed = now_s - self._since_s
        if self.state == State.DEPLOYING:
            return self._leave_stow(elapsed) if measured.stowed else self._lower(measured)
        if self.state == State.CUTTING:
            return self._cut(measured)
        if self.state == State.RETRACTING:
            return self._retract(measured)
        if self.state == State.RECOVERING:
            return self._recover(measured)
        if self.state == State.STOWING:
            return self._stow(measured, elapsed)
        if self.state == State.ANALYSING:
            return self._analyse(measured, elapsed, assays)
        if self.state == State.FAULT and measured.stowed:
            self._change(State.STOWED, "stowed by itself after a fault")
        elif self.state == State.FAULT and elapsed >= self._settings.watch.retry_s:
            self._secure("trying again to retract and stow")
        return STOP

    def _change(self, state: State, text: str) -> None:
        self.state = state
        self.text = text
        self._since_s = None
        self._travel = None

    def _end(self, reason: str, keep_sample: bool) -> None:
        self._end_reason = reason
        self._keep_sample = keep_sample
        if self.state in (State.DEPLOYING, State.CUTTING):
            self._change(State.RETRACTING, f"ending: {reason}")
        elif self.state == State.RECOVERING:
            self._after_recovery = State.RETRACTING

    def _secure(self, text: str) -> None:
        self._tries = 0
        self._recovery = None
        self._end_reason = self._end_reason if self._end_reason is not None else text
        self._keep_sample = False
        self._change(State.RETRACTING, text)

    def _blind(self, now_s: float, problem: str) -> RigCommand:
        if self._blind_s is None:
            self._blind_s = now_s
            if self.state != State.STOWED:
                self._account.faults += 1
        if self.state != State.STOWED:
            self.text = f"stopped: {problem}"
        if now_s - self._blind_s >= self._settings.watch.rig_lost_s and self._goal is not None:
            self._finish(now_s, f"the drill rig was lost: {problem}")
            self._end_reason = "the drill rig was lost"
            self._change(State.FAULT, f"stopped: {problem}")
        return STOP

    @property
    def blind(self) -> bool:
        """Tell whether the newest measurement could not be used."""
        return self._blind_s is not None

    def _see_again(self, measured: RigMeasurement) -> None:
        self._blind_s = None
        self._last = None
        self._jams.reset()
        if self.state == State.FAULT:
            self._secure("measurements are back: retracting and stowing")
        elif self._account.faults > self._settings.watch.faults and self._goal and self._end_reason is None:
            self._end(f"{self._account.faults} measurement faults in this hole", keep_sample=False)
        elif self.state == State.CUTTING:
            self._begin_recovery("a gap in the measurements", State.DEPLOYING, reverse=False)

    def _take(self, measured: RigMeasurement) -> None:
        if self._goal is not None:
            self._account.add(measured, self._last)
        self._last = measured
        before_m = self._hole.cut_m
        self._hole.measure(measured)
        if self._hole.reached and before_m == 0 and self._end_reason is None:
            self._end(f"the hole here is already {self._hole.cut_m:.2f} m deep", keep_sample=False)
        if before_m == 0 < self._hole.cut_m:
            self._energy = CutEnergy(self._hole.cut_m)
        if self._hole.cut_m - self._marked_m >= self._settings.jam.progress_m:
            self._marked_m = self._hole.cut_m
            self._tries = 0

    def _leave_stow(self, elapsed: float) -> RigCommand:
        if elapsed >= self._settings.watch.unstow_s:
            self._end("the drill did not leave its stow position: its motors may be without power", keep_sample=False)
            return STOP
        self._jams.reset()
        return motions.unstowing(self._settings.cutting, self._drill)

    def _lower(self, measured: RigMeasurement) -> RigCommand:
        cutting = self._settings.cutting
        below = self._hole.cut_m - measured.depth_m
        touched = measured.weight_on_bit_n >= cutting.contact_n and measured.depth_m > -cutting.approach_m
        if touched or below <= cutting.depth_tolerance_m:
            self._ground.resume()
            self._change(State.CUTTING, f"bite {self._hole.bite} to {self._hole.bite_bottom_m:.2f} m")
            return self._cutting_command(measured)
        jam = self._jams.update(measured.stamp_s, measured, self._command)
        if jam == "binding":
            return self._jam(jam)
        return motions.lowering(below, self._hole.cut_m, cutting, self._drill)

    def _cut(self, measured: RigMeasurement) -> RigCommand:
        self._energy.update(measured, self._drill)
        if self._hole.bite_done:
            self._change(State.RETRACTING, f"bite {self._hole.bite} is cut: clearing it")
            return self._retract(measured)
        jam = self._jams.update(measured.stamp_s, measured, self._command)
        if jam:
            return self._jam(jam)
        if self._ground.update(measured):
            self._end(f"the ground at {self._hole.cut_m:.2f} m refuses the bit even with the hammer", keep_sample=True)
            return STOP
        return self._cutting_command(measured)

    def _cutting_command(self, measured: RigMeasurement) -> RigCommand:
        return motions.cutting_on(measured.torque_nm, self._ground.hammering, self._settings.cutting, self._drill)

    def _retract(self, measured: RigMeasurement) -> RigCommand:
        if measured.depth_m <= -self._settings.cutting.clear_m or measured.stowed:
            return self._clear_of_ground(measured)
        now = measured.stamp_s
        jam = self._settings.jam
        if self._travel is None or self._travel[1] - measured.depth_m >= jam.stuck_m:
            self._travel = (now, measured.depth_m)
        elif now - self._travel[0] >= jam.stuck_s:
            return self._jam("binding")
        return motions.retracting(self._settings.cutting, self._drill)

    def _clear_of_ground(self, measured: RigMeasurement) -> RigCommand:
        held_m = self._hole.held_m
        complete = self._hole.reached or self._hole.interval_done
        # What choking brought up would be lost under the cuttings that follow.
        complete |= self._choked and held_m >= self._settings.cutting.least_sample_m
        self._choked = False
        ending = self._end_reason is not None
        if ending and not (held_m and self._keep_sample and not measured.stowed):
            self._change(State.STOWING, self.text)
        elif held_m and (complete or ending):
            self._change(State.ANALYSING, f"handing over the sample to {self._hole.cut_m:.2f} m")
        else:
            # The same bite again after choking, the next one of a long interval otherwise.
            if self._hole.bite_done:
                self._begin_bite()
            self._change(State.DEPLOYING, f"lowering for bite {self._hole.bite}")
        return STOP

    def _begin_bite(self) -> None:
        self._hole.next_bite()
        self._energy = CutEnergy(self._hole.cut_m)

    def _analyse(self, measured: RigMeasurement, elapsed: float, assays: int) -> RigCommand:
        if measured.stowed:
            return self._await_assays(measured.stamp_s, elapsed, assays)
        if elapsed < self._settings.cutting.deliver_s:
            return RigCommand(deliver_sample=True)
        self.delivered += 1
        self._hole.deliver()
        if self._end_reason is not None or self._hole.reached:
            self._change(State.STOWING, "stowing")
        else:
            self._begin_bite()
            self._change(State.DEPLOYING, f"lowering for bite {self._hole.bite}")
        return STOP

    def _stow(self, measured: RigMeasurement, elapsed: float) -> RigCommand:
        if measured.stowed:
            if self._goal is not None:
                self._change(State.ANALYSING, "stowed, waiting for the sample analysis")
            else:
                self._change(State.STOWED, "")
                self._end_reason = None
            return STOP
        if elapsed >= self._settings.watch.stow_s:
            self._give_up(measured.stamp_s, f"the drill did not stow within {self._settings.watch.stow_s:g} s")
            return STOP
        return motions.stowing(self._settings.cutting, self._drill)

    def _await_assays(self, now_s: float, elapsed: float, assays: int) -> RigCommand:
        missing = self.delivered - assays
        if missing > 0 and elapsed < self._settings.watch.assay_s:
            return STOP
        reason = self._end_reason or ""
        if missing > 0:
            lost = f"{missing} of {self.delivered} samples were not analysed in {self._settings.watch.assay_s:g} s"
            reason = f"{reason}; {lost}" if reason else lost
        self._finish(now_s, reason)
        self._end_reason = None
        self._change(State.STOWED, "")
        return STOP

    def _jam(self, kind: str) -> RigCommand:
        """Count a jam and begin to undo it, or give up what cannot be undone."""
        self._account.recoveries += 1
        self._tries += 1
        jam = self._settings.jam
        spent = self._tries > jam.tries or self._account.recoveries > jam.recoveries
        ending = self._end_reason is not None
        if spent and ending and self.state == State.RETRACTING:
            depth = self._last.depth_m if self._last else 0.0
            self._give_up(self._last.stamp_s if self._last else 0.0, f"the bit is stuck at {depth:.2f} m")
            return STOP
        if spent and not ending:
            self._end(f"{kind} at {self._hole.cut_m:.2f} m: given up after {self._tries - 1} tries", keep_sample=True)
            self._tries = 1
            ending = True
        if kind == "choking":
            self._choked = True
            self._change(State.RETRACTING, f"choking at {self._hole.cut_m:.2f} m: clearing the auger")
            return STOP
        outward = ending or self.state == State.RETRACTING
        self._begin_recovery(kind, State.RETRACTING if outward else State.DEPLOYING, reverse=True)
        return STOP

    def _begin_recovery(self, kind: str, after: State, reverse: bool) -> None:
        self._after_recovery = after
        self._recovery = Recovery(max(self._tries, 1), reverse, self._settings.jam, self._settings.cutting, self._drill)
        self._change(
            State.RECOVERING, f"{kind} at {self._hole.cut_m:.2f} m: freeing the auger, try {max(self._tries, 1)}"
        )

    def _recover(self, measured: RigMeasurement) -> RigCommand:
        assert self._recovery is not None
        command, verdict = self._recovery.step(measured)
        if verdict == "free":
            self._change(self._after_recovery, "the auger is free again")
        elif verdict == "stuck":
            # A bit that does not lift can only be pulled out, never drilled on with.
            self._change(State.RETRACTING, self.text)
            return self._jam("binding")
        return command

    def _give_up(self, now_s: float, reason: str) -> None:
        self._account.faults += 1
        self._finish(now_s, reason)
        self._end_reason = reason
        self._change(State.FAULT, f"{reason}; trying again every {self._settings.watch.retry_s:g} s")

    def _finish(self, now_s: float, reason: str) -> None:
        if self._goal is None:
            return
        self.outcome = self._account.close(now_s, self._hole.cut_m, reason)
        self._goal = None
