# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Write a whole, indexed MCAP file from a recording that is cut, damaged or stored otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Channel
from mcap.writer import CompressionType, Writer

from lupex_analysis.collecting import CDR
from lupex_analysis.file_reading import fewer, lost_parts, scanned
from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.scan import Scan
from lupex_analysis.storage import ReadingError, described, left_out, missing_parts, storage_files
from lupex_recorder.metadata import NAME, BagRecord, TopicRecord, metadata_yaml, write_atomically
from lupex_recorder.recorder import CUSTOM_DATA

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Recovered:
    """What was written, and in sentences what could not be."""

    file: Path
    messages: int
    losses: tuple[str, ...]


class _Copy:
    """One file that takes the messages of several."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._schemas: dict[tuple[str, str, bytes], int] = {}
        self._channels: dict[tuple[str, int, str, str], int] = {}
        self.counts: dict[int, int] = {}
        self.described: dict[int, tuple[Channel, str]] = {}
        self.custom: dict[str, str] = {}
        self.nameless = 0
        self.start_ns = self.end_ns = 0

    def file(self, path: Path, scan: Scan) -> None:
        """Take a file's messages, whose times are kept."""
        numbers: dict[int, int | None] = {}
        for block in scanned(path, scan):
            for number, received_ns, published_ns, data in block:
                if number not in numbers:
                    numbers[number] = self._channel(scan, number)
                channel = numbers[number]
                if channel is None:
                    self.nameless += 1
                    continue
                self._writer.add_message(channel, received_ns, data, published_ns, self.counts[channel])
                self.counts[channel] += 1
                self.start_ns = min(self.start_ns or received_ns, received_ns)
                self.end_ns = max(self.end_ns, received_ns)
        for name, held in scan.metadata.items():
            if name == CUSTOM_DATA:
                self.custom |= held
            self._writer.add_metadata(name, held)
        for attachment in scan.attachments:
            self._writer.add_attachment(
                attachment.create_time, attachment.log_time, attachment.name, attachment.media_type, attachment.data
            )

    def _channel(self, scan: Scan, number: int) -> int | None:
        channel = scan.channels.get(number)
        if channel is None:
            return None
        schema = scan.schemas.get(channel.schema_id)
        known = 0
        if schema is not None:
            key = (schema.name, schema.encoding, schema.data)
            if key not in self._schemas:
                self._schemas[key] = self._writer.register_schema(*key)
            known = self._schemas[key]
        told = (channel.topic, known, channel.message_encoding, repr(sorted(channel.metadata.items())))
        if told not in self._channels:
            made = self._writer.register_channel(channel.topic, channel.message_encoding, known, channel.metadata)
            self._channels[told] = made
            self.counts[made] = 0
            self.described[made] = (channel, schema.name if schema else "")
        return self._channels[told]

    def record(self, file: str) -> BagRecord | None:
        """Describe the bag; None where metadata.yaml would be untrue, which knows one encoding."""
        if any(channel.message_encoding != CDR for channel, _ in self.described.values()):
            return None
        topics = []
        for made, (channel, kind) in self.described.items():
            try:
                qos = offered(channel.metadata.get("offered_qos_profiles", ""))
            except QosError:
                qos = ()
            told_hash = channel.metadata.get("topic_type_hash", "")
            topics.append(TopicRecord(channel.topic, kind, told_hash, self.counts[made], qos))
        return BagRecord(file, self.start_ns, self.end_ns, tuple(topics), self.custom)


def recover(path: Path, out: Path) -> Recovered:
    """Write every message that can be read into a new bag directory; raises ReadingError, OSError."""
    files = storage_files(path)
    if out.exists():
        raise ReadingError(f"{out} exists already: name a directory that does not")
    out.mkdir(parents=True)
    file = out / f"{out.resolve().name}_0.mcap"
    scans = [Scan() for _ in files]
    unread: list[str] = []
    try:
        with file.open("xb") as stream:
            writer = Writer(stream, chunk_size=_CHUNK_BYTES, compression=CompressionType.ZSTD)
            writer.start(profile="ros2", library="lupex bag recover")
            copy = _Copy(writer)
            for each, scan in zip(files, scans, strict=True):
                try:
                    copy.file(each, scan)
                except ReadingError as error:
                    unread.append(str(error))
            writer.finish()  # type: ignore[no-untyped-call]
        count = sum(copy.counts.values())
        if not count:
            raise ReadingError(unread[0] if unread else f"{path} holds no message")
        record = copy.record(file.name)
        if record is not None:
            write_atomically(out / NAME, metadata_yaml(record))
    except BaseException:
        file.unlink(missing_ok=True)
        out.rmdir()
        raise
    return Recovered(file, count, tuple(_losses(path, files, scans, unread, copy)))


def _losses(path: Path, files: Sequence[Path], scans: Sequence[Scan], unread: list[str], copy: _Copy) -> list[str]:
    found = [f"{name} is no listed part of it and is left out" for name in left_out(path, list(files))]
    found += [f"{name} is missing, which {NAME} lists" for name in missing_parts(path, list(files))]
    found += unread
    for file, scan in zip(files, scans, strict=True):
        found += lost_parts(file, scan, copy.start_ns)
    if copy.nameless:
        found.append(f"{copy.nameless} messages belong to channels whose description is lost")
    return found + fewer(sum(copy.counts.values()), described(path), scans)
