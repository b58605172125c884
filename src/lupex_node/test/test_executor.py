# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The batching executor does all that rclpy's does, with fewer waits."""

import time

import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from rclpy.action import ActionClient, ActionServer, CancelResponse  # noqa: E402
from rclpy.callback_groups import ReentrantCallbackGroup  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.qos import QoSProfile  # noqa: E402
from rclpy.task import Future  # noqa: E402
from std_msgs.msg import Int64  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.ros.executor import LARGEST_BATCH, BatchingExecutor  # noqa: E402
from lupex_node.ros.subscriptions import RosQueue, quality  # noqa: E402


class Bench:
    def __init__(self):
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("bench", context=self.context)
        self.executor = BatchingExecutor(context=self.context)
        self.executor.add_node(self.node)

    def until(self, condition, rounds=500):
        for _ in range(rounds):
            if condition():
                return
            self.executor.spin_once(timeout_sec=0.02)
        raise AssertionError("never so")

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def test_all_messages_arrive_in_order_and_in_few_rounds(bench):
    got = []
    profile = QoSProfile(depth=100)
    bench.node.create_subscription(Int64, "/numbers", lambda message: got.append(message.data), profile)
    publisher = bench.node.create_publisher(Int64, "/numbers", profile)
    bench.until(lambda: publisher.get_subscription_count() == 1)
    for number in range(100):
        publisher.publish(Int64(data=number))
    rounds = 0
    while len(got) < 100:
        bench.executor.spin_once(timeout_sec=1.0)
        rounds += 1
        assert rounds < 50
    assert got == list(range(100))
    assert LARGEST_BATCH < 100, "a flood is taken in more than one round"


def test_a_message_that_waits_to_be_asked_for_wakes_nobody(bench):
    queue = RosQueue(bench.node, Int64, "/numbers", qos.NEWEST)
    publisher = bench.node.create_publisher(Int64, "/numbers", quality(qos.NEWEST))
    bench.until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int64(data=1))
    ticks = []
    bench.node.create_timer(0.25, lambda: ticks.append(1))
    rounds = 0
    while not ticks:
        bench.executor.spin_once(timeout_sec=5.0)
        rounds += 1
    # each round that ends before the timer is a wake-up for nothing; of changes in the graph there may be a few
    assert rounds < 20
    assert len(queue.take()) == 1


def test_timers_tick_and_a_cancelled_one_does_not(bench):
    ticks = {"a": 0, "b": 0}
    bench.node.create_timer(0.005, lambda: ticks.__setitem__("a", ticks["a"] + 1))
    cancelled = bench.node.create_timer(0.005, lambda: ticks.__setitem__("b", ticks["b"] + 1))
    cancelled.cancel()
    bench.until(lambda: ticks["a"] >= 5)
    assert ticks["b"] == 0


def test_a_timer_that_another_cancels_in_the_same_round_does_not_tick(bench):
    ticks = []
    timers = []

    def tick(own):
        ticks.append(own)
        timers[1 - own].cancel()

    for own in (0, 1):
        timers.append(bench.node.create_timer(0.01, lambda own=own: tick(own)))
    time.sleep(0.02)
    bench.until(lambda: len(ticks) >= 3)
    assert len(set(ticks)) == 1


def test_a_service_may_await_what_a_timer_completes(bench):
    done = Future()

    async def answer(request, response):
        response.message = await done
        response.success = True
        return response

    bench.node.create_service(Trigger, "/ask", answer, callback_group=ReentrantCallbackGroup())
    bench.node.create_timer(0.05, lambda: done.done() or done.set_result("here"))
    client = bench.node.create_client(Trigger, "/ask")
    bench.until(client.service_is_ready)
    future = client.call_async(Trigger.Request())
    bench.until(future.done)
    assert future.result().message == "here"


def test_an_action_runs_and_is_cancelled(bench):
    ended = Future()

    async def drive(handle):
        handle.publish_feedback(DriveTo.Feedback(replans=3))
        await ended
        handle.canceled() if handle.is_cancel_requested else handle.succeed()
        return DriveTo.Result(reason="over")

    server = ActionServer(bench.node, DriveTo, "/go", drive, cancel_callback=lambda _: CancelResponse.ACCEPT)
    client = ActionClient(bench.node, DriveTo, "/go")
    bench.until(client.server_is_ready)
    feedback = []
    sent = client.send_goal_async(DriveTo.Goal(), feedback_callback=lambda m: feedback.append(m.feedback.replans))
    bench.until(sent.done)
    bench.until(lambda: feedback == [3])
    cancelled = sent.result().cancel_goal_async()
    bench.until(cancelled.done)
    ended.set_result(None)
    result = sent.result().get_result_async()
    bench.until(result.done)
    assert result.result().result.reason == "over"
    client.destroy()
    server.destroy()


def test_what_is_made_and_destroyed_while_it_runs_is_followed(bench):
    got = []
    publisher = bench.node.create_publisher(Int64, "/late", 10)
    bench.executor.spin_once(timeout_sec=0.0)
    subscription = bench.node.create_subscription(Int64, "/late", lambda message: got.append(message.data), 10)
    bench.until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int64(data=1))
    bench.until(lambda: got == [1])
    bench.node.destroy_subscription(subscription)
    bench.until(lambda: publisher.get_subscription_count() == 0)
    publisher.publish(Int64(data=2))
    bench.executor.spin_once(timeout_sec=0.0)
    assert got == [1]


def test_an_exception_of_a_callback_comes_out(bench):
    def fail():
        raise RuntimeError("broken callback")

    bench.node.create_timer(0.001, fail)
    with pytest.raises(RuntimeError, match="broken callback"):
        bench.until(lambda: False)


def test_a_coroutine_callback_goes_on_as_a_task(bench):
    steps, gate = [], Future()

    async def callback(message):
        steps.append(message.data)
        await gate
        steps.append(-message.data)

    bench.node.create_subscription(Int64, "/slow", callback, 10)
    publisher = bench.node.create_publisher(Int64, "/slow", 10)
    bench.until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int64(data=7))
    bench.until(lambda: steps == [7])
    gate.set_result(None)
    bench.until(lambda: steps == [7, -7])


def test_a_busy_node_gathers_and_an_idle_one_does_not_wait(bench):
    bench.executor.interval_s = 0.05
    count = []
    bench.node.create_subscription(Int64, "/busy", count.append, 10)
    publisher = bench.node.create_publisher(Int64, "/busy", 10)
    bench.until(lambda: publisher.get_subscription_count() == 1)
    rounds = 0
    begun = time.monotonic()
    while rounds < 4:
        publisher.publish(Int64(data=1))
        bench.executor.spin_once(timeout_sec=1.0)
        rounds += 1
    assert time.monotonic() - begun >= 3 * 0.05, "four waits are at least three intervals apart"


def test_messages_of_several_topics_are_used_in_the_order_of_their_publication_and_timers_after_them(bench):
    order = []
    for name in ("a", "b", "c"):
        bench.node.create_subscription(Int64, f"/{name}", lambda m, name=name: order.append((name, m.data)), 50)
    publishers = {name: bench.node.create_publisher(Int64, f"/{name}", 50) for name in ("a", "b", "c")}
    bench.until(lambda: all(publisher.get_subscription_count() == 1 for publisher in publishers.values()))
    bench.node.create_timer(0.001, lambda: order.append("tick") if order else None)
    sent = [(name, number) for number in range(10) for name in ("c", "a", "b")]
    for name, number in sent:
        publishers[name].publish(Int64(data=number))
    bench.until(lambda: len([item for item in order if item != "tick"]) == 30)
    assert [item for item in order if item != "tick"] == sent
    assert order[0] != "tick"
