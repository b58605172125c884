# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A recording message by message as it lies there, in the order of its time: for whoever feeds it to nodes again."""

import contextlib
import heapq
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rosbags.interfaces import MessageDefinitionFormat

from lupex_analysis.definitions import DefinitionError, decoder_of, definition_form, hash_of, text_of
from lupex_analysis.file_reading import fewer, lost_parts, scanned
from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.scan import Scan
from lupex_analysis.storage import ReadingError, described, missing_parts, storage_files
from lupex_recorder.metadata import NAME
from lupex_recorder.recorder import CUSTOM_DATA

QOS = "offered_qos_profiles"
"""Where rosbag2 keeps what publishers offered, in a channel's metadata."""


class RawMessage(NamedTuple):
    """A message as it was recorded; times in nanoseconds since the epoch."""

    topic: str
    log_ns: int
    publish_ns: int
    data: bytes


@dataclass(frozen=True)
class RawTopic:
    """What a recording says of a topic; `latched` where late comers get what was published before."""

    kind: str
    told_hash: str
    text: str
    form: MessageDefinitionFormat
    latched: bool
    count: int

    @cached_property
    def type_hash(self) -> str:
        """RIHS01 hash of the definition; empty where neither it nor the definition is there."""
        return self.told_hash or (hash_of(self.kind, self.text, self.form) if self.text else "")

    def decoder(self) -> Callable[[bytes], Any] | None:
        """Return what decodes the topic's messages by the recorded definition; None where that cannot be used."""
        try:
            return decoder_of(self.kind, self.text, self.form)
        except DefinitionError:
            return None


@dataclass(frozen=True)
class RawRecording:
    """What is known of a recording before its messages are read. `problems` says what is wrong with it."""

    path: Path
    topics: Mapping[str, RawTopic]
    custom: Mapping[str, str]
    start_ns: int
    end_ns: int
    problems: tuple[str, ...]
    disorder_ns: int
    """By how much a message lies in the file behind one that is newer."""

    def messages(self, wanted: Collection[str]) -> Iterator[RawMessage]:
        """Yield the messages of topics by their log time, those of one time as they lie there; raises ReadingError."""
        lying = _messages(storage_files(self.path), wanted)
        return lying if self.disorder_ns == 0 else in_order(lying, self.disorder_ns)


def open_raw(path: Path) -> RawRecording:
    """Look through a recording; raises ReadingError."""
    files = storage_files(path)
    opened = _open(path, files)
    if not any(topic.count for topic in opened.topics.values()):
        raise ReadingError(f"{path} holds no message")
    return opened


def in_order(messages: Iterator[RawMessage], disorder_ns: int) -> Iterator[RawMessage]:
    """Yield messages by log time, stable; none lies behind one that is newer by more than `disorder_ns`."""
    waiting: list[tuple[int, int, RawMessage]] = []
    newest_ns = 0
    for number, message in enumerate(messages):
        newest_ns = max(newest_ns, message.log_ns)
        heapq.heappush(waiting, (message.log_ns, number, message))
        while waiting[0][0] < newest_ns - disorder_ns:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _open(path: Path, files: list[Path]) -> RawRecording:
    counts: dict[str, int] = {}
    topics: dict[str, RawTopic] = {}
    custom: dict[str, str] = {}
    problems = [f"{name} is missing, which {NAME} lists" for name in missing_parts(path, files)]
    scans: list[Scan] = []
    start_ns, end_ns, disorder_ns = 0, 0, 0
    for file in files:
        scan = Scan()
        scans.append(scan)
        for channel_id, log_ns, _, _ in chain.from_iterable(scanned(file, scan)):
            channel = scan.channels.get(channel_id)
            topic = "" if channel is None else scan.topic(channel)
            counts[topic] = counts.get(topic, 0) + 1
            start_ns = min(start_ns or log_ns, log_ns)
            if log_ns < end_ns:
                disorder_ns = max(disorder_ns, end_ns - log_ns)
            end_ns = max(end_ns, log_ns)
        problems += lost_parts(file, scan, start_ns)
        for channel in scan.channels.values():
            topic = scan.topic(channel)
            topics.setdefault(topic, _topic(scan, channel))
        custom |= scan.metadata.get(CUSTOM_DATA, {})
    problems += fewer(sum(counts.values()), described(path), scans)
    if counts.pop("", 0):
        problems.append("messages of a channel whose description is lost are left out")
    topics = {topic: replace(known, count=counts.get(topic, 0)) for topic, known in topics.items()}
    return RawRecording(path, topics, custom, start_ns, end_ns, tuple(problems), disorder_ns)


def _topic(scan: Scan, channel: Any) -> RawTopic:
    """Return what a channel says of its topic, whose messages are counted elsewhere."""
    schema = scan.schemas.get(channel.schema_id)
    try:
        latched = any(qos.durability == "transient_local" for qos in offered(channel.metadata.get(QOS, "")))
    except QosError:
        latched = False
    kind, text, encoding = "", "", ""
    if schema is not None:
        kind, encoding = schema.name, schema.encoding
        with contextlib.suppress(DefinitionError):
            text = text_of(schema.data)
    told_hash = channel.metadata.get("topic_type_hash", "")
    return RawTopic(kind, told_hash, text, definition_form(encoding), latched, 0)


def _messages(files: list[Path], wanted: Collection[str]) -> Iterator[RawMessage]:
    for file in files:
        scan = Scan()
        for channel_id, log_ns, publish_ns, data in chain.from_iterable(scanned(file, scan)):
            channel = scan.channels.get(channel_id)
            topic = "" if channel is None else scan.topic(channel)
            if topic in wanted:
                yield RawMessage(topic, log_ns, publish_ns, data)


CLOCK = "/clock"
_CLOCK_END = 12


def clock_of(recording: RawRecording) -> list[tuple[int, int]]:
    """Return (recorded at, time told) [ns] of the messages that tell the simulated time."""
    if CLOCK not in recording.topics:
        return []
    told = []
    for message in recording.messages({CLOCK}):
        if len(message.data) >= _CLOCK_END:
            # CDR: four bytes that tell the byte order, then the time
            sec, nanosec = struct.unpack_from("<iI" if message.data[1] & 1 else ">iI", message.data, 4)
            told.append((message.log_ns, sec * 1_000_000_000 + nanosec))
    return told
