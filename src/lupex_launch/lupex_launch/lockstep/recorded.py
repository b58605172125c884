# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a replay needs of a recording: its topics, its messages in order, and the nodes' time at each."""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lupex_launch.packages import package_share
from lupex_node import exchanges
from lupex_node.life import node_of
from lupex_node.serialization import deserialize_message
from lupex_recorder.schemas import SchemaError, read_schema

EXCHANGES = f"/{exchanges.TOPIC}"


class ReplayError(Exception):
    """Say in one sentence why a recording cannot be replayed so."""


class RecordedTopic(Protocol):
    """What a recording says of a topic."""

    @property
    def kind(self) -> str:
        """Type as in `pkg/msg/Name`."""

    @property
    def type_hash(self) -> str:
        """RIHS01 hash of its definition; empty where it is not known."""

    @property
    def latched(self) -> bool:
        """Whether late comers were given what was told before."""

    @property
    def count(self) -> int:
        """Number of messages."""


class RecordedMessage(NamedTuple):
    """One message, and the time of the nodes when it was told [ns]."""

    topic: str
    time_ns: int
    data: bytes


@dataclass(frozen=True)
class Source:
    """The part of a recording that is replayed: from `begin_ns` to `end_ns`, in the nodes' time.

    `messages` gives all in order, also those before the begin: what was latched then is still known.
    """

    topics: Mapping[str, RecordedTopic]
    messages: Callable[[], Iterator[RecordedMessage]]
    begin_ns: int
    end_ns: int


class RecordedTime:
    """From the recorder's time to that of the nodes, by the /clock messages of a recording.

    In lock step the two are one: most of what the clock tells is recorded at the time it tells; a world that leaves
    its rest catches up with it. Over the middleware the recorder's is the host's, and simulated time lies between the
    clock's messages; without any, the nodes lived by the host's time too.
    """

    def __init__(self, clock: Sequence[tuple[int, int]]) -> None:
        """Take (recorded at, time told) [ns], in order."""
        self.in_lock_step = 2 * sum(log_ns == told_ns for log_ns, told_ns in clock) > len(clock)
        self._log_ns: list[int] = []
        self._told_ns: list[int] = []
        for log_ns, told_ns in () if self.in_lock_step else clock:
            if not self._told_ns or (told_ns > self._told_ns[-1] and log_ns > self._log_ns[-1]):
                self._log_ns.append(log_ns)
                self._told_ns.append(told_ns)

    def of(self, log_ns: int) -> int:
        """Return the nodes' time when something was recorded."""
        if not self._log_ns:
            return log_ns
        after = bisect.bisect_right(self._log_ns, log_ns)
        if after == 0:
            return self._told_ns[0]
        before_ns = self._told_ns[after - 1]
        if after == len(self._log_ns):
            return before_ns
        share = (log_ns - self._log_ns[after - 1]) / (self._log_ns[after] - self._log_ns[after - 1])
        return before_ns + round(share * (self._told_ns[after] - before_ns))


def decoded(data: bytes, kind: type | None, topic: str) -> Any:
    """Return a message; raises ReplayError."""
    if kind is None:
        raise ReplayError(f"{topic} holds messages of a type that is not installed here")
    try:
        return deserialize_message(data, kind)
    except Exception as error:
        raise ReplayError(f"a message of {topic} cannot be decoded as {kind.__name__}: {error}") from error


def refuse_other(topic: str, held: RecordedTopic, kind: type) -> None:
    """Raise ReplayError where a topic was recorded as another type, or by another definition, than a node hears."""
    package, group = kind.__module__.split(".")[:2]
    expected = f"{package}/{group}/{kind.__name__}"
    if held.kind != expected:
        raise ReplayError(f"{topic} is {held.kind or 'of no known type'} in the recording and {expected} to the node")
    known = installed_hash(expected)
    if held.type_hash and known and held.type_hash != known:
        raise ReplayError(
            f"{topic} was recorded with another definition of {expected} than the one installed here: "
            "replay it with the version that recorded it"
        )


@cache
def installed_hash(kind: str) -> str:
    """Return the RIHS01 hash of an installed message type; empty where it is not known."""

    def find_share(package: str) -> Path | None:
        try:
            return package_share(package, os.environ)
        except LookupError:
            return None

    try:
        return read_schema(kind, find_share).type_hash
    except SchemaError:
        return ""


def sender_of(message: Any) -> str:
    """Return the node that a message says it is from; empty for one that does not say."""
    if hasattr(message, "source") and hasattr(message, "severity"):
        return str(message.source)
    statuses = getattr(message, "status", None)
    name = str(statuses[0].name) if isinstance(statuses, list) and statuses else ""
    # heartbeats had the bare name before
    return node_of(name) or name


NAME_THEIR_SENDER = frozenset({"diagnostic_msgs/msg/DiagnosticArray", "lupex_interfaces/msg/Fault"})
"""Types of topics that many nodes tell: each message says from whom it is."""


def life_of(message: Any) -> str:
    """Return what a heartbeat says of the life of its node; empty for another message."""
    statuses = getattr(message, "status", None)
    if not isinstance(statuses, list) or not statuses:
        return ""
    return next((str(pair.value) for pair in statuses[0].values if pair.key == "started"), "")


__all__ = [
    "EXCHANGES",
    "NAME_THEIR_SENDER",
    "RecordedMessage",
    "RecordedTime",
    "RecordedTopic",
    "ReplayError",
    "Source",
    "decoded",
    "life_of",
    "sender_of",
]
