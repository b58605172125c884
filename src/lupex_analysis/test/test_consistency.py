# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.consistency import Stated, consistency, forecast_errors, nees, shares, slip_errors
from lupex_analysis.judge.true_ice import sample_errors, water_error_sigmas
from lupex_analysis.reading import read_recording
from lupex_analysis.scoring import localization_errors
from lupex_analysis.sortie import THIN_S, WANTED, Forecast, Hole, Sample, extract

GAUSS = {1: 0.6827, 2: 0.9545, 3: 0.9973}


@pytest.fixture
def sortie(sortie_bag):
    return extract(read_recording(sortie_bag, WANTED, THIN_S))


def errors_of(sortie):
    return localization_errors(sortie.truth, sortie.estimate, JUDGEMENT.match_s)


@pytest.mark.parametrize("sigma", [0.01, 3.0])
def test_honest_sigmas_hold_their_shares(sigma):
    rng = np.random.default_rng(5)
    found = shares(Stated(rng.normal(0, sigma, 4000), np.full(4000, sigma)))
    for k, share in GAUSS.items():
        assert found[f"in_{k}_sigma"] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))
    assert found["rms_normalised"] == pytest.approx(1.0, abs=0.05)
    assert found["n"] == 4000


def test_a_sigma_of_half_the_error_shows():
    rng = np.random.default_rng(6)
    found = shares(Stated(rng.normal(0, 2.0, 4000), np.ones(4000)))
    # one stated sigma is half a true one
    assert found["in_1_sigma"] == pytest.approx(math.erf(0.5 / math.sqrt(2)), abs=0.03)
    assert found["rms_normalised"] == pytest.approx(2.0, abs=0.1)


def test_values_without_a_sigma_are_not_counted():
    stated = Stated(np.array([0.1, 0.1, math.nan, 0.1, 5.0]), np.array([1.0, 0.0, 1.0, math.nan, 1.0]))
    assert shares(stated) == {
        "n": 2,
        "in_1_sigma": 0.5,
        "in_2_sigma": 0.5,
        "in_3_sigma": 0.5,
        "rms_normalised": pytest.approx(math.sqrt((0.1**2 + 25) / 2)),
    }
    assert shares(Stated(np.array([1.0]), np.array([0.0]))) is None


def test_every_quantity_is_there_or_noted(sortie):
    notes = []
    found = consistency(sortie, errors_of(sortie), JUDGEMENT, notes)
    assert found["capacity"] is None
    assert found["slip"] is None
    assert any("consistency.slip" in note for note in notes)
    assert any("consistency.capacity" in note for note in notes)
    # 0.004 of charge off, 0.01 stated; 0.004 * 2450 Wh off, 24 stated; 25 Wh below, at 20 Wh growing to 70
    assert found["charge"]["rms_normalised"] == pytest.approx(0.4, rel=1e-3)
    assert found["energy"]["rms_normalised"] == pytest.approx(0.004 * 2450 / 24, rel=1e-3)
    assert found["forecast_energy"]["in_2_sigma"] == 1.0
    assert 0.5 < found["forecast_energy"]["in_1_sigma"] < 1.0
    assert found["heading"]["rms_normalised"] == pytest.approx(0.004 / 0.005, rel=0.1)
    assert found["ice"] is None, "its true depth is told at the begin and at the end only"


def slip_columns(**values):
    return {name: np.asarray(value, dtype=float) for name, value in values.items()}


def test_slip_is_compared_over_the_driving_that_it_was_measured_on():
    t = np.arange(400.0)
    # drives 100 s at slip 0.1, stands 100 s, drives 100 s at slip 0.5, stands
    speed = np.where(t < 100, 0.1, np.where((t >= 200) & (t < 300), 0.05, 0.0))
    true_slip = np.where(t < 100, 0.1, np.where((t >= 200) & (t < 300), 0.5, 0.0))
    truth = slip_columns(t=t, distance_m=np.cumsum(speed), slip=true_slip)
    at = np.array([60.0, 90.0, 150.0, 220.0, 280.0, 290.0])
    estimate = slip_columns(t=at, slip=np.full(6, 0.3), sigma=np.full(6, 0.1), window_s=np.full(6, 40.0))
    found = slip_errors(estimate, truth)
    # at 60 s 0.1; 90 s and 150 s too soon or nothing new; at 220 s half of the window lies before the stop
    assert found.error[0] == pytest.approx(0.2)
    assert found.error[1] == pytest.approx(0.3 - (19 * 0.1 + 21 * 0.5) / 40)
    assert found.error[2] == pytest.approx(-0.2)
    assert len(found.error) == 3
    estimate["window_s"][:] = 0.0
    assert len(slip_errors(estimate, truth).error) == 0, "what was not measured is the model's"


def test_the_first_forecast_of_each_plan_is_compared_until_the_next():
    truth = slip_columns(t=np.arange(100.0), energy_wh=1000.0 - np.arange(100.0))

    def forecast(made, plan, off):
        times = np.arange(made, 200.0, 10.0)
        columns = slip_columns(t=times, energy_wh=1000.0 - times + off, energy_sigma_wh=np.full(len(times), 2.0))
        return Forecast(made, plan, columns, 0.5)

    forecasts = (forecast(0.0, "", 50.0), forecast(5.0, "a", 1.0), forecast(25.0, "a", 70.0), forecast(45.0, "b", -3.0))
    found = forecast_errors(forecasts, truth)
    assert found.error == pytest.approx([1.0] * 4 + [-3.0] * 5)
    assert found.sigma == pytest.approx([2.0] * 9)


def test_nees_is_told_by_block_with_the_covariance_of_x_and_y(sortie):
    phases = sortie.mission["phase"]
    estimate, truth = sortie.estimate, sortie.truth
    at_target = np.isin(np.interp(estimate["t"], sortie.mission["t"], phases), (3, 4))
    # off by one sigma in x and in y; with correlation 0.8 that is likely along, unlikely across
    estimate["x_m"] = np.interp(estimate["t"], truth["t"], truth["x_m"]) + 1.0
    estimate["y_m"] = np.interp(estimate["t"], truth["t"], truth["y_m"]) + np.where(at_target, -1.0, 1.0)
    estimate["yaw_rad"] = np.interp(estimate["t"], truth["t"], truth["yaw_rad"]) + 0.02
    for name, value in (("xx_m2", 1.0), ("yy_m2", 1.0), ("xy_m2", 0.8), ("yaw_rad2", 0.01**2)):
        estimate[name][:] = value
    found = nees(sortie, errors_of(sortie))
    assert found["out"]["position"] == pytest.approx(2 / 1.8, rel=1e-3)
    assert found["at_target"]["position"] == pytest.approx(2 / 0.2, rel=0.01)
    assert found["back"]["position"] == pytest.approx(2 / 1.8, rel=1e-3)
    assert found["all"]["heading"] == pytest.approx(4.0, rel=1e-6)
    assert found["all"]["n"] > sum(found[block]["n"] for block in ("out", "at_target", "back")) > 1000


def column(*pieces):
    """Truth of a rover that drills holes: (bottom, top of the ice); ice of 10 percent from there on."""
    depth, ice = [0.0], [0.0]
    for bottom, dry in pieces:
        for d in np.arange(0.0, bottom + 1e-9, 0.005):
            depth.append(d)
            ice.append(0.1 * max(d - dry, 0.0) / d if d else 0.0)
    return {"drill_depth_m": np.array(depth), "ice_fraction": np.array(ice)}


def test_ice_is_compared_over_the_interval_of_the_sample():
    samples = (Sample(0.0, 0.1, 0.01, 0.02), Sample(0.1, 0.2, 0.05, 0.02), Sample(0.2, 0.3, 0.12, 0.01))
    error, sigma = sample_errors((Hole(samples),), column((0.3, 0.15)))
    assert error == pytest.approx([0.01, 0.0, 0.02], abs=1e-6)
    assert sigma.tolist() == [0.02, 0.02, 0.01]
    hole = Hole(samples)
    mean_error = (0.01 + 0.0 + 0.02) / 3
    spread = math.sqrt(0.02**2 + 0.02**2 + 0.01**2) / 3
    assert water_error_sigmas(hole, (hole,), column((0.3, 0.15))) == pytest.approx(mean_error / spread, rel=1e-4)


def test_each_hole_has_its_own_truth():
    first, second = Hole((Sample(0.0, 0.2, 0.1, 0.01),)), Hole((Sample(0.0, 0.3, 0.0, 0.01),))
    error, _ = sample_errors((first, second), column((0.2, 0.0), (0.1, 0.0), (0.3, 0.3)))
    assert error == pytest.approx([0.0, 0.0], abs=1e-6)


def test_ice_whose_truth_is_not_resolved_is_not_compared():
    truth = {"drill_depth_m": np.array([0.0, 0.3]), "ice_fraction": np.array([0.0, 0.05])}
    hole = Hole((Sample(0.1, 0.2, 0.05, 0.01),))
    assert np.isnan(sample_errors((hole,), truth)[0]).all()
    assert water_error_sigmas(hole, (hole,), truth) is None
    assert np.isnan(sample_errors((hole,), {name: value[:0] for name, value in truth.items()})[0]).all()
