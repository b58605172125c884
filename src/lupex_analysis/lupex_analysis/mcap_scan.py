# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read an MCAP file from front to back, as far as it goes: whole, cut short or damaged anywhere."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, Header, Metadata, Schema, Statistics

from lupex_analysis.mcap_resync import next_record
from lupex_analysis.scan import BLOCK, Block, Loss, NotARecordingError, Scan

MAGIC = b"\x89MCAP0\r\n"
HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_HEADED = struct.Struct("<BQHIQQ")
"""A message with the head of its record."""
_CHUNK = struct.Struct("<QQQI")
_FOOTER = struct.Struct("<QQI")
_LARGEST_RECORD = 1 << 32
_LARGEST_CHUNK = 1 << 31
"""Unpacked: rosbag2's own are a thousand times smaller."""
_BROKEN = (
    McapError, zstandard.ZstdError, RuntimeError, ValueError, struct.error, EOFError, MemoryError, OverflowError,
)  # fmt: skip


def scan_mcap(path: Path, scan: Scan) -> Iterator[Block]:
    """Yield the messages in the order of the file, in blocks; `scan` fills meanwhile.

    Leaves out what is damaged, goes on with the next record that is whole, and says so in `scan.losses`. Raises
    NotARecordingError, OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        _look_ahead(file, size, scan)
        file.seek(0)
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            begin = next_record(path, 0)
            if begin is None:
                raise NotARecordingError("is empty" if not magic else "is not an MCAP file")
            scan.losses.append(Loss(0, "it does not begin as an MCAP file does"))
            file.seek(begin)
        yield from _records(path, file, size, scan)


def _records(path: Path, file: IO[bytes], size: int, scan: Scan) -> Iterator[Block]:
    block: Block = []
    while True:
        if len(block) >= BLOCK:
            yield block
            block = []
        at = file.tell()
        head = file.read(HEAD.size)
        kind, length = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
        left = size - at - HEAD.size
        if block and kind != Opcode.MESSAGE:
            yield block
            block = []
        if kind == Opcode.FOOTER and left <= _FOOTER.size + len(MAGIC):
            if left < _FOOTER.size + len(MAGIC):
                scan.losses.append(Loss(at, "its last bytes are missing, no message", last=True))
            return
        if not 0 < kind <= Opcode.DATA_END or kind == Opcode.FOOTER or length > min(_LARGEST_RECORD, left):
            begin = next_record(path, at + 1)
            if block:
                yield block
                block = []
            if begin is None:
                scan.losses.append(Loss(at, "before its end was written", last=True))
                return
            scan.losses.append(Loss(at, f"{begin - at} bytes are no records"))
            file.seek(begin)
            continue
        body = file.read(length)
        times: list[int] = []
        try:
            if kind == Opcode.CHUNK:
                times += _CHUNK.unpack_from(body)[:2]
                _chunk(body, scan, block)
            elif kind == Opcode.MESSAGE:
                channel, _, received_ns, published_ns = _MESSAGE.unpack_from(body)
                block.append((channel, received_ns, published_ns, body[_MESSAGE.size :]))
            else:
                _note(kind, body, scan)
        except _BROKEN as error:
            # the records after it can still be found: only this one is lost
            scan.losses.append(Loss(at, str(error) or "it ends too early", *(times or (None, None))))


def _look_ahead(file: IO[bytes], size: int, scan: Scan) -> None:
    """Take descriptions and counts from a file's summary, where there is one, for those in a damaged part."""
    end = HEAD.size + _FOOTER.size + len(MAGIC)
    if size < end + len(MAGIC):
        return
    file.seek(size - end)
    tail = file.read()
    summary, offsets, _ = _FOOTER.unpack_from(tail, HEAD.size)
    if tail[-len(MAGIC) :] != MAGIC or tail[0] != Opcode.FOOTER or not 0 < summary < size - end:
        return
    file.seek(summary)
    held = file.read((offsets if summary < offsets < size else size - end) - summary)
    at = 0
    while at + HEAD.size <= len(held):
        kind, length = HEAD.unpack_from(held, at)
        body = held[at + HEAD.size : at + HEAD.size + length]
        if len(body) < length:
            return
        try:
            if kind == Opcode.STATISTICS:
                scan.told_count = Statistics.read(_stream(body)).message_count
            elif kind in (Opcode.SCHEMA, Opcode.CHANNEL):
                _note(kind, body, scan)
        except _BROKEN:
            return
        at += HEAD.size + length


def _note(kind: int, body: bytes, scan: Scan) -> None:
    """Take what is no message."""
    if kind == Opcode.HEADER:
        scan.profile = Header.read(_stream(body)).profile
    elif kind == Opcode.SCHEMA:
        schema = Schema.read(_stream(body))
        scan.schemas[schema.id] = schema
    elif kind == Opcode.CHANNEL:
        channel = Channel.read(_stream(body))
        scan.channels[channel.id] = channel
    elif kind == Opcode.METADATA:
        metadata = Metadata.read(_stream(body))
        scan.metadata[metadata.name] = metadata.metadata
    elif kind == Opcode.ATTACHMENT:
        scan.attachments.append(Attachment.read(_stream(body)))


def _stream(body: bytes) -> ReadDataStream:
    return ReadDataStream(BytesIO(body))


def _chunk(body: bytes, scan: Scan, block: Block) -> None:
    """Add the messages of a chunk to a block, those before a broken record too."""
    plain = unpacked(body)
    at, end = 0, len(plain)
    message, take = _HEADED.unpack_from, block.append
    while at < end:
        if plain[at] == Opcode.MESSAGE:
            _, length, channel, _, received_ns, published_ns = message(plain, at)
            after = at + 9 + length
            if after > end:
                raise ValueError("a record in a chunk is longer than the chunk")
            take((channel, received_ns, published_ns, plain[at + 31 : after]))
        else:
            kind, length = HEAD.unpack_from(plain, at)
            after = at + 9 + length
            _note(kind, plain[at + 9 : after], scan)
        at = after


def unpacked(body: bytes) -> bytes:
    """Return the records of a chunk; raises one of the errors that a broken one gives."""
    _, _, plain_size, checksum = _CHUNK.unpack_from(body)
    at = _CHUNK.size
    (name_length,) = struct.unpack_from("<I", body, at)
    compression = body[at + 4 : at + 4 + name_length].decode()
    at += 4 + name_length
    (packed_size,) = struct.unpack_from("<Q", body, at)
    packed = body[at + 8 : at + 8 + packed_size]
    if plain_size > _LARGEST_CHUNK:
        raise ValueError(f"a chunk of {len(body)} bytes is said to hold {plain_size}")
    if len(packed) < packed_size:
        raise ValueError("a chunk ends too early")
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
    return plain
