# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The heater's full power covers all that cold takes on a way of any length, as long as it keeps the battery warm."""

from dataclasses import replace
from pathlib import Path

import pytest

from lupex_models.rover import read_rover
from lupex_path_planning.config import BoundConfig
from lupex_path_planning.way_back.cold import check_cold, dark_stay

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
BOUND = BoundConfig()


@pytest.mark.parametrize("start_k", [268.0, 273.15, 278.15, 283.15, 288.15, 293.15, 298.15, 303.0])
@pytest.mark.parametrize("avionics_w", [0.0, 20.0, 45.0])
def test_the_heaters_full_power_covers_heat_and_lost_capacity_at_each_minute_of_the_worst_stay(start_k, avionics_w):
    stay = dark_stay(ROVER, start_k, avionics_w)
    granted_w = ROVER.loads.heater_w * BOUND.heater_share * BOUND.load_factor
    assert (stay.taken_j <= granted_w * stay.time_s).all()


def test_the_worst_stay_leaves_the_battery_warm_enough_to_be_charged_even_without_the_heat_of_the_avionics():
    assert dark_stay(ROVER, 283.15, 45.0).battery_k.min() >= 283.15
    assert dark_stay(ROVER, 283.15, 0.0).battery_k.min() > 278.0 > ROVER.battery.charge_min_k


def test_the_worst_stay_is_that_on_ground_that_never_saw_the_sun():
    """By the heater's work: it grows as that ground cools, and shade that the Sun visits changes nothing."""

    def heated_wh(**ground):
        rover = replace(ROVER, thermal=replace(ROVER.thermal, **ground))
        return dark_stay(rover, ROVER.thermal.heater_on_k, 0.0).taken_j[-1] / 3600.0

    assert heated_wh(permanent_shadow_ground_k=26.0) > heated_wh() + 1.0
    assert heated_wh(permanent_shadow_ground_k=110.0) < heated_wh() - 10.0
    assert heated_wh(shaded_ground_k=200.0) == heated_wh()


def test_cold_that_costs_capacity_is_counted_where_the_heater_does_not_run():
    stay = dark_stay(ROVER, 293.15, 45.0)
    assert stay.battery_k[-1] == pytest.approx(288.6, abs=0.1)
    assert stay.taken_j[-1] / 3600.0 == pytest.approx(46.0, abs=1.0)


def test_the_bound_of_this_rover_holds():
    check_cold(ROVER, BOUND)


def test_a_heater_too_weak_to_keep_the_battery_from_freezing_is_refused():
    deaf = replace(ROVER.thermal, electronics_share=0.0, battery_conductance_w_k=0.4)
    check_cold(replace(ROVER, thermal=deaf), BOUND)
    weak = replace(ROVER, thermal=deaf, loads=replace(ROVER.loads, heater_w=4.0))
    with pytest.raises(ValueError, match="cannot be charged: no way back"):
        check_cold(weak, BOUND)


def test_the_avionics_heat_is_counted_low_where_their_load_is_counted_high():
    """A heater that suffices beside the avionics as they are does not where they may draw, and warm, a third less."""
    bound = replace(BOUND, load_factor=1.5)
    leaky = replace(ROVER.thermal, battery_conductance_w_k=0.3)
    weak = replace(ROVER, thermal=leaky, loads=replace(ROVER.loads, heater_w=6.0))
    coldest = [dark_stay(weak, leaky.heater_on_k, watt).battery_k.min() for watt in (30.0, 45.0, 67.5)]
    assert coldest[0] < ROVER.battery.charge_min_k < coldest[1] < coldest[2]
    with pytest.raises(ValueError, match="cannot be charged"):
        check_cold(weak, bound)


def test_a_share_of_the_heater_that_a_stay_exceeds_is_refused():
    with pytest.raises(ValueError, match=r"heater_share of 0.5 grants 10.8 W against the cold, but .* takes 20.0 W"):
        check_cold(ROVER, replace(BOUND, heater_share=0.5))
