# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Write serialized messages to an MCAP file that rosbags, `ros2 bag` and Foxglove open."""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from mcap.exceptions import McapError
from mcap.writer import CompressionType, Writer

from lupex_recorder.config import Limits
from lupex_recorder.earlier_files import custom_data, end_at, taken_up
from lupex_recorder.metadata import (
    NAME,
    BagRecord,
    FileRecord,
    Qos,
    TopicRecord,
    metadata_yaml,
    qos_yaml,
    write_atomically,
)
from lupex_recorder.schemas import Schema

CUSTOM_DATA = "lupex"
"""Name of the MCAP metadata record that holds what the recorder was told about the run."""

LAUNCHED = "launched_as"
"""Key of what tells one launch from another: a recorder that is started again within it goes on in the next file."""
NAMESPACE = "namespace"
"""Key in it: the rover's namespace, which all topics of the bag then begin with."""


class RecordingError(RuntimeError):
    """Say in one sentence why a recording cannot begin."""


@dataclass
class _Channel:
    id: int
    topic: TopicRecord


def refuse_bag(directory: Path) -> None:
    """Raise RecordingError when a directory holds a bag already."""
    if directory.exists() and not directory.is_dir():
        raise RecordingError(f"{directory} is not a directory: name another one to record into")
    held = [path.name for pattern in (NAME, "*.mcap", "*.db3") for path in sorted(directory.glob(pattern))]
    if held:
        raise RecordingError(f"{directory} already holds a bag ({held[0]}): name another directory or remove it")


def files_of(directory: Path) -> list[Path]:
    """Return a bag's files in the order in which they were written."""

    def number(path: Path) -> int:
        tail = path.stem.rpartition("_")[2]
        return int(tail) if tail.isdecimal() else -1

    return sorted(directory.glob("*.mcap"), key=lambda path: (number(path), path.name))


def begun_by(directory: Path, launch: str) -> bool:
    """Tell whether a directory holds a bag that an earlier life of this launch's recorder began."""
    files = files_of(directory)
    return bool(launch and files) and custom_data(files[-1], CUSTOM_DATA).get(LAUNCHED) == launch


class Recorder:
    """One recording. After an error or at a limit it stops by itself, and `stopped` says why.

    Messages are gathered in compressed chunks; `flush` ends a chunk and hands all to the system, so that a kill costs
    what came after the last flush only. Times are in nanoseconds since the epoch.
    """

    def __init__(
        self, directory: Path, limits: Limits, custom: Mapping[str, str] | None = None, launch: str = ""
    ) -> None:
        """Begin a bag, or the next file of one that was begun within the same `launch`; raises RecordingError."""
        self._earlier: tuple[FileRecord, ...] = ()
        number = self._earlier_bytes = 0
        if begun_by(directory, launch):
            number = self._take_up(directory)
        else:
            refuse_bag(directory)
        self.directory = directory
        self.path = directory / f"{directory.resolve().name}_{number}.mcap"
        self.stopped = ""
        self._limits = limits
        self._custom = {**(custom or {}), **({LAUNCHED: launch} if launch else {})}
        self._channels: dict[str, _Channel] = {}
        self._schemas: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._start_ns = 0
        self._end_ns = 0
        self._kept_bytes = 0
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self._open(self.path)
            self._writer = Writer(self._file, chunk_size=limits.chunk_bytes, compression=CompressionType.ZSTD)
            self._writer.start(profile="ros2", library="lupex_recorder")
            if self._custom:
                self._writer.add_metadata(CUSTOM_DATA, self._custom)
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._kept_bytes = self._file.tell()
        except OSError as error:
            with contextlib.suppress(OSError, AttributeError):
                self._file.close()
                self.path.unlink(missing_ok=True)
            raise RecordingError(f"nothing can be recorded into {directory}: {error.strerror}") from error

    def _take_up(self, directory: Path) -> int:
        """Take up the files of an earlier life; return the number of the next. Raises RecordingError."""
        files = files_of(directory)
        try:
            self._earlier = tuple(taken_up(path) for path in files)
            self._earlier_bytes = sum(path.stat().st_size for path in files)
        except (OSError, McapError) as error:
            raise RecordingError(f"the bag {directory} cannot be taken up: {error}") from error
        return int(files[-1].stem.rpartition("_")[2]) + 1

    @staticmethod
    def _open(path: Path) -> IO[bytes]:
        return path.open("xb")

    @property
    def recording(self) -> bool:
        """Tell whether messages are still taken."""
        return not self.stopped

    @property
    def message_count(self) -> int:
        """Number of messages taken."""
        return sum(self._counts.values())

    def add_topic(self, name: str, schema: Schema, qos: Sequence[Qos] = ()) -> None:
        """Announce a topic before its first message."""
        if name in self._channels or not self.recording:
            return
        try:
            if schema.name not in self._schemas:
                self._schemas[schema.name] = self._writer.register_schema(schema.name, "ros2msg", schema.text.encode())
            offered = {"offered_qos_profiles": qos_yaml(qos), "topic_type_hash": schema.type_hash}
            channel = self._writer.register_channel(name, "cdr", self._schemas[schema.name], offered)
        except OSError as error:
            self._fail(error)
            return
        self._channels[name] = _Channel(channel, TopicRecord(name, schema.name, schema.type_hash, 0, tuple(qos)))
        self._counts[name] = 0

    def write(self, topic: str, data: bytes, received_ns: int, published_ns: int) -> None:
        """Take one serialized message of a topic announced before."""
        if self.stopped:
            return
        try:
            self._writer.add_message(self._channels[topic].id, received_ns, data, published_ns, self._counts[topic])
        except OSError as error:
            self._fail(error)
            return
        self._counts[topic] += 1
        self._start_ns = min(self._start_ns or received_ns, received_ns)
        self._end_ns = max(self._end_ns, received_ns)

    def flush(self) -> None:
        """Hand everything to the system, then look at the limits of size and disk."""
        if self.stopped:
            return
        try:
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._kept_bytes = self._file.tell()
            free_mb = shutil.disk_usage(self.directory).free / 1e6
        except OSError as error:
            self._fail(error)
            return
        if self._earlier_bytes + self._kept_bytes >= self._limits.size_mb * 1e6:
            self._end(f"the recording reached its limit of {self._limits.size_mb:g} MB")
        elif free_mb < self._limits.free_mb:
            self._end(f"only {free_mb:.0f} MB are free on the disk of {self.directory}")

    def close(self) -> None:
        """End the recording; does nothing when it has ended by itself."""
        if not self.stopped:
            self._end("closed")

    def record(self) -> BagRecord:
        """Describe what has been taken so far."""
        topics = tuple(replace(item.topic, count=self._counts[name]) for name, item in self._channels.items())
        return BagRecord(self.path.name, self._start_ns, self._end_ns, topics, self._custom, self._earlier)

    def _end(self, reason: str) -> None:
        self.stopped = reason
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.flush()
            self._file.close()
            write_atomically(self.directory / NAME, metadata_yaml(self.record()))
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Cut the file back to the last whole record and end it there, without an index."""
        self.stopped = f"{self.path} cannot be written: {error.strerror}"
        with contextlib.suppress(OSError):
            # what the file object still holds would be written behind the cut
            self._file.close()
        with contextlib.suppress(OSError):
            end_at(self.path, self._kept_bytes)
