# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Gather a recording's messages while its files are read: decoded as objects, as columns, or only counted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mcap.records import Channel, Schema
from rosbags.serde import SerdeError

from lupex_analysis.cdr_columns import ColumnDecoder
from lupex_analysis.column_pieces import joined_columns
from lupex_analysis.definitions import DefinitionError, decoder_of, definition_form, store_of, text_of
from lupex_analysis.scan import Block, Scan
from lupex_analysis.topic_times import STAMPED, Gathering, stamps_of

CDR = "cdr"
"""How ROS 2 encodes messages."""
_ONE_IN = 20
_BATCH_BYTES = 1 << 21
_UNDECODABLE = (SerdeError, KeyError, IndexError, ValueError, AttributeError, OverflowError, MemoryError)

Fields = Sequence[str]


@dataclass(frozen=True)
class Wanted:
    """Which messages are decoded.

    `topics` as objects: names, or names and the types that they must have. `columns` topics by columns, with the fields
    that are kept. `types` does the same for all topics of a type: fields, or None for objects. `thin_s` names topics or
    types of which only one message in so many seconds of header stamp is decoded.
    """

    topics: Collection[str] = ()
    columns: Mapping[str, Fields] = field(default_factory=dict)
    types: Mapping[str, Fields | None] = field(default_factory=dict)
    thin_s: Mapping[str, float] = field(default_factory=dict)
    few: Mapping[str, int] = field(default_factory=dict)
    """Types of which only one message in twenty is decoded after so many of a topic."""

    def expected(self, topic: str, kind: str) -> str:
        """Return the type that a topic must have."""
        return self.topics.get(topic, kind) if isinstance(self.topics, Mapping) else kind

    def fields(self, topic: str, kind: str) -> Fields | None:
        """Return the fields of a topic that is decoded by columns, None for another."""
        own = self.columns.get(topic) if self.expected(topic, kind) == kind else None
        typed = self.types.get(kind)
        return (*own, *(name for name in typed or () if name not in own)) if own is not None else typed

    def asks_for(self, topic: str, kind: str) -> bool:
        """Tell whether messages are decoded at all."""
        return topic in self.topics or topic in self.columns or kind in self.types


class Held:
    """What was gathered of one topic."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.gathered = Gathering()
        self.rows: list[int] = []
        """Which messages were decoded, counted from the topic's first."""
        self.objects: list[Any] = []
        self.tables: list[dict[str, np.ndarray]] = []
        self.undecoded = 0
        self.decoded_kind = ""
        self._batch: list[bytes] = []
        self._batch_rows: list[int] = []
        self._batch_bytes = 0
        self._columns: ColumnDecoder | None = None

    def by_columns(self, decoder: ColumnDecoder) -> None:
        """Take batches by a decoder from now on: each file may have its own definition."""
        self.end_batch()
        self._columns = decoder

    def batch(self, messages: Sequence[bytes], rows: Sequence[int]) -> None:
        """Take messages for a table; they have been gathered."""
        self._batch += messages
        self._batch_rows += rows
        self._batch_bytes += sum(map(len, messages))
        if self._batch_bytes > _BATCH_BYTES:
            self.end_batch()

    def end_batch(self) -> None:
        """Decode what was taken since the last time."""
        if not self._batch or self._columns is None:
            return
        table, taken = self._columns.decode(self._batch)
        self.tables.append(table)
        self.rows += [row for row, good in zip(self._batch_rows, taken) if good]
        self.undecoded += int(np.count_nonzero(~taken))
        self._batch, self._batch_rows, self._batch_bytes = [], [], 0

    def table(self) -> dict[str, np.ndarray]:
        """Return the columns of all messages that were decoded, in the order of the files."""
        self.end_batch()
        return {name: joined_columns(self.tables, name) for name in self.tables[0]} if self.tables else {}


def stamped(schema: Schema | None, channel: Channel) -> bool:
    """Tell whether messages of a channel begin with a time."""
    if schema is None or channel.message_encoding != CDR:
        return False
    try:
        store = store_of(schema.name, text_of(schema.data), definition_form(schema.encoding))
    except DefinitionError:
        return False
    first = store.fielddefs[schema.name][1][:1]
    return bool(first) and first[0][1][1] in STAMPED


Take = Callable[[Sequence[int], Sequence[int], Sequence[bytes]], None]
"""Takes times of reception, places and messages of one channel."""


class Collector:
    """Gathers the messages of all files; `problems` says what cannot be decoded, a sentence each."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.topics: dict[str, Held] = {}
        self.problems: list[str] = []
        self._place = 0
        self.begins: list[int] = []
        """Place of each file's first message."""
        self._last_s: dict[str, float] = {}

    def file(self, scan: Scan) -> Callable[[int], Take]:
        """Begin a file; return what makes a function for each of its channels, which takes its messages."""
        self.begins.append(self._place)
        return lambda number: self._channel(scan, number)

    def take(self, block: Block, channels: dict[int, Take], begin: Callable[[int], Take]) -> None:
        """Take messages of a file; `channels` keeps what takes them."""
        parts: dict[int, tuple[list[int], list[int], list[bytes]]] = {}
        for place, (number, received_ns, _, data) in enumerate(block, self._place):
            part = parts.get(number)
            if part is None:
                part = parts[number] = ([], [], [])
            part[0].append(received_ns)
            part[1].append(place)
            part[2].append(data)
        self._place += len(block)
        for number, part in parts.items():
            if number not in channels:
                channels[number] = begin(number)
            channels[number](*part)

    def announce(self, topic: str, kind: str) -> Held:
        """Note a topic and a type of it."""
        held = self.topics.setdefault(topic, Held())
        if kind not in held.kinds:
            held.kinds.append(kind)
        return held

    def _channel(self, scan: Scan, number: int) -> Take:
        channel = scan.channels.get(number)
        if channel is None:
            # its description stood in a part that is damaged
            self.problems.append(f"messages of channel {number}, whose description is lost, are left out")
            return self._counted(self.announce(f"(channel {number})", ""))
        schema = scan.schemas.get(channel.schema_id)
        kind = schema.name if schema else ""
        topic = scan.topic(channel)
        held = self.announce(topic, kind)
        if not self._wanted.asks_for(topic, kind):
            return self._counted(held, stamped(schema, channel))
        return self._decoding(topic, kind, channel, scan, held)

    def _counted(self, held: Held, timed: bool = False) -> Take:
        gather = held.gathered.take
        return lambda received_ns, places, messages: gather(received_ns, places, messages, timed)

    def _decoding(self, topic: str, kind: str, channel: Channel, scan: Scan, held: Held) -> Take:
        schema = scan.schemas.get(channel.schema_id)
        if schema is None or not schema.data:
            self.problems.append(f"{topic} has no definition and is left out")
            return self._counted(held)
        if channel.message_encoding != CDR:
            self.problems.append(f"{topic} is encoded as '{channel.message_encoding}', not {CDR}: left out")
            return self._counted(held)
        ours = self._wanted.expected(topic, kind)
        # numbers of another type may still be a track or a battery; what is only looked at is none of ours
        if kind != ours and self._wanted.types.get(kind) is None:
            self.problems.append(f"{topic} is of type {kind}, not ours ({ours}): left out")
            return self._counted(held)
        if held.decoded_kind not in ("", kind):
            return self._counted(held)
        held.decoded_kind = kind
        try:
            text, form = text_of(schema.data), definition_form(schema.encoding)
            fields = self._wanted.fields(topic, kind)
            if fields is None:
                return self._objects(topic, kind, held, decoder_of(kind, text, form), stamped(schema, channel))
            held.by_columns(ColumnDecoder(kind, store_of(kind, text, form), fields))
        except DefinitionError as error:
            self.problems.append(f"{topic} ({kind}) has a definition that cannot be used: {error}")
            return self._counted(held)
        return self._rows(topic, kind, held, stamped(schema, channel))

    def _rows(self, topic: str, kind: str, held: Held, timed: bool) -> Take:
        """Make what takes messages for a table."""
        thin_s = self._thin_s(topic, kind)

        def take(received_ns: Sequence[int], places: Sequence[int], messages: Sequence[bytes]) -> None:
            first = len(held.gathered)
            held.gathered.take(received_ns, places, messages, timed)
            if thin_s is None:
                held.batch(messages, range(first, first + len(messages)))
                return
            kept = [k for k, data in enumerate(messages) if not self._too_soon(topic, thin_s, data)]
            held.batch([messages[k] for k in kept], [first + k for k in kept])

        return take

    def _objects(self, topic: str, kind: str, held: Held, decode: Callable[[bytes], Any], timed: bool) -> Take:
        """Make what takes messages as objects."""
        thin_s = self._thin_s(topic, kind)
        few = self._wanted.few.get(kind)

        def take(received_ns: Sequence[int], places: Sequence[int], messages: Sequence[bytes]) -> None:
            first = len(held.gathered)
            held.gathered.take(received_ns, places, messages, timed)
            for row, data in enumerate(messages, first):
                if thin_s is not None and self._too_soon(topic, thin_s, data):
                    continue
                if few is not None and len(held.objects) >= few and row % _ONE_IN:
                    continue
                try:
                    message = decode(data)
                except _UNDECODABLE:
                    held.undecoded += 1
                    continue
                held.objects.append(message)
                held.rows.append(row)

        return take

    def _thin_s(self, topic: str, kind: str) -> float | None:
        return self._wanted.thin_s.get(topic, self._wanted.thin_s.get(kind))

    def _too_soon(self, topic: str, period_s: float, data: bytes) -> bool:
        if len(data) < 12:
            return False
        stamp_s = float(stamps_of(np.frombuffer(data[:12], dtype=np.uint8)[None])[0])
        if 0 <= stamp_s - self._last_s.get(topic, -period_s) < period_s:
            return True
        self._last_s[topic] = stamp_s
        return False
