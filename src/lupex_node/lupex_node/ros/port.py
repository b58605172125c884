# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One node's port by rclpy."""

import functools
import os
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
)
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter

from lupex_models.configuration import ConfigurationError, Setting
from lupex_node.bare_node import BareNode
from lupex_node.checkpoint import FileStore
from lupex_node.life import Life
from lupex_node.node import LupexNode
from lupex_node.parameter_files import ParameterFile, given_to
from lupex_node.port import ActionRules, Severity, TapRules, TimeMaker, Use
from lupex_node.qos import Profile
from lupex_node.ros.actions import RosActionClient, RosActionServer, RosClient, RosService
from lupex_node.ros.background import Background
from lupex_node.ros.description import declare, given_parameters
from lupex_node.ros.subscriptions import NeverReady, RosQueue, quality, stamp_s, taken
from lupex_node.ros.tap import RosTap
from lupex_node.ros.teller import Teller


class Closing:
    """Gives back one entity of a node."""

    def __init__(self, close: Callable[[], object]) -> None:
        self._close = close

    def close(self) -> None:
        """End it."""
        self._close()


class RosPublisher:
    """Tells a topic."""

    def __init__(self, node: Node, kind: type, topic: str, profile: Profile) -> None:
        self._node = node
        self._publisher = node.create_publisher(kind, topic, quality(profile))
        self.publish = self._publisher.publish

    def heard(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self._publisher.get_subscription_count())

    def settle(self, wall_s: float) -> None:
        """Wait until what was published has arrived, at most so much of the host's time."""
        self._publisher.wait_for_all_acked(Duration(nanoseconds=round(wall_s * 1e9)))

    def close(self) -> None:
        """End it."""
        self._node.destroy_publisher(self._publisher)


class StagedNode(LifecycleNode):
    """Hands rclpy's transitions on to the node behind the port."""

    owner: LupexNode[Any] | None = None
    wiring_error: Exception | None = None

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Wire the node. rclpy turns an exception here into a log line; the port's start raises it again."""
        try:
            self.owner.configure()
        except Exception as error:
            self.wiring_error = error
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let the callbacks act."""
        self.owner.activate()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let them rest."""
        self.owner.deactivate()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take down what was wired."""
        self.owner.cleanup()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take down what was wired, for good."""
        self.owner.close()
        return super().on_shutdown(state)


REFUSALS = (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    InvalidNodeNameException,
    InvalidNamespaceException,
)
"""What rclpy raises where a parameter of its own, or a name, is wrong."""


def one_line(error: Exception) -> str:
    """Return what an error of rclpy says, without the places in its C code."""
    return re.sub(r", at \S+:\d+", "", " ".join(str(error).split()))


def _same(given: Any, read: Any) -> bool:
    """Tell whether a value is that of a file: rcl reads a float where YAML 1.1 reads a text, as in 1e3."""
    return bool(given == read) or (isinstance(read, str) and not isinstance(given, str))


class RosPort:
    """The world around one node; `node` is rclpy's own, `ended` is set when the node wants to end."""

    def __init__(
        self, kind: type[BareNode[Any]], name: str = "", files: Sequence[ParameterFile] = (), **options: Any
    ) -> None:
        """Make rclpy's node; `options` go to it. Raises ConfigurationError for what rclpy itself does not take.

        `files` are those that the command line names.
        """
        if kind.MAKES_TIME:
            options["parameter_overrides"] = [
                *options.get("parameter_overrides", ()),
                Parameter("use_sim_time", value=False),
            ]
        try:
            self.node: Node = (StagedNode if issubclass(kind, LupexNode) else Node)(name or kind.NAME, **options)
        except REFUSALS as error:
            raise ConfigurationError(f"parameters of node {name or kind.NAME}: {one_line(error)}") from error
        self.name: str = self.node.get_name()
        self.source = f"parameters of node {self.node.get_fully_qualified_name()}"
        self.life = str(Life(socket.gethostname(), os.getpid(), time.time_ns()))
        self.parameters: Mapping[str, Any] = given_parameters(self.node)
        self._parameter_files = files
        self.maker: TimeMaker | None = None
        self.ended: tuple[int, str] | None = None
        self._clock = self.node.get_clock()
        self._logger = self.node.get_logger()
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._background: Background | None = None
        self._teller = Teller(self.node)
        self._polled: list[tuple[Any, Use]] = []
        self._asleep: list[tuple[Any, Use]] = []
        self._taps: list[RosTap] = []

    @functools.cached_property
    def files(self) -> Mapping[str, str]:
        """Which file gives a parameter; raises ConfigurationError for a file that holds nothing for this node."""
        found = given_to(self._parameter_files, self.node.get_fully_qualified_name())
        # What the command line gives by itself is another value, unless it repeats the file's.
        return {
            key: given.file
            for key, given in found.items()
            if key in self.parameters and _same(self.parameters[key], given.value)
        }

    def start(self, owner: BareNode[Any]) -> None:
        """Wire and activate the node, unless it is to wait for its transitions; raises what the wiring raises."""
        if not isinstance(owner, LupexNode):
            owner.configure()
            owner.activate()
            return
        self.node.owner = owner
        if owner.common.autostart:
            self.node.trigger_configure()
            if self.node.wiring_error is not None:
                raise self.node.wiring_error
            self.node.trigger_activate()

    def close(self) -> None:
        """Take rclpy's node down."""
        if self._background is not None:
            self._background.close()
        self.node.destroy_node()

    # ------------------------------------------------------------------------------------------------ time and words

    def declare(self, settings: Sequence[tuple[Setting, Any]]) -> None:
        """Show settings to whoever asks for the node's parameters."""
        declare(self.node, settings)

    def now_ns(self) -> int:
        """Return ROS time; a maker of time lives by its own."""
        if self.maker is not None:
            return self.maker.now_ns()
        return int(self._clock.now().nanoseconds)

    def log(self, severity: Severity, text: str) -> None:
        """Write a line."""
        # a line of code each: rclpy takes the severity for a property of the place that logs
        if severity is Severity.ERROR:
            self._logger.error(text)
        elif severity is Severity.WARNING:
            self._logger.warning(text)
        else:
            self._logger.info(text)

    def timer(self, period_s: float, tick: Callable[[], None]) -> Closing:
        """Call regularly in ROS time."""
        return self._timer(period_s, tick, None)

    def look(self, period_wall_s: float, call: Callable[[], None]) -> Closing:
        """Call at intervals of the host's time, with the messages that wake nobody used before."""

        def looked() -> None:
            self._use_waiting(self._asleep)
            call()

        return self._timer(period_wall_s, looked, self._steady)

    def upkeep(self, period_wall_s: float, call: Callable[[], None]) -> Closing:
        """Call now and then, by the host's time."""
        return self._timer(period_wall_s, call, self._steady)

    def _timer(self, period_s: float, tick: Callable[[], None], clock: Clock | None) -> Closing:
        timer = self.node.create_timer(period_s, tick, clock=clock)
        return Closing(lambda: self.node.destroy_timer(timer))

    # ------------------------------------------------------------------------------------------------ topics

    def publisher(self, kind: type, topic: str, profile: Profile) -> RosPublisher:
        """Offer a topic."""
        return RosPublisher(self.node, kind, topic, profile)

    def subscribe(self, kind: type, topic: str, use: Use, profile: Profile, *, wakes: bool = True) -> Closing:
        """Have `use` called with each message."""
        return self._subscribe(kind, topic, use, profile, wakes=wakes, raw=False)

    def stamps(self, kind: type, topic: str, use: Callable[[float], None], profile: Profile) -> Closing:
        """Have `use` called with the stamp of each message, which is not decoded."""
        return self._subscribe(kind, topic, lambda content: use(stamp_s(content)), profile, wakes=True, raw=True)

    def _subscribe(self, kind: type, topic: str, use: Use, profile: Profile, *, wakes: bool, raw: bool) -> Closing:
        group = None if wakes else NeverReady()
        subscription = self.node.create_subscription(kind, topic, use, quality(profile), raw=raw, callback_group=group)
        polled = self._polled if wakes else self._asleep
        polled.append((subscription, use))

        def close() -> None:
            polled.remove((subscription, use))
            self.node.destroy_subscription(subscription)

        return Closing(close)

    def queue(self, kind: type, topic: str, profile: Profile) -> RosQueue:
        """Keep messages until they are asked for."""
        return RosQueue(self.node, kind, topic, profile)

    def poll(self) -> None:
        """Use all messages that have arrived: a tenth of the cost of asking the executor after each step of a world."""
        self._use_waiting(self._polled)

    @staticmethod
    def _use_waiting(subscriptions: list[tuple[Any, Use]]) -> None:
        for subscription, use in subscriptions:
            for message, _ in taken(subscription):
                use(message)

    def tap(self, rules: TapRules) -> RosTap:
        """Hear everything."""
        return RosTap(self.node, rules)

    # ------------------------------------------------------------------------------------------------ the rest

    def serve(self, kind: type, name: str, answer: Callable[[Any, Use], None]) -> RosService:
        """Offer a service."""
        return RosService(self.node, kind, name, answer)

    def client(self, kind: type, name: str) -> RosClient:
        """Ask a service."""
        return RosClient(self.node, kind, name, self._teller)

    def serve_action(self, kind: type, name: str, rules: ActionRules) -> RosActionServer:
        """Offer an action."""
        return RosActionServer(self.node, kind, name, rules)

    def action_client(self, kind: type, name: str) -> RosActionClient:
        """Send goals to an action."""
        return RosActionClient(self.node, kind, name, self._teller)

    def background(self, name: str, work: Callable[[], Any], use: Callable[[Any, float], None]) -> None:
        """Have `work` done in a thread of its own; `use` is called in the executor's."""
        if self._background is None:
            guard = self.node.create_guard_condition(self._look_at_background)
            self._background = Background(guard.trigger)
        self._background.submit(work, use)

    def _look_at_background(self) -> None:
        if self._background is not None:
            self._background.look()

    def store(self, directory: str) -> FileStore:
        """Return the node's checkpoint file in a directory."""
        return FileStore(Path(directory) / f"{self.name}.json")

    def make_time(self, maker: TimeMaker) -> None:
        """Give the process's loop to a maker of time."""
        self.maker = maker
        maker.heed()

    def end(self, code: int, text: str = "") -> None:
        """End the process after this callback."""
        self.ended = (code, text)
