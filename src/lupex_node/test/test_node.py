# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The common node: parameters, refusals, faults, heartbeat, lifecycle."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import TwistStamped  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from lupex_interfaces.msg import Fault  # noqa: E402
from lupex_models.configuration import ConfigurationError, setting  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.checks import finite  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402


@dataclass(frozen=True)
class EchoConfig:
    gain: float = setting(2.0, "what x is multiplied by", minimum=0, maximum=10)
    names: tuple[str, ...] = setting(("a", "b"), "a list")
    count: int = setting(3, "a number of things", minimum=1, maximum=9)


class Echo(LupexNode[EchoConfig]):
    def __init__(self, arguments=()):
        self.got = []
        super().__init__("echo", EchoConfig, cli_args=["--ros-args", *arguments])

    def wire(self):
        if self.config.count == 9:
            raise ConfigurationError("count 9 cannot be wired")
        self.receive(
            TwistStamped,
            "/echo_in",
            self.got.append,
            convert=lambda m: finite(m.twist.linear.x, "x", -1, 1),
            frame="base_link",
            max_age_s=5.0,
        )
        self.ticks = 0
        self.every(0.02, self.tick)

    def tick(self):
        self.ticks += 1


@pytest.fixture
def context():
    rclpy.init()
    yield
    rclpy.shutdown()


def spin_until(nodes, condition, limit=500):
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    try:
        for _ in range(limit):
            if condition():
                return
            executor.spin_once(timeout_sec=0.02)
        raise AssertionError("condition not reached")
    finally:
        for node in nodes:
            executor.remove_node(node)
        executor.shutdown()


def twist(node, x, frame="base_link", age_s=0.0):
    message = TwistStamped()
    message.header.frame_id = frame
    message.header.stamp = stamp(node.now_s() - age_s)
    message.twist.linear.x = x
    return message


def test_parameters_come_from_the_dataclass_and_are_read_only(context):
    echo = Echo(["-p", "gain:=3"])
    assert echo.config == EchoConfig(gain=3.0)
    assert echo.get_parameter("names").value == ["a", "b"]
    assert not echo.set_parameters([rclpy.parameter.Parameter("gain", value=1.0)])[0].successful
    described = echo.describe_parameter("gain")
    assert described.floating_point_range[0].to_value == 10.0
    echo.destroy_node()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "gian:=3.0"], "unknown key 'gian'"),
        (["-p", "gain:=30.0"], "a number from 0 up to 10"),
        (["-p", "count:=two"], "a whole number"),
        (["-p", "names:=[1, 2]"], "takes a text"),
        (["-p", "names:=one"], "takes a list"),
        (["-p", "count:=9"], "cannot be wired"),
    ],
)
def test_bad_parameters_end_with_a_sentence(context, arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        Echo(arguments)


def test_messages_are_checked_before_use_and_refusals_counted(context):
    echo = Echo()
    beats = []
    other = rclpy.create_node("other")
    other.create_subscription(DiagnosticArray, "/diagnostics", beats.append, qos.STATE)
    publisher = other.create_publisher(TwistStamped, "/echo_in", qos.STATE)
    spin_until([echo, other], lambda: publisher.get_subscription_count() == 1)
    for message in (
        twist(echo, float("nan")),
        twist(echo, 2.0),
        twist(echo, 0.1, frame="map"),
        twist(echo, 0.2, age_s=6.0),
        twist(echo, 0.3, age_s=-60.0),
        twist(echo, 0.4),
    ):
        publisher.publish(message)
    spin_until([echo, other], lambda: echo.got)
    assert echo.got == [0.4]
    spin_until([echo, other], lambda: beats and beats[-1].status[0].values[1:])
    status = beats[-1].status[0]
    assert status.values[0].key == "started"
    assert (status.name, status.level) == ("echo", DiagnosticStatus.OK)
    assert status.values[1].key == "refused /echo_in"
    assert status.values[1].value.startswith("5: ")
    echo.destroy_node()
    other.destroy_node()


def test_faults_are_published_on_their_edges(context):
    echo = Echo()
    seen = []
    other = rclpy.create_node("other")
    other.create_subscription(Fault, "/faults", seen.append, qos.EVENTS)
    echo.raise_fault("hot", Fault.ERROR, "it is hot")
    echo.raise_fault("hot", Fault.ERROR, "it is hot")
    assert echo.active_faults == ("hot",)
    echo.clear_fault("hot")
    echo.clear_fault("hot")
    spin_until([echo, other], lambda: len(seen) == 2)
    assert [(f.source, f.code, f.active) for f in seen] == [("echo", "hot", True), ("echo", "hot", False)]
    echo.destroy_node()
    other.destroy_node()


def test_without_autostart_it_waits_for_its_transitions(context):
    echo = Echo(["-p", "autostart:=false"])
    assert not echo.active
    echo.trigger_configure()
    echo.trigger_activate()
    spin_until([echo], lambda: echo.ticks > 2)
    echo.trigger_deactivate()
    ticks = echo.ticks
    spin_until([echo], lambda: True)
    assert echo.ticks == ticks
    echo.trigger_cleanup()
    assert not list(echo.timers)[1:]
    echo.destroy_node()


def test_a_checkpoint_is_taken_up_again(context, tmp_path):
    echo = Echo(["-p", f"state_dir:={tmp_path}"])
    now = echo.now_s()
    echo.save_state({"x": 1}, now)
    assert echo.saved_state(10.0) == (now, {"x": 1})
    assert Echo().saved_state(10.0) is None
    echo.destroy_node()


def test_a_checkpoint_that_cannot_be_written_is_a_fault_and_no_end(context):
    echo = Echo(["-p", "state_dir:=/dev/null/nowhere"])
    echo.save_state({"x": 1}, 1.0)
    assert echo.active_faults == ("checkpoint_not_written",)
    echo.destroy_node()


def test_stamps_round_to_the_nanosecond():
    assert seconds(stamp(1000.04)) == pytest.approx(1000.04, abs=1e-9)
    assert stamp(1.9999999999).sec == 2
