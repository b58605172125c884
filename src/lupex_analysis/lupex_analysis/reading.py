# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Open a recording, ours or `ros2 bag record`'s, whole or cut short, without ROS."""

import dataclasses
import itertools
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.highlevel.anyreader import AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore

from lupex_analysis.definitions import DefinitionError, decoder_of, definition_form, text_of
from lupex_analysis.mcap_scan import NotMcapError, Scan, Scanned, scan_messages
from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.storage import (
    ReadingError,
    bags_of,
    described,
    is_mcap,
    left_out,
    not_readable,
    plain,
    storage_files,
)
from lupex_recorder.metadata import NAME, BagRecord, TopicRecord
from lupex_recorder.recorder import CUSTOM_DATA

_STAMP_END = 12
_SPAN_NS = 5_000_000_000
_HOLE_NS = 60_000_000_000
"""Without a message of any topic: even a parked world tells its clock each 4 s."""
_MOST_TOLD = 5
"""Damaged parts of a file that are told one by one."""


CDR = "cdr"
"""How ROS 2 encodes messages."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """Messages of the wanted topics, decoded, and what is known of all topics.

    `problems` says what is wrong with the recording: cut short, or messages that could not be decoded.
    """

    path: Path
    start_ns: int
    end_ns: int
    counts: Mapping[str, int]
    types: Mapping[str, str]
    messages: Mapping[str, tuple[Any, ...]]
    received_ns: Mapping[str, np.ndarray]
    custom: Mapping[str, str]
    problems: tuple[str, ...]
    rebuilt: BagRecord | None
    """Description of a bag without metadata.yaml, to be written beside it."""

    def has(self, topic: str) -> bool:
        """Tell whether a topic holds a decoded message."""
        return bool(self.messages.get(topic))

    def columns(self, topic: str, fields: Sequence[str]) -> dict[str, np.ndarray]:
        """Return columns of a topic: `t` (header stamp [s]) and each dotted field, one row a message.

        A topic that is not there gives empty columns; a field that its messages lack gives NaN.
        """
        held = self.messages.get(topic, ())
        found: dict[str, np.ndarray] = {"t": np.array([stamp_s(message) for message in held], dtype=float)}
        for name in fields:
            found[name] = np.array([_field(message, name) for message in held], dtype=float)
        return found


def stamp_s(message: Any) -> float:
    """Return a message's header stamp [s], NaN without a header."""
    header = getattr(message, "header", None)
    return float("nan") if header is None else time_s(header.stamp)


def time_s(time: Any) -> float:
    """Return a builtin_interfaces/Time in seconds."""
    return float(time.sec + time.nanosec * 1e-9)


def _field(message: Any, name: str) -> float:
    for part in name.split("."):
        if not hasattr(message, part):
            return float("nan")
        message = getattr(message, part)
    return float(message)


def read_recording(path: Path, wanted: Collection[str], thin_s: Mapping[str, float] | None = None) -> Recording:
    """Read a bag directory or one of its files, decoding the wanted topics. Raises ReadingError.

    Messages are in the order in which they were received, whatever that of the files. `wanted` that names a type for
    each topic leaves messages of another out, and says so. `thin_s` names topics of which only one message in so many
    seconds of header stamp is decoded; all are counted. Their type must begin with a std_msgs/Header.
    """
    files = storage_files(path)
    collected = _Collected(thin_s or {})
    collected.problems += [f"{name} is no listed part of it and is left out" for name in left_out(path, files)]
    if is_mcap(files[0]):
        return _read_mcap(path, files, wanted, collected)
    return _read_with_rosbags(path, wanted, collected)


def scanned(file: Path, scan: Scan) -> Iterator[Scanned]:
    """Yield the messages of an MCAP file in its order; raises ReadingError."""
    try:
        with plain(file) as uncompressed:
            yield from scan_messages(uncompressed, scan)
    except NotMcapError as error:
        raise ReadingError(str(error)) from error
    except OSError as error:
        raise ReadingError(f"{file} cannot be read: {error.strerror}") from error


def cut_short(file: Path, scan: Scan) -> list[str]:
    """Say what is wrong with a file that was scanned, a sentence each."""
    told = [f"{file.name} is read as far as it goes: {problem}" for problem in scan.problems[:_MOST_TOLD]]
    more = len(scan.problems) - len(told)
    return [*told, f"{file.name} has lost {more} more parts like these"] if more > 0 else told


def foreign(topic: str, kind: str, wanted: Collection[str]) -> str:
    """Say that a topic is of a type that is not ours; empty where it is, or where no type is asked for."""
    ours = wanted.get(topic, kind) if isinstance(wanted, Mapping) else kind
    return "" if kind == ours else f"{topic} is of type {kind}, not ours ({ours}): left out"


def _read_mcap(path: Path, files: Iterable[Path], wanted: Collection[str], collected: "_Collected") -> Recording:
    metadata: dict[str, str] = {}
    scans: list[tuple[Path, Scan]] = []
    for file in files:
        scan = Scan()
        scans.append((file, scan))
        decoders: dict[int, tuple[str, Any]] = {}
        for channel_id, received_ns, _, data in scanned(file, scan):
            if channel_id not in decoders:
                decoders[channel_id] = _channel(scan, channel_id, wanted, collected)
            topic, decode = decoders[channel_id]
            collected.take(topic, received_ns, data, decode)
        collected.problems += cut_short(file, scan)
        for channel in scan.channels.values():
            schema = scan.schemas.get(channel.schema_id)
            collected.announce(scan.topic(channel), schema.name if schema else "")
        metadata.update(scan.metadata.get(CUSTOM_DATA, {}))
    if not collected.counts or not any(collected.counts.values()):
        raise ReadingError(f"{path} holds no message")
    collected.compare(described(path))
    collected.note_holes()
    rebuilt = None
    if path.is_dir() and not (path / NAME).exists() and len(scans) == 1:
        rebuilt = _rebuild(scans[0][0], scans[0][1], collected, metadata)
    return collected.recording(path, metadata, rebuilt)


def _channel(scan: Scan, channel_id: int, wanted: Collection[str], collected: "_Collected") -> tuple[str, Any]:
    channel = scan.channels.get(channel_id)
    if channel is None:
        # its description stood in a part that is damaged
        collected.problems.append(f"messages of channel {channel_id}, whose description is lost, are left out")
        collected.announce(f"(channel {channel_id})", "")
        return f"(channel {channel_id})", None
    schema = scan.schemas.get(channel.schema_id)
    kind = schema.name if schema else ""
    topic = scan.topic(channel)
    collected.announce(topic, kind)
    if topic not in wanted:
        return topic, None
    if schema is None:
        collected.problems.append(f"{topic} has no definition and is left out")
        return topic, None
    if channel.message_encoding != CDR:
        collected.problems.append(f"{topic} is encoded as '{channel.message_encoding}', not {CDR}: left out")
        return topic, None
    if other := foreign(topic, kind, wanted):
        collected.problems.append(other)
        return topic, None
    try:
        return topic, decoder_of(kind, text_of(schema.data), definition_form(schema.encoding))
    except DefinitionError as error:
        collected.problems.append(f"{topic} ({kind}) has a definition that cannot be used: {error}")
        return topic, None


def _rebuild(file: Path, scan: Scan, collected: "_Collected", metadata: Mapping[str, str]) -> BagRecord | None:
    """Return what metadata.yaml should say of a file; None where it would be untrue: it knows one encoding."""
    if any(channel.message_encoding != CDR for channel in scan.channels.values()):
        return None
    topics = []
    for channel in scan.channels.values():
        schema = scan.schemas.get(channel.schema_id)
        try:
            qos = offered(channel.metadata.get("offered_qos_profiles", ""))
        except QosError as error:
            collected.problems.append(f"{channel.topic}: {error}")
            qos = ()
        type_hash = channel.metadata.get("topic_type_hash", "")
        count = collected.counts.get(scan.topic(channel), 0)
        topics.append(TopicRecord(channel.topic, schema.name if schema else "", type_hash, count, qos))
    return BagRecord(file.name, collected.start_ns, collected.end_ns, tuple(topics), metadata)


def _read_with_rosbags(path: Path, wanted: Collection[str], collected: "_Collected") -> Recording:
    """Read what rosbags reads: sqlite3 and compressed files of rosbag2."""
    custom: dict[str, str] = {}
    try:
        with AnyReader(bags_of(path), default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            for connection in reader.connections:
                collected.announce(connection.topic, connection.msgtype)
                collected.counts[connection.topic] += connection.msgcount if connection.topic not in wanted else 0
            chosen = []
            for connection in reader.connections:
                if connection.topic not in wanted:
                    continue
                if other := foreign(connection.topic, connection.msgtype, wanted):
                    collected.problems.append(other)
                    collected.counts[connection.topic] += connection.msgcount
                else:
                    chosen.append(connection)
            for connection, received_ns, data in _messages(reader, chosen, collected):
                kind = connection.msgtype
                collected.take(
                    connection.topic, received_ns, data, lambda raw, kind=kind: reader.deserialize(raw, kind)
                )
            collected.start_ns, collected.end_ns = reader.start_time, reader.end_time
    except (AnyReaderError, ReaderError, OSError) as error:
        raise not_readable(path, error) from error
    if not any(collected.counts.values()):
        raise ReadingError(f"{path} holds no message")
    collected.compare(described(path))
    return collected.recording(path, custom, None)


def _messages(reader: Any, chosen: list[Any], collected: "_Collected") -> Iterator[tuple[Any, int, bytes]]:
    if not chosen:
        return
    try:
        yield from reader.messages(connections=chosen)
    except Exception as error:
        collected.problems.append(f"it is read as far as it goes: {error}")


class _Collected:
    def __init__(self, thin_s: Mapping[str, float]) -> None:
        self._thin_s = thin_s
        self._kept_s: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self.messages: dict[str, list[Any]] = {}
        self.received: dict[str, list[int]] = {}
        self.problems: list[str] = []
        self.start_ns = 0
        self.end_ns = 0
        self._undecoded: dict[str, int] = {}
        self._spans: set[int] = set()
        """Spans of time, counted from the epoch, in which anything was received."""

    def announce(self, topic: str, kind: str) -> None:
        self.counts.setdefault(topic, 0)
        self.types.setdefault(topic, kind)

    def compare(self, described: int | None) -> None:
        """Note that there are fewer messages than are described."""
        held = sum(self.counts.values())
        if described is not None and held < described:
            self.problems.append(f"it holds {held} of {described} messages that {NAME} tells of")

    def note_holes(self) -> None:
        """Note times in which nothing at all was received; asked once all has been taken."""
        spans = sorted(self._spans)
        for before, after in itertools.pairwise(spans):
            if (after - before) * _SPAN_NS > _HOLE_NS:
                begin_s, end_s = (((k + d) * _SPAN_NS - self.start_ns) * 1e-9 for k, d in ((before, 1), (after, 0)))
                self.problems.append(f"no message between {begin_s:.0f} s and {end_s:.0f} s after the first")

    def take(self, topic: str, received_ns: int, data: bytes, decode: Any) -> None:
        self.counts[topic] += 1
        self.start_ns = min(self.start_ns or received_ns, received_ns)
        self.end_ns = max(self.end_ns, received_ns)
        self._spans.add(received_ns // _SPAN_NS)
        if decode is None or self._too_soon(topic, data):
            return
        try:
            message = decode(data)
        except (SerdeError, AnyReaderError, KeyError, IndexError, ValueError, AttributeError):
            self._undecoded[topic] = self._undecoded.get(topic, 0) + 1
            return
        self.messages.setdefault(topic, []).append(message)
        self.received.setdefault(topic, []).append(received_ns)

    def _too_soon(self, topic: str, data: bytes) -> bool:
        period_s = self._thin_s.get(topic)
        if period_s is None or len(data) < _STAMP_END:
            return False
        # CDR: four bytes that tell the byte order, then the header's stamp
        sec, nanosec = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
        stamp = sec + nanosec * 1e-9
        if 0 <= stamp - self._kept_s.get(topic, -period_s) < period_s:
            return True
        self._kept_s[topic] = stamp
        return False

    def recording(self, path: Path, custom: Mapping[str, str], rebuilt: BagRecord | None) -> Recording:
        lost = [
            f"{count} {'message' if count == 1 else 'messages'} of {topic} cannot be decoded"
            for topic, count in self._undecoded.items()
        ]
        received = {topic: np.array(held, dtype=np.int64) for topic, held in self.received.items()}
        order = {topic: np.argsort(times, kind="stable") for topic, times in received.items()}
        return Recording(
            path,
            self.start_ns,
            self.end_ns,
            dict(sorted(self.counts.items())),
            self.types,
            {topic: tuple(held[i] for i in order[topic]) for topic, held in self.messages.items()},
            {topic: times[order[topic]] for topic, times in received.items()},
            dict(custom),
            (*self.problems, *lost),
            rebuilt,
        )
