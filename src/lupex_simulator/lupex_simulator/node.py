# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator process: makes the time, steps the world, tells what is due, waits for who has to follow."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import rclpy
from geometry_msgs.msg import Vector3Stamped
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
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
    ReturnCertificate,
    SampleAssay,
    WorldTruth,
)
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.executor import BatchingExecutor
from lupex_node.parameters import declare, refuse_unknown
from lupex_simulator import conversions
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.domain_lock import DomainTaken, lock_domain
from lupex_simulator.pace import Pace, Situation, Source, Verdict
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.schedule import START_NS, Mode, Output
from lupex_simulator.simulation import Simulation
from lupex_simulator.world import open_world

MAX_WAIT_S = 0.1
"""Of wall time in one wait: how fast a signal is noticed at the latest."""

SERVICE_PERIOD_S = 0.2
"""Of wall time between looks at parameter services while the clock runs without waiting."""

REPORT_EVERY = 200
"""A refused message is logged the first time and then once in so many."""


class SimulatorNode(Node):
    """The world on its topics. It makes /clock, so it never runs on simulated time itself."""

    def __init__(self) -> None:
        super().__init__("simulator", parameter_overrides=[Parameter("use_sim_time", value=False)])
        self.config = declare(self, SimulatorConfig)
        refuse_unknown(self, (SimulatorConfig,))
        self._parts = read_parts(self.config.parts)
        self._rover = read_rover(self.config.rover)
        self._sim = Simulation(self.config, self._rover, open_world(Path(self.config.world)), self._parts)
        self._pace = Pace(self.config.pace, self.config.max_speed_up, START_NS * 1e-9, time.monotonic())
        self._refused: dict[str, int] = {}
        self._polled: list[tuple[Any, Callable[[Any], None]]] = []
        self._lost_sources: tuple[Source, ...] = ()
        self._lost_told = False
        self._make_publishers()
        self._make_subscriptions()
        self._statics.publish(conversions.sensor_frames(self._rover, START_NS))

    # ------------------------------------------------------------------------------------------------ wiring

    def _make_publishers(self) -> None:
        self._clock = self.create_publisher(Clock, "/clock", qos.STATE)
        self._statics = self.create_publisher(TFMessage, "/tf_static", qos.LATCHED)
        self._truth_state = self.create_publisher(WorldTruth, "/truth/state", qos.STATE)
        self._clock_message, self._truth_message = Clock(), WorldTruth()
        self._truth_message.header.frame_id = conversions.MAP_FRAME
        parts = self._parts
        if Part.VEHICLE in parts:
            self._joints = self.create_publisher(JointState, "/mobility/joint_states", qos.SAMPLES)
            self._truth_odometry = self.create_publisher(Odometry, "/truth/odometry", qos.STATE)
            self._joints_message, self._odometry_message = conversions.joint_message(), Odometry()
            self._odometry_message.header.frame_id = conversions.MAP_FRAME
            self._odometry_message.child_frame_id = conversions.BASE_FRAME
        if Part.INERTIAL in parts:
            self._imu = self.create_publisher(Imu, "/imu/data", qos.SAMPLES)
            self._imu_message = conversions.imu_message(self._rover)
        if Part.LIDAR in parts:
            self._cloud = self.create_publisher(PointCloud2, "/lidar/points", qos.NEWEST)
            self._cloud_message = conversions.cloud_message()
        if Part.SKY_SENSORS in parts:
            self._attitude = self.create_publisher(AttitudeFix, "/star_tracker/attitude", qos.STATE)
            self._sun = self.create_publisher(Vector3Stamped, "/sun_sensor/direction", qos.STATE)
            self._attitude_message, self._sun_message = AttitudeFix(), Vector3Stamped()
            self._attitude_message.header.frame_id = conversions.STAR_TRACKER_FRAME
            self._sun_message.header.frame_id = conversions.BASE_FRAME
        if Part.POWER_BUS in parts:
            self._bus = self.create_publisher(PowerBus, "/power/bus", qos.STATE)
            self._bus_message = PowerBus()
            self._bus_message.header.frame_id = conversions.BASE_FRAME
        if Part.DRILL_RIG in parts:
            self._rig = self.create_publisher(DrillRig, "/drill/rig", qos.STATE)
            self._assays = self.create_publisher(SampleAssay, "/drill/assay", qos.EVENTS)
            self._rig_message = DrillRig()
            self._rig_message.header.frame_id = conversions.DRILL_FRAME
        if Part.NEUTRONS in parts:
            self._neutrons = self.create_publisher(NeutronCounts, "/neutron/counts", qos.STATE)
            self._neutrons_message = NeutronCounts()
            self._neutrons_message.header.frame_id = conversions.BASE_FRAME

    def _make_subscriptions(self) -> None:
        parts = self._parts
        self._take(Odometry, "/odometry/local", self._follower(Source.ODOMETRY), qos.NEWEST, raw=True)
        self._take(ReturnCertificate, "/plan/certificate", self._follower(Source.CERTIFICATE), qos.NEWEST, raw=True)
        self._take(OccupancyGrid, "/traversability/costmap", self._follower(Source.COSTMAP), qos.NEWEST, raw=True)
        if Part.VEHICLE in parts:
            self._take(JointState, "/mobility/joint_commands", self._on_joint_command, qos.STATE)
        else:
            self._take(Odometry, "/truth/odometry", self._on_external_pose, qos.NEWEST)
            self._take(JointState, "/mobility/joint_states", self._on_external_joints, qos.NEWEST)
        if Part.DRILL_RIG in parts:
            self._take(DrillRigCommand, "/drill/rig_command", self._on_rig_command, qos.STATE)
        if Part.POWER_BUS in parts:
            self._take(PowerSwitches, "/power/switches", self._on_switches, qos.STATE)

    def _take(
        self, kind: type, topic: str, use: Callable[[Any], None], profile: QoSProfile, *, raw: bool = False
    ) -> None:
        """Subscribe; messages are used whether the executor or `poll` finds them."""

        def guarded(message: Any) -> None:
            try:
                use(message)
            except InvalidMessage as refusal:
                count = self._refused.get(topic, 0)
                self._refused[topic] = count + 1
                if count % REPORT_EVERY == 0:
                    self.get_logger().warning(f"{topic}: message not used: {refusal} ({count + 1} so far)")

        self._polled.append((self.create_subscription(kind, topic, guarded, profile, raw=raw), guarded))

    def poll(self) -> None:
        """Use all messages that have arrived: a tenth of the cost of asking the executor after each step."""
        for subscription, use in self._polled:
            handle = subscription.handle
            with handle:
                while (taken := handle.take_message(subscription.msg_type, subscription.raw)) is not None:
                    use(taken[0])

    # ------------------------------------------------------------------------------------------------ incoming

    def _follower(self, source: Source) -> Callable[[bytes], None]:
        def seen(data: bytes) -> None:
            self._pace.seen(source, conversions.serialized_stamp_s(data), time.monotonic())

        return seen

    def _on_joint_command(self, message: JointState) -> None:
        steer, drive = conversions.joint_command(message)
        now_s = self._sim.now_s
        self._pace.seen(Source.COMMANDS, seconds(message.header.stamp), time.monotonic())
        vehicle = self._sim.vehicle
        vehicle.command(steer, drive, conversions.command_time_s(message.header.stamp, now_s))
        turns = bool(abs(steer - vehicle.steer_rad).max() > self.config.vehicle.steering_deadband_rad)
        self._sim.parking.commanded(now_s, bool(drive.any()) or turns)

    def _on_external_pose(self, message: Odometry) -> None:
        self._sim.place(conversions.odometry_pose(message))

    def _on_external_joints(self, message: JointState) -> None:
        power_w = conversions.joint_power_w(message, self._rover.crawler.drive_efficiency)
        self._sim.external_mobility_w = power_w
        self._sim.parking.commanded(self._sim.now_s, power_w > 0.0)

    def _on_rig_command(self, message: DrillRigCommand) -> None:
        command = conversions.rig_command(message)
        self._pace.seen(Source.DRILL, seconds(message.header.stamp), time.monotonic())
        self._sim.drill_rig.command(command, conversions.command_time_s(message.header.stamp, self._sim.now_s))

    def _on_switches(self, message: PowerSwitches) -> None:
        self._pace.seen(Source.SWITCHES, seconds(message.header.stamp), time.monotonic())
        time_s = conversions.command_time_s(message.header.stamp, self._sim.now_s)
        self._sim.power_bus.switch(time_s, **conversions.switch_settings(message))

    # ------------------------------------------------------------------------------------------------ time

    def ready(self) -> Verdict:
        """Tell whether the next step may be made now."""
        sim = self._sim
        mode = sim.mode
        situation = Situation(driving=mode is Mode.DRIVING, lidar_on=Part.LIDAR in self._parts, drill_out=sim.drill_out)
        verdict = self._pace.decide(sim.now_s, time.monotonic(), situation)
        if self._pace.lost != self._lost_sources:
            self._tell_followers()
        return verdict

    def _tell_followers(self) -> None:
        before, self._lost_sources = self._lost_sources, self._pace.lost
        for source in self._lost_sources:
            if source not in before:
                self.get_logger().warning(f"{source.value} is silent: time no longer waits for it")
        for source in before:
            if source not in self._lost_sources:
                self.get_logger().info(f"{source.value} is back")

    def step(self) -> None:
        """Make one step of the world and tell what is due."""
        sim = self._sim
        mode, before_ns = sim.mode, sim.now_ns
        now_ns = sim.schedule.next_ns(before_ns, mode)
        sim.advance(now_ns)
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
            self._tell_truth(now_ns)
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

    def _tell_truth(self, now_ns: int) -> None:
        speed_up = self._pace.speed_up(self._sim.now_s, time.monotonic())
        conversions.set_stamp(self._truth_message.header.stamp, now_ns)
        conversions.fill_truth(self._truth_message, self._sim.truth(), speed_up)
        self._truth_state.publish(self._truth_message)
        if self._sim.lost and not self._lost_told:
            self._lost_told = True
            reason = "tipped over" if self._sim.vehicle.tipped else "its battery is empty"
            self.get_logger().error(f"the rover is lost: {reason}")


class Stop:
    """Set by the first SIGINT or SIGTERM; the loop ends between two steps, so that nothing is cut in the middle."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def spin(node: SimulatorNode, executor: BatchingExecutor, stop: Stop) -> None:
    """Run the world until it is told to stop."""
    served_s = time.monotonic()
    while not stop.asked:
        verdict = node.ready()
        if verdict.wait_s > 0.0:
            executor.spin_once(timeout_sec=min(verdict.wait_s, MAX_WAIT_S))
            served_s = time.monotonic()
        else:
            node.step()
            if time.monotonic() - served_s > SERVICE_PERIOD_S:
                executor.spin_once(timeout_sec=0.0)
                served_s = time.monotonic()
        node.poll()


def main(args: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop; return the exit code (2: a parameter, a file or the domain)."""
    node: SimulatorNode | None = None
    executor: BatchingExecutor | None = None
    try:
        # Held until the process ends.
        lock_domain(os.environ)
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        stop = Stop()
        node = SimulatorNode()
        executor = BatchingExecutor()
        executor.add_node(node)
        spin(node, executor, stop)
    except (ConfigurationError, SiteError, DomainTaken) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
