# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of others, and damaged ones: what can be read is, and what cannot is said in a sentence."""

import shutil
import sqlite3
import struct

import pytest
import yaml
import zstandard
from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore

from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.raw_reading import open_raw
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import FAULTS, MISSION, THIN_S, TRUTH, WANTED, extract
from lupex_analysis.storage import ReadingError

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
    # what a publisher's history is, discovery does not tell
    odd = offered(BY_NUMBER.replace("history: 1", "history: 3").replace("durability: 1", "durability: 4"))[0]
    assert (odd.history, odd.durability) == ("unknown", "best_available")
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
    for count, lines in ((3, 4), (8, 7)):
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
    assert recording.problems[-2:] == (
        "r.mcap has lost 3 more parts like these",
        "it holds 4 of 12 messages that its own summary tells of",
    )
    assert "from 2.0 s to 2.0 s" in recording.problems[0]


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


def said(path):
    """Return what the recording holds of /said."""
    return [message.data for message in read_recording(path, ("/said",)).messages["/said"]]


def part(path, *texts, at_s=0.0):
    bag = Bag(path)
    channel = bag.channel("/said")
    for k, text in enumerate(texts):
        bag.say(channel, at_s + k, told(TEXT, text))
    return bag.close()


def describe(directory, files, count):
    information = {"relative_file_paths": list(files), "message_count": count}
    (directory / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": information}))


def sqlite(path, *texts):
    """Write a recording of rosbag2's other storage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as base:
        base.execute(
            "create table topics(id integer primary key, name, type, serialization_format, offered_qos_profiles)"
        )
        base.execute("create table messages(id integer primary key, topic_id, timestamp, data)")
        base.execute("insert into topics values (1, '/said', ?, 'cdr', '')", (TEXT,))
        for k, text in enumerate(texts):
            row = (1, 10**9 * (k + 1), told(TEXT, text))
            base.execute("insert into messages(topic_id, timestamp, data) values (?, ?, ?)", row)
    base.close()


def test_two_recordings_in_a_directory_are_not_mixed(tmp_path):
    for name in ("run_a", "run_b"):
        part(tmp_path / f"{name}.mcap", name)
    with pytest.raises(ReadingError, match=r"more than one recording \(run_a.mcap and run_b.mcap\)"):
        read_recording(tmp_path, ("/said",))
    assert said(tmp_path / "run_b.mcap") == ["run_b"]
    describe(tmp_path, ["run_b.mcap"], 1)
    assert said(tmp_path) == ["run_b"]
    assert read_recording(tmp_path, ("/said",)).problems == ("run_a.mcap is no listed part of it and is left out",)


def test_parts_that_were_compressed_are_read_with_those_that_were_not(tmp_path):
    for number in range(3):
        part(tmp_path / f"bag_{number}.mcap", f"{number}", at_s=10.0 * number)
    for number in range(2):
        plain = tmp_path / f"bag_{number}.mcap"
        (tmp_path / f"bag_{number}.mcap.zstd").write_bytes(zstandard.compress(plain.read_bytes()))
        if number == 0:
            plain.unlink()
    before = sorted(tmp_path.iterdir())
    assert said(tmp_path) == ["0", "1", "2"]
    assert open_raw(tmp_path).topics["/said"].count == 3
    describe(tmp_path, [f"bag_{number}.mcap" for number in range(3)], 3)
    assert said(tmp_path) == ["0", "1", "2"]
    assert [file for file in sorted(tmp_path.iterdir()) if file.name != "metadata.yaml"] == before
    (tmp_path / "bag_0.mcap.zstd").write_bytes(b"nothing of the kind")
    assert said(tmp_path) == ["1", "2"]
    problems = read_recording(tmp_path, ("/said",)).problems
    assert "bag_0.mcap.zstd cannot be unpacked" in problems[0]
    assert problems[1] == "it holds 2 of 3 messages that metadata.yaml tells of"
    with pytest.raises(ReadingError, match=r"bag_0.mcap.zstd cannot be unpacked"):
        read_recording(tmp_path / "bag_0.mcap.zstd", ("/said",))


def test_fewer_messages_than_are_described_are_noted(tmp_path):
    part(tmp_path / "bag_0.mcap", "a", "b")
    describe(tmp_path, ["bag_0.mcap"], 5)
    assert read_recording(tmp_path, ("/said",)).problems == ("it holds 2 of 5 messages that metadata.yaml tells of",)


def test_the_other_storage_is_read_without_a_description_and_file_by_file(tmp_path):
    sqlite(tmp_path / "alone" / "bag_0.db3", "a", "b")
    assert said(tmp_path / "alone") == ["a", "b"]
    assert open_raw(tmp_path / "alone").topics["/said"].count == 2
    sqlite(tmp_path / "alone" / "other.db3", "c")
    assert said(tmp_path / "alone" / "other.db3") == ["c"]
    with pytest.raises(ReadingError, match="more than one recording"):
        read_recording(tmp_path / "alone", ("/said",))
    (tmp_path / "alone" / "bag_1.db3").write_bytes(b"no base of data at all, but long enough to be looked at" * 9)
    with pytest.raises(ReadingError, match="is no recording of rosbag2"):
        read_recording(tmp_path / "alone" / "bag_1.db3", ("/said",))


def test_what_power_management_told_before_its_first_reading_is_none(sortie_bag, tmp_path):
    """Zeros for what is not known yet, at a stamp of 0."""
    copy = shutil.copytree(sortie_bag, tmp_path / "copy")
    whole = extract(read_recording(copy, WANTED, THIN_S))
    recording = read_recording(copy, WANTED, THIN_S)
    first = recording.messages["/power/status"][0]
    first.header.stamp.sec = first.header.stamp.nanosec = 0
    first.soc = 0.0
    found = extract(recording)
    assert len(found.power["t"]) == len(whole.power["t"]) - 1
    assert found.power["soc"].min() > 0.0


def test_a_time_without_any_message_is_noted(tmp_path):
    bag = Bag(tmp_path / "r.mcap")
    channel = bag.channel("/said")
    for at_s in (*range(1000, 1100, 4), *range(1300, 1400, 4)):
        bag.say(channel, at_s, told(TEXT, "hello"))
    recording = read_recording(bag.close(), ())
    assert len(recording.problems) == 1
    words = recording.problems[0].split()
    assert words[:3] == ["no", "message", "between"]
    # to a span of 5 s
    assert float(words[3]) == pytest.approx(98.0, abs=5.0)
    assert float(words[6]) == pytest.approx(300.0, abs=5.0)
