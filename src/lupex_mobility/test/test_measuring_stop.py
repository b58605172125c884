# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stops that localization asks for are made, and end whatever it goes on to say."""

from lupex_mobility.config import MeasuringStops
from lupex_mobility.measuring_stop import MeasuringStop

CONFIG = MeasuringStops(longest_s=5.0, apart_s=30.0, max_age_s=2.0)


def held(stop, until_s, wanted, since_s=0.0):
    """Return the seconds in which the rover stands, told each second what `wanted` (t) says."""
    seconds = []
    for t in range(int(since_s), until_s):
        stop.take(float(t), wanted(t))
        if stop.holds(t + 0.5):
            seconds.append(t)
    return seconds


def test_the_rover_stands_while_it_is_asked_to():
    assert held(MeasuringStop(CONFIG), 20, lambda t: 3 <= t < 6) == [3, 4, 5]


def test_who_asks_for_ever_gets_a_stop_now_and_then():
    assert held(MeasuringStop(CONFIG), 75, lambda t: True) == [*range(5), *range(35, 40), *range(70, 75)]


def test_who_falls_silent_while_asking_holds_nobody():
    stop = MeasuringStop(CONFIG)
    stop.take(10.0, True)
    assert [t for t in (10.5, 11.5, 12.5, 13.5) if stop.holds(t)] == [10.5, 11.5]


def test_what_is_said_of_a_time_to_come_is_not_obeyed():
    stop = MeasuringStop(CONFIG)
    stop.take(100.0, True)
    assert not stop.holds(99.0)


def test_a_clock_set_back_begins_anew():
    stop = MeasuringStop(CONFIG)
    assert held(stop, 1004, lambda t: True, since_s=1000) == [1000, 1001, 1002, 1003]
    assert held(stop, 3, lambda t: True) == [0, 1, 2]
    stop.holds(900.0)
    assert held(stop, 53, lambda t: True, since_s=50) == [50, 51, 52]


def test_no_stop_is_made_where_none_may_last():
    assert held(MeasuringStop(MeasuringStops(longest_s=0.0)), 9, lambda t: True) == []
