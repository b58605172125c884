# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read an MCAP file from front to back, as far as it goes: whole, cut short or damaged at the end."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Header, Metadata, Schema

from lupex_node.names import ROOT, below
from lupex_recorder.recorder import CUSTOM_DATA, NAMESPACE

MAGIC = b"\x89MCAP0\r\n"
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_CHUNK = struct.Struct("<QQQI")
_LARGEST_RECORD = 1 << 32
_LARGEST_CHUNK = 1 << 31
"""Unpacked: rosbag2's own are a thousand times smaller."""


class NotMcapError(ValueError):
    """Say that a file is no MCAP file."""


@dataclass
class Scan:
    """What a scan has learnt; `problems` is empty when the file is whole."""

    profile: str = ""
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def topic(self, channel: Channel) -> str:
        """Return a channel's topic as a rover without a namespace has it: what is read does not ask whose it was."""
        namespace = self.metadata.get(CUSTOM_DATA, {}).get(NAMESPACE, ROOT)
        return below(channel.topic, namespace) or channel.topic


Scanned = tuple[int, int, int, bytes]
"""Channel, time of reception and of publishing [ns], serialized message."""


def scan_messages(path: Path, scan: Scan) -> Iterator[Scanned]:
    """Yield the messages in the order of the file; `scan` fills meanwhile.

    Leaves out a record that is damaged, stops at one that is cut off, and says so in `scan.problems`. Raises
    NotMcapError, OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            raise NotMcapError(f"{path} is empty" if not magic else f"{path} is not an MCAP file")
        while True:
            at = file.tell()
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                scan.problems.append(f"it is cut off after {at / 1e6:.1f} MB, before its end was written")
                return
            kind, length = _HEAD.unpack(head)
            if kind == Opcode.FOOTER:
                return
            if length > min(_LARGEST_RECORD, size - file.tell()):
                scan.problems.append(f"it is cut off or damaged after {at / 1e6:.1f} MB")
                return
            body = file.read(length)
            try:
                yield from _record(kind, body, scan)
            except (McapError, zstandard.ZstdError, RuntimeError, ValueError, struct.error) as error:
                # the records after it can still be found: only this one is lost
                scan.problems.append(f"it is damaged at {at / 1e6:.3f} MB ({error}), and that part is left out")


def _record(kind: int, body: bytes, scan: Scan) -> Iterator[Scanned]:
    if kind == Opcode.MESSAGE:
        channel, _, received_ns, published_ns = _MESSAGE.unpack_from(body)
        yield channel, received_ns, published_ns, body[_MESSAGE.size :]
    elif kind == Opcode.CHUNK:
        yield from _chunk(body, scan)
    elif kind == Opcode.HEADER:
        scan.profile = Header.read(_stream(body)).profile
    elif kind == Opcode.SCHEMA:
        schema = Schema.read(_stream(body))
        scan.schemas[schema.id] = schema
    elif kind == Opcode.CHANNEL:
        channel_record = Channel.read(_stream(body))
        scan.channels[channel_record.id] = channel_record
    elif kind == Opcode.METADATA:
        metadata = Metadata.read(_stream(body))
        scan.metadata[metadata.name] = metadata.metadata


def _stream(body: bytes) -> ReadDataStream:
    return ReadDataStream(BytesIO(body))


def _chunk(body: bytes, scan: Scan) -> Iterator[Scanned]:
    _, _, plain_size, checksum = _CHUNK.unpack_from(body)
    at = _CHUNK.size
    (name_length,) = struct.unpack_from("<I", body, at)
    compression = body[at + 4 : at + 4 + name_length].decode()
    at += 4 + name_length
    (packed_size,) = struct.unpack_from("<Q", body, at)
    packed = body[at + 8 : at + 8 + packed_size]
    if plain_size > _LARGEST_CHUNK:
        raise ValueError(f"a chunk of {len(body)} bytes is said to hold {plain_size}")
    if compression == "zstd":
        plain = zstandard.decompress(packed, plain_size)
    elif compression == "lz4":
        plain = lz4.frame.decompress(packed)
    elif compression == "":
        plain = packed
    else:
        raise ValueError(f"unknown compression {compression!r}")
    if checksum and zlib.crc32(plain) != checksum:
        raise ValueError("a chunk's checksum does not fit")
    at = 0
    while at < len(plain):
        kind, length = _HEAD.unpack_from(plain, at)
        at += _HEAD.size
        yield from _record(kind, plain[at : at + length], scan)
        at += length
