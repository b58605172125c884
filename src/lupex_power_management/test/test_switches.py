# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lupex_power_management.config import SwitchConfig, VetoConfig
from lupex_power_management.switches import Phase, Switches, switched
from lupex_power_management.work_veto import PowerState, Verdict

FINE = Verdict(PowerState.DISCHARGING, ())
CRITICAL = Verdict(PowerState.CRITICAL, ())


@pytest.fixture
def switch(rover, reading):
    def call(before=None, now_s=1000.0, stowed=None, phase=None, newest=reading, verdict=FINE):
        return switched(
            before or Switches(),
            now_s,
            stowed,
            phase,
            newest,
            verdict,
            rover.battery,
            rover.thermal,
            SwitchConfig(),
            VetoConfig(),
        )

    return call


@pytest.mark.parametrize(
    ("stowed", "phase", "drill", "instruments"),
    [
        (True, Phase.IDLE, False, False),
        (True, Phase.DRIVE, False, True),
        (True, Phase.SCAN, False, True),
        (True, Phase.DRILL, True, True),
        (True, Phase.RECHARGE, False, False),
        (False, Phase.RETURN, True, True),
        (False, Phase.SAFE, True, True),
        (False, None, True, True),
        (None, Phase.DRILL, True, True),
        (None, Phase.IDLE, False, False),
        (True, None, False, False),
    ],
)
def test_lines_follow_drill_and_mission(switch, stowed, phase, drill, instruments):
    found = switch(stowed=stowed, phase=phase)
    assert (found.drill, found.instruments) == (drill, instruments)


def test_lines_stay_while_nobody_speaks_and_open_after_the_hold(switch):
    drilling = switch(stowed=False, phase=Phase.DRILL)
    waiting = switch(drilling, now_s=1059.0)
    assert waiting.drill
    assert not switch(waiting, now_s=1061.0).drill


def test_a_lost_drill_node_finds_its_drill_powered(switch):
    drilling = switch(stowed=False, phase=Phase.DRILL)
    lost = switch(drilling, now_s=1030.0, phase=Phase.SAFE)
    assert lost.drill
    assert not switch(lost, now_s=1061.0, phase=Phase.SAFE).drill
    assert not switch(lost, now_s=1031.0, stowed=True, phase=Phase.SAFE).drill


def test_nothing_is_closed_before_anybody_spoke(switch):
    found = switch(newest=None)
    assert (found.drill, found.heater, found.instruments) == (False, True, False)


def test_heater_is_allowed_unless_warm_or_shed(switch, changed):
    assert switch(newest=None).heater
    assert switch(newest=changed(temperature_k=270.0)).heater
    assert not switch(newest=changed(temperature_k=284.0)).heater
    below_reserve = {"verdict": CRITICAL}
    assert not switch(newest=changed(temperature_k=270.0), **below_reserve).heater
    assert switch(newest=changed(temperature_k=257.0), **below_reserve).heater
    assert switch(newest=changed(temperature_k=270.0, array_w=200.0), **below_reserve).heater
