# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The demo in a played Gazebo: the same summary, judge and exit codes as in the embedded world."""

import json
import signal

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")
pytest.importorskip("xacro")

from lupex_cli.demo import main  # noqa: E402


def test_a_sortie_in_gazebo_is_judged_as_any(tmp_path, played_gazebo, capsys):
    """It is ended by its wall limit when the rover has not been anywhere yet, which is no success."""
    out = tmp_path / "out"
    words = ["--simulator", "gazebo", "--world", "plain", "--headless", "--wall-limit", "70", "--out", str(out)]
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main(words) == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capsys.readouterr().out
    assert "the sortie did not end by itself: not over after 70 s" in said
    assert f"summary: {out / 'summary.json'}" in said
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert f"outcome: {summary['outcome']}" in said
    assert summary["outcome"] != "success"
    assert (summary["world"], summary["seed"], summary["truth"], summary["draw"]) == ("plain", 1, "kind", 1)
    assert {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "mission"} <= set(summary["cpu_s_by_node"])
    # Gazebo's truth and the payload's are in the recording, and it was judged by them
    assert summary["sim_s"] > 5.0
    assert summary["power"]["min_soc"] > 0.5
    # stamps of now on poses of before had 297 of 525 refused
    fixes = summary["localization"]
    assert fixes["fixes_accepted"] > 0
    assert fixes["fixes_rejected"] <= 0.05 * fixes["fixes_accepted"]
    assert (out / "report.html").is_file()
