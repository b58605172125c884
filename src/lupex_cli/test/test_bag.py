# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from lupex_cli import bag, compare, report
from lupex_system_tests.odd_bags import mcap_bag, messages_of


@pytest.fixture
def whole(tmp_path):
    return mcap_bag(tmp_path / "r.mcap", messages_of(), chunk_size=500)


@pytest.fixture
def cut(whole, tmp_path):
    file = tmp_path / "cut.mcap"
    file.write_bytes(whole.read_bytes()[:20000])
    return file


def test_info_lists_topics_with_their_parts(whole, capsys):
    assert bag.main(["info", str(whole)]) == 0
    out = capsys.readouterr().out
    assert "50 messages" in out
    assert "/odom" in out
    assert "2.00 Hz" in out
    assert "(place and speed)" in out
    assert bag.main(["info", str(whole), "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["topics"]["/said"]["messages"] == 10
    assert held["losses"] == []


def test_doctor_tells_each_loss_and_fails(whole, cut, capsys):
    assert bag.main(["doctor", str(whole)]) == 0
    assert "is whole: 50 messages on 2 topics" in capsys.readouterr().out
    assert bag.main(["doctor", str(cut)]) == bag.LOST
    assert "cut off after" in capsys.readouterr().out


def test_recover_writes_what_is_left(cut, tmp_path, capsys):
    assert bag.main(["recover", str(cut), str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "lost: cut.mcap is read as far as it goes" in out
    assert bag.main(["doctor", str(tmp_path / "out")]) == 0
    assert bag.main(["recover", str(cut), str(tmp_path / "out")]) == 2


@pytest.mark.parametrize("action", ["info", "doctor"])
def test_what_cannot_be_read_is_one_sentence(tmp_path, capsys, action):
    assert bag.main([action, str(tmp_path / "absent")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_runs_are_compared_and_rules_fail_them(whole, tmp_path, capsys):
    other = mcap_bag(tmp_path / "other.mcap", messages_of(20))
    figure = "rover.tracks./odom.distance_m"
    runs = [str(whole), str(other), "--only", "rover.tracks"]
    assert compare.main([*runs, "--out", str(tmp_path / "out")]) == 0
    assert figure in capsys.readouterr().out
    held = json.loads((tmp_path / "out" / "runs.json").read_text())
    assert held["figures"][figure]["most_run"] == "r.mcap"
    assert "<svg" in (tmp_path / "out" / "runs.html").read_text()
    assert compare.main([*runs, "--fail-if", f"{figure} > 3"]) == compare.BROKEN
    assert "failed: r.mcap" in capsys.readouterr().out
    assert compare.main([*runs, "--fail-if", f"{figure} > 100"]) == 0
    assert compare.main([*runs, "--fail-if", "nothing > 100"]) == 2
    assert compare.main([str(tmp_path / "absent")]) == 2


def test_a_report_of_a_stranger_is_asked_for_in_parts(whole, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [str(whole), "--out", str(out), "--from", "5", "--until", "10", "--trajectories"]
    assert report.main(arguments) == 0
    held = json.loads((out / "summary.json").read_text())
    assert held["rover"]["tracks"]["/odom"]["distance_m"] == pytest.approx(1.0)
    assert held["rover"]["errors_missing"]
    assert len((out / "odom.tum").read_text().splitlines()) == 11
    assert len((out / "tracks.csv").read_text().splitlines()) == 12
    html = (out / "report.html").read_text()
    assert "not measured" in html
    assert "Certificate" not in html
    assert report.main([str(whole), "--out", str(out), "--truth", "/said"]) == 2
    assert "/said tells no places" in capsys.readouterr().err


def test_a_second_report_overwrites_no_other_bags(whole, tmp_path, capsys):
    other = mcap_bag(tmp_path / "other.mcap", messages_of(20))
    assert report.main([str(whole)]) == 0
    assert report.main([str(whole)]) == 0
    first = (tmp_path / "summary.json").read_bytes()
    assert report.main([str(other)]) == 0
    assert (tmp_path / "summary.json").read_bytes() == first
    assert json.loads((tmp_path / "other_report" / "summary.json").read_text())["recording"] == "other.mcap"
    assert report.main([str(other), "--out", str(tmp_path)]) == 2
    assert "holds the report of r.mcap" in capsys.readouterr().err
