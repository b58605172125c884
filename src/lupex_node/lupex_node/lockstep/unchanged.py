# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Proof that nobody changes a message that was published."""

from collections import deque
from typing import Any

from lupex_node.lockstep.cdr import serialized
from lupex_node.lockstep.topics import LockstepPublisher, Topic


class MessageChanged(AssertionError):  # noqa: N818 - reads as what it is where it is raised
    """Name the topic and the node whose message was changed after its publishing."""


class UnchangedMessages:
    """Watches a run: keeps what each message was, and compares once many others have gone by."""

    def __init__(self, kept: int = 500) -> None:
        self._kept: deque[tuple[str, str, Any, bytes]] = deque()
        self._most = kept
        self.compared = 0

    def offered(self, topic: Topic, publisher: LockstepPublisher) -> None:
        """Take no note of publishers."""

    def said(self, node: str, topic: Topic, message: Any) -> None:
        """Keep a message, and compare the oldest; raises MessageChanged."""
        self._kept.append((node, topic.name, message, serialized(message)))
        if len(self._kept) > self._most:
            self._compare()

    def compare_all(self) -> None:
        """Compare all that are still kept; raises MessageChanged."""
        while self._kept:
            self._compare()

    def _compare(self) -> None:
        node, topic, message, content = self._kept.popleft()
        self.compared += 1
        if serialized(message) != content:
            raise MessageChanged(f"a message of {node} on {topic} was changed after it was published")
