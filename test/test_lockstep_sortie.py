# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A sortie in lock step: the same every time, and the same as over the middleware but for its clock."""

import hashlib
import json
import math
import subprocess

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from lupex_interfaces.msg import MissionStatus  # noqa: E402
from lupex_node.lockstep.unchanged import UnchangedMessages  # noqa: E402
from lupex_system_tests.conducted import conducted  # noqa: E402


def said(out):
    """Return one hash over the topic, times and bytes of every message of a recording, and their number."""
    from mcap.reader import make_reader

    digest, count = hashlib.sha256(), 0
    (file,) = (out / "bag").glob("*.mcap")
    with file.open("rb") as stream:
        for _, channel, message in make_reader(stream).iter_messages(log_time_order=False):
            digest.update(f"{channel.topic} {message.log_time} {message.publish_time} ".encode() + message.data)
            count += 1
    return digest.hexdigest(), count


def test_it_succeeds_by_truth_and_no_fault_is_told(lockstep_sortie):
    assert lockstep_sortie.exit_code == 0, lockstep_sortie.output
    summary = json.loads((lockstep_sortie.out / "summary.json").read_text())
    assert summary["outcome"] == "success"
    assert summary["faults"] == []


def test_its_summary_has_the_keys_of_one_over_the_middleware(lockstep_sortie, short_sortie):
    ours, theirs = (json.loads((run.out / "summary.json").read_text()) for run in (lockstep_sortie, short_sortie))
    assert ours.keys() == theirs.keys()
    for key, section in theirs.items():
        if isinstance(section, dict) and key != "cpu_s_by_node":
            assert ours[key].keys() == section.keys(), key
    # frames for who looks on are left out of lock step
    assert theirs["cpu_s_by_node"].keys() - {"robot_state_publisher"} <= ours["cpu_s_by_node"].keys()


def test_another_process_with_other_threads_and_other_work_beside_it_says_the_same_bytes(
    lockstep_sortie, lockstep_rerun
):
    first, count = said(lockstep_sortie.out)
    assert count > 50_000
    assert said(lockstep_rerun.out) == (first, count)


def test_it_agrees_with_one_over_the_middleware(lockstep_sortie, short_sortie, tmp_path):
    from lupex_system_tests.demo_sortie import door

    bags = [str(run.out / "bag") for run in (lockstep_sortie, short_sortie)]
    done = subprocess.run(door("compare-worlds", *bags), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ours, theirs = (json.loads((run.out / "summary.json").read_text()) for run in (lockstep_sortie, short_sortie))
    assert ours["drive"]["distance_m"] == pytest.approx(theirs["drive"]["distance_m"], rel=0.05)
    assert ours["drill"]["depth_m"] == pytest.approx(theirs["drill"]["depth_m"], abs=0.02)
    assert ours["power"]["min_soc"] == pytest.approx(theirs["power"]["min_soc"], abs=0.01)
    assert ours["water"]["ice_percent"] == pytest.approx(theirs["water"]["ice_percent"], abs=0.3)
    assert ours["sim_s"] == pytest.approx(theirs["sim_s"], rel=0.05)


def test_nobody_changes_a_message_that_was_published(tmp_path):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        watch = UnchangedMessages()
        stack.conductor.watchers.append(watch)
        stack.until(stack.phase_is(MissionStatus.DRIVE), "the drive begins")
        stack.conductor.run_until(stack.conductor.now_s + 60.0)
        watch.compare_all()
        assert watch.compared > 5000


def test_faults_come_by_their_schedule_and_the_sortie_ends_well(tmp_path):
    from lupex_system_tests.demo_sortie import door

    schedule = tmp_path / "faults.yaml"
    schedule.write_text(
        """
        seed: 3
        faults:
          - {at_s: 60, kill: mobility}
          - {at_s: 90, hang: traversability, for_s: 8}
          - {at_s: 110, drop: /imu/data, share: 0.3, for_s: 10}
          - {at_s: 130, delay: /odometry/global, by_s: 0.3, for_s: 10}
          - {at_s: 150, corrupt: /power/bus, share: 0.5, for_s: 20}
          - {at_s: 180, duplicate: /mobility/joint_states, share: 0.5, for_s: 10}
          - {at_s: 200, reorder: /star_tracker/attitude, by_s: 2.0, for_s: 10}
          - {at_s: 215, fill_disk: true, for_s: 30}
          - {at_s: 400, restart: localization}
        """,
        encoding="utf-8",
    )
    out = tmp_path / "out"
    words = ("demo", "--lockstep", "--world", "plain", "--headless", "--faults", str(schedule), "--out", str(out))
    done = subprocess.run(door(*words), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((out / "summary.json").read_text())
    codes = {fault["code"] for fault in summary["faults"]}
    assert {"node_lost_mobility", "checkpoint_not_written"} <= codes
    assert all(fault["cleared"] for fault in summary["faults"])
    assert math.isfinite(summary["localization"]["ate_rmse_m"])
    log = (out / "nodes.log").read_text()
    assert "[mobility] was killed" in log
    assert "[mobility] is started again" in log
    assert "/power/bus: message not used" in log
    assert "[localization] info: goes on from where it was" in log


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("launch", "sim.launch.xml", "--lockstep", "world:=plain", "simulator:=gazebo"), "simulator:=embedded"),
        (("launch", "rviz.launch.xml", "--lockstep"), "rviz"),
        (("launch", "sim.launch.xml", "--profile", "world:=plain"), "--profile needs --lockstep"),
        (("launch", "sim.launch.xml", "--until", "9", "world:=plain"), "--until need --lockstep"),
        (("demo", "--lockstep", "--world", "plain", "--faults", "{missing}", "--out", "{out}"), "missing.yaml"),
        (("demo", "--lockstep", "--world", "plain", "--faults", "{wrong}", "--out", "{out}"), "'nobody'"),
        (("demo", "--world", "plain", "--faults", "{corrupt}", "--out", "{out}"), "use --lockstep"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path, words, sentence):
    from lupex_system_tests.demo_sortie import door

    files = {"missing": tmp_path / "missing.yaml", "out": tmp_path / "out"}
    for name, fault in (("wrong", "kill: nobody"), ("corrupt", "corrupt: /imu/data, share: 1.0, for_s: 1")):
        files[name] = tmp_path / f"{name}.yaml"
        files[name].write_text(f"faults: [{{at_s: 5, {fault}}}]\n", encoding="utf-8")
    asked = door(*(word.format(**files) for word in words))
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
