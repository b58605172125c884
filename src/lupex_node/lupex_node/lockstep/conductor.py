# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One queue of events for all nodes, ordered by (time, priority, number): the same run every time, on every host."""

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lupex_node.bare_node import BareNode
from lupex_node.exchanges import Asked
from lupex_node.lockstep.errors import LockstepError
from lupex_node.lockstep.latency import Latency
from lupex_node.lockstep.port import LockstepPort
from lupex_node.lockstep.profile import Profile
from lupex_node.lockstep.services import LockstepActionServer, LockstepService
from lupex_node.lockstep.store import MemoryStore
from lupex_node.lockstep.topics import LockstepPublisher, Topic
from lupex_node.node import LupexNode
from lupex_node.port import Closable, Severity, TimeMaker
from lupex_node.qos import STATE

WORLD, MESSAGE, TIMER = 0, 1, 2
"""Priorities of what is due at one time: the world first, then what has arrived, then who looks at it."""

CLOCK = "/clock"

Call = Callable[[Any], None]
Server = LockstepService | LockstepActionServer


class Watcher(Protocol):
    """What is told of a run beside the nodes; it does nothing that they notice."""

    def offered(self, topic: Topic, publisher: LockstepPublisher) -> None:
        """Hear of a publisher of a topic."""

    def said(self, node: str, topic: Topic, message: Any) -> None:
        """Hear a message at its publishing."""


class Conductor:
    """Makes nodes, keeps their clock and hands on what they say. A callback takes no time.

    Time begins at `now_s`, or where a maker of time begins.
    """

    def __init__(self, latency: Latency | None = None, *, now_s: float = 0.0) -> None:
        self.latency = latency or Latency()
        self.now_ns = round(now_s * 1e9)
        self.leap_ns = 0
        """By how much the nodes' clock was set wrong, the world's own left out."""
        self.disk_full = False
        self.nodes: dict[str, BareNode[Any]] = {}
        self.topics: dict[str, Topic] = {}
        self.watchers: list[Watcher] = []
        self.messages = 0
        self.on_log: Callable[[str, Severity, str], None] = lambda node, severity, text: None
        self.on_crash: Callable[[str, Exception], None] = _raise
        self.on_end: Callable[[str, int, str], None] = lambda node, code, text: None
        self.times_asked: dict[tuple[str, str], int] = {}
        """Requests and goals so far by (client, service or action)."""
        self._servers: dict[str, Server] = {}
        self._stores: dict[tuple[str, str], MemoryStore] = {}
        self._lives: dict[str, int] = {}
        self.profile: Profile | None = None
        """Where the processor's time goes, if somebody wants to know."""
        self._queue: list[tuple[int, int, int, LockstepPort | None, Call, Any, str]] = []
        self._number = 0
        self._delay_ns = self.latency.of_message_ns()
        self._follows = False
        self._clock: Closable | None = None
        self._ticks: list[tuple[int, int, LockstepPort, Call, str]] = []
        """Timers that wait for their time."""
        self._maker: TimeMaker | None = None
        self._step_ns = 0
        self._stopped = False

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self.now_ns / 1e9

    # ------------------------------------------------------------------------------------------------ nodes

    def add(
        self,
        kind: type[BareNode[Any]],
        parameters: Mapping[str, Any] | None = None,
        name: str = "",
        files: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a node and start it; raises ConfigurationError and LockstepError.

        `parameters` are by dotted name, and so are the `files` that give them, for errors.
        """
        name = name or kind.NAME
        if name in self.nodes:
            raise LockstepError(f"there are two nodes named '{name}': in lock step a name stands for one node")
        self._lives[name] = self._lives.get(name, 0) + 1
        port = LockstepPort(self, name, str(self._lives[name]), dict(parameters or {}), files)
        try:
            node = port.node = kind(port)
            if not isinstance(node, LupexNode) or node.common.autostart:
                node.configure()
                node.activate()
        except BaseException:
            port.die()
            raise
        self.nodes[name] = node
        return node

    def visitor(self, name: str = "visitor") -> LockstepPort:
        """Return a port for what is no node: a test, or whoever follows a run."""
        return LockstepPort(self, name, "1", {})

    def kill(self, name: str) -> None:
        """Let a node vanish as by SIGKILL: nothing of it is called any more, and nobody is told."""
        self.port(name).die()
        del self.nodes[name]

    def remove(self, name: str) -> None:
        """End a node in an orderly way."""
        port = self.port(name)
        self.nodes.pop(name).close()
        port.die()

    def hang(self, name: str) -> None:
        """Let a node do nothing until `wake`; what it is sent waits."""
        self.port(name).hung = deque()

    def wake(self, name: str) -> None:
        """Let a node that hung go on with all that has waited."""
        port = self.port(name)
        waiting, port.hung = port.hung or deque(), None
        for call, argument in waiting:
            self.at(self.now_ns, MESSAGE, port, call, argument)

    def close(self) -> None:
        """End all nodes, the last first."""
        for name in reversed(list(self.nodes)):
            self.remove(name)

    def port(self, name: str) -> LockstepPort:
        """Return a living node's port; raises LockstepError when there is none."""
        node = self.nodes.get(name)
        if node is None:
            raise LockstepError(f"there is no node '{name}': there are {', '.join(self.nodes) or 'none'}")
        port = node.port
        assert isinstance(port, LockstepPort)
        return port

    def log(self, node: str, severity: Severity, text: str) -> None:
        """Hand on a line of a node."""
        self.on_log(node, severity, text)

    def store(self, directory: str, name: str) -> MemoryStore:
        """Return a node's checkpoint, which outlives the node but not the run."""
        return self._stores.setdefault((directory, name), MemoryStore(directory, name, lambda: self.disk_full))

    # ------------------------------------------------------------------------------------------------ names

    def topic(self, name: str, kind: type) -> Topic:
        """Return a topic; raises LockstepError when two nodes take it for two types."""
        found = self.topics.get(name)
        if found is None:
            found = self.topics[name] = Topic(self, name, kind)
            if name == CLOCK and self._follows:
                self.follow_clock()
        elif found.kind is not kind:
            raise LockstepError(f"{name} is {found.kind.__name__} to one node and {kind.__name__} to another")
        return found

    def offered(self, topic: Topic, publisher: LockstepPublisher) -> None:
        """Tell the watchers of a publisher."""
        for watcher in self.watchers:
            watcher.offered(topic, publisher)

    def offer(self, name: str, server: Server) -> None:
        """Take up a service or an action; raises LockstepError when there is one of that name."""
        if name in self._servers:
            raise LockstepError(f"{self._servers[name].port.name} and {server.port.name} both serve {name}")
        self._servers[name] = server

    def withdraw(self, name: str, server: Server) -> None:
        """Take a service or an action away."""
        if self._servers.get(name) is server:
            del self._servers[name]

    def server(self, name: str) -> Server | None:
        """Return who serves a name."""
        return self._servers.get(name)

    @property
    def servers(self) -> Mapping[str, Server]:
        """Who serves what, by name."""
        return self._servers

    def asked(self, name: str, kind: type, client: str) -> Asked:
        """Count a request or goal."""
        number = self.times_asked[client, name] = self.times_asked.get((client, name), 0) + 1
        return Asked(name, kind, client, number)

    # ------------------------------------------------------------------------------------------------ events

    def at(
        self, time_ns: int, priority: int, port: LockstepPort | None, call: Call, argument: Any, label: str = ""
    ) -> None:
        """Have `call(argument)` called at a time, unless the node of `port` is dead by then; profiles use `label`."""
        self._number += 1
        heapq.heappush(self._queue, (time_ns, priority, self._number, port, call, argument, label))

    def soon(self, port: LockstepPort | None, call: Call, argument: Any, more_ns: int = 0) -> None:
        """Have `call(argument)` called after a message's way."""
        self.at(self.now_ns + self._delay_ns + more_ns, MESSAGE, port, call, argument)

    def arrive_at(self, time_ns: int, port: LockstepPort, call: Call, argument: Any, label: str) -> None:
        """Have something arrive at a time, like a message."""
        self.at(time_ns, MESSAGE, port, call, argument, label)

    def tick_at(self, time_ns: int, port: LockstepPort, call: Call, label: str) -> None:
        """Have a timer tick at a time: where there is a /clock, when that has told of it."""
        self._number += 1
        heapq.heappush(self._ticks, (time_ns, self._number, port, call, label))
        if not self._follows:
            self.at(time_ns, TIMER, None, self._tick_by_itself, time_ns)

    def follow_clock(self) -> None:
        """Let timers tick only when /clock arrives, as over the middleware: who makes time says how finely it runs."""
        self._follows = True
        if CLOCK in self.topics and self._clock is None:
            self._clock = self.visitor(CLOCK).subscribe(self.topics[CLOCK].kind, CLOCK, self._clock_told, STATE)

    def _clock_told(self, message: Any) -> None:
        told_ns = message.clock.sec * 1_000_000_000 + message.clock.nanosec
        self.at(self.now_ns, TIMER, None, self._tick_up_to, told_ns)

    def _tick_by_itself(self, time_ns: int) -> None:
        # a clock may have come meanwhile
        if not self._follows:
            self._tick_up_to(time_ns)

    def _tick_up_to(self, told_ns: int) -> None:
        while self._ticks and self._ticks[0][0] <= told_ns:
            _, _, port, call, label = heapq.heappop(self._ticks)
            self.run(port, call, None, label)

    def make_time(self, port: LockstepPort, maker: TimeMaker) -> None:
        """Step a maker of time whenever its next step is due; time begins where it does."""
        self.now_ns = max(self.now_ns, maker.now_ns())
        self._maker = maker
        self.follow_clock()
        self._step_at(maker.next_ns(self.now_ns), port, maker)

    def _step_at(self, time_ns: int, port: LockstepPort, maker: TimeMaker) -> None:
        self._step_ns = time_ns

        def step(_: None) -> None:
            # one that was put forward is over by now
            if self._maker is maker and time_ns == self._step_ns > maker.now_ns():
                maker.step(time_ns)
                self._step_at(maker.next_ns(time_ns), port, maker)

        self.at(time_ns, WORLD, port, step, None, "step")

    def _hasten(self, port: LockstepPort) -> None:
        """Put the next step forward where what the maker of time was told wants it."""
        maker = self._maker
        if maker is not None and (sooner_ns := maker.next_ns(self.now_ns)) < self._step_ns:
            self._step_at(sooner_ns, port, maker)

    def stop(self) -> None:
        """End `run_until` or `until` after the present event."""
        self._stopped = True

    def run_until(self, time_s: float) -> bool:
        """Work through all that is due up to a time; return False where `stop` ended it before."""
        end_ns = round(time_s * 1e9)
        self._stopped = False
        while self._queue and self._queue[0][0] <= end_ns:
            self._next()
            if self._stopped:
                return False
        self.now_ns = max(self.now_ns, end_ns)
        return True

    def until(self, condition: Callable[[], object], limit_s: float) -> bool:
        """Run until a condition holds after an event; return False where it does not within so much simulated time."""
        end_ns = self.now_ns + round(limit_s * 1e9)
        self._stopped = False
        while not condition():
            if self._stopped or not self._queue or self._queue[0][0] > end_ns:
                return False
            self._next()
        return True

    def _next(self) -> None:
        due_ns, _, _, port, call, argument, label = heapq.heappop(self._queue)
        # what was due before time began is due now
        self.now_ns = max(self.now_ns, due_ns)
        if port is None:
            call(argument)
        else:
            self.run(port, call, argument, label)

    def run(self, port: LockstepPort, call: Call, argument: Any, label: str) -> None:
        """Call back a node. What it raises ends it, as it would end a process; one that hangs gets it later."""
        if port.hung is not None:
            port.hung.append((call, argument))
            return
        if not port.alive:
            return
        try:
            if self.profile is None:
                call(argument)
            else:
                self.profile.call(port.name, label, call, argument)
        except Exception as error:
            self._crash(port, error)
        if port.makes_time:
            self._hasten(port)
        if port.ending is not None:
            (code, text), port.ending = port.ending, None
            self.remove(port.name)
            self.on_end(port.name, code, text)

    def _crash(self, port: LockstepPort, error: Exception) -> None:
        if port.name in self.nodes:
            self.kill(port.name)
        self.on_crash(port.name, error)


def _raise(name: str, error: Exception) -> None:
    raise error
