# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a node's clients send and are sent, told for recordings: rclpy's servers do not know who asks them."""

from typing import Any

from rclpy.node import Node

from lupex_node.exchanges import KIND, PROFILE, TOPIC, Asked, Sending, exchange, told_name
from lupex_node.lockstep.cdr import writer
from lupex_node.port import Outcome
from lupex_node.ros.subscriptions import quality


class Teller:
    """Counts the requests and goals of one node and tells both sides of each. An answer is told when it comes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher: Any = None
        self._counts: dict[str, int] = {}

    def asked(self, name: str, kind: type) -> Asked:
        """Count a request or goal."""
        name = told_name(self._node.resolve_service_name(name), self._node.get_namespace())
        self._counts[name] = self._counts.get(name, 0) + 1
        return Asked(name, kind, self._node.get_name(), self._counts[name])

    def offer(self) -> None:
        """Offer the topic, so that a recorder finds it before there is anything to tell."""
        if self._publisher is None:
            self._publisher = self._node.create_publisher(KIND, TOPIC, quality(PROFILE))

    def tell(self, asked: Asked, sending: Sending, content: Any = None, outcome: Outcome | None = None) -> None:
        """Tell of a sending."""
        self.offer()
        data = b"" if content is None else writer(type(content))(content)
        now_ns = int(self._node.get_clock().now().nanoseconds)
        self._publisher.publish(exchange(asked, sending, now_ns, data, outcome))
