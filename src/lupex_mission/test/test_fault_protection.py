# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_mission.fault_protection import HeartbeatWatch, heard_s


def test_a_silent_node_is_lost_and_comes_back():
    watch, restarted = HeartbeatWatch(3.0).beat("drill_control", "1", 10.0)
    assert not restarted
    assert watch.lost(["drill_control"], 13.0) == frozenset()
    assert watch.lost(["drill_control"], 13.1) == {"drill_control"}
    watch, _ = watch.beat("drill_control", "1", 14.0)
    assert watch.lost(["drill_control"], 14.5) == frozenset()


def test_a_leap_of_the_clock_is_no_silence_before_so_many_looks():
    watch, _ = HeartbeatWatch(3.0, least_looks=3).beat("mobility", "1", 10.0)
    for now_s in (14.0, 18.0):
        watch = watch.looked()
        assert not watch.lost(["mobility"], now_s)
    watch = watch.looked()
    assert watch.lost(["mobility"], 22.0) == {"mobility"}
    heard, _ = watch.beat("mobility", "1", 22.0)
    assert not heard.looked().looked().lost(["mobility"], 30.0)
    # many looks alone are none either
    for _ in range(20):
        heard = heard.looked()
    assert not heard.lost(["mobility"], 24.9)


def test_a_node_never_heard_counts_as_lost():
    assert HeartbeatWatch(3.0).lost(["mobility"], 0.0) == {"mobility"}


def test_a_new_life_is_a_restart_even_without_a_gap():
    watch, _ = HeartbeatWatch(3.0).beat("mobility", "1", 10.0)
    watch, restarted = watch.beat("mobility", "2", 10.5)
    assert restarted
    _, restarted = watch.beat("mobility", "2", 11.0)
    assert not restarted


def test_a_heartbeat_that_overtakes_the_clock_counts_from_its_own_time():
    # the clock leaps from 12 to 16 s, and the heartbeat of 16 s is there before it
    assert heard_s(12.0, 16.0, 5.0) == 16.0
    # one that is late counts from when it was heard, one from nowhere as little as any message
    assert heard_s(16.0, 12.0, 5.0) == 16.0
    assert heard_s(16.0, 1016.0, 5.0) == 21.0


def test_who_overtakes_a_leaping_clock_is_not_lost():
    watch, _ = HeartbeatWatch(5.0, least_looks=3).beat("mobility", "1", heard_s(12.0, 16.0, 5.0))
    for now_s in (12.9, 16.0, 20.0):
        watch = watch.looked()
        assert not watch.lost(["mobility"], now_s)
