# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who tells a topic, by the graph: rclpy gives no sender with a message."""

import time
from collections.abc import Callable

from rclpy.clock import Clock
from rclpy.node import Node

from lupex_node.senders import Endpoint, Senders

LOOK_S = 0.5
"""Of the host's time between two looks. A look costs a count, and names only where there is more than one."""

NAMELESS = "_NODE_NAME_UNKNOWN_"
"""What the middleware calls a node of which it knows a publisher only."""


class RosSenders:
    """Looks at the publishers of one topic now and then; `use` gets their names where they have changed."""

    def __init__(self, node: Node, topic: str, use: Callable[[tuple[str, ...]], None], clock: Clock) -> None:
        self._node, self._use = node, use
        self._topic = node.resolve_topic_name(topic)
        self._senders = Senders()
        self._names: tuple[str, ...] | None = None
        self._timer = node.create_timer(LOOK_S, self._look, clock=clock)
        self._count = -1
        self._look()

    def _look(self) -> None:
        count = self._node.count_publishers(self._topic)
        if count == self._count and count < 2 and self._names is not None and len(self._names) == count:
            return
        self._count = count
        found = [
            Endpoint(self._name(info.node_namespace, info.node_name), bytes(info.endpoint_gid))
            for info in self._node.get_publishers_info_by_topic(self._topic)
        ]
        names = self._senders.named(found, time.monotonic())
        if names != self._names:
            self._names = names
            self._use(names)

    def _name(self, namespace: str, name: str) -> str:
        """Return a node's name, with its namespace where that is another's."""
        if name == NAMELESS:
            return ""
        return name if namespace == self._node.get_namespace() else f"{namespace.rstrip('/')}/{name}"

    def close(self) -> None:
        """End it."""
        self._node.destroy_timer(self._timer)
