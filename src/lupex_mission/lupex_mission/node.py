# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mission node: looks, ticks the executive, keeps its wish going, and says what it does."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from std_srvs.srv import Trigger

from lupex_interfaces.action import AcquireSample, DriveTo, ExecuteMission
from lupex_interfaces.msg import (
    DrillStatus,
    Fault,
    LocalizationStatus,
    MissionStatus,
    NeutronCounts,
    PowerStatus,
    ReturnCertificate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie
from lupex_mission import conversions
from lupex_mission.activities import Activities
from lupex_mission.config import MissionConfig
from lupex_mission.executive import Decision, Executive
from lupex_mission.fault_protection import HeartbeatWatch
from lupex_mission.faults_of_the_dead import Raised, StandingFaults
from lupex_mission.observations import Drive, LookAnew, Observations, Phase, Place, PlanRoute, Progress, Result, Sample
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site import SiteError, open_site
from lupex_models.stated_proof import Turn
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.life import node_of
from lupex_node.node import LupexNode
from lupex_node.port import Goal, Outcome, SentGoal
from lupex_node.ros.process import run

TICK_S = 1.0
SERVER_OF = {"path_planning": (PlanRoute, Drive), "drill_control": (Sample,), "traversability": (LookAnew,)}


class MissionNode(LupexNode[MissionConfig]):
    """Executive of the sortie."""

    NAME, CONFIG = "mission", MissionConfig

    def wire(self) -> None:
        config = self.config
        try:
            site = open_site(config.site)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error
        self._work = config = config.counting(site.scan_min_s)
        targets = tuple(Place(target.x_m, target.y_m) for target in site.targets)
        haven = site.havens[0] if site.havens else site.lander
        self._make = lambda progress: Executive(config, targets, Place(haven.x_m, haven.y_m), progress)
        self._executive: Executive | None = None
        self._seen: dict[str, Any] = {}
        self._neutrons = (0, 0.0)
        self._watch = HeartbeatWatch(config.heartbeat_timeout_s, config.heartbeat_timeout_s / config.heartbeat_looks)
        self._started_s: float | None = None
        self._activities = Activities(
            {
                PlanRoute: _PlanServer(self),
                Drive: _DriveServer(self),
                Sample: _SampleServer(self),
                LookAnew: _MapServer(self),
            },
            config.retry_pause_s,
        )
        self._phase, self._phase_start_s, self._saved_s = Phase.IDLE, 0.0, 0.0
        self._saved: tuple[Progress, tuple[str, ...]] | None = None
        self._goal: Goal | None = None
        self._standing = StandingFaults()
        self._turn = Turn()
        self._plan = (0.0, "")
        self._capacity_wh = read_rover(config.rover).battery.capacity_wh
        self._status = self.publisher(MissionStatus, "mission/status")
        age_s = config.input_age_s
        self._place = self.newest(Odometry, "odometry/global", convert=conversions.place, frame="map", sole_sender=True)
        self._see(LocalizationStatus, "localization/status", "lost", conversions.localization_lost)
        self.receive(
            ReturnCertificate,
            "plan/certificate",
            self._take_certificate,
            max_age_s=age_s,
            sole_sender=True,
            forget=self._forget_certificate,
        )
        self._see(PowerStatus, "power/status", "power", conversions.power, max_age_s=age_s)
        self._see(DrillStatus, "drill/status", "stowed", conversions.drill_stowed)
        self.receive(
            SortiePlan,
            "plan/sortie",
            self._take_plan,
            frame="map",
            profile=qos.LATCHED,
            sole_sender=True,
            forget=lambda: self._forget("halts"),
        )
        self.receive(NeutronCounts, "neutron/counts", self._count)
        self.receive(Fault, "faults", self._hear_fault, profile=qos.EVENTS)
        self.receive(DiagnosticArray, "diagnostics", self._heartbeat, profile=qos.EVENTS)
        self.serve_action(
            ExecuteMission, "mission/execute", accept=self._accept, begin=self._begin, cancel=self._cancelled
        )
        self.every(TICK_S, self._tick)

    @property
    def work(self) -> MissionConfig:
        """What is done at each target of this site."""
        return self._work

    def _see(self, kind: type, topic: str, name: str, convert: Callable[[Any], Any], **options: Any) -> None:
        self.receive(
            kind,
            topic,
            lambda value: self._seen.__setitem__(name, value),
            convert=convert,
            sole_sender=True,
            forget=lambda: self._forget(name),
            **options,
        )

    def _forget(self, name: str) -> None:
        self._seen.pop(name, None)

    def _take_certificate(self, message: ReturnCertificate) -> None:
        now_s = self.now_s()
        if late := self._turn.refusal(message.sequence, now_s):
            raise InvalidMessage(late)
        self._seen["certificate"] = conversions.certificate(message, self._capacity_wh, self._plan[1])
        self._turn = Turn(message.sequence, now_s)

    def _forget_certificate(self) -> None:
        self._turn = Turn()
        self._forget("certificate")

    def _take_plan(self, message: SortiePlan) -> None:
        time_s = seconds(message.header.stamp)
        if time_s < self._plan[0] <= self.now_s():
            raise InvalidMessage("is older than the one before")
        self._seen["halts"] = conversions.halts(message)
        self._plan = (time_s, message.plan_id)

    @property
    def plan_id(self) -> str:
        """Which plan is in force, as far as it was told; empty: none."""
        return self._plan[1]

    def _count(self, counts: NeutronCounts) -> None:
        if self._phase is Phase.SCAN:
            self._neutrons = (self._neutrons[0] + counts.epithermal, self._neutrons[1] + counts.integration_s)

    def rest(self) -> None:
        """Cancel the drive under way; a drill at work goes on by its own limits."""
        self._activities.rest((Drive,))

    # ------------------------------------------------------------------------------------------------ tick

    def _tick(self) -> None:
        now_s = self.now_s()
        if self._executive is None:
            self._executive = self._make(self._resumed(now_s))
            if self.config.begin_at_start and not self._executive.progress.begun:
                self._executive.begin()
        lost = self._look_for_the_lost()
        decision = self._executive.tick(self._observe(now_s, lost))
        # Remembered before it is told or done: what others have seen must not be forgotten by a kill just then.
        self._remember(decision, now_s)
        self._activities.follow(decision.activity, now_s)
        self._announce(decision, now_s)

    def _observe(self, now_s: float, lost: frozenset[str]) -> Observations:
        seen = self._seen
        place_stamp_s, place = self._place() or (0.0, None)
        return Observations(
            now_s,
            place,
            place_stamp_s,
            bool(seen.get("lost", False)),
            seen.get("certificate"),
            seen.get("power"),
            seen.get("stowed"),
            *self._neutrons,
            halts=seen.get("halts", ()),
            lost_nodes=lost,
            results=self._activities.results,
        )

    def _announce(self, decision: Decision, now_s: float) -> None:
        if decision.phase is not self._phase:
            self.info(f"{decision.phase.name.lower()}: {decision.text}")
            self._phase, self._phase_start_s = decision.phase, now_s
            if decision.phase is Phase.SCAN:
                self._neutrons = (0, 0.0)
        progress = len(decision.progress.done) / (4.0 + 3.0 * len(self._executive_targets()))
        self._status.publish(conversions.mission_status(decision, self._phase_start_s, min(1.0, progress), now_s))
        held = decision.standing_still_for
        self.set_health("; ".join(held))
        if decision.turning_back:
            self.raise_fault("turned_back", Fault.ERROR, f"returning to the sun: {decision.progress.turning_back}")
        certificate = self._seen.get("certificate")
        # Before there is a plan nothing is to be proven: the rover stands where it landed.
        if certificate is not None and decision.progress.done:
            self._judge_certificate(certificate)
        if decision.outcome and self._goal is not None:
            goal, self._goal = self._goal, None
            unfinished = Outcome.CANCELED if goal.cancel_asked() else Outcome.ABORTED
            ended = Outcome.SUCCEEDED if decision.outcome == "success" else unfinished
            goal.end(ended, ExecuteMission.Result(outcome=decision.outcome, text=decision.text))

    def _executive_targets(self) -> tuple[Place, ...]:
        return self._executive.targets if self._executive is not None else ()

    def _judge_certificate(self, certificate: conversions.Certificate) -> None:
        if not certificate.valid:
            self.raise_fault("certificate_invalid", Fault.ERROR, f"the way back is not proven: {certificate.reason}")
        else:
            self.clear_fault("certificate_invalid", "the way back is proven again")
        if certificate.valid and certificate.margin_wh < 0.0:
            text = f"the way back needs {-certificate.margin_wh:.0f} Wh more than there is"
            self.raise_fault("certificate_negative", Fault.CRITICAL, text)
        elif certificate.valid:
            self.clear_fault("certificate_negative", "the way back is proven again")

    # ------------------------------------------------------------------------------------------------ heartbeats

    def _heartbeat(self, message: DiagnosticArray) -> None:
        ahead_s = seconds(message.header.stamp) - self.now_s()
        for status in message.status:
            name = node_of(status.name)
            if name is None:
                continue
            life = next((pair.value for pair in status.values if pair.key == "started"), "")
            self._watch, restarted = self._watch.beat(name, life, ahead_s)
            if name in self.config.watched_nodes:
                self.hand_on(name, seconds(message.header.stamp))
            if restarted:
                self._bury(name, seconds(message.header.stamp))
            if restarted and name in (*self.config.watched_nodes, *self.config.watched_beside):
                self._lost(name, f"{name} died and was started again")

    def _look_for_the_lost(self) -> frozenset[str]:
        now_s = self.now_s()
        if self._started_s is None:
            self._started_s = now_s
        self._watch = self._watch.looked(now_s)
        lost = self._watch.lost(self.config.watched_nodes)
        # Just after the start nobody has spoken yet: not there, but nothing to cry about.
        waited = now_s - self._started_s > 10.0 * self.config.heartbeat_timeout_s
        begun = self._executive is not None and self._executive.progress.begun
        # without a sortie a person may be driving, and this node holds nobody
        what = "the rover stands still" if begun else "no sortie goes on"
        for name in lost if waited else lost & set(self._watch.silent_s):
            self._lost(name, f"{name} is silent; {what} until it is back")
        beside = self._lost_beside()
        for name in {*self.config.watched_nodes, *self.config.watched_beside} - lost - beside:
            self.clear_fault(f"node_lost_{name}", f"{name} is back")
        return lost

    def _lost_beside(self) -> set[str]:
        """Tell of those that hold nobody and have fallen silent, and return them."""
        config, silent_s = self.config, self._watch.silent_s
        silent = {name for name in config.watched_beside if silent_s.get(name, 0.0) > config.beside_timeout_s}
        for name in silent:
            self._lost(name, f"{name} is silent; the sortie goes on without it")
        return silent

    def _hear_fault(self, fault: Fault) -> None:
        told = Raised(seconds(fault.header.stamp), fault.severity, fault.text) if fault.active else None
        self._standing = self._standing.heard((fault.source, fault.code), told)

    def _bury(self, name: str, born_s: float) -> None:
        """Clear what a node raised in the life before: its successor raises what still holds."""
        for (source, code), raised in self._standing.orphans(name, born_s).items():
            text = f"{source} was started again, and has not raised it anew: {raised.text}"
            self.publish_fault(source, code, raised.severity, text, active=False)

    def _lost(self, name: str, text: str) -> None:
        severity = Fault.WARNING if name in self.config.watched_beside else Fault.ERROR
        self.raise_fault(f"node_lost_{name}", severity, text)
        self._activities.server_lost(SERVER_OF.get(name, ()))

    # ------------------------------------------------------------------------------------------------ memory

    def _resumed(self, now_s: float) -> Progress | None:
        saved = self.saved_state(self.config.resume_age_s)
        if saved is None:
            return None
        with contextlib.suppress(ValueError):
            progress = Progress.from_json(saved[1])
            self.adopt_faults(saved[1].get("faults", {}))
            if progress.begun and not progress.outcome:
                text = f"mission resumed after {now_s - saved[0]:.0f} s; {len(progress.done)} steps were done"
                self.raise_fault("mission_restarted", Fault.WARNING, text)
                self.clear_fault("mission_restarted", "mission goes on")
                return progress
        return None

    def _remember(self, decision: Decision, now_s: float) -> None:
        changed = (decision.progress, self.active_faults) != self._saved
        if changed or now_s - self._saved_s > self.config.resume_age_s / 10.0:
            faults = self.active_faults
            self.save_state({**decision.progress.to_json(), "faults": self.told_faults()}, now_s)
            self._saved, self._saved_s = (decision.progress, faults), now_s

    # ------------------------------------------------------------------------------------------------ /mission/execute

    def _accept(self, goal: ExecuteMission.Goal) -> bool:
        """Judge a goal; raises InvalidMessage with the reason to refuse it."""
        for target in goal.targets:
            conversions.place_of(target)
        own_m = self.config.drill_depth_m
        if goal.drill_depth_m != 0.0 and not abs(goal.drill_depth_m - own_m) < 1e-6:
            raise InvalidMessage(
                f"drill_depth_m is {goal.drill_depth_m:g}, and this mission drills {own_m:g} m: set its parameter"
            )
        if self._executive is None:
            raise InvalidMessage("no clock has been heard yet")
        if self._executive.progress.begun and not self._executive.progress.outcome:
            raise InvalidMessage("a mission is under way: cancel it, and it turns back")
        if not (goal.targets or self._executive.targets):
            raise InvalidMessage("there is no target: name one, or have the site name some")
        return True

    def _cancelled(self) -> None:
        if self._executive is not None:
            self._executive.turn_back("cancelled by the operator")

    def _begin(self, goal: Goal) -> None:
        self._activities.forget()
        self._executive.begin(tuple(conversions.place_of(target) for target in goal.request.targets))
        self._goal = goal


class _ActionServerOf:
    """One action server as the activities see it."""

    def __init__(self, node: MissionNode, kind: type, name: str) -> None:
        self._node = node
        self._client = node.action_client(kind, name)

    def ready(self) -> bool:
        return self._client.ready()

    def goal(self, activity: Any) -> Any:
        raise NotImplementedError

    def start(self, activity: Any, on_end: Callable[[Result | None], None]) -> SentGoal:
        def use(outcome: Outcome | None, result: Any) -> None:
            gone = outcome in (None, Outcome.CANCELED)
            on_end(None if gone else conversions.action_result(result))

        return self._client.send(self.goal(activity), use)

    def cancel(self, handle: SentGoal) -> None:
        handle.cancel()


class _DriveServer(_ActionServerOf):
    def __init__(self, node: MissionNode) -> None:
        super().__init__(node, DriveTo, "plan/drive_to")

    def goal(self, activity: Drive) -> DriveTo.Goal:
        return conversions.drive_goal(activity, self._node.now_s(), self._node.plan_id)


class _SampleServer(_ActionServerOf):
    def __init__(self, node: MissionNode) -> None:
        super().__init__(node, AcquireSample, "drill/acquire_sample")

    def goal(self, activity: Sample) -> AcquireSample.Goal:
        return conversions.sample_goal(activity, self._node.config, self._node.plan_id)


class _ServiceOf:
    """A service as the activities see it; it cannot be cancelled, its answer is ignored then."""

    def __init__(self, node: MissionNode, kind: type, name: str) -> None:
        self._node = node
        self._client = node.client(kind, name)

    def ready(self) -> bool:
        return self._client.ready()

    def request(self, activity: Any) -> Any:
        raise NotImplementedError

    def result(self, answer: Any) -> Result:
        raise NotImplementedError

    def start(self, activity: Any, on_end: Callable[[Result | None], None]) -> None:
        self._client.call(
            self.request(activity), lambda answer: on_end(None if answer is None else self.result(answer))
        )

    def cancel(self, handle: None) -> None:
        return None


class _PlanServer(_ServiceOf):
    def __init__(self, node: MissionNode) -> None:
        super().__init__(node, PlanSortie, "plan/sortie_request")

    def request(self, activity: PlanRoute) -> PlanSortie.Request:
        return conversions.plan_request(activity, self._node.work, self._node.plan_id)

    def result(self, answer: PlanSortie.Response) -> Result:
        return conversions.plan_result(answer)


class _MapServer(_ServiceOf):
    def __init__(self, node: MissionNode) -> None:
        super().__init__(node, Trigger, "traversability/forget")

    def request(self, activity: LookAnew) -> Trigger.Request:
        return Trigger.Request()

    def result(self, answer: Trigger.Response) -> Result:
        return Result(answer.success, answer.message)


def main() -> None:
    """Run the mission node."""
    sys.exit(run(MissionNode))
