# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for Gazebo behind its bridge: a rover that follows its tracks without slip over the true ground.

Run in place of parameter_bridge; the world is that of GZ_SIM_RESOURCE_PATH, as for Gazebo itself. Rates, stamps and
knocks are those measured of a real server (docs/gazebo.md): the inertial unit tells the instant of each step of the
physics, the pose comes at 25 Hz, and now and then a busy bridge hands nothing on for a while, and then all at once.
"""

import array
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from ros_gz_interfaces.srv import ControlWorld
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2, PointField
from std_msgs.msg import Float64

from lupex_models.rover import read_rover
from lupex_node import qos
from lupex_node.qos import Profile
from lupex_node.ros.process import Stop
from lupex_node.ros.subscriptions import quality, taken
from lupex_simulator.conversions import DRIVE_NAMES, STEER_NAMES, header, odometry_message, time_message
from lupex_simulator.gazebo.node import INSTANTS
from lupex_simulator.schedule import START_NS
from lupex_simulator.sensors.inertial import true_motion
from lupex_simulator.sensors.lidar import scan
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_worlds.contact_plane import settle
from lupex_worlds.gazebo_files.gazebo_making import shared_file
from lupex_worlds.pose import Pose
from lupex_worlds.run_world import open_run_world
from lupex_worlds.truth.sensor_truth import kind_sensors

TRUTH = "LUPEX_PLAYED_TRUTH"
"""Names the level of truth at which the world was made."""
PHYSICS_NS = 4_000_000
STEP_NS = 5 * PHYSICS_NS
HOLD_EVERY_NS, HOLD_NS, HOLD_WALL_S = 10_000_000_000, 400_000_000, 0.2
"""How often the bridge hands nothing on, and for how long at most: at load 20 fifty samples were not enough."""
KNOCK_MPS2 = 0.045
"""Makes 0.064 m/s2 rms of instants, as measured."""
SPEED_UP = 2.0
"""Of the played world over the wall's time."""


class PlayedGazebo(Node):
    """The rover and its sensors on the bridge's topics."""

    def __init__(self) -> None:
        super().__init__("ros_gz_bridge")
        self._rover = rover = read_rover(shared_file(Path("config") / "rover.yaml"))
        world = open_run_world(Path(os.environ["GZ_SIM_RESOURCE_PATH"]).parents[1], os.environ.get(TRUTH, "kind"), -1)
        self._ground = world.ground
        x, y = rover.crawler.unit_x_m, rover.crawler.unit_y_m
        self._places = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
        self._now_ns = START_NS
        self._steer, self._angle, self._speed = np.zeros(4), np.zeros(4), np.zeros(4)
        self._told_ns = START_NS
        self._twist = np.zeros(3)
        start = world.start_pose
        self._place = np.array([start.x_m, start.y_m, start.yaw_rad])
        self._pose = self._settled()
        self._velocity = np.zeros(3)
        # the errors of the true sensors are added behind the bridge, or not at all
        self._sensors = kind_sensors()
        self._sensed = (self._pose.rotation(), self._velocity)
        self._rng = np.random.default_rng(2)
        self._knock = np.zeros(3)
        self._held: list[tuple[Any, Any]] = []
        self._hold_count, self._hold_ends_wall_s = -1, 0.0
        self._commands = [
            (self.create_subscription(Float64, f"/gazebo/{name}/{what}", _wait, quality(qos.STATE)), values, k)
            for names, what, values in ((STEER_NAMES, "angle", self._angle), (DRIVE_NAMES, "speed", self._speed))
            for k, name in enumerate(names)
        ]
        self._clock = self._offer(Clock, "/gazebo/clock")
        self._odometry = self._offer(Odometry, "/gazebo/odometry")
        self._joints = self._offer(JointState, "/gazebo/joint_states")
        self._imu = self._offer(Imu, "/gazebo/imu", INSTANTS)
        self._cloud = self._offer(PointCloud2, "/gazebo/lidar/points")

    def _offer(self, kind: type, topic: str, profile: Profile = qos.STATE):
        return self.create_publisher(kind, topic, quality(profile))

    def _obey(self) -> None:
        for subscription, values, k in self._commands:
            for message, _ in taken(subscription):
                values[k] = message.data
                self._told_ns = self._now_ns

    def _settled(self) -> Pose:
        x, y, yaw = self._place.tolist()
        limits = np.full(11, np.inf)
        crawler = np.array([self._rover.crawler.track_length_m, self._rover.crawler.track_width_m])
        z, pitch, roll, _ = settle(self._ground, self._places, crawler, limits, x, y, yaw, self._steer, np.zeros(4))
        return Pose(x, y, float(z), float(roll), float(pitch), yaw)

    def step(self) -> None:
        """Move by one step and tell what Gazebo would."""
        self._obey()
        self._now_ns += STEP_NS
        dt_s = STEP_NS * 1e-9
        if self._now_ns - self._told_ns > 1_000_000_000:
            self._speed[:] = 0.0
        most = self._rover.crawler.max_steer_rate_rad_s * dt_s
        self._steer += np.clip(self._angle - self._steer, -most, most)
        self._move(dt_s)
        joints = JointState(header=header(self._now_ns, ""), name=list(STEER_NAMES), position=self._steer.tolist())
        self._tell(self._joints, joints)
        self._tell_instants()
        if self._now_ns % (2 * STEP_NS) == 0:
            odometry = odometry_message(self._now_ns, self._pose, tuple(self._twist.tolist()))
            self._tell(self._odometry, odometry)
        if self._now_ns % 1_000_000_000 == 0:
            self._tell(self._cloud, self._scan())
        self._tell(self._clock, Clock(clock=time_message(self._now_ns)))

    def tell_time(self) -> None:
        """Tell the clock, as Gazebo does while it is paused too."""
        self._tell(self._clock, Clock(clock=time_message(self._now_ns)))

    def _busy(self) -> bool:
        count, since_ns = divmod(self._now_ns - START_NS, HOLD_EVERY_NS)
        if count != self._hold_count:
            self._hold_count, self._hold_ends_wall_s = count, time.monotonic() + HOLD_WALL_S
        return since_ns < HOLD_NS and time.monotonic() < self._hold_ends_wall_s

    def _tell(self, publisher: Any, message: Any) -> None:
        """Hand a message on, or keep it while the bridge is busy."""
        self._held.append((publisher, message))
        if not self._busy():
            for known, waiting in self._held:
                known.publish(waiting)
            self._held.clear()

    def _move(self, dt_s: float) -> None:
        if self._speed.any():
            rows, wanted = [], []
            for (x, y), angle, speed in zip(self._places, self._steer, self._speed):
                rows += [(1.0, 0.0, -y), (0.0, 1.0, x)]
                wanted += [speed * np.cos(angle), speed * np.sin(angle)]
            self._twist = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
        else:
            self._twist = np.zeros(3)
        before = self._pose
        rotation = before.rotation()
        forward = rotation @ (self._twist[0], self._twist[1], 0.0)
        self._place += dt_s * np.array([forward[0], forward[1], self._twist[2] * rotation[2, 2]])
        self._pose = self._settled()
        moved = (self._pose.x_m - before.x_m, self._pose.y_m - before.y_m, self._pose.z_m - before.z_m)
        self._velocity = np.array(moved) / dt_s

    def _tell_instants(self) -> None:
        """Tell what the inertial unit feels at each step of the physics, knocked to and fro while the tracks run."""
        rotation, velocity = self._sensed
        self._sensed = (self._pose.rotation(), self._velocity)
        rate, force = true_motion(rotation, self._sensed[0], velocity, self._velocity, np.zeros(3), STEP_NS * 1e-9)
        steps = STEP_NS // PHYSICS_NS
        for k in range(1, steps + 1):
            before, self._knock = self._knock, self._rng.normal(0.0, KNOCK_MPS2, 3) * bool(self._speed.any())
            message = Imu(header=header(self._now_ns - (steps - k) * PHYSICS_NS, "base_link"))
            w, a = message.angular_velocity, message.linear_acceleration
            w.x, w.y, w.z = rate.tolist()
            a.x, a.y, a.z = (force + self._knock - before).tolist()
            self._tell(self._imu, message)

    def _scan(self) -> PointCloud2:
        """Return a cloud in Gazebo's layout, with the rays that met nothing."""
        pose = SensorPose(*(getattr(self._pose, name) for name in SensorPose.__dataclass_fields__))
        points = scan(self._ground, (pose, pose), self._rover.lidar, self._sensors.lidar, self._rng)
        table = np.full((self._rover.lidar.columns * self._rover.lidar.rows, 8), np.inf, dtype="<f4")
        table[: len(points), :3], table[: len(points), 4] = points[:, :3], points[:, 3]
        message = PointCloud2(height=1, width=len(table), point_step=32, row_step=32 * len(table))
        message.header = header(self._now_ns, "lidar")
        message.fields = [
            PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
            for name, offset in (("x", 0), ("y", 4), ("z", 8), ("intensity", 16))
        ]
        message.data = array.array("B", table.tobytes())
        return message


class WorldControl(Node):
    """Gazebo's control of the world behind the bridge: steps are granted, and add up."""

    def __init__(self) -> None:
        super().__init__("world_control")
        self.granted_ns = 0
        self.create_service(ControlWorld, "/world/moon/control", self._grant)

    def _grant(self, request: ControlWorld.Request, response: ControlWorld.Response) -> ControlWorld.Response:
        control = request.world_control
        if control.pause:
            self.granted_ns += control.multi_step * PHYSICS_NS
        response.success = True
        return response


def _wait(message: Float64) -> None:
    """Stand as the callback of a subscription whose messages are taken at each step."""


def main() -> int:
    """Play Gazebo until told to stop."""
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    stop, node = Stop(), PlayedGazebo()
    if any(word.endswith("/ControlWorld") for word in sys.argv):
        _run_as_granted(stop, node)
    else:
        _run_by_itself(stop, node)
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


def _run_as_granted(stop: Stop, node: PlayedGazebo) -> None:
    control, executor = WorldControl(), SingleThreadedExecutor()
    executor.add_node(control)
    while not stop.asked:
        if control.granted_ns < STEP_NS:
            executor.spin_once(timeout_sec=0.02)
        else:
            executor.spin_once(timeout_sec=0.0)
        if control.granted_ns >= STEP_NS:
            control.granted_ns -= STEP_NS
            node.step()
        else:
            node.tell_time()
    executor.shutdown()
    control.destroy_node()


def _run_by_itself(stop: Stop, node: PlayedGazebo) -> None:
    due_s = time.monotonic()
    while not stop.asked:
        node.step()
        due_s = max(due_s + STEP_NS * 1e-9 / SPEED_UP, time.monotonic() - 0.5)
        time.sleep(max(0.0, due_s - time.monotonic()))


if __name__ == "__main__":
    sys.exit(main())
