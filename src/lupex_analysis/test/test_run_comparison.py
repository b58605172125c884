# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from lupex_analysis.figures.runs_figure import page
from lupex_analysis.run_comparison import (
    Rule,
    RuleError,
    Run,
    check_rules,
    flat,
    names_of,
    read_rule,
    read_run,
    spreads,
    table,
)
from lupex_analysis.storage import ReadingError
from lupex_system_tests.odd_bags import mcap_bag, messages_of

RUNS = [Run("a", {"x.ate": 1.0, "y": None}), Run("b", {"x.ate": 4.0, "y": None}), Run("c", {"x.ate": None, "z": 2.0})]


def test_figures_have_a_spread_and_name_their_extremes():
    ate, z = spreads(RUNS)
    assert (ate.figure, ate.measured, ate.mean, ate.least_run, ate.most_run) == ("x.ate", 2, 2.5, "a", "b")
    assert ate.deviation == pytest.approx(2.1213, abs=1e-4)
    assert (z.figure, z.measured, z.deviation) == ("z", 1, None)
    assert [spread.figure for spread in spreads(RUNS, ["z"])] == ["z"]
    assert table(RUNS, [ate]).splitlines()[1].split() == ["x.ate", "2/3", "2.5", "2.12", "1", "a", "4", "b"]


def test_a_summary_is_flattened_to_its_numbers():
    held = {"a": {"b": 1, "c": None, "d": "text", "e": [1.0]}, "f": True, "g": float("inf")}
    assert dict(flat(held)) == {"a.b": 1.0, "a.c": None, "f": 1.0}


@pytest.mark.parametrize(
    ("text", "value", "broken"),
    [
        ("x > 1", 1.0, False), ("x > 1", 1.1, True), ("x >= 1", 1.0, True), ("x<-1e-3", -0.01, True),
        ("x <= 2", 2.5, False), ("x == 0", 0.0, True), ("x != 0", 0.0, False), ("x > 1", None, True),
    ],
)  # fmt: skip
def test_a_rule_is_broken_as_it_says_and_by_what_is_not_measured(text, value, broken):
    assert bool(read_rule(text).broken(Run("r", {"x": value}))) is broken


def test_rules_that_cannot_be_used_are_refused():
    for text in ("", "x", "x >", "x > y", "> 1", "x => 1"):
        with pytest.raises(RuleError, match="is no rule"):
            read_rule(text)
    with pytest.raises(RuleError, match=r"no run has a figure 'x.atee'; near it are x.ate"):
        check_rules([Rule("x.atee > 1", "x.atee", ">", 1.0)], RUNS)


def test_runs_are_called_by_the_shortest_ends_that_differ():
    assert names_of([Path("/a/one/bag"), Path("/a/two/bag")]) == ["one/bag", "two/bag"]
    assert names_of([Path("/a/one"), Path("/a/two")]) == ["one", "two"]


def test_bags_and_summaries_are_runs(tmp_path):
    bag = mcap_bag(tmp_path / "r.mcap", messages_of())
    run = read_run(bag, "r")
    assert run.figures["rover.tracks./odom.distance_m"] == pytest.approx(3.9)
    assert run.figures["localization.ate_rmse_m"] is None
    assert [track.topic for track in run.tracks] == ["/odom"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text(json.dumps({"drive": {"distance_m": 7.0}}))
    for path in (tmp_path / "out", tmp_path / "out" / "summary.json"):
        assert read_run(path, "s").figures == {"drive.distance_m": 7.0}
    for content in ("[1]", "no json"):
        (tmp_path / "out" / "summary.json").write_text(content)
        with pytest.raises(ReadingError):
            read_run(tmp_path / "out", "s")


def test_the_page_names_runs_rules_and_figures():
    html = page(RUNS, spreads(RUNS), ["b: x.ate is 4 (x.ate > 3)"])
    assert "b: x.ate is 4 (x.ate &gt; 3)" in html
    assert html.count("<svg") == 2
    assert "http" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
