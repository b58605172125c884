# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What permits motion, and what the tracks do against their command, by values alone."""

import numpy as np
import pytest

from lupex_mobility.config import Permission, Watch
from lupex_mobility.motion_watch import MotionWatch, Told
from lupex_mobility.permission import MotionPermission, Proof

CONFIG = Permission(certificate_age_s=15.0, override_s=60.0)
WATCH = Watch(margin_mps=0.05, lasting_s=1.0, clear_s=10.0)


def test_a_certificate_permits_while_it_is_fresh_and_valid():
    permission = MotionPermission(CONFIG)
    assert "no fresh" in permission.why_not(100.0)
    permission.take_proof(Proof(100.0, True, ""))
    assert permission.why_not(115.0) == ""
    assert "no fresh" in permission.why_not(115.1)
    assert "no fresh" in permission.why_not(84.9), "one of the future proves nothing"
    permission.take_proof(Proof(116.0, False, "closed"))
    assert permission.why_not(116.0) == "the way back is not proven: closed"
    permission.take_proof(None)
    assert "no fresh" in permission.why_not(116.0)


def test_the_way_home_needs_a_fresh_certificate_and_a_fresh_word_of_the_mission():
    permission = MotionPermission(CONFIG)
    permission.take_mission(100.0, returning=True, under_way=True)
    assert "no fresh" in permission.why_not(100.0)
    permission.take_proof(Proof(110.0, False, "closed"))
    assert permission.why_not(115.0) == ""
    assert "closed" in permission.why_not(115.1)
    permission.take_mission(112.0, returning=False, under_way=False)
    assert "closed" in permission.why_not(112.0)


def test_a_persons_word_holds_for_its_time_and_not_over_a_clock_that_goes_back():
    permission = MotionPermission(CONFIG)
    assert permission.allow(" Aiko ", "", 0.0, 100.0).person == "Aiko"
    assert permission.why_not(160.0) == ""
    assert permission.why_not(160.1) != ""
    assert permission.why_not(99.9) != ""
    permission.allow("Aiko", "", 5.0, 200.0)
    assert permission.why_not(205.0) == ""
    assert permission.why_not(205.1) != ""
    permission.allow("Aiko", "", 5.0, 300.0)
    permission.end_override()
    assert permission.why_not(300.0) != ""


@pytest.mark.parametrize(("person", "duration_s"), [("", 5.0), ("Aiko", 60.1), ("Aiko", -0.1), ("Aiko", float("nan"))])
def test_what_is_no_decision_changes_nothing(person, duration_s):
    permission = MotionPermission(CONFIG)
    permission.allow("Aiko", "", 10.0, 100.0)
    with pytest.raises(ValueError, match=r"takes 0 up to 60|person is empty"):
        permission.allow(person, "", duration_s, 105.0)
    assert permission.why_not(110.0) == ""
    assert permission.why_not(110.1) != ""


def watched(*told):
    watch = MotionWatch(WATCH)
    for time_s, speed in told:
        watch.tell(Told(time_s, np.full(4, speed)))
    return watch


@pytest.mark.parametrize("speed", [0.1, 0.149, 0.0, 0.03, -0.049])
def test_tracks_at_or_below_their_command_are_well(speed):
    watch = watched((0.0, 0.1))
    assert watch.look(0.0, np.full(4, speed)) == ""
    assert watch.look(5.0, np.full(4, speed)) == ""


@pytest.mark.parametrize(("speed", "words"), [(0.16, "runs away: 0.16"), (-0.06, "runs backwards: -0.06")])
def test_one_track_that_contradicts_for_long_enough_is_a_fault_that_names_it(speed, words):
    watch, track = watched((0.0, 0.1)), np.array([0.1, 0.1, speed, 0.1])
    assert watch.look(0.0, track) == ""
    assert watch.look(0.9, track) == ""
    assert watch.look(1.0, track).startswith("track 3 ")
    assert words in watch.fault


def test_a_contradiction_that_ends_begins_anew():
    watch = watched((0.0, 0.1))
    for time_s, speed in ((0.0, 0.3), (0.9, 0.1), (1.0, 0.3), (1.9, 0.3)):
        assert watch.look(time_s, np.full(4, speed)) == ""
    assert watch.look(2.0, np.full(4, 0.3)) != ""


def test_what_was_commanded_a_moment_ago_still_counts():
    watch = watched((0.0, 0.1), (10.0, -0.1), (10.5, 0.0))
    assert watch.look(10.5, np.full(4, -0.1)) == ""
    assert watch.look(20.0, np.full(4, -0.1)) == "", "nothing newer has taken its place"
    watch.tell(Told(11.6, np.zeros(4)))
    assert watch.look(21.0, np.full(4, -0.1)) == ""
    assert watch.look(22.0, np.full(4, -0.1)) != ""


def test_the_fault_is_over_when_the_tracks_have_stood_for_a_while():
    watch = watched((0.0, 0.0))
    watch.look(0.0, np.full(4, 0.2))
    assert watch.look(1.0, np.full(4, 0.2)) != ""
    assert watch.look(2.0, np.zeros(4)) != ""
    assert watch.look(11.0, np.full(4, 0.2)) != ""
    assert watch.look(12.0, np.zeros(4)) != ""
    assert watch.look(21.9, np.zeros(4)) != ""
    assert watch.look(22.0, np.zeros(4)) == ""


def test_before_any_command_nothing_is_contradicted():
    watch = MotionWatch(WATCH)
    watch.look(0.0, np.full(4, 0.5))
    assert watch.look(5.0, np.full(4, 0.5)) == ""
