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
