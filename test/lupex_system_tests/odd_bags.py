# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Small recordings of made-up rovers, in every form that others store them in."""

import sqlite3
import struct
from pathlib import Path

import numpy as np
from mcap.writer import CompressionType, Writer
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
TEXT = "std_msgs/msg/String"
ODOMETRY = "nav_msgs/msg/Odometry"
NS = 1_000_000_000


def made(kind, store=STORE, **values):
    """Make a message; what is not given is zero."""

    def default(shape):
        node, detail = shape
        if node == 1:
            return {"string": "", "bool": False}.get(detail[0], 0.0 if "float" in detail[0] else 0)
        if node == 2:
            return made(detail, store)
        item, count = detail[0], detail[1] if node == 3 else 0
        if item[0] == 1 and item[1][0] != "string":
            return np.zeros(count, dtype={"bool": "bool_", "char": "uint8", "byte": "int8"}.get(item[1][0], item[1][0]))
        return [default(item) for _ in range(count)]

    fields = store.fielddefs[kind][1]
    return store.types[kind](**{name: values.get(name, default(shape)) for name, shape in fields})


def drawn(kind, rng, text=lambda rng: "map", count=lambda rng: 3):
    """Make a message of random numbers, every bit pattern of a float among them."""

    def value(shape):
        node, detail = shape
        if node == 1:
            return base(detail[0])
        if node == 2:
            return drawn(detail, rng, text, count)
        item, number = detail[0], detail[1] if node == 3 else count(rng)
        if item[0] == 1 and item[1][0] != "string":
            kind = {"bool": "bool_", "char": "uint8", "byte": "int8"}.get(item[1][0], item[1][0])
            return np.array([base(item[1][0]) for _ in range(number)], dtype=kind)
        return [value(item) for _ in range(number)]

    def base(name):
        if name == "string":
            return text(rng)
        if name == "bool":
            return bool(rng.integers(2))
        size = {"byte": 1, "char": 1}.get(name) or int("".join(filter(str.isdigit, name))) // 8
        kind = {"byte": "int8", "char": "uint8"}.get(name, name)
        return np.frombuffer(rng.bytes(size), dtype=kind)[0].item()

    return STORE.types[kind](**{name: value(shape) for name, shape in STORE.fielddefs[kind][1]})


def stamp(at_s):
    total = round(at_s * NS)
    return made("builtin_interfaces/msg/Time", sec=total // NS, nanosec=total % NS)


def header(at_s, frame="odom"):
    return made("std_msgs/msg/Header", stamp=stamp(at_s), frame_id=frame)


def told(kind, **values):
    return bytes(STORE.serialize_cdr(made(kind, **values), kind))


def text(said):
    return told(TEXT, data=said)


def odometry(at_s, x_m=0.0, y_m=0.0, frame="odom"):
    pose = made("geometry_msgs/msg/Pose", position=made("geometry_msgs/msg/Point", x=x_m, y=y_m))
    pose.orientation.w = 1.0
    return told(ODOMETRY, header=header(at_s, frame), pose=made("geometry_msgs/msg/PoseWithCovariance", pose=pose))


class Bag:
    """A file of messages, each in a chunk of its own where `chunk_size` is small."""

    def __init__(self, path, chunk_size=1 << 20, compression=CompressionType.NONE, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.stream = path.open("wb")
        self.writer = Writer(self.stream, chunk_size=chunk_size, compression=compression, **options)
        self.writer.start("ros2")
        self._channels = {}

    def say(self, topic, kind, at_s, data):
        if (topic, kind) not in self._channels:
            definition = STORE.generate_msgdef(kind, ros_version=2)[0].encode()
            schema = self.writer.register_schema(kind, "ros2msg", definition)
            self._channels[topic, kind] = self.writer.register_channel(topic, "cdr", schema, {})
        self.writer.add_message(self._channels[topic, kind], round(at_s * NS), data, round(at_s * NS))

    def close(self) -> Path:
        self.writer.finish()
        self.stream.close()
        return self.path


def messages_of(count=40, begin_s=1000.0, period_s=0.5):
    """Return (topic, kind, time, data) of a rover that tells its odometry and says something now and then."""
    found = []
    for k in range(count):
        at_s = begin_s + period_s * k
        found.append(("/odom", ODOMETRY, at_s, odometry(at_s, 0.1 * k)))
        if k % 4 == 0:
            found.append(("/said", TEXT, at_s, text(f"word {k}")))
    return found


def mcap_bag(path, messages, **options):
    bag = Bag(path, **options)
    for message in messages:
        bag.say(*message)
    return bag.close()


def chunks_of(data, messages):
    """Return (begin, end, its messages) of the chunks of a whole file: the index behind each counts them."""
    at, found, first = 8, [], 0
    while at < len(data) - 8:
        kind, length = struct.unpack_from("<BQ", data, at)
        if kind == 0x06:
            found.append([at, at + 9 + length, 0])
        if kind == 0x07:
            found[-1][2] += struct.unpack_from("<I", data, at + 11)[0] // 16
        at += 9 + length
    parts = []
    for begin, end, count in found:
        parts.append((begin, end, {(m[0], round(m[2] * NS), m[3]) for m in messages[first : first + count]}))
        first += count
    assert first == len(messages)
    return parts


def sqlite_bag(path, messages, keep_log=False):
    """Write a recording of rosbag2's other storage; with `keep_log` its messages stay in the write-ahead log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(path)
    base.execute("create table topics(id integer primary key, name, type, serialization_format, offered_qos_profiles)")
    base.execute("create table messages(id integer primary key, topic_id, timestamp, data)")
    base.commit()
    if keep_log:
        base.execute("pragma journal_mode=wal")
        base.execute("pragma wal_autocheckpoint=0")
    numbers = {}
    for topic, kind, at_s, data in messages:
        if topic not in numbers:
            numbers[topic] = len(numbers) + 1
            base.execute("insert into topics values (?, ?, ?, 'cdr', '')", (numbers[topic], topic, kind))
        base.execute(
            "insert into messages(topic_id, timestamp, data) values (?, ?, ?)", (numbers[topic], round(at_s * NS), data)
        )
    base.commit()
    if keep_log:
        # closing would work the log in: what a killed recorder leaves is a copy of both
        log = path.with_name(path.name + "-wal").read_bytes()
        held = path.read_bytes()
        base.close()
        path.write_bytes(held)
        path.with_name(path.name + "-wal").write_bytes(log)
    else:
        base.close()
    return path


def ros1_bag(path, messages):
    """Write a bag of ROS 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    store = get_typestore(Stores.ROS1_NOETIC)
    with Ros1Writer(path) as writer:
        connections = {}
        for topic, kind, at_s, data in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            message = STORE.deserialize_cdr(data, kind)
            raw = store.serialize_ros1(ros1_of(message, kind, store), kind)
            writer.write(connections[topic], round(at_s * NS), raw)
    return path


def ros1_of(message, kind, store):
    """Return a message of ROS 2 as one of ROS 1, whose headers are counted."""
    values = {}
    for name, (node, detail) in store.fielddefs[kind][1]:
        value = getattr(message, name, 0)
        values[name] = ros1_of(value, detail, store) if node == 2 and "builtin" not in detail else value
    return store.types[kind](**values)
