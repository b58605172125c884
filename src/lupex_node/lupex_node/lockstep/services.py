# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Services and actions of one process. Who asks a server that dies gets no answer, as over the middleware."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lupex_node.port import ActionRules, Outcome, Use

if TYPE_CHECKING:
    from lupex_node.lockstep.conductor import Conductor
    from lupex_node.lockstep.port import LockstepPort


class LockstepService:
    """Offers a service."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str, answer: Callable[[Any, Use], None]) -> None:
        self.port, self.answer = port, answer
        self._conductor, self._name = conductor, name
        conductor.offer(name, self)

    def close(self) -> None:
        """End it."""
        self._conductor.withdraw(self._name, self)


class LockstepClient:
    """Asks a service."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str) -> None:
        self._port, self._conductor, self._name = port, conductor, name

    def ready(self) -> bool:
        """Tell whether the service is there."""
        return isinstance(self._conductor.server(self._name), LockstepService)

    def call(self, request: Any, use: Use) -> None:
        """Ask; `use` gets the response. Of a service that is not there nothing is heard."""
        service = self._conductor.server(self._name)
        if not isinstance(service, LockstepService):
            return
        conductor, port = self._conductor, self._port

        def asked(message: Any) -> None:
            service.answer(message, lambda response: conductor.soon(port, use, response))

        conductor.soon(service.port, asked, request)

    def close(self) -> None:
        """Do nothing: a client holds nothing."""


class LockstepGoal:
    """A goal at the server's side."""

    def __init__(self, conductor: Conductor, request: Any, tell: Callable[[tuple[Outcome, Any]], None]) -> None:
        self.request = request
        self.wish_to_cancel = False
        self.over = False
        self._conductor, self._tell = conductor, tell

    def cancel_asked(self) -> bool:
        """Tell whether the client wants it ended."""
        return self.wish_to_cancel

    def feedback(self, message: Any) -> None:
        """Do nothing: nobody on board listens to how a goal goes."""

    def end(self, outcome: Outcome, result: Any) -> None:
        """End it, once; raises RuntimeError the second time, as rclpy does."""
        if self.over:
            raise RuntimeError("the goal has ended before")
        self.over = True
        self._tell((outcome, result))


class LockstepActionServer:
    """Offers an action."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str, rules: ActionRules) -> None:
        self.port, self.rules = port, rules
        self._conductor, self._name = conductor, name
        conductor.offer(name, self)

    def close(self) -> None:
        """End it."""
        self._conductor.withdraw(self._name, self)


class LockstepSentGoal:
    """A goal at the client's side."""

    def __init__(self, conductor: Conductor, server: LockstepActionServer, goal: LockstepGoal) -> None:
        self._conductor, self._server, self._goal = conductor, server, goal

    def cancel(self) -> None:
        """Ask for its end."""
        self._conductor.soon(self._server.port, self._cancel, None)

    def _cancel(self, _: None) -> None:
        if not self._goal.over:
            self._goal.wish_to_cancel = True
            self._server.rules.cancel()


class LockstepActionClient:
    """Sends goals to an action."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str) -> None:
        self._port, self._conductor, self._name = port, conductor, name

    def ready(self) -> bool:
        """Tell whether the server is there."""
        return isinstance(self._conductor.server(self._name), LockstepActionServer)

    def send(self, goal: Any, use: Callable[[Outcome | None, Any], None]) -> LockstepSentGoal | _Unsent:
        """Send a goal; `use` gets how it ends. Of an action that is not there nothing is heard."""
        server = self._conductor.server(self._name)
        if not isinstance(server, LockstepActionServer):
            return _Unsent()
        conductor, port = self._conductor, self._port

        def end(ended: tuple[Outcome | None, Any]) -> None:
            conductor.soon(port, lambda told: use(*told), ended)

        held = LockstepGoal(conductor, goal, end)

        def asked(_: None) -> None:
            if not server.rules.accept(goal):
                held.over = True
                end((None, None))
                return
            server.rules.begin(held)

        conductor.soon(server.port, asked, None)
        return LockstepSentGoal(conductor, server, held)

    def close(self) -> None:
        """Do nothing: a client holds nothing."""


class _Unsent:
    """A goal that no server was there for; nothing will be heard of it."""

    def cancel(self) -> None:
        """Do nothing."""
