# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes of a namespace in lock step: every name moves with it, the clock and the checkpoint too."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from std_msgs.msg import Int64  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_interfaces.msg import Exchange  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.errors import LockstepError  # noqa: E402
from lupex_node.lockstep.port import Place  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402

R1 = Place("/r1", (("/clock", "clock"), ("in", "/shared/in")))


@dataclass(frozen=True)
class NoSettings:
    pass


class Worker(LupexNode[NoSettings]):
    NAME, CONFIG = "worker", NoSettings

    def wire(self):
        self.heard, self.ticks = [], 0
        self.out = self.publisher(Int64, "out", qos.STATE)
        self.receive(Int64, "in", self.heard.append, convert=self.taken, profile=qos.STATE)
        self.serve(Trigger, "ask", lambda request, use: use(Trigger.Response(success=True)))
        self.serve_action(DriveTo, "go", accept=lambda goal: False, begin=lambda goal: None)
        self.ask, self.go = self.client(Trigger, "ask"), self.action_client(DriveTo, "go")
        self.every(1.0, self.tick)

    def taken(self, message):
        if message.data < 0:
            raise InvalidMessage("negative")
        return message.data

    def tick(self):
        self.ticks += 1


@pytest.fixture
def conductor():
    made = Conductor(now_s=10.0)
    yield made
    made.close()


def test_topics_services_and_actions_move_into_the_namespace(conductor):
    conductor.add(Worker, place=R1)
    assert {"/r1/out", "/shared/in", "/r1/faults", "/r1/diagnostics", "/r1/exchanges"} == set(conductor.topics)
    assert set(conductor.servers) == {"/r1/ask", "/r1/go"}


def test_a_remap_says_who_is_heard_and_a_refusal_names_that_topic(conductor):
    worker = conductor.add(Worker, place=R1)
    outside, beats = conductor.visitor(), []
    outside.subscribe(DiagnosticArray, "/r1/diagnostics", beats.append, qos.LATCHED)
    for topic, value in (("/in", 1), ("/r1/in", 2), ("/shared/in", 3), ("/shared/in", -1)):
        outside.publisher(Int64, topic, qos.STATE).publish(Int64(data=value))
    assert conductor.until(lambda: worker.heard == [3], 5.0)
    assert conductor.until(
        lambda: beats and "refused /shared/in" in {pair.key for pair in beats[-1].status[0].values}, 5.0
    )


def test_an_exchange_tells_the_name_that_any_rover_has(conductor):
    worker, told = conductor.add(Worker, place=R1), []
    conductor.visitor().subscribe(Exchange, "/r1/exchanges", told.append, qos.SAMPLES)
    answers = []
    worker.ask.call(Trigger.Request(), answers.append)
    assert conductor.until(lambda: answers and len(told) == 2, 5.0)
    assert {message.name for message in told} == {"/ask"}


def test_timers_follow_the_clock_of_the_namespace_and_no_other(conductor):
    worker = conductor.add(Worker, place=R1)
    outside = conductor.visitor()
    conductor.follow_clock()
    outside.publisher(Clock, "/clock", qos.STATE).publish(told(11.5))
    conductor.run_until(20.0)
    assert worker.ticks == 0
    outside.publisher(Clock, "/r1/clock", qos.STATE).publish(told(11.5))
    conductor.run_until(21.0)
    assert worker.ticks == 1


def told(time_s):
    clock = Clock()
    clock.clock.sec, clock.clock.nanosec = int(time_s), round(time_s % 1.0 * 1e9)
    return clock


def test_there_is_one_clock(conductor):
    conductor.add(Worker, place=R1)
    with pytest.raises(LockstepError, match=r"'second' lives by /clock and the others by /r1/clock"):
        conductor.add(Worker, name="second")


def test_a_checkpoint_is_kept_below_the_namespace(conductor):
    worker = conductor.add(Worker, {"state_dir": "state"}, place=R1)
    worker.save_state({"a": 1}, 10.0)
    assert worker.port.store("state").where == "state/r1/worker.json"
    assert worker.saved_state(5.0) == (10.0, {"a": 1})
