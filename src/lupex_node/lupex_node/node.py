# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node that all nodes of the stack are made from."""

import contextlib
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile

from lupex_interfaces.msg import Fault
from lupex_models.configuration import ConfigurationError
from lupex_node import qos
from lupex_node.checkpoint import load_checkpoint, save_checkpoint
from lupex_node.checks import InvalidMessage, fresh, in_frame
from lupex_node.config import NodeConfig
from lupex_node.conversions import seconds, stamp
from lupex_node.executor import BatchingExecutor
from lupex_node.parameters import declare, refuse_unknown

C = TypeVar("C")

HEARTBEAT_PERIOD_S = 0.5
"""Of wall time: how long a process is silent does not depend on how fast simulated time runs."""

REPORT_EVERY = 200
"""A refused message is logged the first time and then once in so many."""


class LupexNode(LifecycleNode, Generic[C]):
    """Lifecycle node with checked parameters and messages, heartbeat, faults and checkpoints.

    A subclass names its configuration and implements `wire`, which makes its core, publishers, subscriptions and
    timers by `receive`, `every` and the functions of rclpy. It configures and activates itself unless `autostart`
    is false; callbacks made by `receive` and `every` rest while it is not active.
    """

    def __init__(self, name: str, config_type: type[C], **options: Any) -> None:
        super().__init__(name, **options)
        self.active = False
        self.common = declare(self, NodeConfig)
        self.config = declare(self, config_type)
        refuse_unknown(self, (NodeConfig, config_type))
        self._refused: dict[str, int] = {}
        self._refusal: dict[str, str] = {}
        self._made: list[Callable[[], None]] = []
        self._faults: dict[str, Fault] = {}
        self._health = (DiagnosticStatus.OK, "")
        self._wiring_error: Exception | None = None
        self._started = str(time.time_ns())
        self._fault_publisher = self.create_publisher(Fault, "/faults", qos.EVENTS)
        self._heartbeat_publisher = self.create_publisher(DiagnosticArray, "/diagnostics", qos.STATE)
        self.create_timer(HEARTBEAT_PERIOD_S, self._beat, clock=Clock(clock_type=ClockType.STEADY_TIME))
        if self.common.autostart:
            self.trigger_configure()
            if self._wiring_error is not None:
                raise self._wiring_error
            self.trigger_activate()

    def wire(self) -> None:
        """Make core, publishers, subscriptions and timers; raises ConfigurationError with a sentence if it cannot."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------ time

    def now_s(self) -> float:
        """Return ROS time in seconds; 0 before the first /clock."""
        return self.get_clock().now().nanoseconds * 1e-9

    def utc_s(self, time_s: float) -> float:
        """Return UTC as Unix seconds for a ROS time."""
        return time_s + self.common.utc_offset_s

    # ------------------------------------------------------------------------------------------------ messages

    def receive(
        self,
        kind: type,
        topic: str,
        use: Callable[[Any], None],
        *,
        convert: Callable[[Any], Any] | None = None,
        frame: str | None = None,
        max_age_s: float | None = None,
        profile: QoSProfile = qos.STATE,
    ) -> None:
        """Subscribe to `topic`; `use` gets what `convert` makes of each message that passes the checks.

        Checked are the header's frame (with `frame`), its age against ROS time (with `max_age_s`) and what
        `convert` refuses by InvalidMessage. Refused messages are counted in the diagnostics and never used.
        """

        def callback(message: Any) -> None:
            if not self.active:
                return
            try:
                if frame is not None:
                    in_frame(message.header.frame_id, frame)
                if max_age_s is not None:
                    fresh(seconds(message.header.stamp), self.now_s(), max_age_s, self.common.future_tolerance_s)
                value = message if convert is None else convert(message)
            except InvalidMessage as refusal:
                self._refuse(topic, str(refusal))
                return
            use(value)

        subscription = self.create_subscription(kind, topic, callback, profile)
        self._made.append(lambda: self.destroy_subscription(subscription))

    def publisher(self, kind: type, topic: str, profile: QoSProfile = qos.STATE) -> Any:
        """Make a publisher that is taken down with the node's configuration."""
        made = self.create_publisher(kind, topic, profile)
        self._made.append(lambda: self.destroy_publisher(made))
        return made

    def every(self, period_s: float, call: Callable[[], None]) -> None:
        """Call regularly in ROS time while active; ticks that were missed are not caught up."""

        def tick() -> None:
            if self.active:
                call()

        timer = self.create_timer(period_s, tick)
        self._made.append(lambda: self.destroy_timer(timer))

    def until_cleaned_up(self, destroy: Callable[[], None]) -> None:
        """Register what takes down something that `wire` made by itself (a service, an action server, a thread)."""
        self._made.append(destroy)

    def _refuse(self, topic: str, reason: str) -> None:
        count = self._refused.get(topic, 0)
        self._refused[topic], self._refusal[topic] = count + 1, reason
        if count % REPORT_EVERY == 0:
            self.get_logger().warning(f"{topic}: message not used: {reason} ({count + 1} so far)")

    # ------------------------------------------------------------------------------------------------ health

    def set_health(self, text: str, *, error: bool = False) -> None:
        """State in the heartbeat what is wrong; an empty text means that all is well."""
        level = DiagnosticStatus.OK if not text else DiagnosticStatus.ERROR if error else DiagnosticStatus.WARN
        self._health = (level, text)

    def raise_fault(self, code: str, severity: int, text: str) -> None:
        """Publish a fault when it appears; repeated calls while it lasts are silent."""
        if code not in self._faults:
            self._publish_fault(Fault(code=code, severity=severity, active=True, text=text))
            self.get_logger().warning(f"fault {code}: {text}")

    def clear_fault(self, code: str, text: str = "") -> None:
        """Publish that a fault is over, if it was there."""
        fault = self._faults.pop(code, None)
        if fault is not None:
            self._publish_fault(Fault(code=code, severity=fault.severity, active=False, text=text or fault.text))

    @property
    def active_faults(self) -> tuple[str, ...]:
        """Codes of the faults that this node has raised and not cleared."""
        return tuple(self._faults)

    def _publish_fault(self, fault: Fault) -> None:
        fault.source = self.get_name()
        fault.header.stamp = stamp(self.now_s())
        if fault.active:
            self._faults[fault.code] = fault
        self._fault_publisher.publish(fault)

    def _beat(self) -> None:
        level, text = self._health
        if level == DiagnosticStatus.OK and not self.active:
            level, text = DiagnosticStatus.STALE, "not active"
        status = DiagnosticStatus(level=level, name=self.get_name(), message=text, hardware_id=self.get_name())
        status.values = [KeyValue(key="started", value=self._started)]
        status.values += [
            KeyValue(key=f"refused {topic}", value=f"{count}: {self._refusal[topic]}")
            for topic, count in self._refused.items()
        ]
        beat = DiagnosticArray(status=[status])
        beat.header.stamp = stamp(self.now_s())
        self._heartbeat_publisher.publish(beat)

    # ------------------------------------------------------------------------------------------------ checkpoints

    def save_state(self, state: dict[str, Any], stamp_s: float) -> None:
        """Keep `state` (plain JSON values) for `saved_state`; a full disk is a warning, not an end."""
        if not self.common.state_dir:
            return
        try:
            save_checkpoint(self._checkpoint_path(), stamp_s, state)
            self.clear_fault("checkpoint_not_written")
        except OSError as error:
            text = f"checkpoint {self._checkpoint_path()} not written: {error.strerror}; a restart would begin afresh"
            self.raise_fault("checkpoint_not_written", Fault.WARNING, text)

    def saved_state(self, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
        """Return (stamp_s, state) of the last life of this node, if it is younger than `max_age_s` of ROS time.

        Ask when the first message or tick is there: before the first /clock the time is 0 and nothing is younger.
        """
        if not self.common.state_dir:
            return None
        return load_checkpoint(self._checkpoint_path(), self.now_s(), max_age_s)

    def _checkpoint_path(self) -> Path:
        return Path(self.common.state_dir) / f"{self.get_name()}.json"

    # ------------------------------------------------------------------------------------------------ lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        # rclpy turns an exception here into a log line; a start by itself must end with the sentence instead.
        try:
            self.wire()
        except Exception as error:
            self._wiring_error = error
            self._take_down()
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._take_down()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = False
        self._take_down()
        return super().on_shutdown(state)

    def _take_down(self) -> None:
        while self._made:
            self._made.pop()()


def run(make: Callable[[], LupexNode[Any]], args: list[str] | None = None) -> int:
    """Run one node until it is told to stop; return the exit code (2: a parameter or file is wrong)."""
    rclpy.init(args=args)
    node: LupexNode[Any] | None = None
    executor = BatchingExecutor()
    try:
        node = make()
        executor.interval_s = node.common.batch_interval_s
        executor.add_node(node)
        executor.spin()
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # The signal may shut the context down in the middle of a callback.
        if rclpy.ok():
            raise
    finally:
        # A second signal (the terminal's and the launcher's both arrive) must not break the way down.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with contextlib.suppress(Exception):
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
