# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The localization node in lock step, fed by the small world of the other tests."""

import math
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import PoseWithCovarianceStamped, Vector3Stamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from sensor_msgs.msg import Imu, JointState, PointCloud2  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

from lupex_interfaces.msg import AttitudeFix, Fault, LocalizationStatus  # noqa: E402
from lupex_localization import conversions  # noqa: E402
from lupex_localization.node import LocalizationNode  # noqa: E402
from lupex_localization.track_odometry import JOINT_NAMES  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402

ROVER = Path(__file__).parents[3] / "config" / "rover.yaml"
ANSWERED_S = 0.02
"""After a step: the way of its samples and of what the node makes of them."""


class Feed:
    """Publish the world's sensors step by step; a step ends when the node has answered."""

    def __init__(self, world):
        self.world = world
        self.conductor = Conductor(now_s=world.time_s)
        outside = self.conductor.visitor()
        make = outside.publisher
        self.imu = make(Imu, "/imu/data", qos.SAMPLES)
        self.joints = make(JointState, "/mobility/joint_states", qos.SAMPLES)
        self.stars = make(AttitudeFix, "/star_tracker/attitude", qos.STATE)
        self.sun = make(Vector3Stamped, "/sun_sensor/direction", qos.STATE)
        self.place = make(PoseWithCovarianceStamped, "/initialpose", qos.STATE)
        self.local, self.globals, self.transforms, self.states, self.faults = [], [], [], [], []
        for kind, topic, heard in (
            (Odometry, "/odometry/local", self.local),
            (Odometry, "/odometry/global", self.globals),
            (TFMessage, "/tf", self.transforms),
            (LocalizationStatus, "/localization/status", self.states),
            (Fault, "/faults", self.faults),
        ):
            outside.subscribe(kind, topic, heard.append, qos.SAMPLES)
        self.count = 0

    def run_to(self, time_s):
        """Run to a time by the nodes' clock."""
        self.conductor.run_until(time_s - self.conductor.leap_ns * 1e-9)

    def set_clock_back(self, by_s):
        self.world.time_s -= by_s
        self.conductor.leap_ns -= round(by_s * 1e9)

    def tell_place(self):
        """Say where the rover is, as a person does on a map."""
        message = PoseWithCovarianceStamped()
        message.header.stamp, message.header.frame_id = stamp(self.world.time_s), "map"
        x, y, z = (float(v) for v in self.world.position_m)
        message.pose.pose.position.x, message.pose.pose.position.y, message.pose.pose.position.z = x, y, z
        w, i, j, k = (float(v) for v in self.world.quaternion)
        turn = message.pose.pose.orientation
        turn.w, turn.x, turn.y, turn.z = w, i, j, k
        message.pose.covariance = np.diag([1e-4, 1e-4, 1e-4, 1.0, 1.0, 1e-4]).ravel()
        self.place.publish(message)

    def step(self, speed=0.0, imu=True, joints=True):
        sample, tracks = self.world.step(speed, 0.0)
        at = stamp(self.world.time_s)
        self.run_to(self.world.time_s)
        if imu:
            self.imu.publish(self.inertial(at, sample))
        if joints and self.count % 5 != 4:
            self.joints.publish(self.states_of(at, tracks))
        self.count += 1
        self.run_to(self.world.time_s + ANSWERED_S)

    @staticmethod
    def inertial(at, sample):
        message = Imu()
        message.header.stamp, message.header.frame_id = at, "base_link"
        w, f = message.angular_velocity, message.linear_acceleration
        w.x, w.y, w.z = (float(v) for v in sample.rate)
        f.x, f.y, f.z = (float(v) for v in sample.force)
        return message

    def states_of(self, at, tracks):
        message = JointState(name=list(JOINT_NAMES))
        message.header.stamp, message.header.frame_id = at, "base_link"
        radius = self.world.rover.crawler.sprocket_radius_m
        message.position = [*tracks.steer_rad.tolist(), *(tracks.travel_m / radius).tolist()]
        message.velocity = [0.0] * 4 + (tracks.track_mps / radius).tolist()
        return message

    def until(self, condition, limit=150, **kwargs):
        for _ in range(limit):
            if condition():
                return
            self.step(**kwargs)
        raise AssertionError("condition not reached")

    def told(self, code):
        state = [fault.active for fault in self.faults if fault.code == code]
        return bool(state) and state[-1]


@pytest.fixture
def feed(make_world):
    made = Feed(make_world(5))
    yield made
    made.conductor.close()


def start(feed, more=None):
    world = feed.world
    x, y, z = (float(v) for v in world.position_m)
    settings = {
        "rover": str(ROVER),
        "initial.x_m": x,
        "initial.y_m": y,
        "initial.z_m": z,
        "initial.yaw_rad": world.yaw_rad,
        "initial.yaw_sigma_rad": 0.01,
        "tracks.soils": 8,
    }
    return feed.conductor.add(LocalizationNode, settings | (more or {}))


def test_odometry_transforms_and_status_follow_the_data(feed):
    start(feed)
    feed.until(lambda: len(feed.local) > 20)
    before = len(feed.local)
    for _ in range(250):
        feed.step(0.1)
    made = feed.local[before:]
    # ten seconds of joint states at 20 Hz: each second one is told
    assert len(made) == 100
    assert made[-1].header.frame_id == "odom"
    assert made[-1].child_frame_id == feed.globals[-1].child_frame_id == "base_link"
    stamps = [seconds(m.header.stamp) for m in feed.local]
    assert np.all(np.diff(stamps) > 0.0)
    last = feed.globals[-1]
    assert last.header.frame_id == "map"
    gaps = np.diff([seconds(m.header.stamp) for m in feed.globals])
    assert gaps.mean() == pytest.approx(0.1, abs=0.002)
    assert gaps.max() < 0.13
    place = np.array([last.pose.pose.position.x, last.pose.pose.position.y])
    assert place == pytest.approx(feed.world.position_m[:2], abs=0.1)
    assert last.twist.twist.linear.x == pytest.approx(0.1, abs=0.02)
    covariance = np.array(last.pose.covariance).reshape(6, 6)
    assert np.linalg.eigvalsh(covariance)[0] > 0.0
    frames = {(t.header.frame_id, t.child_frame_id) for m in feed.transforms for t in m.transforms}
    assert frames == {("map", "odom"), ("odom", "base_link")}
    feed.until(lambda: feed.states[-1].state == LocalizationStatus.TRACKING)
    assert feed.states[-1].header.frame_id == "map"
    assert not feed.states[-1].stationary


def test_a_stop_is_asked_for_until_it_has_been_made(feed):
    start(feed, {"stops.told_m": 0.001, "stops.share": 1.0})
    feed.until(lambda: feed.states and feed.states[-1].stationary)
    assert not any(state.stop_wanted for state in feed.states)
    feed.until(lambda: feed.states[-1].stop_wanted, limit=400, speed=0.1)
    feed.until(lambda: feed.states[-1].stationary)
    assert not feed.states[-1].stop_wanted


def test_the_two_transforms_make_the_pose_in_map(feed):
    start(feed)
    feed.until(lambda: len(feed.transforms) > 6, speed=0.1)
    to_odom, to_base = feed.transforms[-1].transforms
    at = seconds(to_base.header.stamp)
    pose = next(m.pose.pose for m in feed.globals if seconds(m.header.stamp) == at)
    yaw = 2.0 * math.atan2(to_odom.transform.rotation.z, to_odom.transform.rotation.w)
    a, b = to_odom.transform.translation, to_base.transform.translation
    assert a.x + math.cos(yaw) * b.x - math.sin(yaw) * b.y == pytest.approx(pose.position.x, abs=1e-9)
    assert a.y + math.sin(yaw) * b.x + math.cos(yaw) * b.y == pytest.approx(pose.position.y, abs=1e-9)
    assert a.z + b.z == pytest.approx(pose.position.z, abs=1e-9)


def test_bad_messages_are_refused_and_counted_and_change_nothing(feed):
    node = start(feed, {"inertial.min_acceleration_mps2": 0.5, "output.local_interval_s": 0.05})
    feed.until(lambda: len(feed.local) > 20)
    sample, tracks = feed.world.step(0.0, 0.0)
    at = stamp(feed.world.time_s)
    imu = feed.inertial(at, sample)
    imu.angular_velocity.x = math.nan
    wrong = feed.inertial(at, sample)
    wrong.header.frame_id = "camera"
    fast = feed.inertial(at, sample)
    fast.angular_velocity.z = 50.0
    heavy = feed.inertial(at, sample)
    heavy.linear_acceleration.z = 0.0
    heavy.linear_acceleration.x = heavy.linear_acceleration.y = 0.0
    for message in (imu, wrong, fast, heavy):
        feed.imu.publish(message)
    names = feed.states_of(at, tracks)
    names.name = [*JOINT_NAMES[:-1], "drill"]
    short = feed.states_of(at, tracks)
    short.position = [0.0]
    spin = feed.states_of(at, tracks)
    spin.velocity = [100.0] * 8
    frame = feed.states_of(at, tracks)
    frame.header.frame_id = "map"
    for message in (names, short, spin, frame):
        feed.joints.publish(message)
    for frame_id, w, covariance in (
        ("base_link", 1.0, 1e-8),
        ("star_tracker", 2.0, 1e-8),
        ("star_tracker", 1.0, -1e-8),
        ("star_tracker", 1.0, 1.0),
    ):
        fix = AttitudeFix()
        fix.header.stamp, fix.header.frame_id = at, frame_id
        fix.orientation.w = w
        fix.covariance = (np.eye(3) * covariance).ravel()
        feed.stars.publish(fix)
    sun = Vector3Stamped()
    sun.header.stamp, sun.header.frame_id = at, "base_link"
    feed.sun.publish(sun)
    for frame_id, variance in (("odom", 1.0), ("map", 0.0)):
        place = PoseWithCovarianceStamped()
        place.header.stamp, place.header.frame_id = at, frame_id
        place.pose.pose.orientation.w = 1.0
        place.pose.covariance = (np.eye(6) * variance).ravel()
        feed.place.publish(place)
    feed.step()
    assert node._refused == {
        "/imu/data": 4,
        "/mobility/joint_states": 4,
        "/star_tracker/attitude": 4,
        "/sun_sensor/direction": 1,
        "/initialpose": 2,
    }
    assert seconds(feed.local[-1].header.stamp) == pytest.approx(feed.world.time_s, abs=1e-6)
    assert node._estimator.begun


def test_silence_degrades_then_loses_the_pose_and_data_bring_it_back(feed):
    start(feed, {"health.fault_after_s": 1.0})
    feed.until(lambda: feed.states and feed.states[-1].state == LocalizationStatus.TRACKING)
    # six seconds until it is DEGRADED, of which one is a fault, twelve until it is LOST; the status comes once a second
    feed.until(lambda: feed.states[-1].state == LocalizationStatus.DEGRADED, 180, imu=False)
    feed.until(lambda: feed.told("localization_degraded"), 30, imu=False)
    feed.until(lambda: feed.told("localization_lost"), 330, imu=False, joints=False)
    assert feed.states[-1].state == LocalizationStatus.LOST
    # what was heard of nowhere is not to be relied on until somebody says where it is
    with pytest.raises(AssertionError, match="condition"):
        feed.until(lambda: not feed.told("localization_lost"), 60)
    assert "initialpose" in feed.states[-1].text
    feed.tell_place()
    feed.until(lambda: not feed.told("localization_lost"), 30)
    place = feed.globals[-1].pose.pose.position
    assert [place.x, place.y] == pytest.approx(feed.world.position_m[:2], abs=0.1)


def test_no_message_moves_a_rover_that_knows_where_it_is(feed):
    node = start(feed)
    feed.until(lambda: feed.states and feed.states[-1].state == LocalizationStatus.TRACKING)
    before = feed.globals[-1].pose.pose.position
    here, feed.world.position_m = feed.world.position_m, feed.world.position_m + np.array([300.0, -200.0, 0.0])
    feed.tell_place()
    feed.world.position_m = here
    feed.until(lambda: "/initialpose" in node._refusal)
    assert "only while it is LOST" in node._refusal["/initialpose"]
    told = len(feed.globals)
    feed.until(lambda: len(feed.globals) > told + 5)
    after = feed.globals[-1].pose.pose.position
    assert [after.x, after.y] == pytest.approx([before.x, before.y], abs=0.1)


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        (Imu, "/imu/data"),
        (JointState, "/mobility/joint_states"),
        (AttitudeFix, "/star_tracker/attitude"),
        (Vector3Stamped, "/sun_sensor/direction"),
        (PointCloud2, "/lidar/points"),
    ],
)
def test_a_sensor_of_two_tellers_is_not_used_and_both_are_named(feed, kind, topic):
    site = {"ground.enabled": True} if kind is PointCloud2 else None
    node = start(feed, site)
    rightful = feed.conductor.visitor("rightful").publisher(kind, topic, qos.SAMPLES)
    if topic == "/lidar/points":
        feed.step()
    intruder = feed.conductor.visitor("intruder")
    intruder.publisher(kind, topic, qos.SAMPLES)
    feed.step()
    code = "contested_" + topic[1:].replace("/", "_")
    told = [fault for fault in feed.faults if fault.code == code]
    assert told[-1].active
    assert "intruder" in told[-1].text
    before = node._refused.get(topic, 0)
    rightful.publish(kind())
    feed.step()
    assert node._refused[topic] > before
    assert "none of it is used" in node._refusal[topic]


def test_joints_are_known_by_their_names_in_any_order_and_among_others(feed):
    node = start(feed)
    feed.until(lambda: len(feed.local) > 5)
    _, tracks = feed.world.step(0.0, 0.0)
    plain = feed.states_of(stamp(feed.world.time_s), tracks)
    mixed = JointState(header=plain.header)
    order = [3, 7, 0, 4, 1, 5, 2, 6]
    mixed.name = ["mast", *(plain.name[i] for i in order)]
    mixed.position = [9.0, *(plain.position[i] + 0.01 * i for i in order)]
    mixed.velocity = [9.0, *(0.01 * i for i in order)]
    found = conversions.track_sample(mixed, node.config, 0.1)
    assert found.steer_rad == pytest.approx(tracks.steer_rad + 0.01 * np.arange(4))
    assert found.track_mps == pytest.approx(0.1 * 0.01 * np.arange(4, 8))


def test_a_killed_node_resumes_where_it_was(feed):
    start(feed, {"state_dir": "/state", "checkpoint.interval_s": 0.5, "checkpoint.rest_interval_s": 0.5})
    feed.until(lambda: len(feed.globals) > 60, speed=0.1)
    feed.conductor.kill("localization")
    odom = feed.local[-1].pose.pose.position
    feed.local.clear()
    feed.globals.clear()
    start(feed, {"state_dir": "/state", "initial.x_m": 55.0})
    feed.until(lambda: len(feed.globals) > 3)
    first = feed.globals[0]
    place = np.array([first.pose.pose.position.x, first.pose.pose.position.y])
    assert place == pytest.approx(feed.world.position_m[:2], abs=0.15)
    assert first.pose.covariance[0] > 0.05**2
    assert feed.local[0].pose.pose.position.x == pytest.approx(odom.x, abs=0.15)


def test_a_clock_set_back_goes_on_from_the_last_known_place_and_says_that_it_is_lost(feed):
    node = start(feed, {"initial.x_m": 40.0})
    feed.until(lambda: len(feed.globals) > 20, speed=0.1)
    before = feed.globals[-1].pose.pose.position
    feed.set_clock_back(500.0)
    feed.globals.clear()
    feed.until(lambda: len(feed.globals) > 5)
    after = feed.globals[-1].pose
    assert [after.pose.position.x, after.pose.position.y] == pytest.approx([before.x, before.y], abs=0.1)
    assert after.covariance[0] > 0.05**2
    assert node._estimator.reckoning.time_s == pytest.approx(feed.world.time_s, abs=0.05)
    feed.until(lambda: feed.states[-1].state == LocalizationStatus.LOST, 60)
    feed.tell_place()
    feed.until(lambda: feed.states[-1].state == LocalizationStatus.TRACKING, 60)


def test_a_first_stamp_by_wall_clock_ends_nothing(feed):
    sample, _ = feed.world.step(0.0, 0.0)
    start(feed)
    feed.imu.publish(feed.inertial(stamp(1.7e9), sample))
    feed.until(lambda: len(feed.local) > 5)
    assert seconds(feed.local[-1].header.stamp) == pytest.approx(feed.world.time_s, abs=0.2)


def test_an_input_that_is_refused_for_long_is_told_with_the_reason(feed):
    start(feed)
    feed.until(lambda: feed.states and feed.states[-1].state == LocalizationStatus.TRACKING)
    for _ in range(200):
        feed.step()
        feed.stars.publish(attitude_fix(feed.world, stamp(feed.world.time_s + 60.0)))
    feed.until(lambda: feed.states[-1].state == LocalizationStatus.DEGRADED, 60)
    assert "star tracker attitude" in feed.states[-1].text
    assert "in the future" in feed.states[-1].text


def attitude_fix(world, at):
    seen = world.star()
    fix = AttitudeFix()
    fix.header.stamp, fix.header.frame_id = at, "star_tracker"
    w, x, y, z = (float(v) for v in seen.quaternion)
    fix.orientation.w, fix.orientation.x, fix.orientation.y, fix.orientation.z = w, x, y, z
    fix.covariance = seen.covariance.ravel()
    return fix


@pytest.mark.parametrize(
    ("key", "value"),
    [("rover", "/nowhere/rover.yaml"), ("site", "/nowhere/site"), ("tracks.soils", 1), ("slip", 2.0)],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(feed, key, value):
    with pytest.raises(ConfigurationError, match=r"nowhere|soils|slip"):
        start(feed, {key: value})
