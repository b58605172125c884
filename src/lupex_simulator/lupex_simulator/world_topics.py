# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The world on its topics: what a run tells and hears, for whoever makes or follows its time."""

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Vector3Stamped
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import (
    AttitudeFix,
    DrillRig,
    DrillRigCommand,
    NeutronCounts,
    PowerBus,
    PowerSwitches,
    SampleAssay,
    WorldTruth,
)
from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.conversions import seconds
from lupex_node.qos import Profile
from lupex_simulator import conversions
from lupex_simulator.pace import Source
from lupex_simulator.parts import Part
from lupex_simulator.schedule import Mode, Output
from lupex_simulator.simulation import Simulation


class WorldTopics:
    """What a run of the world tells and hears. `heard` is told of each command's topic and stamp in seconds.

    Where messages do not wake the node, they are used before each of its looks. `now_s` is the time of who commands,
    which may be later than that of a world at rest.
    """

    def __init__(
        self,
        node: BareNode[Any],
        sim: Simulation,
        heard: Callable[[Source, float], None],
        *,
        wakes: bool = True,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        self._node = node
        self._sim = sim
        self._rover = sim.rover
        self._parts = sim.parts
        self._heard = heard
        self._wakes = wakes
        self._now_s = now_s or (lambda: sim.now_s)
        self._lost_told = False
        self._sensed_ns: dict[Output, int] = {}
        self._make_publishers()
        self._make_subscriptions()
        self._statics.publish(conversions.sensor_frames(self._rover, sim.now_ns))

    # ------------------------------------------------------------------------------------------------ wiring

    def _make_publishers(self) -> None:
        publisher = self._node.publisher
        self._clock = publisher(Clock, "/clock", qos.STATE)
        self._statics = publisher(TFMessage, "/tf_static", qos.LATCHED)
        self._truth_state = publisher(WorldTruth, "/truth/state", qos.STATE)
        parts = self._parts
        if Part.VEHICLE in parts:
            self._joints = publisher(JointState, "/mobility/joint_states", qos.SAMPLES)
            self._truth_odometry = publisher(Odometry, "/truth/odometry", qos.STATE)
        if Part.INERTIAL in parts:
            self._imu = publisher(Imu, "/imu/data", qos.SAMPLES)
            self._imu_messages = conversions.ImuMessages(self._rover)
        if Part.LIDAR in parts:
            self._cloud = publisher(PointCloud2, "/lidar/points", qos.NEWEST)
        if Part.SKY_SENSORS in parts:
            self._attitude = publisher(AttitudeFix, "/star_tracker/attitude", qos.STATE)
            self._sun = publisher(Vector3Stamped, "/sun_sensor/direction", qos.STATE)
        if Part.POWER_BUS in parts:
            self._bus = publisher(PowerBus, "/power/bus", qos.STATE)
        if Part.DRILL_RIG in parts:
            self._rig = publisher(DrillRig, "/drill/rig", qos.STATE)
            self._assays = publisher(SampleAssay, "/drill/assay", qos.EVENTS)
        if Part.NEUTRONS in parts:
            self._neutrons = publisher(NeutronCounts, "/neutron/counts", qos.STATE)

    def _make_subscriptions(self) -> None:
        parts = self._parts
        if Part.VEHICLE in parts:
            self._take(JointState, "/mobility/joint_commands", self._on_joint_command, qos.STATE)
        else:
            self._take(Odometry, "/truth/odometry", self._on_external_pose, qos.NEWEST)
            self._take(JointState, "/mobility/joint_states", self._on_external_joints, qos.SAMPLES)
            self._take(JointState, "/mobility/joint_commands", self._on_external_command, qos.NEWEST)
        if Part.DRILL_RIG in parts:
            self._take(DrillRigCommand, "/drill/rig_command", self._on_rig_command, qos.STATE)
        if Part.POWER_BUS in parts:
            self._take(PowerSwitches, "/power/switches", self._on_switches, qos.STATE)

    def _take(self, kind: type, topic: str, use: Callable[[Any], None], profile: Profile) -> None:
        self._node.receive(kind, topic, use, profile=profile, wakes=self._wakes)

    # ------------------------------------------------------------------------------------------------ incoming

    def _on_joint_command(self, message: JointState) -> None:
        steer, drive = conversions.joint_command(message)
        now_s = self._now_s()
        self._heard(Source.COMMANDS, seconds(message.header.stamp))
        vehicle = self._sim.vehicle
        vehicle.command(steer, drive, conversions.command_time_s(message.header.stamp, now_s))
        encoded = vehicle.encoders.steering_rad(vehicle.steer_rad)
        turns = bool(abs(steer - encoded).max() > self._sim.config.vehicle.steering_deadband_rad)
        self._sim.parking.commanded(now_s, bool(drive.any()) or turns)

    def _on_external_pose(self, message: Odometry) -> None:
        self._sim.place(conversions.odometry_pose(message), conversions.time_ns(message.header.stamp))

    def _on_external_joints(self, message: JointState) -> None:
        crawler = self._rover.crawler
        steer, drive = conversions.joint_command(message)
        power_w = conversions.joint_power_w(message, crawler.drive_efficiency)
        radius_m = crawler.sprocket_radius_m
        travel_m, time_s = conversions.joint_travel_m(message, radius_m), seconds(message.header.stamp)
        self._sim.external.drive(steer, drive * radius_m, travel_m, power_w, time_s)
        self._sim.parking.commanded(self._now_s(), power_w > 0.0)

    def _on_external_command(self, message: JointState) -> None:
        steer, _ = conversions.joint_command(message)
        self._heard(Source.COMMANDS, seconds(message.header.stamp))
        self._sim.external.command(steer)

    def _on_rig_command(self, message: DrillRigCommand) -> None:
        command = conversions.rig_command(message)
        self._heard(Source.DRILL, seconds(message.header.stamp))
        self._sim.drill_rig.command(command, conversions.command_time_s(message.header.stamp, self._now_s()))

    def _on_switches(self, message: PowerSwitches) -> None:
        time_s = conversions.command_time_s(message.header.stamp, self._now_s())
        self._sim.power_bus.switch(time_s, **conversions.switch_settings(message))

    # ------------------------------------------------------------------------------------------------ telling

    def tell(self, before_ns: int, mode: Mode, speed_up: Callable[[], float]) -> None:
        """Tell what has become due since `before_ns`; `speed_up` is asked for when the truth is told."""
        sim = self._sim
        now_ns = sim.now_ns
        parts = self._parts
        schedule = sim.schedule

        def due(output: Output) -> bool:
            return schedule.due(output, before_ns, now_ns, mode)

        if Part.INERTIAL in parts and due(Output.INERTIAL):
            self._imu.publish(self._imu_messages.of(now_ns, *sim.inertial_sample()))
        if Part.VEHICLE in parts:
            if due(Output.JOINTS):
                self._joints.publish(conversions.joints_message(now_ns, sim.vehicle))
            if due(Output.TRUTH_ODOMETRY):
                self._truth_odometry.publish(conversions.odometry_message(now_ns, sim.pose, sim.vehicle.twist))
        if Part.LIDAR in parts and due(Output.LIDAR) and sim.lidar_due():
            stamp = conversions.time_message(sim.pose_ns)
            self._cloud.publish(conversions.cloud_message(stamp, sim.lidar_scan()))
        if Part.SKY_SENSORS in parts:
            self._tell_sky(due)
        if Part.DRILL_RIG in parts:
            self._tell_drill(now_ns, due)
        if Part.POWER_BUS in parts and due(Output.POWER_BUS):
            self._bus.publish(conversions.bus_message(now_ns, sim.power_bus.reading()))
        if Part.NEUTRONS in parts and due(Output.NEUTRONS):
            counts = sim.neutron_counts()
            if counts is not None:
                self._neutrons.publish(conversions.neutrons_message(now_ns, counts))
        if sim.placed and due(Output.TRUTH_STATE):
            self._tell_truth(speed_up())
        # Last: whose timers this wakes finds the data of the same time already there.
        if due(Output.CLOCK):
            self.tell_clock()

    def tell_clock(self) -> None:
        """Tell the time."""
        self._clock.publish(Clock(clock=conversions.time_message(self._sim.now_ns)))

    def _tell_sky(self, due: Callable[[Output], bool]) -> None:
        if self._of_new_pose(Output.STAR_TRACKER, due):
            fix = self._sim.attitude_reading()
            if fix is not None:
                self._attitude.publish(conversions.attitude_message(self._sim.pose_ns, fix))
        if self._of_new_pose(Output.SUN_SENSOR, due):
            direction = self._sim.sun_direction()
            if direction is not None:
                self._sun.publish(conversions.direction_message(self._sim.pose_ns, direction))

    def _of_new_pose(self, output: Output, due: Callable[[Output], bool]) -> bool:
        """Tell whether an output is due and its pose is another than last time: of one, no two fixes are made."""
        if not (self._sim.placed and due(output)) or self._sensed_ns.get(output) == self._sim.pose_ns:
            return False
        self._sensed_ns[output] = self._sim.pose_ns
        return True

    def _tell_drill(self, now_ns: int, due: Callable[[Output], bool]) -> None:
        rig = self._sim.drill_rig
        if due(Output.DRILL_RIG):
            self._rig.publish(conversions.rig_message(now_ns, rig.reading()))
        assay = rig.samples.assay(self._sim.now_s)
        if assay is not None:
            self._assays.publish(conversions.assay_message(assay, now_ns))

    def _tell_truth(self, speed_up: float) -> None:
        self._truth_state.publish(conversions.truth_message(self._sim.pose_ns, self._sim.truth(), speed_up))
        if self._sim.lost and not self._lost_told:
            self._lost_told = True
            reason = "tipped over" if self._sim.tipped else "its battery is empty"
            self._node.error(f"the rover is lost: {reason}")
