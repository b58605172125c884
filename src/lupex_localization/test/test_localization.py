# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Lives of the estimator: where each begins, and clocks that leap, go back, are none, or stand."""

import math

import numpy as np
import pytest
from hilly_world import MAP_FROM_ICRF, MOON_RATE, ROVER, SUN

from lupex_localization import rotation, start
from lupex_localization.config import Health, InitialPose, LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import heading_sigma_rad, position_sigma_m
from lupex_localization.health import Condition, gather, judge
from lupex_localization.localization import Localization
from lupex_localization.samples import InertialSample, TrackSample
from lupex_localization.surroundings import Surroundings
from lupex_node.checks import InvalidMessage

CONFIG = LocalizationConfig()


class Rover:
    """A world that goes on while the localization comes and goes; `leap_s` is what its clock is off."""

    def __init__(self, world, slip_model, config=CONFIG):
        self.world, self.leap_s, self.count, self.config = world, 0.0, 0, config
        self.kept = None
        surroundings = Surroundings(lambda _: MAP_FROM_ICRF, lambda _: SUN, frame_rate=MOON_RATE)
        self._make = lambda: PoseEstimator(config, ROVER, slip_model, surroundings)
        x, y, z = (float(v) for v in world.position_m)
        self._initial = InitialPose(x_m=x, y_m=y, z_m=z, yaw_rad=world.yaw_rad, yaw_sigma_rad=0.05)
        self.switch_on()

    def switch_on(self):
        self.localization = Localization(self._make, self._initial, lambda: self.kept)
        return self.localization

    def save(self):
        reckoning = self.localization.estimator.reckoning
        self.kept = start.from_plain(start.to_plain(reckoning, self.localization.estimator.travel_m))

    @property
    def now_s(self):
        return self.world.time_s + self.leap_s

    def go(self, seconds, speed=0.0, stars=True, clock_s=None, stamped=True):
        """Go on; the clock tells `clock_s` instead of the time, where given; only then may stamps be refused."""
        made = []
        for _ in range(round(seconds / 0.04)):
            sample, tracks = self.world.step(speed, 0.0)
            off = self.leap_s if stamped else 0.0
            told = [
                InertialSample(sample.time_s + off, sample.rate, sample.force),
                TrackSample(tracks.time_s + off, tracks.steer_rad, tracks.track_mps, tracks.travel_m),
            ]
            if stars and self.count % 25 == 0:
                star = self.world.star()
                told.append(type(star)(star.time_s + off, star.quaternion, star.covariance))
            self.count += 1
            now_s = self.now_s if clock_s is None else clock_s
            for each in told:
                try:
                    self.localization.add(each, now_s)
                except InvalidMessage:
                    assert clock_s is not None
            made += self.localization.advance(now_s)
        return made

    def said(self, now_s=None):
        return judge(gather(self.localization, self.now_s if now_s is None else now_s), self.config)

    def confirm(self):
        yaw_rad = float(rotation.yaw_of(self.world.quaternion))
        covariance = np.diag([0.04, 0.04, 0.04, 1.0, 1.0, 0.01])
        self.localization.confirm(self.now_s, self.world.position_m, yaw_rad, covariance, self.now_s)

    def off_m(self):
        return float(np.hypot(*(self.localization.estimator.reckoning.x[:2] - self.world.position_m[:2])))

    def sigma_m(self):
        return position_sigma_m(self.localization.estimator.reckoning.state)


@pytest.fixture
def rover_alive(make_world, slip_model):
    return Rover(make_world(5), slip_model)


def test_a_first_switch_on_begins_at_the_lander_and_says_so_once(rover_alive):
    rover_alive.go(3.0)
    events = rover_alive.localization.take_events()
    assert len(events) == 1
    assert "lander" in events[0]
    assert rover_alive.said()[0] is Condition.TRACKING
    assert rover_alive.sigma_m() == pytest.approx(InitialPose().position_sigma_m, rel=0.05)
    rover_alive.go(3.0, 0.1)
    assert rover_alive.localization.take_events() == []


def test_killed_without_a_checkpoint_it_is_lost_until_a_person_says_where_it_is(rover_alive):
    rover_alive.go(3.0)
    rover_alive.go(60.0, 0.1)
    rover_alive.switch_on()
    rover_alive.go(10.0)
    events = rover_alive.localization.take_events()
    assert not any("lander" in event for event in events)
    condition, text = rover_alive.said()
    assert condition is Condition.LOST
    assert "the tracks have run 6 m" in text
    # as open as the way it may have gone; the stars tell the heading, but not the place
    assert rover_alive.off_m() < rover_alive.sigma_m() < 7.0
    assert heading_sigma_rad(rover_alive.localization.estimator.reckoning.state) < 0.01
    rover_alive.confirm()
    rover_alive.go(3.0)
    assert rover_alive.said()[0] is Condition.TRACKING
    assert rover_alive.off_m() < 0.3
    rover_alive.go(20.0, 0.1)
    assert rover_alive.off_m() < 3.0 * rover_alive.sigma_m() < 1.0


def test_killed_with_a_checkpoint_it_goes_on_from_there_widened(rover_alive):
    rover_alive.go(3.0)
    rover_alive.go(60.0, 0.1)
    before_m = rover_alive.sigma_m()
    rover_alive.save()
    for _ in range(75):
        rover_alive.world.step(0.1, 0.0)
    rover_alive.switch_on()
    rover_alive.go(5.0)
    assert rover_alive.said()[0] is Condition.TRACKING
    assert "goes on from where it was 3." in rover_alive.localization.take_events()[0]
    assert before_m < rover_alive.sigma_m()
    assert rover_alive.off_m() < 3.0 * rover_alive.sigma_m() < 1.0


def test_without_joint_states_nothing_says_that_it_is_a_first_switch_on(rover_alive):
    for _ in range(100):
        sample, _ = rover_alive.world.step(0.0, 0.0)
        rover_alive.localization.add(sample, rover_alive.now_s)
        assert rover_alive.localization.advance(rover_alive.now_s) == []
    assert rover_alive.said()[0] is Condition.INITIALIZING


@pytest.mark.parametrize("clock_s", [0.0, -500.0])
def test_a_clock_that_is_none_changes_nothing(rover_alive, clock_s):
    rover_alive.go(3.0)
    rover_alive.go(10.0, 0.1)
    assert rover_alive.go(4.0, clock_s=clock_s) == []
    rover_alive.go(1.0)
    assert rover_alive.said()[0] is Condition.TRACKING
    assert rover_alive.off_m() < 3.0 * rover_alive.sigma_m()


@pytest.mark.parametrize("leap_s", [-500.0, 10_000.0])
def test_a_clock_that_leaps_leaves_the_last_place_widened_until_something_confirms_it(rover_alive, leap_s):
    rover_alive.go(3.0)
    rover_alive.go(60.0, 0.1)
    before_m = rover_alive.sigma_m()
    rover_alive.leap_s = leap_s
    rover_alive.go(0.5, stars=False)
    condition, text = rover_alive.said()
    assert condition is Condition.LOST
    assert "went back by 500 s" in text if leap_s < 0.0 else "nothing was heard for 10000 s" in text
    assert rover_alive.off_m() < 0.5
    assert rover_alive.sigma_m() > before_m
    # the counters tell that it has not moved meanwhile: the stars are enough
    rover_alive.go(5.0)
    assert rover_alive.said()[0] is Condition.TRACKING


def test_a_clock_that_leaps_far_ahead_and_back_is_not_believed(rover_alive):
    rover_alive.go(3.0)
    rover_alive.go(60.0, 0.1)
    assert rover_alive.go(2.0, clock_s=rover_alive.now_s + 10_000.0) == []
    assert rover_alive.said(rover_alive.now_s + 10_000.0)[0] is Condition.LOST
    rover_alive.go(0.5, stars=False)
    assert rover_alive.said()[0] is Condition.LOST
    assert rover_alive.off_m() < 0.5
    rover_alive.go(5.0)
    assert rover_alive.said()[0] is Condition.TRACKING
    assert rover_alive.off_m() < 3.0 * rover_alive.sigma_m()


def test_a_clock_that_stands_while_samples_go_on_is_told(rover_alive):
    rover_alive.go(3.0)
    stands_at_s = rover_alive.now_s
    rover_alive.go(4.0, clock_s=stands_at_s)
    assert rover_alive.said(stands_at_s)[0] is Condition.TRACKING
    rover_alive.go(4.0, clock_s=stands_at_s)
    condition, text = rover_alive.said(stands_at_s)
    assert condition is Condition.LOST
    assert "clock stands" in text
    rover_alive.go(2.0)
    assert rover_alive.said()[0] is Condition.TRACKING


def test_one_stamp_from_far_ahead_is_no_clock_that_stands(rover_alive):
    rover_alive.go(3.0)
    with pytest.raises(InvalidMessage, match="future"):
        rover_alive.localization.add(InertialSample(1.7e9, np.zeros(3), np.zeros(3)), rover_alive.now_s)
    assert rover_alive.localization.clock_stands_s == 0.0


@pytest.mark.parametrize(
    ("position", "yaw_rad", "variances"),
    [
        ((math.nan, 0.0, 0.0), 0.0, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), math.inf, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), 0.0, (0.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), 0.0, (1.0, 1.0, 1.0, 1.0, 1.0, 0.0)),
        ((0.0, 0.0, 0.0), 0.0, (1.0, -1.0, 1.0, 1.0, 1.0, 1.0)),
    ],
)
def test_what_is_no_pose_confirms_nothing(rover_alive, position, yaw_rad, variances):
    rover_alive.go(3.0)
    before = rover_alive.localization.estimator.reckoning.state
    now_s = rover_alive.now_s
    with pytest.raises(InvalidMessage, match=r"finite|positive"):
        rover_alive.localization.confirm(now_s, np.array(position), yaw_rad, np.diag(variances), now_s)
    assert rover_alive.localization.advance(now_s) == []
    assert np.array_equal(rover_alive.localization.estimator.reckoning.x, before.nominal)


@pytest.mark.parametrize(("lit", "condition"), [(False, Condition.LOST), (True, Condition.DEGRADED)])
def test_stars_refused_for_long_are_lost_unless_the_sun_says_that_they_lie(make_world, slip_model, lit, condition):
    rover = Rover(make_world(5), slip_model, LocalizationConfig(health=Health(lost_refused_s=20.0)))
    rover.go(5.0)
    rng = np.random.default_rng(0)
    for k in range(30):
        rover.go(1.0, stars=False)
        rover.localization.add(rover.world.star(rng.uniform(-1.0, 1.0, 3)), rover.now_s)
        if lit:
            rover.localization.add(rover.world.sun(), rover.now_s)
        rover.localization.advance(rover.now_s)
        assert k > 18 or rover.said()[0] in (Condition.TRACKING, Condition.DEGRADED)
    found, text = rover.said()
    assert found is condition
    assert "star tracker" in text


def test_stars_that_are_silent_after_one_was_refused_are_no_stars_refused_for_long(make_world, slip_model):
    rover = Rover(make_world(5), slip_model, LocalizationConfig(health=Health(lost_refused_s=20.0)))
    rover.go(5.0)
    rover.localization.add(rover.world.star(np.array([0.3, 0.0, 0.0])), rover.now_s)
    rover.go(30.0, stars=False)
    assert rover.localization.estimator.rejected["attitude"] == 1
    assert rover.said()[0] is Condition.TRACKING
