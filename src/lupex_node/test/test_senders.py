# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who tells a topic that one node alone may tell."""

from dataclasses import dataclass

import pytest

from lupex_node.senders import SUCCESSION_S, UNNAMED, Endpoint, Senders, SoleSender

A, B, C = (Endpoint(node, gid) for node, gid in (("mobility", b"a"), ("mobility", b"b"), ("intruder", b"c")))
UNKNOWN = Endpoint("", b"u")


def test_names_are_told_once_and_in_order():
    assert Senders().named([A, C], 0.0) == ("intruder", "mobility")


def test_a_successor_counts_as_one_with_its_predecessor_for_the_lease_and_no_longer():
    senders = Senders()
    assert senders.named([A], 0.0) == ("mobility",)
    assert senders.named([A, B], 10.0) == ("mobility",)
    assert senders.named([A, B], 10.0 + SUCCESSION_S) == ("mobility",)
    assert senders.named([A, B], 10.5 + SUCCESSION_S) == ("mobility", "mobility")
    assert senders.named([B], 11.0 + SUCCESSION_S) == ("mobility",)
    # the next succession has its whole time again
    assert senders.named([A, B], 12.0 + SUCCESSION_S) == ("mobility",)


def test_a_publisher_without_a_name_counts_from_the_second_look_on():
    senders = Senders()
    assert senders.named([A, UNKNOWN], 0.0) == ("mobility",)
    assert senders.named([A, UNKNOWN], 0.5) == (UNNAMED, "mobility")
    assert senders.named([A, Endpoint("intruder", b"u")], 1.0) == ("intruder", "mobility")


def test_the_fault_names_the_topic_and_all_who_tell_it():
    sole = SoleSender("/plan/certificate")
    assert not sole.contested
    sole.names = ("a", "b", "c")
    assert sole.contested
    assert sole.code == "contested_plan_certificate"
    assert "a, b and c" in sole.text


pytest.importorskip("lupex_interfaces.msg")

from std_msgs.msg import Int64  # noqa: E402

from lupex_interfaces.msg import Fault  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402


@dataclass(frozen=True)
class Nothing:
    pass


class Obedient(LupexNode[Nothing]):
    NAME, CONFIG = "obedient", Nothing

    def wire(self):
        self.heard, self.forgotten = [], 0
        self.receive(
            Int64,
            "/order",
            lambda m: self.heard.append(m.data),
            sole_sender=True,
            forget=self.forget_all,
            profile=qos.STATE,
        )
        self.ask = self.newest(Int64, "/limit", sole_sender=True)
        self.publisher(Int64, "/done", sole_sender=True)

    def forget_all(self):
        self.forgotten += 1


@pytest.mark.node
class TestInLockStep:
    @pytest.fixture
    def bench(self):
        conductor = Conductor(now_s=1000.0)
        node = conductor.add(Obedient)
        faults = []
        conductor.visitor("listener").subscribe(Fault, "/faults", faults.append, qos.EVENTS)
        yield conductor, node, faults
        conductor.close()

    def test_the_whole_topic_is_refused_while_two_tell_it_and_is_heard_again_after(self, bench):
        conductor, node, faults = bench
        rightful = conductor.visitor("rightful").publisher(Int64, "/order", qos.STATE)
        rightful.publish(Int64(data=1))
        conductor.run_until(1000.5)
        foreign = conductor.visitor("foreign")
        intruding = foreign.publisher(Int64, "/order", qos.STATE)
        conductor.run_until(1001.0)
        assert node.forgotten == 1
        for publisher, number in ((rightful, 2), (intruding, 3)):
            publisher.publish(Int64(data=number))
        conductor.run_until(1002.0)
        assert node.heard == [1]
        assert node._refused == {"/order": 2}
        assert [(f.code, f.active) for f in faults] == [("contested_order", True)]
        assert "foreign and rightful" in faults[0].text
        foreign.die()
        conductor.run_until(1002.5)
        rightful.publish(Int64(data=4))
        conductor.run_until(1003.0)
        assert node.heard == [1, 4]
        assert not faults[-1].active
        assert "rightful alone" in faults[-1].text

    def test_a_name_that_comes_back_is_a_successor(self, bench):
        conductor, node, faults = bench
        for number in (1, 2):
            visitor = conductor.visitor("rightful")
            visitor.publisher(Int64, "/order", qos.STATE).publish(Int64(data=number))
        conductor.run_until(1001.0)
        assert node.heard == [1, 2]
        assert faults == []

    def test_a_third_who_joins_is_named_too(self, bench):
        conductor, _, faults = bench
        for name in ("a", "b", "c"):
            conductor.visitor(name).publisher(Int64, "/order", qos.STATE)
            conductor.run_until(conductor.now_s + 0.1)
        assert "a and b" in faults[0].text
        assert "a, b and c" in faults[-1].text

    def test_who_tells_what_the_node_itself_tells_is_a_fault(self, bench):
        conductor, _, faults = bench
        conductor.visitor("foreign").publisher(Int64, "/done", qos.STATE)
        conductor.run_until(1001.0)
        assert [fault.code for fault in faults] == ["contested_done"]
        assert "foreign and obedient" in faults[0].text

    def test_who_takes_the_receivers_own_name_is_a_stranger_to_a_topic_that_it_does_not_tell(self, bench):
        conductor, node, faults = bench
        for name in ("rightful", node.name):
            conductor.visitor(name).publisher(Int64, "/order", qos.STATE)
        conductor.run_until(1001.0)
        assert "obedient and rightful" in faults[0].text

    def test_a_node_that_is_cleaned_up_leaves_no_such_fault(self, bench):
        conductor, node, faults = bench
        for name in ("a", "b"):
            conductor.visitor(name).publisher(Int64, "/order", qos.STATE)
        conductor.run_until(1001.0)
        node.deactivate()
        node.cleanup()
        conductor.run_until(1002.0)
        assert [fault.active for fault in faults] == [True, False]
        node.configure()
        node.activate()
        conductor.run_until(1003.0)
        assert [fault.active for fault in faults] == [True, False, True]

    def test_a_cleaned_up_node_watches_nobody(self, bench):
        conductor, node, faults = bench
        node.deactivate()
        node.cleanup()
        for name in ("a", "b"):
            conductor.visitor(name).publisher(Int64, "/order", qos.STATE)
        conductor.run_until(1001.0)
        assert faults == []
