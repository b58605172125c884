# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml as rosbag2 writes it (version 9)."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
class BagRecord:
    """A bag of one file: its times are those of the messages' reception [ns]."""

    file: str
    start_ns: int
    end_ns: int
    topics: tuple[TopicRecord, ...]
    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of messages."""
        return sum(topic.count for topic in self.topics)


def metadata_yaml(bag: BagRecord) -> str:
    """Write a bag's metadata.yaml."""
    times = {
        "duration": {"nanoseconds": max(bag.end_ns - bag.start_ns, 0)},
        "starting_time": {"nanoseconds_since_epoch": bag.start_ns},
        "message_count": bag.count,
    }
    information = {
        "version": 9,
        "storage_identifier": "mcap",
        **times,
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
            for topic in bag.topics
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [bag.file],
        "files": [{"path": bag.file, **times}],
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
