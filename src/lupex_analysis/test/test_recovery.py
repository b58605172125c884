# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A recovered recording holds every message of an intact part, wherever the other was cut or damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType
from rosbags.highlevel import AnyReader

from lupex_analysis.raw_reading import open_raw
from lupex_analysis.reading import read_recording
from lupex_analysis.recovery import recover
from lupex_analysis.storage import ReadingError
from lupex_system_tests.odd_bags import chunks_of, mcap_bag, messages_of, ros1_bag, sqlite_bag


def held(path):
    raw = open_raw(path)
    return [(m.topic, m.log_ns, m.data) for m in raw.messages(set(raw.topics))]


MESSAGES = messages_of(60)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole")
    return mcap_bag(directory / "r.mcap", MESSAGES, chunk_size=2000, compression=CompressionType.ZSTD)


@pytest.fixture
def whole(file):
    return file.read_bytes()


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(cut=st.data())
def test_every_intact_chunk_is_recovered_at_any_cut(file, tmp_path_factory, cut):
    directory, whole = tmp_path_factory.mktemp("cut"), file.read_bytes()
    length = cut.draw(st.integers(1, len(whole)))
    (directory / "r.mcap").write_bytes(whole[:length])
    expected = set().union(*(messages for _, end, messages in chunks_of(whole, MESSAGES) if end <= length))
    if not expected:
        with pytest.raises(ReadingError):
            recover(directory / "r.mcap", directory / "out")
        assert not (directory / "out").exists()
        return
    found = recover(directory / "r.mcap", directory / "out")
    assert set(held(directory / "out")) == expected
    assert found.messages == len(expected)
    assert bool(found.losses) == (length < len(whole))


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(fault=st.data())
def test_every_intact_chunk_is_recovered_around_any_damage(file, tmp_path_factory, fault):
    directory, whole = tmp_path_factory.mktemp("damaged"), file.read_bytes()
    begin = fault.draw(st.integers(0, len(whole) - 60))
    noise = fault.draw(st.binary(min_size=1, max_size=60))
    (directory / "r.mcap").write_bytes(whole[:begin] + noise + whole[begin + len(noise) :])
    intact = (messages for a, b, messages in chunks_of(whole, MESSAGES) if b <= begin or a >= begin + len(noise))
    recover(directory / "r.mcap", directory / "out")
    assert set().union(*intact) <= set(held(directory / "out"))


def test_what_is_written_is_whole_indexed_and_described(whole, tmp_path):
    (tmp_path / "r.mcap").write_bytes(whole[: len(whole) * 2 // 3])
    found = recover(tmp_path / "r.mcap", tmp_path / "out")
    assert found.file == tmp_path / "out" / "out_0.mcap"
    with found.file.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary.statistics.message_count == found.messages
    assert len(summary.chunk_indexes) >= 1
    assert read_recording(tmp_path / "out", ()).problems == ()
    with AnyReader([tmp_path / "out"]) as reader:
        assert reader.message_count == found.messages
        assert {connection.topic for connection in reader.connections} == {"/odom", "/said"}


@pytest.mark.parametrize("make", [sqlite_bag, ros1_bag])
def test_other_forms_become_one_file_too(tmp_path, make):
    suffix = ".bag" if make is ros1_bag else ".db3"
    file = make(tmp_path / f"r{suffix}", messages_of(20))
    found = recover(file, tmp_path / "out")
    assert found.losses == ()
    assert held(tmp_path / "out") == held(file)


def test_parts_become_one_file_and_missing_ones_are_told(tmp_path):
    mcap_bag(tmp_path / "bag" / "r_0.mcap", messages_of(10, 1000.0))
    mcap_bag(tmp_path / "bag" / "r_1.mcap", messages_of(10, 2000.0))
    (tmp_path / "bag" / "metadata.yaml").write_text(
        "rosbag2_bagfile_information:\n  relative_file_paths: [r_0.mcap, r_1.mcap, r_2.mcap]\n  message_count: 39\n"
    )
    found = recover(tmp_path / "bag", tmp_path / "out")
    assert found.messages == 26
    assert found.losses == (
        "r_2.mcap is missing, which metadata.yaml lists",
        "it holds 26 of 39 messages that metadata.yaml tells of",
    )


def test_nothing_is_overwritten_and_nothing_half_written(whole, tmp_path):
    (tmp_path / "r.mcap").write_bytes(whole)
    (tmp_path / "there").mkdir()
    with pytest.raises(ReadingError, match="exists already"):
        recover(tmp_path / "r.mcap", tmp_path / "there")
    (tmp_path / "none.mcap").write_bytes(whole[:8])
    with pytest.raises(ReadingError, match="holds no message"):
        recover(tmp_path / "none.mcap", tmp_path / "out")
    assert not (tmp_path / "out").exists()
