# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The recorder as a process on a live graph."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader

from lupex_analysis.reading import read_recording

pytestmark = pytest.mark.node
LIMIT_S = 60.0


@pytest.fixture
def context():
    rclpy = pytest.importorskip("rclpy")
    made = rclpy.Context()
    rclpy.init(context=made)
    yield made
    rclpy.shutdown(context=made)


@pytest.fixture
def talker(context):
    import rclpy

    node = rclpy.create_node("talker", context=context)
    yield node
    node.destroy_node()


def start(directory, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "lupex_recorder.node", "--ros-args", "-p", f"directory:={directory}", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition, process):
    end = time.monotonic() + LIMIT_S
    pause = 0.02
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "not reached in time"
        # a condition of another process: there is nothing to wait on but time
        time.sleep(pause)


def publishers(talker):
    from geometry_msgs.msg import TwistStamped
    from sensor_msgs.msg import JointState, PointCloud2
    from std_msgs.msg import String

    from lupex_interfaces.msg import SortiePlan
    from lupex_node import qos

    plan = talker.create_publisher(SortiePlan, "/plan/sortie", qos.LATCHED)
    plan.publish(SortiePlan(plan_id="before"))
    return {
        "plan": plan,
        "velocity": (talker.create_publisher(TwistStamped, "/cmd_vel", qos.SAMPLES), TwistStamped),
        "cloud": (talker.create_publisher(PointCloud2, "/lidar/points", qos.NEWEST), PointCloud2),
        "joints": (talker.create_publisher(JointState, "/joints", qos.SAMPLES), JointState),
        "hidden": (talker.create_publisher(String, "/a/_action/b", qos.STATE), String),
    }


def heard(publisher):
    return publisher[0].get_subscription_count() > 0


def test_everything_but_the_excluded_is_recorded_and_readable(talker, tmp_path):
    made = publishers(talker)
    process = start(tmp_path / "bag", "-p", "world:=ridge", "-p", "seed:=4", "-p", 'thin:=["/joints=10"]')
    try:
        wait_until(
            lambda: heard(made["velocity"]) and heard(made["joints"]) and made["plan"].get_subscription_count() > 0,
            process,
        )
        for key in ("joints", "cloud", "hidden", "velocity"):
            publisher, kind = made[key]
            for _ in range(40):
                publisher.publish(kind())
        wait_until(lambda: made["velocity"][0].wait_for_all_acked(), process)
        wait_until(lambda: made["joints"][0].wait_for_all_acked(), process)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    finally:
        process.kill()
        process.wait()
    recording = read_recording(tmp_path / "bag", ("/plan/sortie", "/cmd_vel"))
    assert not recording.problems
    assert recording.counts["/cmd_vel"] == 40
    assert recording.counts["/joints"] == 4
    assert [message.plan_id for message in recording.messages["/plan/sortie"]] == ["before"]
    assert recording.counts["/diagnostics"] > 0
    assert "/lidar/points" not in recording.counts
    assert "/a/_action/b" not in recording.counts
    assert recording.custom["seed"] == "4"
    with AnyReader([tmp_path / "bag"]) as reader:
        plan = next(c for c in reader.connections if c.topic == "/plan/sortie")
        assert plan.ext.offered_qos_profiles[0].durability.name == "TRANSIENT_LOCAL"


def test_a_killed_recorder_leaves_a_readable_bag(talker, tmp_path):
    made = publishers(talker)
    process = start(tmp_path / "bag", "-p", "limits.flush_s:=0.1")
    try:
        wait_until(lambda: heard(made["velocity"]), process)
        for _ in range(40):
            made["velocity"][0].publish(made["velocity"][1]())
        wait_until(lambda: made["velocity"][0].wait_for_all_acked(), process)
        file = tmp_path / "bag" / "bag_0.mcap"
        wait_until(lambda: read_count(tmp_path / "bag", file) == 40, process)
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "bag" / "metadata.yaml").exists()
    recording = read_recording(tmp_path / "bag", ("/cmd_vel",))
    assert len(recording.messages["/cmd_vel"]) == 40
    assert recording.rebuilt is not None


def read_count(bag, file):
    from lupex_analysis.reading import ReadingError

    try:
        return read_recording(bag, ()).counts.get("/cmd_vel", 0) if file.exists() else 0
    except ReadingError:
        return 0


def test_a_directory_with_a_bag_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "lupex_recorder.node", "--ros-args", "-p", f"directory:={tmp_path / 'bag'}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 2
    assert "already holds a bag" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(Path(tmp_path / "bag").iterdir()) == [tmp_path / "bag" / "metadata.yaml"]


def test_no_directory_is_refused_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "lupex_recorder.node"], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 2
    assert "'directory' is missing" in done.stderr


def test_a_limit_reached_is_a_fault_and_the_node_lives_on(talker, tmp_path):
    from rclpy.executors import SingleThreadedExecutor

    from lupex_interfaces.msg import Fault
    from lupex_node import qos

    faults = []
    talker.create_subscription(Fault, "/faults", faults.append, qos.EVENTS)
    executor = SingleThreadedExecutor(context=talker.context)
    executor.add_node(talker)
    process = start(tmp_path / "bag", "-p", "limits.free_mb:=1000000.0", "-p", "limits.flush_s:=0.1")
    try:
        end = time.monotonic() + LIMIT_S
        while not faults:
            assert time.monotonic() < end
            executor.spin_once(timeout_sec=1.0)
        assert faults[0].code == "recording_stopped"
        assert "MB are free" in faults[0].text
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    finally:
        process.kill()
        process.wait()
        executor.shutdown()
    assert (tmp_path / "bag" / "metadata.yaml").exists()
