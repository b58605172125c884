# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from lupex_analysis.figures.style import MOST_POINTS, thinned
from lupex_analysis.judge.outcome import End
from lupex_analysis.judge.verdict import WayHome
from lupex_analysis.judge.violations import margins
from lupex_analysis.report_files import write_report
from lupex_analysis.sortie import extract
from lupex_recorder.config import Limits
from lupex_recorder.recorder import Recorder
from lupex_system_tests.report_page import FIGURES, OF_ANY_ROVER, read_page


def test_the_report_is_complete_in_itself(sortie_bag, tmp_path):
    write_report(sortie_bag, tmp_path / "out")
    path = tmp_path / "out" / "report.html"
    page = read_page(path)
    assert path.stat().st_size < 5e6
    assert page.tags.count("svg") == FIGURES + OF_ANY_ROVER
    assert all(reference.startswith(("#", "data:")) for reference in page.references)
    assert page.tags.count("script") == 3, "what it holds, Bokeh's own and ours, once each"
    for text in ("Success", "Sortie in ridge, seed 7", "node_lost", "/truth/state", "639 m", "4.3 ± 0.1 %"):
        assert text in page.text
    assert "Not drawn" not in page.text
    assert "Certificates are not judged" in page.text
    assert "./lupex world ridge --seed 7" in page.text or "not that of the recording" in page.text
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["outcome"] == "success"


def test_a_judged_sortie_shows_claimed_against_true_margin(sortie_bag, monkeypatch, tmp_path):
    def way_home(custom, sortie, rules):
        found = margins(sortie, lambda x, y, t: 5000.0 + 0.0 * t, lambda t: 375.0 + 0.0 * t, rules.way)
        return WayHome(margins=found, end=End(5000.0), check_wh=0.0, light_rms=0.0)

    monkeypatch.setattr("lupex_analysis.report_files.way_home", way_home)
    write_report(sortie_bag, tmp_path / "out")
    page = read_page(tmp_path / "out" / "report.html")
    assert page.tags.count("svg") == FIGURES + 1 + OF_ANY_ROVER
    for text in ("Rover lost", "out of reach of light", "claimed less true", "certificate.excess_p95_wh", "in 2 sigma"):
        assert text in page.text
    assert "Certificates are not judged" not in page.text


def test_the_same_bag_gives_the_same_report(small_bag, tmp_path):
    pages = []
    for name in ("a", "b"):
        write_report(small_bag, tmp_path / name)
        pages.append((tmp_path / name / "report.html").read_text())
    assert pages[0] == pages[1]


def test_a_failed_write_leaves_no_half_file(small_bag, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lupex_recorder.metadata.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(small_bag, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "topics",
    [
        ("WorldTruth", "/truth/state"),
        ("PowerStatus", "/power/status"),
        ("MissionStatus", "/mission/status"),
        ("DrillRig", "/drill/rig"),
        ("NeutronCounts", "/neutron/counts"),
        ("ReturnCertificate", "/plan/certificate"),
    ],
)
def test_one_message_of_one_topic_is_enough_for_a_page(store, synthetic, tmp_path, topics):
    recorder = Recorder(tmp_path / "bag", Limits(free_mb=0.0))
    synthetic.Tape(store, recorder).put(topics[1], synthetic.lupex(topics[0]), 1001.0)
    recorder.close()
    write_report(tmp_path / "bag", tmp_path / "out")
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000


def test_the_site_map_stands_the_right_way_up(sortie_bag, synthetic):
    from lupex_analysis.reading import read_recording

    recording = read_recording(sortie_bag, ("/site/map",))
    layer = extract(recording).layers["permanent_shadow"]
    x, y = np.meshgrid(layer.x_m, layer.y_m)
    shadow = layer.values > 0.5
    assert x[shadow].mean() == pytest.approx(250, abs=5)
    assert y[shadow].mean() == pytest.approx(-190, abs=5)
    message = recording.messages["/site/map"][0]
    rows = len(layer.x_m)
    for data in message.data:
        data.data = np.roll(data.data.reshape(rows, rows), (3, 5), (0, 1)).reshape(-1)
    message.inner_start_index, message.outer_start_index = 3, 5
    np.testing.assert_array_equal(extract(recording).layers["permanent_shadow"].values, layer.values)


def test_long_lines_are_thinned_with_their_end():
    rows = np.arange(10 * MOST_POINTS + 3)
    (short,) = thinned(rows)
    assert len(short) <= MOST_POINTS + 1
    assert short[-1] == rows[-1]
