# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A client and a server, each replayed from what the two said: order, requests, goals, and what cannot be."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from std_msgs.msg import Int64, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_launch.lockstep.recorded import RecordedMessage, RecordedTime, ReplayError, Source  # noqa: E402
from lupex_launch.lockstep.replaying import Replay  # noqa: E402
from lupex_launch.lockstep.starts import NodeStart  # noqa: E402
from lupex_models.configuration import setting  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.latency import Latency  # noqa: E402
from lupex_node.lockstep.tap import LockstepTap  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402
from lupex_node.port import Outcome, TapRules  # noqa: E402

BEGIN_S = 1000.0
LATENCY = Latency()


@dataclass(frozen=True)
class AskerConfig:
    period_s: float = setting(5.0, "between questions", unit="s", minimum=1, maximum=100)
    cancels: bool = setting(True, "wants its second goal ended")


class Asker(LupexNode[AskerConfig]):
    """Counts, asks now and then, and tells all that it hears."""

    NAME, CONFIG = "asker", AskerConfig

    def wire(self):
        self.count = 0
        self.told = self.publisher(String, "/told", qos.SAMPLES)
        self.counts = self.publisher(Int64, "/count", qos.SAMPLES)
        self.questions = self.client(Trigger, "/ask")
        self.goals = self.action_client(DriveTo, "/go")
        self.receive(Int64, "/number", lambda m: self.tell(f"number {m.data}"), profile=qos.SAMPLES)
        self.receive(Int64, "/count", lambda m: self.tell(f"own {m.data}"), profile=qos.SAMPLES)
        self.receive(String, "/latched", lambda m: self.tell(m.data), profile=qos.LATCHED)
        self.every(1.0, self.tick)
        self.every(self.config.period_s, self.ask)

    def tell(self, text):
        self.told.publish(String(data=text))

    def tick(self):
        self.count += 1
        self.counts.publish(Int64(data=self.count))

    def ask(self):
        self.tell(f"asks, ready {self.questions.ready()} {self.goals.ready()}")
        self.questions.call(Trigger.Request(), lambda response: self.tell(response.message))
        goal = DriveTo.Goal(tolerance_m=float(self.count % 2))
        sent = self.goals.send(goal, lambda outcome, result: self.tell(f"{outcome} {result and result.reason}"))
        if self.config.cancels and self.count > 9:
            sent.cancel()


@dataclass(frozen=True)
class AnswererConfig:
    gain: int = setting(1, "of what it says", minimum=0, maximum=9)


class Answerer(LupexNode[AnswererConfig]):
    """Says numbers at the very times at which the other counts, and answers."""

    NAME, CONFIG = "answerer", AnswererConfig

    def wire(self):
        self.asked, self.goal = 0, None
        self.number = self.publisher(Int64, "/number", qos.SAMPLES)
        self.publisher(String, "/latched", qos.LATCHED).publish(String(data="kept"))
        self.serve(Trigger, "/ask", self.answer)
        self.serve_action(
            DriveTo, "/go", accept=lambda goal: goal.tolerance_m > 0.0, begin=self.begin, cancel=self.cancelled
        )
        self.every(1.0, self.tick)

    def tick(self):
        self.number.publish(Int64(data=self.config.gain))
        if self.goal is not None:
            outcome = Outcome.CANCELED if self.goal.cancel_asked() else Outcome.SUCCEEDED
            self.goal.end(outcome, DriveTo.Result(reason=f"{self.goal.request.tolerance_m:g}"))
            self.goal = None

    def answer(self, request, reply):
        self.asked += 1
        text = f"answer {self.asked}"
        self.background("think", lambda: text, lambda made, took_s: reply(Trigger.Response(message=made)))

    def begin(self, goal):
        self.goal = goal

    def cancelled(self):
        self.number.publish(Int64(data=-1))


KINDS = {"asker": Asker, "answerer": Answerer}


def start(name, **parameters):
    return NodeStart(KINDS[name], name, parameters, False, 0.0, "here")


class Tape:
    """All that was said in a run, as a recorder keeps it."""

    def __init__(self, lasts_s=31.5, order=("answerer", "asker")):
        conductor = Conductor(LATENCY, now_s=BEGIN_S)
        for name in order:
            conductor.add(KINDS[name], {})
        self.topics, self.messages = {}, []
        rules = TapRules(lambda topic: True, self.begin, lambda topic: True, self.take, 1, 1.0, 1.0)
        LockstepTap(conductor, rules)
        conductor.run_until(BEGIN_S + lasts_s)
        self.end_ns = conductor.now_ns

    def begin(self, offer):
        latched = offer.profiles[0][1] == "transient_local"
        self.topics[offer.topic] = SimpleNamespace(kind=offer.kind, type_hash="", latched=latched, count=1)
        return True

    def take(self, topic, data, received_ns, published_ns):
        self.messages.append(RecordedMessage(topic, received_ns, data))

    def source(self, begin_s=BEGIN_S):
        return Source(self.topics, lambda: iter(self.messages), round(begin_s * 1e9), self.end_ns)

    def replay(self, *starts, begin_s=BEGIN_S):
        then, now = [], []
        replay = Replay(
            starts, LATENCY, self.source(begin_s), lambda m, kind: then.append(m), lambda m, kind: now.append(m)
        )
        replay.run()
        return then, now, replay


@pytest.fixture(scope="module")
def tape():
    return Tape()


def begun(messages):
    return [message for message in messages if message.time_ns == round(BEGIN_S * 1e9)]


def texts(messages):
    return [message.data[8:-1].decode() for message in messages if message.topic == "/told"]


@pytest.mark.parametrize("order", [("answerer", "asker"), ("asker", "answerer")])
@pytest.mark.parametrize("names", [("asker",), ("answerer",), ("asker", "answerer")])
def test_each_says_the_same_in_the_same_order(order, names):
    tape = Tape(order=order)
    then, now, replay = tape.replay(*(start(name) for name in order if name in names))
    # a recorder that begins last knows of what was told before it what was latched, by topic
    assert sorted(begun(now)) == sorted(begun(then))
    assert now[len(begun(now)) :] == then[len(begun(then)) :]
    assert len(now) > 60
    if "asker" in names:
        heard = texts(now)
        for text in ("answer 3", "None None", "Outcome.SUCCEEDED 1", "Outcome.CANCELED 1", "kept"):
            assert text in heard, heard
    assert (replay.servers.unanswered, replay.servers.unasked) == (0, 0)


def test_what_two_say_at_one_time_is_heard_in_the_order_of_then():
    heard = []
    for order in ("answerer", "asker"), ("asker", "answerer"):
        _, now, _ = Tape(order=order).replay(start("asker"))
        said = texts(now)
        heard.append(said.index("own 3") - [at for at, text in enumerate(said) if text == "number 1"][2])
    assert heard == [1, -1]


def test_one_who_asks_more_often_gets_the_answers_that_there_are(tape):
    _, now, replay = tape.replay(start("asker", period_s=3.0))
    heard = texts(now)
    assert [text for text in heard if text.startswith("answer")] == [f"answer {number}" for number in range(1, 7)]
    # each a question and a goal
    assert replay.servers.unanswered == 2 * 10 - 2 * 6


def test_one_who_asks_less_often_leaves_answers(tape):
    _, now, replay = tape.replay(start("asker", period_s=20.0))
    assert [text for text in texts(now) if text.startswith("answer")] == ["answer 1"]
    assert replay.servers.unasked == 2 * 6 - 2


def test_answers_that_came_before_the_question_come_with_it(tape):
    _, now, _ = tape.replay(start("asker", period_s=7.0))
    assert [text for text in texts(now) if text.startswith("answer")] == [
        "answer 1",
        "answer 2",
        "answer 3",
        "answer 4",
    ]


def test_a_late_begin_counts_on_and_knows_what_was_latched(tape):
    then, now, _ = tape.replay(start("asker"), begin_s=BEGIN_S + 16.0)
    heard = texts(now)
    assert heard[0] == "kept"
    # the third question was asked at 15 s, the next three at 20, 25 and 30
    assert [text for text in heard if text.startswith("answer")] == ["answer 4", "answer 5", "answer 6"]
    assert all(message.time_ns >= (BEGIN_S + 16.0) * 1e9 for message in (*then, *now))


def test_inputs_and_exchanges_are_told(tape):
    replay = Replay([start("asker")], LATENCY, tape.source(), lambda m, kind: None, lambda m, kind: None)
    assert replay.inputs == ["/latched", "/number"]
    assert replay.exchanged == ["/ask", "/go"]
    replay.run()
    assert replay.fed["/latched"] == 1
    assert replay.fed["/number"] > 30


def test_a_node_that_dies_is_one_sentence(tape):
    lines = []

    class Dying(Asker):
        def tick(self):
            raise ZeroDivisionError("by nothing")

    made = NodeStart(Dying, "asker", {}, False, 0.0, "here")
    replay = Replay([made], LATENCY, tape.source(), lambda m, kind: None, lambda m, kind: None, lines.append)
    with pytest.raises(ReplayError, match=r"asker has died at 1001\.000 s: ZeroDivisionError: by nothing"):
        replay.run()
    assert any("Traceback" in line for line in lines)


@pytest.mark.parametrize(
    ("topic", "changes", "sentence"),
    [
        (
            "/number",
            {"kind": "std_msgs/msg/String"},
            "/number is std_msgs/msg/String in the recording and std_msgs/msg/I",
        ),
        ("/number", {"kind": ""}, "/number is of no known type"),
        ("/number", {"type_hash": "RIHS01_0"}, "another definition of std_msgs/msg/Int64"),
    ],
)
def test_other_types_and_definitions_are_one_sentence(tape, topic, changes, sentence):
    changed = SimpleNamespace(**{**vars(tape.topics[topic]), **changes})
    source = Source({**tape.topics, topic: changed}, lambda: iter(tape.messages), round(BEGIN_S * 1e9), tape.end_ns)
    with pytest.raises(ReplayError, match=sentence):
        Replay([start("asker")], LATENCY, source, lambda m, kind: None, lambda m, kind: None)


def test_a_service_of_another_definition_is_one_sentence(tape):
    from lupex_interfaces.msg import Exchange
    from lupex_node.lockstep.cdr import writer
    from lupex_node.serialization import deserialize_message

    def changed(**values):
        for message in tape.messages:
            if message.topic != "/exchanges":
                yield message
                continue
            exchange = deserialize_message(message.data, Exchange)
            for name, value in values.items():
                setattr(exchange, name, value)
            yield message._replace(data=writer(Exchange)(exchange))

    for values, sentence in (
        ({"content": b"\x00\x01\x00\x00\x01"}, "recorded with another definition of std_srvs/srv/Trigger"),
        ({"type": "std_srvs/srv/SetBool"}, "/ask is std_srvs/srv/SetBool in the recording and std_srvs/srv/Trigger"),
    ):
        source = Source(tape.topics, lambda v=values: changed(**v), round(BEGIN_S * 1e9), tape.end_ns)
        with pytest.raises(ReplayError, match=sentence):
            Replay([start("answerer")], LATENCY, source, lambda m, kind: None, lambda m, kind: None).run()


def test_the_nodes_time_lies_between_the_tellings_of_the_clock():
    time = RecordedTime([(100, 1000), (200, 3000), (300, 3000), (400, 3500)])
    assert not time.in_lock_step
    assert [time.of(at) for at in (0, 100, 150, 200, 300, 400, 500)] == [1000, 1000, 2000, 3000, 3250, 3500, 3500]
    assert RecordedTime([]).of(77) == 77
    assert RecordedTime([(5, 5), (9, 9), (9, 7)]).in_lock_step
