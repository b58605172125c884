# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest

from lupex_analysis.config import JUDGEMENT, WayRules
from lupex_analysis.figures.margin_figure import margin_figure
from lupex_analysis.figures.style import drawing, svg
from lupex_analysis.judge.reserve import reserve_wh
from lupex_analysis.judge.violations import (
    KEYS,
    judged_moments,
    margins,
    no_violation_figures,
    violation_figures,
)
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import THIN_S, WANTED, extract

RULES = WayRules(resolution_wh=2.0, resolution_share=0.1)


@pytest.fixture
def sortie(sortie_bag):
    """A sortie of a rover that holds 1000 Wh truly, less 100 an hour, and is certified 300 Wh all the time."""
    held = extract(read_recording(sortie_bag, WANTED, THIN_S))
    t = held.truth["t"]
    held.truth["energy_wh"][:] = 1000.0 - 100.0 * (t - held.start_s) / 3600.0
    held.certificate["margin_wh"][:] = 300.0
    held.certificate["valid"][:] = 1
    return held


def judged(sortie, need_wh, reserve=100.0):
    return margins(
        sortie,
        lambda x, y, t: np.broadcast_to(need_wh(x, y, t), t.shape).astype(float),
        lambda t: np.full(len(t), reserve),
        RULES,
    )


def test_excess_is_the_claim_less_what_there_is(sortie):
    found = judged(sortie, lambda x, y, t: 400.0)
    elapsed_h = (found.t - sortie.start_s) / 3600.0
    assert found.excess_wh == pytest.approx(300.0 - (1000.0 - 100.0 * elapsed_h - 100.0 - 400.0))
    # 42 Wh of resolution: 2, and a tenth of 400
    assert found.violated.tolist() == (300.0 - (500.0 - 100.0 * elapsed_h) > 42.0).tolist()
    assert 0.1 < found.violated.mean() < 0.9
    figures = violation_figures(found, sortie.start_s)
    assert set(figures) == set(KEYS) == set(no_violation_figures())
    assert figures["judged"] == len(found.t) == pytest.approx(178, abs=1)
    assert figures["violations"] == found.violated.sum()
    assert figures["violating_share"] == pytest.approx(figures["violations"] / figures["judged"])
    assert figures["violation_episodes"] == 1
    assert figures["excess_min_wh"] == pytest.approx(-200.0, abs=1.0)
    assert figures["excess_max_wh"] == pytest.approx(-200.0 + 100.0 * elapsed_h[-1], abs=1e-6)
    assert figures["excess_median_wh"] == pytest.approx(-200.0 + 50.0 * elapsed_h[-1], abs=1.0)
    assert figures["excess_p95_wh"] == pytest.approx(-200.0 + 95.0 * elapsed_h[-1], abs=1.0)
    assert figures["least_true_margin_wh"] == pytest.approx(500.0 - 100.0 * elapsed_h[-1])
    assert figures["least_true_margin_t_s"] == pytest.approx(3600.0 * elapsed_h[-1])
    assert figures["largest_true_need_wh"] == 400.0
    assert figures["without_way_home"] == 0


def test_the_need_is_that_of_the_true_place(sortie):
    found = judged(sortie, lambda x, y, t: np.hypot(x, y))
    truth = sortie.truth
    expected = np.hypot(*(np.interp(found.t, truth["t"], truth[name]) for name in ("x_m", "y_m")))
    assert found.need_wh == pytest.approx(expected)
    assert found.true_wh == pytest.approx(found.energy_wh - 100.0 - expected)


def test_without_a_way_home_every_claim_is_a_violation(sortie):
    found = judged(sortie, lambda x, y, t: np.where(x > 200.0, math.inf, 0.0))
    figures = violation_figures(found, sortie.start_s)
    assert 0 < figures["without_way_home"] == figures["violations"] < figures["judged"]
    assert figures["least_true_margin_wh"] is None
    assert math.isfinite(figures["excess_max_wh"])
    assert figures["violation_episodes"] == 1


def test_episodes_are_told_apart(sortie):
    gaps = (sortie.truth["t"][500], sortie.truth["t"][1000])
    found = judged(sortie, lambda x, y, t: np.where((np.abs(t - gaps[0]) < 200) | (np.abs(t - gaps[1]) < 200), 1e4, 0))
    assert violation_figures(found, sortie.start_s)["violation_episodes"] == 2


def test_what_is_not_valid_or_not_known_is_not_judged(sortie):
    sortie.certificate["valid"][::2] = 0
    some = judged(sortie, lambda x, y, t: np.where(x > 200.0, math.nan, 0.0))
    assert 0 < len(some.t) < 178
    assert judged(sortie, lambda x, y, t: math.nan) is None
    sortie.certificate["valid"][:] = 0
    assert judged(sortie, lambda x, y, t: 0.0) is None
    assert margins(replace(sortie, truth={n: v[:0] for n, v in sortie.truth.items()}), None, None, RULES) is None


def test_one_a_minute_and_the_least_margin_are_judged():
    t = 1000.0 + np.arange(0, 300.0)
    columns = {"t": t, "valid": np.ones(300), "margin_wh": np.full(300, 50.0)}
    columns["margin_wh"][137], columns["valid"][:10] = 10.0, 0
    columns["margin_wh"][205] = math.nan
    assert judged_moments(columns, 1000.0, 1250.0, 60.0).tolist() == [10, 60, 120, 137, 180, 240]
    columns["valid"][137] = 0
    columns["margin_wh"][11] = -1.0
    assert judged_moments(columns, 1000.0, 1250.0, 60.0).tolist() == [10, 11, 60, 120, 180, 240]
    columns["valid"][:] = 0
    assert judged_moments(columns, 1000.0, 1250.0, 60.0).size == 0


def test_the_reserve_is_the_rovers_own_else_the_recorders_else_the_rules(sortie):
    t = np.array([sortie.start_s])
    sortie.power["reserve_wh"][:] = 321.0
    custom = {"reserve_fraction": "0.2", "capacity_wh": "2000"}
    assert reserve_wh(custom, sortie, JUDGEMENT, t) == pytest.approx(321.0)
    sortie.power["reserve_wh"][:] = math.nan
    assert reserve_wh(custom, sortie, JUDGEMENT, t) == pytest.approx(400.0)
    custom = {"reserve_fraction": "none"}
    sortie.truth["capacity_wh"][:] = 1000.0
    assert reserve_wh(custom, sortie, JUDGEMENT, t) == pytest.approx(1000.0 * JUDGEMENT.reserve_fraction)


def test_the_picture_marks_violations(sortie):
    found = judged(sortie, lambda x, y, t: np.where(x > 200.0, math.inf, 400.0))
    with drawing():
        picture = svg(margin_figure(sortie, found, JUDGEMENT))
    assert "violation" in picture
    assert "claimed less true" in picture
    with drawing():
        assert "violation" not in svg(margin_figure(sortie, judged(sortie, lambda x, y, t: 0.0), JUDGEMENT))
