# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest

from lupex_power_management.bus import EnergyBooks
from lupex_power_management.charge_estimator import ChargeEstimate
from lupex_power_management.config import VetoConfig
from lupex_power_management.work_veto import PowerState, judge, reserve_wh

CONFIG = VetoConfig()
GOOD = ChargeEstimate(1000.0, 0.6, 0.01, 1400.0, 40.0, 2300.0, 285.0)


def verdict(rover, reading, estimate=GOOD, books=None, now_s=1001.0, before=None):
    return judge(estimate, reading, books or EnergyBooks(), now_s, before, rover.battery, CONFIG)


def test_enough_energy_allows_work(rover, reading):
    told = verdict(rover, reading)
    assert told.work_allowed
    assert told.reason == ""
    assert told.state is PowerState.DISCHARGING


def test_charging_is_told(rover, changed):
    assert verdict(rover, changed(current_a=-3.0)).state is PowerState.CHARGING


def test_no_reading_is_no_permission(rover, reading):
    for estimate, newest in ((None, reading), (GOOD, None)):
        told = verdict(rover, newest, estimate)
        assert not told.work_allowed
        assert told.state is PowerState.CRITICAL


@pytest.mark.parametrize(
    ("energy", "sigma", "state", "allowed"),
    [
        (581.0, 40.0, PowerState.DISCHARGING, True),
        (579.0, 40.0, PowerState.LOW, False),
        (581.0, 41.0, PowerState.LOW, False),
        (454.0, 40.0, PowerState.CRITICAL, False),
    ],
)
def test_sigmas_count_against_the_reserve(rover, reading, energy, sigma, state, allowed):
    # reserve 375 Wh and a band of 125 Wh, two sigma
    assert reserve_wh(rover.battery) == pytest.approx(375.0)
    told = verdict(rover, reading, dataclasses.replace(GOOD, energy_wh=energy, energy_sigma_wh=sigma))
    assert told.state is state
    assert told.work_allowed is allowed


def test_work_comes_back_only_above_the_release(rover, reading):
    def at(energy, before):
        estimate = dataclasses.replace(GOOD, energy_wh=energy, energy_sigma_wh=0.0)
        return verdict(rover, reading, estimate, before=before)

    low = at(499.0, None)
    assert low.objects("energy_low")
    still = at(540.0, low)
    assert not still.work_allowed
    assert at(540.0, None).work_allowed
    assert at(551.0, still).work_allowed


@pytest.mark.parametrize(
    ("code", "values", "told", "now_s", "imbalance"),
    [
        ("bus_silent", {}, {}, 1005.1, 0.0),
        ("under_voltage", {"low_voltage": True}, {}, 1001.0, 0.0),
        ("charge_uncertain", {}, {"soc_sigma": 0.13}, 1001.0, 0.0),
        ("battery_cold", {"temperature_k": 258.0}, {}, 1001.0, 0.0),
        ("battery_hot", {"temperature_k": 319.0}, {}, 1001.0, 0.0),
        ("bus_contradiction", {}, {}, 1001.0, -32.0),
    ],
)
def test_each_objection(rover, changed, code, values, told, now_s, imbalance):
    estimate = dataclasses.replace(GOOD, **told)
    found = verdict(rover, changed(**values), estimate, EnergyBooks(imbalance_w=imbalance), now_s)
    assert [objection.code for objection in found.objections] == [code]
    assert found.reason
    assert not found.work_allowed


def test_several_objections_are_all_told(rover, changed):
    found = verdict(rover, changed(temperature_k=258.0, low_voltage=True), now_s=1010.0)
    assert found.objects("bus_silent")
    assert found.reason.count(";") == 2
