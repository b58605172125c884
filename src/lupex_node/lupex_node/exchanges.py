# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What passes between clients and servers, as messages on a topic: a recording holds it, and a node can be replayed."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from lupex_interfaces.msg import Exchange
from lupex_node.names import below
from lupex_node.port import Outcome
from lupex_node.qos import SAMPLES

TOPIC, KIND, PROFILE = "exchanges", Exchange, SAMPLES

OUTCOMES = {
    Outcome.SUCCEEDED: Exchange.SUCCEEDED,
    Outcome.ABORTED: Exchange.ABORTED,
    Outcome.CANCELED: Exchange.CANCELED,
}


class Sending(IntEnum):
    """What is sent."""

    REQUEST = Exchange.REQUEST
    RESPONSE = Exchange.RESPONSE
    GOAL = Exchange.GOAL
    TAKEN = Exchange.TAKEN
    REFUSED = Exchange.REFUSED
    CANCEL = Exchange.CANCEL
    RESULT = Exchange.RESULT

    @property
    def by_client(self) -> bool:
        """Whether the client sends it."""
        return self in (Sending.REQUEST, Sending.GOAL, Sending.CANCEL)


PARTS = {
    Sending.REQUEST: "Request",
    Sending.RESPONSE: "Response",
    Sending.GOAL: "Goal",
    Sending.RESULT: "Result",
}
"""The class within a service or action that the content is of."""


@dataclass(frozen=True)
class Asked:
    """One request or goal: the service or action, its type, who asks, and the how-many-th time."""

    name: str
    kind: type
    client: str
    number: int


def told_name(full: str, namespace: str) -> str:
    """Return the name that an exchange tells of: as a rover without a namespace has it, for its topic has one."""
    return below(full, namespace) or full


def type_name(kind: type) -> str:
    """Return the name of a service or action, as `pkg/srv/Name`."""
    package, group = kind.__module__.split(".")[:2]
    return f"{package}/{group}/{kind.__name__}"


def exchange(asked: Asked, sending: Sending, time_ns: int, content: bytes, outcome: Outcome | None = None) -> Any:
    """Return the message that tells of a sending."""
    message = Exchange(kind=int(sending), name=asked.name, type=type_name(asked.kind), client=asked.client)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(time_ns, 1_000_000_000)
    message.number, message.content = asked.number, content
    message.outcome = 0 if outcome is None else OUTCOMES[outcome]
    return message


def outcome_of(message: Any) -> Outcome:
    """Return how a goal ended."""
    return next(outcome for outcome, number in OUTCOMES.items() if number == message.outcome)
