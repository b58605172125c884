# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who tells a topic that one node alone may tell: a node that was started again is its own successor."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

CONTESTED = "contested_"
"""Before a topic's name, in the code of a fault."""

UNNAMED = "a publisher without a node"
"""What is neither a node's nor anybody's that could be named."""

SUCCESSION_S = 30.0
"""Of the host's time in which two publishers of one node's name count as one: the middleware keeps a killed process for
its lease of 20 s, and looks late for it."""


@dataclass(frozen=True)
class Endpoint:
    """A publisher in the graph; the name is empty while it is not known."""

    node: str
    gid: bytes


@dataclass
class Senders:
    """The senders of one topic over time; holds since when a name stands twice or is not known."""

    _since_s: dict[str, float] = field(default_factory=dict)
    _nameless: frozenset[bytes] = frozenset()

    def named(self, endpoints: Iterable[Endpoint], now_s: float) -> tuple[str, ...]:
        """Return the names of who tells the topic; a name stands twice where its predecessor should be gone by now.

        A publisher that was just found may have no name for a moment: it counts from the second look on.
        """
        found = list(endpoints)
        nameless = frozenset(end.gid for end in found if not end.node)
        names = [UNNAMED] * len(nameless & self._nameless)
        self._nameless = nameless
        since_s: dict[str, float] = {}
        for name in sorted({end.node for end in found if end.node}):
            names.append(name)
            if len({end.gid for end in found if end.node == name}) > 1:
                since_s[name] = self._since_s.get(name, now_s)
                if now_s - since_s[name] > SUCCESSION_S:
                    names.append(name)
        self._since_s = since_s
        return tuple(names)


class SoleSender:
    """Whether one node alone tells a topic; `names` are those of all who do."""

    def __init__(self, topic: str, full: str = "") -> None:
        """Take the topic as the node calls it, and its full name."""
        self._called = topic
        self.topic = full or topic
        self.names: tuple[str, ...] = ()
        self.forget: list[Callable[[], None]] = []
        """What is called when there is more than one."""

    @property
    def contested(self) -> bool:
        """Tell whether there is more than one."""
        return len(self.names) > 1

    @property
    def code(self) -> str:
        """Name of the fault."""
        return f"{CONTESTED}{self._called.strip('/').replace('/', '_')}"

    @property
    def text(self) -> str:
        """Say who they are."""
        told = " and ".join((", ".join(self.names[:-1]), self.names[-1])) if self.contested else "".join(self.names)
        return f"{self.topic} is told by {told}: none of it is used until one alone tells it"

    @property
    def over(self) -> str:
        """Say that it is over."""
        return (
            f"{self.topic} is told by {self.names[0]} alone again" if self.names else f"nobody tells {self.topic} now"
        )
