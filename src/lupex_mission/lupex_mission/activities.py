# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Keep one activity going at its server, across servers that die and come back."""

from collections.abc import Callable
from typing import Any, Protocol

from lupex_mission.observations import Activity, Result


class Server(Protocol):
    """What carries out one kind of activity."""

    def ready(self) -> bool:
        """Tell whether it is there."""
        ...

    def start(self, activity: Activity, on_end: Callable[[Result | None], None]) -> Any:
        """Begin; 'on_end' gets the result once, or None when the goal was refused or lost. Return a handle."""
        ...

    def cancel(self, handle: Any) -> None:
        """Ask to end it."""
        ...


class Activities:
    """Follows the executive's wish: starts it, cancels what is no longer wished, starts again what was lost."""

    def __init__(self, servers: dict[type, Server], retry_s: float) -> None:
        self._servers = servers
        self._retry_s = retry_s
        self._current: Activity | None = None
        self._handle: Any = None
        self._token = 0
        self._running = False
        self._not_before_s = 0.0
        self.results: dict[str, Result] = {}

    @property
    def current(self) -> Activity | None:
        """Return the activity under way."""
        return self._current if self._running else None

    def follow(self, wish: Activity | None, time_s: float) -> None:
        """Bring what is under way in line with the wish; call at each tick."""
        if self._running and (wish is None or wish != self._current):
            self._drop(cancel=True)
        if wish is None or self._running or wish.key in self.results:
            return
        server = self._servers[type(wish)]
        if time_s < self._not_before_s or not server.ready():
            return
        self._token += 1
        self._running, self._current = True, wish
        token = self._token
        self._handle = server.start(wish, lambda result: self._ended(token, wish, result, time_s))

    def rest(self, kinds: tuple[type, ...]) -> None:
        """Cancel what is under way, if it is one of these."""
        if self._running and isinstance(self._current, kinds):
            self._drop(cancel=True)

    def server_lost(self, kinds: tuple[type, ...]) -> None:
        """Give up what a dead server was doing, so that it is started anew at the living one."""
        if self._running and isinstance(self._current, kinds):
            self._drop(cancel=False)

    def forget(self) -> None:
        """Cancel and forget all results, for a new sortie."""
        if self._running:
            self._drop(cancel=True)
        self.results.clear()

    def _drop(self, *, cancel: bool) -> None:
        current, handle = self._current, self._handle
        self._token += 1
        self._running, self._current, self._handle = False, None, None
        if cancel and current is not None:
            self._servers[type(current)].cancel(handle)

    def _ended(self, token: int, wish: Activity, result: Result | None, started_s: float) -> None:
        if token != self._token:
            return
        self._running, self._current, self._handle = False, None, None
        if result is None:
            self._not_before_s = started_s + self._retry_s
        else:
            self.results[wish.key] = result
