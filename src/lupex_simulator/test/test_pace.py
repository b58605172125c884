# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The clock and who has to follow it, with a wall clock made by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_simulator.pace import GATHERED, Pace, PaceConfig, Parking, Situation, Source

DRIVING = Situation(driving=True, lidar_on=True, drill_out=False)
PARKED = Situation(driving=False, lidar_on=True, drill_out=False)
DRILLING = Situation(driving=False, lidar_on=True, drill_out=True)
CONFIG = PaceConfig(
    gather_wall_s=0.0,
    odometry_lag_s=0.5,
    commands_lag_s=0.7,
    costmap_lag_s=2.5,
    drill_lag_s=0.5,
    certificate_lag_s=6.0,
    switches_lag_s=3.0,
    parked_lag_scale=5.0,
)
"""Limits of its own: the shipped ones are tuned."""
GATHERING = replace(CONFIG, gather_wall_s=20.0)


def pace(config=CONFIG, max_speed_up=0.0):
    made = Pace(config, max_speed_up, 1000.0, 50.0)
    made.decide(1000.0, 50.0, DRIVING)
    return made


def test_without_followers_time_is_real_time():
    made = pace()
    assert made.decide(1000.0, 50.0, DRIVING).wait_s == 0.0
    assert made.decide(1001.0, 50.0, DRIVING).wait_s == pytest.approx(1.0)
    assert made.decide(1001.0, 51.0, DRIVING).wait_s == 0.0


def test_until_every_node_has_spoken_time_is_real_time_for_a_while():
    made = pace(GATHERING)
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    assert made.decide(1000.4, 50.0, DRIVING).wait_s == pytest.approx(0.4)
    for source in GATHERED:
        made.seen(source, 1000.4, 50.4)
    assert made.decide(1000.4, 50.4, DRIVING).wait_s == 0.0
    assert made.decide(1000.8, 50.4, DRIVING).wait_s == 0.0


def test_who_never_speaks_is_not_waited_for_longer():
    made = pace(GATHERING)
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.decide(1000.2, 70.0, DRIVING)
    assert made.decide(1000.4, 70.0, DRIVING).wait_s == 0.0


def test_the_certificate_is_waited_for_driving_and_parked():
    made = pace()
    made.seen(Source.CERTIFICATE, 1000.0, 50.0)
    assert made.decide(1005.9, 50.0, DRIVING).held_by is None
    assert made.decide(1006.1, 50.0, DRIVING).held_by is Source.CERTIFICATE
    made.decide(1006.1, 50.0, PARKED)
    assert made.decide(1012.2, 50.0, PARKED).held_by is Source.CERTIFICATE


def test_with_a_follower_time_runs_up_to_its_lag():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    assert made.decide(1000.5, 50.0, DRIVING).wait_s == 0.0
    verdict = made.decide(1000.54, 50.0, DRIVING)
    assert verdict.held_by is Source.ODOMETRY
    assert verdict.wait_s > 0.0
    made.seen(Source.ODOMETRY, 1000.3, 50.01)
    assert made.decide(1000.54, 50.01, DRIVING).wait_s == 0.0


def test_parked_limits_are_wider_and_the_costmap_does_not_hold():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.seen(Source.COSTMAP, 1000.0, 50.0)
    made.decide(1000.0, 50.0, PARKED)
    assert made.decide(1002.4, 60.0, PARKED).wait_s == 0.0
    assert made.decide(1002.6, 60.0, PARKED).held_by is Source.ODOMETRY
    made.seen(Source.ODOMETRY, 1002.6, 60.0)
    assert made.decide(1004.0, 70.0, PARKED).held_by is None


def test_costmap_holds_only_with_the_lidar_on():
    made = pace()
    made.seen(Source.COSTMAP, 1000.0, 50.0)
    assert made.decide(1002.6, 50.0, DRIVING).held_by is Source.COSTMAP
    blind = Situation(driving=True, lidar_on=False, drill_out=False)
    made.decide(1002.6, 50.0, blind)
    assert made.decide(1009.0, 50.0, blind).held_by is None


def test_driving_off_gives_the_costmap_its_time():
    made = pace()
    made.seen(Source.COSTMAP, 1000.0, 50.0)
    made.decide(1000.0, 50.0, PARKED)
    made.decide(1020.0, 60.0, PARKED)
    assert made.decide(1020.0, 60.0, DRIVING).held_by is None
    assert made.decide(1022.4, 60.0, DRIVING).held_by is None
    assert made.decide(1022.6, 60.0, DRIVING).held_by is Source.COSTMAP


def test_drill_commands_hold_while_the_drill_is_out():
    made = pace()
    made.seen(Source.DRILL, 1000.0, 50.0)
    made.decide(1000.0, 50.0, DRILLING)
    assert made.decide(1000.6, 60.0, DRILLING).held_by is Source.DRILL
    made.decide(1000.6, 60.0, PARKED)
    assert made.decide(1003.0, 70.0, PARKED).held_by is None


def test_hold_ends_after_two_seconds_without_progress_then_time_is_real():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.decide(1000.0, 50.0, DRIVING)
    assert made.decide(1000.6, 50.5, DRIVING).held_by is Source.ODOMETRY
    assert made.decide(1000.6, 52.4, DRIVING).held_by is Source.ODOMETRY
    released = made.decide(1000.6, 52.5, DRIVING)
    assert released.held_by is None
    assert made.lost == (Source.ODOMETRY,)
    assert made.decide(1001.6, 52.5, DRIVING).wait_s == pytest.approx(1.0)
    made.seen(Source.ODOMETRY, 1001.5, 53.0)
    assert made.lost == ()
    assert made.decide(1001.64, 53.0, DRIVING).wait_s == 0.0


def test_progress_prolongs_a_hold():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    for k in range(1, 6):
        assert made.decide(1002.0, 50.0 + 1.5 * k, DRIVING).held_by is Source.ODOMETRY
        made.seen(Source.ODOMETRY, 1000.0 + 0.1 * k, 50.0 + 1.5 * k)
    assert made.lost == ()


def test_repeating_an_old_stamp_is_no_progress():
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.decide(1000.6, 50.0, DRIVING)
    made.seen(Source.ODOMETRY, 1000.0, 51.9)
    made.decide(1000.6, 52.0, DRIVING)
    assert made.lost == (Source.ODOMETRY,)


def test_a_stamp_from_the_future_does_not_set_the_clock_free():
    made = pace()
    made.seen(Source.ODOMETRY, 9000.0, 50.0)
    assert made.decide(1000.6, 50.0, DRIVING).held_by is Source.ODOMETRY


def test_a_lost_source_nobody_waits_for_does_not_slow_time():
    made = pace()
    made.seen(Source.DRILL, 1000.0, 50.0)
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.decide(1000.0, 50.0, DRILLING)
    made.decide(1000.6, 50.0, DRILLING)
    made.decide(1000.6, 53.0, DRILLING)
    assert made.lost == (Source.DRILL,)
    made.decide(1000.6, 53.0, DRIVING)
    assert made.decide(1000.9, 53.0, DRIVING).wait_s == 0.0


def test_speed_limit_holds_on_average_and_late_steps_are_caught_up_only_for_a_moment():
    made = pace(max_speed_up=10.0)
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    made.decide(1000.0, 50.0, DRIVING)
    assert made.decide(1000.4, 50.0, DRIVING).wait_s == pytest.approx(0.04)
    made.decide(1000.4, 50.14, DRIVING)
    assert made.decide(1000.44, 50.14, DRIVING).wait_s == 0.0
    made.decide(1000.44, 55.0, DRIVING)
    assert made.decide(1000.48, 55.0, DRIVING).wait_s == pytest.approx(0.004)


def test_parked_speed_has_its_own_limit():
    made = pace()
    made.seen(Source.SWITCHES, 1000.0, 50.0)
    made.decide(1000.0, 50.0, PARKED)
    assert made.decide(1002.0, 50.0, PARKED).wait_s == pytest.approx(2.0 / CONFIG.parked_speed_up)


def test_speed_up_is_told_over_the_last_wall_seconds():
    made = pace()
    for k in range(1, 21):
        told = made.speed_up(1000.0 + 20.0 * k, 50.0 + k)
    assert told == pytest.approx(20.0)
    assert Pace(CONFIG, 0.0, 0.0, 0.0).speed_up(1.0, 0.0) == 0.0


def test_parking_needs_five_quiet_seconds():
    parking = Parking(5.0, 1000.0)
    assert not parking.driving(1000.0)
    parking.commanded(1001.0, True)
    parking.commanded(1003.0, False)
    assert parking.driving(1005.9)
    assert not parking.driving(1006.0)


@pytest.mark.property
@given(st.lists(st.tuples(st.floats(0.0, 0.3), st.floats(0.0, 0.3), st.booleans()), min_size=1, max_size=60))
def test_clock_never_passes_a_live_follower_by_more_than_its_limit(events):
    made = pace()
    made.seen(Source.ODOMETRY, 1000.0, 50.0)
    sim, wall, newest, progress = 1000.0, 50.0, 1000.0, 50.0
    for step, waited, spoke in events:
        wall += waited
        if spoke:
            if sim > newest:
                progress = wall
            newest = sim
            made.seen(Source.ODOMETRY, newest, wall)
        if made.decide(sim, wall, DRIVING).wait_s == 0.0:
            assert sim - newest <= CONFIG.odometry_lag_s or wall - progress >= CONFIG.hold_wall_s
            sim += step
