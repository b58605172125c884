# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node against the small rig, in lockstep over real topics; simulated time is the rig's."""

import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.node
LIMIT_S = 120.0
ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"


class World:
    """Clock, rig, rover at rest, power and an action client."""

    def __init__(self, context, rig):
        import rclpy
        from geometry_msgs.msg import TwistStamped
        from nav_msgs.msg import Odometry
        from rclpy.action import ActionClient
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.parameter import Parameter
        from rosgraph_msgs.msg import Clock

        from lupex_drill_control.node import DrillControlNode
        from lupex_interfaces.action import AcquireSample
        from lupex_interfaces.msg import DrillRig, DrillRigCommand, DrillStatus, Fault, PowerStatus, SampleAssay
        from lupex_node import qos

        self.rig = rig
        self.kinds = (DrillRig, SampleAssay, Odometry, PowerStatus, TwistStamped, Clock)
        self.node = rclpy.create_node("world", context=context)
        make = self.node.create_publisher
        self.clock = make(Clock, "/clock", qos.STATE)
        self.rig_out = make(DrillRig, "/drill/rig", qos.STATE)
        self.assay_out = make(SampleAssay, "/drill/assay", qos.EVENTS)
        self.odometry = make(Odometry, "/odometry/global", qos.STATE)
        self.power = make(PowerStatus, "/power/status", qos.STATE)
        self.velocity = make(TwistStamped, "/cmd_vel", qos.STATE)
        self.commands, self.statuses, self.faults = [], [], []
        self.node.create_subscription(DrillRigCommand, "/drill/rig_command", self.commands.append, qos.STATE)
        self.node.create_subscription(DrillStatus, "/drill/status", self.statuses.append, qos.STATE)
        self.node.create_subscription(Fault, "/faults", self.faults.append, qos.EVENTS)
        self.client = ActionClient(self.node, AcquireSample, "/drill/acquire_sample")
        self.goal_type = AcquireSample.Goal
        self.executor = SingleThreadedExecutor(context=context)
        overrides = [Parameter("use_sim_time", value=True), Parameter("rover", value=str(ROVER))]
        self.drill = DrillControlNode(context=context, parameter_overrides=overrides)
        self.executor.add_node(self.node)
        self.executor.add_node(self.drill)
        self.assayed = 0
        self.work_allowed = True
        self.speed_mps = 0.0

    def close(self):
        self.executor.shutdown()
        self.drill.destroy_node()
        self.node.destroy_node()

    def step(self):
        """Advance the rig by a quarter second under the newest command, and let everybody hear of it."""
        from lupex_drill_control.rig import RigCommand

        rig_message, assay, odometry, power, _, clock = self.kinds
        newest = None
        if self.commands:
            message = self.commands[-1]
            newest = RigCommand(**{name: getattr(message, name) for name in RigCommand.__dataclass_fields__})
        del self.commands[:-1]
        measured = self.rig.step(newest if newest and self.age(self.commands[-1]) <= 1.0 else None)
        names = [name for name in measured.__dataclass_fields__ if name != "stamp_s"]
        message = rig_message(**{name: getattr(measured, name) for name in names})
        now = round(self.rig.now_s * 1e9)
        stamp = {"sec": now // 10**9, "nanosec": now % 10**9}
        for made, publisher in (
            (clock(), self.clock),
            (odometry(), self.odometry),
            (power(work_allowed=self.work_allowed, reason="resting"), self.power),
            (message, self.rig_out),
        ):
            header = made.clock if publisher is self.clock else made.header.stamp
            header.sec, header.nanosec = stamp["sec"], stamp["nanosec"]
            if publisher is self.odometry:
                made.twist.twist.linear.x = self.speed_mps
            publisher.publish(made)
        for top, bottom in self.rig.assays[self.assayed :]:
            self.assayed += 1
            self.assay_out.publish(
                assay(
                    sample_id=self.assayed, top_m=top, bottom_m=bottom, sample_mass_kg=0.02, mass_loss_kg=0.001,
                    mass_sigma_kg=2e-5,
                )
            )  # fmt: skip
        self.hear()

    def hear(self):
        """Spin until the drill control has stepped on the newest measurement and its command has come back."""
        end = time.monotonic() + LIMIT_S
        while not (self.stepped() and (not self.drill._sequence.active or self.answered())):
            assert time.monotonic() < end, "the node does not answer the rig"
            self.executor.spin_once(timeout_sec=0.05)
        for _ in self.kinds:
            self.executor.spin_once(timeout_sec=0.0)

    def stepped(self):
        return self.drill._measured is not None and self.drill._measured.stamp_s > self.rig.now_s - 1e-6

    def answered(self):
        return bool(self.commands) and self.age(self.commands[-1]) < 0.1

    def age(self, command):
        return self.rig.now_s - (command.header.stamp.sec + command.header.stamp.nanosec * 1e-9)

    def until(self, done, sim_limit_s=3600.0):
        end = self.rig.now_s + sim_limit_s
        while not done():
            assert self.rig.now_s < end, self.statuses[-1] if self.statuses else "nothing heard"
            self.step()

    def result(self, depth_m=0.1, **fields):
        goal = self.goal_type(depth_m=depth_m, sample_interval_m=0.1, max_duration_s=3000.0, **fields)
        self.until(self.client.server_is_ready)
        self.until(lambda: None not in (self.drill._vehicle.odometry_stamp_s, self.drill._vehicle.power_stamp_s))
        accepted = self.client.send_goal_async(goal)
        self.until(accepted.done)
        self.handle = accepted.result()
        self.outcome = self.handle.get_result_async()


@pytest.fixture
def world(hole):
    rclpy = pytest.importorskip("rclpy")
    context = rclpy.Context()
    rclpy.init(context=context)
    made = []

    def make(**rig):
        made.append(World(context, hole(dt_s=0.25, **rig).rig))
        return made[-1]

    yield make
    for item in made:
        item.close()
    rclpy.shutdown(context=context)


def test_a_goal_gives_a_sample_and_silence_before_and_after(world):
    made = world()
    made.result()
    assert made.commands == []
    made.until(made.outcome.done)
    result = made.outcome.result().result
    assert result.success, result.reason
    assert result.depth_m >= 0.1
    assert list(result.ice_fraction) == pytest.approx([0.05], abs=1e-6)
    assert 0 < result.ice_sigma[0] < 0.01
    assert made.rig.stowed
    for _ in range(8):
        made.step()
    made.commands.clear()
    for _ in range(20):
        made.step()
    assert made.commands == []
    assert {0, 1, 2, 3, 5, 6} <= {status.state for status in made.statuses}
    assert made.statuses[-1].commands == 1
    assert made.faults == []


@pytest.mark.parametrize(
    ("change", "depth_m", "word"),
    [
        ({"speed_mps": 0.08}, 0.1, "moves"),
        ({"work_allowed": False}, 0.1, "resting"),
        ({}, 2.0, "outside 0 to 1.5"),
    ],
)
def test_interlocks_refuse_with_their_reason(world, change, depth_m, word):
    made = world()
    for name, value in change.items():
        setattr(made, name, value)
    made.result(depth_m)
    made.until(made.outcome.done)
    assert not made.outcome.result().result.success
    assert word in made.outcome.result().result.reason
    assert made.commands == []


def test_cancel_stows(world):
    made = world()
    made.result()
    made.until(lambda: any(status.state == 2 for status in made.statuses))
    cancelled = made.handle.cancel_goal_async()
    made.until(cancelled.done)
    made.until(made.outcome.done)
    assert made.outcome.result().result.reason == "cancelled"
    assert made.rig.stowed


def test_motion_while_drilling_pulls_the_bit_out(world):
    made = world()
    made.result()
    made.until(lambda: any(status.state == 2 for status in made.statuses))
    made.speed_mps = 0.1
    made.until(made.outcome.done)
    assert "moves" in made.outcome.result().result.reason
    assert made.rig.stowed


def test_a_node_born_with_the_bit_in_the_ground_stows_it_first(world):
    made = world(depth_m=0.2, hole_m=0.3, stowed=False)
    made.until(lambda: made.rig.stowed)
    made.until(lambda: made.statuses[-1].state == 0)
    assert not made.statuses[-1].commands


def test_a_silent_rig_is_a_fault_and_stops_the_drill(world):
    made = world()
    made.result()
    made.until(lambda: any(status.state == 2 for status in made.statuses))
    clock = made.kinds[5]
    end = time.monotonic() + LIMIT_S
    ahead_s = made.rig.now_s
    while not any(fault.code == "drill_rig_lost" and fault.active for fault in made.faults):
        assert time.monotonic() < end
        ahead_s += 0.25
        message = clock()
        message.clock.sec, message.clock.nanosec = int(ahead_s), round(ahead_s % 1 * 1e9)
        made.clock.publish(message)
        made.executor.spin_once(timeout_sec=0.02)
    assert made.commands[-1].feed_rate_mps == 0
    assert made.commands[-1].rotation_rate_rad_s == 0
