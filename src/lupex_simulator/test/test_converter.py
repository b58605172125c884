# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Losses of the converter, and when its protection opens, tries and gives up."""

import math

import pytest

from lupex_simulator.power.converter import Converter, Lockout, LockoutConfig, Supply

REAL = Converter(1.4, 0.035, 4e-5)


@pytest.mark.parametrize("bus_w", [-400.0, -60.0, -0.5, 0.0, 0.5, 72.0, 300.0])
def test_both_directions_are_each_others_inverse(bus_w):
    assert REAL.bus_w(REAL.terminal_w(bus_w)) == pytest.approx(bus_w, abs=1e-9)
    assert Converter(0.0, 0.05, 0.0).bus_w(Converter(0.0, 0.05, 0.0).terminal_w(bus_w)) == pytest.approx(bus_w)


def test_it_is_best_in_the_middle_and_idles_at_a_fixed_loss():
    def efficiency(bus_w):
        return bus_w / REAL.terminal_w(bus_w)

    # 1.4 + 0.035 P + 4e-5 P^2 is least over P at sqrt(1.4 / 4e-5) = 187 W
    assert efficiency(187.0) > max(efficiency(100.0), efficiency(350.0))
    assert efficiency(187.0) == pytest.approx(1.0 / (1.0 + 0.035 + 2.0 * math.sqrt(1.4 * 4e-5)), abs=1e-4)
    assert efficiency(5.0) < 0.8
    assert REAL.terminal_w(0.0) == 1.4
    # a surplus pays the losses before it charges
    assert REAL.terminal_w(-100.0) == pytest.approx(-100.0 + 1.4 + 3.5 + 0.4)


def lockout(**config):
    return Lockout(LockoutConfig(**config), 2.6)


def watch(made, seconds, *, met=True, weakest_v=3.5, discharging=True):
    for _ in range(seconds):
        if made.supply is Supply.CLOSED:
            made.watch(1.0, met=met, weakest_v=weakest_v, discharging=discharging)
    return made


def test_a_low_cell_is_ridden_through_for_two_seconds_only():
    assert watch(lockout(), 2, weakest_v=2.59).supply is Supply.CLOSED
    assert watch(lockout(), 3, weakest_v=2.59).supply is Supply.OPEN
    assert watch(lockout(), 100, weakest_v=2.61).supply is Supply.CLOSED
    assert watch(lockout(), 100, weakest_v=2.0, discharging=False).supply is Supply.CLOSED
    # a moment of recovery counts anew
    made = lockout()
    for volts in (2.5, 2.5, 2.7, 2.5, 2.5):
        watch(made, 1, weakest_v=volts)
    assert made.supply is Supply.CLOSED


def test_power_that_is_not_to_be_had_opens_it_at_once():
    assert watch(lockout(), 1, met=False).supply is Supply.OPEN


def test_it_tries_again_after_a_rest_and_gives_up_after_three_failures():
    made = watch(lockout(), 1, met=False)
    for _ in range(9):
        made.rest(1.0, carried=True)
    assert made.supply is Supply.OPEN
    made.rest(1.0, carried=True)
    assert made.supply is Supply.CLOSED
    for tries in (1, 2, 3):
        watch(made, 5)
        watch(made, 1, met=False)
        assert made.supply is (Supply.FAILED if tries == 3 else Supply.OPEN)
        for _ in range(10):
            if made.supply is Supply.OPEN:
                made.rest(1.0, carried=True)


def test_a_rest_that_nothing_can_end_fails_too():
    made = watch(lockout(), 1, met=False)
    for _ in range(29):
        made.rest(1.0, carried=False)
    assert made.supply is Supply.OPEN
    made.rest(1.0, carried=False)
    assert made.supply is Supply.FAILED


def test_a_try_that_held_a_minute_forgives_the_failures_before():
    made = lockout()
    for _ in range(6):
        watch(made, 61)
        watch(made, 1, met=False)
        assert made.supply is Supply.OPEN
        for _ in range(10):
            made.rest(1.0, carried=True)
    assert made.supply is Supply.CLOSED


def test_a_try_wants_the_cells_higher_than_they_opened():
    assert lockout(restart_rise_v=0.2).restart_v_cell == pytest.approx(2.8)
