# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Fast topics for slow consumers: messages that wait in the middleware until somebody asks for them."""

import struct
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message

from lupex_node.node import LupexNode


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


class PolledSubscription:
    """Subscription whose messages cost nothing before `take`; the profile's depth says how many are kept."""

    def __init__(self, node: LupexNode[Any], kind: type, topic: str, profile: QoSProfile) -> None:
        self._kind = kind
        self._subscription = node.create_subscription(
            kind, topic, lambda message: None, profile, callback_group=NeverReady(), raw=True
        )
        node.until_cleaned_up(lambda: node.destroy_subscription(self._subscription))

    def take(self) -> list[tuple[float, bytes]]:
        """Return (stamp in seconds, serialized message) of all that wait, oldest first.

        The kind must begin with a Header.
        """
        taken = []
        with self._subscription.handle:
            while (found := self._subscription.handle.take_message(self._kind, True)) is not None:
                content = bytes(found[0])
                order = "<" if content[1] & 1 else ">"
                seconds, nanoseconds = struct.unpack_from(f"{order}iI", content, 4)
                taken.append((seconds + nanoseconds * 1e-9, content))
        return taken

    def decode(self, content: bytes) -> Any:
        """Return the message of a serialized one."""
        return deserialize_message(content, self._kind)
