# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_mission.fault_protection import HeartbeatWatch


def after(watch, *looks_s):
    for now_s in looks_s:
        watch = watch.looked(now_s)
    return watch


def test_a_silent_node_is_lost_and_comes_back():
    watch, restarted = after(HeartbeatWatch(3.0), 10.0).beat("drill_control", "1")
    assert not restarted
    assert after(watch, 13.0).lost(["drill_control"]) == frozenset()
    watch = after(watch, 13.0, 13.1)
    assert watch.lost(["drill_control"]) == {"drill_control"}
    watch, _ = watch.beat("drill_control", "1")
    assert after(watch, 14.5).lost(["drill_control"]) == frozenset()


def test_a_leap_of_the_clock_counts_as_one_look():
    watch, _ = after(HeartbeatWatch(3.0, most_a_look_s=1.0), 10.0).beat("mobility", "1")
    watch = after(watch, 14.0, 18.0, 10_000.0)
    assert not watch.lost(["mobility"])
    assert after(watch, 10_004.0).lost(["mobility"]) == {"mobility"}
    heard, _ = watch.beat("mobility", "1")
    assert not after(heard, 10_004.0, 10_008.0).lost(["mobility"])


def test_many_looks_alone_are_no_silence():
    watch, _ = after(HeartbeatWatch(3.0, most_a_look_s=1.0), 10.0).beat("mobility", "1")
    assert not after(watch, *(10.0 + 0.1 * look for look in range(30))).lost(["mobility"])


def test_a_clock_that_was_put_back_adds_no_silence():
    watch, _ = after(HeartbeatWatch(3.0, most_a_look_s=1.0), 10.0).beat("mobility", "1")
    watch = after(watch, 12.0, 5.0)
    assert not watch.lost(["mobility"])
    assert after(watch, 5.9, 6.8, 7.1).lost(["mobility"]) == {"mobility"}


def test_a_leap_after_all_that_a_clock_waits_for_is_no_loss():
    """A world goes on 3.2 s at most without a heartbeat that was heard, and then may leap by 4 s."""
    watch, _ = after(HeartbeatWatch(5.0, most_a_look_s=5.0 / 3.0), 336.8).beat("localization", "1")
    assert not after(watch, 338.0, 339.0, 340.0, 344.0).lost(["localization"])


def test_a_node_never_heard_counts_as_lost():
    assert HeartbeatWatch(3.0).looked(0.0).lost(["mobility"]) == {"mobility"}


def test_a_new_life_is_a_restart_even_without_a_gap():
    watch, _ = HeartbeatWatch(3.0).beat("mobility", "1")
    watch, restarted = watch.beat("mobility", "2")
    assert restarted
    _, restarted = watch.beat("mobility", "2")
    assert not restarted


def test_a_heartbeat_that_overtakes_the_clock_counts_from_its_own_time():
    # the clock leaps from 12 to 16 s, and the heartbeat of 16 s is there before it
    watch, _ = after(HeartbeatWatch(3.0), 12.0).beat("mobility", "1", ahead_s=4.0)
    assert not after(watch, 19.0).lost(["mobility"])
    assert after(watch, 19.1).lost(["mobility"])
    # one that is late counts from when it was heard
    watch, _ = after(HeartbeatWatch(3.0), 12.0).beat("mobility", "1", ahead_s=-4.0)
    assert not after(watch, 15.0).lost(["mobility"])
    # one from nowhere excuses no more than one look
    watch, _ = after(HeartbeatWatch(3.0, most_a_look_s=1.0), 12.0).beat("mobility", "1", ahead_s=1e9)
    assert after(watch, 13.0, 14.0, 15.0, 16.0, 16.1).lost(["mobility"])
