# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The recorder among other nodes, in lock step; how it finds topics and ends, as a process on a live graph."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader

from lupex_analysis.raw_reading import open_raw
from lupex_analysis.reading import read_recording
from lupex_analysis.storage import ReadingError
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import TwistStamped  # noqa: E402
from sensor_msgs.msg import JointState, PointCloud2  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from lupex_interfaces.msg import Fault, SortiePlan  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.port import UPKEEP_S, Place  # noqa: E402
from lupex_node.port import Severity  # noqa: E402
from lupex_recorder.config import RecorderSettings  # noqa: E402
from lupex_recorder.node import RecorderNode  # noqa: E402

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
LIMIT_S = 60.0


@pytest.fixture
def conductor():
    made = Conductor(now_s=1000.0)
    yield made
    made.close()


@pytest.fixture
def outside(conductor):
    return conductor.visitor()


def say(publisher, kind, count=40):
    for _ in range(count):
        publisher.publish(kind())


def test_a_rover_in_a_namespace_records_its_own_topics_and_reads_like_any_other(conductor, outside, tmp_path):
    own = outside.publisher(TwistStamped, "/r1/cmd_vel", qos.SAMPLES)
    left_out = outside.publisher(TwistStamped, "/r1/lidar/points", qos.SAMPLES)
    thinned = outside.publisher(TwistStamped, "/r1/odometry/local", qos.SAMPLES)
    others = [outside.publisher(TwistStamped, topic, qos.SAMPLES) for topic in ("/cmd_vel", "/r2/cmd_vel")]
    parameters = {"directory": str(tmp_path / "bag"), "exclude": ["/lidar/*"], "thin": ["/odometry/local=4"]}
    conductor.add(RecorderNode, parameters, place=Place("/r1"))
    for publisher in (own, left_out, thinned, *others):
        say(publisher, TwistStamped, 8)
    conductor.run_until(1001.0)
    conductor.remove("recorder")
    bag = tmp_path / "bag" / "r1"
    with AnyReader([bag]) as reader:
        counts = {connection.topic: connection.msgcount for connection in reader.connections}
    assert all(topic.startswith("/r1/") for topic in counts)
    assert (counts["/r1/cmd_vel"], counts["/r1/odometry/local"]) == (8, 2)
    assert "/r1/lidar/points" not in counts
    recording = read_recording(bag, ["/cmd_vel"])
    assert len(recording.messages["/cmd_vel"]) == 8
    assert {"/cmd_vel", "/odometry/local"} <= set(open_raw(bag).topics)
    (bag / "metadata.yaml").unlink()
    rebuilt = {topic.name: topic.count for topic in read_recording(bag, []).rebuilt.topics}
    assert rebuilt["/r1/cmd_vel"] == 8


def test_everything_but_the_excluded_is_recorded_and_readable(conductor, outside, tmp_path):
    outside.publisher(SortiePlan, "/plan/sortie", qos.LATCHED).publish(SortiePlan(plan_id="before"))
    before = outside.publisher(TwistStamped, "/cmd_vel", qos.SAMPLES)
    say(before, TwistStamped, 3)
    parameters = {
        "directory": str(tmp_path / "bag"),
        "world": "ridge",
        "seed": 4,
        "truth": "nominal",
        "truth_hash": "dfc3f82a",
        "draw": 7,
        "thin": ["/joints=10"],
    }
    conductor.add(RecorderNode, parameters | {"rover": str(ROVER), "utc_offset_s": 5.0})
    conductor.run_until(1002.5)
    for kind, topic, profile in (
        (JointState, "/joints", qos.SAMPLES),
        (PointCloud2, "/lidar/points", qos.NEWEST),
        (String, "/a/_action/b", qos.STATE),
    ):
        say(outside.publisher(kind, topic, profile), kind)
    say(before, TwistStamped)
    conductor.run_until(1003.5)
    conductor.remove("recorder")
    say(before, TwistStamped)

    recording = read_recording(tmp_path / "bag", ("/plan/sortie", "/cmd_vel", "/diagnostics"))
    assert not recording.problems
    # its own heartbeats: one when it becomes active, then one a second
    counts = {"/plan/sortie": 1, "/cmd_vel": 40, "/joints": 4, "/diagnostics": 4, "/faults": 0}
    assert recording.counts == counts
    assert [message.plan_id for message in recording.messages["/plan/sortie"]] == ["before"]
    assert set(recording.received_ns["/cmd_vel"]) == {1_002_500_000_000}
    assert [message.header.stamp.sec for message in recording.messages["/diagnostics"]] == [1000, 1001, 1002, 1003]
    battery = read_rover(ROVER).battery
    assert recording.custom == {
        "world": "ridge",
        "seed": "4",
        "truth": "nominal",
        "truth_hash": "dfc3f82a",
        "draw": "7",
        "thinned": "/joints=10",
        "excluded": " ".join(RecorderSettings().exclude),
        "utc_offset_s": "5.0",
        "reserve_fraction": str(battery.reserve_fraction),
        "capacity_wh": str(battery.capacity_wh),
    }
    with AnyReader([tmp_path / "bag"]) as reader:
        durability = {c.topic: c.ext.offered_qos_profiles[0].durability.name for c in reader.connections}
    assert durability["/plan/sortie"] == "TRANSIENT_LOCAL"
    assert durability["/cmd_vel"] == "VOLATILE"


def test_a_limit_reached_is_a_fault_and_the_node_lives_on(conductor, outside, tmp_path):
    faults, beats = [], []
    outside.subscribe(Fault, "/faults", faults.append, qos.EVENTS)
    outside.subscribe(DiagnosticArray, "/diagnostics", beats.append, qos.LATCHED)
    conductor.add(RecorderNode, {"directory": str(tmp_path / "bag"), "limits.free_mb": 1000000.0})
    velocity = outside.publisher(TwistStamped, "/cmd_vel", qos.SAMPLES)
    say(velocity, TwistStamped)
    conductor.run_until(1000.0 + UPKEEP_S - 0.001)
    assert not faults
    assert beats[-1].status[0].level == DiagnosticStatus.OK
    conductor.run_until(1000.5 + 3 * UPKEEP_S)
    assert [(fault.source, fault.code, fault.active) for fault in faults] == [("recorder", "recording_stopped", True)]
    assert "MB are free" in faults[0].text
    assert beats[-1].status[0].level == DiagnosticStatus.WARN
    assert "the sortie goes on" in beats[-1].status[0].message
    assert beats[-1].header.stamp.sec == 1000 + 3 * UPKEEP_S
    assert (tmp_path / "bag" / "metadata.yaml").exists()

    say(velocity, TwistStamped)
    say(outside.publisher(JointState, "/late", qos.SAMPLES), JointState)
    conductor.remove("recorder")
    recording = read_recording(tmp_path / "bag", ())
    assert not recording.problems
    assert recording.counts["/cmd_vel"] == 40
    assert not {"/faults", "/late"} & {topic for topic, count in recording.counts.items() if count}


def test_a_disk_that_takes_no_more_is_a_fault_that_names_itself(conductor, outside, tmp_path, monkeypatch):
    recorder = conductor.add(RecorderNode, {"directory": str(tmp_path / "bag"), "limits.chunk_bytes": 4096})
    faults = []
    outside.subscribe(Fault, "/faults", faults.append, qos.EVENTS)

    def full(*values, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder._recorder._writer, "add_message", full)
    say(outside.publisher(TwistStamped, "/cmd_vel", qos.SAMPLES), TwistStamped)
    conductor.run_until(1010.0)
    assert [fault.code for fault in faults] == ["recording_stopped"]
    assert "cannot be written: No space left on device" in faults[0].text


def test_a_topic_without_a_definition_is_told_and_the_others_are_recorded(conductor, outside, tmp_path):
    lines = []
    conductor.on_log = lambda *line: lines.append(line)
    conductor.add(RecorderNode, {"directory": str(tmp_path / "bag")})
    outside.publisher(type("Thing", (), {"__module__": "nowhere.msg._thing"}), "/thing", qos.STATE).publish(object())
    say(outside.publisher(TwistStamped, "/cmd_vel", qos.SAMPLES), TwistStamped)
    conductor.remove("recorder")
    warnings = [text for _, severity, text in lines if severity is Severity.WARNING]
    assert warnings == ["/thing is not recorded: the definition of nowhere/msg/Thing is not installed"]
    counts = read_recording(tmp_path / "bag", ()).counts
    assert counts["/cmd_vel"] == 40
    assert "/thing" not in counts


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "node /recorder: 'directory' is missing"),
        ({"directory": "/nowhere/bag", "thin": ["/joints"]}, "node /recorder: 'thin' holds '/joints'"),
        ({"directory": "/nowhere/bag", "rover": "/nowhere.yaml"}, "/nowhere.yaml"),
        ({"directory": "/dev/null"}, "/dev/null is not a directory"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_one_sentence(conductor, parameters, words):
    with pytest.raises(ConfigurationError, match=words) as refusal:
        conductor.add(RecorderNode, parameters)
    assert "\n" not in str(refusal.value)
    assert not conductor.nodes


# -------------------------------------------------------------------------------------------------------- as a process


@pytest.fixture
def talker():
    rclpy = pytest.importorskip("rclpy")
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("talker", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def create_publisher(talker, kind, topic, profile):
    from lupex_node.ros.subscriptions import quality

    return talker.create_publisher(kind, topic, quality(profile))


def command(directory, *arguments):
    given = [f"directory:={directory}", "discover_s:=0.1", "limits.flush_s:=0.1", *arguments]
    return [sys.executable, "-m", "lupex_recorder.node", "--ros-args", *(x for p in given for x in ("-p", p))]


@pytest.fixture
def recorder(tmp_path):
    process = subprocess.Popen(command(tmp_path / "bag"), stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def wait_until(condition, process):
    end = time.monotonic() + LIMIT_S
    pause = 0.02
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "not reached in time"
        # a condition of another process: there is nothing to wait on but time
        time.sleep(pause)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_recorder_finds_what_is_told_and_ends_when_told_to(talker, recorder, tmp_path, stop):
    plan = create_publisher(talker, SortiePlan, "/plan/sortie", qos.LATCHED)
    plan.publish(SortiePlan(plan_id="before"))
    velocity = create_publisher(talker, TwistStamped, "/cmd_vel", qos.SAMPLES)
    wait_until(lambda: velocity.get_subscription_count() and plan.get_subscription_count(), recorder)
    say(velocity, TwistStamped)
    wait_until(lambda: read_count(tmp_path / "bag") == 40, recorder)
    recorder.send_signal(stop)
    assert recorder.wait(LIMIT_S) == 0
    recording = read_recording(tmp_path / "bag", ("/plan/sortie",))
    assert not recording.problems
    assert recording.counts["/cmd_vel"] == 40
    assert [message.plan_id for message in recording.messages["/plan/sortie"]] == ["before"]
    assert recording.counts["/diagnostics"] > 0
    with AnyReader([tmp_path / "bag"]) as reader:
        found = next(c for c in reader.connections if c.topic == "/plan/sortie")
        assert found.ext.offered_qos_profiles[0].durability.name == "TRANSIENT_LOCAL"


def test_a_sender_that_comes_later_and_offers_less_is_heard(talker, recorder, tmp_path):
    """As a driver with the quality of sensor data beside one that is reliable and latched."""
    first = create_publisher(talker, TwistStamped, "/cmd_vel", qos.EVENTS)
    wait_until(first.get_subscription_count, recorder)
    say(first, TwistStamped, 5)
    wait_until(lambda: read_count(tmp_path / "bag") == 5, recorder)
    later = create_publisher(talker, TwistStamped, "/cmd_vel", qos.Profile(50, best_effort=True))
    wait_until(later.get_subscription_count, recorder)
    say(later, TwistStamped, 7)
    wait_until(lambda: read_count(tmp_path / "bag") == 12, recorder)

    def first_is_heard():
        first.publish(TwistStamped())
        return read_count(tmp_path / "bag") > 12

    wait_until(first_is_heard, recorder)


def test_everything_leaves_out_only_what_no_replay_needs_and_thins_nothing(conductor, outside, tmp_path):
    launch = "sim.launch.xml world:=plain"
    parameters = {"directory": str(tmp_path / "bag"), "thin": ["/joints=10"], "everything": True, "launch": launch}
    conductor.add(RecorderNode, parameters)
    for kind, topic in (
        (JointState, "/joints"),
        (PointCloud2, "/lidar/points"),
        (String, "/camera/hazard"),
        (String, "/gazebo/clock"),
    ):
        say(outside.publisher(kind, topic, qos.SAMPLES), kind)
    conductor.run_until(1000.5)
    conductor.remove("recorder")
    recording = read_recording(tmp_path / "bag", ())
    assert {topic: recording.counts.get(topic) for topic in ("/joints", "/lidar/points", "/camera/hazard")} == {
        "/joints": 40,
        "/lidar/points": 40,
        "/camera/hazard": None,
    }
    assert "/gazebo/clock" not in recording.counts
    assert recording.custom["thinned"] == ""
    assert "/gazebo/*" in recording.custom["excluded"]
    assert recording.custom["launch"] == launch


def test_a_killed_recorder_leaves_a_readable_bag(talker, recorder, tmp_path):
    velocity = create_publisher(talker, TwistStamped, "/cmd_vel", qos.SAMPLES)
    wait_until(velocity.get_subscription_count, recorder)
    say(velocity, TwistStamped)
    wait_until(lambda: read_count(tmp_path / "bag") == 40, recorder)
    recorder.kill()
    recorder.wait()
    assert not (tmp_path / "bag" / "metadata.yaml").exists()
    recording = read_recording(tmp_path / "bag", ("/cmd_vel",))
    assert len(recording.messages["/cmd_vel"]) == 40
    assert recording.rebuilt is not None


def read_count(bag):
    try:
        return read_recording(bag, ()).counts.get("/cmd_vel", 0) if (bag / "bag_0.mcap").exists() else 0
    except ReadingError:
        return 0


def test_a_killed_recorder_of_a_launch_goes_on_in_the_next_file(conductor, outside, tmp_path):
    parameters = {"directory": str(tmp_path / "bag"), "goes_on": True}
    velocity = outside.publisher(TwistStamped, "/cmd_vel", qos.SAMPLES)
    conductor.add(RecorderNode, parameters)
    say(velocity, TwistStamped)
    conductor.run_until(conductor.now_s + 1.5 * UPKEEP_S)
    conductor.kill("recorder")
    conductor.add(RecorderNode, parameters)
    say(velocity, TwistStamped, 3)
    conductor.remove("recorder")
    assert sorted(path.name for path in (tmp_path / "bag").iterdir()) == ["bag_0.mcap", "bag_1.mcap", "metadata.yaml"]
    assert read_recording(tmp_path / "bag", ()).counts["/cmd_vel"] == 43
    other = Conductor(now_s=1000.0)
    with pytest.raises(ConfigurationError, match="already holds a bag"):
        other.add(RecorderNode, parameters)


def test_a_directory_with_a_bag_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").write_text("")
    done = subprocess.run(command(tmp_path / "bag"), capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 2
    assert "already holds a bag" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(Path(tmp_path / "bag").iterdir()) == [tmp_path / "bag" / "metadata.yaml"]
