# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of ROS 1 that was cut has no index: its chunks are read all the same, and what is lost is told."""

import struct

import pytest
from rosbags.rosbag1 import Writer

from lupex_analysis.reading import read_recording
from lupex_analysis.recovery import recover
from lupex_analysis.ros1_records import MAGIC
from lupex_analysis.sortie import ASKED
from lupex_analysis.storage import ReadingError
from lupex_system_tests import odd_bags
from lupex_system_tests.odd_bags import messages_of, ros1_bag

FORMS = {"none": None, "bz2": Writer.CompressionFormat.BZ2, "lz4": Writer.CompressionFormat.LZ4}
NO_INDEX = "it has no index that can be used"


@pytest.fixture(params=FORMS)
def whole(request, tmp_path, monkeypatch):
    """Return a bag in many small chunks, and the messages that are in it."""

    class Chunked(Writer):
        def __init__(self, path):
            super().__init__(path)
            self.chunk_threshold = 4096
            if FORMS[request.param]:
                self.set_compression(FORMS[request.param])

    monkeypatch.setattr(odd_bags, "Ros1Writer", Chunked)
    messages = messages_of(200)
    return ros1_bag(tmp_path / "whole.bag", messages), messages


def end_of_chunks(path):
    """Return where the index begins: the first record tells."""
    data = path.read_bytes()
    return struct.unpack_from("<Q", data, data.index(b"index_pos=") + len(b"index_pos="))[0]


def test_each_whole_chunk_before_a_cut_is_read(whole, tmp_path):
    path, messages = whole
    data = path.read_bytes()
    before = 0
    for share in (0.3, 0.6, 0.9):
        cut = tmp_path / f"cut_{share}.bag"
        cut.write_bytes(data[: int(share * end_of_chunks(path))])
        recording = read_recording(cut, ASKED)
        times = [round(m[2] * odd_bags.NS) for m in messages if m[0] == "/odom"]
        held = list(recording.received_ns["/odom"])
        # all of a beginning, in order, with nothing left out between
        assert held == times[: len(held)]
        assert len(held) > before
        before = len(held)
        assert sum(NO_INDEX in problem for problem in recording.problems) == 1
        assert len(recording.problems) <= 3
    assert before < 200


def test_a_cut_behind_the_last_chunk_loses_the_index_alone(whole, tmp_path):
    path, messages = whole
    cut = tmp_path / "cut.bag"
    cut.write_bytes(path.read_bytes()[: end_of_chunks(path)])
    recording = read_recording(cut, ASKED)
    assert sum(recording.counts.values()) == len(messages)
    assert len(recording.problems) == 1
    assert NO_INDEX in recording.problems[0]


def test_a_damaged_chunk_is_left_out_and_the_next_is_read(whole, tmp_path):
    path, messages = whole
    data = bytearray(path.read_bytes()[: end_of_chunks(path)])
    at = data.index(b"op=\x05", len(data) // 3) + 80
    # long enough to meet the length of a record where nothing is compressed
    wide = 2048 if b"compression=none" in data else 48
    data[at : at + wide] = b"\xff" * wide
    broken = tmp_path / "broken.bag"
    broken.write_bytes(data)
    recording = read_recording(broken, ASKED)
    assert 20 < recording.counts["/odom"] < 200
    assert recording.end_ns == round(messages[-1][2] * odd_bags.NS)
    assert any("damaged at" in problem for problem in recording.problems)


def test_a_cut_bag_is_recovered_whole(whole, tmp_path):
    path, _ = whole
    cut = tmp_path / "cut.bag"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = recover(cut, tmp_path / "new")
    assert any(NO_INDEX in loss for loss in done.losses)
    made, held = read_recording(tmp_path / "new", ASKED), read_recording(cut, ASKED)
    assert made.problems == ()
    assert made.counts == held.counts
    assert done.messages == sum(held.counts.values())


@pytest.mark.parametrize("data", [b"", b"#ROSBAG V1.1\n", MAGIC, MAGIC + b"\xff" * 50, MAGIC + b"\x10\x00\x00\x00ab"])
def test_what_holds_no_message_is_refused_in_a_sentence(data, tmp_path):
    path = tmp_path / "none.bag"
    path.write_bytes(data)
    with pytest.raises(ReadingError, match=r"none\.bag"):
        read_recording(path, ASKED)
