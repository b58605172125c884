# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml as rosbag2 writes it (version 9)."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

NAME = "metadata.yaml"
NEVER = {"sec": 9223372036, "nsec": 854775807}


@dataclass(frozen=True)
class Qos:
    """What a publisher offers, by the names that rosbag2 writes."""

    reliability: str = "reliable"
    durability: str = "volatile"
    history: str = "keep_last"
    depth: int = 10

    def mapping(self) -> dict[str, Any]:
        """Return rosbag2's mapping; deadlines, lifespan and liveliness are those that nobody sets."""
        return {
            "history": self.history,
            "depth": self.depth,
            "reliability": self.reliability,
            "durability": self.durability,
            "deadline": dict(NEVER),
            "lifespan": dict(NEVER),
            "liveliness": "automatic",
            "liveliness_lease_duration": dict(NEVER),
            "avoid_ros_namespace_conventions": False,
        }


@dataclass(frozen=True)
class TopicRecord:
    """One topic of a bag."""

    name: str
    type: str
    type_hash: str
    count: int
    qos: tuple[Qos, ...] = ()


@dataclass(frozen=True)
class FileRecord:
    """A file of a bag; its times are those of the messages' reception [ns]."""

    file: str
    start_ns: int
    end_ns: int
    topics: tuple[TopicRecord, ...]

    @property
    def count(self) -> int:
        """Number of messages."""
        return sum(topic.count for topic in self.topics)


@dataclass(frozen=True)
class BagRecord:
    """A bag: its newest file, and those before it."""

    file: str
    start_ns: int
    end_ns: int
    topics: tuple[TopicRecord, ...]
    custom: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[FileRecord, ...] = ()

    @property
    def files(self) -> tuple[FileRecord, ...]:
        """All files, oldest first."""
        return (*self.earlier, FileRecord(self.file, self.start_ns, self.end_ns, self.topics))

    @property
    def count(self) -> int:
        """Number of messages."""
        return sum(file.count for file in self.files)

    @property
    def all_topics(self) -> tuple[TopicRecord, ...]:
        """Topics of all files, each once, as the newest file describes them."""
        found: dict[str, TopicRecord] = {}
        for file in self.files:
            for topic in file.topics:
                before = found[topic.name].count if topic.name in found else 0
                found[topic.name] = replace(topic, count=before + topic.count)
        return tuple(found.values())


def _times(start_ns: int, end_ns: int, count: int) -> dict[str, Any]:
    return {
        "duration": {"nanoseconds": max(end_ns - start_ns, 0)},
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "message_count": count,
    }


def metadata_yaml(bag: BagRecord) -> str:
    """Write a bag's metadata.yaml."""
    full = [file for file in bag.files if file.count] or list(bag.files)
    start_ns, end_ns = min(file.start_ns for file in full), max(file.end_ns for file in full)
    information = {
        "version": 9,
        "storage_identifier": "mcap",
        **_times(start_ns, end_ns, bag.count),
        "topics_with_message_count": [
            {
                "topic_metadata": {
                    "name": topic.name,
                    "type": topic.type,
                    "serialization_format": "cdr",
                    "offered_qos_profiles": [qos.mapping() for qos in topic.qos],
                    "type_description_hash": topic.type_hash,
                },
                "message_count": topic.count,
            }
            for topic in bag.all_topics
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file.file for file in bag.files],
        "files": [{"path": file.file, **_times(file.start_ns, file.end_ns, file.count)} for file in bag.files],
        "custom_data": dict(bag.custom) or None,
        "ros_distro": "jazzy",
    }
    return yaml.safe_dump({"rosbag2_bagfile_information": information}, sort_keys=False)


def qos_yaml(profiles: Sequence[Qos]) -> str:
    """Write offered qualities of service as rosbag2 keeps them in a channel."""
    return yaml.safe_dump([qos.mapping() for qos in profiles], sort_keys=False) if profiles else ""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; raises OSError."""
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes private files; a report is for whoever may read the directory
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
