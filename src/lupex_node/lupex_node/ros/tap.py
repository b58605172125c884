# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every topic of the graph, serialized: found by looking now and then, drained many messages at a time."""

import importlib
import time
from collections.abc import Sequence
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from lupex_node.port import Offer, TapRules
from lupex_node.ros.subscriptions import NeverReady, taken


class RosTap:
    """Subscribes to what is wanted. A wake for each of thousands of messages a second would cost ten times as much."""

    def __init__(self, node: Node, rules: TapRules) -> None:
        self._node, self._rules = node, rules
        self._group = NeverReady()
        self._subscriptions: dict[str, Subscription] = {}
        self._asked: dict[str, QoSProfile] = {}
        self._publishers: dict[str, int] = {}
        self._passed_over: set[str] = set()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timers = [
            node.create_timer(rules.discover_wall_s, self._discover, clock=steady),
            node.create_timer(rules.drain_wall_s, self.drain, clock=steady),
        ]
        self._discover()

    def _discover(self) -> None:
        for topic, kinds in self._node.get_topic_names_and_types():
            if topic in self._subscriptions:
                self._look_again(topic)
            if topic in self._subscriptions or topic in self._passed_over:
                continue
            if not self._rules.wanted(topic):
                self._passed_over.add(topic)
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if publishers:
                self._subscribe(topic, kinds[0], publishers)
                if len(kinds) > 1:
                    others = ", ".join(kinds[1:])
                    self._node.get_logger().warning(
                        f"{topic} is heard as {kinds[0]} alone, and is told as {others} too"
                    )

    def _look_again(self, topic: str) -> None:
        """Ask for less where a publisher that came later offers less: it would not be heard otherwise."""
        count = self._node.count_publishers(topic)
        if count == self._publishers[topic] or not count:
            return
        self._publishers[topic] = count
        held = self._asked[topic]
        wanted = weaker(held, adapted(self._node.get_publishers_info_by_topic(topic), self._rules.depth))
        if (wanted.reliability, wanted.durability) == (held.reliability, held.durability):
            return
        self.drain()
        before = self._subscriptions[topic]
        self._hear(topic, before.msg_type, wanted)
        self._node.destroy_subscription(before)

    def _subscribe(self, topic: str, kind: str, publishers: Sequence[TopicEndpointInfo]) -> None:
        try:
            message_type = message_class(kind)
        except ImportError as error:
            self._passed_over.add(topic)
            self._node.get_logger().warning(f"{topic} cannot be heard: {error}")
            return
        if not self._rules.begin(Offer(topic, kind, offered(publishers))):
            self._passed_over.add(topic)
            return
        self._publishers[topic] = len(publishers)
        self._hear(topic, message_type, adapted(publishers, self._rules.depth))

    def _hear(self, topic: str, message_type: Any, profile: QoSProfile) -> None:
        self._asked[topic] = profile
        self._subscriptions[topic] = self._node.create_subscription(
            message_type, topic, lambda message: None, profile, raw=True, callback_group=self._group
        )

    def drain(self) -> None:
        """Take what has arrived."""
        for topic, subscription in self._subscriptions.items():
            for data, info in taken(subscription):
                if not self._rules.due(topic):
                    continue
                received_ns = info["received_timestamp"] or time.time_ns()
                self._rules.take(topic, data, received_ns, info["source_timestamp"] or received_ns)

    def close(self) -> None:
        """Unsubscribe."""
        for timer in self._timers:
            self._node.destroy_timer(timer)
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()


def weaker(held: QoSProfile, offers: QoSProfile) -> QoSProfile:
    """Return what asks for no more than either does: what was given up is not asked for again."""
    reliable = held.reliability == offers.reliability == ReliabilityPolicy.RELIABLE
    latched = held.durability == offers.durability == DurabilityPolicy.TRANSIENT_LOCAL
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=held.depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def message_class(name: str) -> Any:
    """Import the class of a message type; raises ImportError when it is not installed."""
    package, kind, message = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), message)
    except AttributeError as error:
        raise ImportError(f"{package} has no message {message}") from error


def offered(publishers: Sequence[TopicEndpointInfo]) -> tuple[tuple[str, str, str, int], ...]:
    """Describe what a topic's publishers offer, each kind once."""
    found = [
        (
            info.qos_profile.reliability.name.lower(),
            info.qos_profile.durability.name.lower(),
            info.qos_profile.history.name.lower(),
            info.qos_profile.depth,
        )
        for info in publishers
    ]
    return tuple(dict.fromkeys(found))


def adapted(publishers: Sequence[TopicEndpointInfo], depth: int) -> QoSProfile:
    """Ask for the most that all of a topic's publishers offer, so that each is heard."""
    profiles = [info.qos_profile for info in publishers]
    reliable = all(profile.reliability == ReliabilityPolicy.RELIABLE for profile in profiles)
    latched = all(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in profiles)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
