# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a bag that an earlier life of the recorder left, perhaps killed in the middle of a record."""

import os
import shutil
import struct
from pathlib import Path

from mcap.data_stream import RecordBuilder
from mcap.exceptions import McapError
from mcap.records import Channel, DataEnd, Footer, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import MCAP0_MAGIC

from lupex_recorder.metadata import FileRecord, TopicRecord

_HEAD = struct.Struct("<BQ")
_FOOTER = 0x02


def whole_bytes(path: Path) -> tuple[int, bool]:
    """Return where the last whole record of an MCAP file ends, and whether that is its footer; raises OSError."""
    size, at, opcode = path.stat().st_size, len(MCAP0_MAGIC), 0
    with path.open("rb") as file:
        while at + _HEAD.size <= size:
            file.seek(at)
            found, length = _HEAD.unpack(file.read(_HEAD.size))
            if found == 0 or at + _HEAD.size + length > size:
                break
            opcode, at = found, at + _HEAD.size + length
            if opcode == _FOOTER:
                break
    return min(at, size), opcode == _FOOTER


def end_at(path: Path, kept_bytes: int) -> None:
    """Cut a file back to so many bytes and end it there, without an index; raises OSError."""
    ending = RecordBuilder()
    DataEnd(0).write(ending)
    Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(ending)
    os.truncate(path, kept_bytes)
    with path.open("ab") as file:
        file.write(ending.end() + MCAP0_MAGIC)  # type: ignore[no-untyped-call]


def custom_data(path: Path, name: str) -> dict[str, str]:
    """Return the metadata record of that name at the begin of a file; empty where there is none."""
    try:
        with path.open("rb") as file:
            for record in StreamReader(file).records:
                if isinstance(record, Metadata) and record.name == name:
                    return dict(record.metadata)
                if isinstance(record, Message):
                    break
    except (OSError, McapError, struct.error):
        pass
    return {}


def taken_up(path: Path) -> FileRecord:
    """Describe a file, ended properly if it was not; raises OSError."""
    kept_bytes, ended = whole_bytes(path)
    if not ended:
        # in a copy: in lock step who was killed may still hold the file, with something to write
        mended = path.with_suffix(".mended")
        shutil.copyfile(path, mended)
        end_at(mended, kept_bytes)
        os.replace(mended, path)
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    counts: dict[int, int] = {}
    start_ns = end_ns = 0
    with path.open("rb") as file:
        for record in StreamReader(file).records:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                counts[record.channel_id] = counts.get(record.channel_id, 0) + 1
                start_ns = min(start_ns or record.log_time, record.log_time)
                end_ns = max(end_ns, record.log_time)
    topics = tuple(
        TopicRecord(
            channel.topic,
            schemas[channel.schema_id].name,
            channel.metadata.get("topic_type_hash", ""),
            counts.get(id_, 0),
        )
        for id_, channel in channels.items()
    )
    return FileRecord(path.name, start_ns, end_ns, topics)
