# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Services and actions of one process. Who asks a server that dies gets no answer, as over the middleware."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lupex_node.exchanges import Asked, Sending
from lupex_node.port import ActionRules, Outcome, Use

if TYPE_CHECKING:
    from lupex_node.lockstep.conductor import Conductor
    from lupex_node.lockstep.port import LockstepPort


class LockstepService:
    """Offers a service."""

    def __init__(
        self, port: LockstepPort, conductor: Conductor, name: str, kind: type, answer: Callable[[Any, Use], None]
    ) -> None:
        self.port, self.kind, self.answer = port, kind, answer
        self._conductor, self._name = conductor, name
        conductor.offer(name, self)

    def close(self) -> None:
        """End it."""
        self._conductor.withdraw(self._name, self)


class LockstepClient:
    """Asks a service."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str, kind: type) -> None:
        self.name, self.kind = name, kind
        self._port, self._conductor = port, conductor

    def ready(self) -> bool:
        """Tell whether the service is there."""
        return isinstance(self._conductor.server(self.name), LockstepService)

    def call(self, request: Any, use: Use) -> None:
        """Ask; `use` gets the response. Of a service that is not there nothing is heard."""
        service = self._conductor.server(self.name)
        if not isinstance(service, LockstepService):
            return
        conductor, port = self._conductor, self._port
        call = conductor.asked(self.name, self.kind, port.name)

        def asked(message: Any) -> None:
            service.answer(message, answered)

        def answered(response: Any) -> None:
            service.port.tell(call, Sending.RESPONSE, response)
            conductor.soon(port, use, response)

        port.tell(call, Sending.REQUEST, request)
        conductor.soon(service.port, asked, request)

    def close(self) -> None:
        """Do nothing: a client holds nothing."""


class LockstepGoal:
    """A goal at the server's side."""

    def __init__(
        self,
        asked: Asked,
        request: Any,
        server: LockstepActionServer,
        tell: Callable[[tuple[Outcome | None, Any]], None],
    ) -> None:
        self.asked, self.request, self.server = asked, request, server
        self.wish_to_cancel = False
        self.over = False
        self._tell = tell

    def cancel_asked(self) -> bool:
        """Tell whether the client wants it ended."""
        return self.wish_to_cancel

    def feedback(self, message: Any) -> None:
        """Do nothing: nobody on board listens to how a goal goes."""

    def take(self) -> None:
        """Judge it, and begin it or refuse it."""
        if not self.server.rules.accept(self.request):
            self.refuse()
            return
        self.server.port.tell(self.asked, Sending.TAKEN)
        self.server.rules.begin(self)

    def refuse(self) -> None:
        """Do not take it."""
        self.over = True
        self.server.port.tell(self.asked, Sending.REFUSED)
        self._tell((None, None))

    def end(self, outcome: Outcome, result: Any) -> None:
        """End it, once; raises RuntimeError the second time, as rclpy does."""
        if self.over:
            raise RuntimeError("the goal has ended before")
        self.over = True
        self.server.port.tell(self.asked, Sending.RESULT, result, outcome)
        self._tell((outcome, result))


class LockstepActionServer:
    """Offers an action."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str, kind: type, rules: ActionRules) -> None:
        self.port, self.kind, self.rules = port, kind, rules
        self._conductor, self._name = conductor, name
        conductor.offer(name, self)

    def close(self) -> None:
        """End it."""
        self._conductor.withdraw(self._name, self)


class LockstepSentGoal:
    """A goal at the client's side."""

    def __init__(self, port: LockstepPort, conductor: Conductor, goal: LockstepGoal) -> None:
        self._port, self._conductor, self._goal = port, conductor, goal

    def cancel(self) -> None:
        """Ask for its end."""
        self._port.tell(self._goal.asked, Sending.CANCEL)
        self._conductor.soon(self._goal.server.port, self._cancel, None)

    def _cancel(self, _: None) -> None:
        if not self._goal.over:
            self._goal.wish_to_cancel = True
            self._goal.server.rules.cancel()


class LockstepActionClient:
    """Sends goals to an action."""

    def __init__(self, port: LockstepPort, conductor: Conductor, name: str, kind: type) -> None:
        self.name, self.kind = name, kind
        self._port, self._conductor = port, conductor

    def ready(self) -> bool:
        """Tell whether the server is there."""
        return isinstance(self._conductor.server(self.name), LockstepActionServer)

    def send(self, goal: Any, use: Callable[[Outcome | None, Any], None]) -> LockstepSentGoal | _Unsent:
        """Send a goal; `use` gets how it ends. Of an action that is not there nothing is heard."""
        server = self._conductor.server(self.name)
        if not isinstance(server, LockstepActionServer):
            return _Unsent()
        conductor, port = self._conductor, self._port
        asked = conductor.asked(self.name, self.kind, port.name)

        def end(ended: tuple[Outcome | None, Any]) -> None:
            conductor.soon(port, lambda told: use(*told), ended)

        held = LockstepGoal(asked, goal, server, end)
        port.tell(asked, Sending.GOAL, goal)
        conductor.soon(server.port, lambda _: held.take(), None)
        return LockstepSentGoal(port, conductor, held)

    def close(self) -> None:
        """Do nothing: a client holds nothing."""


class _Unsent:
    """A goal that no server was there for; nothing will be heard of it."""

    def cancel(self) -> None:
        """Do nothing."""
