# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The world on its topics: what a run tells and hears, for whoever makes or follows its time."""

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Vector3Stamped
from nav_msgs.msg import Odometry
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
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
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_simulator import conversions
from lupex_simulator.pace import Source
from lupex_simulator.parts import Part
from lupex_simulator.schedule import Mode, Output
from lupex_simulator.simulation import Simulation

REPORT_EVERY = 200
"""A refused message is logged the first time and then once in so many."""


class PolledTopics:
    """Subscriptions whose messages are used whether the executor or `poll` finds them."""

    def __init__(self, node: Node, callback_group: CallbackGroup | None = None) -> None:
        self._node = node
        self._group = callback_group
        self._refused: dict[str, int] = {}
        self._polled: list[tuple[Any, Callable[[Any], None]]] = []

    def take(
        self, kind: type, topic: str, use: Callable[[Any], None], profile: QoSProfile, *, raw: bool = False
    ) -> None:
        """Subscribe; what a message must not contain is logged."""

        def guarded(message: Any) -> None:
            try:
                use(message)
            except InvalidMessage as refusal:
                count = self._refused.get(topic, 0)
                self._refused[topic] = count + 1
                if count % REPORT_EVERY == 0:
                    self._node.get_logger().warning(f"{topic}: message not used: {refusal} ({count + 1} so far)")

        subscription = self._node.create_subscription(
            kind, topic, guarded, profile, raw=raw, callback_group=self._group
        )
        self._polled.append((subscription, guarded))

    def poll(self) -> None:
        """Use all messages that have arrived: a tenth of the cost of asking the executor after each step."""
        for subscription, use in self._polled:
            handle = subscription.handle
            with handle:
                while (taken := handle.take_message(subscription.msg_type, subscription.raw)) is not None:
                    use(taken[0])


class WorldTopics(PolledTopics):
    """What a run of the world tells and hears. `heard` is told of each command's topic and stamp in seconds."""

    def __init__(
        self,
        node: Node,
        sim: Simulation,
        heard: Callable[[Source, float], None],
        callback_group: CallbackGroup | None = None,
    ) -> None:
        super().__init__(node, callback_group)
        self._sim = sim
        self._rover = sim.rover
        self._parts = sim.parts
        self._heard = heard
        self._lost_told = False
        self._make_publishers()
        self._make_subscriptions()
        self._statics.publish(conversions.sensor_frames(self._rover, sim.now_ns))

    # ------------------------------------------------------------------------------------------------ wiring

    def _make_publishers(self) -> None:
        create = self._node.create_publisher
        self._clock = create(Clock, "/clock", qos.STATE)
        self._statics = create(TFMessage, "/tf_static", qos.LATCHED)
        self._truth_state = create(WorldTruth, "/truth/state", qos.STATE)
        self._clock_message, self._truth_message = Clock(), WorldTruth()
        self._truth_message.header.frame_id = conversions.MAP_FRAME
        parts = self._parts
        if Part.VEHICLE in parts:
            self._joints = create(JointState, "/mobility/joint_states", qos.SAMPLES)
            self._truth_odometry = create(Odometry, "/truth/odometry", qos.STATE)
            self._joints_message, self._odometry_message = conversions.joint_message(), Odometry()
            self._odometry_message.header.frame_id = conversions.MAP_FRAME
            self._odometry_message.child_frame_id = conversions.BASE_FRAME
        if Part.INERTIAL in parts:
            self._imu = create(Imu, "/imu/data", qos.SAMPLES)
            self._imu_message = conversions.imu_message(self._rover)
        if Part.LIDAR in parts:
            self._cloud = create(PointCloud2, "/lidar/points", qos.NEWEST)
            self._cloud_message = conversions.cloud_message()
        if Part.SKY_SENSORS in parts:
            self._attitude = create(AttitudeFix, "/star_tracker/attitude", qos.STATE)
            self._sun = create(Vector3Stamped, "/sun_sensor/direction", qos.STATE)
            self._attitude_message, self._sun_message = AttitudeFix(), Vector3Stamped()
            self._attitude_message.header.frame_id = conversions.STAR_TRACKER_FRAME
            self._sun_message.header.frame_id = conversions.BASE_FRAME
        if Part.POWER_BUS in parts:
            self._bus = create(PowerBus, "/power/bus", qos.STATE)
            self._bus_message = PowerBus()
            self._bus_message.header.frame_id = conversions.BASE_FRAME
        if Part.DRILL_RIG in parts:
            self._rig = create(DrillRig, "/drill/rig", qos.STATE)
            self._assays = create(SampleAssay, "/drill/assay", qos.EVENTS)
            self._rig_message = DrillRig()
            self._rig_message.header.frame_id = conversions.DRILL_FRAME
        if Part.NEUTRONS in parts:
            self._neutrons = create(NeutronCounts, "/neutron/counts", qos.STATE)
            self._neutrons_message = NeutronCounts()
            self._neutrons_message.header.frame_id = conversions.BASE_FRAME

    def _make_subscriptions(self) -> None:
        parts = self._parts
        if Part.VEHICLE in parts:
            self.take(JointState, "/mobility/joint_commands", self._on_joint_command, qos.STATE)
        else:
            self.take(Odometry, "/truth/odometry", self._on_external_pose, qos.NEWEST)
            self.take(JointState, "/mobility/joint_states", self._on_external_joints, qos.NEWEST)
        if Part.DRILL_RIG in parts:
            self.take(DrillRigCommand, "/drill/rig_command", self._on_rig_command, qos.STATE)
        if Part.POWER_BUS in parts:
            self.take(PowerSwitches, "/power/switches", self._on_switches, qos.STATE)

    # ------------------------------------------------------------------------------------------------ incoming

    def _on_joint_command(self, message: JointState) -> None:
        steer, drive = conversions.joint_command(message)
        now_s = self._sim.now_s
        self._heard(Source.COMMANDS, seconds(message.header.stamp))
        vehicle = self._sim.vehicle
        vehicle.command(steer, drive, conversions.command_time_s(message.header.stamp, now_s))
        turns = bool(abs(steer - vehicle.steer_rad).max() > self._sim.config.vehicle.steering_deadband_rad)
        self._sim.parking.commanded(now_s, bool(drive.any()) or turns)

    def _on_external_pose(self, message: Odometry) -> None:
        self._sim.place(conversions.odometry_pose(message), seconds(message.header.stamp))

    def _on_external_joints(self, message: JointState) -> None:
        crawler = self._rover.crawler
        steer, drive = conversions.joint_command(message)
        power_w = conversions.joint_power_w(message, crawler.drive_efficiency)
        self._sim.external.drive(steer, drive * crawler.sprocket_radius_m, power_w)
        self._sim.parking.commanded(self._sim.now_s, power_w > 0.0)

    def _on_rig_command(self, message: DrillRigCommand) -> None:
        command = conversions.rig_command(message)
        self._heard(Source.DRILL, seconds(message.header.stamp))
        self._sim.drill_rig.command(command, conversions.command_time_s(message.header.stamp, self._sim.now_s))

    def _on_switches(self, message: PowerSwitches) -> None:
        self._heard(Source.SWITCHES, seconds(message.header.stamp))
        time_s = conversions.command_time_s(message.header.stamp, self._sim.now_s)
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
            conversions.set_stamp(self._imu_message.header.stamp, now_ns)
            conversions.fill_imu(self._imu_message, *sim.inertial_sample())
            self._imu.publish(self._imu_message)
        if Part.VEHICLE in parts:
            if due(Output.JOINTS):
                conversions.set_stamp(self._joints_message.header.stamp, now_ns)
                conversions.fill_joints(self._joints_message, sim.vehicle, self._rover.crawler.sprocket_radius_m)
                self._joints.publish(self._joints_message)
            if due(Output.TRUTH_ODOMETRY):
                conversions.set_stamp(self._odometry_message.header.stamp, now_ns)
                conversions.fill_odometry(self._odometry_message, sim.pose, sim.vehicle.twist)
                self._truth_odometry.publish(self._odometry_message)
        if Part.LIDAR in parts and due(Output.LIDAR):
            conversions.set_stamp(self._cloud_message.header.stamp, now_ns)
            conversions.fill_cloud(self._cloud_message, sim.lidar_scan())
            self._cloud.publish(self._cloud_message)
        if Part.SKY_SENSORS in parts:
            self._tell_sky(now_ns, due)
        if Part.DRILL_RIG in parts:
            self._tell_drill(now_ns, due)
        if Part.POWER_BUS in parts and due(Output.POWER_BUS):
            conversions.set_stamp(self._bus_message.header.stamp, now_ns)
            conversions.fill_bus(self._bus_message, sim.power_bus.reading())
            self._bus.publish(self._bus_message)
        if Part.NEUTRONS in parts and due(Output.NEUTRONS):
            counts = sim.neutron_counts()
            if counts is not None:
                conversions.set_stamp(self._neutrons_message.header.stamp, now_ns)
                conversions.fill_neutrons(self._neutrons_message, counts)
                self._neutrons.publish(self._neutrons_message)
        if due(Output.TRUTH_STATE):
            self._tell_truth(now_ns, speed_up())
        # Last: whose timers this wakes finds the data of the same time already there.
        if due(Output.CLOCK):
            conversions.set_stamp(self._clock_message.clock, now_ns)
            self._clock.publish(self._clock_message)

    def _tell_sky(self, now_ns: int, due: Callable[[Output], bool]) -> None:
        if due(Output.STAR_TRACKER):
            fix = self._sim.attitude_reading()
            if fix is not None:
                conversions.set_stamp(self._attitude_message.header.stamp, now_ns)
                conversions.fill_attitude(self._attitude_message, fix)
                self._attitude.publish(self._attitude_message)
        if due(Output.SUN_SENSOR):
            direction = self._sim.sun_direction()
            if direction is not None:
                conversions.set_stamp(self._sun_message.header.stamp, now_ns)
                conversions.fill_vector(self._sun_message, direction)
                self._sun.publish(self._sun_message)

    def _tell_drill(self, now_ns: int, due: Callable[[Output], bool]) -> None:
        rig = self._sim.drill_rig
        if due(Output.DRILL_RIG):
            conversions.set_stamp(self._rig_message.header.stamp, now_ns)
            conversions.fill_rig(self._rig_message, rig.reading())
            self._rig.publish(self._rig_message)
        assay = rig.samples.assay(self._sim.now_s)
        if assay is not None:
            self._assays.publish(conversions.assay_message(assay, now_ns))

    def _tell_truth(self, now_ns: int, speed_up: float) -> None:
        conversions.set_stamp(self._truth_message.header.stamp, now_ns)
        conversions.fill_truth(self._truth_message, self._sim.truth(), speed_up)
        self._truth_state.publish(self._truth_message)
        if self._sim.lost and not self._lost_told:
            self._lost_told = True
            reason = "tipped over" if self._sim.tipped else "its battery is empty"
            self._node.get_logger().error(f"the rover is lost: {reason}")
