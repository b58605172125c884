# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One recording in other forms: as others store it, by another clock, with less in it."""

import math
from pathlib import Path

from rosbags.interfaces import Qos as RosbagsQos
from rosbags.interfaces import QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from lupex_analysis.raw_reading import open_raw
from lupex_recorder.config import Limits
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import Recorder
from lupex_recorder.schemas import Schema

HOST_BEGIN_NS = 1_790_000_000_000_000_000


def to_sqlite(bag: Path, out: Path) -> Path:
    """Write a bag as `ros2 bag record --storage sqlite3` would, without what our recorder adds."""
    recording = open_raw(bag)
    store = get_typestore(Stores.EMPTY)
    never = QosTime(9223372036, 854775807)
    with Writer(out, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {}
        for name, topic in recording.topics.items():
            store.register(get_types_from_msg(topic.text, topic.kind))
            durability = QosDurability.TRANSIENT_LOCAL if topic.latched else QosDurability.VOLATILE
            reliable, last, alive = QosReliability.RELIABLE, QosHistory.KEEP_LAST, QosLiveliness.AUTOMATIC
            qos = RosbagsQos(last, 10, reliable, durability, never, never, alive, never, False)
            connections[name] = writer.add_connection(name, topic.kind, typestore=store, offered_qos_profiles=[qos])
        for message in recording.messages(set(recording.topics)):
            writer.write(connections[message.topic], message.log_ns, message.data)
    return out


def to_host_time(bag: Path, out: Path, speed_up: float) -> Path:
    """Write a bag as one recorded over the middleware: by the time of a host on which it ran so much faster."""
    begin_ns = open_raw(bag).start_ns
    return altered(bag, out, time=lambda log_ns: HOST_BEGIN_NS + round((log_ns - begin_ns) / speed_up))


def altered(bag, out, *, leave_out=(), only=None, thin="", type_hash=None, kind=None, time=lambda log_ns: log_ns):
    """Write a bag with something else in it than there is."""
    recording = open_raw(bag)
    kept = [name for name in recording.topics if name not in leave_out and (only is None or name in only)]
    custom = {**recording.custom, "excluded": " ".join(leave_out), "thinned": thin}
    recorder = Recorder(out, Limits(size_mb=math.inf, free_mb=0.0), custom)
    for name in kept:
        topic = recording.topics[name]
        schema = Schema((kind or {}).get(name, topic.kind), topic.text, (type_hash or {}).get(name, topic.type_hash))
        recorder.add_topic(name, schema, [Qos(durability="transient_local" if topic.latched else "volatile")])
    every = {entry.rpartition("=")[0]: int(entry.rpartition("=")[2]) for entry in thin.split()}
    counts: dict[str, int] = {}
    for message in recording.messages(set(kept)):
        counts[message.topic] = counts.get(message.topic, 0) + 1
        if (counts[message.topic] - 1) % every.get(message.topic, 1) == 0:
            at_ns = time(message.log_ns)
            recorder.write(message.topic, message.data, at_ns, at_ns)
    recorder.close()
    return out
