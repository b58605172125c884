# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All that a node may ask of the world around it; `ros` gives it by rclpy, `lockstep` in one process by one clock.

Names of topics, services and actions are relative to the node's namespace, as in ROS 2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from lupex_models.configuration import Setting
from lupex_node.qos import Profile

Use = Callable[[Any], None]


class Severity(Enum):
    """Of a line in the log."""

    INFO = 20
    WARNING = 30
    ERROR = 40


class Outcome(Enum):
    """How a goal of an action ended."""

    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    CANCELED = "canceled"


class Publisher(Protocol):
    """Tells a topic. A message that was published is no longer the node's: it must not be changed."""

    def publish(self, message: Any) -> None:
        """Hand a message over."""

    def heard(self) -> bool:
        """Tell whether anybody listens."""

    def settle(self, wall_s: float) -> None:
        """Wait until what was published has arrived, at most so much of the host's time."""

    def close(self) -> None:
        """End it."""


class Closable(Protocol):
    """What a node has and can give back: a subscription, a timer, a server."""

    def close(self) -> None:
        """End it; nothing of it is called any more."""


class Waiting(Protocol):
    """A message in a queue: its stamp is known before it is read."""

    stamp_s: float

    def read(self) -> Any:
        """Return the message."""


class Queue(Protocol):
    """Messages that wake nobody and wait until they are asked for; the profile's depth says how many are kept."""

    def take(self) -> Sequence[Waiting]:
        """Return what has come since the last time, oldest first."""

    def close(self) -> None:
        """End it."""


class Client(Protocol):
    """Asks a service."""

    def ready(self) -> bool:
        """Tell whether the service is there."""

    def call(self, request: Any, use: Use) -> None:
        """Ask; `use` gets the response. Where no server is there, or it dies, nothing is heard: ask `ready` first."""

    def close(self) -> None:
        """End it."""


class Goal(Protocol):
    """A goal at the server's side."""

    request: Any

    def cancel_asked(self) -> bool:
        """Tell whether the client wants it ended."""

    def feedback(self, message: Any) -> None:
        """Tell the client how it goes."""

    def end(self, outcome: Outcome, result: Any) -> None:
        """End it, once."""


@dataclass(frozen=True)
class ActionRules:
    """What a server does with goals: `accept` returns whether to take one, `begin` starts it, `cancel` hears of a wish.

    Whoever accepts a goal and is asked to cancel it ends it by `Goal.end` in its own time.
    """

    accept: Callable[[Any], bool]
    begin: Callable[[Goal], None]
    cancel: Callable[[], None] = lambda: None


class SentGoal(Protocol):
    """A goal at the client's side."""

    def cancel(self) -> None:
        """Ask for its end; it may end otherwise before."""


class ActionClient(Protocol):
    """Sends goals to an action."""

    def ready(self) -> bool:
        """Tell whether the server is there."""

    def send(self, goal: Any, use: Callable[[Outcome | None, Any], None]) -> SentGoal:
        """Send a goal; `use` gets outcome and result, or (None, None) when the server did not take it or forgot it.

        Where no server is there, or it dies, nothing is heard: ask `ready` first.
        """

    def close(self) -> None:
        """End it."""


class Store(Protocol):
    """Where a node keeps its state for its next life."""

    where: str

    def save(self, stamp_s: float, state: Mapping[str, Any]) -> None:
        """Keep plain JSON values; raises OSError, and then what was kept before stands."""

    def load(self, now_s: float, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
        """Return (stamp_s, state), or None where there is none, it is damaged, too old, or newer than now."""


@dataclass(frozen=True)
class Offer:
    """A topic that somebody publishes: type as in `pkg/msg/Name`, and what its publishers offer, each kind once.

    `profiles` holds (reliability, durability, history, depth) by the names that rosbag2 writes.
    """

    topic: str
    kind: str
    profiles: tuple[tuple[str, str, str, int], ...]


@dataclass(frozen=True)
class TapRules:
    """What a tap hears: `wanted` by a topic's name, `begin` says whether an offer is taken, `due` whether a message is.

    `take` gets (topic, serialized message, received ns, published ns) of each that is due. `depth` messages of a topic
    are kept between two drains; drains and looks for new topics come at such intervals of the host's time.
    """

    wanted: Callable[[str], bool]
    begin: Callable[[Offer], bool]
    due: Callable[[str], bool]
    take: Callable[[str, bytes, int, int], None]
    depth: int
    drain_wall_s: float
    discover_wall_s: float


class Tap(Protocol):
    """Hears every topic, serialized."""

    def drain(self) -> None:
        """Take what has arrived."""

    def close(self) -> None:
        """End it."""


class TimeMaker(Protocol):
    """A node that makes the time of all others."""

    def now_ns(self) -> int:
        """Return the time it has made so far."""

    def next_ns(self, not_before_ns: int) -> int:
        """Return the time of its next step; what it was told since the last one may bring it forward."""

    def step(self, to_ns: int) -> None:
        """Make that step."""

    def heed(self) -> None:
        """Begin to listen to who must not be left behind; called where others can be late."""

    def wait_wall_s(self, wall_s: float) -> float:
        """Return how long the next step must wait from the host's time `wall_s` on; asked where others can be late."""


class Port(Protocol):
    """The world around one node."""

    name: str
    namespace: str
    """Absolute; `/` where there is none."""
    hardware: str
    """Which rover the node runs on, for diagnostics."""
    life: str
    """Tells this life of the node from the one before."""
    launch: str
    """Tells one launch from another: nodes that it starts again are told the same."""
    parameters: Mapping[str, Any]
    """What was given at the start, by dotted name, as plain values."""
    source: str
    """Names the node in errors about its parameters."""
    files: Mapping[str, str]
    """Which file gives a parameter, by dotted name; a parameter that no file gives has none."""

    def declare(self, settings: Sequence[tuple[Setting, Any]]) -> None:
        """Show settings with their values to whoever asks for the node's parameters."""

    def now_ns(self) -> int:
        """Return ROS time; 0 while no clock is known."""

    def log(self, severity: Severity, text: str) -> None:
        """Write a line."""

    def resolve(self, name: str) -> str:
        """Return the full name of a topic, service or action, after namespace and remaps."""

    def publisher(self, kind: type, topic: str, profile: Profile) -> Publisher:
        """Offer a topic."""

    def subscribe(self, kind: type, topic: str, use: Use, profile: Profile, *, wakes: bool = True) -> Closable:
        """Have `use` called with each message; where it does not wake the node, before its next `look`."""

    def stamps(self, kind: type, topic: str, use: Callable[[float], None], profile: Profile) -> Closable:
        """Have `use` called with the stamp [s] of each message, unread; the kind begins with a header."""

    def queue(self, kind: type, topic: str, profile: Profile) -> Queue:
        """Keep messages until they are asked for; the kind begins with a header."""

    def senders(self, kind: type, topic: str, use: Callable[[tuple[str, ...]], None]) -> Closable:
        """Have `use` called with the names of the nodes that tell a topic, when they are known and when they change.

        A node that was started again counts once, as in `lupex_node.senders`.
        """

    def timer(self, period_s: float, tick: Callable[[], None]) -> Closable:
        """Have `tick` called regularly in ROS time; what was missed is not caught up."""

    def look(self, period_wall_s: float, call: Callable[[], None]) -> Closable:
        """Have `call` called at intervals of the host's time: to follow a time that a process elsewhere makes."""

    def upkeep(self, period_wall_s: float, call: Callable[[], None]) -> Closable:
        """Have `call` called now and then, by the host's time where there is one: for work that no node waits for."""

    def serve(self, kind: type, name: str, answer: Callable[[Any, Use], None]) -> Closable:
        """Offer a service: `answer` gets a request and what takes its response, now or later."""

    def client(self, kind: type, name: str) -> Client:
        """Ask a service."""

    def serve_action(self, kind: type, name: str, rules: ActionRules) -> Closable:
        """Offer an action."""

    def action_client(self, kind: type, name: str) -> ActionClient:
        """Send goals to an action."""

    def background(self, name: str, work: Callable[[], Any], use: Callable[[Any, float], None]) -> None:
        """Have `work` done, one after the other, while the node goes on.

        `use` gets its result, or the exception it raised, and the processor time that it took [s]. It is called like a
        message is.
        """

    def store(self, directory: str) -> Store:
        """Return where state is kept."""

    def tap(self, rules: TapRules) -> Tap:
        """Hear everything."""

    def make_time(self, maker: TimeMaker) -> None:
        """Give the node the clock of all others."""

    def end(self, code: int, text: str = "") -> None:
        """End the node after this callback, with an exit code and what is to be said of it."""
