# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from lupex_analysis.reading import read_recording
from lupex_models.configuration import ConfigurationError
from lupex_recorder.config import Limits
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import Recorder, RecordingError
from lupex_recorder.schemas import Schema
from lupex_recorder.selection import recorded, thinning

ANY_DISK = Limits(free_mb=0.0)


@pytest.fixture(scope="session")
def text_schema(store):
    kind = "std_msgs/msg/String"
    return Schema(kind, store.generate_msgdef(kind, ros_version=2)[0], store.hash_rihs01(kind))


@pytest.fixture(scope="session")
def payload(store):
    cls = store.types["std_msgs/msg/String"]
    return lambda text: bytes(store.serialize_cdr(cls(data=text), "std_msgs/msg/String"))


def fill(recorder, schema, payload, count, size=200):
    recorder.add_topic("/said", schema, [Qos()])
    for i in range(count):
        recorder.write("/said", payload(f"{i:06d} " + os.urandom(size // 2).hex()), 10**9 + i, 10**9 + i)


def test_rosbags_and_mcap_read_it(tmp_path, text_schema, payload):
    recorder = Recorder(tmp_path / "bag", ANY_DISK, {"world": "ridge"})
    fill(recorder, text_schema, payload, 500)
    recorder.close()
    with AnyReader([tmp_path / "bag"]) as reader:
        texts = [reader.deserialize(raw, c.msgtype).data for c, _, raw in reader.messages()]
        assert [text[:6] for text in texts] == [f"{i:06d}" for i in range(500)]
        assert reader.connections[0].ext.offered_qos_profiles[0].depth == 10
    with recorder.path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary.statistics.message_count == 500
    assert next(iter(summary.schemas.values())).encoding == "ros2msg"


def test_metadata_is_rosbag2_version_9(tmp_path, text_schema, payload):
    recorder = Recorder(tmp_path / "bag", ANY_DISK, {"world": "ridge"})
    fill(recorder, text_schema, payload, 3)
    recorder.close()
    found = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert found["version"] == 9
    assert found["storage_identifier"] == "mcap"
    assert found["relative_file_paths"] == ["bag_0.mcap"]
    assert found["message_count"] == 3
    assert found["starting_time"]["nanoseconds_since_epoch"] == 10**9
    assert found["duration"]["nanoseconds"] == 2
    assert found["custom_data"] == {"world": "ridge"}
    topic = found["topics_with_message_count"][0]["topic_metadata"]
    assert topic["type_description_hash"].startswith("RIHS01_")
    assert topic["offered_qos_profiles"][0]["reliability"] == "reliable"


def test_a_directory_with_a_bag_is_refused(tmp_path, text_schema, payload):
    Recorder(tmp_path / "bag", ANY_DISK).close()
    before = sorted((path.name, path.stat().st_size) for path in (tmp_path / "bag").iterdir())
    with pytest.raises(RecordingError, match="already holds a bag"):
        Recorder(tmp_path / "bag", ANY_DISK)
    assert sorted((path.name, path.stat().st_size) for path in (tmp_path / "bag").iterdir()) == before


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="not a directory"):
        Recorder(tmp_path / "file", ANY_DISK)
    with pytest.raises(RecordingError, match="nothing can be recorded"):
        Recorder(tmp_path / "file" / "below", ANY_DISK)


def test_the_size_limit_ends_a_whole_bag(tmp_path, text_schema, payload):
    recorder = Recorder(tmp_path / "bag", Limits(size_mb=1.0, free_mb=0.0))
    for _ in range(4):
        fill(recorder, text_schema, payload, 3000)
        recorder.flush()
    assert "limit of 1 MB" in recorder.stopped
    assert recorder.path.stat().st_size < 3e6
    assert not read_recording(tmp_path / "bag", ()).problems
    count = recorder.message_count
    recorder.write("/said", payload("late"), 5, 5)
    recorder.close()
    assert recorder.message_count == count


def test_a_nearly_full_disk_ends_a_whole_bag(tmp_path, text_schema, payload):
    recorder = Recorder(tmp_path / "bag", Limits(free_mb=1e6))
    fill(recorder, text_schema, payload, 10)
    recorder.flush()
    assert "MB are free" in recorder.stopped
    assert read_recording(tmp_path / "bag", ()).counts == {"/said": 10}


class FullDisk:
    """A file on a disk that holds so many bytes."""

    def __init__(self, file, room):
        self._file = file
        self._room = room

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            # a real disk takes what fits
            self._file.write(data[: self._room])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [60_000, 150_000, 250_000])
def test_a_full_disk_ends_the_recording_with_a_readable_file(tmp_path, text_schema, payload, monkeypatch, room):
    monkeypatch.setattr(Recorder, "_open", staticmethod(lambda path: FullDisk(path.open("xb"), room)))
    recorder = Recorder(tmp_path / "bag", ANY_DISK)
    for _ in range(10):
        fill(recorder, text_schema, payload, 300)
        recorder.flush()
    assert "No space left" in recorder.stopped
    recorder.close()
    recording = read_recording(recorder.path, ())
    assert not recording.problems
    assert 0 < recording.counts["/said"] <= 3000
    with recorder.path.open("rb") as file:
        assert sum(1 for _ in make_reader(file).iter_messages()) == recording.counts["/said"]


def test_a_killed_recorder_leaves_what_was_flushed(tmp_path, text_schema):
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from lupex_recorder.config import Limits
        from lupex_recorder.recorder import Recorder
        from lupex_recorder.schemas import Schema
        recorder = Recorder(Path(sys.argv[1]), Limits(free_mb=0.0))
        recorder.add_topic("/said", Schema("std_msgs/msg/String", "string data\\n", ""))
        for i in range(900):
            recorder.write("/said", b"\\0\\1\\0\\0\\2\\0\\0\\0a\\0", 10**9 + i, 10**9 + i)
            if i == 700:
                recorder.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(str(root / package) for package in ("lupex_recorder", "lupex_models"))
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "bag")], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    recording = read_recording(tmp_path / "bag", ("/said",))
    assert recording.counts == {"/said": 701}
    assert recording.messages["/said"][-1].data == "a"
    assert "cut off" in recording.problems[0]
    assert recording.rebuilt.count == 701


@pytest.mark.property
@given(
    sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=60),
    flushes=st.sets(st.integers(0, 60)),
    times=st.randoms(use_true_random=False),
)
def test_every_message_comes_back_in_the_order_of_its_reception(
    tmp_path_factory, text_schema, payload, sizes, flushes, times
):
    directory = tmp_path_factory.mktemp("bag") / "bag"
    recorder = Recorder(directory, Limits(chunk_bytes=4096, free_mb=0.0))
    recorder.add_topic("/said", text_schema)
    recorder.add_topic("/other", text_schema)
    sent = {"/said": [], "/other": []}
    for i, size in enumerate(sizes):
        topic = times.choice(["/said", "/other"])
        received_ns = 10**9 + times.randrange(1000)
        sent[topic].append((received_ns, i, "x" * size))
        recorder.write(topic, payload("x" * size), received_ns, 10**9 + i)
        if i in flushes:
            recorder.flush()
    recorder.close()
    recording = read_recording(directory, ("/said", "/other"))
    for topic, told in sent.items():
        assert [message.data for message in recording.messages.get(topic, ())] == [text for _, _, text in sorted(told)]
        assert recording.counts[topic] == len(told)


def test_excluded_and_hidden_topics_are_not_recorded():
    patterns = ("/lidar/points", "*image*", "/camera/*")
    assert recorded("/imu/data", patterns)
    assert recorded("/lidar/points_filtered", patterns)
    for topic in (
        "/lidar/points",
        "/nav/image_raw",
        "/camera/info",
        "/drill/acquire_sample/_action/status",
        "/_hidden",
    ):
        assert not recorded(topic, patterns)


def test_thinning_is_read_strictly():
    assert thinning(["/a=10", "/b/c=1"], "node") == {"/a": 10, "/b/c": 1}
    for entry in ("/a", "/a=", "/a=0", "a=3", "/a=x", "/a=-1"):
        with pytest.raises(ConfigurationError, match="takes TOPIC=N"):
            thinning([entry], "node")


def test_started_again_within_a_launch_it_goes_on_in_the_next_file(tmp_path, text_schema, payload):
    bag = tmp_path / "bag"
    first = Recorder(bag, ANY_DISK, {"world": "ridge"}, "launch 1")
    fill(first, text_schema, payload, 300)
    first.flush()
    fill(first, text_schema, payload, 7)
    with first.path.open("ab") as file:
        # a kill in the middle of a record
        file.write(b"\x06" + (10**6).to_bytes(8, "little") + b"half")
    second = Recorder(bag, ANY_DISK, {"world": "ridge"}, "launch 1")
    assert second.path.name == "bag_1.mcap"
    fill(second, text_schema, payload, 20)
    second.close()
    third = Recorder(bag, ANY_DISK, {"world": "ridge"}, "launch 1")
    fill(third, text_schema, payload, 1)
    third.close()
    information = yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert information["relative_file_paths"] == ["bag_0.mcap", "bag_1.mcap", "bag_2.mcap"]
    assert [file["message_count"] for file in information["files"]] == [300, 20, 1]
    assert information["message_count"] == 321
    assert information["topics_with_message_count"][0]["message_count"] == 321
    with AnyReader([bag]) as reader:
        assert sum(1 for _ in reader.messages()) == 321
    assert len(read_recording(bag, ("/said",)).messages["/said"]) == 321
    with (bag / "bag_0.mcap").open("rb") as file:
        assert sum(1 for _ in make_reader(file).iter_messages()) == 300


@pytest.mark.parametrize("launch", ["", "launch 2"])
def test_another_launch_does_not_go_on_in_a_bag_that_is_there(tmp_path, text_schema, payload, launch):
    recorder = Recorder(tmp_path / "bag", ANY_DISK, {}, "launch 1")
    fill(recorder, text_schema, payload, 3)
    recorder.close()
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "bag").iterdir())
    with pytest.raises(RecordingError, match="already holds a bag"):
        Recorder(tmp_path / "bag", ANY_DISK, {}, launch)
    assert sorted((path.name, path.read_bytes()) for path in (tmp_path / "bag").iterdir()) == before


def test_the_limit_of_size_counts_the_files_before(tmp_path, text_schema, payload):
    limits = Limits(free_mb=0.0, size_mb=1.0, chunk_bytes=4096)
    first = Recorder(tmp_path / "bag", limits, {}, "launch 1")
    fill(first, text_schema, payload, 2000, 600)
    first.flush()
    assert first.recording
    second = Recorder(tmp_path / "bag", limits, {}, "launch 1")
    fill(second, text_schema, payload, 2000, 600)
    second.flush()
    assert "limit of 1 MB" in second.stopped
