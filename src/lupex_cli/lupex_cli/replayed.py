# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What replayed nodes said and say: the one kept for the comparison, the other written to a bag too."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import zstandard

from lupex_analysis.raw_reading import RawRecording, RawTopic, open_raw
from lupex_analysis.replay_comparison import Decode, Spoken, TopicComparison, compare_topic
from lupex_launch.lockstep.recorded import RecordedMessage, ReplayError
from lupex_launch.packages import package_share
from lupex_recorder.config import Limits
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import NAMESPACE, Recorder
from lupex_recorder.schemas import SchemaError, read_schema

LARGE_BYTES = 2000
"""Beyond this a message is kept compressed: maps are mostly empty."""
TRUTH, PLACE = "/truth/odometry", "/odometry/global"


class Kept:
    """Messages of one topic, the large ones compressed."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._messages: list[tuple[int, bytes, bool]] = []

    def add(self, message: RecordedMessage) -> None:
        """Keep a message."""
        large = len(message.data) > LARGE_BYTES
        data = zstandard.compress(message.data, 1) if large else message.data
        self._messages.append((message.time_ns, data, large))

    def spoken(self) -> list[Spoken]:
        """Return all."""
        return [
            Spoken(time_ns, zstandard.decompress(data) if large else data) for time_ns, data, large in self._messages
        ]


class Outputs:
    """Both sides of a comparison. What is said now is also recorded."""

    def __init__(self, out: Path, recording: RawRecording, nodes: Sequence[str]) -> None:
        """Begin a bag; raises RecordingError."""
        custom = {
            **{key: value for key, value in recording.custom.items() if key != NAMESPACE},
            "thinned": "",
            "excluded": "",
            "replay_of": str(recording.path.resolve()),
            "replayed": " ".join(nodes),
        }
        self._out, self._recording = out, recording
        self._recorder = Recorder(out, Limits(size_mb=math.inf), custom)
        self._then: dict[str, Kept] = {}
        self._now: dict[str, Kept] = {}

    def was_told(self, message: RecordedMessage, kind: str) -> None:
        """Take what a node said when it was recorded."""
        self._then.setdefault(message.topic, Kept(kind)).add(message)

    def is_told(self, message: RecordedMessage, kind: str) -> None:
        """Take what a node says now; raises ReplayError when it cannot be recorded."""
        if message.topic not in self._now:
            self._now[message.topic] = Kept(kind)
            self._announce(message.topic, kind)
        self._now[message.topic].add(message)
        self._recorder.write(message.topic, message.data, message.time_ns, message.time_ns)

    def _announce(self, topic: str, kind: str) -> None:
        try:
            schema = read_schema(kind, lambda package: package_share(package, os.environ))
        except (SchemaError, LookupError) as error:
            raise ReplayError(f"{topic} cannot be recorded: {error}") from error
        held = self._recording.topics.get(topic)
        latched = held is not None and held.latched
        self._recorder.add_topic(topic, schema, [Qos(durability="transient_local" if latched else "volatile")])

    def close(self) -> None:
        """End the bag; raises ReplayError when it could not all be written."""
        if not self._recorder.recording:
            raise ReplayError(self._recorder.stopped)
        self._recorder.close()

    def _said_now(self) -> dict[str, RawTopic]:
        return dict(open_raw(self._out).topics) if self._now else {}

    def compare(self, end_ns: int) -> list[TopicComparison]:
        """Compare topic by topic up to the last recorded moment; raises ReadingError."""
        now = self._said_now()
        thinned = {entry.rpartition("=")[0] for entry in self._recording.custom.get("thinned", "").split()}
        return [
            self._compare_topic(topic, now, end_ns, thinned=topic in thinned)
            for topic in sorted({*self._then, *self._now})
        ]

    def _compare_topic(self, topic: str, now: dict[str, RawTopic], end_ns: int, *, thinned: bool) -> TopicComparison:
        then, held = self._then.get(topic), self._recording.topics.get(topic)
        said = self._now.get(topic)
        kind = (said or then or Kept("")).kind
        if held is None:
            return TopicComparison(topic, kind, 0, len(said.spoken()) if said else 0, note="not in the recording")
        decoders: tuple[Decode | None, Decode | None] = (held.decoder(), (now.get(topic) or held).decoder())
        recorded = then.spoken() if then else []
        return compare_topic(
            topic, kind, recorded, said.spoken() if said else [], decoders, end_ns=end_ns, thinned=thinned
        )

    def draw(self, path: Path, comparisons: Sequence[TopicComparison]) -> None:
        """Draw what differs most; raises OSError."""
        from lupex_analysis.figures.replay_figure import Panels, draw

        panels = Panels(begin_s=self._begin_s())
        now = self._said_now()
        for item in comparisons:
            held, said = self._recording.topics.get(item.topic), now.get(item.topic)
            if item.same or held is None or said is None or item.topic not in self._then:
                continue
            decoders = held.decoder(), said.decoder()
            if decoders[0] is not None and decoders[1] is not None:
                sides = self._then[item.topic].spoken(), self._now[item.topic].spoken()
                panels.add(item, (sides[0], decoders[0]), (sides[1], decoders[1]))
        panels.add_truth(PLACE, self._truth())
        draw(path, panels)

    def _begin_s(self) -> float:
        firsts = [kept.spoken()[0].time_ns for kept in self._now.values()]
        return min(firsts, default=0) / 1e9

    def _truth(self) -> tuple[Iterator[Spoken], Decode] | None:
        held = self._recording.topics.get(TRUTH)
        decode = None if held is None else held.decoder()
        if decode is None:
            return None
        messages = self._recording.messages({TRUTH})
        return (Spoken(message.log_ns, message.data) for message in messages), decode
