# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that wait in the middleware until somebody asks for them: those of fast topics with slow consumers."""

import struct
from collections.abc import Iterator
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from lupex_node.qos import Profile
from lupex_node.serialization import deserialize_message


class NeverReady(CallbackGroup):
    """Keeps its entities out of the executor's wait set, so that their messages wake nobody."""

    def can_execute(self, entity: Any) -> bool:
        """Never: whoever polls takes the messages."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Never."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing: nothing was begun."""
        return None


def quality(profile: Profile) -> QoSProfile:
    """Return rclpy's quality of service."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=profile.depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if profile.best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if profile.latched else DurabilityPolicy.VOLATILE,
    )


def taken(subscription: Subscription) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield (message, info) of all that wait in a subscription, oldest first."""
    handle = subscription.handle
    with handle:
        while (found := handle.take_message(subscription.msg_type, subscription.raw)) is not None:
            yield found


def stamp_s(content: bytes) -> float:
    """Return the stamp of a serialized message that begins with a header."""
    order = "<" if content[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", content, 4)
    return float(seconds + nanoseconds * 1e-9)


class SerializedMessage:
    """A message whose stamp alone has been read."""

    __slots__ = ("_content", "_kind", "stamp_s")

    def __init__(self, content: bytes, kind: type) -> None:
        self._content, self._kind = content, kind
        self.stamp_s = stamp_s(content)

    def read(self) -> Any:
        """Return the message."""
        return deserialize_message(self._content, self._kind)


class RosQueue:
    """Messages that cost nothing before `take`."""

    def __init__(self, node: Node, kind: type, topic: str, profile: Profile) -> None:
        self._node, self._kind = node, kind
        self._subscription = node.create_subscription(
            kind, topic, lambda message: None, quality(profile), callback_group=NeverReady(), raw=True
        )

    def take(self) -> list[SerializedMessage]:
        """Return what has come since the last time, oldest first."""
        return [SerializedMessage(bytes(content), self._kind) for content, _ in taken(self._subscription)]

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)
