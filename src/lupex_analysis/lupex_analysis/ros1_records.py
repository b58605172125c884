# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read a bag of ROS 1 chunk by chunk, by the format of its records alone: one that was cut has no index.

A record of the format 2.0 is a header of fields `name=value`, and data, each behind its length.
"""

import bz2
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import lz4.frame

from lupex_analysis.scan import Loss, Scan

MAGIC = b"#ROSBAG V2.0\n"
_MESSAGE, _CHUNK, _CONNECTION = 0x02, 0x05, 0x07
_LARGEST = 1 << 30
_LATCHED = b"1"

Fields = Mapping[str, bytes]


class BrokenRecordError(ValueError):
    """Say that bytes are no record, or that they end within one."""


@dataclass(frozen=True)
class Told:
    """A connection as its record describes it."""

    number: int
    topic: str
    kind: str
    definition: str
    latched: bool


Found = tuple[Told, int, bytes]
"""A connection, the time of reception [ns] and a message of it, as ROS 1 encodes it."""


def unindexed(path: Path, scan: Scan) -> Iterator[Found]:
    """Yield the messages of all chunks that can be read; losses go to `scan`. Raises OSError."""
    known: dict[int, Told] = {}
    with path.open("rb") as stream:
        stream.seek(len(MAGIC))
        while True:
            at = stream.tell()
            try:
                head = _read_fields(stream.read(4), stream.read)
                if head is None:
                    return
                size = _length(stream.read(4))
                data = stream.read(size)
            except BrokenRecordError as error:
                scan.losses.append(Loss(at, str(error), last=True))
                return
            if head.get("op") == bytes([_CHUNK]):
                yield from _chunk(head, data, at, known, scan)
            elif head.get("op") == bytes([_CONNECTION]):
                _connection(head, data, known)
            if len(data) < size:
                scan.losses.append(Loss(at, "the record there is not whole", last=True))
                return


def _length(four: bytes) -> int:
    if len(four) < 4:
        raise BrokenRecordError("the record there is not whole")
    (size,) = struct.unpack("<I", four)
    if size > _LARGEST:
        raise BrokenRecordError("its bytes are no record")
    return int(size)


def _read_fields(four: bytes, read: Callable[[int], bytes]) -> dict[str, bytes] | None:
    """Return the fields of a record's header, None at the file's end."""
    if not four:
        return None
    size = _length(four)
    return _fields(read(size), size)


def _fields(held: bytes, size: int) -> dict[str, bytes]:
    if len(held) < size:
        raise BrokenRecordError("the record there is not whole")
    found, at = {}, 0
    while at + 4 <= size:
        (length,) = struct.unpack_from("<I", held, at)
        name, equal, value = held[at + 4 : at + 4 + length].partition(b"=")
        if not equal or at + 4 + length > size:
            raise BrokenRecordError("its bytes are no record")
        found[name.decode(errors="replace")] = value
        at += 4 + length
    return found


def _chunk(head: Fields, data: bytes, at: int, known: dict[int, Told], scan: Scan) -> Iterator[Found]:
    plain, why = _unpacked(head.get("compression", b"none").decode(errors="replace"), data)
    place = 0
    try:
        while place < len(plain):
            size = _length(plain[place : place + 4])
            fields = _fields(plain[place + 4 : place + 4 + size], size)
            begin = place + 8 + size
            length = _length(plain[place + 4 + size : begin])
            body = plain[begin : begin + length]
            if len(body) < length:
                raise BrokenRecordError("the record there is not whole")
            place = begin + length
            if fields.get("op") == bytes([_CONNECTION]):
                _connection(fields, body, known)
            elif fields.get("op") == bytes([_MESSAGE]):
                (number,) = struct.unpack("<I", fields.get("conn", b""))
                seconds, nanoseconds = struct.unpack("<II", fields.get("time", b""))
                if number in known:
                    yield known[number], seconds * 1_000_000_000 + nanoseconds, body
    except (BrokenRecordError, struct.error) as error:
        why = why or str(error)
    if why:
        scan.losses.append(Loss(at, why))


def _connection(head: Fields, data: bytes, known: dict[int, Told]) -> None:
    inner = _fields(data, len(data))
    if len(head.get("conn", b"")) != 4:
        raise BrokenRecordError("its bytes are no record")
    (number,) = struct.unpack("<I", head["conn"])
    text = {name: value.decode(errors="replace") for name, value in inner.items()}
    kind = text.get("type", "")
    package, _, name = kind.partition("/")
    kind = kind if "/msg/" in kind else f"{package}/msg/{name}"
    topic = head.get("topic", b"").decode(errors="replace")
    definition = text.get("message_definition", "")
    known[number] = Told(number, topic, kind, definition, inner.get("latching") == _LATCHED)


def _unpacked(form: str, data: bytes) -> tuple[bytes, str]:
    """Return what a chunk holds as far as it can be unpacked, and why no more."""
    if form == "none":
        return data, ""
    unpack = {"bz2": bz2.BZ2Decompressor, "lz4": lz4.frame.LZ4FrameDecompressor}.get(form)
    if unpack is None:
        return b"", f"it is compressed by {form}"
    unpacker, found, step = unpack(), [], 1 << 16
    try:
        for begin in range(0, len(data), step):
            if unpacker.eof:
                break
            found.append(unpacker.decompress(data[begin : begin + step]))
    except (OSError, EOFError, RuntimeError, ValueError) as error:
        return b"".join(found), f"it cannot be unpacked: {error}"
    return b"".join(found), "" if unpacker.eof else "it is not whole"
