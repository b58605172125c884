# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Checked parameters and checked messages: what every node has, those of a world too."""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from lupex_node import qos
from lupex_node.checks import InvalidMessage, fresh, in_frame
from lupex_node.config import NodeConfig
from lupex_node.conversions import seconds
from lupex_node.parameters import configured, refuse_unknown
from lupex_node.port import ActionClient, ActionRules, Client, Closable, Goal, Port, Publisher, Queue, Severity, Use
from lupex_node.qos import Profile

C = TypeVar("C")
K = TypeVar("K", bound=Closable)

REPORT_EVERY = 200
"""A refused message is logged the first time and then once in so many."""


class BareNode(Generic[C]):
    """A node without life cycle and heartbeat: it is wired when it is made.

    A subclass names itself and its configuration and implements `wire`. `MAKES_TIME` marks one that never lives by the
    clock that a simulator makes.
    """

    NAME: ClassVar[str]
    CONFIG: ClassVar[type]
    COMMON: ClassVar[tuple[type, ...]] = ()
    MAKES_TIME: ClassVar[bool] = False
    STOPPED: ClassVar[tuple[int, str]] = (0, "")
    """Exit code, and what is said, when the node is told to stop before it ended by itself."""

    def __init__(self, port: Port) -> None:
        """Read the parameters; raises ConfigurationError. The port calls `start` afterwards."""
        self.port = port
        self.active = False
        # First, so that a key misspelled is not told as one that is missing.
        refuse_unknown(port, (*self.COMMON, self.CONFIG))
        self.config: C = configured(port, self.CONFIG)
        self._refused: dict[str, int] = {}
        self._refusal: dict[str, str] = {}
        self._made: list[Callable[[], None]] = []
        self._jobs = 0
        self._wirings = 0

    def wire(self) -> None:
        """Make core, publishers, subscriptions and timers; raises ConfigurationError with a sentence if it cannot."""
        raise NotImplementedError

    def configure(self) -> None:
        """Wire the node; what was made is taken down where that fails."""
        try:
            self.wire()
        except BaseException:
            self.cleanup()
            raise

    def activate(self) -> None:
        """Let the callbacks act."""
        self.active = True

    def deactivate(self) -> None:
        """Let the callbacks rest."""
        self.active = False

    def cleanup(self) -> None:
        """Take down what `wire` made."""
        while self._made:
            self._made.pop()()
        # what is still being done in the background was for this wiring
        self._wirings += 1
        self._jobs = 0

    def close(self) -> None:
        """End the node, however that came."""
        self.active = False
        self.cleanup()

    # ------------------------------------------------------------------------------------------------ time and words

    @property
    def name(self) -> str:
        """Name in the graph."""
        return self.port.name

    def now_s(self) -> float:
        """Return ROS time in seconds; 0 before the first /clock."""
        return self.port.now_ns() / 1e9

    def info(self, text: str) -> None:
        """Log what happens."""
        self.port.log(Severity.INFO, text)

    def warn(self, text: str) -> None:
        """Log what should not happen."""
        self.port.log(Severity.WARNING, text)

    def error(self, text: str) -> None:
        """Log what must not happen."""
        self.port.log(Severity.ERROR, text)

    # ------------------------------------------------------------------------------------------------ messages

    def receive(
        self,
        kind: type,
        topic: str,
        use: Use,
        *,
        convert: Callable[[Any], Any] | None = None,
        frame: str | None = None,
        max_age_s: float | None = None,
        profile: Profile = qos.STATE,
        wakes: bool = True,
    ) -> None:
        """Subscribe to `topic`; `use` gets what `convert` makes of each message that passes the checks.

        Checked are the header's frame (with `frame`), its age against ROS time (with `max_age_s`) and what `convert`
        and `use` refuse by InvalidMessage. Refused messages are counted in the diagnostics and never used. While no
        time is known no age can be told: what comes before the first clock is left out without a word.
        """
        checked = self._checked(topic, convert, frame, max_age_s)

        def callback(message: Any) -> None:
            if not self.active or (max_age_s is not None and self.port.now_ns() == 0):
                return
            try:
                use(checked(message))
            except InvalidMessage as refusal:
                self.refuse(topic, str(refusal))

        self._keep(self.port.subscribe(kind, topic, callback, profile, wakes=wakes))

    def _checked(
        self, topic: str, convert: Callable[[Any], Any] | None, frame: str | None, max_age_s: float | None
    ) -> Callable[[Any], Any]:
        def checked(message: Any) -> Any:
            if frame is not None:
                in_frame(message.header.frame_id, frame)
            if max_age_s is not None:
                fresh(seconds(message.header.stamp), self.now_s(), max_age_s, self._future_tolerance_s())
            return message if convert is None else convert(message)

        return checked

    def _future_tolerance_s(self) -> float:
        return NodeConfig().future_tolerance_s

    def newest(
        self,
        kind: type,
        topic: str,
        *,
        convert: Callable[[Any], Any] | None = None,
        frame: str | None = None,
        profile: Profile = qos.NEWEST,
    ) -> Callable[[], Any]:
        """Return what gives the newest message that passed the checks, None before the first; it is read when asked."""
        queue = self.queue(kind, topic, profile)
        checked = self._checked(topic, convert, frame, None)
        known: list[Any] = [None]

        def newest() -> Any:
            for waiting in queue.take()[-1:]:
                try:
                    known[0] = checked(waiting.read())
                except InvalidMessage as refusal:
                    self.refuse(topic, str(refusal))
            return known[0]

        return newest

    def stamps(self, kind: type, topic: str, use: Callable[[float], None], profile: Profile = qos.NEWEST) -> None:
        """Have `use` called with the stamp [s] of each message of a kind that begins with a header, unread."""
        self._keep(self.port.stamps(kind, topic, use, profile))

    def queue(self, kind: type, topic: str, profile: Profile) -> Queue:
        """Keep a topic's messages until they are asked for."""
        return self._keep(self.port.queue(kind, topic, profile))

    def publisher(self, kind: type, topic: str, profile: Profile = qos.STATE) -> Publisher:
        """Offer a topic until the node is cleaned up."""
        return self._keep(self.port.publisher(kind, topic, profile))

    def every(self, period_s: float, call: Callable[[], None]) -> None:
        """Call regularly in ROS time while active; ticks that were missed are not caught up."""

        def tick() -> None:
            if self.active:
                call()

        self._keep(self.port.timer(period_s, tick))

    def refuse(self, topic: str, reason: str) -> None:
        """Count a message that is not used, and say so now and then."""
        count = self._refused.get(topic, 0)
        self._refused[topic], self._refusal[topic] = count + 1, reason
        if count % REPORT_EVERY == 0:
            self.warn(f"{topic}: message not used: {reason} ({count + 1} so far)")

    # ------------------------------------------------------------------------------------------------ services

    def serve(self, kind: type, name: str, answer: Callable[[Any, Use], None]) -> None:
        """Offer a service: `answer` gets a request and what takes its response, now or later."""
        self._keep(self.port.serve(kind, name, answer))

    def client(self, kind: type, name: str) -> Client:
        """Ask a service."""
        return self._keep(self.port.client(kind, name))

    def serve_action(
        self,
        kind: type,
        name: str,
        *,
        accept: Callable[[Any], bool],
        begin: Callable[[Goal], None],
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Offer an action; see `ActionRules`."""
        self._keep(self.port.serve_action(kind, name, ActionRules(accept, begin, cancel)))

    def action_client(self, kind: type, name: str) -> ActionClient:
        """Send goals to an action."""
        return self._keep(self.port.action_client(kind, name))

    # ------------------------------------------------------------------------------------------------ background

    @property
    def busy(self) -> bool:
        """Whether anything is being done in the background, or waits to be."""
        return self._jobs > 0

    def background(self, name: str, work: Callable[[], Any], use: Callable[[Any, float], None]) -> None:
        """Have `work` done beside the node; `use` gets its result, or the exception, and its processor time [s].

        After a cleanup nothing is used any more.
        """
        self._jobs += 1
        wiring = self._wirings

        def done(result: Any, took_s: float) -> None:
            if wiring != self._wirings:
                return
            self._jobs -= 1
            use(result, took_s)

        self.port.background(name, work, done)

    def _keep(self, made: K) -> K:
        self._made.append(made.close)
        return made

    def until_cleaned_up(self, made: Closable) -> None:
        """Close something that `wire` made by itself with the rest."""
        self._keep(made)
