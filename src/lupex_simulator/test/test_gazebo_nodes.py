# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Adapter and payload node against a Gazebo that is played: clock, poses and joints come, commands are obeyed."""

import array
import collections
import dataclasses
import math
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world  # noqa: E402

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from geometry_msgs.msg import Vector3Stamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from ros_gz_interfaces.msg import Contact, Contacts, Light  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import JointState, PointCloud2, PointField  # noqa: E402
from std_msgs.msg import Float64  # noqa: E402

from lupex_interfaces.msg import AttitudeFix, DrillRig, PowerBus, WorldTruth  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.rover import read_rover  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402
from lupex_simulator.conversions import (  # noqa: E402
    DRIVE_NAMES,
    JOINT_NAMES,
    STEER_NAMES,
    odometry_pose,
    quaternion,
    set_stamp,
)
from lupex_simulator.gazebo import conversions, following_node  # noqa: E402
from lupex_simulator.gazebo.following import ClockError  # noqa: E402
from lupex_simulator.gazebo.footing import FallenError  # noqa: E402
from lupex_simulator.gazebo.node import GazeboAdapterNode  # noqa: E402
from lupex_simulator.gazebo.unit_drive import NotMovingError  # noqa: E402
from lupex_simulator.payload.node import PayloadNode  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402
from lupex_simulator.world_topics import PolledTopics  # noqa: E402
from lupex_worlds.gazebo_files.world_model import SUN_SETTINGS, sun_direction, sun_light  # noqa: E402
from lupex_worlds.world import open_world  # noqa: E402

ROVER_FILE = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
ROVER = read_rover(ROVER_FILE)
RADIUS = ROVER.crawler.sprocket_radius_m
TICK_NS = 20_000_000
WALL_LIMIT_S = 30.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


class PlayedGazebo:
    """A rover on a plane with a slope, behind the bridge's topics; it drives as it is told, if `tracks_move`."""

    def __init__(self, start_ns=START_NS, tracks_move=True, pitch_rad=-0.1):
        self.node = rclpy.create_node("played_gazebo")
        self.topics = PolledTopics(self.node)
        self.now_ns, self.tracks_move, self.pitch_rad = start_ns, tracks_move, pitch_rad
        self.x_m, self.yaw_rad = 0.0, 0.0
        self.angle, self.speed = dict.fromkeys(STEER_NAMES, 0.0), dict.fromkeys(DRIVE_NAMES, 0.0)
        self.lights = []
        for name in STEER_NAMES:
            self.topics.take(Float64, f"/gazebo/{name}/angle", self._set(self.angle, name), qos.STATE)
        for name in DRIVE_NAMES:
            self.topics.take(Float64, f"/gazebo/{name}/speed", self._set(self.speed, name), qos.STATE)
        self.topics.take(Light, "/gazebo/light_config", self.lights.append, qos.STATE)
        create = self.node.create_publisher
        self.clock = create(Clock, "/gazebo/clock", qos.STATE)
        self.odometry = create(Odometry, "/gazebo/odometry", qos.STATE)
        self.joints = create(JointState, "/gazebo/joint_states", qos.STATE)
        self.contact = create(Contacts, "/gazebo/contact", qos.STATE)
        self.cloud = create(PointCloud2, "/gazebo/lidar/points", qos.STATE)

    @staticmethod
    def _set(values, name):
        return lambda message: values.__setitem__(name, message.data)

    def tick(self):
        self.topics.poll()
        self.now_ns += TICK_NS
        dt_s = TICK_NS * 1e-9
        if self.tracks_move:
            self.x_m += sum(self.speed.values()) / 4 * dt_s * math.cos(self.pitch_rad)
        joints = JointState(name=["other", *STEER_NAMES[::-1]], position=[9.0, *list(self.angle.values())[::-1]])
        odometry = Odometry()
        odometry.header.frame_id = "lupex_rover/odom"
        odometry.pose.pose.position.x = self.x_m
        odometry.pose.pose.position.z = -math.tan(self.pitch_rad) * self.x_m
        odometry.pose.pose.orientation = quaternion(self.yaw_rad, self.pitch_rad, 0.0)
        contact = Contacts(contacts=[Contact()])
        for message in (joints, odometry, contact):
            set_stamp(message.header.stamp, self.now_ns)
        clock = Clock()
        set_stamp(clock.clock, self.now_ns)
        for publisher, message in (
            (self.joints, joints),
            (self.odometry, odometry),
            (self.contact, contact),
            (self.clock, clock),
        ):
            publisher.publish(message)


class Listener:
    """Whatever is told on the rover's own topics."""

    def __init__(self, **topics):
        self.node = rclpy.create_node("listener")
        self.topics = PolledTopics(self.node)
        self.heard = collections.defaultdict(list)
        for topic, kind in topics.items():
            name = "/" + topic.replace("__", "/")
            self.topics.take(kind, name, self.heard[topic].append, qos.SAMPLES)
        self.commands = self.node.create_publisher(JointState, "/mobility/joint_commands", qos.STATE)

    def drive(self, now_ns, track_mps):
        message = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [track_mps / RADIUS] * 4)
        set_stamp(message.header.stamp, now_ns)
        self.commands.publish(message)


@pytest.fixture
def ros(world):
    """Make rclpy with the parameters of both nodes; what is made with it goes away with it."""
    parameters = {"world": world, "rover": ROVER_FILE}
    words = [f"{node}:{name}:={value}" for node in ("gazebo_adapter", "payload") for name, value in parameters.items()]
    words.append("payload:parts:=-vehicle,-lidar,-inertial")
    arguments = ["--ros-args", *(word for given in words for word in ("-p", given))]
    nodes = []

    def begin(*more):
        rclpy.init(args=[*arguments, *(word for given in more for word in ("-p", given))])
        return nodes

    yield begin
    for made in nodes:
        getattr(made, "node", made).destroy_node()
    rclpy.try_shutdown()


def play(gazebo, followers, until, listener=None, drive=None):
    """Let Gazebo run, everybody follow, until something holds."""
    end_s = time.monotonic() + WALL_LIMIT_S
    while not until():
        assert time.monotonic() < end_s, "it never came to pass"
        gazebo.tick()
        if drive is not None:
            listener.drive(gazebo.now_ns, drive)
        time.sleep(0.002)
        for follower in followers:
            follower.follow()
        if listener is not None:
            listener.topics.poll()


def test_rover_drives_with_the_slip_of_the_soil_and_tells_its_encoders(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(), adapter := GazeboAdapterNode()]
    nodes.append(
        listener := Listener(mobility__joint_states=JointState, truth__odometry=Odometry, truth__contact=Contacts)
    )
    play(gazebo, [adapter], lambda: gazebo.x_m > 0.4, listener, drive=0.1)
    states = listener.heard["mobility__joint_states"]
    last = states[-1]
    assert tuple(last.name) == JOINT_NAMES
    assert list(last.position[:4]) == [0.0] * 4
    assert last.velocity[4] * RADIUS == pytest.approx(0.1)
    assert all(0.0 < effort < ROVER.crawler.max_torque_nm for effort in last.effort[4:])
    # uphill by 6 deg the rover gets less far than its tracks run
    assert gazebo.speed["fl_drive"] < 0.099
    assert last.position[4] * RADIUS > gazebo.x_m
    stamps = np.array([seconds(state.header.stamp) for state in states])
    assert np.abs(stamps / 0.05 - np.rint(stamps / 0.05)).max() < 1e-6
    assert np.diff(stamps).min() == pytest.approx(0.05, abs=1e-6)
    truth = listener.heard["truth__odometry"]
    assert (truth[-1].header.frame_id, truth[-1].child_frame_id) == ("map", "base_link")
    assert odometry_pose(truth[-1]).pitch_rad == pytest.approx(gazebo.pitch_rad)
    span_s = seconds(truth[-1].header.stamp) - seconds(truth[0].header.stamp)
    assert len(truth) <= 5.0 * span_s + 2
    contact = [seconds(message.header.stamp) for message in listener.heard["truth__contact"]]
    assert len(contact) >= 2
    assert len(contact) <= 5.0 * (contact[-1] - contact[0]) + 2


def test_adapter_gives_up_on_tracks_that_do_not_move(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(tracks_move=False), adapter := GazeboAdapterNode(), listener := Listener()]
    with pytest.raises(NotMovingError, match="drive:=bogies"):
        play(gazebo, [adapter], lambda: False, listener, drive=0.1)


def test_an_adapter_that_stood_still_for_seconds_goes_on(ros):
    """As when a kernel compiles on a new machine: Gazebo runs on, its tracks stop, and nobody is to blame."""
    nodes = ros()
    nodes += [
        gazebo := PlayedGazebo(),
        adapter := GazeboAdapterNode(),
        listener := Listener(mobility__joint_states=JointState),
    ]
    play(gazebo, [adapter], lambda: gazebo.speed["fl_drive"] > 0.01, listener, drive=0.1)
    for _ in range(round(8e9 / TICK_NS)):
        if gazebo.now_ns % 1_000_000_000 == 0:
            gazebo.speed.update(dict.fromkeys(DRIVE_NAMES, 0.0))
        gazebo.tick()
    play(gazebo, [adapter], lambda: gazebo.x_m > 0.3, listener, drive=0.1)
    travelled = listener.heard["mobility__joint_states"][-1].position[4] * RADIUS
    # what the ramp and the timeout leave open
    assert travelled == pytest.approx(gazebo.x_m, abs=0.12)


@pytest.mark.parametrize("drive", ["tracks", "bogies"])
def test_drives_stand_once_the_adapter_has_left(ros, drive):
    nodes = ros(f"gazebo_adapter:drive:={drive}")
    nodes += [gazebo := PlayedGazebo(), adapter := GazeboAdapterNode(), listener := Listener()]
    play(gazebo, [adapter], lambda: min(gazebo.speed.values()) > 0.0, listener, drive=0.1)
    adapter.leave()
    end_s = time.monotonic() + WALL_LIMIT_S
    while any(gazebo.speed.values()):
        assert time.monotonic() < end_s, "it runs on"
        gazebo.topics.poll()


def test_adapter_gives_up_on_a_rover_that_falls(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(pitch_rad=1.2), adapter := GazeboAdapterNode(), listener := Listener()]
    gazebo.x_m = 10.0
    with pytest.raises(FallenError, match=r"below the ground at 10\.0, 0\.0 m"):
        play(gazebo, [adapter], lambda: False, listener)


def test_silent_commands_stop_the_tracks(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(), adapter := GazeboAdapterNode(), listener := Listener()]
    play(gazebo, [adapter], lambda: gazebo.x_m > 0.05, listener, drive=0.1)
    play(gazebo, [adapter], lambda: gazebo.speed["rr_drive"] == 0.0, listener)
    assert gazebo.x_m < 0.4


def cloud(rows, offsets=(0, 4, 8, 16), step=32):
    message = PointCloud2(height=1, width=len(rows), point_step=step, row_step=step * len(rows))
    message.fields = [
        PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
        for name, offset in zip(("x", "y", "z", "intensity"), offsets)
    ]
    table = np.zeros((len(rows), step // 4), dtype="<f4")
    table[:, [offset // 4 for offset in offsets]] = rows
    message.data = array.array("B", table.tobytes())
    return message


def test_cloud_comes_without_lost_rays_in_the_layout_of_the_embedded_lidar(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(), adapter := GazeboAdapterNode()]
    nodes.append(listener := Listener(lidar__points=PointCloud2))
    message = cloud([(5.0, 1.0, -1.4, 0.5), (math.inf, 0.0, 0.0, 0.0), (-1.0, 0.0, -0.7, 0.2)])
    set_stamp(message.header.stamp, START_NS)

    def heard():
        gazebo.cloud.publish(message)
        return listener.heard["lidar__points"]

    play(gazebo, [adapter], heard, listener)
    made = listener.heard["lidar__points"][0]
    assert (made.header.frame_id, made.point_step, made.width) == ("lidar", 16, 1)
    assert np.frombuffer(made.data, "<f4").tolist() == pytest.approx([5.0, 1.0, -1.4, 0.5])
    assert made.header.stamp == message.header.stamp


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (cloud([(1.0, 0.0, 0.0)], offsets=(0, 4, 8)), "lack little-endian"),
        (PointCloud2(fields=cloud([(0.0,) * 4]).fields, width=2, height=1, point_step=32), "0 bytes are not 2 points"),
    ],
)
def test_a_cloud_of_another_layout_is_refused(message, reason):
    with pytest.raises(InvalidMessage, match=reason):
        conversions.cloud_points(message)


def test_joint_states_without_the_steering_are_refused():
    with pytest.raises(InvalidMessage, match="no position of fl_steer"):
        conversions.steering_angles(JointState(name=["fr_steer"], position=[0.0]))
    with pytest.raises(InvalidMessage, match="not finite"):
        conversions.steering_angles(JointState(name=list(STEER_NAMES), position=[0.0, 0.0, math.nan, 0.0]))


def test_an_unknown_drive_is_refused(ros):
    ros("gazebo_adapter:drive:=legs")
    with pytest.raises(ConfigurationError, match="takes one of tracks, bogies"):
        GazeboAdapterNode()


def test_payload_follows_gazebos_clock_and_pose(ros, world):
    nodes = ros("payload:sun_light_period_s:=2.0")
    nodes += [gazebo := PlayedGazebo(START_NS + 7_000_000), adapter := GazeboAdapterNode(), payload := PayloadNode()]
    nodes.append(
        listener := Listener(
            clock=Clock,
            power__bus=PowerBus,
            drill__rig=DrillRig,
            sun_sensor__direction=Vector3Stamped,
            star_tracker__attitude=AttitudeFix,
            truth__state=WorldTruth,
        )
    )
    end_ns = START_NS + 6_000_000_000
    play(gazebo, [adapter, payload], lambda: gazebo.now_ns > end_ns and len(gazebo.lights) >= 2, listener, drive=0.1)
    heard = listener.heard
    stamps = np.array([message.clock.sec + message.clock.nanosec * 1e-9 for message in heard["clock"]])
    assert np.abs(stamps / 0.04 - np.rint(stamps / 0.04)).max() < 1e-6
    assert (np.diff(stamps) > 0.0).all()
    assert len(stamps) <= 12.5 * (stamps[-1] - stamps[0]) + 1.5
    assert len(stamps) > 6.0 * (stamps[-1] - stamps[0])
    assert stamps[-1] <= gazebo.now_ns * 1e-9
    assert heard["power__bus"][-1].load_mobility_w > 5.0
    assert heard["drill__rig"][-1].stowed
    truth = heard["truth__state"][-1]
    assert truth.x_m == pytest.approx(gazebo.x_m, abs=0.15)
    assert truth.pitch_rad == pytest.approx(gazebo.pitch_rad)
    assert 0.0 < truth.slip < 0.2
    assert 0.1 < truth.distance_m <= gazebo.x_m + 0.01
    assert truth.sunlit_fraction == 1.0
    # the same Sun in the sensor, in the models and in Gazebo's light
    opened = open_world(world)
    utc_s = seconds(heard["sun_sensor__direction"][-1].header.stamp) + opened.site.utc_offset_s
    sensed = heard["sun_sensor__direction"][-1].vector
    base_from_map = odometry_pose_rotation(gazebo).T
    expected = base_from_map @ -sun_direction(opened.frame, utc_s)
    assert np.dot((sensed.x, sensed.y, sensed.z), expected) > math.cos(6 * ROVER.sun_sensor.sigma_rad)
    light = gazebo.lights[-1]
    lit_utc_s = seconds(light.header.stamp) + opened.site.utc_offset_s
    assert (light.direction.x, light.direction.y, light.direction.z) == pytest.approx(
        tuple(sun_direction(opened.frame, lit_utc_s)), abs=1e-12
    )
    assert seconds(light.header.stamp) - seconds(gazebo.lights[-2].header.stamp) == pytest.approx(2.0, abs=0.1)


def odometry_pose_rotation(gazebo):
    from lupex_worlds.pose import Pose

    return Pose(0.0, 0.0, 0.0, 0.0, gazebo.pitch_rad, gazebo.yaw_rad).rotation()


def test_payload_refuses_a_clock_that_begins_too_early(ros):
    nodes = ros()
    nodes += [gazebo := PlayedGazebo(start_ns=0), payload := PayloadNode()]
    with pytest.raises(ClockError, match="initial-sim-time"):
        play(gazebo, [payload], lambda: False)


def test_the_sun_is_sent_with_every_field_of_the_world(world):
    """Gazebo takes a field that is left out as nought: what is sent must be what the world's file says."""
    opened = open_world(world)
    utc_s = opened.site.start_utc_s
    light = conversions.light_message(sun_direction(opened.frame, utc_s), SUN_SETTINGS, START_NS)
    element = sun_light(opened.frame, utc_s)

    def told(path):
        return [float(word) for word in element.findtext(path).split()]

    assert (light.name, light.type) == (element.get("name"), Light.DIRECTIONAL)
    assert light.cast_shadows == (element.findtext("cast_shadows") == "true")
    assert [light.intensity] == told("intensity")
    assert [light.range] == told("attenuation/range")
    assert [light.attenuation_constant] == told("attenuation/constant")
    assert [light.attenuation_linear, light.attenuation_quadratic] == told("attenuation/linear") + told(
        "attenuation/quadratic"
    )
    for colour, path in ((light.diffuse, "diffuse"), (light.specular, "specular")):
        assert [colour.r, colour.g, colour.b, colour.a] == pytest.approx(told(path))
    position, turned = light.pose.position, light.pose.orientation
    assert [position.x, position.y, position.z] == told("pose")[:3]
    assert (turned.x, turned.y, turned.z, turned.w) == (0.0, 0.0, 0.0, 1.0)
    assert [light.direction.x, light.direction.y, light.direction.z] == pytest.approx(told("direction"), abs=1e-6)
    with pytest.raises(ValueError, match="finite"):
        conversions.light_message(np.array([math.nan, 0.0, 0.0]), SUN_SETTINGS, START_NS)


@pytest.mark.parametrize(
    ("error", "code"),
    [(ClockError("late"), 1), (NotMovingError("still"), 1), (FallenError("deep"), 1), (ConfigurationError("wrong"), 2)],
)
def test_a_node_leaves_gazebo_however_it_ends(error, code, capsys):
    left = []

    class Ending(following_node.FollowingNode):
        def __init__(self):
            super().__init__("ending")

        def follow(self):
            raise error

        def leave(self):
            left.append(True)

    assert following_node.run(Ending, []) == code
    assert left == [True]
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ClockError("late"), 1), (NotMovingError("still"), 1), (FallenError("deep"), 1), (ConfigurationError("wrong"), 2)],
)
def test_what_ends_a_node_is_one_sentence(error, code, capsys):
    def kind():
        raise error

    assert following_node.run(kind, []) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_silence_of_gazebo_is_told_with_where_to_look(monkeypatch):
    from types import SimpleNamespace

    warnings, looks = [], []
    stop = SimpleNamespace(asked=False)

    def follow():
        looks.append(len(warnings))
        stop.asked = len(warnings) >= 2 or len(looks) > 500
        # a step ends the silence
        return len(looks) == 1

    node = SimpleNamespace(follow=follow, get_logger=lambda: SimpleNamespace(warning=warnings.append))
    monkeypatch.setattr(following_node, "SILENT_S", 0.03)
    following_node.spin(node, SimpleNamespace(spin_once=lambda timeout_sec: None), stop)
    assert len(warnings) == 2
    assert "[Err]" in warnings[0]
    assert looks[0] == looks[1] == 0


def test_settings_of_the_sun_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SUN_SETTINGS.intensity = 0.0
