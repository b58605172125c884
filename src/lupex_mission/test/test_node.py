# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The mission node against servers of its own kind, all in one process."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from rclpy.action import ActionClient, ActionServer, CancelResponse  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402

import lupex_mission.node as mission_node  # noqa: E402
from lupex_interfaces.action import AcquireSample, DriveTo, ExecuteMission  # noqa: E402
from lupex_interfaces.msg import (  # noqa: E402
    DrillStatus,
    Fault,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
)
from lupex_interfaces.srv import PlanSortie  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.site import SiteError  # noqa: E402
from lupex_node import qos  # noqa: E402

NODES = ("localization", "traversability", "path_planning", "mobility", "drill_control", "power_management")


class Capabilities(Node):
    """Everything that the mission talks to; each goal ends as 'answers' says."""

    def __init__(self, context):
        super().__init__("capabilities", context=context)
        self.answers = {"plan": True, "drive": True, "drill": True}
        self.lives = dict.fromkeys(NODES, "1")
        self.margin_wh = 500.0
        self.valid = True
        self.goals = []
        self.status = []
        self.faults = []
        self.create_service(PlanSortie, "/plan/sortie_request", self._plan)
        self._servers = [
            ActionServer(self, DriveTo, "/plan/drive_to", self._drive, cancel_callback=self._cancel),
            ActionServer(self, AcquireSample, "/drill/acquire_sample", self._drill, cancel_callback=self._cancel),
        ]
        self._beat = self.create_publisher(DiagnosticArray, "/diagnostics", qos.STATE)
        self._odometry = self.create_publisher(Odometry, "/odometry/global", qos.STATE)
        self._certificate = self.create_publisher(ReturnCertificate, "/plan/certificate", qos.STATE)
        self._power = self.create_publisher(PowerStatus, "/power/status", qos.STATE)
        self._stowed = self.create_publisher(DrillStatus, "/drill/status", qos.STATE)
        self.create_subscription(MissionStatus, "/mission/status", self.status.append, qos.STATE)
        self.create_subscription(Fault, "/faults", self.faults.append, qos.EVENTS)
        self.create_timer(0.05, self._say)

    def _cancel(self, _):
        return CancelResponse.ACCEPT

    def _plan(self, request, response):
        self.goals.append(("plan", len(request.targets)))
        response.feasible = self.answers["plan"]
        response.explanation = "" if response.feasible else "target 1 is too far"
        return response

    def _drive(self, handle):
        position = handle.request.goal.pose.position
        self.goals.append(("drive", (position.x, position.y)))
        return self._end(handle, "drive", DriveTo.Result())

    def _drill(self, handle):
        self.goals.append(("drill", round(handle.request.depth_m, 3)))
        return self._end(handle, "drill", AcquireSample.Result(depth_m=0.5))

    def _end(self, handle, kind, result):
        result.success = self.answers[kind]
        result.reason = "" if result.success else f"no {kind}"
        handle.succeed() if result.success else handle.abort()
        return result

    def _say(self):
        now = self.get_clock().now().to_msg()
        beat = DiagnosticArray()
        for name, life in self.lives.items():
            values = [KeyValue(key="started", value=life)]
            beat.status.append(DiagnosticStatus(name=name, hardware_id=name, values=values))
        self._beat.publish(beat)
        odometry = Odometry()
        odometry.header.stamp, odometry.header.frame_id = now, "map"
        self._odometry.publish(odometry)
        certificate = ReturnCertificate(valid=self.valid, margin_wh=self.margin_wh, haven_x_m=3.0, haven_y_m=4.0)
        certificate.reason = "" if self.valid else "the pose is unknown"
        certificate.header.stamp = now
        self._certificate.publish(certificate)
        power = PowerStatus(work_allowed=True, soc=0.8, array_power_w=300.0, load_power_w=60.0)
        power.header.stamp = now
        self._power.publish(power)
        self._stowed.publish(DrillStatus(state=DrillStatus.STOWED))


@pytest.fixture
def bench(monkeypatch):
    site = SimpleNamespace(
        targets=[SimpleNamespace(x_m=100.0, y_m=0.0)],
        havens=[SimpleNamespace(x_m=0.0, y_m=0.0)],
        lander=SimpleNamespace(x_m=0.0, y_m=0.0),
    )
    monkeypatch.setattr(mission_node, "open_site", lambda directory: site)
    monkeypatch.setattr(mission_node, "TICK_S", 0.02)
    context = Context()
    rclpy.init(context=context)
    executor = SingleThreadedExecutor(context=context)
    capabilities = Capabilities(context)
    executor.add_node(capabilities)
    made = []

    def start(*arguments):
        node = mission_node.MissionNode(
            context=context,
            cli_args=["--ros-args", "-p", "site:=/site", *(part for a in arguments for part in ("-p", a))],
        )
        executor.add_node(node)
        made.append(node)
        return node

    def until(condition, limit=2000):
        for _ in range(limit):
            if condition():
                return
            executor.spin_once(timeout_sec=0.05)
        raise AssertionError(f"never so: {capabilities.goals} {capabilities.status[-1:]}")

    def kill(node):
        executor.remove_node(node)
        made.remove(node)
        node.destroy_node()

    yield SimpleNamespace(start=start, until=until, kill=kill, world=capabilities, executor=executor, context=context)
    for node in [*made, capabilities]:
        executor.remove_node(node)
        node.destroy_node()
    executor.shutdown()
    rclpy.shutdown(context=context)


QUICK = ("scan_s:=0.1", "recharge_min_s:=0.1", "confirm_s:=0.1", "retry_pause_s:=0.05")


def test_a_sortie_by_itself(bench):
    bench.start("begin_at_start:=true", *QUICK)
    bench.until(lambda: bench.world.status and bench.world.status[-1].outcome)
    assert bench.world.status[-1].outcome == "success"
    assert bench.world.goals == [("plan", 1), ("drive", (100.0, 0.0)), ("drill", 0.5), ("drive", (0.0, 0.0))]


def test_a_sortie_on_request_with_its_own_targets(bench):
    bench.start(*QUICK)
    client = ActionClient(bench.world, ExecuteMission, "/mission/execute")
    bench.until(lambda: client.server_is_ready() and bench.world.status)
    goal = ExecuteMission.Goal()
    goal.targets = [mission_node.conversions.point(mission_node.Place(7.0, 8.0))]
    results = []
    client.send_goal_async(goal).add_done_callback(
        lambda future: future.result().get_result_async().add_done_callback(lambda f: results.append(f.result()))
    )
    bench.until(lambda: results)
    assert results[0].result.outcome == "success"
    assert ("drive", (7.0, 8.0)) in bench.world.goals


def test_a_second_request_and_a_senseless_target_are_refused(bench):
    bench.start("begin_at_start:=true", "scan_s:=1000.0")
    client = ActionClient(bench.world, ExecuteMission, "/mission/execute")
    bench.until(lambda: client.server_is_ready() and bench.world.goals)
    answers = []
    nan = ExecuteMission.Goal(targets=[mission_node.conversions.point(mission_node.Place(float("nan"), 0.0))])
    for goal in (ExecuteMission.Goal(), nan):
        client.send_goal_async(goal).add_done_callback(lambda future: answers.append(future.result().accepted))
    bench.until(lambda: len(answers) == 2)
    assert answers == [False, False]


def test_a_failing_certificate_is_a_fault_and_turns_it_back(bench):
    bench.start("begin_at_start:=true", "scan_s:=1000.0", *QUICK[1:])
    bench.until(lambda: bench.world.status and bench.world.status[-1].phase == MissionStatus.SCAN)
    bench.world.margin_wh = -3.0
    bench.until(lambda: bench.world.status[-1].outcome)
    assert bench.world.status[-1].outcome == "turned_back"
    codes = {fault.code for fault in bench.world.faults if fault.active}
    assert {"certificate_negative", "turned_back"} <= codes


def test_an_invalid_certificate_is_a_fault_that_clears(bench):
    bench.start("begin_at_start:=true", "scan_s:=1000.0", "confirm_s:=100.0")
    bench.until(lambda: bench.world.status and bench.world.status[-1].phase == MissionStatus.SCAN)
    bench.world.valid = False
    bench.until(lambda: any(f.code == "certificate_invalid" and f.active for f in bench.world.faults))
    bench.world.valid = True
    bench.until(lambda: any(f.code == "certificate_invalid" and not f.active for f in bench.world.faults))


def test_a_silent_node_holds_it_and_a_restarted_one_is_reported(bench):
    bench.start("begin_at_start:=true", "scan_s:=1000.0", "heartbeat_timeout_s:=0.5")
    bench.until(lambda: bench.world.status and bench.world.status[-1].phase == MissionStatus.SCAN)
    bench.world.lives.pop("mobility")
    bench.until(lambda: bench.world.status[-1].phase == MissionStatus.SAFE)
    assert "mobility" in bench.world.status[-1].text
    bench.world.lives["mobility"] = "1"
    bench.until(lambda: bench.world.status[-1].phase == MissionStatus.SCAN)
    edges = lambda: [fault.active for fault in bench.world.faults if fault.code == "node_lost_mobility"]  # noqa: E731
    bench.until(lambda: edges() == [True, False])
    bench.world.lives["localization"] = "2"
    bench.until(lambda: any(fault.code == "node_lost_localization" for fault in bench.world.faults))


def test_killed_it_goes_on_where_it_was(bench, tmp_path):
    state = f"state_dir:={tmp_path}"
    first = bench.start("begin_at_start:=true", "scan_s:=1000.0", state)
    bench.until(lambda: bench.world.status and bench.world.status[-1].phase == MissionStatus.SCAN)
    bench.kill(first)
    bench.world.status.clear()
    bench.world.goals.clear()
    bench.start("begin_at_start:=true", state, *QUICK)
    bench.until(lambda: bench.world.status and bench.world.status[-1].outcome)
    assert bench.world.status[-1].outcome == "success"
    assert bench.world.goals[0] == ("drill", 0.5), "neither planned nor driven again"
    assert any(fault.code == "mission_restarted" for fault in bench.world.faults)


def test_a_damaged_checkpoint_begins_afresh(bench, tmp_path):
    (tmp_path / "mission.json").write_text('{"stamp_s": 1.0, "state": {"begun": true}}')
    bench.start("begin_at_start:=true", f"state_dir:={tmp_path}", *QUICK)
    bench.until(lambda: bench.world.goals)
    assert bench.world.goals[0] == ("plan", 1)


def test_a_site_that_cannot_be_opened_is_a_sentence(bench, monkeypatch):
    def refuse(directory):
        raise SiteError(f"{directory}: is no directory")

    monkeypatch.setattr(mission_node, "open_site", refuse)
    with pytest.raises(ConfigurationError, match="is no directory"):
        bench.start()
