# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read a bag of ROS 1 by rosbags, its messages turned into those of ROS 2."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcap.records import Channel, Schema
from rosbags.rosbag1 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from lupex_analysis.ros1_records import MAGIC, Found, Told, unindexed
from lupex_analysis.scan import BLOCK, Block, Loss, NotARecordingError, Scan

_HEADER = "std_msgs/msg/Header"
_LATCHED = "- history: keep_last\n  depth: 1\n  reliability: reliable\n  durability: transient_local\n"


def scan_ros1(path: Path, scan: Scan) -> Iterator[Block]:
    """Yield the messages by their time, or by chunks where the index is lost. Raises NotARecordingError, OSError."""
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise NotARecordingError("is no bag of ROS 1 of the format 2.0")
    try:
        reader = Reader(path)
        reader.open()
    except OSError:
        raise
    except Exception:
        # rosbags knows many ways in which an index is broken, and not all are errors of its own
        scan.losses.append(Loss(None, "it has no index that can be used, as of a recorder that was cut off: all its"
            " chunks are read instead"))  # fmt: skip
        yield from _converted(unindexed(path, scan), scan)
        return
    try:
        told = {each.id: _told(each) for each in reader.connections}
        for each in told.values():
            _announce(each, scan)
        yield from _converted(((told[each.id], time_ns, data) for each, time_ns, data in reader.messages()), scan)
    finally:
        reader.close()


def _told(connection: Any) -> Told:
    latched = bool(getattr(connection.ext, "latching", 0))
    return Told(connection.id, connection.topic, connection.msgtype, connection.msgdef.data, latched)


def _announce(told: Told, scan: Scan) -> Typestore | None:
    """Tell of a connection; return what decodes its messages, None where its definition cannot be used."""
    text, found = "", None
    try:
        store = get_typestore(Stores.EMPTY)
        store.register(_of_ros2(get_types_from_msg(told.definition, told.kind)))
        text, _ = store.generate_msgdef(told.kind, ros_version=2)
        found = store
    except Exception as error:
        loss = Loss(None, f"the definition of {told.topic} cannot be used: {error}")
        if loss not in scan.losses:
            scan.losses.append(loss)
    scan.schemas[told.number] = Schema(id=told.number, name=told.kind, encoding="ros2msg", data=text.encode())
    scan.channels[told.number] = Channel(
        id=told.number, topic=_absolute(told.topic), message_encoding="cdr",
        metadata={"offered_qos_profiles": _LATCHED if told.latched else ""}, schema_id=told.number,
    )  # fmt: skip
    return found


def _converted(messages: Iterator[Found], scan: Scan) -> Iterator[Block]:
    stores: dict[int, Typestore | None] = {}
    broken: dict[str, int] = {}
    block: Block = []
    try:
        for told, time_ns, data in messages:
            if told.number not in stores:
                stores[told.number] = _announce(told, scan)
            store = stores[told.number]
            try:
                if store is None:
                    raise ValueError(told.topic)
                plain = bytes(store.ros1_to_cdr(data, told.kind))
            except Exception:
                broken[told.topic] = broken.get(told.topic, 0) + 1
                continue
            block.append((told.number, time_ns, time_ns, plain))
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
