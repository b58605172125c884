# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator in lock step on a small world: topics, rates, a part left to somebody else, whom it waits for."""

import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world  # noqa: E402

pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from world_listener import TOPICS, WorldListener  # noqa: E402

from lupex_interfaces.msg import DrillStatus  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.life import Life  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.unchanged import UnchangedMessages  # noqa: E402
from lupex_node.port import Severity  # noqa: E402
from lupex_simulator import node as simulator_node  # noqa: E402
from lupex_simulator.conversions import JOINT_NAMES  # noqa: E402
from lupex_simulator.followers import HOST  # noqa: E402
from lupex_simulator.node import SimulatorNode  # noqa: E402

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


class Run:
    """A world under a conductor, and who listens to it."""

    def __init__(self, world):
        self.conductor = Conductor()
        self.lines = []
        self.conductor.on_log = lambda name, severity, text: self.lines.append((severity, text))
        self.port = self.conductor.visitor()
        self.listener = WorldListener(self.port)
        self._world = world

    def add(self, **parameters):
        given = {name.replace("__", "."): value for name, value in parameters.items()}
        return self.conductor.add(SimulatorNode, {"world": str(self._world), "rover": str(ROVER)} | given)

    def go_on(self, by_s):
        """Run for a time that is a multiple of the clock's step; return its begin."""
        begin_s = self.conductor.now_s
        assert self.conductor.run_until(begin_s + by_s)
        return begin_s


@pytest.fixture
def run(world):
    made = Run(world)
    yield made
    made.conductor.close()


def told(run, topic, begin_s, after_s, seconds):
    """How many messages a second are stamped in so many seconds, a while after a time."""
    first_s = begin_s + after_s
    return len(run.listener.between(topic, first_s, first_s + seconds)) / seconds


def test_topics_and_their_rates_parked_and_driving(run):
    watch = UnchangedMessages()
    run.conductor.watchers.append(watch)
    run.add()
    assert run.conductor.now_s == 1000.0
    run.go_on(3.01)
    parked_s = run.go_on(40.0)
    for topic in ("/imu/data", "/clock", "/mobility/joint_states", "/power/bus"):
        assert told(run, topic, parked_s, 0.0, 40) == 0.25, topic

    run.listener.speed = 1.0
    driven_s = run.go_on(25.0)
    for topic, expected in {
        "/clock": 12.5,
        "/imu/data": 25.0,
        "/mobility/joint_states": 20.0,
        "/star_tracker/attitude": 1.0,
        "/sun_sensor/direction": 1.0,
        "/power/bus": 1.0,
        "/drill/rig": 1.0,
        "/truth/odometry": 5.0,
        "/truth/state": 1.0,
    }.items():
        assert told(run, topic, driven_s, 3.0, 20) == expected, topic
    listener = run.listener
    assert set(listener.last) == {*TOPICS, "/tf_static"}
    grid = np.array(listener.stamps["/imu/data"]) / 0.04
    assert np.abs(grid - np.rint(grid)).max() < 1e-6
    assert {t.child_frame_id for t in listener.last["/tf_static"].transforms} == {"lidar", "star_tracker", "drill"}
    truth = listener.last["/truth/state"]
    assert truth.distance_m > 1.5
    assert math.isnan(truth.speed_up), "lock step knows no wall"
    cloud = listener.last["/lidar/points"]
    assert cloud.point_step == 16
    assert len(cloud.data) == 16 * cloud.width > 0
    watch.compare_all()


def test_the_lidar_scans_after_motion_and_now_and_then_at_rest(run):
    run.add()
    begin_s = run.go_on(70.0)
    at_rest = [time_s for time_s in run.listener.stamps["/lidar/points"] if time_s >= begin_s]
    assert np.diff(at_rest) == pytest.approx([20.0, 20.0])
    run.listener.speed = 1.0
    driven_s = run.go_on(30.0) + 5.0
    simulation = run.conductor.nodes["simulator"]._sim
    scans = [time_s for time_s in run.listener.stamps["/lidar/points"] if time_s >= driven_s]
    pace_mps = simulation.vehicle.distance_m / 30.0
    # at the first full second after 0.2 m: the lidar turns once a second
    assert np.diff(scans) == pytest.approx(math.ceil(0.2 / pace_mps - 0.05), abs=1.0)
    assert 5 <= len(scans) <= 13


def test_data_of_a_time_is_there_before_the_clock_says_it(run):
    run.add()
    heard = []
    for topic in ("/clock", "/imu/data", "/truth/state"):
        run.port.subscribe(TOPICS[topic], topic, lambda message, topic=topic: heard.append(topic), qos.SAMPLES)
    run.go_on(8.01)
    assert heard == ["/imu/data", "/truth/state", "/clock"] * 2


def test_silent_commander_stops_the_rover(run):
    run.add()
    run.listener.speed = 1.0
    run.go_on(10.0)
    states = run.listener.last["/mobility/joint_states"]
    assert min(states.velocity[4:]) > 0.0
    run.listener.speed = None
    run.go_on(6.0)
    assert list(run.listener.last["/mobility/joint_states"].velocity) == [0.0] * 8


def test_while_another_could_command_the_tracks_they_stand(run):
    run.add()
    run.listener.speed = 1.0
    run.go_on(10.0)
    assert min(run.listener.last["/mobility/joint_states"].velocity[4:]) > 0.0
    intruder = run.conductor.visitor("intruder")
    backwards = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [-3.0] * 4)
    told = intruder.publisher(JointState, "/mobility/joint_commands", qos.STATE)
    for _ in range(30):
        backwards.header.stamp = stamp(run.conductor.now_s)
        told.publish(backwards)
        run.go_on(0.1)
        assert min(run.listener.last["/mobility/joint_states"].velocity[4:]) >= 0.0
    assert list(run.listener.last["/mobility/joint_states"].velocity) == [0.0] * 8
    errors = [text for severity, text in run.lines if severity is Severity.ERROR]
    assert len(errors) == 1
    assert "intruder" in errors[0]
    assert run.listener.port.name in errors[0]
    intruder.die()
    run.go_on(5.0)
    assert min(run.listener.last["/mobility/joint_states"].velocity[4:]) > 0.0


def test_time_waits_for_who_commands_though_nobody_is_obeyed(run, monkeypatch):
    hurried = Hurried(run, monkeypatch)
    run.conductor.visitor("intruder").publisher(JointState, "/mobility/joint_commands", qos.STATE)
    run.go_on(0.01)

    def command():
        message = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 8)
        message.header.stamp = stamp(run.conductor.now_s)
        run.listener.joints.publish(message)
        run.go_on(0.01)

    command()
    assert hurried.wait_s() == 0.0
    run.go_on(5.0)
    assert hurried.wait_s() > 0.0
    command()
    # the wall's time that the parked world's own limit asks for
    assert hurried.wait_s(0.01) == 0.0
    assert "not used: /mobility/joint_commands is told by" in hurried.said(Severity.WARNING)[0]


def test_what_no_command_may_contain_is_refused_and_told_once(run):
    run.add()
    for _ in range(3):
        run.listener.joints.publish(JointState(name=["wheel"]))
    run.go_on(2.0)
    assert [text for severity, text in run.lines if severity is Severity.WARNING] == [
        f"/mobility/joint_commands: message not used: names must be {' '.join(JOINT_NAMES)} (1 so far)"
    ]


def test_a_resting_world_wakes_at_once_and_what_it_slept_through_is_not_driven(run):
    run.add()
    run.go_on(9.0)
    commands = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [1.0] * 4)
    commands.header.stamp = stamp(1009.0)
    run.listener.joints.publish(commands)
    run.go_on(0.2)
    samples = run.listener.between("/imu/data", 1000.0, 1010.0)
    assert samples == pytest.approx([1004.0, 1008.0, 1009.04, 1009.08, 1009.12, 1009.16])
    moved_m = run.conductor.nodes["simulator"]._sim.vehicle.distance_m
    # the tracks cannot have run for longer than since the command
    assert 0.0 < moved_m <= 0.2 * run.listener.last["/mobility/joint_states"].velocity[4] * 0.2


def test_drill_speaks_ten_times_a_second_while_it_is_out(run):
    run.add()
    listener = run.listener
    listener.feed = 0.01
    drilling = lambda: "/drill/rig" in listener.last and listener.last["/drill/rig"].depth_m > 0.0  # noqa: E731
    assert run.conductor.until(drilling, limit_s=60.0)
    begin_s = run.go_on(6.0)
    assert told(run, "/drill/rig", begin_s, 0.0, 5) == 10.0
    assert told(run, "/imu/data", begin_s, 0.0, 5) == 2.0


def test_a_part_left_out_is_left_to_somebody_else(run):
    run.add(parts="-inertial,-neutrons")
    others = {*TOPICS, "/tf_static"} - {"/imu/data", "/neutron/counts"}
    run.go_on(24.01)
    assert set(run.listener.last) == others
    assert not run.conductor.topics["/imu/data"].publishers


def test_somebody_else_can_be_the_vehicle(run):
    run.add(parts="-vehicle,-inertial")
    poses = run.port.publisher(Odometry, "/truth/odometry", qos.STATE)
    states = run.port.publisher(JointState, "/mobility/joint_states", qos.SAMPLES)

    def place():
        pose = Odometry()
        pose.header.stamp = stamp(run.conductor.now_s)
        pose.pose.pose.position.x, pose.pose.pose.position.y = 20.0, 15.0
        pose.pose.pose.orientation.w = 1.0
        poses.publish(pose)
        states.publish(JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[1.0] * 8, effort=[2.5] * 8))

    run.port.timer(0.2, place)
    run.go_on(8.0)
    truth, bus = run.listener.last["/truth/state"], run.listener.last["/power/bus"]
    assert (truth.x_m, truth.y_m) == (20.0, 15.0)
    assert bus.load_mobility_w > 15.0
    assert truth.sunlit_fraction == 0.0


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"parts": "wheels"}, "unknown part 'wheels'"),
        ({"wrld": "x"}, "unknown key 'wrld'"),
        ({"world": "/nowhere"}, "holds no world"),
        ({"rover": "/nowhere.yaml"}, "/nowhere.yaml"),
        ({"pace__hang_wall_s": 0.0}, "'pace.hang_wall_s' is 0.0"),
    ],
)
def test_bad_parameters_are_one_sentence(run, parameters, said):
    with pytest.raises(ConfigurationError, match=said) as refusal:
        run.add(**parameters)
    assert "\n" not in str(refusal.value)
    assert not run.conductor.nodes


# ----------------------------------------------------------------------------------------- as where others can be late


class Hurried:
    """A simulator that heeds others, asked by hand how long it must wait; the host's time is what a test says."""

    def __init__(self, run, monkeypatch, **parameters):
        self.wall_s = 0.0
        monkeypatch.setattr(simulator_node, "time", SimpleNamespace(monotonic=lambda: self.wall_s))
        self.run = run
        self.node = run.add(pace__hang_wall_s=2.0, pace__unfollowed_speed_up=1e5, **parameters)
        self.node.heed()
        self.beats = run.port.publisher(DiagnosticArray, "/diagnostics", qos.LATCHED)

    def beat(self, name, started="", level=DiagnosticStatus.OK):
        status = DiagnosticStatus(name=f"lupex/{name}: health", level=level)
        status.values = [KeyValue(key="started", value=started)] if started else []
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp(self.run.conductor.now_s)
        self.beats.publish(message)
        self.run.go_on(0.004)

    def wait_s(self, after_wall_s=0.0):
        self.wall_s += after_wall_s
        return self.node.wait_wall_s(self.wall_s)

    def said(self, severity):
        return [text for kind, text in self.run.lines if kind is severity]


def test_time_begins_when_all_that_are_required_are_active_and_who_joins_hears_it_stand(run, monkeypatch):
    hurried = Hurried(run, monkeypatch, pace__required_nodes=["mission", "mobility"])
    run.go_on(0.01)
    run.listener.stamps.clear()
    assert hurried.wait_s() > 0.0
    hurried.beat("mission", level=DiagnosticStatus.STALE)
    hurried.beat("stranger")
    hurried.beat("mobility")
    assert hurried.wait_s(0.1) > 0.0
    assert hurried.wait_s(0.15) > 0.0
    assert hurried.wait_s(5.0) > 0.0
    run.go_on(0.01)
    # at once, and then no more often than five times a second
    assert run.listener.stamps["/clock"] == [1000.0] * 3
    hurried.beat("mission")
    assert hurried.wait_s(0.1) == 0.0
    first, second = hurried.said(Severity.INFO)
    assert first.startswith("time waits for mission, mobility to be active")
    assert second.startswith("time waits for mission to be active")


@pytest.mark.parametrize(
    ("text", "why"), [("soon", "'soon', not a number"), ("nan", "not finite"), ("inf", "not finite")]
)
def test_a_stamp_that_is_none_is_refused_and_time_still_waits(run, monkeypatch, text, why):
    hurried = Hurried(run, monkeypatch, pace__required_nodes=["mission", "mobility"])
    hurried.beat("mobility")
    status = DiagnosticStatus(name="lupex/mission: health", values=[KeyValue(key="heard mobility", value=text)])
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp(run.conductor.now_s)
    hurried.beats.publish(message)
    run.go_on(0.004)
    assert hurried.wait_s() > 0.0
    (said,) = hurried.said(Severity.WARNING)
    assert "/diagnostics" in said
    assert why in said


def test_time_waits_for_a_process_that_lives_and_not_for_a_dead_one(run, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        hurried = Hurried(run, monkeypatch, pace__required_nodes=["mobility"])
        hurried.beat("mobility", str(Life(HOST, process.pid, 1)))
        assert hurried.wait_s() == 0.0
        run.go_on(5.0)
        assert hurried.wait_s() > 0.0
        process.kill()
        process.wait()
        assert hurried.wait_s(0.2) == 0.0
        assert hurried.said(Severity.WARNING) == [
            "mobility is dead or hangs: time goes on without it, no faster than the wall's"
        ]
        # the next life may be on another host, where nobody can look at it
        hurried.beat("mobility", str(Life("elsewhere", os.getpid(), 2)))
        assert hurried.wait_s(0.2) == 0.0
        assert hurried.said(Severity.INFO) == ["mobility is back"]
        run.go_on(5.0)
        for _ in range(8):
            assert hurried.wait_s(0.25) > 0.0
        assert hurried.wait_s(0.25) == 0.0
        assert len(hurried.said(Severity.WARNING)) == 2


@pytest.mark.parametrize(
    ("topic", "kind", "name"),
    [("/odometry/local", Odometry, "localization"), ("/mobility/joint_commands", JointState, "mobility")],
)
def test_time_waits_for_who_once_spoke(run, monkeypatch, topic, kind, name):
    hurried = Hurried(run, monkeypatch)
    message = kind()
    if kind is JointState:
        message = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 8)
    message.header.stamp = stamp(1000.0)
    run.port.publisher(kind, topic, qos.STATE).publish(message)
    run.go_on(0.01)
    assert hurried.wait_s() == 0.0
    run.go_on(5.0)
    assert hurried.wait_s() > 0.0
    for _ in range(12):
        hurried.wait_s(0.25)
    assert hurried.said(Severity.WARNING) == [
        f"{name} is dead or hangs: time goes on without it, no faster than the wall's"
    ]


def test_time_waits_for_the_drill_until_it_is_told_to_be_stowed(run, monkeypatch):
    hurried = Hurried(run, monkeypatch)
    statuses = run.port.publisher(DrillStatus, "/drill/status", qos.STATE)

    def tell(state):
        status = DrillStatus(state=state)
        status.header.stamp = stamp(run.conductor.now_s)
        statuses.publish(status)
        run.go_on(0.01)

    tell(DrillStatus.STOWED)
    run.go_on(5.0)
    assert hurried.wait_s() == 0.0
    other = next(v for k, v in vars(DrillStatus).items() if k.isupper() and isinstance(v, int) and k != "STOWED")
    tell(other)
    assert hurried.wait_s() == 0.0
    run.go_on(5.0)
    assert hurried.wait_s() > 0.0
    tell(DrillStatus.STOWED)
    assert hurried.wait_s(0.2) == 0.0
