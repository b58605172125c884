# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The clock and who has to follow it, with a wall clock and processes made by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_simulator.pace import Pace, PaceConfig, Parking, Situation, Source
from lupex_simulator.processes import ProcessLook

DRIVING = Situation(driving=True, lidar_on=True, drill_out=False)
PARKED = Situation(driving=False, lidar_on=True, drill_out=False)
DRILLING = Situation(driving=False, lidar_on=True, drill_out=True)
STOWING = Situation(driving=False, lidar_on=True, drill_out=False, drill_at_work=True)
NODES = ("localization", "mission")
CONFIG = PaceConfig(
    heartbeat_lag_s=1.5,
    odometry_lag_s=0.5,
    commands_lag_s=0.7,
    costmap_lag_s=2.5,
    drill_lag_s=0.5,
    parked_lag_s=1.0,
    hang_wall_s=2.0,
    quiet_wall_s=1.0,
)
"""Limits of its own: the shipped ones are tuned."""
REQUIRING = replace(CONFIG, required_nodes=NODES)


class Host:
    """Processes as a test wants them."""

    def __init__(self):
        self.looks = {}

    def __call__(self, node):
        return self.looks.get(node, ProcessLook(True))


def pace(config=CONFIG, max_speed_up=0.0, host=None):
    made = Pace(config, max_speed_up, 1000.0, 50.0, host or Host())
    made.decide(1000.0, 50.0, DRIVING)
    return made


def begun(host=None):
    made = pace(REQUIRING, host=host)
    for node in NODES:
        made.beat(node, 1000.0, 1000.0, active=True)
    made.decide(1000.0, 50.0, DRIVING)
    return made


def hold(made, sim_s, situation, wall_s, until_s, step_s=0.1):
    """Ask again and again while the wall's time goes on; return when time may go on, or None."""
    while wall_s <= until_s:
        if not made.decide(sim_s, wall_s, situation).held_by:
            return wall_s
        wall_s += step_s
    return None


def test_without_followers_time_is_real_time():
    made = pace()
    assert made.decide(1000.0, 50.0, DRIVING).wait_s == 0.0
    assert made.decide(1001.0, 50.0, DRIVING).wait_s == pytest.approx(1.0)
    assert made.decide(1001.0, 51.0, DRIVING).wait_s == 0.0


def test_time_begins_when_every_required_node_is_active_however_long_that_takes():
    made = pace(REQUIRING)
    verdict = made.decide(1000.0, 50.0, DRIVING)
    assert (verdict.awaited, verdict.wait_s > 0.0) == (NODES, True)
    made.beat("localization", 0.0, 1000.0, active=True)
    made.beat("mission", 0.0, 1000.0, active=False)
    made.beat("stranger", 0.0, 1000.0, active=True)
    assert made.decide(1000.0, 9000.0, DRIVING).awaited == ("mission",)
    made.beat("mission", 0.0, 1000.0, active=True)
    assert made.decide(1000.0, 9000.0, DRIVING).awaited == ()


def test_time_waits_for_the_heartbeat_of_who_is_required():
    made = begun()
    assert made.decide(1001.5, 50.0, DRIVING).held_by == ""
    assert made.decide(1001.54, 50.0, DRIVING).held_by != ""
    made.beat("localization", 1001.0, 1001.54, active=True)
    assert made.decide(1001.54, 50.0, DRIVING).held_by == "mission"
    made.beat("mission", 1001.0, 1001.54, active=True)
    # at the slow begin's 20 times
    assert made.decide(1001.54, 50.08, DRIVING).wait_s == 0.0


def test_a_heartbeat_counts_by_its_stamp_though_it_came_before_the_clock_was_asked_again():
    made = begun()
    made.decide(1000.5, 50.0, PARKED)
    for node in NODES:
        made.beat(node, 1001.0, 1001.0, active=True)
    assert made.decide(1002.4, 50.0, PARKED).held_by == ""


def test_time_waits_until_who_watches_has_heard_a_heartbeat_too():
    made = begun()
    made.heard("localization", 1000.0, 1000.0)
    made.heard("stranger", 1000.0, 1000.0)
    for node in NODES:
        made.beat(node, 1003.0, 1003.0, active=True)
    assert made.decide(1003.5, 50.0, DRIVING).held_by == ""
    assert made.decide(1003.6, 50.0, DRIVING).held_by == "localization"
    made.heard("localization", 1001.0, 1003.6)
    assert made.decide(1003.6, 50.0, DRIVING).held_by == ""


def test_what_the_world_does_forgives_no_heartbeat():
    made = begun()
    made.heard("localization", 1000.0, 1000.0)
    for node in NODES:
        made.beat(node, 1003.0, 1003.0, active=True)
    assert made.decide(1003.5, 50.0, PARKED).held_by == ""
    assert made.decide(1003.6, 60.0, PARKED).held_by == "localization"


def test_with_a_follower_time_runs_up_to_its_lag():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert made.decide(1000.5, 50.0, DRIVING).wait_s == 0.0
    verdict = made.decide(1000.54, 50.0, DRIVING)
    assert verdict.held_by == "localization"
    assert verdict.wait_s > 0.0
    made.seen(Source.ODOMETRY, 1000.3, 1000.54)
    assert made.decide(1000.54, 50.01, DRIVING).wait_s == 0.0


def test_parked_limits_are_wider_and_the_costmap_does_not_hold():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.seen(Source.COSTMAP, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, PARKED)
    assert made.decide(1001.4, 60.0, PARKED).wait_s == 0.0
    assert made.decide(1001.6, 60.0, PARKED).held_by == "localization"
    made.seen(Source.ODOMETRY, 1001.6, 1001.6)
    assert made.decide(1003.0, 70.0, PARKED).held_by == ""


def test_costmap_holds_only_with_the_lidar_on():
    made = pace()
    made.seen(Source.COSTMAP, 1000.0, 1000.0)
    assert made.decide(1002.6, 50.0, DRIVING).held_by == "traversability"
    blind = Situation(driving=True, lidar_on=False, drill_out=False)
    made.decide(1002.6, 50.0, blind)
    assert made.decide(1009.0, 50.0, blind).held_by == ""


def test_driving_off_gives_the_costmap_its_time():
    made = pace()
    made.seen(Source.COSTMAP, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, PARKED)
    made.decide(1020.0, 60.0, PARKED)
    assert made.decide(1020.0, 60.0, DRIVING).held_by == ""
    assert made.decide(1022.4, 60.0, DRIVING).held_by == ""
    assert made.decide(1022.6, 60.0, DRIVING).held_by == "traversability"


def test_a_costmap_as_new_as_the_last_cloud_is_no_debt_however_old():
    made = pace()
    made.seen(Source.COSTMAP, 1000.0, 1000.0)
    scanned = replace(DRIVING, cloud_s=1000.0)
    assert made.decide(1009.0, 50.0, scanned).held_by == ""
    scanned = replace(DRIVING, cloud_s=1009.0)
    assert made.decide(1011.4, 50.0, scanned).held_by == ""
    assert made.decide(1011.6, 50.0, scanned).held_by == "traversability"
    made.seen(Source.COSTMAP, 1009.0, 1011.6)
    assert made.decide(1011.6, 50.0, scanned).held_by == ""


def test_the_drill_is_waited_for_until_it_is_told_to_be_stowed():
    made = pace()
    made.seen(Source.DRILL, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, DRILLING)
    assert made.decide(1000.6, 60.0, DRILLING).held_by == "drill_control"
    made.decide(1000.6, 60.0, STOWING)
    assert made.decide(1002.0, 60.0, STOWING).held_by == ""
    assert made.decide(1002.2, 60.0, STOWING).held_by == "drill_control"
    made.decide(1002.2, 60.0, PARKED)
    assert made.decide(1009.0, 70.0, PARKED).held_by == ""


def test_who_lives_and_is_only_slow_is_waited_for_for_ever():
    host = Host()
    made = begun(host)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    for second in range(3600):
        host.looks["localization"] = ProcessLook(True, queued_s=0.99 * second)
        assert made.decide(1001.0, 50.0 + second, DRIVING).held_by == "localization"
    assert made.lost == ()


def test_who_is_dead_is_lost_at_once_and_time_is_real_until_it_is_back():
    host = Host()
    made = begun(host)
    host.looks["localization"] = ProcessLook(False)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert made.decide(1001.0, 60.0, DRIVING).held_by == ""
    assert made.lost == ("localization",)
    made.beat("mission", 1001.0, 1001.0, active=True)
    assert made.decide(1002.0, 60.0, DRIVING).wait_s == pytest.approx(1.0)
    assert made.decide(1002.0, 61.0, DRIVING).wait_s == 0.0
    made.beat("localization", 1002.0, 1002.0, active=True)
    assert made.lost == ()
    # what its former life had told is no debt of this one
    assert made.decide(1002.4, 61.0, DRIVING).wait_s == 0.0


def test_who_does_nothing_with_the_time_it_is_given_is_lost():
    made = begun()
    made.beat("mission", 1002.0, 1002.0, active=True)
    assert hold(made, 1002.0, DRIVING, 50.0, 60.0) == pytest.approx(52.0, abs=0.21)
    assert made.lost == ("localization",)


def test_who_tells_nothing_at_all_is_lost_by_its_heartbeat_though_its_topic_is_let_go_first():
    made = begun()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert hold(made, 1001.0, DRIVING, 50.0, 60.0) == pytest.approx(51.0, abs=0.21)
    assert (made.quiet, made.lost) == ((Source.ODOMETRY,), ())
    made.beat("mission", 1002.0, 1001.0, active=True)
    assert hold(made, 1001.54, DRIVING, 51.2, 60.0) == pytest.approx(52.0, abs=0.21)
    assert made.lost == ("localization",)


def test_progress_within_a_hold_starts_it_anew():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert hold(made, 1001.0, DRIVING, 50.0, 51.5) is None
    made.seen(Source.ODOMETRY, 1000.2, 1001.0)
    assert hold(made, 1001.0, DRIVING, 51.6, 53.2) is None
    assert made.lost == ()


def test_whose_heart_beats_is_not_lost_for_a_topic_on_which_it_tells_nothing():
    """As when traversability can make nothing of a cloud: the rover that waits for its costmap moves to no next one."""
    config = replace(REQUIRING, required_nodes=("traversability",))
    made = pace(config)
    made.beat("traversability", 1000.0, 1000.0, active=True)
    made.seen(Source.COSTMAP, 1000.0, 1000.0)
    scanned = replace(DRIVING, cloud_s=1000.2)
    sim_s, wall_s = 1000.0, 50.0
    while sim_s < 1060.0:
        freed = hold(made, sim_s, scanned, wall_s, wall_s + 60.0)
        assert freed is not None
        wall_s, sim_s = freed + 0.1, sim_s + 0.1
        made.beat("traversability", float(int(sim_s)), sim_s, active=True)
    assert made.lost == ()
    assert made.quiet == (Source.COSTMAP,)
    # once for one cloud, after the wall time that is set; the rest at the begin's twenty times, or by a tenth a step
    assert wall_s < 50.0 + 1.5 + 600 * 0.1 + 3.0
    made.seen(Source.COSTMAP, 1060.0, 1060.0)
    assert made.quiet == ()


def test_who_computes_what_it_will_tell_is_not_quiet():
    host = Host()
    made = begun(host)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    for tenth in range(18):
        host.looks["localization"] = ProcessLook(True, ran_s=0.1 * tenth)
        assert made.decide(1001.0, 50.0 + 0.1 * tenth, DRIVING).held_by == "localization"
    assert made.quiet == ()


def test_who_has_no_heartbeat_that_is_followed_is_lost_for_its_topic():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert hold(made, 1001.0, DRIVING, 50.0, 60.0) == pytest.approx(52.0, abs=0.21)
    assert (made.lost, made.quiet) == (("localization",), ())


def test_a_stamp_ahead_of_the_clock_sets_nothing_free():
    made = pace()
    made.seen(Source.ODOMETRY, 9000.0, 1000.0)
    assert made.decide(1000.6, 50.0, DRIVING).held_by == "localization"


def test_a_hold_is_not_made_up_for():
    made = pace(max_speed_up=1.0)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, DRIVING)
    made.decide(1000.6, 50.6, DRIVING)
    made.decide(1000.6, 51.6, DRIVING)
    made.seen(Source.ODOMETRY, 1000.6, 1000.6)
    assert made.decide(1000.6, 51.6, DRIVING).wait_s == 0.0
    assert made.decide(1000.8, 51.6, DRIVING).wait_s == pytest.approx(0.2)


def test_repeating_an_old_stamp_is_no_progress():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    assert hold(made, 1000.6, DRIVING, 50.0, 51.5) is None
    made.seen(Source.ODOMETRY, 1000.0, 1000.6)
    assert hold(made, 1000.6, DRIVING, 51.6, 52.5) is not None


def test_a_lost_node_that_nobody_waits_for_now_does_not_slow_time():
    host = Host()
    host.looks["drill_control"] = ProcessLook(False)
    made = pace(host=host)
    made.seen(Source.DRILL, 1000.0, 1000.0)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, DRILLING)
    made.decide(1000.6, 50.0, DRILLING)
    assert made.lost == ("drill_control",)
    made.decide(1000.6, 53.0, DRIVING)
    assert made.decide(1000.9, 53.0, DRIVING).wait_s == 0.0


def test_speed_limit_holds_on_average_and_late_steps_are_caught_up_only_for_a_moment():
    made = pace(max_speed_up=10.0)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, DRIVING)
    assert made.decide(1000.4, 50.0, DRIVING).wait_s == pytest.approx(0.04)
    made.decide(1000.4, 50.14, DRIVING)
    assert made.decide(1000.44, 50.14, DRIVING).wait_s == 0.0
    made.decide(1000.44, 55.0, DRIVING)
    assert made.decide(1000.48, 55.0, DRIVING).wait_s == pytest.approx(0.004)


def test_a_hold_after_a_long_step_forgives_nothing_of_the_limit():
    made = pace(max_speed_up=10.0)
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, PARKED)
    # a step of 4 s, and who follows answers at once
    assert made.decide(1004.0, 50.0, PARKED).held_by == "localization"
    made.seen(Source.ODOMETRY, 1004.0, 1004.0)
    assert made.decide(1004.0, 50.01, PARKED).wait_s == pytest.approx(0.39)
    # who answers late has used up what was owed, and the time of the hold is not caught up
    assert made.decide(1008.0, 50.4, PARKED).held_by == "localization"
    assert made.decide(1008.0, 53.0, PARKED).held_by == "localization"
    made.seen(Source.ODOMETRY, 1008.0, 1008.0)
    assert made.decide(1008.0, 53.0, PARKED).wait_s == 0.0
    assert made.decide(1008.4, 53.0, PARKED).wait_s == pytest.approx(0.04)


def test_parked_time_has_a_limit_of_its_own():
    made = pace(replace(CONFIG, parked_speed_up=10.0))
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    made.decide(1000.0, 50.0, PARKED)
    assert made.decide(1001.0, 50.0, PARKED).wait_s == pytest.approx(0.1)


@pytest.mark.property
@given(st.lists(st.tuples(st.floats(0.0, 0.3), st.booleans()), min_size=1, max_size=60))
def test_time_never_runs_past_a_living_follower_by_more_than_its_lag(moves):
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 1000.0)
    sim_s, told_s, wall_s = 1000.0, 1000.0, 50.0
    for step_s, tells in moves:
        wall_s += 0.01
        if tells:
            told_s = sim_s
            made.seen(Source.ODOMETRY, told_s, sim_s)
        if made.decide(sim_s, wall_s, DRIVING).wait_s == 0.0:
            assert sim_s - told_s <= CONFIG.odometry_lag_s + 1e-9
            sim_s += step_s
    assert made.lost == ()


def test_the_speed_up_is_told_over_a_window():
    made = pace(replace(CONFIG, speed_window_wall_s=5.0))
    for second in range(20):
        told = made.speed_up(1000.0 + 20.0 * second, 50.0 + second)
    assert told == pytest.approx(20.0)


def test_parking_is_told_by_the_commands():
    parking = Parking(5.0, 1000.0)
    assert not parking.driving(1000.0)
    parking.commanded(1001.0, True)
    parking.commanded(1003.0, False)
    assert parking.driving(1005.9)
    assert not parking.driving(1006.0)


def rushing(made, sim_s, wall_s):
    """Tell whether time runs as fast as the followers let it: whether a step of 4 s need not be waited for."""
    made.decide(sim_s, wall_s, PARKED)
    for node in NODES:
        made.beat(node, sim_s + 4.0, sim_s + 4.0, active=True)
    return made.decide(sim_s + 4.0, wall_s, PARKED).wait_s < 0.01


def test_time_begins_slowly_while_the_middleware_joins_who_speaks_and_who_listens():
    made = begun()
    assert made.decide(1000.0, 50.0, PARKED).wait_s == 0.0
    for node in NODES:
        made.beat(node, 1004.0, 1004.0, active=True)
    assert made.decide(1004.0, 50.0, PARKED).wait_s == pytest.approx(4.0 / CONFIG.begin_speed_up)
    assert not rushing(made, 1000.0 + CONFIG.begin_s - 8.0, 60.0)
    assert rushing(made, 1000.0 + CONFIG.begin_s, 70.0)


def test_who_is_back_is_joined_anew():
    host = Host()
    made = begun(host)
    later_s = 1100.0
    assert rushing(made, later_s, 70.0)
    host.looks["mission"] = ProcessLook(False)
    made.beat("localization", later_s + 9.0, later_s + 9.0, active=True)
    made.decide(later_s + 9.0, 80.0, PARKED)
    assert made.lost == ("mission",)
    host.looks["mission"] = ProcessLook(True)
    made.beat("mission", later_s + 9.0, later_s + 9.0, active=True)
    assert not made.lost
    assert not rushing(made, later_s + 9.0, 90.0)
    assert rushing(made, later_s + 9.0 + CONFIG.begin_s, 100.0)
