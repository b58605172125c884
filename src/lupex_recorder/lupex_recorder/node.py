# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The flight recorder as a ROS 2 node: every topic of the graph that is not excluded."""

import contextlib
import math
import sys
from dataclasses import replace
from pathlib import Path

from lupex_interfaces.msg import Fault
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_node.node import LupexNode
from lupex_node.port import Offer, TapRules
from lupex_node.ros.process import run
from lupex_recorder import conversions
from lupex_recorder.config import NOT_EVEN_IN_EVERYTHING, RecorderSettings
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import Recorder, RecordingError
from lupex_recorder.schemas import SchemaError, read_schema, share_finder
from lupex_recorder.selection import recorded, thinning

_WORLD_KEYS = ("world", "seed", "truth", "truth_hash", "draw")


class RecorderNode(LupexNode[RecorderSettings]):
    """Hear every topic that is wanted, and flush now and then."""

    NAME, CONFIG = "recorder", RecorderSettings

    def wire(self) -> None:
        if not self.config.directory:
            raise ConfigurationError(
                f"{self.port.source}: 'directory' is missing; it takes the path of a directory without a bag"
            )
        everything = self.config.everything
        exclude = NOT_EVEN_IN_EVERYTHING if everything else self.config.exclude
        thin = () if everything else self.config.thin
        limits = replace(self.config.limits, size_mb=math.inf) if everything else self.config.limits
        self._thin = thinning(thin, self.port.source)
        self._heard: dict[str, int] = {}
        world = {name: str(getattr(self.config, name)) for name in _WORLD_KEYS}
        custom = world if self.config.world else {}
        if self.config.rover:
            battery = read_rover(self.config.rover).battery
            custom |= {
                "reserve_fraction": str(battery.reserve_fraction),
                "capacity_wh": str(battery.capacity_wh),
            }
        custom |= {"thinned": " ".join(thin), "excluded": " ".join(exclude)}
        if self.config.launch:
            custom["launch"] = self.config.launch
        custom["utc_offset_s"] = str(self.common.utc_offset_s)
        try:
            self._recorder = Recorder(Path(self.config.directory), limits, custom)
        except RecordingError as error:
            raise ConfigurationError(str(error)) from error
        self._find_share = share_finder(conversions.install_prefixes())
        rules = TapRules(
            wanted=lambda topic: recorded(topic, exclude),
            begin=self._begin,
            due=self._due,
            take=self._take,
            depth=self.config.depth,
            drain_wall_s=self.config.drain_s,
            discover_wall_s=self.config.discover_s,
        )
        self.until_cleaned_up(self._recorder)
        self._tap = self.port.tap(rules)
        self.until_cleaned_up(self._tap)
        self.until_cleaned_up(self.port.upkeep(self.config.limits.flush_s, self._flush))
        self.info(f"recording to {self._recorder.path}")

    def _begin(self, offer: Offer) -> bool:
        if not self._recorder.recording:
            return False
        try:
            schema = read_schema(offer.kind, self._find_share)
        except SchemaError as error:
            self.warn(f"{offer.topic} is not recorded: {error}")
            return False
        self._recorder.add_topic(offer.topic, schema, [Qos(*profile) for profile in offer.profiles])
        return True

    def _due(self, topic: str) -> bool:
        if not self._recorder.recording:
            return False
        every = self._thin.get(topic, 1)
        if every == 1:
            return True
        count = self._heard.get(topic, 0)
        self._heard[topic] = count + 1
        return count % every == 0

    def _take(self, topic: str, data: bytes, received_ns: int, published_ns: int) -> None:
        self._recorder.write(topic, data, received_ns, published_ns)
        self._tell_end()

    def _flush(self) -> None:
        self._recorder.flush()
        self._tell_end()

    def _tell_end(self) -> None:
        if self._recorder.recording:
            return
        text = f"{self._recorder.stopped}: recording has ended, the sortie goes on"
        self.raise_fault("recording_stopped", Fault.WARNING, text)
        self.set_health(text)

    def close(self) -> None:
        """Take what arrived since the last drain, if the middleware still gives it, and end the recording."""
        with contextlib.suppress(Exception):
            self._tap.drain()
        super().close()


def main(args: list[str] | None = None) -> int:
    """Run the recorder."""
    return run(RecorderNode, args)


if __name__ == "__main__":
    sys.exit(main())
