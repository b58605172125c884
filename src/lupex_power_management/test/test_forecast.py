# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models import thermal
from lupex_models.battery import BatteryState, step, usable_energy_wh
from lupex_power_management.charge_estimator import ChargeEstimate
from lupex_power_management.config import ForecastConfig
from lupex_power_management.forecast import Foreseen, forecast, in_permanent_shadow, observed_heat, sunlight
from lupex_power_management.sortie_track import Activity, Place, Sortie, Waypoint, along, at_rest

CONFIG = ForecastConfig()
NOW = 1000.0
WARM = thermal.ThermalState(285.0, 275.0, 275.0)

OUT_AND_BACK = Sortie(
    "p1",
    (
        Waypoint(Activity.WAIT, 50.0, 0.0, NOW),
        Waypoint(Activity.DRIVE, -100.0, 0.0, NOW + 2000.0),
        Waypoint(Activity.SERVICE, -100.0, 0.0, NOW + 5600.0, 80.0),
        Waypoint(Activity.DRIVE, 50.0, 0.0, NOW + 7800.0),
        Waypoint(Activity.RECHARGE, 50.0, 0.0, NOW + 15000.0),
    ),
)


def estimate_at(rover, soc):
    energy = float(usable_energy_wh(rover.battery, soc, 285.0))
    return ChargeEstimate(NOW, soc, 0.01, energy, 30.0, 2400.0, 285.0)


def foresee(rover, site, track, soc=0.6, share=1.0, config=CONFIG, standing_w=60.0):
    light = sunlight(site, rover, track.x_m, track.y_m, site.utc_offset_s + track.end_s - 0.5 * track.length_s)
    return forecast(track, light, estimate_at(rover, soc), share, WARM, standing_w, NOW, rover, config)


HOME = Place(50.0, 0.0)


def follow(site, tables, place=HOME, now_s=NOW, sortie=OUT_AND_BACK, config=CONFIG):
    return along(sortie, place, now_s, site.dem, *tables, config)


def test_light_and_shadow_come_from_the_site(site, rover):
    light = sunlight(site, rover, np.array([100.0, -100.0, 1e5]), np.zeros(3), np.full(3, site.start_utc_s))
    assert light.disc_fraction == pytest.approx([1.0, 0.0, 0.0])
    assert light.array_w[0] == pytest.approx(388.0, rel=0.05)
    assert list(light.permanent_shadow) == [False, True, False]
    assert not in_permanent_shadow(dataclasses.replace(site, permanent_shadow=None), np.zeros(2), np.zeros(2)).any()


def test_track_covers_the_sortie_without_gaps(site, tables):
    track = follow(site, tables)
    assert track.plan_id == "p1"
    assert track.end_s[-1] == pytest.approx(NOW + 15000.0)
    assert np.diff(track.end_s) == pytest.approx(track.length_s[1:])
    assert track.length_s.sum() == pytest.approx(15000.0)
    working = track.service_w > 0.0
    assert (track.service_w * track.length_s).sum() == pytest.approx(80.0 * 3600.0)
    assert track.x_m[working] == pytest.approx(-100.0)


def test_driving_energy_is_that_of_the_table(site, rover, tables):
    track = follow(site, tables)
    down = float(tables[0].energy_per_m_j(-math.atan(0.05)))
    up = float(tables[0].energy_per_m_j(math.atan(0.05)))
    assert (track.drive_w * track.length_s).sum() == pytest.approx(150.0 * (down + up), rel=1e-3)
    assert (track.drive_sigma_w >= 0.0).all()


def test_slopes_off_the_map_or_too_steep_count_as_the_worst(site, tables):
    far = Sortie("far", (Waypoint(Activity.DRIVE, 5000.0, 0.0, NOW + 1000.0),))
    track = follow(site, tables, Place(4000.0, 0.0), sortie=far)
    worst = tables[0].energy_table[np.isfinite(tables[0].energy_table)].max()
    assert (track.drive_w * track.length_s).sum() == pytest.approx(1000.0 * worst)
    # slower than planned: the plan's time cannot hold
    assert track.end_s[-1] > NOW + 1000.0


def test_a_late_rover_keeps_its_service_and_shortens_its_rest(site, tables):
    track = follow(site, tables, Place(0.0, 0.0), NOW + 1500.0)
    assert (track.service_w * track.length_s).sum() == pytest.approx(80.0 * 3600.0)
    assert track.end_s[-1] == pytest.approx(NOW + 15000.0)
    # 100 m at about 0.1 m/s from now on, later than planned
    begun = track.end_s[track.service_w > 0.0][0] - track.length_s[0]
    assert begun > NOW + 2000.0


def test_out_and_back_through_the_same_place_are_told_apart_by_the_clock(site, tables):
    outward = follow(site, tables, Place(-20.0, 0.0), NOW + 900.0)
    homeward = follow(site, tables, Place(-20.0, 0.0), NOW + 6800.0)
    assert outward.x_m[0] < -20.0 < homeward.x_m[0]
    assert homeward.service_w.max() == 0.0


def test_in_the_middle_of_a_stay_the_rest_of_it_is_left(site, tables):
    track = follow(site, tables, Place(-100.0, 0.0), NOW + 3800.0)
    assert (track.service_w * track.length_s).sum() == pytest.approx(80.0 * 1800.0)


def test_a_plan_that_is_over_or_empty_is_rest(site, tables):
    over = follow(site, tables, Place(51.0, 0.0), NOW + 15001.0)
    assert over.plan_id == ""
    assert over.end_s[-1] == pytest.approx(NOW + 15001.0 + CONFIG.rest_s)
    assert follow(site, tables, sortie=Sortie("none", ())).plan_id == ""
    gone = Sortie("gone", (Waypoint(Activity.WAIT, 50.0, 0.0, NOW - 1.0),))
    assert follow(site, tables, Place(50.0, 8.0), sortie=gone).plan_id == "gone"


def test_stay_that_is_already_past_leaves_rest(site, tables):
    config = dataclasses.replace(CONFIG, arrived_m=0.1)
    gone = Sortie("gone", (Waypoint(Activity.WAIT, 50.0, 0.0, NOW - 1.0),))
    assert follow(site, tables, Place(50.0, 0.5), sortie=gone, config=config).plan_id == ""


def test_long_plans_take_longer_steps(site, tables):
    week = Sortie("week", (Waypoint(Activity.RECHARGE, 50.0, 0.0, NOW + 7 * 86400.0),))
    track = follow(site, tables, sortie=week)
    assert track.end_s.size <= CONFIG.most_steps
    assert at_rest(Place(0.0, 0.0), NOW, CONFIG).length_s[0] == pytest.approx(120.0)


def test_forecast_in_the_dark_by_hand(site, rover):
    track = at_rest(Place(-100.0, 0.0), NOW, CONFIG)
    told = foresee(rover, site, track)
    # 4 h of 60 W through the converter
    spent = 60.0 * 4.0 / 0.95
    assert told.array_w.max() == 0.0
    assert told.load_w == pytest.approx(60.0)
    assert told.energy_wh[-1] < told.energy_wh[0]
    held = 0.6 - told.min_soc
    assert held == pytest.approx(spent / 2500.0, rel=0.05)
    assert told.min_soc_s == told.times_s[-1]
    assert (np.diff(told.sigma_wh) > 0.0).all()


def test_forecast_in_the_sun_charges_up_to_full(site, rover):
    told = foresee(rover, site, at_rest(Place(100.0, 0.0), NOW, CONFIG), soc=0.9)
    assert told.energy_wh[-1] > told.energy_wh[0]
    assert told.min_soc == pytest.approx(0.9)
    assert told.array_w[1] > told.array_w[-1] > 0.0
    assert told.energy_wh.max() <= 2500.0


def test_forecast_agrees_with_fine_steps_along_a_sortie(site, rover, tables):
    coarse = foresee(rover, site, follow(site, tables), soc=0.5)
    fine = foresee(
        rover, site, follow(site, tables, config=dataclasses.replace(CONFIG, step_s=5.0, most_steps=10000)), soc=0.5
    )
    # the edge of the shadow falls within a coarse step: 120 s of 300 W are 10 Wh
    assert coarse.energy_wh[-1] == pytest.approx(fine.energy_wh[-1], abs=10.0)
    assert coarse.min_soc == pytest.approx(fine.min_soc, abs=0.005)


def test_a_weaker_battery_falls_faster(site, rover):
    track = at_rest(Place(-100.0, 0.0), NOW, CONFIG)
    assert foresee(rover, site, track, share=0.8).min_soc < foresee(rover, site, track, share=1.0).min_soc


def test_heater_comes_on_in_the_cold(site, rover):
    track = at_rest(Place(-100.0, 0.0), NOW, CONFIG)
    light = sunlight(site, rover, track.x_m, track.y_m, site.utc_offset_s + track.end_s)
    cold = dataclasses.replace(estimate_at(rover, 0.6), temperature_k=276.0)
    told = forecast(track, light, cold, 1.0, WARM, 60.0, NOW, rover, CONFIG)
    assert told.load_w[1] == pytest.approx(80.0)


def test_an_empty_battery_stays_empty(site, rover):
    told = foresee(rover, site, at_rest(Place(-100.0, 0.0), NOW, CONFIG), soc=0.05)
    assert told.energy_wh[-1] == 0.0
    assert told.min_soc >= 0.0


@pytest.mark.property
@given(soc=st.floats(0.1, 1.0), x=st.floats(-200.0, 200.0))
def test_forecasts_are_finite_and_within_the_battery(site, rover, soc, x):
    told = foresee(rover, site, at_rest(Place(x, 0.0), NOW, CONFIG), soc=soc)
    for values in (told.energy_wh, told.sigma_wh, told.array_w, told.load_w):
        assert np.isfinite(values).all()
        assert (values >= 0.0).all()
    assert told.energy_wh.max() <= 2500.0 + 1e-6


def test_heat_is_followed_between_forecasts(site, rover):
    first = observed_heat(None, 285.0, 60.0, 0.0, None, 0.0, 0.0, None, rover)
    assert (first.battery_k, first.electronics_k) == (285.0, 275.0)
    utc = site.start_utc_s
    sunny = observed_heat(first, 286.0, 60.0, 20.0, Place(100.0, 0.0), utc, 600.0, site, rover)
    dark = observed_heat(first, 286.0, 60.0, 20.0, Place(-100.0, 0.0), utc, 600.0, site, rover)
    lost = observed_heat(first, 286.0, 60.0, 20.0, None, utc, 600.0, site, rover)
    assert sunny.battery_k == dark.battery_k == 286.0
    assert sunny.panel_k > first.panel_k > lost.panel_k > dark.panel_k
    assert observed_heat(first, 286.0, 60.0, 0.0, None, 0.0, 0.0, None, rover) is first


def test_one_step_is_the_batterys_own(site, rover):
    config = dataclasses.replace(CONFIG, rest_s=120.0)
    told = foresee(rover, site, at_rest(Place(-100.0, 0.0), NOW, config), config=config)
    result = step(rover.battery, BatteryState(0.6, 285.0), 60.0, 120.0)
    assert told.min_soc == pytest.approx(result.state.soc)


PLACE = Place(-100.0, 0.0)


@pytest.fixture(scope="module")
def foreseen(site, rover):
    told = foresee(rover, site, at_rest(PLACE, NOW, CONFIG))
    return Foreseen(NOW, PLACE, told)


def test_what_goes_as_foreseen_is_not_foreseen_anew(foreseen):
    for later_s in (0.0, 9.0, 30.0, CONFIG.longest_s - 1.0):
        now_s = NOW + later_s
        assert foreseen.holds(now_s, PLACE, foreseen.forecast.energy_at(now_s), CONFIG)


def test_motion_another_charge_a_place_at_last_and_time_ask_for_another_forecast(foreseen):
    now_s = NOW + 30.0
    energy = foreseen.forecast.energy_at(now_s)
    moved = Place(PLACE.x_m + CONFIG.moved_m, PLACE.y_m)
    assert not foreseen.holds(now_s, moved, energy, CONFIG)
    assert not foreseen.holds(now_s, PLACE, energy - 1.01 * CONFIG.departed_wh, CONFIG)
    assert not foreseen.holds(now_s, PLACE, energy + 1.01 * CONFIG.departed_wh, CONFIG)
    assert not foreseen.holds(NOW + CONFIG.longest_s, PLACE, energy, CONFIG)
    assert not foreseen.holds(NOW - 1.0, PLACE, energy, CONFIG)
    # too early for another
    assert foreseen.holds(NOW + 5.0, moved, 0.0, CONFIG)
    blind = Foreseen(NOW, None, None)
    assert not blind.holds(now_s, PLACE, energy, CONFIG)
    assert blind.holds(now_s, None, energy, CONFIG)
