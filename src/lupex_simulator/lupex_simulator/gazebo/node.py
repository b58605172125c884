# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The adapter between Gazebo's topics and those of the rover: what the bridge cannot convert by itself."""

import sys
from pathlib import Path

import numpy as np
from nav_msgs.msg import Odometry
from ros_gz_interfaces.msg import Contacts
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2
from std_msgs.msg import Float64

from lupex_interfaces.msg import DrillRig
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node import qos
from lupex_node.conversions import seconds
from lupex_node.qos import Profile
from lupex_simulator.config import GazeboAdapterConfig
from lupex_simulator.conversions import (
    DRIVE_NAMES,
    STEER_NAMES,
    ImuMessages,
    cloud_message,
    command_time_s,
    joint_command,
    odometry_pose,
    time_ns,
)
from lupex_simulator.gazebo.conversions import (
    as_truth,
    cloud_points,
    inertial_instant,
    joint_states_message,
    steering_angles,
)
from lupex_simulator.gazebo.following import FollowedClock
from lupex_simulator.gazebo.following_node import FollowingNode, run_following
from lupex_simulator.gazebo.footing import refuse_fallen
from lupex_simulator.gazebo.inertial_means import InertialMeans
from lupex_simulator.gazebo.lidar_cloud import ground_points, hull_of
from lupex_simulator.gazebo.told_cloud import told_cloud
from lupex_simulator.gazebo.unit_drive import MotionProof, UnitDrive
from lupex_simulator.sensors.inertial import InertialUnit, moon_rotation_map_rad_s
from lupex_simulator.sensors.sensor_pose import PoseHistory, SensorPose
from lupex_worlds.gazebo_files.robot_description import DRIVES
from lupex_worlds.pose import Pose
from lupex_worlds.run_world import open_run_world
from lupex_worlds.truth_draw import random_stream

_FAREWELL_S = 0.2
"""Of wall time at most that the drives' last speeds are waited to arrive."""

_CLOUD_LATE_S = 2.0
"""Between a cloud's stamp and its coming."""


INSTANTS = Profile(1000)
"""Of the inertial unit: four seconds at 250 Hz, as many as config/ros_gz_bridge.yaml keeps at its end."""


class GazeboAdapterNode(FollowingNode[GazeboAdapterConfig]):
    """Unit commands with the soil's slip to Gazebo; encoders, odometry, inertial means, cloud and contact back."""

    NAME, CONFIG = "gazebo_adapter", GazeboAdapterConfig

    def wire(self) -> None:
        config = self.config
        if config.drive not in DRIVES:
            raise ConfigurationError(f"parameter 'drive' is '{config.drive}' but takes one of {', '.join(DRIVES)}")
        self._rover = rover = read_rover(config.rover)
        try:
            world = open_run_world(Path(config.world), config.truth, config.draw)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error
        self._ground = world.ground
        drag_factor = world.vehicle.drag_factor
        self._units = UnitDrive(rover, config, world.soil_rows, drag_factor, world.soil.grip, world.encoders)
        self._proof = MotionProof(config, rover)
        self._hull = hull_of(rover, config.hull_margin_m)
        self._lidar_draw = world.sensors.lidar
        self._lidar_rng = random_stream(world.seed, "gazebo lidar")
        moon = moon_rotation_map_rad_s(world.frame)
        self._inertial = InertialUnit(world.sensors.imu, moon, random_stream(world.seed, "inertial"))
        self._inertial_s = 1.0 / rover.imu.rate_hz
        self._means = InertialMeans(round(1e9 * self._inertial_s))
        self._imu_messages = ImuMessages(rover)
        self._poses: PoseHistory | None = None
        self._track_mps = 0.0
        # who estimates from the joint states waits for each of them, also of those that are told late
        self._clock = FollowedClock(round(1e9 / config.rate_hz), round(1e9 * rover.crawler.command_timeout_s))
        self._pose: Pose | None = None
        self._odometry: Odometry | None = None
        self._steer: np.ndarray | None = None
        self._contact: Contacts | None = None
        self._told_contact = -1
        self._held = False
        self._angles = [self.publisher(Float64, f"/gazebo/{name}/angle", qos.NEWEST) for name in STEER_NAMES]
        self._speeds = [self.publisher(Float64, f"/gazebo/{name}/speed", qos.NEWEST) for name in DRIVE_NAMES]
        self._joints = self.publisher(JointState, "/mobility/joint_states", qos.SAMPLES)
        self._imu = self.publisher(Imu, "/imu/data", qos.SAMPLES)
        self._truth = self.publisher(Odometry, "/truth/odometry", qos.STATE)
        self._truth_contact = self.publisher(Contacts, "/truth/contact", qos.STATE)
        self._cloud = self.publisher(PointCloud2, "/lidar/points", qos.NEWEST)
        self._spoken = False
        self.listen(Clock, "/gazebo/clock", self._on_clock)
        self.listen(Odometry, "/gazebo/odometry", self._on_odometry)
        self.listen(Imu, "/gazebo/imu", self._on_imu, INSTANTS)
        self.listen(JointState, "/gazebo/joint_states", self._on_joint_states)
        self.listen(PointCloud2, "/gazebo/lidar/points", self._on_cloud)
        self.listen(Contacts, "/gazebo/contact", self._on_contact)
        self.listen(JointState, "/mobility/joint_commands", self._on_command, qos.STATE)
        self.listen(DrillRig, "/drill/rig", self._on_rig)

    # ------------------------------------------------------------------------------------------------ incoming

    def _on_clock(self, message: Clock) -> None:
        self._spoken = True
        self._clock.heard(time_ns(message.clock))

    def _on_odometry(self, message: Odometry) -> None:
        self._pose, self._odometry = odometry_pose(message), message
        at_ns, pose = time_ns(message.header.stamp), SensorPose(**vars(self._pose))
        if self._poses is None:
            # a cloud comes a while after its stamp
            kept_ns = round(1e9 * (self._lidar_draw.scan_duration_s + _CLOUD_LATE_S))
            self._poses = PoseHistory(pose, at_ns, kept_ns)
        self._poses.add(pose, at_ns)

    def _on_imu(self, message: Imu) -> None:
        for mean in self._means.add(inertial_instant(message)):
            if self._pose is not None:
                told = self._inertial.of_means(
                    mean.rate_rad_s, mean.force_mps2, self._pose.rotation(), self._inertial_s, self._track_mps
                )
                self._imu.publish(self._imu_messages.of(mean.time_ns, *told))

    def _on_joint_states(self, message: JointState) -> None:
        self._steer = steering_angles(message)

    def _on_command(self, message: JointState) -> None:
        now_ns = self._clock.now_ns
        if now_ns is not None:
            self._units.command(*joint_command(message), command_time_s(message.header.stamp, now_ns * 1e-9))

    def _on_rig(self, message: DrillRig) -> None:
        # the bit in the ground holds the vehicle, as in the embedded world
        self._held = message.depth_m > 0.0

    def _on_contact(self, message: Contacts) -> None:
        self._contact = message

    def _on_cloud(self, message: PointCloud2) -> None:
        lidar = self._rover.lidar
        points = ground_points(cloud_points(message), self._hull, lidar.range_min_m, lidar.range_max_m)
        if self._poses is not None:
            end_ns, draw = time_ns(message.header.stamp), self._lidar_draw
            poses = (self._poses.at(end_ns - round(1e9 * draw.scan_duration_s)), self._poses.at(end_ns))
            points = told_cloud(points, poses, lidar, draw, self._lidar_rng, track_mps=self._track_mps)
        self._cloud.publish(cloud_message(message.header.stamp, points))

    # ------------------------------------------------------------------------------------------------ telling

    def follow(self) -> bool:
        """Command the units and tell their state as often as it is time.

        A clock that stands is told: whether Gazebo may stand still is the payload node's to say.
        """
        spoken, self._spoken = self._spoken, False
        while (step := self._clock.step()) is not None:
            if self._pose is not None and self._steer is not None:
                self._step(self._pose, self._steer, *step)
        return spoken

    def _step(self, pose: Pose, steer: np.ndarray, before_ns: int, now_ns: int) -> None:
        dt_s = (now_ns - before_ns) * 1e-9
        refuse_fallen(self._ground, pose, self.config.fallen_m)
        units = self._units.step(dt_s, now_ns * 1e-9, (pose.x_m, pose.y_m), pose.rotation(), steer, held=self._held)
        self._track_mps = float(np.abs(units.track_mps).mean())
        for publisher, value in zip(self._angles, units.steer_command_rad.tolist()):
            publisher.publish(Float64(data=value))
        for publisher, value in zip(self._speeds, units.speed_command.tolist()):
            publisher.publish(Float64(data=value))
        self._joints.publish(joint_states_message(now_ns, units))
        self._tell_truth(before_ns, now_ns)
        if not self._held:
            over_ground = units.track_mps * (1.0 - units.slip)
            self._proof.watch(over_ground, dt_s, pose.x_m, pose.y_m, pose.yaw_rad)

    def leave(self) -> None:
        """Stop the drives: a bogie's wheels run on at the last speed they were told."""
        for publisher in self._speeds:
            publisher.publish(Float64(data=0.0))
        for publisher in self._speeds:
            publisher.settle(_FAREWELL_S)

    def _tell_truth(self, before_ns: int, now_ns: int) -> None:
        period_ns = round(1e9 / self.config.odometry_hz)
        if self._odometry is not None and now_ns // period_ns != before_ns // period_ns:
            self._truth.publish(as_truth(self._odometry))
            self._odometry = None
        if self._contact is not None:
            slot = int(seconds(self._contact.header.stamp) * self.config.contact_hz)
            if slot != self._told_contact:
                self._told_contact = slot
                self._truth_contact.publish(self._contact)
            self._contact = None


def main(args: list[str] | None = None) -> int:
    """Run the adapter until told to stop.

    Return the exit code: 1 when the rover does not move on command or has fallen, or the clock is wrong, 2 for a
    parameter or a file.
    """
    return run_following(GazeboAdapterNode, args)


if __name__ == "__main__":
    sys.exit(main())
