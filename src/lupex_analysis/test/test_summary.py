# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from evo.core.metrics import APE, PoseRelation
from evo.core.trajectory import PoseTrajectory3D
from hypothesis import given
from hypothesis import strategies as st

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.outcome import End
from lupex_analysis.judge.verdict import WayHome
from lupex_analysis.judge.violations import margins
from lupex_analysis.reading import read_recording, stamp_s
from lupex_analysis.scoring import counter_total, episodes, held_seconds, localization_errors, lowest, stops
from lupex_analysis.sortie import ESTIMATE, THIN_S, TRUTH, WANTED, FaultEvent, extract
from lupex_analysis.summary import summarise

KEYS = [
    "outcome",
    "mission_says",
    "world",
    "seed",
    "wall_s",
    "sim_s",
    "real_time_factor",
    "drive.distance_m",
    "drive.mean_abs_slip",
    "drive.p95_abs_slip",
    "drive.mean_slip_up",
    "drive.mean_slip_down",
    "drive.stops",
    "localization.ate_rmse_m",
    "localization.end_error_m",
    "localization.drift_percent",
    "localization.heading_rmse_deg",
    "localization.fixes_accepted",
    "localization.fixes_rejected",
    "localization.nees_mean",
    "localization.nees.all.position",
    "localization.nees.at_target.heading",
    "power.min_soc",
    "power.min_soc_predicted",
    "power.min_energy_wh",
    "power.min_above_reserve_wh",
    "power.dark_s",
    "light.promised_lit_but_dark_share",
    "thermal.battery_min_c",
    "drill.depth_m",
    "drill.duration_s",
    "drill.mean_power_w",
    "drill.peak_wob_n",
    "drill.faults",
    "drill.recoveries",
    "drill.commands",
    "plan.replans",
    "plan.plan_ms_max",
    "certificate.min_margin_wh",
    "certificate.violations",
    "certificate.excess_p95_wh",
    "water.ice_percent",
    "water.ice_percent_sigma",
    "water.depth_m",
    "water.error_sigmas",
    "consistency.slip",
    "consistency.forecast_energy",
    "faults",
    "cpu_s_by_node",
]


def analyse(bag, figures=None):
    recording = read_recording(bag, WANTED, THIN_S)
    return summarise(recording, extract(recording), figures)


def at(summary, key):
    for part in key.split("."):
        summary = summary[part]
    return summary


def test_a_rover_that_turns_fast_is_judged_by_the_estimates_of_its_time(swaying_bag):
    found = analyse(swaying_bag)["localization"]
    assert found["heading_rmse_deg"] < 1e-6
    assert found["nees_mean"] < 1e-6


@pytest.fixture(scope="module")
def summary(sortie_bag):
    return analyse(sortie_bag, {"cpu_s_by_node": {"mission": 3.5}})


def assert_complete(summary):
    for key in KEYS:
        value = at(summary, key)
        assert not isinstance(value, float) or math.isfinite(value), key
    json.dumps(summary, allow_nan=False)


def test_every_key_is_there_and_finite(summary):
    assert_complete(summary)


def test_figures_are_those_of_the_sortie(summary):
    assert summary["outcome"] == "success"
    assert summary["reasons"] == []
    assert summary["mission_says"] == "success"
    # what the synthetic recording lacks, and nothing else, is told
    told = ("outcome: no commands", "certificate: violations", "water.error_sigmas", "consistency.slip")
    told += ("consistency.ice", "consistency.capacity")
    assert len(summary["notes"]) == len(told)
    assert all(any(note.startswith(word) for note in summary["notes"]) for word in told)
    assert (summary["world"], summary["seed"]) == ("ridge", 7)
    assert summary["sim_s"] == pytest.approx(10620)
    assert summary["real_time_factor"] == pytest.approx(20)
    assert summary["drive"]["mean_abs_slip"] == pytest.approx(0.12, abs=0.001)
    assert summary["power"]["min_energy_wh"] == pytest.approx(2450 * summary["power"]["min_soc"], rel=1e-6)
    assert summary["power"]["min_above_reserve_wh"] == pytest.approx(summary["power"]["min_energy_wh"] - 375.0)
    # the plan promised what came
    assert summary["light"]["promised_lit_but_dark_share"] == 0.0
    assert 5000 < summary["power"]["dark_s"] < 6500
    assert summary["power"]["min_soc"] == pytest.approx(summary["power"]["min_soc_predicted"], abs=0.01)
    assert summary["drill"]["depth_m"] == pytest.approx(0.5)
    assert summary["drill"]["commands"] == 1
    assert summary["plan"] == {"replans": 1, "plan_ms_max": pytest.approx(420)}
    # a dry first fifth, then 5.5 percent; four sigma of the mean of five
    assert summary["water"]["ice_percent"] == pytest.approx(4.4, abs=4 * summary["water"]["ice_percent_sigma"])
    assert [fault["code"] for fault in summary["faults"]] == ["terrain_blocked", "node_lost"]
    assert summary["faults"][1]["lasted_s"] == pytest.approx(22)
    assert summary["faults"][1]["cleared"]
    assert summary["cpu_s_by_node"] == {"mission": 3.5}


def test_the_position_error_is_that_of_evo(sortie_bag, summary):
    sortie = extract(read_recording(sortie_bag, WANTED, THIN_S))

    def trajectory(columns):
        count = len(columns["t"])
        positions = np.stack([columns[name] for name in ("x_m", "y_m", "z_m")], axis=1)
        return PoseTrajectory3D(positions, np.tile([1.0, 0, 0, 0], (count, 1)), columns["t"])

    metric = APE(PoseRelation.translation_part)
    metric.process_data((trajectory(sortie.truth), trajectory(sortie.estimate)))
    # ours goes through float arithmetic of an interpolation at equal stamps
    assert summary["localization"]["ate_rmse_m"] == pytest.approx(metric.get_all_statistics()["rmse"], rel=1e-6)


def test_an_estimate_that_ends_before_the_way_has_no_error_at_its_end(sortie_bag, summary):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    estimates, truth = recording.messages[ESTIMATE], recording.messages[TRUTH]
    half_m = 0.5 * truth[-1].distance_m
    ends_s = next(stamp_s(message) for message in truth if message.distance_m > half_m)
    kept = tuple(message for message in estimates if stamp_s(message) < ends_s)
    cut = replace(recording, messages={**recording.messages, ESTIMATE: kept})
    found = summarise(cut, extract(cut))
    told = found["localization"]
    assert told["end_error_m"] is None
    assert told["ate_rmse_m"] > 0.0
    assert any(f"{truth[-1].distance_m - half_m:.0f} m before the way does" in note for note in found["notes"])
    assert summary["localization"]["end_error_m"] is not None
    assert not any("before the way does" in note for note in summary["notes"])


@pytest.mark.parametrize(
    ("seed", "draw", "told"),
    [("4", "-1", (4, 4)), ("4", "7", (4, 7)), ("x", "7", (None, 7)), ("4", "x", (4, None)), ("x", "-1", (None, None))],
)
def test_seeds_that_are_no_numbers_are_unknown_and_stop_nothing(sortie_bag, seed, draw, told):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    foreign = replace(
        recording, custom={**recording.custom, "seed": seed, "draw": draw, "truth": "/elsewhere/mine.yaml"}
    )
    found = summarise(foreign, extract(foreign))
    assert (found["seed"], found["draw"], found["truth"]) == (*told, "mine")


def test_what_the_caller_knows_comes_first(sortie_bag):
    given_figures = {"world": "plain", "seed": 9, "wall_s": 100.0, "setup_s": 5.0}
    summary = analyse(sortie_bag, given_figures)
    assert {key: summary[key] for key in given_figures} == given_figures
    assert summary["real_time_factor"] == pytest.approx(106.2)


@pytest.mark.parametrize(
    ("change", "outcome", "word"),
    [
        ({"sampled": False}, "home_without_sample", "no sample was delivered"),
        ({"tipped": True}, "lost", "tipped over"),
        ({"end_at": 4}, "unfinished", "not in sunlight"),
    ],
)
def test_the_outcome_is_judged_by_truth(store, synthetic, tmp_path, change, outcome, word):
    synthetic.write_sortie(store, tmp_path / "bag", **change)
    summary = analyse(tmp_path / "bag")
    assert summary["outcome"] == outcome
    assert any(word in reason for reason in summary["reasons"])
    assert_complete(summary)


def test_the_missions_own_word_decides_nothing(store, synthetic, tmp_path):
    synthetic.write_sortie(store, tmp_path / "bag", outcome="turned_back")
    summary = analyse(tmp_path / "bag")
    assert summary["outcome"] == "success"
    assert summary["mission_says"] == "turned_back"


def test_a_touched_reserve_is_no_success(sortie_bag):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    sortie = extract(recording)
    sortie.power["reserve_wh"][:] = 0.86 * 2450
    summary = summarise(recording, sortie)
    assert summary["outcome"] == "reserve_violated"
    assert summary["power"]["min_above_reserve_wh"] < 0.0


def test_certificates_are_judged_by_what_truth_says_of_the_way_home(sortie_bag):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    sortie = extract(recording)
    unjudged = summarise(recording, sortie)["certificate"]
    assert unjudged["min_margin_wh"] == pytest.approx(np.min(sortie.certificate["margin_wh"][4:]))
    assert unjudged["violations"] is unjudged["judged"] is unjudged["excess_max_wh"] is None
    found = margins(sortie, lambda x, y, t: 5000.0 + 0.0 * t, lambda t: 375.0 + 0.0 * t, JUDGEMENT.way)
    way = WayHome(margins=found, end=End(5000.0), check_wh=0.1, light_rms=0.02)
    summary = summarise(recording, sortie, way=way)
    assert summary["certificate"]["violations"] == summary["certificate"]["judged"] > 100
    assert summary["certificate"]["true_need_check_wh"] == 0.1
    assert summary["light"]["judge_rms"] == 0.02
    assert summary["outcome"] == "lost"
    assert not any(note.startswith("certificate") for note in summary["notes"])


def test_a_fault_that_comes_again_is_one_line(sortie_bag):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    sortie = extract(recording)

    def event(t_s, active):
        return FaultEvent(sortie.start_s + t_s, "mobility", "odometry_stale", "error", active, "silent")

    events = [event(10, True), event(12, False), event(20, True), event(21, True), event(25, False), event(100, True)]
    faults = summarise(recording, replace(sortie, faults=tuple(events)))["faults"]
    assert len(faults) == 1
    assert faults[0]["count"] == 3
    assert not faults[0]["cleared"]
    assert faults[0]["lasted_s"] == pytest.approx(2 + 5 + sortie.end_s - sortie.start_s - 100)


def test_darkness_that_nobody_saw_is_not_counted_and_that_is_said(sortie_bag):
    recording = read_recording(sortie_bag, WANTED, THIN_S)
    sortie = extract(recording)
    said = "s without a true state do not count"
    whole = summarise(recording, sortie)
    assert not any(said in note for note in whole["notes"])
    kept = (sortie.truth["t"] < 5000.0) | (sortie.truth["t"] > 7000.0)
    truth = {name: values[kept] for name, values in sortie.truth.items()}
    holed = summarise(recording, replace(sortie, truth=truth))
    assert holed["power"]["dark_s"] < whole["power"]["dark_s"]
    # from 4995 s to 7005 s, of which a state holds for 10 s
    assert f"power.dark_s: 2000 {said}" in holed["notes"]


def test_the_lowest_of_a_noisy_sensor_is_not_its_worst_reading():
    rng = np.random.default_rng(8)
    warming = 285.0 + np.arange(2000) / 300.0 + 0.2 * rng.standard_normal(2000)
    assert warming.min() < 284.6
    assert lowest(warming) == pytest.approx(285.1, abs=0.1)
    assert lowest(np.array([280.0, np.nan, 282.0, 281.0])) == 281.0
    assert math.isnan(lowest(np.zeros(0)))


def test_a_bag_without_truth_is_not_judged(store, synthetic, tmp_path):
    from lupex_recorder.config import Limits
    from lupex_recorder.recorder import Recorder

    recorder = Recorder(tmp_path / "bag", Limits(free_mb=0.0))
    tape = synthetic.Tape(store, recorder)
    tape.put("/power/status", synthetic.lupex("PowerStatus"), 1001.0, soc=0.7)
    recorder.close()
    summary = analyse(tmp_path / "bag")
    assert summary["outcome"] == "not_judged"
    assert summary["power"]["min_soc"] == pytest.approx(0.7)
    assert len(summary["notes"]) >= 8
    for key in ("drive.distance_m", "localization.ate_rmse_m", "drill.depth_m", "plan.replans", "seed"):
        assert at(summary, key) is None, f"{key} is not known, which is not 0"
    assert_complete(summary)


def columns(t, **values):
    return {"t": np.asarray(t, dtype=float), **{name: np.asarray(v, dtype=float) for name, v in values.items()}}


@pytest.mark.property
@given(
    offset=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    turn=st.floats(-3.1, 3.1),
    sigma=st.floats(0.1, 3.0),
)
def test_a_constant_error_is_found_as_it_is(offset, turn, sigma):
    t = np.arange(50.0)
    pose = {"x_m": t * 0.1, "y_m": np.sin(t), "z_m": 0 * t, "yaw_rad": 0.2 * t}
    variance = np.full(50, sigma**2)
    estimate = columns(
        t + 0.0,
        x_m=pose["x_m"] + offset[0],
        y_m=pose["y_m"] + offset[1],
        z_m=pose["z_m"],
        yaw_rad=np.arctan2(np.sin(pose["yaw_rad"] + turn), np.cos(pose["yaw_rad"] + turn)),
        xx_m2=variance,
        xy_m2=0 * t,
        yy_m2=variance,
        zz_m2=variance,
        yaw_rad2=variance,
    )
    errors = localization_errors(columns(t, **pose), estimate, JUDGEMENT.match_s)
    np.testing.assert_allclose(errors.x_m, offset[0], atol=1e-9)
    np.testing.assert_allclose(errors.yaw_rad, turn, atol=1e-9)
    expected = (offset[0] ** 2 + offset[1] ** 2 + turn**2) / sigma**2
    np.testing.assert_allclose(errors.nees, expected, rtol=1e-6, atol=1e-9)


def test_truth_far_from_any_estimate_is_not_scored():
    zero = [0.0, 0.0]
    names = ("x_m", "y_m", "z_m", "yaw_rad", "xx_m2", "xy_m2", "yy_m2", "zz_m2", "yaw_rad2")
    estimate = columns([0.0, 100.0], **dict.fromkeys(names, zero))
    truth = columns(np.arange(0, 101, 10.0), **{name: np.zeros(11) for name in ("x_m", "y_m", "z_m", "yaw_rad")})
    assert localization_errors(truth, estimate, 0.6).t.tolist() == [0.0, 100.0]


def test_spans_counters_and_stops():
    t = np.arange(10.0)
    assert held_seconds(t, t >= 5) == 4
    assert held_seconds(np.array([0.0, 1.0, 500.0, 501.0]), np.array([True, True, True, True])) == 12
    assert episodes(t, (t >= 2) & (t <= 4)) == [(2.0, 5.0)]
    assert episodes(t, t == 3, 2.0) == []
    assert counter_total(np.array([0, 1, 3, 0, 2])) == 5
    assert counter_total(np.array([2, 0, 1])) == 3
    assert counter_total(np.zeros(0)) == 0
    distance = np.concatenate((np.zeros(20), np.arange(20) * 0.1, np.full(20, 1.9), 1.9 + np.arange(20) * 0.1))
    truth = columns(np.arange(80.0), distance_m=distance)
    assert stops(truth, 0.005, 5.0, 0.0, 79.0) == 1
    assert stops(truth, 0.005, 60.0, 0.0, 79.0) == 0
