# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Topics of one process: a message costs what a call costs, and nobody makes a copy of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lupex_node.lockstep.wire import narrower
from lupex_node.port import Use
from lupex_node.qos import Profile

if TYPE_CHECKING:
    from lupex_node.lockstep.conductor import Conductor
    from lupex_node.lockstep.port import LockstepPort

Send = Callable[[Any, int], None]
"""Sends a message with so many nanoseconds more on its way."""


class Topic:
    """A name with its type, who tells it and who hears it."""

    def __init__(self, conductor: Conductor, name: str, kind: type) -> None:
        self._conductor = conductor
        self.name, self.kind = name, kind
        self.publishers: list[LockstepPublisher] = []
        self.subscribers: tuple[LockstepSubscription, ...] = ()
        self.watches: list[LockstepSenders] = []
        """Who wants to know its publishers."""
        self.disturbance: Callable[[Any, Send], None] | None = None
        """What stands in the way of its messages, where something does."""

    @property
    def type_name(self) -> str:
        """Type as in `pkg/msg/Name`."""
        package, group = self.kind.__module__.split(".")[:2]
        return f"{package}/{group}/{self.kind.__name__}"

    def tell_senders(self) -> None:
        """Tell who wants to know that the publishers have changed."""
        for watch in self.watches:
            watch.look()

    def say(self, message: Any) -> None:
        """Hand a message on to all who hear the topic when it arrives."""
        if self.disturbance is not None:
            self.disturbance(message, self._send)
        elif self.subscribers:
            self._send(message, 0)

    def _send(self, message: Any, more_ns: int) -> None:
        # who subscribes while it is on its way gets what was kept, and not the same again
        self._conductor.soon(None, self._arrive, (self.subscribers, message), more_ns)

    def _arrive(self, sent: tuple[tuple[LockstepSubscription, ...], Any]) -> None:
        conductor, (subscribers, message) = self._conductor, sent
        for subscription in subscribers:
            if subscription.open:
                conductor.run(subscription.port, subscription.use, message, self.name)


class LockstepPublisher:
    """Tells a topic."""

    def __init__(self, port: LockstepPort, conductor: Conductor, topic: Topic, profile: Profile) -> None:
        self.port, self.topic, self.profile = port, topic, profile
        self._conductor = conductor
        self._narrow = narrower(topic.kind)
        self.kept: deque[Any] = deque(maxlen=profile.depth if profile.latched else 0)
        """What who comes late still hears."""
        topic.publishers.append(self)
        topic.tell_senders()
        conductor.offered(topic, self)

    def publish(self, message: Any) -> None:
        """Hand a message over."""
        conductor = self._conductor
        conductor.messages += 1
        if self._narrow is not None:
            self._narrow(message)
        for watcher in conductor.watchers:
            watcher.said(self.port.name, self.topic, message)
        self.kept.append(message)
        self.topic.say(message)

    def heard(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self.topic.subscribers)

    def settle(self, wall_s: float) -> None:
        """Do nothing: what was published is on its way."""

    def close(self) -> None:
        """End it."""
        if self in self.topic.publishers:
            self.topic.publishers.remove(self)
            self.topic.tell_senders()


class LockstepSubscription:
    """Hears a topic; who wants what was kept gets it first."""

    def __init__(self, port: LockstepPort, conductor: Conductor, topic: Topic, use: Use, profile: Profile) -> None:
        self.port, self.topic, self.use = port, topic, use
        self.open = True
        topic.subscribers = (*topic.subscribers, self)
        if profile.latched:
            for publisher in topic.publishers:
                for message in publisher.kept:
                    conductor.soon(port, self._arrive_late, message)

    def _arrive_late(self, message: Any) -> None:
        if self.open:
            self.use(message)

    def close(self) -> None:
        """End it."""
        self.open = False
        self.topic.subscribers = tuple(other for other in self.topic.subscribers if other is not self)


class LockstepSenders:
    """Tells who tells a topic; one name is one node, and the dead are gone at once."""

    def __init__(
        self, port: LockstepPort, conductor: Conductor, topic: Topic, use: Callable[[tuple[str, ...]], None]
    ) -> None:
        self._port, self._conductor, self._topic, self._use = port, conductor, topic, use
        self._names: tuple[str, ...] | None = None
        self._open = True
        topic.watches.append(self)
        self.look()

    def look(self) -> None:
        """Have the present names told after a message's way."""
        self._conductor.soon(self._port, self._tell, None)

    def _tell(self, _: None) -> None:
        names = tuple(sorted({publisher.port.name for publisher in self._topic.publishers}))
        if self._open and names != self._names:
            self._names = names
            self._use(names)

    def close(self) -> None:
        """End it."""
        self._open = False
        if self in self._topic.watches:
            self._topic.watches.remove(self)


class WaitingMessage:
    """A message in a queue."""

    __slots__ = ("_message", "stamp_s")

    def __init__(self, message: Any) -> None:
        self._message = message
        at = message.header.stamp
        self.stamp_s: float = at.sec + at.nanosec * 1e-9

    def read(self) -> Any:
        """Return the message."""
        return self._message


class LockstepQueue:
    """Messages that wait until they are asked for."""

    def __init__(self, port: LockstepPort, conductor: Conductor, topic: Topic, profile: Profile) -> None:
        self._waiting: deque[Any] = deque(maxlen=profile.depth)
        self._subscription = LockstepSubscription(port, conductor, topic, self._waiting.append, profile)

    def take(self) -> list[WaitingMessage]:
        """Return what has come since the last time, oldest first."""
        taken = [WaitingMessage(message) for message in self._waiting]
        self._waiting.clear()
        return taken

    def close(self) -> None:
        """End it."""
        self._subscription.close()
