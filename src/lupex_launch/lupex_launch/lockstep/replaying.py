# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that hear again what was recorded, when it was recorded, and say what they say now.

A recording holds what was told in the order in which it was told, what the replayed nodes told among it. Where they
tell the same again, what others told before is fed before it and the rest after it, so that of what arrives at one time
each comes in its turn: a lock-step recording gives the same bytes.
"""

from __future__ import annotations

import importlib
import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lupex_launch.lockstep.recorded import (
    EXCHANGES,
    NAME_THEIR_SENDER,
    RecordedMessage,
    ReplayError,
    Source,
    decoded,
    life_of,
    refuse_other,
    sender_of,
)
from lupex_launch.lockstep.stand_ins import NAME, StandInClients, StandInServers
from lupex_launch.lockstep.starts import NodeStart
from lupex_models.configuration import ConfigurationError
from lupex_node.exchanges import KIND, Sending
from lupex_node.lockstep.cdr import writer
from lupex_node.lockstep.conductor import CLOCK, TIMER, Conductor
from lupex_node.lockstep.errors import LockstepError
from lupex_node.lockstep.latency import Latency
from lupex_node.lockstep.topics import LockstepPublisher, Topic
from lupex_node.port import Severity
from lupex_node.qos import Profile

LAST = TIMER + 1
"""Priority of what was told at a time and not yet fed: after all that happens then."""

KEPT = 1000
"""Messages that a stand-in keeps for who comes late, as if each had a publisher of its own."""

Told = Callable[[RecordedMessage, str], None]
"""Takes a message of a replayed node with its type."""


@dataclass
class _Item:
    """A recorded message and what was found out about it."""

    recorded: RecordedMessage
    message: Any = None


class Replay:
    """The nodes and their recording. `was_told` gets what they said then, `is_told` what they say now."""

    def __init__(
        self,
        starts: Sequence[NodeStart],
        latency: Latency,
        source: Source,
        was_told: Told,
        is_told: Told,
        line: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Start the nodes; raises ReplayError when one refuses."""
        self.conductor = Conductor(latency)
        self.conductor.now_ns = source.begin_ns
        self.fed: dict[str, int] = {}
        """Messages fed by topic, for exchanges by name."""
        self.lives: dict[str, list[str]] = {}
        """Of a replayed node: what its heartbeats called its lives."""
        self.servers = StandInServers(self.conductor)
        self._clients = StandInClients(self.conductor)
        self._source, self._was_told, self._is_told, self._line = source, was_told, is_told, line
        self._names = frozenset(start.name for start in starts)
        self._port = self.conductor.visitor(NAME)
        self._publishers: dict[str, LockstepPublisher | None] = {}
        self._own: dict[str, bool] = {}
        self._block: list[_Item] = []
        self._at = 0
        self._ahead: _Item | None = None
        self._wired = False
        self._items = self._begun()
        self.conductor.watchers.append(self)
        self.conductor.on_log = self._log
        self.conductor.on_crash = self._crashed
        self.conductor.on_end = lambda node, code, text: line(f"[{node}] ended with exit code {code}: {text}")
        try:
            for start in starts:
                self._add(start)
            self._wire()
        except BaseException:
            self.conductor.close()
            raise

    # ------------------------------------------------------------------------------------------------ what happens

    @property
    def inputs(self) -> list[str]:
        """Topics that the nodes hear from others."""
        return [
            name
            for name, topic in sorted(self.conductor.topics.items())
            if any(heard.port.name in self._names for heard in topic.subscribers)
            and (name not in self._own or topic.type_name in NAME_THEIR_SENDER)
        ]

    @property
    def exchanged(self) -> list[str]:
        """Services and actions that the nodes ask others for or serve."""
        asked = {client.name for name in self._names for client in self.conductor.port(name).clients}
        served = {name for name, server in self.conductor.servers.items() if server.port.name in self._names}
        return sorted(asked ^ served)

    def run(self, progress: Callable[[float], None] = lambda time_s: None, step_s: float = 60.0) -> None:
        """Replay to the end; `progress` gets the time reached. Raises ReplayError."""
        # the next number of 64 bits, because seconds since 1970 have no nanoseconds
        end_s = math.nextafter(self._source.end_ns / 1e9, math.inf)
        reached_s = self.conductor.now_s
        try:
            while reached_s < end_s:
                reached_s = min(end_s, reached_s + step_s)
                self.conductor.run_until(reached_s)
                progress(reached_s)
        finally:
            self.conductor.watchers.remove(self)
            self.conductor.close()

    def offered(self, topic: Topic, publisher: LockstepPublisher) -> None:
        """Learn that a replayed node tells a topic."""
        if publisher.port.name in self._names:
            self._own[topic.name] = True

    def said(self, node: str, topic: Topic, message: Any) -> None:
        """Take what a replayed node says, after feeding what others had told before it."""
        if node not in self._names:
            return
        now_ns = self.conductor.now_ns
        if topic.name == EXCHANGES:
            self.servers.said(message)
        if self._at < len(self._block) and self._block[self._at].recorded.time_ns == now_ns:
            self._feed_before(topic, message)
        self._is_told(RecordedMessage(topic.name, now_ns, writer(topic.kind)(message)), topic.type_name)

    # ------------------------------------------------------------------------------------------------ beginning

    def _add(self, start: NodeStart) -> None:
        try:
            self.conductor.add(start.kind, start.parameters, start.name, start.files)
        except ConfigurationError as error:
            raise ReplayError(str(error)) from error
        except LockstepError as error:
            raise ReplayError(f"{start.name} cannot take the recording: {error}") from error

    def _begun(self) -> Iterator[_Item]:
        """Return all from the begin on, before it what was latched, with the first moment as the present block."""
        items = (_Item(recorded) for recorded in self._source.messages())
        latched: dict[tuple[str, str], list[_Item]] = {}
        for item in items:
            if item.recorded.time_ns >= self._source.begin_ns:
                self._ahead = item
                break
            self._pass_over(item, latched)
        self._block = [item for kept in latched.values() for item in kept]
        for item in self._block:
            item.recorded = item.recorded._replace(time_ns=self._source.begin_ns)
        if self._ahead is not None and self._ahead.recorded.time_ns == self._source.begin_ns:
            self._take_block(items)
        return items

    def _pass_over(self, item: _Item, latched: dict[tuple[str, str], list[_Item]]) -> None:
        """Note of a message before the begin what is still of use."""
        topic = item.recorded.topic
        if topic == EXCHANGES:
            message = self._message(item)
            if Sending(message.kind).by_client:
                key = (message.client, message.name)
                self.conductor.times_asked[key] = max(self.conductor.times_asked.get(key, 0), message.number)
        elif self._source.topics[topic].latched:
            latched[topic, self._sender(item)] = [item]

    def _wire(self) -> None:
        """Look at what is heard, stand in for who is asked, and let the messages come."""
        self._wired = True
        clock = _class(self._source.topics[CLOCK].kind) if CLOCK in self._source.topics else None
        if clock is not None:
            self.conductor.topic(CLOCK, clock)
            self.conductor.follow_clock()
        for name in self.inputs:
            if name in self._source.topics:
                refuse_other(name, self._source.topics[name], self.conductor.topics[name].kind)
        if EXCHANGES in self._source.topics:
            for name in self._names:
                for client in self.conductor.port(name).clients:
                    self.servers.serve(client)
        for name, topic in list(self.conductor.topics.items()):
            held = self._source.topics.get(name)
            if name in self._own and held is not None and held.count and not topic.subscribers:
                # somebody heard it then, or it would not have been told
                self._port.subscribe(topic.kind, name, lambda message: None, Profile(1))
        if self._at < len(self._block):
            self.conductor.at(self._source.begin_ns, LAST, None, self._finish_block, None)
        else:
            self._next_block()

    # ------------------------------------------------------------------------------------------------ feeding

    def _take_block(self, items: Iterator[_Item]) -> None:
        """Append all that was told at the time of the next item."""
        first = self._ahead
        assert first is not None
        self._block.append(first)
        self._ahead = None
        for item in items:
            if item.recorded.time_ns > first.recorded.time_ns:
                self._ahead = item
                return
            self._block.append(item)

    def _next_block(self) -> None:
        self._block, self._at = [], 0
        if self._ahead is None or self._ahead.recorded.time_ns > self._source.end_ns:
            return
        self._take_block(self._items)
        self.conductor.at(self._block[0].recorded.time_ns, LAST, None, self._finish_block, None)

    def _finish_block(self, _: None) -> None:
        self._feed_up_to(len(self._block))
        self._next_block()

    def _feed_before(self, topic: Topic, message: Any) -> None:
        """Feed what was told before a replayed node told the same, if it did so at this time."""
        names_sender = topic.type_name in NAME_THEIR_SENDER
        wanted = sender_of(message) if names_sender else _key(message) if topic.name == EXCHANGES else None
        for index in range(self._at, len(self._block)):
            item = self._block[index]
            if item.recorded.topic != topic.name:
                continue
            found = self._sender(item) if names_sender else _key(self._message(item)) if wanted else None
            if found == wanted:
                self._feed_up_to(index + 1)
                return

    def _feed_up_to(self, end: int) -> None:
        while self._at < end:
            item = self._block[self._at]
            self._at += 1
            self._feed(item)

    def _feed(self, item: _Item) -> None:
        topic = item.recorded.topic
        if topic == EXCHANGES:
            self._feed_exchange(item)
        elif self._is_own(item):
            self._note_life(item)
            self._was_told(item.recorded, self._source.topics[topic].kind)
        else:
            publisher = self._publishers[topic] if topic in self._publishers else self._publisher(topic)
            if publisher is not None:
                publisher.publish(self._message(item))
                self.fed[topic] = self.fed.get(topic, 0) + 1

    def _feed_exchange(self, item: _Item) -> None:
        message = self._message(item)
        by_client = Sending(message.kind).by_client
        server = self.conductor.server(message.name)
        served, asked = server is not None and server.port.name in self._names, message.client in self._names
        if asked if by_client else served:
            self._was_told(item.recorded, self._source.topics[EXCHANGES].kind)
        elif served or asked:
            (self._clients if by_client else self.servers).send(message)
            self.fed[message.name] = self.fed.get(message.name, 0) + 1

    def _publisher(self, name: str) -> LockstepPublisher | None:
        """Return the stand-in for who tells a topic; None where nobody would hear it."""
        held, topic = self._source.topics[name], self.conductor.topics.get(name)
        kind = _class(held.kind) if topic is None and held.latched else None if topic is None else topic.kind
        hear = {*self._names, CLOCK}
        heard = topic is not None and any(sub.port.name in hear for sub in topic.subscribers)
        if kind is None or not (heard or held.latched):
            if self._wired:
                self._publishers[name] = None
            return None
        if heard:
            refuse_other(name, held, kind)
        publisher = self._port.publisher(kind, name, Profile(KEPT, latched=held.latched))
        self._publishers[name] = publisher
        return publisher

    # ------------------------------------------------------------------------------------------------ who told it

    def _message(self, item: _Item) -> Any:
        if item.message is None:
            name = item.recorded.topic
            topic = self.conductor.topics.get(name)
            kind = KIND if name == EXCHANGES else None if topic is None else topic.kind
            item.message = decoded(item.recorded.data, kind or _class(self._source.topics[name].kind), name)
        return item.message

    def _sender(self, item: _Item) -> str:
        named = self._source.topics[item.recorded.topic].kind in NAME_THEIR_SENDER
        return sender_of(self._message(item)) if named else ""

    def _is_own(self, item: _Item) -> bool:
        sender = self._sender(item)
        return sender in self._names if sender else item.recorded.topic in self._own

    def _note_life(self, item: _Item) -> None:
        if item.message is not None and (life := life_of(item.message)):
            lives = self.lives.setdefault(sender_of(item.message), [])
            if life not in lives:
                lives.append(life)

    # ------------------------------------------------------------------------------------------------ words

    def _log(self, node: str, severity: Severity, text: str) -> None:
        self._line(f"{self.conductor.now_s:.3f} [{node}] {severity.name.lower()}: {text}")

    def _crashed(self, name: str, error: Exception) -> None:
        if isinstance(error, ReplayError):
            raise error
        for text in traceback.format_exception(error):
            self._line(f"{self.conductor.now_s:.3f} [{name}] {text.rstrip()}")
        raise ReplayError(f"{name} has died at {self.conductor.now_s:.3f} s: {type(error).__name__}: {error}")


def _key(message: Any) -> tuple[Any, ...]:
    return (message.kind, message.name, message.client, message.number)


def _class(name: str) -> type | None:
    """Return the class of a message type as `pkg/msg/Name`; None where it is not installed."""
    try:
        package, group, kind = name.split("/")
        found: type = getattr(importlib.import_module(f"{package}.{group}"), kind)
    except (ImportError, AttributeError, ValueError):
        return None
    return found
