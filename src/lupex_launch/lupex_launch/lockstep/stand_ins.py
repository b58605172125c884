# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Clients and servers that are not there in a replay: they send what was recorded, when it was recorded."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable
from typing import Any

from lupex_launch.lockstep.recorded import ReplayError
from lupex_node.exchanges import PARTS, Sending, outcome_of, type_name
from lupex_node.lockstep.cdr import writer
from lupex_node.lockstep.conductor import Conductor
from lupex_node.lockstep.port import LockstepPort
from lupex_node.lockstep.services import LockstepActionClient, LockstepClient, LockstepGoal
from lupex_node.port import ActionRules, SentGoal, Use
from lupex_node.serialization import deserialize_message

Key = tuple[str, str, int]
"""Name of a service or action, client, number of the request or goal."""

NAME = "recording"


def content_of(message: Any) -> Any:
    """Return the request, response, goal or result in an exchange; raises ReplayError for another definition."""
    part = PARTS.get(Sending(message.kind))
    if part is None or not len(message.content):
        return None
    package, group, name = str(message.type).split("/")
    try:
        kind = getattr(getattr(importlib.import_module(f"{package}.{group}"), name), part)
    except (ImportError, AttributeError) as error:
        raise ReplayError(f"{message.name} was recorded as {message.type}, which is not installed here") from error
    data = bytes(message.content)
    try:
        content = deserialize_message(data, kind)
        same = writer(kind)(content) == data
    except Exception:
        same = False
    if not same:
        raise ReplayError(
            f"{message.name} was recorded with another definition of {message.type} than the one installed here: "
            "replay it with the version that recorded it"
        )
    return content


class StandInClients:
    """Nodes that are not replayed and ask those that are."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._ports: dict[str, LockstepPort] = {}
        self._goals: dict[Key, SentGoal] = {}

    def send(self, message: Any) -> None:
        """Send a recorded request, goal or wish to cancel; raises ReplayError."""
        sending, key = Sending(message.kind), (message.name, message.client, message.number)
        if sending is Sending.CANCEL:
            if key in self._goals:
                self._goals[key].cancel()
            return
        server = self._conductor.servers[message.name]
        _refuse_other_type(message, server.kind)
        content = content_of(message)
        if message.client not in self._ports:
            self._ports[message.client] = self._conductor.visitor(message.client)
        port = self._ports[message.client]
        self._conductor.times_asked[message.client, message.name] = message.number - 1
        if sending is Sending.REQUEST:
            port.client(server.kind, message.name).call(content, _hear_nothing)
        else:
            self._goals[key] = port.action_client(server.kind, message.name).send(content, _hear_nothing)


class StandInServers:
    """Nodes that are not replayed and are asked by those that are: the n-th answer goes to the n-th request."""

    def __init__(self, conductor: Conductor) -> None:
        self.unanswered = 0
        """Requests and goals for which the recording has no answer, or none yet."""
        self._port = conductor.visitor(NAME)
        self._conductor = conductor
        self._kinds: dict[str, type] = {}
        self._sent: dict[str, deque[Key]] = {}
        self._replies: dict[Key, Use] = {}
        self._goals: dict[Key, LockstepGoal] = {}
        self._early: dict[Key, Any] = {}

    def serve(self, client: LockstepClient | LockstepActionClient) -> None:
        """Stand in for whom a client asks, unless somebody serves that name."""
        if self._conductor.server(client.name) is not None:
            return
        self._kinds[client.name] = client.kind
        self._sent[client.name] = deque()
        if isinstance(client, LockstepClient):
            self._port.serve(client.kind, client.name, self._answerer(client.name))
        else:
            rules = ActionRules(lambda goal: True, self._begin)
            self._port.serve_action(client.kind, client.name, rules)

    def said(self, message: Any) -> None:
        """Hear of an exchange of a replayed node: its requests arrive in this order."""
        if message.kind == Sending.REQUEST and message.name in self._sent:
            self._sent[message.name].append((message.name, message.client, message.number))

    def _answerer(self, name: str) -> Callable[[Any, Use], None]:
        def answer(_: Any, reply: Use) -> None:
            key = self._sent[name].popleft()
            self._replies[key] = reply
            self.unanswered += 1
            if key in self._early:
                self.send(self._early.pop(key))

        return answer

    def _begin(self, goal: Any) -> None:
        key = (goal.asked.name, goal.asked.client, goal.asked.number)
        self._goals[key] = goal
        self.unanswered += 1
        if key in self._early:
            self.send(self._early.pop(key))

    def send(self, message: Any) -> None:
        """Send a recorded answer to whoever asked, or as soon as it asks; raises ReplayError."""
        key: Key = (message.name, message.client, message.number)
        sending = Sending(message.kind)
        if sending is Sending.TAKEN or message.name not in self._kinds:
            return
        _refuse_other_type(message, self._kinds[message.name])
        if key in self._replies:
            self._replies.pop(key)(content_of(message))
        elif key in self._goals:
            goal = self._goals.pop(key)
            if sending is Sending.REFUSED:
                goal.refuse()
            else:
                goal.end(outcome_of(message), content_of(message))
        else:
            self._early[key] = message
            return
        self.unanswered -= 1

    @property
    def unasked(self) -> int:
        """Number of recorded answers to what was not asked now."""
        return len(self._early)


def _refuse_other_type(message: Any, kind: type) -> None:
    if message.type != type_name(kind):
        raise ReplayError(f"{message.name} is {message.type} in the recording and {type_name(kind)} to the node")


def _hear_nothing(*_: Any) -> None:
    """Use no answer: it is compared with the recorded one, and nobody waits for it."""
