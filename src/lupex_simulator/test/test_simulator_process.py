# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator as a process on a small world: topics, rates, refusals, a part left to somebody else."""

import collections
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world  # noqa: E402

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Vector3Stamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import Imu, JointState, PointCloud2  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

from lupex_interfaces.msg import (  # noqa: E402
    AttitudeFix,
    DrillRig,
    DrillRigCommand,
    NeutronCounts,
    PowerBus,
    PowerSwitches,
    WorldTruth,
)
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_simulator.conversions import JOINT_NAMES  # noqa: E402

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
TOPICS = {
    "/clock": Clock,
    "/imu/data": Imu,
    "/mobility/joint_states": JointState,
    "/lidar/points": PointCloud2,
    "/star_tracker/attitude": AttitudeFix,
    "/sun_sensor/direction": Vector3Stamped,
    "/power/bus": PowerBus,
    "/drill/rig": DrillRig,
    "/neutron/counts": NeutronCounts,
    "/truth/odometry": Odometry,
    "/truth/state": WorldTruth,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


@pytest.fixture
def environment(tmp_path):
    return os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}


def command(world, *parameters):
    given = [f"world:={world}", f"rover:={ROVER}", "pace.unfollowed_speed_up:=20.0", *parameters]
    return [sys.executable, "-m", "lupex_simulator.node", "--ros-args", *(x for p in given for x in ("-p", p))]


def refused(world, environment, *parameters):
    ended = subprocess.run(
        command(world, *parameters), env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    return ended.stderr


class Listener:
    """Counts what comes, and drives or drills on the simulated clock."""

    def __init__(self, node, executor):
        self.executor = executor
        self.stamps = collections.defaultdict(list)
        self.last = {}
        for topic, kind in TOPICS.items():
            node.create_subscription(kind, topic, lambda m, t=topic: self.take(t, m), qos.SAMPLES)
        node.create_subscription(TFMessage, "/tf_static", lambda m: self.take("/tf_static", m), qos.LATCHED)
        self.joints = node.create_publisher(JointState, "/mobility/joint_commands", qos.STATE)
        self.rig = node.create_publisher(DrillRigCommand, "/drill/rig_command", qos.STATE)
        self.switches = node.create_publisher(PowerSwitches, "/power/switches", qos.STATE)
        self.poses = node.create_publisher(Odometry, "/truth/odometry", qos.STATE)
        self.states = node.create_publisher(JointState, "/mobility/joint_states", qos.SAMPLES)
        self.sent_s = 0.0
        self.speed = self.feed = None

    def take(self, topic, message):
        self.last[topic] = message
        if topic != "/tf_static":
            self.stamps[topic].append(seconds(message.clock if topic == "/clock" else message.header.stamp))

    @property
    def now_s(self):
        return self.stamps["/clock"][-1] if self.stamps["/clock"] else 0.0

    def send(self):
        if self.now_s - self.sent_s < 0.099:
            return
        self.sent_s = self.now_s
        if self.speed is not None:
            message = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [self.speed] * 4)
            message.header.stamp = stamp(self.now_s)
            self.joints.publish(message)
        if self.feed is not None:
            switches = PowerSwitches(drill=True, heater=True, instruments=True)
            switches.header.stamp = stamp(self.now_s)
            self.switches.publish(switches)
            rig = DrillRigCommand(
                feed_rate_mps=self.feed, rotation_rate_rad_s=10.0, weight_on_bit_limit_n=100.0, torque_limit_nm=12.0
            )
            rig.header.stamp = stamp(self.now_s)
            self.rig.publish(rig)

    def until(self, done, wall_s=60.0):
        end = time.monotonic() + wall_s
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)
            self.send()
            if done():
                return True
        return False


@pytest.fixture
def listener():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield Listener(node, executor)
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def simulator(environment):
    running = []

    def start(world, *parameters):
        running.append(
            subprocess.Popen(command(world, *parameters), env=environment, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def rate(listener, topic, begin_s):
    stamps = [t for t in listener.stamps[topic] if t > begin_s]
    return (len(stamps) - 1) / (stamps[-1] - stamps[0])


def test_topics_rates_refusal_and_clean_end(world, environment, simulator, listener, ros_domain):
    process = simulator(world, "max_speed_up:=15.0")
    assert listener.until(lambda: listener.now_s > 1003.0)
    parked_s = listener.now_s
    assert listener.until(lambda: listener.now_s > parked_s + 10.0)
    assert rate(listener, "/imu/data", parked_s) == pytest.approx(2.0, rel=0.1)
    assert rate(listener, "/clock", parked_s) == pytest.approx(2.0, rel=0.1)

    listener.speed = 1.0
    driven_s = listener.now_s
    assert listener.until(lambda: listener.now_s > driven_s + 25.0)
    for topic, expected in {
        "/clock": 12.5,
        "/imu/data": 25.0,
        "/mobility/joint_states": 20.0,
        "/lidar/points": 1.0,
        "/star_tracker/attitude": 1.0,
        "/sun_sensor/direction": 1.0,
        "/power/bus": 1.0,
        "/drill/rig": 1.0,
        "/truth/odometry": 5.0,
        "/truth/state": 1.0,
    }.items():
        assert rate(listener, topic, driven_s + 3.0) == pytest.approx(expected, rel=0.1), topic
    assert set(listener.last) == {*TOPICS, "/tf_static"}
    frames = {t.child_frame_id for t in listener.last["/tf_static"].transforms}
    assert frames == {"lidar", "star_tracker", "drill"}
    truth = listener.last["/truth/state"]
    assert truth.distance_m > 1.5
    assert truth.speed_up > 1.0
    assert listener.last["/lidar/points"].point_step == 16
    assert len(listener.last["/lidar/points"].data) == 16 * listener.last["/lidar/points"].width

    assert f"already runs on ROS domain {ros_domain} " in refused(world, environment)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0


def test_silent_commander_stops_the_rover_after_a_bounded_wait(world, simulator, listener):
    process = simulator(world)
    listener.speed = 1.0
    assert listener.until(lambda: listener.now_s > 1010.0)
    listener.speed = None
    quiet_s = listener.now_s
    assert listener.until(lambda: listener.now_s > quiet_s + 6.0)
    assert list(listener.last["/mobility/joint_states"].velocity) == [0.0] * 8
    process.send_signal(signal.SIGINT)
    assert "/mobility/joint_commands is silent" in process.communicate(timeout=20)[1]


def test_drill_speaks_ten_times_a_second_while_it_is_out(world, simulator, listener):
    simulator(world, "max_speed_up:=15.0")
    listener.feed = 0.01
    assert listener.until(lambda: listener.last.get("/drill/rig") and listener.last["/drill/rig"].depth_m > 0.0)
    begun_s = listener.now_s
    assert listener.until(lambda: listener.now_s > begun_s + 5.0)
    assert rate(listener, "/drill/rig", begun_s) == pytest.approx(10.0, rel=0.1)
    assert rate(listener, "/imu/data", begun_s) == pytest.approx(2.0, rel=0.2)


def test_a_part_left_out_is_left_to_somebody_else(world, simulator, listener):
    simulator(world, "parts:=-inertial,-neutrons")
    others = {*TOPICS, "/tf_static"} - {"/imu/data", "/neutron/counts"}
    assert listener.until(lambda: others <= set(listener.last))
    begun_s = listener.now_s
    assert listener.until(lambda: listener.now_s > begun_s + 12.0)
    assert set(listener.last) == others


def test_another_process_can_be_the_vehicle(world, simulator, listener):
    simulator(world, "parts:=-vehicle,-inertial")
    pose = Odometry()
    pose.pose.pose.position.x, pose.pose.pose.position.y = 20.0, 15.0
    states = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[1.0] * 8, effort=[2.5] * 8)

    def placed():
        listener.poses.publish(pose)
        listener.states.publish(states)
        bus, truth = listener.last.get("/power/bus"), listener.last.get("/truth/state")
        return bus and truth and truth.x_m == 20.0 and bus.load_mobility_w > 15.0

    assert listener.until(placed)
    assert listener.last["/truth/state"].sunlit_fraction == 0.0


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("parts:=wheels", "unknown part 'wheels'"),
        ("wrld:=x", "unknown key 'wrld'"),
        ("world:=/nowhere", "holds no world"),
    ],
)
def test_bad_parameters_are_one_sentence(world, environment, parameter, said):
    assert said in refused(world, environment, parameter)
