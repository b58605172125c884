# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read a bag of ROS 1 by rosbags, its messages turned into those of ROS 2."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcap.records import Channel, Schema
from rosbags.rosbag1 import Reader, ReaderError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from lupex_analysis.scan import BLOCK, Block, Loss, NotARecordingError, Scan

_HEADER = "std_msgs/msg/Header"
_LATCHED = "- history: keep_last\n  depth: 1\n  reliability: reliable\n  durability: transient_local\n"


def scan_ros1(path: Path, scan: Scan) -> Iterator[Block]:
    """Yield the messages by their time; `scan` fills before the first. Raises NotARecordingError, OSError."""
    try:
        reader = Reader(path)
        reader.open()
    except OSError:
        raise
    except Exception as error:
        # rosbags knows many ways in which a bag is broken, and not all are errors of its own
        hint = " (`rosbag reindex` makes its index)" if isinstance(error, ReaderError) else ""
        raise NotARecordingError(f"is no whole bag of ROS 1: {error}{hint}") from error
    try:
        yield from _messages(reader, scan)
    finally:
        reader.close()


def _messages(reader: Reader, scan: Scan) -> Iterator[Block]:
    stores: dict[int, Typestore] = {}
    for connection in reader.connections:
        text = ""
        try:
            store = get_typestore(Stores.EMPTY)
            store.register(_of_ros2(get_types_from_msg(connection.msgdef.data, connection.msgtype)))
            text, _ = store.generate_msgdef(connection.msgtype, ros_version=2)
            stores[connection.id] = store
        except Exception as error:
            scan.losses.append(Loss(None, f"the definition of {connection.topic} cannot be used: {error}"))
        number = connection.id
        qos = _LATCHED if getattr(connection.ext, "latching", 0) else ""
        scan.schemas[number] = Schema(id=number, name=connection.msgtype, encoding="ros2msg", data=text.encode())
        scan.channels[number] = Channel(
            id=number, topic=_absolute(connection.topic), message_encoding="cdr",
            metadata={"offered_qos_profiles": qos}, schema_id=number,
        )  # fmt: skip
    broken: dict[str, int] = {}
    block: Block = []
    try:
        for connection, time_ns, data in reader.messages():
            try:
                plain = bytes(stores[connection.id].ros1_to_cdr(data, connection.msgtype))
            except Exception:
                broken[connection.topic] = broken.get(connection.topic, 0) + 1
                continue
            block.append((connection.id, time_ns, time_ns, plain))
            if len(block) >= BLOCK:
                yield block
                block = []
    except Exception as error:
        scan.losses.append(Loss(None, str(error) or type(error).__name__))
    yield block
    for topic, count in broken.items():
        scan.losses.append(Loss(None, f"{count} messages of {topic} cannot be converted"))


def _of_ros2(types: Any) -> Any:
    """Return types without the count that headers of ROS 1 begin with, as what converts them expects."""
    if _HEADER in types:
        constants, fields = types[_HEADER]
        types[_HEADER] = constants, [(name, shape) for name, shape in fields if name != "seq"]
    return types


def _absolute(topic: str) -> str:
    return topic if topic.startswith("/") else f"/{topic}"
