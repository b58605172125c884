# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Tracks that lose their hold: noticed, left backwards, and given up before they dig the rover in.

How the world's own tracks and soil take it: test/test_extrication_in_soil.py.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_mobility.config import Immobilisation
from lupex_mobility.extrication import Extrication, Stage, Trap
from lupex_mobility.immobilisation import ImmobilisationWatch, Motion
from lupex_mobility.own_track import OwnTrack
from lupex_mobility.unit_kinematics import REST, BodyTwist

CONFIG = Immobilisation()
DT_S = 0.1
REACH_M = 0.78
AHEAD = BodyTwist(0.1, 0.0, 0.0)
NOWHERE = np.array([[100.0, 0.0]])


def share(twist, kept):
    return BodyTwist(*(kept * value for value in (twist.forward_mps, twist.left_mps, twist.turning_rad_s)))


def watched(seconds, tracks, kept, sigma_mps=0.001, watch=None):
    watch = watch or ImmobilisationWatch(CONFIG, REACH_M)
    for k in range(round(seconds / DT_S)):
        watch.note(Motion(k * DT_S, DT_S, tracks, share(tracks, kept), sigma_mps))
    return watch


class Rover:
    """Goes as told, less what the ground takes: `kept` (x, y, twist) is the share of a twist that it gains."""

    def __init__(self, kept, config=CONFIG, start=(0.0, 0.0, 0.0)):
        self.core = Extrication(config, REACH_M)
        self.kept, self.config = kept, config
        self.blocked = lambda twist: False
        self.x, self.y, self.yaw = start
        self.time_s, self.tracks, self.ground = 1000.0, REST, REST
        self.told = []

    def step(self, wish=AHEAD, path=None):
        """Drive on as wished where nothing else is told; `path` is as the core takes it."""
        motion = Motion(self.time_s, DT_S, self.tracks, self.ground, 0.001)
        pose = self.x, self.y, self.yaw
        answer = self.core.step(motion, pose, path, self.blocked)
        self.told.append((self.core.stage, answer))
        self.tracks = wish if answer is None else answer
        self.ground = share(self.tracks, self.kept(self.x, self.y, self.tracks))
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        self.x += DT_S * (c * self.ground.forward_mps - s * self.ground.left_mps)
        self.y += DT_S * (s * self.ground.forward_mps + c * self.ground.left_mps)
        self.yaw += DT_S * self.ground.turning_rad_s
        self.time_s += DT_S
        return answer

    def until(self, condition, path=None, limit_s=600.0):
        for _ in range(round(limit_s / DT_S)):
            self.step(path=self.ahead() if path is None else path)
            if condition():
                return
        raise AssertionError(f"after {limit_s} s still {self.core.stage}")

    def ahead(self):
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([(self.x + c * d, self.y + s * d) for d in np.arange(0.0, 3.0, 0.25)])

    @property
    def stage(self):
        return self.core.stage


def soft_beyond(x_m):
    """Ground that bears nothing that goes on beyond, and all that goes back."""
    return lambda x, y, twist: 0.1 if x > x_m and twist.forward_mps > 0.0 else 1.0


def test_it_takes_five_seconds_of_losing_most_of_the_way():
    assert not watched(4.9, AHEAD, 0.2).lost_more_than(CONFIG.slip)
    assert watched(5.1, AHEAD, 0.2).lost_more_than(CONFIG.slip)
    assert not watched(60.0, AHEAD, 0.45).lost_more_than(CONFIG.slip)


def test_what_was_run_before_a_stand_does_not_count():
    watch = watched(4.0, AHEAD, 0.0)
    watch.note(Motion(4.0, DT_S, REST, REST, 0.001))
    assert not watched(4.0, AHEAD, 0.0, watch=watch).lost_more_than(CONFIG.slip)


@pytest.mark.parametrize("tracks", [BodyTwist(0.0, 0.05, 0.0), BodyTwist(0.0, 0.0, 0.1), BodyTwist(-0.1, 0.0, 0.05)])
def test_crabbing_turning_and_going_back_are_watched_too(tracks):
    assert watched(6.0, tracks, 0.1).lost_more_than(CONFIG.slip)
    assert not watched(6.0, tracks, 0.9).lost_more_than(CONFIG.slip)


def test_a_motion_that_is_not_known_is_no_reason():
    assert not watched(30.0, AHEAD, 0.2, sigma_mps=0.05).lost_more_than(CONFIG.slip)


def test_what_is_lost_is_counted_and_sliding_back_counts_no_more_than_the_tracks_ran():
    assert watched(10.0, AHEAD, 0.25).spun_m == pytest.approx(0.75)
    assert watched(10.0, AHEAD, -3.0).spun_m == pytest.approx(1.0)
    watch = watched(10.0, AHEAD, 0.25)
    watch.count_anew()
    assert watch.spun_m == pytest.approx(0.75 * 0.1 * CONFIG.lasting_s, rel=0.03)


def test_the_way_back_is_the_own_track_and_what_was_passed_is_forgotten():
    track = OwnTrack(0.1, 8.0)
    for k in range(40):
        angle = 0.0255 * k
        track.note((4.0 * math.sin(angle), 4.0 - 4.0 * math.cos(angle), angle))
    pose = 4.0 * math.sin(0.9945), 4.0 - 4.0 * math.cos(0.9945), 0.9945
    for _ in range(6):
        aim = track.back_from(pose, 0.4)
        assert math.dist(aim[:2], (0.0, 4.0)) == pytest.approx(4.0, abs=1e-6)
        assert 0.4 <= math.dist(aim[:2], pose[:2]) < 0.55
        assert aim[2] < pose[2]
        pose = aim
    # past its end it goes straight on behind, and never forward to it again
    short = OwnTrack(0.1, 8.0)
    short.note((0.0, 0.0, 0.0))
    short.note((0.3, 0.0, 0.0))
    for x in (0.3, 0.1, -0.2, -0.5, -0.9):
        assert short.back_from((x, 0.0, 0.0), 0.4)[0] < x
    # without any it goes straight on behind
    assert OwnTrack(0.1, 1.0).back_from((1.0, 2.0, math.pi / 2), 0.4) == pytest.approx((1.0, 1.6, math.pi / 2))


def test_a_leap_of_the_pose_begins_the_track_anew():
    track = OwnTrack(0.1, 8.0)
    for x in (0.0, 0.2, 0.4, 5.0, 5.2):
        track.note((x, 0.0, 0.0))
    assert track.back_from((5.2, 0.0, 0.0), 0.2)[0] == pytest.approx(5.0)
    # nothing of before the leap
    assert track.back_from((5.0, 0.0, 0.0), 1.0)[0] == pytest.approx(4.0)


def test_it_goes_back_out_and_waits_for_a_path_around():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.STANDING)
    stood_x = rover.x
    assert 3.0 < stood_x < 3.2
    rover.until(lambda: rover.stage is Stage.WAITING)
    assert rover.x == pytest.approx(stood_x - CONFIG.back_m, abs=0.02)
    assert rover.core.tries == 1
    # the same path is none; one around is
    rover.until(lambda: rover.time_s > 1100.0)
    assert rover.stage is Stage.WAITING
    rover.step(path=np.array([[rover.x, 0.0], [rover.x, 3.0], [6.0, 3.0]]))
    assert rover.stage is Stage.FREE
    assert rover.told[-1][1] is None


def test_a_path_that_leads_there_again_is_not_followed_until_the_place_is_old():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.WAITING)
    around = np.array([[rover.x, 3.0]])
    rover.step(path=around)
    again = np.array([[rover.x, 0.0], [3.5, 0.0]])
    assert rover.step(path=again) == REST
    assert rover.stage is Stage.WAITING
    rover.step(path=around)
    rover.time_s += CONFIG.keep_s
    assert rover.step(path=again) is None
    assert rover.core.trap is None


def test_nobody_finds_a_way_around_and_it_gives_up_until_it_is_led_anew():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.WAITING)
    since_s = rover.time_s
    rover.until(lambda: rover.stage is Stage.GIVEN_UP)
    assert rover.time_s - since_s == pytest.approx(CONFIG.wait_s, abs=0.2)
    assert "no path around" in rover.core.why
    for _ in range(100):
        assert rover.step(path=rover.ahead()) == REST
    rover.step(wish=REST, path=None)
    assert rover.stage is Stage.FREE
    assert rover.step(path=np.array([[rover.x - 1.0, 0.0]])) is None


def test_where_its_own_track_does_not_let_it_out_it_turns_and_tries_on_either_side():
    # only a line turned to the right leads out
    rover = Rover(lambda x, y, twist: 0.05 if x > 3.0 and twist.turning_rad_s == 0.0 and rover.yaw > -0.3 else 1.0)
    rover.until(lambda: rover.stage is Stage.WAITING)
    assert rover.core.tries == 3
    assert rover.yaw == pytest.approx(-CONFIG.turn_rad, abs=0.05)
    stages = [stage for stage, _ in rover.told]
    assert [stage for k, stage in enumerate(stages) if k == 0 or stages[k - 1] is not stage] == [
        Stage.FREE,
        *(Stage.STANDING, Stage.BACKING),
        *(Stage.STANDING, Stage.TURNING, Stage.BACKING),
        *(Stage.STANDING, Stage.TURNING, Stage.BACKING),
        Stage.WAITING,
    ]


def test_stuck_fast_it_gives_up_after_its_tries():
    rover = Rover(lambda x, y, twist: 0.0 if x > 3.0 else 1.0)
    rover.until(lambda: rover.stage is Stage.GIVEN_UP)
    assert rover.core.tries == CONFIG.tries
    assert "3 ways out were tried" in rover.core.why
    assert rover.core.spun_m < CONFIG.spun_max_m


def test_beside_its_own_track_it_goes_only_where_the_ground_is_free():
    rover = Rover(lambda x, y, twist: 0.0 if x > 3.0 and rover.core.tries < 2 else 1.0)
    asked = []
    rover.blocked = lambda twist: asked.append((rover.core.tries, rover.stage)) or True
    rover.until(lambda: rover.stage is Stage.GIVEN_UP)
    # the first way, on its own track, needs no leave; the others are asked for and not gone
    assert asked == [(2, Stage.TURNING), (3, Stage.TURNING)]
    assert rover.yaw == 0.0
    assert "3 ways out were tried" in rover.core.why


def test_sent_on_again_and_again_it_does_not_dig_itself_in():
    rover = Rover(lambda x, y, twist: 0.0 if x > 3.0 else 1.0)
    lost_m = []
    rover.until(lambda: rover.stage is Stage.STANDING)
    aside = np.array([[rover.x, 0.0], [rover.x, 3.0]])
    for _ in range(8):
        rover.until(lambda: rover.stage is Stage.GIVEN_UP, path=aside)
        lost_m.append(rover.core.spun_m)
        rover.step(wish=REST, path=None)
    # each drive costs what it takes to notice; once the place has had its share there are no more tries
    assert lost_m[0] < lost_m[1] < CONFIG.spun_max_m + 0.5
    assert "have lost" in rover.core.why
    assert rover.core.tries == 0
    assert np.diff(lost_m)[-1] <= 0.1 * CONFIG.lasting_s + 0.05


def test_a_clock_that_goes_back_as_it_stands_does_not_hold_it_there():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.STANDING)
    rover.time_s -= 1000.0
    rover.until(lambda: rover.stage is Stage.WAITING, limit_s=60.0)


def test_what_the_tracks_may_lose_is_bounded_whatever_the_tries():
    config = Immobilisation(spun_max_m=0.7, out_slip=1.0)
    rover = Rover(lambda x, y, twist: 0.05 if x > 3.0 else 1.0, config)
    rover.until(lambda: rover.stage is Stage.GIVEN_UP)
    assert rover.core.spun_m == pytest.approx(0.7, abs=0.02)
    assert "have lost 0.7 m" in rover.core.why


def test_while_nobody_leads_it_stands_and_goes_on_when_the_path_comes_back():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.BACKING)
    for _ in range(50):
        assert rover.step(wish=REST, path=None) == REST
    rover.until(lambda: rover.stage is Stage.WAITING)
    assert rover.core.tries == 1
    # withdrawn for good: it is left as it stands, and the place stays known
    for _ in range(110):
        rover.step(wish=REST, path=None)
    assert rover.stage is Stage.FREE
    assert rover.core.trap is not None


def test_a_clock_that_goes_back_forgets_the_place():
    rover = Rover(soft_beyond(3.0))
    rover.until(lambda: rover.stage is Stage.WAITING)
    rover.step(path=np.array([[rover.x - 1.0, 0.0]]))
    rover.time_s -= 500.0
    rover.step(path=np.array([[rover.x - 1.0, 0.0]]))
    assert rover.core.trap is None


def test_driving_without_a_path_is_left_alone():
    rover = Rover(lambda x, y, twist: 0.0)
    for _ in range(300):
        assert rover.step(path=None) is None


def test_the_ground_kept_out_of_lies_ahead_and_not_behind():
    trap = Trap(0.0, (1.0, 2.0, 0.3), math.pi / 2, 0.9)
    there, ahead, behind, beside = (1.0, 2.0), (1.0, 3.0), (1.0, 0.0), (2.5, 3.0)
    assert trap.holds(np.array([behind, ahead]), CONFIG)
    assert not trap.holds(np.array([behind, beside]), CONFIG)
    # who stands in it may leave to the side, and not go on
    assert not trap.holds(np.array([there, (2.5, 2.0)]), CONFIG)
    assert trap.holds(np.array([there, ahead]), CONFIG)
    assert not trap.holds(np.empty((0, 2)), CONFIG)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(
    st.floats(-3.0, 3.0),
    st.floats(0.0, 0.35),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_on_any_ground_it_never_goes_on_into_it_and_always_ends(yaw, ahead, back, turned, seed):
    rng = np.random.default_rng(seed)
    soft_m = rng.uniform(0.5, 3.0)

    def kept(x, y, twist):
        if math.hypot(x, y) < soft_m:
            return 1.0
        share = turned if twist.turning_rad_s else (ahead if twist.forward_mps > 0.0 else back)
        return share * rng.uniform(0.5, 1.0)

    rover = Rover(kept, start=(0.0, 0.0, yaw))
    rover.until(lambda: rover.core.trap is not None)
    trap = rover.core.trap
    before = len(rover.told)
    rover.until(lambda: rover.stage in (Stage.WAITING, Stage.GIVEN_UP), limit_s=300.0)
    assert rover.core.spun_m <= CONFIG.spun_max_m + 0.1 * DT_S
    for stage, answer in rover.told[before:]:
        assert answer is not None
        assert answer.forward_mps <= 0.0
        assert math.hypot(answer.forward_mps, answer.left_mps) <= CONFIG.speed_mps * (1.0 + 1e-9)
        assert stage is not Stage.FREE
    if rover.stage is Stage.WAITING:
        assert math.dist((rover.x, rover.y), trap.pose[:2]) >= CONFIG.back_m
