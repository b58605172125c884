# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The flight recorder as a ROS 2 node: every topic of the graph that is not excluded."""

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.subscription import Subscription

from lupex_interfaces.msg import Fault
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_node.node import LupexNode, run
from lupex_recorder import conversions
from lupex_recorder.config import RecorderSettings
from lupex_recorder.recorder import Recorder, RecordingError
from lupex_recorder.schemas import SchemaError, read_schema, share_finder
from lupex_recorder.selection import recorded, thinning


class Drained(CallbackGroup):
    """Keep subscriptions out of the executor's wait set: a timer drains them, many messages at a time.

    A wake and a wait set for each of thousands of messages a second would cost ten times the recording itself.
    """

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing has begun."""


class RecorderNode(LupexNode[RecorderSettings]):
    """Look for topics once a second, drain them ten times a second, flush every other second; all in wall time."""

    def __init__(self, **options: Any) -> None:
        self._recorder: Recorder | None = None
        self._subscriptions_by_topic: dict[str, Subscription] = {}
        super().__init__("recorder", RecorderSettings, **options)

    def wire(self) -> None:
        if not self.config.directory:
            raise ConfigurationError(
                "parameters of node recorder: 'directory' is missing; it takes the path of a directory without a bag"
            )
        self._thin = thinning(self.config.thin, "parameters of node recorder")
        self._taken: dict[str, int] = {}
        custom = {"world": self.config.world, "seed": str(self.config.seed)} if self.config.world else {}
        if self.config.rover:
            battery = read_rover(self.config.rover).battery
            custom |= {
                "reserve_fraction": str(battery.reserve_fraction),
                "capacity_wh": str(battery.capacity_wh),
            }
        custom["thinned"] = " ".join(self.config.thin)
        custom["utc_offset_s"] = str(self.common.utc_offset_s)
        try:
            self._recorder = Recorder(Path(self.config.directory), self.config.limits, custom)
        except RecordingError as error:
            raise ConfigurationError(str(error)) from error
        self.until_cleaned_up(self._close)
        self._find_share = share_finder(conversions.install_prefixes())
        self._passed_over: set[str] = set()
        self._group = Drained()
        self._wall_timer(self.config.discover_s, self._discover)
        self._wall_timer(self.config.drain_s, self._drain)
        self._wall_timer(self.config.limits.flush_s, self._flush)
        self._discover()
        self.get_logger().info(f"recording to {self._recorder.path}")

    def _wall_timer(self, period_s: float, call: Any) -> None:
        timer = self.create_timer(period_s, call, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.until_cleaned_up(lambda: self.destroy_timer(timer))

    def _discover(self) -> None:
        recorder = self._recorder
        if recorder is None or not recorder.recording:
            return
        for topic, kinds in self.get_topic_names_and_types():
            if topic in self._subscriptions_by_topic or topic in self._passed_over:
                continue
            if not recorded(topic, self.config.exclude):
                self._passed_over.add(topic)
                continue
            publishers = self.get_publishers_info_by_topic(topic)
            if publishers:
                self._subscribe(recorder, topic, kinds[0], publishers)

    def _subscribe(self, recorder: Recorder, topic: str, kind: str, publishers: Any) -> None:
        try:
            message_class = conversions.message_class(kind)
            schema = read_schema(kind, self._find_share)
        except (ImportError, SchemaError) as error:
            self._passed_over.add(topic)
            self.get_logger().warning(f"{topic} is not recorded: {error}")
            return
        recorder.add_topic(topic, schema, conversions.offered(publishers))
        subscription = self.create_subscription(
            message_class,
            topic,
            lambda message: None,
            conversions.adapted(publishers, self.config.depth),
            raw=True,
            callback_group=self._group,
        )
        self._subscriptions_by_topic[topic] = subscription
        self.until_cleaned_up(lambda: self.destroy_subscription(subscription))

    def _drain(self) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        for topic, subscription in self._subscriptions_by_topic.items():
            kind = subscription.msg_type
            every, count = self._thin.get(topic, 1), self._taken.get(topic, 0)
            handle = subscription.handle
            with handle:
                while (taken := handle.take_message(kind, True)) is not None:
                    count += 1
                    if (count - 1) % every:
                        continue
                    data, info = taken
                    received_ns = info["received_timestamp"] or time.time_ns()
                    recorder.write(topic, data, received_ns, info["source_timestamp"] or received_ns)
            self._taken[topic] = count
        self._tell(recorder)

    def _flush(self) -> None:
        if self._recorder is not None:
            self._recorder.flush()
            self._tell(self._recorder)

    def _tell(self, recorder: Recorder) -> None:
        if not recorder.recording:
            text = f"{recorder.stopped}: recording has ended, the sortie goes on"
            self.raise_fault("recording_stopped", Fault.WARNING, text)
            self.set_health(text)

    def _close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        self._subscriptions_by_topic.clear()

    def destroy_node(self) -> None:
        if self._recorder is not None and self._recorder.recording:
            # what arrived since the last drain, if the middleware still gives it
            with contextlib.suppress(Exception):
                self._drain()
        self._close()
        super().destroy_node()


def main(args: list[str] | None = None) -> int:
    """Run the recorder."""
    # rclpy's own handler ends the spinning; Python's would break into the middle of a record.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    return run(RecorderNode, args)


if __name__ == "__main__":
    sys.exit(main())
