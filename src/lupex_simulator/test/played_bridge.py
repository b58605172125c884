# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A Gazebo that is played behind the topics of its bridge, nodes that follow it, and who listens to them."""

import array
import collections
import math
import time
from pathlib import Path

import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from ros_gz_interfaces.msg import Contact, Contacts, Light
from ros_gz_interfaces.srv import ControlWorld
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2, PointField
from std_msgs.msg import Float64

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import read_rover
from lupex_node import qos
from lupex_node.qos import Profile
from lupex_node.ros.executor import BatchingExecutor
from lupex_node.ros.process import attach, detach
from lupex_node.ros.subscriptions import quality
from lupex_simulator.conversions import DRIVE_NAMES, JOINT_NAMES, STEER_NAMES, header, quaternion, time_message
from lupex_simulator.gazebo.node import GazeboAdapterNode
from lupex_simulator.payload.node import PayloadNode
from lupex_simulator.schedule import START_NS

ROVER_FILE = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
ROVER = read_rover(ROVER_FILE)
RADIUS = ROVER.crawler.sprocket_radius_m
STEP_NS = 4_000_000
"""Of the physics."""
TICK_NS = 5 * STEP_NS
KNOCK_MPS2 = 0.045
"""Makes 0.064 m/s2 rms of instants, as measured of a rover that drives in a real server."""
TICK_WALL_S, LOOK_WALL_S = 0.004, 0.002
"""The played Gazebo runs five times as fast as the wall's time, and is looked at as often as the real one."""
WALL_LIMIT_S = 60.0


class PlayedGazebo:
    """A rover on a plane with a slope, behind the bridge's topics; it drives as it is told, if `tracks_move`.

    Times, rates and stamps are those of a real server: odometry comes at `odometry_hz`, joint states at 50 Hz, each
    with the stamp of its step, and the inertial unit tells the instant of each step: while tracks run, contacts knock
    it to and fro. `bursts_ns` holds by topic at which multiples of time what has gathered comes at once.
    """

    def __init__(self, start_ns=START_NS, tracks_move=True, pitch_rad=-0.1, odometry_hz=25.0, bursts_ns=None):
        self.node = rclpy.create_node("played_gazebo")
        self.now_ns, self.tracks_move, self.pitch_rad = start_ns, tracks_move, pitch_rad
        self.x_m, self.yaw_rad, self.yaw_rate_rad_s = 0.0, 0.0, 0.0
        self.odometry_ns = round(1e9 / odometry_hz)
        self.poses = {}
        self.angle, self.speed = dict.fromkeys(STEER_NAMES, 0.0), dict.fromkeys(DRIVE_NAMES, 0.0)
        self.lights = []
        self.granted_ns = 0
        self.node.create_service(ControlWorld, "/world/moon/control", self._grant)
        self._bursts_ns, self._gathered = bursts_ns or {}, collections.defaultdict(list)
        self._rng, self._knock = np.random.default_rng(5), np.zeros(3)
        for name in STEER_NAMES:
            self.take(Float64, f"/gazebo/{name}/angle", self._set(self.angle, name))
        for name in DRIVE_NAMES:
            self.take(Float64, f"/gazebo/{name}/speed", self._set(self.speed, name))
        self.take(Light, "/gazebo/light_config", self.lights.append)
        kinds = {
            "clock": Clock,
            "odometry": Odometry,
            "imu": Imu,
            "joint_states": JointState,
            "contact": Contacts,
            "lidar/points": PointCloud2,
        }
        self._publishers = {topic: self.publisher(kind, f"/gazebo/{topic}") for topic, kind in kinds.items()}

    def _grant(self, request, response):
        control = request.world_control
        self.granted_ns += control.multi_step * STEP_NS if control.pause else 0
        response.success = True
        return response

    def run_as_granted(self):
        """Tick while steps are granted; tell the clock all the same, as a paused server does."""
        if self.granted_ns >= TICK_NS:
            self.granted_ns -= TICK_NS
            self.tick()
        else:
            self.tell("clock", Clock(clock=time_message(self.now_ns)))

    def take(self, kind, topic, use):
        self.node.create_subscription(kind, topic, use, quality(qos.STATE))

    def publisher(self, kind, topic):
        return self.node.create_publisher(kind, topic, quality(Profile(1000) if kind is Imu else qos.STATE))

    @staticmethod
    def _set(values, name):
        return lambda message: values.__setitem__(name, message.data)

    def tell(self, topic, message):
        """Hand a message over, or gather it until its topic's burst."""
        gathered = self._gathered[topic]
        gathered.append(message)
        if self.now_ns % self._bursts_ns.get(topic, 1) < TICK_NS:
            for waiting in gathered:
                self._publishers[topic].publish(waiting)
            gathered.clear()

    def pose_at(self, stamp):
        """Return the true (x, yaw) at the time of a stamp; a KeyError means that there was no step then."""
        return self.poses[stamp.sec * 1_000_000_000 + stamp.nanosec]

    def tick(self):
        before_ns = self.now_ns
        for _ in range(TICK_NS // STEP_NS):
            self._step()
        told = header(self.now_ns, "lupex_rover/odom")
        angles = list(self.angle.values())[::-1]
        self.tell("joint_states", JointState(header=told, name=["other", *STEER_NAMES[::-1]], position=[9.0, *angles]))
        if self.now_ns // self.odometry_ns != before_ns // self.odometry_ns:
            self.tell("odometry", self._odometry(told))
        self.tell("contact", Contacts(header=told, contacts=[Contact()]))
        self.tell("clock", Clock(clock=time_message(self.now_ns)))

    def _step(self):
        self.now_ns += STEP_NS
        dt_s = STEP_NS * 1e-9
        if self.tracks_move:
            self.x_m += sum(self.speed.values()) / 4 * dt_s * math.cos(self.pitch_rad)
        self.yaw_rad += self.yaw_rate_rad_s * dt_s
        self.poses[self.now_ns] = (self.x_m, self.yaw_rad)
        self.tell("imu", self._instant())

    def _instant(self):
        """Return what the unit feels now; a contact's knocks to and fro take each other away."""
        before, self._knock = self._knock, self._rng.normal(0.0, KNOCK_MPS2, 3) * any(self.speed.values())
        message = Imu(header=header(self.now_ns, "base_link"))
        w, a = message.angular_velocity, message.linear_acceleration
        w.z = self.yaw_rate_rad_s
        a.x, a.y, a.z = (self.felt_mps2() + self._knock - before).tolist()
        return message

    def felt_mps2(self):
        """Return the specific force of rest on the slope."""
        return MOON_GRAVITY_M_S2 * np.array([-math.sin(self.pitch_rad), 0.0, math.cos(self.pitch_rad)])

    def _odometry(self, told):
        message = Odometry(header=told)
        message.pose.pose.position.x = self.x_m
        message.pose.pose.position.z = -math.tan(self.pitch_rad) * self.x_m
        message.pose.pose.orientation = quaternion(self.yaw_rad, self.pitch_rad, 0.0)
        message.twist.twist.linear.x = 0.25
        return message


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


def play(stage, gazebo, until, listener=None, drive=None):
    """Let Gazebo run, everybody follow, until something holds."""

    def tick():
        gazebo.tick()
        if drive is not None:
            listener.drive(gazebo.now_ns, drive)

    stage.until(until, tick)


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
