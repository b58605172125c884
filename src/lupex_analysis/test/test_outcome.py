# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.light_promise import KEYS, light_figures, promised_light
from lupex_analysis.judge.outcome import End, deepest_sample_m, lost_reasons, outcome, stuck_s
from lupex_analysis.judge.slip import slip_figures
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import THIN_S, WANTED, Hole, Plan, Sample, extract


@pytest.fixture
def sortie(sortie_bag):
    return extract(read_recording(sortie_bag, WANTED, THIN_S))


def judged(sortie, reserve=0.0, end=None):
    return outcome(sortie, np.full(len(sortie.truth["t"]), reserve), end or End(), JUDGEMENT)


def commands(sortie, since_s, speed=0.05, turn=0.0):
    t = np.arange(sortie.truth["t"][0], sortie.truth["t"][-1], 2.0)
    driven = np.where(t >= since_s, 1.0, 0.0)
    return {
        "t": t,
        "twist.linear.x": speed * driven,
        "twist.linear.y": 0.0 * t,
        "twist.angular.z": turn * driven,
    }


def test_a_sample_and_the_return_are_a_success_whatever_the_mission_says(sortie):
    for said in ("success", "turned_back", "failed", ""):
        assert judged(replace(sortie, mission_outcome=said)) == ("success", [])


def test_home_without_a_sample_is_an_outcome_of_its_own(sortie):
    shallow = (Hole((Sample(0.0, 0.3, 0.01, 0.01),)),)
    ended, reasons = judged(replace(sortie, holes=shallow, assay_bottoms_m=np.zeros(0)))
    assert ended == "home_without_sample"
    assert reasons == ["no sample from 0.5 m: the deepest sample ends at 0.30 m"]


def test_a_sample_from_deeper_than_was_truly_drilled_is_none(sortie):
    assert deepest_sample_m(sortie) == pytest.approx(0.5)
    sortie.truth["drill_depth_m"][:] = 0.2
    assert deepest_sample_m(sortie) == pytest.approx(0.2)
    assert judged(sortie)[0] == "home_without_sample"


def test_away_from_the_sun_nothing_is_won(sortie):
    sortie.truth["sunlit_fraction"][-1] = 0.4
    ended, reasons = judged(sortie)
    assert ended == "unfinished"
    assert "40%" in reasons[0]


def test_a_touched_reserve_is_no_success(sortie):
    least = float(sortie.truth["energy_wh"].min())
    assert judged(sortie, least - 0.1)[0] == "success"
    ended, reasons = judged(sortie, least + 12.0)
    assert ended == "reserve_violated"
    assert reasons == ["reserve violated: 12 Wh of it were used"]


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [("tipped", 1.0, "tipped"), ("dead", 1.0, "empty"), ("battery_temperature_k", 230.0, "froze at 230 K")],
)
def test_what_once_happened_to_the_rover_is_not_made_good(sortie, column, value, word):
    sortie.truth[column][200] = value
    ended, reasons = judged(sortie)
    assert ended == "lost"
    assert word in reasons[0]


def test_cold_within_the_storage_limit_is_no_loss(sortie):
    sortie.truth["battery_temperature_k"][200] = JUDGEMENT.storage_min_k + 0.5
    assert judged(sortie)[0] == "success"


@pytest.mark.parametrize(
    ("end", "lost"),
    [
        (End(), False),
        (End(100.0, 0.0), False),
        (End(2000.0, 0.0), False),
        (End(3000.0, 0.0), True),
        (End(3000.0, 1000.0), False),
        (End(math.inf, 2.0), True),
    ],
)
def test_out_of_reach_of_light_is_lost(sortie, end, lost):
    sortie.truth["energy_wh"][-1] = 2200.0
    assert (judged(sortie, end=end)[0] == "lost") == lost


def test_stuck_is_told_to_drive_until_the_end_and_not_moving(sortie):
    truth = sortie.truth
    assert stuck_s(sortie, JUDGEMENT) is None, "no commands were recorded"
    # the rover stands still for the last 1200 s, in the recharge
    since = truth["t"][-1] - 1300.0
    stuck = replace(sortie, commands=commands(sortie, since))
    assert stuck_s(stuck, JUDGEMENT) == pytest.approx(1200.0, abs=40.0)
    truth["x_m"][-260:] = truth["x_m"][-1]
    truth["y_m"][-260:] = truth["y_m"][-1]
    stuck = replace(sortie, commands=commands(sortie, since))
    assert lost_reasons(stuck, End(), JUDGEMENT)[0].startswith("lost: stuck")
    turning = replace(sortie, commands=commands(sortie, since, speed=0.0, turn=0.1))
    assert lost_reasons(turning, End(), JUDGEMENT)
    for still in (commands(sortie, since, speed=0.0), commands(sortie, truth["t"][-1] - 600.0)):
        assert lost_reasons(replace(sortie, commands=still), End(), JUDGEMENT) == []
    # whoever moves at the end was not stuck
    truth["x_m"][-1] += 3.0
    assert lost_reasons(replace(sortie, commands=commands(sortie, since)), End(), JUDGEMENT) == []


def test_without_truth_there_is_no_verdict(sortie):
    bare = replace(sortie, truth={name: values[:0] for name, values in sortie.truth.items()})
    assert judged(bare)[0] == "not_judged"


def path(slip_up, slip_down, slope_rad, length_m=50.0, step_m=0.1):
    """Truth of a drive up a slope and down again."""
    way = np.arange(0.0, 2 * length_m, step_m)
    up = way < length_m
    rise = np.where(up, way, 2 * length_m - way) * math.sin(slope_rad)
    return {
        "t": way / 0.1,
        "distance_m": way,
        "z_m": rise,
        "slip": np.where(up, slip_up, slip_down),
    }


def test_slip_up_and_down_do_not_cancel():
    found = slip_figures(path(0.2, -0.1, math.radians(12.0)), JUDGEMENT)
    assert found["mean_abs_slip"] == pytest.approx(0.15, abs=1e-3)
    assert found["p95_abs_slip"] == pytest.approx(0.2)
    # the turning point lies level within the span
    assert found["mean_slip_up"] == pytest.approx(0.2, abs=0.005)
    assert found["mean_slip_down"] == pytest.approx(-0.1, abs=0.005)
    assert found["steepest_up_deg"] == pytest.approx(12.0, abs=0.1)
    assert found["steepest_down_deg"] == pytest.approx(12.0, abs=0.1)


def test_each_metre_weighs_the_same_however_long_it_took():
    truth = path(0.2, -0.1, math.radians(12.0))
    # a long stop at great slip, without a metre driven
    stop = {name: np.repeat(values[300], 500) for name, values in truth.items()}
    stop["slip"][:] = 0.9
    held = {name: np.concatenate([truth[name][:301], stop[name], truth[name][301:]]) for name in truth}
    assert slip_figures(held, JUDGEMENT) == pytest.approx(slip_figures(truth, JUDGEMENT))


def test_level_ground_is_neither_up_nor_down():
    found = slip_figures(path(0.1, 0.1, math.radians(0.5)), JUDGEMENT)
    assert found["mean_abs_slip"] == pytest.approx(0.1)
    assert found["mean_slip_up"] is found["mean_slip_down"] is found["steepest_up_deg"] is None
    assert set(slip_figures({n: v[:1] for n, v in path(0, 0, 0).items()}, JUDGEMENT).values()) == {None}


def plan(made_s, points, feasible=True):
    columns = {
        name: np.array(values, dtype=float) for name, values in zip(("t", "x_m", "y_m", "sunlit_fraction"), points)
    }
    return Plan(made_s, str(made_s), feasible, "", columns, 0.1, None)


def lit_track(sortie, plans, light):
    t = np.arange(0.0, 1000.0)
    truth = {"t": t, "x_m": 0.1 * t, "y_m": 0.0 * t, "sunlit_fraction": light(t)}
    return replace(sortie, truth=truth, plans=plans)


def test_promised_light_is_compared_where_and_when_the_rover_was(sortie):
    # waypoints at x = 10 and 50 m, promised lit and half lit; the second truly lies in the dark from x = 52 m on
    points = ([100.0, 500.0, 500.0], [10.0, 50.0, 200.0], [0.0, 0.0, 0.0], [1.0, 0.6, 1.0])
    held = lit_track(sortie, (plan(0.0, points),), lambda t: np.where(t < 520.0, 1.0, 0.0))
    found = light_figures(held, JUDGEMENT)
    assert set(found) == set(KEYS)
    assert found["compared_s"] == pytest.approx(202.0, abs=2.0)
    assert found["promised_mean"] == pytest.approx(0.8, abs=0.01)
    assert found["got_mean"] == pytest.approx(1.0 - 31 / 202, abs=0.01)
    assert found["promised_lit_but_dark_share"] == pytest.approx(31 / 202, abs=0.01)


def test_the_plan_in_force_and_the_nearest_time_promise(sortie):
    first = plan(0.0, ([100.0, 900.0], [10.0, 10.0], [0.0, 0.0], [1.0, 0.2]))
    second = plan(400.0, ([500.0], [50.0], [0.0], [0.3]))
    never = plan(200.0, ([100.0], [10.0], [0.0], [0.9]), feasible=False)
    held = lit_track(sortie, (second, first, never), lambda t: 0.0 * t)
    promised = promised_light(held, JUDGEMENT)
    assert promised[100] == 1.0
    assert promised[500] == 0.3
    assert np.isnan(promised[[200, 300, 600]]).all()
    late = lit_track(sortie, (plan(0.0, ([5000.0], [10.0], [0.0], [1.0])),), lambda t: 0.0 * t)
    assert set(light_figures(late, JUDGEMENT).values()) == {None}
