# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Single-threaded executor that takes messages in batches: rclpy's own spends more on one than most callbacks do."""

import inspect
import time
from contextlib import ExitStack, suppress
from typing import Any

from rclpy.executors import (
    ExternalShutdownException,
    ShutdownException,
    SingleThreadedExecutor,
)
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.subscription import Subscription
from rclpy.utilities import timeout_sec_to_nsec
from rclpy.waitable import NumberOfEntities

LARGEST_BATCH = 64
"""Messages of one topic taken at once, so that a flood of one cannot starve the others."""

LATE_PASSES = 3
"""Looks for messages that came while others were used, before timers act on what has not come."""


class BatchingExecutor(SingleThreadedExecutor):
    """Keeps its wait set, takes all waiting messages at once, and waits at most every `interval_s`.

    Messages are used in the order in which they were published, whatever their topics; timers come after them, so that
    nothing counts as missing that only waits to be read. An idle node reacts at once; a busy one gathers what arrives
    within the interval. Services, clients and actions go the way of rclpy, and so may await.
    """

    def __init__(self, *, interval_s: float = 0.0, **options: Any) -> None:
        self._stale = True
        super().__init__(**options)
        self.interval_s = interval_s
        self._last_wait_s = 0.0
        self._entities: tuple[list[Any], ...] = ([], [], [], [], [], [])
        self._wait_set: Any = None

    def wake(self) -> None:
        """Note that nodes or their entities have changed, and end the present wait."""
        self._stale = True
        super().wake()

    def add_node(self, node: Any) -> bool:
        """Add a node."""
        self._stale = True
        return super().add_node(node)

    def remove_node(self, node: Any) -> None:
        """Remove a node."""
        self._stale = True
        super().remove_node(node)

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait until something is ready, at most the time given, and do all that is ready."""
        pause_s = self._last_wait_s + self.interval_s - time.monotonic()
        if pause_s > 0.0:
            time.sleep(pause_s)
        with suppress(ShutdownException):
            self._round(timeout_sec)

    def _round(self, timeout_sec: float | None) -> None:
        self._continue_tasks()
        if self._stale:
            self._gather()
        self._wait(timeout_sec_to_nsec(timeout_sec))

    def _continue_tasks(self) -> None:
        with self._tasks_lock:
            tasks = list(self._tasks)
        if not tasks:
            return
        for task, _, _ in reversed(tasks):
            if not task.executing() and not task.done():
                self._finish(task)
        with self._tasks_lock:
            self._tasks = [item for item in self._tasks if not item[0].done() and not item[0].cancelled()]

    def _finish(self, task: Any) -> None:
        task()
        if task.done() and task.exception() is not None:
            raise task.exception()

    def _gather(self) -> None:
        """List the entities anew and make a wait set of the right size."""
        self._stale = False
        nodes = self.get_nodes()
        subscriptions = [(item, node) for node in nodes for item in node.subscriptions]
        timers = [(item, node) for node in nodes for item in node.timers]
        clients = [(item, node) for node in nodes for item in node.clients]
        services = [(item, node) for node in nodes for item in node.services]
        guards = [(item, node) for node in nodes for item in node.guards]
        waitables = [(item, node) for node in nodes for item in node.waitables]
        self._entities = (subscriptions, timers, clients, services, guards, waitables)
        count = NumberOfEntities(len(subscriptions), len(guards) + 2, len(timers), len(clients), len(services))
        for waitable, _ in waitables:
            count += waitable.get_num_entities()
        self._wait_set = _rclpy.WaitSet(
            count.num_subscriptions,
            count.num_guard_conditions,
            count.num_timers,
            count.num_clients,
            count.num_services,
            count.num_events,
            self._context.handle,
        )

    def _wait(self, timeout_ns: int) -> None:
        subscriptions, timers, clients, services, guards, offered = self._entities
        # a polled subscription brings events of its own, and the middleware wakes for its messages by them too
        waitables = [(item, node) for item, node in offered if item.callback_group.can_execute(item)]
        wait_set = self._wait_set
        with ExitStack() as held:
            try:
                for item, _ in (*subscriptions, *timers, *clients, *services, *guards):
                    held.enter_context(item.handle)
                for item, _ in waitables:
                    held.enter_context(item)
            except _rclpy.InvalidHandle:
                # One was destroyed just now: list them again in the next round.
                self._stale = True
                return
            held.enter_context(self._context.handle)
            wait_set.clear_entities()
            waited = [(item, node) for item, node in subscriptions if item.callback_group.can_execute(item)]
            for item, _ in waited:
                wait_set.add_subscription(item.handle)
            for item, _ in timers:
                wait_set.add_timer(item.handle)
            for item, _ in clients:
                wait_set.add_client(item.handle)
            for item, _ in services:
                wait_set.add_service(item.handle)
            for item, _ in guards:
                wait_set.add_guard_condition(item.handle)
            wait_set.add_guard_condition(self._guard.handle)
            wait_set.add_guard_condition(self._sigint_gc.handle)
            for item, _ in waitables:
                item.add_to_wait_set(wait_set)
            wait_set.wait(timeout_ns)
            self._last_wait_s = time.monotonic()
            if self._is_shutdown:
                raise ShutdownException
            if not self._context.ok():
                raise ExternalShutdownException
            ready_waitables = [(item, node) for item, node in waitables if item.is_ready(wait_set)]
            ready = set(wait_set.get_ready_entities("subscription"))
            ready_subscriptions = [item for item, _ in waited if item.handle.pointer in ready]
            ready = set(wait_set.get_ready_entities("client"))
            ready_clients = [(item, node) for item, node in clients if item.handle.pointer in ready]
            ready = set(wait_set.get_ready_entities("service"))
            ready_services = [(item, node) for item, node in services if item.handle.pointer in ready]
            ready = set(wait_set.get_ready_entities("guard_condition"))
            ready_guards = [(item, node) for item, node in guards if item.handle.pointer in ready]
        if self._use_messages(ready_subscriptions):
            for _ in range(LATE_PASSES):
                if not self._use_messages([item for item, _ in waited]):
                    break
        for timer, _ in timers:
            self._call(timer)
        for entities, take in (
            (ready_waitables, self._take_waitable),
            (ready_clients, self._take_client),
            (ready_services, self._take_service),
            (ready_guards, self._take_guard_condition),
        ):
            for item, node in entities:
                if not item._executor_event and item.callback_group.can_execute(item):
                    self._finish(self._make_handler(item, node, take))

    def _use_messages(self, subscriptions: list[Any]) -> bool:
        """Use what waits in some subscriptions in the order of its publication; tell whether there was anything."""
        found: list[tuple[int, int, Any, Any]] = []
        for subscription in subscriptions:
            self._take_batch(subscription, found)
        found.sort(key=lambda item: item[:2])
        for _, _, subscription, taken in found:
            alone = subscription._callback_type is Subscription.CallbackType.MessageOnly
            self._run(subscription.callback(taken[0]) if alone else subscription.callback(*taken))
        return bool(found)

    @staticmethod
    def _take_batch(subscription: Any, found: list[tuple[int, int, Any, Any]]) -> None:
        try:
            with subscription.handle:
                for _ in range(LARGEST_BATCH):
                    taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
                    if taken is None:
                        return
                    found.append((taken[1]["source_timestamp"], len(found), subscription, taken))
        except _rclpy.InvalidHandle:
            return

    def _call(self, timer: Any) -> None:
        try:
            with timer.handle:
                # asked only now: messages may have moved its clock, or another timer cancelled it
                if not timer.handle.is_timer_ready():
                    return
                timer.handle.call_timer()
        except _rclpy.InvalidHandle:
            return
        self._run(timer.callback())

    def _run(self, returned: Any) -> None:
        """Let a callback that was a coroutine go on as a task."""
        if inspect.iscoroutine(returned):
            self.create_task(returned)
