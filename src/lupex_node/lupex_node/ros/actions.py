# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Services and actions by rclpy, without its coroutines showing."""

from collections.abc import Callable
from typing import Any

import rclpy.action
from action_msgs.msg import GoalStatus
from rclpy.action import CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from lupex_node.exchanges import Asked, Sending
from lupex_node.port import ActionRules, Outcome, Use
from lupex_node.ros.teller import Teller

OUTCOME_OF = {
    GoalStatus.STATUS_SUCCEEDED: Outcome.SUCCEEDED,
    GoalStatus.STATUS_ABORTED: Outcome.ABORTED,
    GoalStatus.STATUS_CANCELED: Outcome.CANCELED,
}


class RosService:
    """Offers a service whose answers may come later."""

    def __init__(self, node: Node, kind: type, name: str, answer: Callable[[Any, Use], None]) -> None:
        self._node, self._answer = node, answer
        # a group of its own: while a request waits for its answer, a shared group would hold back what it waits for
        self._service = node.create_service(kind, name, self._asked, callback_group=ReentrantCallbackGroup())

    async def _asked(self, request: Any, response: Any) -> Any:
        done: Future = Future()
        self._answer(request, done.set_result)
        return await done

    def close(self) -> None:
        """End the service."""
        self._node.destroy_service(self._service)


class RosClient:
    """Asks a service."""

    def __init__(self, node: Node, kind: type, name: str, teller: Teller) -> None:
        self._node, self._kind, self._name, self._teller = node, kind, name, teller
        self._client = node.create_client(kind, name)
        teller.offer()

    def ready(self) -> bool:
        """Tell whether the service is there."""
        return bool(self._client.service_is_ready())

    def call(self, request: Any, use: Use) -> None:
        """Ask; `use` gets the response. Of a service that is not there nothing is heard."""
        asked = self._teller.asked(self._name, self._kind)

        def answered(future: Future) -> None:
            response = future.result()
            self._teller.tell(asked, Sending.RESPONSE, response)
            use(response)

        self._teller.tell(asked, Sending.REQUEST, request)
        self._client.call_async(request).add_done_callback(answered)

    def close(self) -> None:
        """End the client."""
        self._node.destroy_client(self._client)


class RosGoal:
    """A goal at the server's side."""

    def __init__(self, handle: Any, done: Future) -> None:
        self._handle, self._done = handle, done
        self.request = handle.request

    def cancel_asked(self) -> bool:
        """Tell whether the client wants it ended."""
        return bool(self._handle.is_cancel_requested)

    def feedback(self, message: Any) -> None:
        """Tell the client how it goes."""
        if self._handle.is_active:
            self._handle.publish_feedback(message)

    def end(self, outcome: Outcome, result: Any) -> None:
        """End it, once."""
        if outcome is Outcome.SUCCEEDED:
            self._handle.succeed()
        elif outcome is Outcome.CANCELED:
            self._handle.canceled()
        else:
            self._handle.abort()
        self._done.set_result(result)


class RosActionServer:
    """Offers an action."""

    def __init__(self, node: Node, kind: type, name: str, rules: ActionRules) -> None:
        self._rules = rules
        self._server = rclpy.action.ActionServer(
            node, kind, name, self._execute, goal_callback=self._judge, cancel_callback=self._cancel
        )

    def _judge(self, request: Any) -> GoalResponse:
        return GoalResponse.ACCEPT if self._rules.accept(request) else GoalResponse.REJECT

    def _cancel(self, handle: Any) -> CancelResponse:
        self._rules.cancel()
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        done: Future = Future()
        self._rules.begin(RosGoal(handle, done))
        return await done

    def close(self) -> None:
        """End the action."""
        self._server.destroy()


class RosSentGoal:
    """A goal at the client's side; a wish to cancel waits for the server's word that it has the goal."""

    def __init__(self, use: Callable[[Outcome | None, Any], None], teller: Teller, asked: Asked) -> None:
        self._use, self._teller, self._asked = use, teller, asked
        self._handle: Any = None
        self._cancelled = False

    def answered(self, future: Future) -> None:
        """Take the server's word."""
        handle = future.result()
        if handle is None or not handle.accepted:
            self._teller.tell(self._asked, Sending.REFUSED)
            self._use(None, None)
            return
        self._teller.tell(self._asked, Sending.TAKEN)
        self._handle = handle
        handle.get_result_async().add_done_callback(self._ended)
        if self._cancelled:
            handle.cancel_goal_async()

    def _ended(self, future: Future) -> None:
        answer = future.result()
        outcome = None if answer is None else OUTCOME_OF.get(answer.status)
        if outcome is not None:
            self._teller.tell(self._asked, Sending.RESULT, answer.result, outcome)
        self._use(outcome, None if outcome is None else answer.result)

    def cancel(self) -> None:
        """Ask for its end."""
        self._teller.tell(self._asked, Sending.CANCEL)
        self._cancelled = True
        if self._handle is not None:
            self._handle.cancel_goal_async()


class RosActionClient:
    """Sends goals to an action."""

    def __init__(self, node: Node, kind: type, name: str, teller: Teller) -> None:
        self._kind, self._name, self._teller = kind, name, teller
        self._client = rclpy.action.ActionClient(node, kind, name)
        teller.offer()

    def ready(self) -> bool:
        """Tell whether the server is there."""
        return bool(self._client.server_is_ready())

    def send(self, goal: Any, use: Callable[[Outcome | None, Any], None]) -> RosSentGoal:
        """Send a goal; `use` gets how it ends. Of an action that is not there nothing is heard."""
        asked = self._teller.asked(self._name, self._kind)
        sent = RosSentGoal(use, self._teller, asked)
        self._teller.tell(asked, Sending.GOAL, goal)
        self._client.send_goal_async(goal).add_done_callback(sent.answered)
        return sent

    def close(self) -> None:
        """End the client."""
        self._client.destroy()
