# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One recording in every form that others store it in says the same, and a cut or damaged one says what is lost."""

import shutil

import numpy as np
import pytest
import yaml
import zstandard
from mcap.writer import CompressionType, IndexType

from lupex_analysis.collecting import Wanted
from lupex_analysis.raw_reading import open_raw
from lupex_analysis.reading import Span, read_recording
from lupex_analysis.storage import ReadingError
from lupex_system_tests.odd_bags import mcap_bag, messages_of, odometry, ros1_bag, sqlite_bag, text

MESSAGES = messages_of()
X = "pose.pose.position.x"
ASKED = Wanted(topics={"/said": "std_msgs/msg/String"}, columns={"/odom": [X]})


def packed_messages(path):
    pack = zstandard.ZstdCompressor().compress
    return mcap_bag(path, [(topic, kind, at_s, pack(data)) for topic, kind, at_s, data in MESSAGES])


def packed_rows(path):
    pack = zstandard.ZstdCompressor().compress
    return sqlite_bag(path, [(topic, kind, at_s, pack(data)) for topic, kind, at_s, data in MESSAGES])


def packed_file(make):
    def write(path):
        plain = make(path)
        packed = plain.with_name(plain.name + ".zstd")
        packed.write_bytes(zstandard.compress(plain.read_bytes()))
        plain.unlink()
        return packed

    return write


def form(name, **options):
    return lambda path: mcap_bag(path.with_suffix(name), MESSAGES, **options)


FORMS = {
    "chunks": form(".mcap", chunk_size=500),
    "zstd": form(".mcap", compression=CompressionType.ZSTD),
    "lz4": form(".mcap", compression=CompressionType.LZ4, chunk_size=900),
    "no chunks": form(".mcap", use_chunking=False),
    "no index": form(".mcap", index_types=IndexType.NONE, use_statistics=False, use_summary_offsets=False),
    "no summary": form(".mcap", index_types=IndexType.NONE, use_statistics=False, use_summary_offsets=False,
        repeat_channels=False, repeat_schemas=False, enable_crcs=False),
    "messages packed": lambda path: packed_messages(path.with_suffix(".mcap")),
    "file packed": packed_file(form(".mcap")),
    "sqlite": lambda path: sqlite_bag(path.with_suffix(".db3"), MESSAGES),
    "sqlite log left": lambda path: sqlite_bag(path.with_suffix(".db3"), MESSAGES, keep_log=True),
    "sqlite file packed": packed_file(lambda path: sqlite_bag(path.with_suffix(".db3"), MESSAGES)),
    "sqlite messages packed": lambda path: packed_rows(path.with_suffix(".db3")),
    "ros1": lambda path: ros1_bag(path.with_suffix(".bag"), MESSAGES),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_form_says_the_same(tmp_path, name):
    file = FORMS[name](tmp_path / "bag" / "r")
    for path in (file, file.parent):
        before = {each: each.read_bytes() for each in file.parent.iterdir()}
        recording = read_recording(path, ASKED)
        assert recording.problems == ()
        assert recording.counts == {"/odom": 40, "/said": 10}
        assert [message.data for message in recording.messages["/said"]] == [f"word {k}" for k in range(0, 40, 4)]
        columns = recording.columns("/odom", [X, "twist.twist.linear.x"])
        np.testing.assert_array_equal(columns[X], [0.1 * k for k in range(40)])
        np.testing.assert_array_equal(columns["t"], [1000.0 + 0.5 * k for k in range(40)])
        raw = open_raw(path)
        assert raw.topics["/odom"].count == 40
        assert [message.log_ns for message in raw.messages({"/said"})] == list(recording.received_ns["/said"])
        assert {each: each.read_bytes() for each in file.parent.iterdir()} == before


def test_a_log_left_in_a_directory_that_cannot_be_written_is_read(tmp_path):
    file = sqlite_bag(tmp_path / "bag" / "r.db3", MESSAGES, keep_log=True)
    file.parent.chmod(0o500)
    try:
        assert read_recording(file, ASKED).counts == {"/odom": 40, "/said": 10}
    finally:
        file.parent.chmod(0o700)


def test_parts_that_are_listed_and_missing_are_told(tmp_path):
    mcap_bag(tmp_path / "r_0.mcap", MESSAGES)
    information = {"relative_file_paths": ["r_0.mcap", "r_1.mcap"], "message_count": 90}
    (tmp_path / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": information}))
    said = ("r_1.mcap is missing, which metadata.yaml lists", "it holds 50 of 90 messages that metadata.yaml tells of")
    assert read_recording(tmp_path, ASKED).problems == said
    assert open_raw(tmp_path).problems == said


@pytest.mark.parametrize("name", ["chunks", "no chunks", "zstd", "lz4"])
def test_whatever_is_cut_off_what_stands_before_is_read(tmp_path, name):
    file = FORMS[name](tmp_path / "r")
    whole, cut = file.read_bytes(), tmp_path / "cut.mcap"
    counts = []
    for length in range(8, len(whole), 211):
        cut.write_bytes(whole[:length])
        try:
            recording = read_recording(cut, ASKED)
        except ReadingError:
            assert not counts or counts[-1] == 0
            counts.append(0)
            continue
        count = recording.counts["/odom"]
        counts.append(count)
        np.testing.assert_array_equal(recording.columns("/odom", [X])[X], [0.1 * k for k in range(count)])
        assert any("as far as it goes: it is cut off after" in problem for problem in recording.problems)
    assert counts == sorted(counts)
    assert counts[-1] == 40


def test_records_behind_bytes_that_are_none_are_found(tmp_path):
    file = mcap_bag(tmp_path / "r.mcap", MESSAGES, chunk_size=500, compression=CompressionType.ZSTD)
    whole = file.read_bytes()
    damaged = bytearray(whole)
    # the length of what stands there no longer fits, and neither does what follows
    middle = len(whole) // 3
    damaged[middle : middle + 300] = b"\xff" * 300
    file.write_bytes(damaged)
    recording = read_recording(file, ASKED)
    x = recording.columns("/odom", [X])[X]
    assert x[0] == 0.0
    assert x[-1] == 0.1 * 39
    assert 34 <= len(x) < 40
    assert any("is damaged at" in problem for problem in recording.problems)
    assert recording.problems[-1].endswith("messages that its own summary tells of")
    file.write_bytes(whole[200:])
    assert "does not begin as an MCAP file does" in read_recording(file, ASKED).problems[0]


def test_a_part_of_the_time_is_read(tmp_path):
    file = mcap_bag(tmp_path / "r.mcap", MESSAGES)
    for span, first, last in (
        (Span(5.0, 10.0), 10, 20),
        (Span(from_s=15.0), 30, 39),
        (Span(until_s=-1.0), None, None),
        (Span(1005.0, 1010.0), None, None),
    ):
        if first is None:
            with pytest.raises(ReadingError, match="no message in the time asked for"):
                read_recording(file, ASKED, span=span)
            continue
        x = read_recording(file, ASKED, span=span).columns("/odom", [X])[X]
        np.testing.assert_array_equal(x, [0.1 * k for k in range(first, last + 1)])


def test_parts_are_put_in_order_by_their_time(tmp_path):
    """Whatever they are called: also of a recording that began anew, whose runs lie in files of their own."""
    early, late = messages_of(20, 1000.0), messages_of(20, 2000.0)
    mcap_bag(tmp_path / "r_0.mcap", late)
    mcap_bag(tmp_path / "r_1.mcap", early)
    recording = read_recording(tmp_path, ASKED)
    assert recording.columns("/odom", [])["t"][0] == 1000.0
    assert list(np.diff(recording.received_ns["/odom"]) > 0) == [True] * 39
    assert not any("goes back" in problem for problem in recording.problems)


def test_a_sqlite_file_that_is_damaged_is_read_as_far_as_it_goes(tmp_path):
    file = sqlite_bag(tmp_path / "r.db3", messages_of(400))
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    file.write_bytes(data)
    recording = read_recording(file, ASKED)
    assert 100 < recording.counts["/odom"] < 400
    assert any("r.db3 is read as far as it goes: after row" in problem for problem in recording.problems)
    assert recording.columns("/odom", [])["t"][-1] == 1199.5


def test_a_packed_file_that_is_cut_is_read_as_far_as_it_goes(tmp_path):
    plain = mcap_bag(tmp_path / "plain" / "r.mcap", messages_of(4000), chunk_size=5000)
    packed = zstandard.compress(plain.read_bytes())
    file = tmp_path / "r.mcap.zstd"
    file.write_bytes(packed[: len(packed) * 3 // 4])
    recording = read_recording(file, ASKED)
    assert 100 < recording.counts["/odom"] < 4000
    assert "r.mcap.zstd is read as far as it goes" in recording.problems[0]
    file.write_bytes(packed[:20])
    with pytest.raises(ReadingError, match="cannot be unpacked"):
        read_recording(file, ASKED)


def test_the_definitions_of_a_foreign_bag_of_ros1_do_not_matter_to_what_is_asked(tmp_path):
    file = ros1_bag(tmp_path / "r.bag", [("odom", "nav_msgs/msg/Odometry", 1000.0, odometry(1000.0, 7.0)),
        ("/said", "std_msgs/msg/String", 1000.5, text("hello"))])  # fmt: skip
    recording = read_recording(file, ASKED)
    assert recording.columns("/odom", [X])[X] == [7.0]
    broken = tmp_path / "cut.bag"
    broken.write_bytes(file.read_bytes()[:-100])
    cut = read_recording(broken, ASKED)
    assert cut.columns("/odom", [X])[X] == [7.0]
    assert any("no index" in problem for problem in cut.problems)


def test_a_copy_of_the_log_is_not_left_behind(tmp_path):
    file = sqlite_bag(tmp_path / "bag" / "r.db3", MESSAGES, keep_log=True)
    shutil.copytree(file.parent, tmp_path / "other")
    read_recording(tmp_path / "other", ASKED)
    assert sorted(each.name for each in (tmp_path / "other").iterdir()) == ["r.db3", "r.db3-wal"]
