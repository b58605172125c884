# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a sortie as behaviours. Each is done once, remembers it, and can be begun again at any time."""

import dataclasses
import math
from dataclasses import dataclass, field

import py_trees
from py_trees.common import Status

from lupex_mission.config import MissionConfig
from lupex_mission.observations import (
    Activity,
    Drive,
    LookAnew,
    Observations,
    Phase,
    Place,
    PlanRoute,
    Progress,
    Result,
    Sample,
)


@dataclass
class Desk:
    """What the behaviours of one tree share during a tick: the look outside, the memory, and the wish."""

    config: MissionConfig
    targets: tuple[Place, ...]
    haven: Place
    seen: Observations = field(default_factory=lambda: Observations(0.0))
    progress: Progress = field(default_factory=Progress)
    wish: Activity | None = None
    phase: Phase = Phase.IDLE
    target: int = -1
    text: str = ""

    def show(self, phase: Phase, text: str, target: int = -1) -> None:
        """State what is being done."""
        self.phase, self.text, self.target = phase, text, target

    def result(self, activity: Activity) -> Result | None:
        """Wish for an activity and return how it ended, if it has."""
        self.wish = activity
        return self.seen.results.get(activity.key)

    def time_in(self, step: str) -> float:
        """Return the time since a step was first asked, in seconds."""
        start_s = self.progress.step_start_s.get(step)
        if start_s is None:
            starts = {**self.progress.step_start_s, step: self.seen.time_s}
            self.progress = dataclasses.replace(self.progress, step_start_s=starts)
            return 0.0
        return self.seen.time_s - start_s

    def forget_time(self, step: str) -> None:
        """Let the time in a step begin anew."""
        starts = {name: start for name, start in self.progress.step_start_s.items() if name != step}
        self.progress = dataclasses.replace(self.progress, step_start_s=starts)

    def halt(self, step: str, before: int) -> bool:
        """Keep the plan's next wait on the way to a target, where it waits; tell whether there is one.

        Whoever is late passes over it: its moment has gone, and the certificate says what is left. So does whoever
        cannot get there.
        """
        for halt in self.seen.halts:
            key = f"{step}:halt:{halt.until_s:.0f}"
            left_s = halt.until_s - self.seen.time_s
            if halt.before != before or not left_s > 0.0 or key in self.progress.done:
                continue
            result = self.result(Drive(key, halt.place, self.config.arrival_tolerance_m))
            if result is None:
                if left_s < self.config.halt_min_s:
                    self.progress, self.wish = self.progress.with_done(key), None
                    continue
                self.text = "driving to where the plan waits"
                return True
            self.wish = None
            if result.success:
                self.text = f"waiting where the plan does, {left_s / 60.0:.0f} min left"
                return True
            self.progress = self.progress.with_done(key)
        return False

    def failed_try(self, step: str) -> int:
        """Remember a failed try and return how many there were."""
        self.progress = self.progress.with_try(step)
        return self.progress.tries[step]

    def tries(self, step: str) -> int:
        """Return the failed tries of a step."""
        return self.progress.tries.get(step, 0)

    def ready_to_try_again(self, step: str) -> bool:
        """Tell whether a drive that failed may be tried again: after a pause, and when it goes on failing, a new look.

        A map that a wrong pose has ruined holds obstacles which no cloud disproves: it must not hold the rover for
        ever.
        """
        tries = self.tries(step)
        if tries >= self.config.look_anew_after:
            if self.result(LookAnew(f"{step}:look:{tries}")) is None:
                return False
            self.wish = None
        return tries == 0 or self.time_in(f"{step}:pause:{tries}") >= self.config.retry_pause_s


class Step(py_trees.behaviour.Behaviour):
    """A step that succeeds at once when the progress says that it is done."""

    def __init__(self, name: str, desk: Desk) -> None:
        super().__init__(name)
        self.desk = desk

    def update(self) -> Status:
        """Do one tick of work."""
        if self.name in self.desk.progress.done:
            return Status.SUCCESS
        status = self.work()
        if status is Status.SUCCESS:
            self.desk.progress = self.desk.progress.with_done(self.name)
        return status

    def work(self) -> Status:
        """Do one tick of what is not done yet."""
        raise NotImplementedError

    def turn_back(self, reason: str) -> Status:
        """End the outward part for a reason."""
        self.desk.progress = dataclasses.replace(self.desk.progress, turning_back=reason)
        return Status.FAILURE


class LeadOut(Step):
    """Before the first metre: a feasible plan over all targets, and a proven way back."""

    def work(self) -> Status:
        """Do one tick of it."""
        desk = self.desk
        desk.show(Phase.LEAD_OUT, "planning the sortie")
        plan = PlanRoute(f"plan:{desk.tries(self.name)}", desk.targets)
        result = desk.result(plan)
        if result is None:
            return Status.RUNNING
        if not result.success:
            if desk.failed_try(self.name) < desk.config.drive_tries:
                return Status.RUNNING
            return self.turn_back(f"no feasible sortie: {result.reason}")
        return Status.SUCCESS


class DriveToTarget(Step):
    """Drive to a target; after some failures the sortie turns back."""

    def __init__(self, name: str, desk: Desk, index: int) -> None:
        super().__init__(name, desk)
        self.index = index

    def work(self) -> Status:
        """Do one tick of it."""
        desk, config = self.desk, self.desk.config
        tries = desk.tries(self.name)
        desk.show(Phase.DRIVE, f"driving to target {self.index + 1}", self.index)
        if not desk.ready_to_try_again(self.name) or desk.halt(self.name, self.index):
            return Status.RUNNING
        result = desk.result(Drive(f"{self.name}:{tries}", desk.targets[self.index], config.arrival_tolerance_m))
        if result is None:
            return Status.RUNNING
        if result.success:
            return Status.SUCCESS
        if desk.failed_try(self.name) < config.drive_tries:
            return Status.RUNNING
        return self.turn_back(f"target {self.index + 1} cannot be reached: {result.reason}")


class Scan(Step):
    """Stand still over a target while the neutron spectrometer counts."""

    def __init__(self, name: str, desk: Desk, index: int) -> None:
        super().__init__(name, desk)
        self.index = index

    def work(self) -> Status:
        """Do one tick of it."""
        time_s = self.desk.time_in(self.name)
        self.desk.show(Phase.SCAN, f"counting neutrons over target {self.index + 1}", self.index)
        return Status.SUCCESS if time_s >= self.desk.config.scan_s else Status.RUNNING


class DrillTarget(Step):
    """Drill at a target; a hole that fails is tried again a step aside."""

    def __init__(self, name: str, desk: Desk, index: int) -> None:
        super().__init__(name, desk)
        self.index = index

    def work(self) -> Status:
        """Do one tick of it."""
        desk, config = self.desk, self.desk.config
        tries = desk.tries(self.name)
        aside = f"{self.name}:aside:{tries}"
        if tries and aside not in desk.progress.done:
            return self._step_aside(aside, tries)
        desk.show(Phase.DRILL, f"drilling at target {self.index + 1}", self.index)
        result = desk.result(Sample(f"{self.name}:{tries}", config.drill_depth_m))
        if result is None:
            return Status.RUNNING
        if result.success:
            desk.progress = dataclasses.replace(desk.progress, sampled=desk.progress.sampled + 1)
            return Status.SUCCESS
        if desk.failed_try(self.name) < config.drill_tries:
            return Status.RUNNING
        return self.turn_back(f"no sample at target {self.index + 1}: {result.reason}")

    def _step_aside(self, aside: str, tries: int) -> Status:
        desk, config = self.desk, self.desk.config
        desk.show(Phase.DRIVE, f"stepping aside for hole {tries + 1} at target {self.index + 1}", self.index)
        angle_rad = tries * 2.4  # the golden angle: no two holes in one line
        target = desk.targets[self.index]
        goal = Place(
            target.x_m + config.drill_step_aside_m * math.cos(angle_rad),
            target.y_m + config.drill_step_aside_m * math.sin(angle_rad),
        )
        # A tolerance below the step, or the rover would already be there.
        result = desk.result(Drive(aside, goal, config.drill_step_aside_m / 3.0))
        if result is not None:
            # Where it could not go it drills where it stands.
            desk.progress = desk.progress.with_done(aside)
        return Status.RUNNING


class Return(Step):
    """Drive to a haven; there is nothing else to do, so it is tried for ever.

    With the samples aboard and the margin whole it is the site's own haven; else the one that the certificate names.
    """

    def work(self) -> Status:
        """Do one tick of it."""
        desk, config = self.desk, self.desk.config
        tries = desk.tries(self.name)
        desk.show(Phase.RETURN, "returning to the sun")
        if desk.seen.drill_stowed is False:
            desk.text = "stowing the drill before returning"
            return Status.RUNNING
        if not desk.ready_to_try_again(self.name):
            return Status.RUNNING
        if not (desk.progress.turning_back or tries or self._must_hurry()) and desk.halt(self.name, len(desk.targets)):
            return Status.RUNNING
        if len(desk.progress.goals) == tries + 1 and self._must_hurry() and desk.progress.goals[tries] == self._home():
            # The margin has gone on the way home: the nearest light is the goal now, in a try of its own.
            tries = desk.failed_try(self.name)
        result = desk.result(Drive(f"{self.name}:{tries}", self._haven(tries), config.haven_tolerance_m))
        if result is None:
            return Status.RUNNING
        if result.success:
            return Status.SUCCESS
        desk.failed_try(self.name)
        return Status.RUNNING

    def _haven(self, tries: int) -> Place:
        """Keep one goal for a try: the certificate's haven may move while the rover drives."""
        goals = self.desk.progress.goals
        if tries >= len(goals):
            certificate = self.desk.seen.certificate
            hurry = bool(tries) or bool(self.desk.progress.turning_back) or self._must_hurry()
            named = certificate is not None and certificate.valid and hurry
            haven = (certificate.haven.x_m, certificate.haven.y_m) if named and certificate else self._home()
            goals = (*goals, *((haven,) * (tries + 1 - len(goals))))
            self.desk.progress = dataclasses.replace(self.desk.progress, goals=goals)
        return Place(*goals[tries])

    def _home(self) -> tuple[float, float]:
        return self.desk.haven.x_m, self.desk.haven.y_m

    def _must_hurry(self) -> bool:
        """Tell whether the margin asks for another haven than the site's own."""
        certificate = self.desk.seen.certificate
        if certificate is None or not certificate.valid or certificate.haven == self.desk.haven:
            return False
        return not certificate.margin_wh >= self.desk.config.margin_reserve_wh


class Recharge(Step):
    """Stand in the sun until charging is proven and the charge is there."""

    def work(self) -> Status:
        """Do one tick of it."""
        desk, config = self.desk, self.desk.config
        desk.show(Phase.RECHARGE, "recharging")
        power = desk.seen.power
        waited_s = desk.time_in(self.name)
        if power is None or power.array_power_w <= power.load_power_w:
            desk.forget_time(self.name + ":charging")
            if waited_s > config.recharge_max_s:
                desk.progress = dataclasses.replace(desk.progress, outcome="failed")
                desk.text = "no sun at the haven"
                return Status.FAILURE
            return Status.RUNNING
        charging_s = desk.time_in(self.name + ":charging")
        full = power.soc >= config.recharge_soc
        if waited_s > config.recharge_max_s and not full:
            desk.progress = dataclasses.replace(desk.progress, outcome="failed")
            return Status.FAILURE
        return Status.SUCCESS if full and charging_s >= config.recharge_min_s else Status.RUNNING
