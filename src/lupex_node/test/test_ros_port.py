# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The port by rclpy: a node as others in ROS 2 see it."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import TwistStamped  # noqa: E402
from rclpy.action import ActionClient  # noqa: E402
from ros_graph import Graph  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_interfaces.msg import Exchange, Fault  # noqa: E402
from lupex_models.configuration import ConfigurationError, setting  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.checks import finite  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.exchanges import Sending  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402
from lupex_node.port import Outcome  # noqa: E402
from lupex_node.ros.subscriptions import quality  # noqa: E402


@dataclass(frozen=True)
class EchoConfig:
    gain: float = setting(2.0, "what x is multiplied by", minimum=0, maximum=10)
    names: tuple[str, ...] = setting(("a", "b"), "a list")
    count: int = setting(3, "a number of things", minimum=1, maximum=9)


class Echo(LupexNode[EchoConfig]):
    NAME, CONFIG = "echo", EchoConfig

    def wire(self):
        if self.config.count == 9:
            raise ConfigurationError("count 9 cannot be wired")
        self.got, self.ticks, self.goal, self.results = [], 0, None, []
        self.receive(
            TwistStamped,
            "/echo_in",
            self.got.append,
            convert=lambda m: finite(m.twist.linear.x, "x", -1, 1),
            frame="base_link",
            max_age_s=5.0,
        )
        self.newest_in = self.newest(TwistStamped, "/echo_in", frame="base_link")
        self.every(0.02, self.tick)
        self.serve(Trigger, "/later", self.answer)
        self.serve_action(DriveTo, "/go", accept=lambda goal: goal.tolerance_m > 0.0, begin=self.begin)

    def tick(self):
        self.ticks += 1

    def answer(self, request, reply):
        text = self.background("work", lambda: "done", lambda text, took_s: reply(Trigger.Response(message=text)))
        assert text is None

    def begin(self, goal):
        self.goal = goal


@pytest.fixture
def graph():
    rclpy.init()
    made = Graph(Echo)
    yield made
    made.close()
    rclpy.shutdown()


def twist(node, x, frame="base_link", age_s=0.0):
    message = TwistStamped()
    message.header.frame_id = frame
    message.header.stamp = stamp(node.now_s() - age_s)
    message.twist.linear.x = x
    return message


def test_parameters_come_from_the_dataclass_and_are_read_only(graph):
    echo = graph.add("-p", "gain:=3")
    assert echo.config == EchoConfig(gain=3.0)
    node = echo.port.node
    assert node.get_parameter("names").value == ["a", "b"]
    assert not node.set_parameters([rclpy.parameter.Parameter("gain", value=1.0)])[0].successful
    described = node.describe_parameter("gain")
    assert described.floating_point_range[0].to_value == 10.0


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
def test_bad_parameters_end_with_a_sentence(graph, arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        graph.add(*arguments)


def test_messages_are_checked_before_use_and_refusals_counted(graph):
    echo = graph.add()
    beats = graph.hear(DiagnosticArray, "/diagnostics", qos.LATCHED)
    publisher = graph.other.create_publisher(TwistStamped, "/echo_in", quality(qos.STATE))
    graph.until(lambda: publisher.get_subscription_count() == 2)
    for message in (
        twist(echo, float("nan")),
        twist(echo, 2.0),
        twist(echo, 0.1, frame="map"),
        twist(echo, 0.2, age_s=6.0),
        twist(echo, 0.3, age_s=-60.0),
        twist(echo, 0.4),
    ):
        publisher.publish(message)
    graph.until(lambda: echo.got)
    assert echo.got == [0.4]
    assert echo.newest_in().twist.linear.x == 0.4
    graph.until(lambda: beats and beats[-1].status[0].values[1:])
    status = beats[-1].status[0]
    assert status.values[0].key == "started"
    assert (status.name, status.level) == ("lupex/echo: health", DiagnosticStatus.OK)
    assert status.values[1].key == "refused /echo_in"
    assert status.values[1].value.startswith("5: ")


def test_who_comes_late_hears_that_a_node_is_there(graph):
    graph.add()
    graph.until(lambda: graph.other.count_publishers("/diagnostics") == 1)
    beats = graph.hear(DiagnosticArray, "/diagnostics", qos.LATCHED)
    graph.until(lambda: beats, rounds=25)


def test_faults_are_published_on_their_edges(graph):
    echo = graph.add()
    seen = graph.hear(Fault, "/faults", qos.EVENTS)
    echo.raise_fault("hot", Fault.ERROR, "it is hot")
    echo.raise_fault("hot", Fault.ERROR, "it is hot")
    assert echo.active_faults == ("hot",)
    echo.clear_fault("hot")
    echo.clear_fault("hot")
    graph.until(lambda: len(seen) == 2)
    assert [(f.source, f.code, f.active) for f in seen] == [("echo", "hot", True), ("echo", "hot", False)]


def test_without_autostart_it_waits_for_its_transitions(graph):
    echo = graph.add("-p", "autostart:=false")
    node = echo.port.node
    assert not echo.active
    node.trigger_configure()
    node.trigger_activate()
    graph.until(lambda: echo.ticks > 2)
    node.trigger_deactivate()
    ticks = echo.ticks
    graph.until(lambda: True)
    assert echo.ticks == ticks
    node.trigger_cleanup()
    assert len(list(node.timers)) == 1, "the heartbeat's alone"


def test_a_checkpoint_is_taken_up_again(graph, tmp_path):
    echo = graph.add("-p", f"state_dir:={tmp_path}")
    now = echo.now_s()
    echo.save_state({"x": 1}, now)
    assert echo.saved_state(10.0) == (now, {"x": 1})
    assert graph.add().saved_state(10.0) is None


def test_a_checkpoint_that_cannot_be_written_is_a_fault_and_no_end(graph):
    echo = graph.add("-p", "state_dir:=/dev/null/nowhere")
    echo.save_state({"x": 1}, 1.0)
    assert echo.active_faults == ("checkpoint_not_written",)


def test_a_service_may_answer_what_is_done_in_the_background(graph):
    graph.add()
    client = graph.other.create_client(Trigger, "/later")
    graph.until(client.service_is_ready)
    future = client.call_async(Trigger.Request())
    graph.until(future.done)
    assert future.result().message == "done"


def send(graph, tolerance_m):
    client = ActionClient(graph.other, DriveTo, "/go")
    graph.until(client.server_is_ready)
    sent = client.send_goal_async(DriveTo.Goal(tolerance_m=tolerance_m))
    graph.until(sent.done)
    return client, sent.result()


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.SUCCEEDED, 4), (Outcome.ABORTED, 6)])
def test_a_goal_ends_as_the_node_says(graph, outcome, status):
    echo = graph.add()
    client, handle = send(graph, 1.0)
    assert handle.accepted
    graph.until(lambda: echo.goal is not None)
    result = handle.get_result_async()
    echo.goal.feedback(DriveTo.Feedback(replans=2))
    echo.goal.end(outcome, DriveTo.Result(reason="so"))
    graph.until(result.done)
    assert (result.result().status, result.result().result.reason) == (status, "so")
    client.destroy()


def test_a_goal_that_is_cancelled_says_so_and_one_refused_never_begins(graph):
    echo = graph.add()
    client, handle = send(graph, 1.0)
    graph.until(lambda: echo.goal is not None)
    assert not echo.goal.cancel_asked()
    cancelled = handle.cancel_goal_async()
    graph.until(cancelled.done)
    assert echo.goal.cancel_asked()
    result = handle.get_result_async()
    echo.goal.end(Outcome.CANCELED, DriveTo.Result())
    graph.until(result.done)
    assert result.result().status == 5
    client.destroy()
    echo.goal = None
    client, handle = send(graph, 0.0)
    assert not handle.accepted
    assert echo.goal is None
    client.destroy()


def test_what_its_clients_send_and_are_sent_is_told(graph):
    told = graph.hear(Exchange, "/exchanges", qos.SAMPLES)
    echo = graph.add()
    client, actions = echo.client(Trigger, "/later"), echo.action_client(DriveTo, "/go")
    graph.until(lambda: client.ready() and actions.ready())
    graph.until(lambda: echo.port.node.count_subscribers("/exchanges"))
    client.call(Trigger.Request(), lambda response: None)
    graph.until(lambda: len(told) == 2)
    ends = []
    actions.send(DriveTo.Goal(tolerance_m=0.0), lambda *end: ends.append(end))
    graph.until(lambda: ends)
    sent = actions.send(DriveTo.Goal(tolerance_m=1.0), lambda *end: ends.append(end))
    graph.until(lambda: echo.goal is not None)
    graph.until(lambda: len(told) == 6)
    sent.cancel()
    graph.until(lambda: echo.goal.cancel_asked())
    echo.goal.end(Outcome.CANCELED, DriveTo.Result())
    graph.until(lambda: len(told) == 8)
    kinds = [Sending(message.kind).name for message in told]
    assert kinds == ["REQUEST", "RESPONSE", "GOAL", "REFUSED", "GOAL", "TAKEN", "CANCEL", "RESULT"]
    assert [message.number for message in told] == [1, 1, 1, 1, 2, 2, 2, 2]
    assert {message.client for message in told} == {"echo"}
    assert told[-1].outcome == Exchange.CANCELED


def test_lines_of_every_severity_are_logged_in_any_order(graph, capfd):
    echo = graph.add()
    for number in range(2):
        echo.info(f"all is well {number}")
        echo.warn(f"so so {number}")
        echo.error(f"bad {number}")
    told = capfd.readouterr().err
    for word in ("INFO", "WARN", "ERROR", "all is well 1", "so so 1", "bad 1"):
        assert word in told


def test_a_second_sender_on_the_graph_stops_a_topic_and_a_successor_of_the_first_does_not(graph):
    """Two contexts: what one participant does not tell itself must be found in the graph."""
    from rclpy.context import Context

    echo = graph.add()
    echo.sole_sender(TwistStamped, "/order", but_me=True)
    echo.receive(TwistStamped, "/order", echo.got.append, sole_sender=True)
    faults = graph.hear(Fault, "/faults", qos.EVENTS)
    contexts, nodes = [Context(), Context(), Context()], []

    def sender(name):
        context = contexts[len(nodes)]
        rclpy.init(context=context)
        nodes.append(rclpy.create_node(name, context=context))
        return nodes[-1].create_publisher(TwistStamped, "/order", quality(qos.STATE))

    try:
        rightful = sender("rightful")
        graph.until(lambda: rightful.get_subscription_count() and echo._soles["/order"].names == ("rightful",))
        sender("rightful")
        graph.until(lambda: echo.port.node.count_publishers("/order") == 2)
        rightful.publish(twist(echo, 0.1))
        graph.until(lambda: echo.got)
        assert not faults
        sender("foreign")
        graph.until(lambda: faults)
        assert "foreign and rightful" in faults[0].text
        got = len(echo.got)
        rightful.publish(twist(echo, 0.2))
        graph.until(lambda: "/order" in echo._refused)
        assert len(echo.got) == got
        nodes.pop().destroy_node()
        graph.until(lambda: not faults[-1].active)
    finally:
        for node in nodes:
            node.destroy_node()
        for context in contexts:
            if context.ok():
                rclpy.shutdown(context=context)
