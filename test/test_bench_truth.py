# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of sorties by truth level: which it makes, what it keeps, and what it counts; none is run here."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import measuring
from benchmarks.truth import sorties

SEEDS = 3


def context(**given):
    return measuring.Context(5, None, False, lambda name: None, lambda line: None, seeds=SEEDS, **given)


@pytest.fixture
def made(monkeypatch):
    """Which sorties were made; those of harsh are lost, and each certificate at seed 6 claims too much twice."""
    tasks = []

    def sortie(world, level, seed):
        tasks.append((level, seed))
        summary = {
            "outcome": "lost" if level == "harsh" else "success",
            "reasons": [],
            "mission_says": None,
            "faults": [],
            "sim_s": 1.0,
            "drive": {},
            "localization": {},
            "power": {},
            "certificate": {"judged": 10, "violations": 2 if seed == 6 else 0},
            "water": {},
            "consistency": {"x": {"n": seed, "in_2_sigma": 1.0 if seed == 5 else 0.0}, "capacity": None},
        }
        return sorties.row_of(level, seed, summary)

    monkeypatch.setattr(sorties, "sortie", sortie)
    monkeypatch.setattr(sorties, "AT_ONCE", 1)
    return tasks


ALL = [(level, seed) for seed in (5, 6, 7) for level in ("kind", "nominal", "harsh")]


def test_figures_are_counted_by_level(made):
    figures = sorties.run(context()).figures
    assert made == ALL
    assert [figures[f"demo_success_{level}"] for level in sorties.LEVELS] == [3.0, 3.0, 0.0]
    assert [figures[f"demo_lost_{level}"] for level in sorties.LEVELS] == [0.0, 0.0, 3.0]
    assert figures["demo_sorties_harsh"] == 3.0
    assert figures["certificate_violations_nominal"] == 2.0
    assert figures["certificates_judged_nominal"] == 30.0
    # by moments, not by sorties
    assert figures["in_2_sigma_x_kind"] == pytest.approx(5.0 / 18.0)
    assert "in_2_sigma_capacity_kind" not in figures


def test_a_run_goes_on_from_what_was_kept(made, tmp_path, monkeypatch):
    kept = tmp_path / "rows" / "kept.jsonl"
    whole = sorties.run(context(kept=kept))
    assert len(made) == 9
    lines = kept.read_text(encoding="utf-8").splitlines()
    # five were done when the sixth's line was cut short
    kept.write_text("\n".join(lines[:5]) + "\n" + lines[5][:40], encoding="utf-8")
    made.clear()
    again = sorties.run(context(kept=kept))
    assert made == ALL[5:]
    assert again.figures == whole.figures
    assert again.rows == whole.rows
    made.clear()
    sorties.run(context(kept=kept))
    assert made == []
    # of other code they say nothing
    monkeypatch.setattr(sorties, "sources", lambda: "other")
    sorties.run(context(kept=kept))
    assert made == ALL


def test_when_the_time_is_over_no_sortie_begins_and_it_is_said(made, monkeypatch):
    now = iter([0.0, 10.0, 20.0, 30.0, *[70.0] * 6])
    monkeypatch.setattr(sorties.time, "monotonic", lambda: next(now))
    found = sorties.run(context(budget_s=60.0))
    assert made == ALL[:3]
    assert [found.figures[f"demo_sorties_{level}"] for level in sorties.LEVELS] == [1.0, 1.0, 1.0]
    assert found.notes[-1] == "6 of 9 sorties were not made: the time was over."


def test_what_decides_a_sortie_is_in_the_hash_and_pages_and_tests_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "ROOT", tmp_path)
    for name in ("src/a/a/core.py", "src/a/test/test_core.py", "config/rover.yaml", "docs/page.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    found = {measuring.sources()}
    for name in ("src/a/test/test_core.py", "docs/page.md"):
        (tmp_path / name).write_text("2")
        assert measuring.sources() in found
    for name in ("src/a/a/core.py", "config/rover.yaml"):
        (tmp_path / name).write_text("2")
        assert measuring.sources() not in found
        found.add(measuring.sources())


def test_json_alone_is_all_that_the_standard_output_holds(made, monkeypatch, capsys, tmp_path):
    from benchmarks import suite

    monkeypatch.setattr(suite, "ROOT", tmp_path)
    monkeypatch.setattr(suite, "commit", lambda: "c")
    words = ["truth/sorties", "--json", "--report", "--seeds", "1", "--budget-min", "60", "--keep"]
    assert suite.main([*words, str(tmp_path / "kept")]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["figures"]["demo_success_kind"] == 1.0
    assert "demo_success_kind" in err
    page = tmp_path / "docs" / "benchmarks" / f"{found['date']}-truth-sorties.md"
    assert "| demo_success_kind | 1 |" in page.read_text(encoding="utf-8")
    assert suite.main(["truth", "--seeds", "0"]) == 2
    assert suite.main(["truth", "--budget-min", "nan"]) == 2
