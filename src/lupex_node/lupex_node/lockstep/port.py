# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One node's port in lock step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lupex_models.configuration import Setting
from lupex_node import exchanges
from lupex_node.exchanges import Asked, Sending
from lupex_node.lockstep.cdr import writer
from lupex_node.lockstep.errors import LockstepError
from lupex_node.lockstep.services import LockstepActionClient, LockstepActionServer, LockstepClient, LockstepService
from lupex_node.lockstep.store import MemoryStore
from lupex_node.lockstep.tap import LockstepTap
from lupex_node.lockstep.topics import LockstepPublisher, LockstepQueue, LockstepSubscription
from lupex_node.lockstep.wire import narrower
from lupex_node.port import ActionRules, Closable, Outcome, Severity, TapRules, TimeMaker, Use
from lupex_node.qos import Profile

if TYPE_CHECKING:
    from lupex_node.bare_node import BareNode
    from lupex_node.lockstep.conductor import Conductor

K = TypeVar("K", bound=Closable)

UPKEEP_S = 60.0
"""Of simulated time between two times of upkeep."""


class LockstepTimer:
    """Ticks on a grid that begins when it is made."""

    def __init__(self, conductor: Conductor, port: LockstepPort, period_s: float, tick: Callable[[], None]) -> None:
        self._conductor, self._port, self._tick = conductor, port, tick
        self._period_ns = round(period_s * 1e9)
        self._open = True
        self._next_ns = conductor.now_ns + self._period_ns
        self._label = f"every {period_s:g} s"
        conductor.tick_at(self._next_ns, port, self._due, self._label)

    def _due(self, _: None) -> None:
        if not self._open:
            return
        late = (self._conductor.now_ns - self._next_ns) // self._period_ns
        self._next_ns += (1 + late) * self._period_ns
        self._conductor.tick_at(self._next_ns, self._port, self._due, self._label)
        self._tick()

    def close(self) -> None:
        """End it."""
        self._open = False
        self._port.forget(self)


class LockstepPort:
    """The world around one node."""

    def __init__(
        self,
        conductor: Conductor,
        name: str,
        life: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.life, self.parameters, self.files = name, life, parameters, files or {}
        self.source = f"parameters of node /{name}"
        self.alive = True
        self.hung: deque[tuple[Callable[[Any], None], Any]] | None = None
        """What waits for a node that hangs."""
        self.ending: tuple[int, str] | None = None
        self.node: BareNode[Any] | None = None
        self.makes_time = False
        self.clients: list[LockstepClient | LockstepActionClient] = []
        self._exchanges: LockstepPublisher | None = None
        self._conductor = conductor
        self._made: dict[int, Closable] = {}
        self._working_until_ns = 0

    def die(self) -> None:
        """End all that the node had."""
        self.alive = False
        self.hung = None
        while self._made:
            self._made.popitem()[1].close()

    def _keep(self, made: K) -> K:
        self._made[id(made)] = made
        return made

    def forget(self, made: Closable) -> None:
        """Hold no longer what has been closed."""
        self._made.pop(id(made), None)

    # ------------------------------------------------------------------------------------------------ time and words

    def declare(self, settings: Sequence[tuple[Setting, Any]]) -> None:
        """Do nothing: nobody asks."""

    def now_ns(self) -> int:
        """Return ROS time."""
        return self._conductor.now_ns + (0 if self.makes_time else self._conductor.leap_ns)

    def log(self, severity: Severity, text: str) -> None:
        """Write a line."""
        self._conductor.log(self.name, severity, text)

    def timer(self, period_s: float, tick: Callable[[], None]) -> LockstepTimer:
        """Call regularly."""
        return self._keep(LockstepTimer(self._conductor, self, period_s, tick))

    def look(self, period_wall_s: float, call: Callable[[], None]) -> Closable:
        """Refuse: there is no other process."""
        raise LockstepError(f"{self.name} follows another process's time, which lock step has none of: run it over DDS")

    def upkeep(self, period_wall_s: float, call: Callable[[], None]) -> LockstepTimer:
        """Call now and then."""
        return self._keep(LockstepTimer(self._conductor, self, UPKEEP_S, call))

    # ------------------------------------------------------------------------------------------------ topics

    def publisher(self, kind: type, topic: str, profile: Profile) -> LockstepPublisher:
        """Offer a topic."""
        return self._keep(LockstepPublisher(self, self._conductor, self._conductor.topic(topic, kind), profile))

    def subscribe(
        self, kind: type, topic: str, use: Use, profile: Profile, *, wakes: bool = True
    ) -> LockstepSubscription:
        """Have `use` called with each message."""
        found = self._conductor.topic(topic, kind)
        return self._keep(LockstepSubscription(self, self._conductor, found, use, profile))

    def stamps(self, kind: type, topic: str, use: Callable[[float], None], profile: Profile) -> LockstepSubscription:
        """Have `use` called with the stamp of each message."""

        def stamped(message: Any) -> None:
            at = message.header.stamp
            use(at.sec + at.nanosec * 1e-9)

        return self.subscribe(kind, topic, stamped, profile)

    def queue(self, kind: type, topic: str, profile: Profile) -> LockstepQueue:
        """Keep messages until they are asked for."""
        return self._keep(LockstepQueue(self, self._conductor, self._conductor.topic(topic, kind), profile))

    def tap(self, rules: TapRules) -> LockstepTap:
        """Hear everything."""
        return self._keep(LockstepTap(self._conductor, rules))

    # ------------------------------------------------------------------------------------------------ the rest

    def serve(self, kind: type, name: str, answer: Callable[[Any, Use], None]) -> LockstepService:
        """Offer a service."""
        self._offer_exchanges()
        return self._keep(LockstepService(self, self._conductor, name, kind, answer))

    def client(self, kind: type, name: str) -> LockstepClient:
        """Ask a service."""
        self._offer_exchanges()
        self.clients.append(client := LockstepClient(self, self._conductor, name, kind))
        return client

    def serve_action(self, kind: type, name: str, rules: ActionRules) -> LockstepActionServer:
        """Offer an action."""
        self._offer_exchanges()
        return self._keep(LockstepActionServer(self, self._conductor, name, kind, rules))

    def action_client(self, kind: type, name: str) -> LockstepActionClient:
        """Send goals to an action."""
        self._offer_exchanges()
        self.clients.append(client := LockstepActionClient(self, self._conductor, name, kind))
        return client

    def _offer_exchanges(self) -> LockstepPublisher:
        if self._exchanges is None:
            self._exchanges = self.publisher(exchanges.KIND, exchanges.TOPIC, exchanges.PROFILE)
        return self._exchanges

    def tell(self, asked: Asked, sending: Sending, content: Any = None, outcome: Outcome | None = None) -> None:
        """Tell all who listen what the node sends to a client or a server."""
        data = b""
        if content is not None:
            kind: type = content.__class__
            narrow = narrower(kind)
            if narrow is not None:
                narrow(content)
            data = writer(kind)(content)
        message = exchanges.exchange(asked, sending, self._conductor.now_ns, data, outcome)
        self._offer_exchanges().publish(message)

    def background(self, name: str, work: Callable[[], Any], use: Callable[[Any, float], None]) -> None:
        """Have `work` done when all before it is, and its result delivered after its declared time."""
        conductor = self._conductor
        took_ns = conductor.latency.of_work_ns(self.name, name)
        begin_ns = max(conductor.now_ns, self._working_until_ns)
        self._working_until_ns = begin_ns + took_ns

        def begin(_: None) -> None:
            try:
                result = work()
            except Exception as error:
                result = error
            conductor.arrive_at(begin_ns + took_ns, self, lambda told: use(told, took_ns * 1e-9), result, name)

        conductor.arrive_at(begin_ns, self, begin, None, name)

    def store(self, directory: str) -> MemoryStore:
        """Return where state is kept."""
        return self._conductor.store(directory, self.name)

    def make_time(self, maker: TimeMaker) -> None:
        """Give the node the clock of all others."""
        self.makes_time = True
        self._conductor.make_time(self, maker)

    def end(self, code: int, text: str = "") -> None:
        """End the node after this callback."""
        self.ending = (code, text)
