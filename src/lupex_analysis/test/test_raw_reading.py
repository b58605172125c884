# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import shutil

import pytest

from lupex_analysis.raw_reading import RawMessage, clock_of, in_order, open_raw
from lupex_analysis.reading import read_recording
from lupex_analysis.storage import ReadingError
from lupex_recorder.config import Limits
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import Recorder
from lupex_recorder.schemas import Schema
from lupex_system_tests.bag_forms import to_sqlite

TRUTH = "/truth/state"


def test_it_gives_the_messages_that_the_reader_decodes(sortie_bag):
    recording, raw = read_recording(sortie_bag, (TRUTH,)), open_raw(sortie_bag)
    assert {name: topic.count for name, topic in raw.topics.items()} == dict(recording.counts)
    assert (raw.start_ns, raw.end_ns, raw.custom) == (recording.start_ns, recording.end_ns, recording.custom)
    decode = raw.topics[TRUTH].decoder()
    messages = list(raw.messages({TRUTH}))
    assert [message.log_ns for message in messages] == list(recording.received_ns[TRUTH])
    assert [str(decode(message.data)) for message in messages] == [str(each) for each in recording.messages[TRUTH]]
    assert raw.topics["/plan/sortie"].latched
    assert not raw.topics[TRUTH].latched
    assert raw.topics[TRUTH].type_hash.startswith("RIHS01_")


def test_sqlite_gives_the_same(sortie_bag, tmp_path):
    raw, other = open_raw(sortie_bag), open_raw(to_sqlite(sortie_bag, tmp_path / "sqlite"))
    assert [tuple(m) for m in other.messages({TRUTH})] == [tuple(m) for m in raw.messages({TRUTH})]
    assert other.topics[TRUTH].type_hash == raw.topics[TRUTH].type_hash
    assert other.topics["/plan/sortie"].latched
    assert (other.start_ns, other.end_ns) == (raw.start_ns, raw.end_ns)


def test_a_bag_cut_short_is_read_as_far_as_it_goes(sortie_bag, tmp_path):
    bag = shutil.copytree(sortie_bag, tmp_path / "cut")
    file = next(bag.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    raw = open_raw(bag)
    assert "as far as it goes" in raw.problems[0]
    assert 0 < len(list(raw.messages({TRUTH}))) == raw.topics[TRUTH].count


def test_messages_come_by_their_time_and_those_of_one_time_as_they_lie(tmp_path):
    recorder = Recorder(tmp_path / "bag", Limits(free_mb=0.0))
    for name in "/a", "/b":
        recorder.add_topic(name, Schema("std_msgs/msg/Empty", "", ""), [Qos()])
    for topic, at in (("/a", 10), ("/a", 30), ("/b", 10), ("/b", 20), ("/a", 20), ("/b", 40)):
        recorder.write(topic, b"\x00\x01\x00\x00\x00", at, at + 1)
    recorder.close()
    raw = open_raw(tmp_path / "bag")
    assert raw.disorder_ns == 20
    found = [(message.topic, message.log_ns) for message in raw.messages({"/a", "/b"})]
    assert found == [("/a", 10), ("/b", 10), ("/b", 20), ("/a", 20), ("/a", 30), ("/b", 40)]
    assert {message.publish_ns - message.log_ns for message in raw.messages({"/a"})} == {1}


def test_what_is_put_in_order_waits_no_longer_than_needed():
    taken = []

    def messages():
        for at in (5, 3, 9, 7, 30):
            taken.append(at)
            yield RawMessage("/a", at, at, b"")

    ordered = in_order(messages(), 2)
    assert next(ordered).log_ns == 3
    assert taken == [5, 3, 9]
    assert [message.log_ns for message in ordered] == [5, 7, 9, 30]


def test_the_clock_is_read(tape_for, tmp_path):
    tape = tape_for(tmp_path / "bag")
    for t_s in (1000.0, 1000.08):
        kind = "rosgraph_msgs/msg/Clock"
        tape.put("/clock", kind, t_s, clock=tape.time(t_s))
    tape.recorder.close()
    raw = open_raw(tmp_path / "bag")
    assert [told for _, told in clock_of(raw)] == [1_000_000_000_000, 1_000_080_000_000]


@pytest.mark.parametrize("content", [None, b"", b"no bag"])
def test_no_bag_is_one_sentence(tmp_path, content):
    bag = tmp_path / "bag"
    if content is not None:
        bag.mkdir()
        (bag / "bag_0.mcap").write_bytes(content)
    with pytest.raises(ReadingError):
        open_raw(bag)
