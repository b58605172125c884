# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every topic, serialized once, in the order in which it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lupex_node.lockstep.cdr import serialized
from lupex_node.lockstep.topics import LockstepPublisher, Topic
from lupex_node.port import Offer, TapRules

if TYPE_CHECKING:
    from lupex_node.lockstep.conductor import Conductor


class LockstepTap:
    """Hears what is wanted at its publishing."""

    def __init__(self, conductor: Conductor, rules: TapRules) -> None:
        self._conductor, self._rules = conductor, rules
        self._taken: dict[str, bool] = {}
        conductor.watchers.append(self)
        for topic in conductor.topics.values():
            for publisher in topic.publishers:
                self.offered(topic, publisher)
                for message in publisher.kept:
                    self.said(publisher.port.name, topic, message)

    def offered(self, topic: Topic, publisher: LockstepPublisher) -> None:
        """Hear of a topic."""
        if topic.name not in self._taken:
            durability = "transient_local" if publisher.profile.latched else "volatile"
            profile = ("reliable", durability, "keep_last", publisher.profile.depth)
            offer = Offer(topic.name, topic.type_name, (profile,))
            self._taken[topic.name] = self._rules.wanted(topic.name) and self._rules.begin(offer)

    def said(self, node: str, topic: Topic, message: Any) -> None:
        """Take a message."""
        if self._taken.get(topic.name, False) and self._rules.due(topic.name):
            now_ns = self._conductor.now_ns
            self._rules.take(topic.name, serialized(message), now_ns, now_ns)

    def drain(self) -> None:
        """Do nothing: nothing waits."""

    def close(self) -> None:
        """End it."""
        if self in self._conductor.watchers:
            self._conductor.watchers.remove(self)
