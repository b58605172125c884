# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes in lock step: order, delays, services, actions, background work, deaths."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import TwistStamped  # noqa: E402
from std_msgs.msg import Int64, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_interfaces.msg import Exchange, Fault  # noqa: E402
from lupex_models.configuration import ConfigurationError, setting  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.checks import finite  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.exchanges import Sending  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.errors import LockstepError  # noqa: E402
from lupex_node.lockstep.latency import Latency, Transport, read_latency  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402
from lupex_node.port import Outcome, Severity  # noqa: E402
from lupex_node.serialization import deserialize_message  # noqa: E402

DELAY_S = 0.01
HAND_ON_S = 0.05
LATENCY = Latency(Transport(DELAY_S), compute_s={"worker/sum": 3.0, "worker/hand_on": HAND_ON_S})


@dataclass(frozen=True)
class WorkerConfig:
    gain: float = setting(2.0, "what x is multiplied by", minimum=0, maximum=10)


class Worker(LupexNode[WorkerConfig]):
    NAME, CONFIG = "worker", WorkerConfig

    def wire(self):
        self.events, self.goal = [], None
        self.out = self.publisher(Int64, "/out", qos.SAMPLES)
        self.receive(
            TwistStamped,
            "/in",
            lambda x: self.note(f"in {x:g}"),
            convert=lambda m: finite(m.twist.linear.x, "x", -1, 1),
            frame="base_link",
            max_age_s=5.0,
        )
        self.queued = self.queue(TwistStamped, "/fast", qos.STATE)
        self.every(1.0, lambda: self.note("tick"))
        self.serve(Trigger, "/ask", self.answer)
        self.serve_action(DriveTo, "/go", accept=lambda goal: goal.tolerance_m > 0.0, begin=self.begin)

    def note(self, text):
        self.events.append((round(self.now_s() - 1000.0, 6), text))

    def answer(self, request, reply):
        self.background("sum", lambda: 1 + 1, lambda total, took_s: reply(Trigger.Response(message=f"{total}")))

    def begin(self, goal):
        self.goal = goal


@pytest.fixture
def conductor():
    return Conductor(LATENCY, now_s=1000.0)


@pytest.fixture
def outside(conductor):
    return conductor.visitor()


def twist(x, time_s, frame="base_link"):
    message = TwistStamped()
    message.header.frame_id, message.header.stamp = frame, stamp(time_s)
    message.twist.linear.x = x
    return message


def test_a_message_arrives_after_its_declared_way_and_timers_tick_on_their_grid(conductor, outside):
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/in", qos.STATE)
    conductor.run_until(1000.5)
    publisher.publish(twist(0.5, 1000.5))
    conductor.run_until(1002.5)
    assert worker.events == [(0.51, "in 0.5"), (1.0, "tick"), (2.0, "tick")]


def test_what_arrives_at_the_time_of_a_tick_comes_before_it_in_the_order_of_its_telling(conductor, outside):
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/in", qos.STATE)
    conductor.run_until(1000.99)
    for x in (0.1, 0.2, 0.3):
        publisher.publish(twist(x, 1000.99))
    conductor.run_until(1001.0)
    assert [text for _, text in worker.events] == ["in 0.1", "in 0.2", "in 0.3", "tick"]


def test_bad_messages_are_refused_and_counted_in_the_heartbeat(conductor, outside):
    beats = []
    outside.subscribe(DiagnosticArray, "/diagnostics", beats.append, qos.LATCHED)
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/in", qos.STATE)
    for message in (
        twist(float("nan"), 1000.0),
        twist(2.0, 1000.0),
        twist(0.1, 1000.0, frame="map"),
        twist(0.2, 994.0),
        twist(0.3, 1060.0),
        twist(0.4, 1000.0),
    ):
        publisher.publish(message)
    conductor.run_until(1002.0)
    assert [text for _, text in worker.events if text != "tick"] == ["in 0.4"]
    status = beats[-1].status[0]
    assert (status.name, status.level, status.values[0].value) == ("worker", DiagnosticStatus.OK, "1")
    assert status.values[1].key == "refused /in"
    assert status.values[1].value.startswith("5: ")


def test_before_any_clock_no_age_is_judged(conductor, outside, monkeypatch):
    """A node that joins a running world hears its data before its clock: 1000 s ahead, it said at each start."""
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/in", qos.STATE)
    with monkeypatch.context() as before:
        before.setattr(worker.port, "now_ns", lambda: 0)
        publisher.publish(twist(0.1, 1000.0))
        conductor.run_until(1000.5)
    publisher.publish(twist(0.2, 1000.5))
    conductor.run_until(1000.9)
    assert worker.events == [(0.51, "in 0.2")]
    assert not worker._refused


def test_a_queue_keeps_the_newest_until_it_is_asked(conductor, outside):
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/fast", qos.STATE)
    for number in range(12):
        publisher.publish(twist(number / 100.0, 1000.0 + number))
    conductor.run_until(1000.1)
    waiting = worker.queued.take()
    assert [item.stamp_s for item in waiting] == [1000.0 + number for number in range(2, 12)]
    assert waiting[0].read().twist.linear.x == 0.02
    assert worker.queued.take() == []


def test_who_comes_late_hears_what_was_latched_but_not_of_the_dead(conductor, outside):
    first = conductor.visitor("first")
    first.publisher(String, "/plan", qos.LATCHED).publish(String(data="old"))
    first.publisher(String, "/plan", qos.LATCHED).publish(String(data="new"))
    heard = []
    outside.subscribe(String, "/plan", lambda message: heard.append(message.data), qos.LATCHED)
    conductor.run_until(1000.1)
    assert heard == ["old", "new"]
    first.die()
    outside.subscribe(String, "/plan", lambda message: heard.append("ghost"), qos.LATCHED)
    conductor.run_until(1000.2)
    assert heard == ["old", "new"]


def test_background_work_takes_its_declared_time_one_after_the_other(conductor, outside):
    conductor.add(Worker)
    client = outside.client(Trigger, "/ask")
    assert client.ready()
    answers = []
    for _ in range(2):
        client.call(Trigger.Request(), lambda response: answers.append((conductor.now_s - 1000.0, response.message)))
    conductor.run_until(1010.0)
    # there and back, and three seconds each
    assert answers == [(pytest.approx(3.02), "2"), (pytest.approx(6.02), "2")]


def test_a_failing_work_hands_over_its_exception(conductor):
    worker = conductor.add(Worker)
    got = []
    worker.background("sum", lambda: 1 // 0, lambda result, took_s: got.append((type(result), took_s)))
    assert worker.busy
    conductor.run_until(1005.0)
    assert got == [(ZeroDivisionError, 3.0)]
    assert not worker.busy


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_goal_ends_as_the_node_says(conductor, outside, outcome):
    worker = conductor.add(Worker)
    ends = []
    client = outside.action_client(DriveTo, "/go")
    assert client.ready()
    sent = client.send(DriveTo.Goal(tolerance_m=1.0), lambda outcome, result: ends.append((outcome, result.reason)))
    conductor.run_until(1001.0)
    assert not worker.goal.cancel_asked()
    sent.cancel()
    conductor.run_until(1002.0)
    assert worker.goal.cancel_asked()
    worker.goal.end(outcome, DriveTo.Result(reason="so"))
    conductor.run_until(1003.0)
    assert ends == [(outcome, "so")]
    with pytest.raises(RuntimeError, match="ended before"):
        worker.goal.end(outcome, DriveTo.Result())


def test_a_refused_goal_never_begins(conductor, outside):
    worker = conductor.add(Worker)
    ends = []
    outside.action_client(DriveTo, "/go").send(DriveTo.Goal(), lambda *end: ends.append(end))
    conductor.run_until(1001.0)
    assert worker.goal is None
    assert ends == [(None, None)]


def test_a_killed_node_says_nothing_more_and_answers_nobody(conductor, outside):
    worker = conductor.add(Worker)
    answers = []
    client = outside.client(Trigger, "/ask")
    client.call(Trigger.Request(), answers.append)
    conductor.run_until(1001.5)
    conductor.kill("worker")
    conductor.run_until(1010.0)
    assert answers == []
    assert not client.ready()
    assert [text for _, text in worker.events] == ["tick"]


def test_a_node_that_hangs_goes_on_with_all_that_has_waited(conductor, outside):
    worker = conductor.add(Worker)
    publisher = outside.publisher(TwistStamped, "/in", qos.STATE)
    conductor.hang("worker")
    publisher.publish(twist(0.5, 1000.0))
    conductor.run_until(1003.5)
    assert worker.events == []
    conductor.wake("worker")
    conductor.run_until(1004.5)
    assert worker.events == [(3.5, "in 0.5"), (3.5, "tick"), (4.0, "tick")]


def test_a_checkpoint_outlives_the_node_and_a_full_disk_is_a_fault(conductor, outside):
    faults = []
    outside.subscribe(Fault, "/faults", lambda fault: faults.append((fault.code, fault.active)), qos.EVENTS)
    worker = conductor.add(Worker, {"state_dir": "/state"})
    worker.save_state({"x": 1}, 1000.0)
    conductor.disk_full = True
    worker.save_state({"x": 2}, 1000.0)
    conductor.kill("worker")
    conductor.disk_full = False
    again = conductor.add(Worker, {"state_dir": "/state"})
    assert again.saved_state(10.0) == (1000.0, {"x": 1})
    conductor.run_until(1020.0)
    assert again.saved_state(10.0) is None, "too old"
    assert faults == [("checkpoint_not_written", True)]


def test_a_callback_that_fails_ends_its_node_alone(conductor, outside):
    crashed = []
    conductor.on_crash = lambda name, error: crashed.append((name, str(error)))
    worker = conductor.add(Worker)
    other = conductor.add(Worker.__class__("Other", (Plain,), {"NAME": "other"}))
    worker.note = lambda text: 1 // 0
    conductor.run_until(1002.5)
    ((name, said),) = crashed
    assert name == "worker"
    assert said.endswith("by zero")
    assert list(conductor.nodes) == ["other"]
    assert other.ticks == 2


class Plain(LupexNode[WorkerConfig]):
    NAME, CONFIG = "plain", WorkerConfig

    def wire(self):
        self.ticks = 0
        self.every(1.0, self.tick)

    def tick(self):
        self.ticks += 1
        if self.ticks == 5:
            self.port.end(1, "five are enough")


def test_a_node_may_end_itself(conductor):
    ended = []
    conductor.on_end = lambda *end: ended.append(end)
    conductor.add(Plain)
    conductor.run_until(1010.0)
    assert ended == [("plain", 1, "five are enough")]
    assert not conductor.nodes


def test_the_nodes_clock_may_be_set_wrong_while_events_keep_their_order(conductor):
    worker = conductor.add(Worker)
    conductor.run_until(1000.5)
    conductor.leap_ns = 10_000_000_000
    conductor.run_until(1001.5)
    assert worker.events == [(11.0, "tick")]
    assert conductor.now_s == 1001.5


def test_lines_of_the_log_are_told(conductor):
    lines = []
    conductor.on_log = lambda *line: lines.append(line)
    conductor.add(Worker).warn("so so")
    assert lines == [("worker", Severity.WARNING, "so so")]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda c: (c.add(Worker), c.add(Worker)), "two nodes named 'worker'"),
        (lambda c: (c.add(Worker), c.add(Worker, name="second")), "worker and second both serve /ask"),
        (lambda c: (c.add(Worker), c.visitor().publisher(String, "/out", qos.STATE)), "/out is Int64 .* and String"),
        (lambda c: c.kill("nobody"), "there is no node 'nobody'"),
        (lambda c: c.visitor().look(0.1, lambda: None), "run it over DDS"),
    ],
)
def test_what_lock_step_cannot_do_is_one_sentence(conductor, wrong, words):
    with pytest.raises(LockstepError, match=words):
        wrong(conductor)


def test_bad_parameters_are_refused_as_over_ros(conductor):
    with pytest.raises(ConfigurationError, match="node /worker: unknown key 'gian'"):
        conductor.add(Worker, {"gian": 1.0})
    assert not conductor.nodes


def test_latency_is_read_and_checked(tmp_path):
    file = tmp_path / "lockstep.yaml"
    file.write_text("transport: {delay_s: 0.004}\ncompute_default_s: 2\ncompute_s: {path_planning/sortie: 1.5}\n")
    latency = read_latency(file)
    assert latency.of_message_ns() == 4_000_000
    assert latency.of_work_ns("path_planning", "sortie") == 1_500_000_000
    assert latency.of_work_ns("path_planning", "other") == 2_000_000_000
    for text, words in (
        ("delay_s: 1", "unknown key 'delay_s'"),
        ("compute_s: 3", "compute_s must be a section"),
        ("compute_s: {a/b: fast}", "'a/b' is 'fast'"),
        ("compute_default_s: -1", "'compute_default_s' is -1"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=words):
            read_latency(file)


def test_stamps_round_to_the_nanosecond():
    assert seconds(stamp(1000.04)) == pytest.approx(1000.04, abs=1e-9)
    assert stamp(1.9999999999).sec == 2


def test_what_was_done_for_a_wiring_that_is_gone_is_not_used(conductor):
    worker = conductor.add(Worker)
    got = []
    worker.background("sum", lambda: 1, lambda result, took_s: got.append(result))
    worker.cleanup()
    assert not worker.busy
    conductor.run_until(1010.0)
    assert got == []


def test_what_clients_and_servers_send_is_told_by_name_and_number(conductor, outside):
    told = []
    outside.subscribe(Exchange, "/exchanges", told.append, qos.SAMPLES)
    worker = conductor.add(Worker)
    client = conductor.visitor("asker")
    for _ in range(2):
        client.client(Trigger, "/ask").call(Trigger.Request(), lambda response: None)
    goals = client.action_client(DriveTo, "/go")
    goals.send(DriveTo.Goal(), lambda *end: None)
    sent = goals.send(DriveTo.Goal(tolerance_m=1.0), lambda *end: None)
    conductor.run_until(1000.1)
    sent.cancel()
    worker.goal.end(Outcome.CANCELED, DriveTo.Result(reason="so"))
    conductor.run_until(1010.0)
    found = [(message.name, message.number, Sending(message.kind).name) for message in told]
    assert found == [
        ("/ask", 1, "REQUEST"),
        ("/ask", 2, "REQUEST"),
        ("/go", 1, "GOAL"),
        ("/go", 2, "GOAL"),
        ("/go", 1, "REFUSED"),
        ("/go", 2, "TAKEN"),
        ("/go", 2, "CANCEL"),
        ("/go", 2, "RESULT"),
        ("/ask", 1, "RESPONSE"),
        ("/ask", 2, "RESPONSE"),
    ]
    result = told[7]
    assert (result.client, result.type, result.outcome) == ("asker", "lupex_interfaces/action/DriveTo", 2)
    assert deserialize_message(bytes(result.content), DriveTo.Result).reason == "so"
    assert seconds(result.header.stamp) == 1000.1


def test_heartbeats_of_others_are_handed_on_with_the_own_and_soon_where_that_would_be_late(conductor, outside):
    told = []

    def beat(message):
        heard = {pair.key: pair.value for pair in message.status[0].values if pair.key.startswith("heard")}
        told.append((round(conductor.now_s - 1000.0, 2), heard))

    outside.subscribe(DiagnosticArray, "/diagnostics", beat, qos.LATCHED)
    worker = conductor.add(Worker)
    for name in ("one", "two"):
        worker.hand_on(name, 1000.0)
    conductor.run_until(1003.5)
    told.clear()
    # both were told with the stamp of the start so far: once more for both, and not once for each
    for name in ("one", "two"):
        worker.hand_on(name, 1003.4)
    conductor.run_until(1003.9)
    both = {"heard one": "1003.400", "heard two": "1003.400"}
    assert told == [(pytest.approx(3.5 + HAND_ON_S + DELAY_S), both)]
    # what was told a moment ago waits for the next heartbeat
    worker.hand_on("one", 1003.8)
    conductor.run_until(1003.99)
    assert len(told) == 1
    conductor.run_until(1004.2)
    assert told[1] == (4.01, {**both, "heard one": "1003.800"})


def test_what_was_told_meanwhile_is_not_handed_on_again():
    conductor = Conductor(Latency(Transport(DELAY_S), compute_s={"worker/hand_on": 0.9}), now_s=1000.0)
    told = []
    conductor.visitor().subscribe(DiagnosticArray, "/diagnostics", told.append, qos.LATCHED)
    worker = conductor.add(Worker)
    worker.hand_on("one", 1000.0)
    conductor.run_until(1003.5)
    told.clear()
    worker.hand_on("one", 1003.4)
    conductor.run_until(1004.9)
    assert len(told) == 1
