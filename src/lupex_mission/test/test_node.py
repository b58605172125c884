# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The mission node against servers of its own kind, in lock step."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402

import lupex_mission.node as mission_node  # noqa: E402
from lupex_interfaces.action import AcquireSample, DriveTo, ExecuteMission  # noqa: E402
from lupex_interfaces.msg import (  # noqa: E402
    DrillStatus,
    Fault,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie  # noqa: E402
from lupex_mission.config import MissionConfig  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.site import SiteError  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.node import HEARTBEAT_PERIOD_S  # noqa: E402
from lupex_node.port import ActionRules, Outcome  # noqa: E402

NODES = ("localization", "traversability", "path_planning", "mobility", "drill_control", "power_management")


class Capabilities:
    """Everything that the mission talks to; each goal ends at once, as 'answers' says."""

    def __init__(self, conductor):
        self.conductor = conductor
        self.answers = {"plan": True, "drive": True, "drill": True}
        self.lives = dict.fromkeys(NODES, "1")
        self.margin_wh = 500.0
        self.valid = True
        self.sequence, self.plan_id = 0, ""
        self.requests = []
        self.drives, self.drills = [], []
        self.holding, self.held = False, []
        self.goals = []
        self.status = []
        self.faults = []
        self.port = port = conductor.visitor("capabilities")
        port.serve(PlanSortie, "/plan/sortie_request", self._plan)
        port.serve_action(DriveTo, "/plan/drive_to", ActionRules(lambda request: True, self._drive))
        port.serve_action(AcquireSample, "/drill/acquire_sample", ActionRules(lambda request: True, self._drill))
        self._beat = port.publisher(DiagnosticArray, "/diagnostics", qos.LATCHED)
        self._odometry = port.publisher(Odometry, "/odometry/global", qos.STATE)
        self._certificate = port.publisher(ReturnCertificate, "/plan/certificate", qos.STATE)
        self._power = port.publisher(PowerStatus, "/power/status", qos.STATE)
        self._stowed = port.publisher(DrillStatus, "/drill/status", qos.STATE)
        port.subscribe(MissionStatus, "/mission/status", self.status.append, qos.STATE)
        port.subscribe(Fault, "/faults", self.faults.append, qos.EVENTS)
        port.timer(HEARTBEAT_PERIOD_S, self._say)

    def _plan(self, request, answer):
        self.goals.append(("plan", len(request.targets)))
        self.requests.append(request)
        feasible = self.answers["plan"]
        answer(PlanSortie.Response(feasible=feasible, explanation="" if feasible else "target 1 is too far"))

    def _drive(self, goal):
        position = goal.request.goal.pose.position
        self.goals.append(("drive", (position.x, position.y)))
        self.drives.append(goal.request)
        if self.holding:
            self.held.append(goal)
            return
        self._end(goal, "drive", DriveTo.Result())

    def _drill(self, goal):
        self.goals.append(("drill", round(goal.request.depth_m, 3)))
        self.drills.append(goal.request)
        self._end(goal, "drill", AcquireSample.Result(depth_m=0.5))

    def _end(self, goal, kind, result):
        result.success = self.answers[kind]
        result.reason = "" if result.success else f"no {kind}"
        goal.end(Outcome.SUCCEEDED if result.success else Outcome.ABORTED, result)

    def _say(self):
        now = stamp(self.conductor.now_s)
        beat = DiagnosticArray()
        for name, life in self.lives.items():
            values = [KeyValue(key="started", value=life)]
            beat.status.append(DiagnosticStatus(name=f"lupex/{name}: health", values=values))
        beat.header.stamp = now
        self._beat.publish(beat)
        odometry = Odometry()
        odometry.header.stamp, odometry.header.frame_id = now, "map"
        self._odometry.publish(odometry)
        self.sequence += 1
        numbers = {"energy_wh": 1000.0, "required_wh": 1000.0 - self.margin_wh, "margin_wh": self.margin_wh}
        numbers |= {"sequence": self.sequence, "plan_id": self.plan_id, "haven_x_m": 3.0, "haven_y_m": 4.0}
        certificate = ReturnCertificate(valid=self.valid, **numbers)
        certificate.reason = "" if self.valid else "the pose is unknown"
        certificate.header.stamp, certificate.header.frame_id = now, "map"
        self._certificate.publish(certificate)
        power = PowerStatus(work_allowed=True, soc=0.8, array_power_w=300.0, load_power_w=60.0)
        power.header.stamp = now
        self._power.publish(power)
        self._stowed.publish(DrillStatus(state=DrillStatus.STOWED))


@pytest.fixture
def bench(monkeypatch):
    site = SimpleNamespace(
        scan_min_s=0.0,
        targets=[SimpleNamespace(x_m=100.0, y_m=0.0)],
        havens=[SimpleNamespace(x_m=0.0, y_m=0.0)],
        lander=SimpleNamespace(x_m=0.0, y_m=0.0),
    )
    monkeypatch.setattr(mission_node, "open_site", lambda directory: site)
    conductor = Conductor(now_s=1000.0)
    capabilities = Capabilities(conductor)

    def start(**parameters):
        return conductor.add(mission_node.MissionNode, {"site": "/site", "rover": str(ROVER), **parameters})

    def until(condition, limit_s=3600.0):
        assert conductor.until(condition, limit_s), f"never so: {capabilities.goals} {capabilities.status[-1:]}"

    def in_phase(phase, limit_s=3600.0):
        until(lambda: capabilities.status and capabilities.status[-1].phase == phase, limit_s)

    def over():
        until(lambda: capabilities.status and capabilities.status[-1].outcome)
        return capabilities.status[-1].outcome

    yield SimpleNamespace(
        start=start, until=until, in_phase=in_phase, over=over, world=capabilities, conductor=conductor
    )
    conductor.close()


ROVER = Path(__file__).parents[3] / "config" / "rover.yaml"
QUICK = {"scan_s": 0.1, "recharge_min_s": 0.1, "confirm_s": 0.1, "retry_pause_s": 0.05}


def execute(bench, *goals):
    """Send goals of a mission; return what each has ended with, once that is known."""
    client = bench.conductor.visitor("operator").action_client(ExecuteMission, "/mission/execute")
    assert client.ready()
    ended = []
    sent = [client.send(goal, lambda *end: ended.append(end)) for goal in goals]
    return sent, ended


def test_a_sortie_by_itself(bench):
    bench.start(begin_at_start=True, **QUICK)
    assert bench.over() == "success"
    assert bench.world.goals == [("plan", 1), ("drive", (100.0, 0.0)), ("drill", 0.5), ("drive", (0.0, 0.0))]


def test_a_sortie_on_request_with_its_own_targets(bench):
    bench.start(**QUICK)
    bench.until(lambda: bench.world.status)
    goal = ExecuteMission.Goal()
    goal.targets = [mission_node.conversions.point(mission_node.Place(7.0, 8.0))]
    _, ended = execute(bench, goal)
    bench.until(lambda: ended)
    [(outcome, result)] = ended
    assert outcome is Outcome.SUCCEEDED
    assert result.outcome == "success"
    assert ("drive", (7.0, 8.0)) in bench.world.goals


def test_a_sortie_that_is_cancelled_turns_back(bench):
    bench.start(**{**QUICK, "scan_s": 1000.0})
    bench.until(lambda: bench.world.status)
    [sent], ended = execute(bench, ExecuteMission.Goal())
    bench.in_phase(MissionStatus.SCAN)
    sent.cancel()
    bench.until(lambda: ended, limit_s=60.0)
    [(outcome, result)] = ended
    assert outcome is Outcome.CANCELED
    assert result.outcome == "turned_back"
    assert "cancelled by the operator" in result.text


def test_a_second_request_and_a_senseless_target_are_refused(bench):
    bench.start(begin_at_start=True, scan_s=1000.0)
    bench.until(lambda: bench.world.goals)
    nan = ExecuteMission.Goal(targets=[mission_node.conversions.point(mission_node.Place(float("nan"), 0.0))])
    node = bench.conductor.nodes["mission"]
    for goal, words in (
        (ExecuteMission.Goal(), "a mission is under way"),
        (nan, "target x is not finite"),
        (ExecuteMission.Goal(drill_depth_m=1.2), "this mission drills 0.5 m"),
    ):
        _, ended = execute(bench, goal)
        bench.until(lambda ended=ended: ended, limit_s=1.0)
        assert ended == [(None, None)]
        assert words in node._refusal["/mission/execute"]


def test_a_mission_that_is_deactivated_lets_the_rover_stand(bench):
    bench.world.holding = True
    node = bench.start(begin_at_start=True, **QUICK)
    bench.until(lambda: bench.world.held)
    node.deactivate()
    bench.until(lambda: bench.world.held[0].cancel_asked(), limit_s=1.0)


def test_it_asks_for_a_plan_that_replaces_the_one_it_knows(bench):
    plans = bench.conductor.visitor("capabilities").publisher(SortiePlan, "/plan/sortie", qos.LATCHED)
    plan = SortiePlan(plan_id="sortie-7")
    plan.header.frame_id = "map"
    plans.publish(plan)
    bench.start(**QUICK)
    bench.until(lambda: bench.world.status)
    execute(bench, ExecuteMission.Goal())
    bench.until(lambda: bench.world.requests)
    assert bench.world.requests[0].commit
    assert bench.world.requests[0].replaces == "sortie-7"
    bench.until(lambda: bench.world.drills)
    assert {goal.plan_id for goal in (*bench.world.drives, *bench.world.drills)} == {"sortie-7"}


def test_a_certificate_of_another_plan_or_out_of_its_turn_is_not_used(bench):
    node = bench.start(begin_at_start=True, scan_s=1000.0)
    bench.in_phase(MissionStatus.SCAN)
    bench.world.plan_id = "sortie-of-somebody"
    bench.until(lambda: "/plan/certificate" in node._refusal, limit_s=3.0)
    assert "goes with sortie-of-somebody, and the plan in force is not known" in node._refusal["/plan/certificate"]
    bench.world.plan_id, bench.world.sequence = "", 0
    bench.until(lambda: "is number 1, and" in node._refusal["/plan/certificate"], limit_s=3.0)


def test_a_margin_that_no_battery_holds_is_not_used(bench):
    node = bench.start(begin_at_start=True, scan_s=1000.0)
    bench.world.margin_wh = 99999.0
    bench.until(lambda: "/plan/certificate" in node._refusal, limit_s=10.0)
    assert "no way back gives energy" in node._refusal["/plan/certificate"]
    assert node._seen.get("certificate") is None


@pytest.mark.parametrize(
    ("kind", "topic", "why"),
    [
        (ReturnCertificate, "/plan/certificate", "certificate"),
        (PowerStatus, "/power/status", "power status"),
        (Odometry, "/odometry/global", "position"),
    ],
)
def test_while_another_could_tell_what_it_decides_by_it_stands_still(bench, kind, topic, why):
    bench.start(begin_at_start=True, scan_s=1000.0)
    bench.in_phase(MissionStatus.SCAN)
    intruder = bench.conductor.visitor("intruder")
    intruder.publisher(kind, topic, qos.STATE)
    bench.in_phase(MissionStatus.SAFE, limit_s=3.0)
    assert why in bench.world.status[-1].text
    fault = next(f for f in bench.world.faults if f.code.startswith("contested"))
    assert "capabilities and intruder" in fault.text
    intruder.die()
    bench.in_phase(MissionStatus.SCAN, limit_s=20.0)


def test_a_failing_certificate_is_a_fault_and_turns_it_back(bench):
    bench.start(begin_at_start=True, **{**QUICK, "scan_s": 1000.0})
    bench.in_phase(MissionStatus.SCAN)
    bench.world.margin_wh = -3.0
    assert bench.over() == "turned_back"
    codes = {fault.code for fault in bench.world.faults if fault.active}
    assert {"certificate_negative", "turned_back"} <= codes


def test_an_invalid_certificate_is_a_fault_that_clears(bench):
    bench.start(begin_at_start=True, scan_s=1000.0, confirm_s=100.0)
    bench.in_phase(MissionStatus.SCAN)
    bench.world.valid = False
    bench.until(lambda: any(f.code == "certificate_invalid" and f.active for f in bench.world.faults), limit_s=5.0)
    bench.world.valid = True
    bench.until(lambda: any(f.code == "certificate_invalid" and not f.active for f in bench.world.faults), limit_s=5.0)


def test_a_silent_node_holds_it_and_a_restarted_one_is_reported(bench):
    bench.start(begin_at_start=True, scan_s=1000.0)
    bench.in_phase(MissionStatus.SCAN)
    bench.world.lives.pop("mobility")
    last_s = bench.conductor.now_s // HEARTBEAT_PERIOD_S * HEARTBEAT_PERIOD_S
    timeout_s = MissionConfig(site="").heartbeat_timeout_s
    bench.in_phase(MissionStatus.SAFE, limit_s=60.0)
    assert seconds(bench.world.status[-1].header.stamp) == pytest.approx(last_s + timeout_s + mission_node.TICK_S)
    assert "mobility" in bench.world.status[-1].text
    (fault,) = (fault for fault in bench.world.faults if fault.code == "node_lost_mobility")
    assert "the rover stands still" in fault.text
    bench.world.lives["mobility"] = "1"
    bench.in_phase(MissionStatus.SCAN, limit_s=3.0)
    edges = lambda: [fault.active for fault in bench.world.faults if fault.code == "node_lost_mobility"]  # noqa: E731
    bench.until(lambda: edges() == [True, False], limit_s=1.0)
    bench.world.lives["localization"] = "2"
    bench.until(lambda: any(fault.code == "node_lost_localization" for fault in bench.world.faults), limit_s=3.0)


def tell_fault(bench, code, active=True):
    fault = Fault(source="mobility", code=code, severity=Fault.ERROR, active=active, text="stopped")
    fault.header.stamp = stamp(bench.conductor.now_s)
    bench.world.port.publisher(Fault, "/faults", qos.EVENTS).publish(fault)


def test_faults_of_a_dead_node_are_cleared_when_it_is_back_but_for_those_of_its_new_life(bench):
    bench.start(begin_at_start=True, scan_s=1000.0)
    bench.in_phase(MissionStatus.SCAN)
    tell_fault(bench, "off_path")
    tell_fault(bench, "over")
    tell_fault(bench, "over", active=False)
    bench.conductor.run_until(bench.conductor.now_s + 2.5)
    bench.world.faults.clear()
    bench.world.lives["mobility"] = "2"
    bench.conductor.run_until(bench.conductor.now_s // 1.0 + 1.0)
    # raised by the successor, at the time of its first heartbeat
    tell_fault(bench, "drill_not_stowed")
    bench.until(lambda: any(not f.active and f.source == "mobility" for f in bench.world.faults), limit_s=3.0)
    bench.conductor.run_until(bench.conductor.now_s + 3.0)
    cleared = [f.code for f in bench.world.faults if f.source == "mobility" and not f.active]
    assert cleared == ["off_path"]


def test_its_own_faults_are_taken_over_by_its_next_life(bench):
    bench.start(begin_at_start=True, scan_s=1000.0, state_dir="/state")
    bench.in_phase(MissionStatus.SCAN)
    bench.world.valid = False
    raised = lambda: [f.active for f in bench.world.faults if f.code == "certificate_invalid"]  # noqa: E731
    bench.until(raised, limit_s=5.0)
    bench.conductor.run_until(bench.conductor.now_s + 1.5)
    bench.conductor.kill("mission")
    bench.world.valid = True
    bench.start(begin_at_start=True, state_dir="/state", scan_s=1000.0)
    bench.until(lambda: raised() == [True, False], limit_s=5.0)


def test_the_loss_of_the_recorder_is_told_and_holds_nobody(bench):
    bench.start(begin_at_start=True, scan_s=5000.0)
    bench.in_phase(MissionStatus.SCAN)
    lost = lambda: [f.active for f in bench.world.faults if f.code == "node_lost_recorder"]  # noqa: E731
    bench.conductor.run_until(bench.conductor.now_s + 700.0)
    assert lost() == [], "where nothing is recorded nothing is lost"
    bench.world.lives["recorder"] = "1"
    bench.conductor.run_until(bench.conductor.now_s + 2.0)
    bench.world.lives["recorder"] = "2"
    bench.until(lambda: lost() == [True, False], limit_s=3.0)
    del bench.world.lives["recorder"]
    bench.until(lambda: lost() == [True, False, True], limit_s=MissionConfig(site="").beside_timeout_s + 3.0)
    assert bench.world.status[-1].phase == MissionStatus.SCAN


def test_without_a_sortie_it_does_not_say_that_the_rover_stands(bench):
    bench.start()
    bench.until(lambda: bench.world.status)
    bench.world.lives.pop("mobility")
    bench.until(lambda: any(fault.code == "node_lost_mobility" for fault in bench.world.faults), limit_s=60.0)
    (fault,) = (fault for fault in bench.world.faults if fault.code == "node_lost_mobility")
    assert fault.text == "mobility is silent; no sortie goes on until it is back"


def test_killed_it_goes_on_where_it_was(bench):
    bench.start(begin_at_start=True, scan_s=1000.0, state_dir="/state")
    bench.in_phase(MissionStatus.SCAN)
    bench.conductor.kill("mission")
    bench.world.status.clear()
    bench.world.goals.clear()
    bench.start(begin_at_start=True, state_dir="/state", **QUICK)
    assert bench.over() == "success"
    assert bench.world.goals[0] == ("drill", 0.5), "neither planned nor driven again"
    assert any(fault.code == "mission_restarted" for fault in bench.world.faults)


def test_a_damaged_checkpoint_begins_afresh(bench):
    bench.conductor.store("/state", "mission").save(bench.conductor.now_s, {"begun": True})
    bench.start(begin_at_start=True, state_dir="/state", **QUICK)
    bench.until(lambda: bench.world.goals)
    assert bench.world.goals[0] == ("plan", 1)
    assert not any(fault.code == "mission_restarted" for fault in bench.world.faults)


def test_a_site_that_cannot_be_opened_is_a_sentence(bench, monkeypatch):
    def refuse(directory):
        raise SiteError(f"{directory}: is no directory")

    monkeypatch.setattr(mission_node, "open_site", refuse)
    with pytest.raises(ConfigurationError, match="is no directory"):
        bench.start()
