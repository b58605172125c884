# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Adapter and payload node against a Gazebo that is played: clock, poses and joints come, commands are obeyed."""

import array
import collections
import dataclasses
import math
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

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
from rclpy.signals import SignalHandlerOptions  # noqa: E402
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
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.errors import LockstepError  # noqa: E402
from lupex_node.port import Severity  # noqa: E402
from lupex_node.ros.executor import BatchingExecutor  # noqa: E402
from lupex_node.ros.process import attach, detach  # noqa: E402
from lupex_node.ros.subscriptions import quality  # noqa: E402
from lupex_simulator.conversions import (  # noqa: E402
    DRIVE_NAMES,
    JOINT_NAMES,
    STEER_NAMES,
    header,
    odometry_pose,
    quaternion,
    time_message,
)
from lupex_simulator.gazebo import conversions, following_node  # noqa: E402
from lupex_simulator.gazebo.following import ClockError  # noqa: E402
from lupex_simulator.gazebo.footing import FallenError  # noqa: E402
from lupex_simulator.gazebo.node import GazeboAdapterNode  # noqa: E402
from lupex_simulator.gazebo.unit_drive import NotMovingError  # noqa: E402
from lupex_simulator.payload import node as payload_node  # noqa: E402
from lupex_simulator.payload.node import PayloadNode  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402
from lupex_worlds.domain_lock import lock_domain  # noqa: E402
from lupex_worlds.gazebo_files.world_model import SUN_SETTINGS, sun_direction, sun_light  # noqa: E402
from lupex_worlds.world import open_world  # noqa: E402

ROVER_FILE = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
ROVER = read_rover(ROVER_FILE)
RADIUS = ROVER.crawler.sprocket_radius_m
TICK_NS = 20_000_000
TICK_WALL_S, LOOK_WALL_S = 0.004, 0.002
"""The played Gazebo runs five times as fast as the wall's time, and is looked at as often as the real one."""
WALL_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


class PlayedGazebo:
    """A rover on a plane with a slope, behind the bridge's topics; it drives as it is told, if `tracks_move`."""

    def __init__(self, start_ns=START_NS, tracks_move=True, pitch_rad=-0.1):
        self.node = rclpy.create_node("played_gazebo")
        self.now_ns, self.tracks_move, self.pitch_rad = start_ns, tracks_move, pitch_rad
        self.x_m, self.yaw_rad = 0.0, 0.0
        self.angle, self.speed = dict.fromkeys(STEER_NAMES, 0.0), dict.fromkeys(DRIVE_NAMES, 0.0)
        self.lights = []
        for name in STEER_NAMES:
            self.take(Float64, f"/gazebo/{name}/angle", self._set(self.angle, name))
        for name in DRIVE_NAMES:
            self.take(Float64, f"/gazebo/{name}/speed", self._set(self.speed, name))
        self.take(Light, "/gazebo/light_config", self.lights.append)
        self.clock = self.publisher(Clock, "/gazebo/clock")
        self.odometry = self.publisher(Odometry, "/gazebo/odometry")
        self.joints = self.publisher(JointState, "/gazebo/joint_states")
        self.contact = self.publisher(Contacts, "/gazebo/contact")
        self.cloud = self.publisher(PointCloud2, "/gazebo/lidar/points")

    def take(self, kind, topic, use):
        self.node.create_subscription(kind, topic, use, quality(qos.STATE))

    def publisher(self, kind, topic):
        return self.node.create_publisher(kind, topic, quality(qos.STATE))

    @staticmethod
    def _set(values, name):
        return lambda message: values.__setitem__(name, message.data)

    def tick(self):
        self.now_ns += TICK_NS
        dt_s = TICK_NS * 1e-9
        if self.tracks_move:
            self.x_m += sum(self.speed.values()) / 4 * dt_s * math.cos(self.pitch_rad)
        told = header(self.now_ns, "lupex_rover/odom")
        self.joints.publish(
            JointState(
                header=told, name=["other", *STEER_NAMES[::-1]], position=[9.0, *list(self.angle.values())[::-1]]
            )
        )
        odometry = Odometry(header=told)
        odometry.pose.pose.position.x = self.x_m
        odometry.pose.pose.position.z = -math.tan(self.pitch_rad) * self.x_m
        odometry.pose.pose.orientation = quaternion(self.yaw_rad, self.pitch_rad, 0.0)
        odometry.twist.twist.linear.x = 0.25
        self.odometry.publish(odometry)
        self.contact.publish(Contacts(header=told, contacts=[Contact()]))
        self.clock.publish(Clock(clock=time_message(self.now_ns)))


class Listener:
    """Whatever is told on the rover's own topics."""

    def __init__(self, **topics):
        self.node = rclpy.create_node("listener")
        self.heard = collections.defaultdict(list)
        for topic, kind in topics.items():
            name = "/" + topic.replace("__", "/")
            self.node.create_subscription(kind, name, self.heard[topic].append, quality(qos.SAMPLES))
        self.commands = self.node.create_publisher(JointState, "/mobility/joint_commands", quality(qos.STATE))

    def drive(self, now_ns, track_mps):
        speeds = [0.0] * 4 + [track_mps / RADIUS] * 4
        self.commands.publish(
            JointState(header=header(now_ns, ""), name=list(JOINT_NAMES), position=[0.0] * 8, velocity=speeds)
        )


class Stage:
    """A played Gazebo, the nodes that follow it, and who listens, in one executor."""

    def __init__(self, world):
        self.world = world
        self.executor = BatchingExecutor()
        self.players, self.followers = [], []

    def play(self, player):
        self.players.append(player)
        self.executor.add_node(player.node)
        return player

    def gazebo(self, **given):
        return self.play(PlayedGazebo(**given))

    def listener(self, **topics):
        return self.play(Listener(**topics))

    def follow(self, kind, **parameters):
        given = {"world": self.world, "rover": ROVER_FILE} | parameters
        if kind is PayloadNode:
            given = {"parts": "-vehicle,-lidar,-inertial"} | given
        words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
        node = attach(kind, cli_args=["--ros-args", *words])
        self.followers.append(node)
        self.executor.add_node(node.port.node)
        return node

    def adapter(self, **parameters):
        return self.follow(GazeboAdapterNode, **parameters)

    def payload(self, **parameters):
        return self.follow(PayloadNode, **parameters)

    def end(self, node):
        self.followers.remove(node)
        self.executor.remove_node(node.port.node)
        detach(node)

    def spin(self, wall_s):
        end_s = time.monotonic() + wall_s
        while (left_s := end_s - time.monotonic()) > 0.0:
            self.executor.spin_once(timeout_sec=left_s)

    def until(self, condition, tick=lambda: None):
        end_s = time.monotonic() + WALL_LIMIT_S
        while not condition():
            assert time.monotonic() < end_s, "it never came to pass"
            tick()
            self.spin(TICK_WALL_S)

    def close(self):
        for node in list(self.followers):
            self.end(node)
        self.executor.shutdown()
        for player in self.players:
            player.node.destroy_node()


@pytest.fixture
def stage(world, monkeypatch):
    monkeypatch.setattr(following_node, "LOOK_S", LOOK_WALL_S)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    made = Stage(world)
    yield made
    made.close()
    rclpy.try_shutdown()


def play(stage, gazebo, until, listener=None, drive=None):
    """Let Gazebo run, everybody follow, until something holds."""

    def tick():
        gazebo.tick()
        if drive is not None:
            listener.drive(gazebo.now_ns, drive)

    stage.until(until, tick)


def test_rover_drives_with_the_slip_of_the_soil_and_tells_its_encoders(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(mobility__joint_states=JointState, truth__odometry=Odometry, truth__contact=Contacts)
    play(stage, gazebo, lambda: gazebo.x_m > 0.4, listener, drive=0.1)
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
    assert truth[-1].twist.twist.linear.x == 0.25
    span_s = seconds(truth[-1].header.stamp) - seconds(truth[0].header.stamp)
    assert len(truth) <= 5.0 * span_s + 2
    contact = [seconds(message.header.stamp) for message in listener.heard["truth__contact"]]
    assert len(contact) >= 2
    assert len(contact) <= 5.0 * (contact[-1] - contact[0]) + 2


def test_adapter_gives_up_on_tracks_that_do_not_move(stage):
    gazebo = stage.gazebo(tracks_move=False)
    stage.adapter()
    with pytest.raises(NotMovingError, match="drive:=bogies"):
        play(stage, gazebo, lambda: False, stage.listener(), drive=0.1)


def test_an_adapter_that_stood_still_for_seconds_goes_on(stage):
    """As when a kernel compiles on a new machine: Gazebo runs on, its tracks stop, and nobody is to blame."""
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(mobility__joint_states=JointState)
    play(stage, gazebo, lambda: gazebo.speed["fl_drive"] > 0.01, listener, drive=0.1)
    for _ in range(round(8e9 / TICK_NS)):
        if gazebo.now_ns % 1_000_000_000 == 0:
            gazebo.speed.update(dict.fromkeys(DRIVE_NAMES, 0.0))
        gazebo.tick()
    play(stage, gazebo, lambda: gazebo.x_m > 0.3, listener, drive=0.1)
    travelled = listener.heard["mobility__joint_states"][-1].position[4] * RADIUS
    # what the ramp and the timeout leave open
    assert travelled == pytest.approx(gazebo.x_m, abs=0.12)


@pytest.mark.parametrize("drive", ["tracks", "bogies"])
def test_drives_stand_once_the_adapter_has_left(stage, drive):
    gazebo = stage.gazebo()
    adapter = stage.adapter(drive=drive)
    play(stage, gazebo, lambda: min(gazebo.speed.values()) > 0.0, stage.listener(), drive=0.1)
    stage.end(adapter)
    stage.until(lambda: not any(gazebo.speed.values()))


def test_adapter_gives_up_on_a_rover_that_falls(stage):
    gazebo = stage.gazebo(pitch_rad=1.2)
    stage.adapter()
    gazebo.x_m = 10.0
    with pytest.raises(FallenError, match=r"below the ground at 10\.0, 0\.0 m"):
        play(stage, gazebo, lambda: False)


def test_silent_commands_stop_the_tracks(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener()
    play(stage, gazebo, lambda: gazebo.x_m > 0.05, listener, drive=0.1)
    play(stage, gazebo, lambda: gazebo.speed["rr_drive"] == 0.0)
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


def test_cloud_comes_without_lost_rays_in_the_layout_of_the_embedded_lidar(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(lidar__points=PointCloud2)
    message = cloud([(5.0, 1.0, -1.4, 0.5), (math.inf, 0.0, 0.0, 0.0), (-1.0, 0.0, -0.7, 0.2)])
    message.header.stamp = time_message(START_NS)

    def heard():
        gazebo.cloud.publish(message)
        return listener.heard["lidar__points"]

    play(stage, gazebo, heard)
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


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        (GazeboAdapterNode, {"drive": "legs"}, "takes one of tracks, bogies"),
        (GazeboAdapterNode, {"world": "/nowhere"}, "/nowhere: holds no world"),
        (GazeboAdapterNode, {"drvie": "tracks"}, "unknown key 'drvie'"),
        (PayloadNode, {"world": "/nowhere"}, "/nowhere: holds no world"),
        (PayloadNode, {"parts": "wheels"}, "unknown part 'wheels'"),
    ],
)
def test_bad_parameters_are_refused(stage, kind, parameters, words):
    with pytest.raises(ConfigurationError, match=words):
        stage.follow(kind, **parameters)


@pytest.mark.parametrize("kind", [GazeboAdapterNode, PayloadNode])
def test_lock_step_has_no_gazebo_to_follow(world, kind):
    conductor = Conductor()
    with pytest.raises(LockstepError, match="run it over DDS"):
        conductor.add(kind, {"world": str(world), "rover": str(ROVER_FILE)})
    assert not conductor.nodes


def test_payload_follows_gazebos_clock_and_pose(stage, world):
    gazebo = stage.gazebo(start_ns=START_NS + 7_000_000)
    stage.adapter()
    stage.payload(sun_light_period_s=2.0)
    listener = stage.listener(
        clock=Clock,
        power__bus=PowerBus,
        drill__rig=DrillRig,
        sun_sensor__direction=Vector3Stamped,
        star_tracker__attitude=AttitudeFix,
        truth__state=WorldTruth,
    )
    end_ns = START_NS + 6_000_000_000
    play(stage, gazebo, lambda: gazebo.now_ns > end_ns and len(gazebo.lights) >= 2, listener, drive=0.1)
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


def test_payload_refuses_a_clock_that_begins_too_early(stage):
    gazebo = stage.gazebo(start_ns=0)
    stage.payload()
    with pytest.raises(ClockError, match="initial-sim-time"):
        play(stage, gazebo, lambda: False)


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


ENDS = pytest.mark.parametrize(
    ("error", "code"),
    [(ClockError("late"), 1), (NotMovingError("still"), 1), (FallenError("deep"), 1), (ConfigurationError("wrong"), 2)],
)


@dataclass(frozen=True)
class Nothing:
    """A configuration without a setting."""


class Ending(following_node.FollowingNode):
    """Ends by an error, when it is wired or when it looks."""

    NAME, CONFIG = "ending", Nothing
    at_wiring = at_look = None
    left = 0

    def wire(self):
        if self.at_wiring is not None:
            raise self.at_wiring

    def follow(self):
        raise self.at_look

    def leave(self):
        type(self).left += 1


@pytest.fixture
def own_signals():
    """Give back the signals, which a node that ends leaves ignored."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@ENDS
def test_a_node_leaves_gazebo_however_it_ends(error, code, capsys, own_signals):
    kind = type("Late", (Ending,), {"at_look": error})
    assert following_node.run_following(kind, []) == code
    assert kind.left == 1
    assert capsys.readouterr().err == f"error: {error}\n"


@ENDS
def test_what_ends_a_node_is_one_sentence(error, code, capsys, own_signals):
    kind = type("Early", (Ending,), {"at_wiring": error})
    assert following_node.run_following(kind, []) == code
    assert kind.left == 0, "what was never wired has nothing to leave"
    assert capsys.readouterr().err == f"error: {error}\n"


def test_payload_refuses_a_domain_that_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    held = lock_domain(os.environ)
    try:
        assert payload_node.main([]) == 2
    finally:
        os.close(held)
    told = capsys.readouterr().err
    assert told.startswith("error: a simulator already runs on ROS domain")
    assert told.count("\n") == 1


class Quiet(following_node.FollowingNode):
    """Follows a Gazebo that steps now and then."""

    NAME, CONFIG = "quiet", Nothing
    steps = True

    def wire(self):
        pass

    def follow(self):
        return self.steps


def test_silence_of_gazebo_is_told_with_where_to_look(monkeypatch):
    told, looks = [], []
    wall = SimpleNamespace(time_s=0.0)
    monkeypatch.setattr(following_node, "time", SimpleNamespace(monotonic=lambda: wall.time_s))

    def begin(period_wall_s, look):
        looks.append(look)
        return SimpleNamespace(close=looks.clear)

    port = SimpleNamespace(
        source="parameters of node /quiet",
        parameters={},
        files={},
        declare=lambda settings: None,
        log=lambda severity, text: told.append((wall.time_s, severity, text)),
        look=begin,
    )
    node = Quiet(port)
    node.configure()

    def look_until(end_s):
        while wall.time_s < end_s:
            wall.time_s += 1.0
            looks[0]()

    look_until(100.0)
    assert not told
    node.steps = False
    look_until(145.0)
    assert [line[:2] for line in told] == [(121.0, Severity.WARNING), (142.0, Severity.WARNING)]
    assert "nothing from Gazebo for 20 s" in told[0][2]
    assert "[Err]" in told[0][2]
    node.close()
    assert not looks


def test_settings_of_the_sun_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SUN_SETTINGS.intensity = 0.0
