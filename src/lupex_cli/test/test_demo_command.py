# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from lupex_cli import demo


def seen(**values):
    plain = {
        "phase": "drive",
        "sim_s": 4600.0,
        "first_sim_s": 1000.0,
        "sunlit": 0.0,
        "margin_wh": 612.4,
        "x_m": 12.3,
        "y_m": -4.0,
        "distance_m": 13.0,
        "soc": 0.61,
        "speed_up": 20.0,
        "text": "driving to target 1",
    }
    return SimpleNamespace(**{**plain, **values})


def test_a_directory_that_holds_something_is_not_used(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(demo.DemoError, match="is not empty: give another --out"):
        demo.claim(tmp_path)
    with pytest.raises(demo.DemoError, match="mine: cannot be used for results: "):
        demo.claim(tmp_path / "mine")


def test_too_little_space_is_said_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=12e6))
    with pytest.raises(demo.DemoError, match="12 MB are free there and a sortie may need 300 MB"):
        demo.claim(tmp_path / "out")


def test_a_full_disk_ends_the_log_and_not_the_nodes(capsys):
    with demo.NodeLog(Path("/dev/full")) as log:
        log.write("a line")
        log.write("another")
    assert capsys.readouterr().err == "nodes.log ends here: No space left on device\n"


def test_a_report_that_cannot_be_made_is_a_sentence(tmp_path, capsys):
    with pytest.raises(demo.DemoError, match="there is no report: "):
        demo.conclude(tmp_path, {}, "the simulator has ended", headless=True)
    assert "the sortie did not end by itself: the simulator has ended" in capsys.readouterr().out


def test_the_progress_line_tells_what_one_looks_for():
    line = demo.progress_line(seen(), 30.0)
    for words in ("30 s", "T+ 1.00 h", "drive", "13 m driven", "charge  61%", "dark", "margin   612 Wh", "20.0x"):
        assert words in line
    assert "margin   none" in demo.progress_line(seen(margin_wh=None), 30.0)
    assert "sun  40%" in demo.progress_line(seen(sunlit=0.4), 30.0)


def test_the_processor_time_of_a_respawned_node_is_the_sum_of_its_lives(monkeypatch):
    used = {7: 1.5, 8: 2.0}
    monkeypatch.setattr(
        demo.psutil,
        "Process",
        lambda pid: SimpleNamespace(cpu_times=lambda: SimpleNamespace(user=used[pid], system=0.25)),
    )
    usage = demo.CpuUsage()
    usage.look({"mobility": 7})
    usage.look({"mobility": 8})
    assert usage.seconds == {"mobility": 4.0}


def options(*words):
    return demo.parser().parse_args(words)


def test_what_gazebo_has_not_is_refused_in_one_sentence():
    with pytest.raises(demo.DemoError, match="Gazebo is a program of its own"):
        demo.refuse_in_this_world(options("--simulator", "gazebo", "--lockstep"))
    for words in (("--cameras",), ("--drive", "bogies")):
        with pytest.raises(demo.DemoError, match="add --simulator gazebo"):
            demo.refuse_in_this_world(options(*words))


@pytest.mark.parametrize("limit", ["-1", "0", "nan", "inf"])
def test_a_wall_limit_that_is_none_is_one_sentence(limit):
    with pytest.raises(demo.DemoError, match="give a time in seconds above 0"):
        demo.refuse_in_this_world(options(f"--wall-limit={limit}"))


def test_gazebo_is_given_the_time_that_it_takes():
    limits = []
    for words in ((), ("--simulator", "gazebo"), ("--simulator", "gazebo", "--wall-limit", "60")):
        asked = options(*words)
        demo.refuse_in_this_world(asked)
        limits.append(asked.wall_limit)
    assert limits == [3600.0, 172800.0, 60.0]


def test_pictures_need_room():
    needed = [
        demo.needed_disk_bytes(options(*words))
        for words in ((), ("--record-all",), ("--simulator", "gazebo", "--cameras", "--record-all"))
    ]
    assert needed == [300 * 10**6, 10**9, 2400 * 10**6]


@pytest.mark.parametrize("gone", ["gazebo", "ros_gz_bridge", "gazebo_adapter", "payload"])
def test_a_world_that_lost_one_of_its_processes_ends_the_sortie(gone):
    state = seen(entered=[], faults=[], outcome="", lost="", progress_wall_s=0.0)
    living = {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "mission"} - {gone}
    supervisor = SimpleNamespace(poll=list, alive=lambda name: name in living, pids=dict)
    visitor, usage = SimpleNamespace(spin=lambda s: None), SimpleNamespace(look=lambda pids: None)
    faults = SimpleNamespace(follow=lambda *_: None)
    makers = demo.WORLD_PROCESSES["gazebo"]
    assert demo.follow(supervisor, visitor, state, usage, faults, 60.0, makers) == (
        f"the {gone} has ended; nodes.log says why"
    )
