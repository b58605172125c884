# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What moves on a page: which values are kept, on which time, and that a page without it is whole."""

import json
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.interactive.gathering import explorer_of
from lupex_analysis.interactive.live_parts import parts
from lupex_analysis.interactive.page_time import of_reception, of_sortie
from lupex_analysis.interactive.series import Bar, Chart, Explorer, Line, Row, Rows, kept, thinned, with_gaps
from lupex_analysis.reading import read_recording
from lupex_analysis.report_files import look, write_report
from lupex_analysis.sortie import ASKED, extract
from lupex_system_tests.odd_bags import mcap_bag, odometry
from lupex_system_tests.report_page import read_page

ODOMETRY = "nav_msgs/msg/Odometry"


@given(st.integers(0, 2**32 - 1), st.integers(10, 60), st.sampled_from((0.0, 0.01, 0.6)))
def test_thinning_keeps_extremes_of_every_piece_and_a_gap_stays_one(seed, bins, lost):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0.0, 100.0, 3000))
    values = np.where(rng.random(3000) < lost, np.nan, rng.standard_normal(3000))
    values[1200:1500] = np.nan
    values[700] = 50.0
    rows = kept(t, [values], bins)
    assert len(rows) <= 3 * bins + 2
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert rows[-1] == 2999
    span = t[-1] - t[0]
    piece = np.minimum((t - t[0]) / span * bins, bins - 1).astype(int)
    for number in np.unique(piece):
        held = values[piece == number]
        chosen = values[rows][piece[rows] == number]
        if np.isfinite(held).any():
            assert np.nanmin(chosen) == np.nanmin(held)
            assert np.nanmax(chosen) == np.nanmax(held)
        assert np.isnan(chosen).any() == np.isnan(held).any() or not np.isfinite(held).all()
        if np.isnan(held).any():
            assert np.isnan(chosen).any()


def test_short_lines_are_kept_whole_and_unsorted_ones_sorted():
    t, values = thinned(np.array([3.0, 1.0, np.nan, 2.0]), np.array([30.0, 10.0, 99.0, 20.0]))
    assert t.tolist() == [1.0, 2.0, 3.0]
    assert values.tolist() == [10.0, 20.0, 30.0]


def test_no_line_is_drawn_over_silence():
    t = np.concatenate([np.arange(0.0, 50.0), np.arange(150.0, 200.0)])
    gapped, values = with_gaps(t, np.ones(100))
    assert np.flatnonzero(np.isnan(values)).tolist() == [50]
    assert gapped[50] == pytest.approx(99.5)
    assert len(with_gaps(np.arange(100.0), np.ones(100))[0]) == 100


def test_a_sortie_counts_its_own_time_and_receptions_are_told_in_it(sortie_bag):
    recording = read_recording(sortie_bag, ASKED)
    sortie = extract(recording)
    time = of_sortie(recording, sortie)
    assert time.of_stamp(np.array([sortie.start_s, sortie.start_s + 60.0])).tolist() == [0.0, 60.0]
    # the bag was recorded at twenty times real time
    received = recording.times["/truth/state"].received_ns * 1e-9
    stamps = recording.times["/truth/state"].stamp_s
    np.testing.assert_allclose(time.of_reception(received), stamps - sortie.start_s, atol=0.05)
    assert time.utc_zero_s == pytest.approx(sortie.start_s + 1.8e9)


@pytest.mark.parametrize("off_s", [0.0, -1e9])
def test_a_strangers_stamps_of_another_clock_are_told_by_reception(tmp_path, off_s):
    at = 1.7e9 + np.arange(100.0)
    bag = mcap_bag(tmp_path / "r.mcap", [("/odom", ODOMETRY, t, odometry(t + off_s, t - 1.7e9)) for t in at])
    recording = read_recording(bag, ASKED)
    time = of_reception(recording)
    np.testing.assert_allclose(time.of_stamp(at[[0, 50]] + off_s, "/odom"), [0.0, 50.0], atol=1e-6)
    assert time.utc_zero_s == pytest.approx(1.7e9)
    seen = look(bag).seen
    explorer, clock = explorer_of(recording, None, None, seen, look(bag).way, JUDGEMENT)
    assert [way.name for way in explorer.ways] == ["/odom"]
    np.testing.assert_allclose(explorer.ways[0].t_s, np.arange(100.0), atol=1e-6)
    assert 'data-begin="7.000"' in clock.since_begin("7 s", 7.0)


def test_a_clock_that_counts_from_nothing_has_no_utc(tmp_path):
    bag = mcap_bag(tmp_path / "r.mcap", [("/odom", ODOMETRY, 5.0 + k, odometry(5.0 + k)) for k in range(9)])
    assert of_reception(read_recording(bag, ASKED)).utc_zero_s is None


def explorer(name="</script><b>", t=(0.0, 1.0, 2.0)):
    t = np.array(t)
    line = Line(name, "estimated", t, np.array([1.0, np.nan, 3.0]))
    rows = Rows("timeline", name, (Row(name, (Bar(0.0, 1.0, "sun", name),)),))
    return Explorer(2.0, None, (Chart("speed", name, "m/s", (line,)), rows))


def test_no_name_of_a_recording_ends_its_script_or_becomes_markup():
    made = parts(explorer())
    held = re.search(r'id="explorer-data">(.*?)</script>', made.scripts, re.S)[1]
    told = json.loads(held)
    assert told["plots"][1]["rows"][0][0] == "</script><b>"
    assert "<b>&" not in made.sections["speed"]
    assert "&lt;/script&gt;&lt;b&gt;" in made.sections["speed"]
    assert made.replaces("timeline")
    assert not made.replaces("speed")


def test_what_was_drawn_before_changes_nothing():
    first = parts(explorer()).scripts
    parts(explorer("other"))
    assert parts(explorer()).scripts == first


def test_without_bokeh_the_page_has_its_still_pictures(small_bag, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh.plotting", None)
    monkeypatch.delitem(sys.modules, "lupex_analysis.interactive.bokeh_plots", raising=False)
    write_report(small_bag, tmp_path / "out")
    page = read_page(tmp_path / "out" / "report.html")
    assert "script" not in page.tags
    assert page.tags.count("svg") > 2
    assert parts(explorer()).sections == {}
