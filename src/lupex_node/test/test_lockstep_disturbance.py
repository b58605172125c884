# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages in lock step that get lost, late, doubled, damaged; and one that its sender changes afterwards."""

from random import Random

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import TwistStamped  # noqa: E402
from std_msgs.msg import Int64  # noqa: E402

from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.lockstep import disturbance  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.latency import Latency, Transport  # noqa: E402
from lupex_node.lockstep.unchanged import MessageChanged, UnchangedMessages  # noqa: E402


@pytest.fixture
def conductor():
    return Conductor(Latency(Transport(0.01)), now_s=1000.0)


@pytest.fixture
def outside(conductor):
    return conductor.visitor()


def twist(x, time_s):
    message = TwistStamped()
    message.header.frame_id, message.header.stamp = "base_link", stamp(time_s)
    message.twist.linear.x = x
    return message


def test_a_message_that_is_changed_after_its_publishing_is_found_out(conductor, outside):
    watch = UnchangedMessages(kept=3)
    conductor.watchers.append(watch)
    publisher = outside.publisher(Int64, "/numbers", qos.SAMPLES)
    good = Int64(data=1)
    publisher.publish(good)
    watch.compare_all()
    publisher.publish(good)
    good.data = 2
    with pytest.raises(MessageChanged, match="visitor on /numbers"):
        watch.compare_all()


def arrivals(conductor, outside, disturbance, count=200):
    heard = []
    topic = conductor.topic("/numbers", Int64)
    topic.disturbance = disturbance
    outside.subscribe(Int64, "/numbers", lambda m: heard.append((conductor.now_s - 1000.0, m.data)), qos.SAMPLES)
    publisher = outside.publisher(Int64, "/numbers", qos.SAMPLES)
    for number in range(count):
        conductor.run_until(1000.0 + 0.1 * number)
        publisher.publish(Int64(data=number))
    conductor.run_until(1100.0)
    return heard


def test_messages_get_lost(conductor, outside):
    heard = [number for _, number in arrivals(conductor, outside, disturbance.drop(0.5, Random(1)))]
    assert 70 < len(heard) < 130
    assert heard == sorted(set(heard))


def test_messages_come_late(conductor, outside):
    heard = arrivals(conductor, outside, disturbance.delay(0.25), 3)
    assert heard == [(pytest.approx(0.1 * number + 0.26), number) for number in range(3)]


def test_messages_come_twice(conductor, outside):
    heard = [number for _, number in arrivals(conductor, outside, disturbance.duplicate(0.5, Random(1)))]
    assert set(heard) == set(range(200))
    assert 270 < len(heard) < 330


def test_messages_overtake_each_other(conductor, outside):
    heard = [number for _, number in arrivals(conductor, outside, disturbance.reorder(0.5, Random(1)))]
    assert sorted(heard) == list(range(200))
    assert heard != sorted(heard)


def test_messages_get_damaged_in_a_copy(conductor, outside):
    heard = []
    conductor.topic("/in", TwistStamped).disturbance = disturbance.corrupt(1.0, Random(1))
    outside.subscribe(TwistStamped, "/in", heard.append, qos.SAMPLES)
    sent = twist(0.5, 1000.0)
    outside.publisher(TwistStamped, "/in", qos.SAMPLES).publish(sent)
    conductor.run_until(1001.0)
    assert sent == twist(0.5, 1000.0)
    linear, angular = heard[0].twist.linear, heard[0].twist.angular
    values = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z]
    assert sum(not abs(value) < 1e299 for value in values) == 1
    assert heard[0].header == sent.header
