# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import shutil

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import MISSION, THIN_S, TRUTH, WANTED, extract
from lupex_analysis.storage import ReadingError


@pytest.fixture
def copy(sortie_bag, tmp_path):
    return shutil.copytree(sortie_bag, tmp_path / "copy")


def file_of(bag):
    return next(bag.glob("*.mcap"))


def test_columns_are_numbers_by_message(sortie_bag):
    recording = read_recording(sortie_bag, (TRUTH,))
    columns = recording.columns(TRUTH, ("x_m", "soc", "tipped", "nothing"))
    assert columns["t"][0] == 1030.0
    assert np.all(np.diff(columns["t"]) == 5.0)
    assert np.all(columns["soc"] > 0.5)
    assert np.all(columns["tipped"] == 0)
    assert np.all(np.isnan(columns["nothing"]))
    assert len(recording.columns("/absent", ("x",))["x"]) == 0
    assert recording.custom["world"] == "ridge"


def test_a_thinned_topic_is_counted_whole(sortie_bag):
    whole = read_recording(sortie_bag, (TRUTH,))
    thin = read_recording(sortie_bag, (TRUTH,), {TRUTH: 20.0})
    assert thin.counts == whole.counts
    assert len(thin.messages[TRUTH]) == -(-len(whole.messages[TRUTH]) // 4)
    assert thin.messages[TRUTH][1].header.stamp.sec == 1050


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_a_truncated_bag_is_read_as_far_as_it_goes(copy, share):
    whole = read_recording(copy, (TRUTH,))
    file = file_of(copy)
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    if share < 0.05:
        with pytest.raises(ReadingError, match="holds no message"):
            read_recording(copy, (TRUTH,))
        return
    cut = read_recording(copy, (TRUTH,))
    assert 0 < len(cut.messages[TRUTH]) <= len(whole.messages[TRUTH])
    assert "as far as it goes" in cut.problems[0]


def damage(file, number):
    """Overwrite part of a chunk, counted from 0."""
    data = bytearray(file.read_bytes())
    at = -1
    for _ in range(number + 1):
        at = data.index(b"zstd", at + 1)
    data[at + 1000 : at + 1064] = bytes(64)
    file.write_bytes(data)


def test_a_damaged_chunk_is_left_out_and_said(copy):
    whole = read_recording(copy, (TRUTH,))
    damage(file_of(copy), 3)
    recording = read_recording(copy, (TRUTH,))
    assert any("damaged" in problem for problem in recording.problems)
    assert 0 < len(recording.messages[TRUTH]) < len(whole.messages[TRUTH])
    assert recording.messages[TRUTH][-1].header.stamp == whole.messages[TRUTH][-1].header.stamp


def test_topics_whose_description_is_lost_are_left_out_and_said(copy):
    file = file_of(copy)
    damage(file, 0)
    damage(file, 1)
    # its summary describes them once more
    assert not any("description" in problem for problem in read_recording(copy, (TRUTH,)).problems)
    file.write_bytes(file.read_bytes()[:-1])
    recording = read_recording(copy, (TRUTH,))
    assert any("description is lost" in problem for problem in recording.problems)


def test_a_missing_metadata_is_rebuilt(copy):
    (copy / "metadata.yaml").unlink()
    rebuilt = read_recording(copy, (TRUTH,)).rebuilt
    topic = next(topic for topic in rebuilt.topics if topic.name == "/plan/sortie")
    assert topic.qos[0].durability == "transient_local"
    assert topic.type_hash.startswith("RIHS01_")
    assert rebuilt.count == sum(read_recording(copy, ()).counts.values())


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_a_bag_of_rosbag2_with_our_topics_is_read(store, sortie_bag, tmp_path, plugin):
    ours = read_recording(sortie_bag, WANTED, THIN_S)
    with Writer(tmp_path / "other", version=9, storage_plugin=plugin) as writer:
        for topic in (TRUTH, MISSION):
            connection = writer.add_connection(topic, ours.types[topic], typestore=store)
            for message, received in zip(ours.messages[topic], ours.received_ns[topic], strict=True):
                writer.write(connection, int(received), store.serialize_cdr(message, ours.types[topic]))
    other = read_recording(tmp_path / "other", WANTED, THIN_S)
    assert other.counts == {topic: ours.counts[topic] for topic in sorted((TRUTH, MISSION))}
    assert not other.problems
    np.testing.assert_array_equal(extract(other).truth["x_m"], extract(ours).truth["x_m"])


def test_a_foreign_bag_is_read_without_our_topics(store, tmp_path):
    with Writer(tmp_path / "foreign", version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        kind = "std_msgs/msg/String"
        connection = writer.add_connection("/chatter", kind, typestore=store)
        writer.write(connection, 5, store.serialize_cdr(store.types[kind](data="hello"), kind))
    recording = read_recording(tmp_path / "foreign", WANTED, THIN_S)
    assert recording.counts == {"/chatter": 1}
    assert not recording.messages


def write(path, data=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda d: d / "absent", "does not exist"),
        (lambda d: write(d / "notes.txt", b"hello"), "not a recording"),
        (lambda d: write(d / "empty" / "readme").parent, "holds no recording"),
        (lambda d: write(d / "bag" / "bag_0.mcap").parent, "is empty"),
        (lambda d: write(d / "bag" / "bag_0.mcap", b"garbage" * 100).parent, "not an MCAP file"),
        (lambda d: write(d / "bag" / "bag_0.mcap", b"\x89MCAP0\r\n").parent, "holds no message"),
        (lambda d: write(d / "bag" / "bag_0.db3", b"garbage" * 100).parent, "is no recording of rosbag2"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path, make, word):
    with pytest.raises(ReadingError, match=word) as caught:
        read_recording(make(tmp_path), WANTED)
    assert "\n" not in str(caught.value)
