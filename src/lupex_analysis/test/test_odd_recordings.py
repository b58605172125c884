# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of others, and damaged ones: what can be read is, and what cannot is said in a sentence."""

import struct

import pytest
from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore

from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.raw_reading import open_raw
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import FAULTS, MISSION, THIN_S, TRUTH, WANTED, extract

STORE = get_typestore(Stores.ROS2_JAZZY)
TEXT, NUMBER = "std_msgs/msg/String", "std_msgs/msg/Int32"
NAMES = {TEXT: "string data\n", NUMBER: "int32 data\n"}
BY_NAME = "- reliability: reliable\n  durability: volatile\n  history: keep_last\n  depth: 7\n"
BY_NUMBER = "- reliability: 2\n  durability: 1\n  history: 1\n  depth: 7\n"


def told(kind, value):
    return STORE.serialize_cdr(STORE.types[kind](value), kind)


class Bag:
    """A file of messages, each in a chunk of its own where `chunk_size` is small."""

    def __init__(self, path, chunk_size=1 << 20, compression=CompressionType.NONE):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.stream = path.open("wb")
        self.writer = Writer(self.stream, chunk_size=chunk_size, compression=compression)
        self.writer.start("ros2")

    def channel(self, topic, kind=TEXT, definition=None, encoding="cdr", qos=""):
        data = NAMES[kind].encode() if definition is None else definition
        schema = self.writer.register_schema(kind, "ros2msg", data)
        return self.writer.register_channel(topic, encoding, schema, {"offered_qos_profiles": qos})

    def say(self, channel, at_s, data):
        self.writer.add_message(channel, round(at_s * 1e9), data, round(at_s * 1e9))

    def close(self):
        self.writer.finish()
        self.stream.close()
        return self.path


@pytest.mark.parametrize("topic", WANTED)
def test_what_another_tells_under_our_names_is_left_out_and_said(tmp_path, topic):
    bag = Bag(tmp_path / "bag" / "r.mcap")
    channel = bag.channel(topic)
    for at_s in range(3):
        bag.say(channel, at_s, told(TEXT, "hello"))
    bag.close()
    recording = read_recording(tmp_path / "bag", WANTED, THIN_S)
    assert recording.counts == {topic: 3}
    assert recording.types == {topic: TEXT}
    assert not recording.has(topic)
    assert recording.problems == (f"{topic} is of type {TEXT}, not ours ({WANTED[topic]}): left out",)
    assert extract(recording).faults == ()


def test_of_a_topic_with_two_types_ours_is_read(tmp_path):
    bag = Bag(tmp_path / "r.mcap")
    ours, others = bag.channel("/said"), bag.channel("/said", NUMBER)
    for at_s in range(4):
        bag.say(ours, at_s, told(TEXT, "hello"))
        bag.say(others, at_s, told(NUMBER, 5))
    recording = read_recording(bag.close(), {"/said": TEXT})
    assert [message.data for message in recording.messages["/said"]] == ["hello"] * 4
    assert recording.counts == {"/said": 8}
    assert recording.problems == (f"/said is of type {NUMBER}, not ours ({TEXT}): left out",)


def test_messages_come_in_the_order_of_their_reception(tmp_path):
    """Of split files by their times too: bag_10 stands before bag_2 by name."""
    for number in (2, 10):
        bag = Bag(tmp_path / "bag" / f"bag_{number}.mcap")
        channel = bag.channel("/said")
        for at_s in (3.0, 1.0, 2.0):
            bag.say(channel, 10.0 * number + at_s, told(TEXT, f"{number}: {at_s:g}"))
        bag.close()
    recording = read_recording(tmp_path / "bag", ("/said",))
    assert [message.data for message in recording.messages["/said"]] == [
        f"{number}: {at}" for number in (2, 10) for at in (1, 2, 3)
    ]
    assert list(recording.received_ns["/said"]) == sorted(recording.received_ns["/said"])


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"definition": b"\xff\xfe no text"}, "has a definition that cannot be used: it is no text"),
        ({"definition": b"int32[ data"}, "has a definition that cannot be used: "),
        ({"encoding": "json"}, "is encoded as 'json', not cdr: left out"),
    ],
)
def test_what_cannot_be_decoded_is_said_and_the_rest_is_read(tmp_path, odd, says):
    bag = Bag(tmp_path / "bag" / "r.mcap")
    broken, whole = bag.channel("/odd", **odd), bag.channel("/said")
    bag.say(broken, 0.0, told(TEXT, "odd"))
    bag.say(whole, 1.0, told(TEXT, "hello"))
    bag.close()
    recording = read_recording(tmp_path / "bag", ("/odd", "/said"))
    assert len(recording.messages["/said"]) == 1
    assert len(recording.problems) == 1
    assert recording.problems[0].startswith("/odd ")
    assert says in recording.problems[0]
    assert open_raw(tmp_path / "bag").topics["/odd"].count == 1


def test_no_description_is_made_that_claims_another_encoding(tmp_path):
    bag = Bag(tmp_path / "bag" / "r.mcap")
    bag.say(bag.channel("/said", encoding="json"), 0.0, b'{"data": "hello"}')
    bag.close()
    assert read_recording(tmp_path / "bag", ()).rebuilt is None


@pytest.mark.parametrize("text", ["- a: [", "nothing", "- 5", "- {}", "- depth: x"])
def test_a_quality_of_service_that_cannot_be_read_is_told_and_no_more(tmp_path, text):
    bag = Bag(tmp_path / "bag" / "r.mcap")
    bag.say(bag.channel("/said", qos=text), 0.0, told(TEXT, "hello"))
    bag.close()
    recording = read_recording(tmp_path / "bag", ("/said",))
    assert recording.problems == ("/said: its quality of service cannot be read",)
    assert recording.rebuilt.topics[0].qos == ()
    assert not open_raw(tmp_path / "bag").topics["/said"].latched
    with pytest.raises(QosError):
        offered(text)


def test_qualities_of_service_by_number_are_named(tmp_path):
    by_name, by_number = offered(BY_NAME)[0], offered(BY_NUMBER)[0]
    assert (by_name.reliability, by_name.durability, by_name.history, by_name.depth) == (
        "reliable", "volatile", "keep_last", 7,
    )  # fmt: skip
    assert (by_number.reliability, by_number.durability, by_number.history) == (
        "best_effort", "transient_local", "keep_last",
    )  # fmt: skip
    assert offered("") == ()
    bag = Bag(tmp_path / "bag" / "r.mcap")
    bag.say(bag.channel("/said", qos=BY_NUMBER), 0.0, told(TEXT, "hello"))
    bag.close()
    assert open_raw(tmp_path / "bag").topics["/said"].latched
    assert read_recording(tmp_path / "bag", ()).rebuilt.topics[0].qos == offered(BY_NUMBER)


def chunks(data):
    """Return where the chunk records of a file begin."""
    at, found = 8, []
    while at < len(data) - 8:
        kind, length = struct.unpack_from("<BQ", data, at)
        if kind == 0x06:
            found.append(at)
        at += 9 + length
    return found


def test_each_damaged_part_is_told_and_many_are_counted(tmp_path):
    bag = Bag(tmp_path / "r.mcap", chunk_size=1)
    channel = bag.channel("/said")
    for at_s in range(12):
        bag.say(channel, at_s, told(TEXT, "hello"))
    data = bytearray(bag.close().read_bytes())
    places = chunks(data)
    assert len(places) >= 12
    for count, lines in ((3, 3), (8, 6)):
        broken = bytearray(data)
        for place in places[2 : 2 + count]:
            # within the packed messages: the checksum no longer fits
            (length,) = struct.unpack_from("<Q", broken, place + 1)
            broken[place + 9 + length - 1] ^= 0xFF
        bag.path.write_bytes(broken)
        recording = read_recording(bag.path, ("/said",))
        assert len(recording.problems) == lines
        assert all("is damaged at" in problem for problem in recording.problems[: min(count, 5)])
        assert len(recording.messages["/said"]) == 12 - count
    assert recording.problems[-1] == "r.mcap has lost 3 more parts like these"


def test_a_chunk_that_claims_to_be_huge_is_left_out(tmp_path):
    bag = Bag(tmp_path / "r.mcap", chunk_size=1, compression=CompressionType.ZSTD)
    channel = bag.channel("/said")
    for at_s in range(5):
        bag.say(channel, at_s, told(TEXT, "hello"))
    data = bytearray(bag.close().read_bytes())
    struct.pack_into("<Q", data, chunks(data)[3] + 9 + 16, 1 << 60)
    bag.path.write_bytes(data)
    recording = read_recording(bag.path, ("/said",))
    assert len(recording.messages["/said"]) == 4
    assert "is said to hold 1152921504606846976" in recording.problems[0]


def test_a_recording_of_strangers_becomes_a_report(tmp_path, capsys, monkeypatch):
    from lupex_cli.report import main

    bag = Bag(tmp_path / "bag" / "r.mcap")
    for topic in (TRUTH, MISSION, FAULTS):
        bag.say(bag.channel(topic), 1.0, told(TEXT, "hello"))
    bag.close()
    monkeypatch.setattr("sys.argv", ["report", str(tmp_path / "bag"), "--out", str(tmp_path / "out")])
    assert main() == 0
    assert (tmp_path / "out" / "report.html").read_text().count("not ours") >= 3
