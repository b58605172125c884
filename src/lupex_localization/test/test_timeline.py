# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Samples in their places, marks to go back to, and what is forgotten."""

import numpy as np
import pytest

from lupex_localization.samples import AttitudeSample, InertialSample, TrackSample
from lupex_localization.timeline import Timeline


def inertial(time_s):
    return InertialSample(time_s, np.zeros(3), np.zeros(3))


def tracks(time_s):
    return TrackSample(time_s, np.zeros(4), np.zeros(4), np.zeros(4))


def stars(time_s):
    return AttitudeSample(time_s, np.zeros(4), np.eye(3))


def worked_off(timeline, until_s, into):
    """Take all up to a time; a mark holds what was taken so far."""
    while (sample := timeline.take(until_s)) is not None:
        into.append((sample.time_s, type(sample).__name__[0]))
        if timeline.mark_due:
            timeline.mark(list(into))
    return into


@pytest.fixture
def timeline():
    made = Timeline(10.0, 1.0)
    made.begin(100.0, [])
    return made


def test_samples_are_taken_by_time_and_those_of_one_time_by_rank(timeline):
    for sample in (tracks(100.2), inertial(100.2), stars(100.1), inertial(100.1)):
        assert timeline.add(sample) == (True, None)
    assert worked_off(timeline, 100.15, []) == [(100.1, "I"), (100.1, "A")]
    assert worked_off(timeline, 101.0, []) == [(100.2, "I"), (100.2, "T")]


def test_a_late_sample_leads_back_to_the_mark_before_it_and_no_further(timeline):
    for k in range(1, 41):
        timeline.add(inertial(100.0 + 0.1 * k))
    done = worked_off(timeline, 104.05, [])
    taken, mark = timeline.add(stars(102.55))
    assert taken
    assert len(mark) == 20
    assert mark == done[:20]
    again = worked_off(timeline, 104.05, list(mark))
    assert again == sorted(again, key=lambda each: each[0])
    assert len(again) == 41


def test_a_late_inertial_sample_changes_all_since_the_one_before_it(timeline):
    """What was carried by the next one, held over the gap, is to be carried by the late one."""
    for time_s in (100.5, 101.5, 104.0):
        timeline.add(inertial(time_s))
    timeline.add(stars(102.0))
    worked_off(timeline, 105.0, [])
    _, mark = timeline.add(inertial(103.0))
    assert mark == [(100.5, "I"), (101.5, "I")]


def test_the_same_stamp_twice_and_what_is_older_than_the_memory_are_not_taken(timeline):
    for k in range(1, 31):
        timeline.add(inertial(100.0 + k))
    worked_off(timeline, 131.0, [])
    assert timeline.add(inertial(125.0)) == (False, None)
    assert timeline.add(stars(112.0)) == (False, None)
    taken, _ = timeline.add(stars(121.5))
    assert taken


def test_what_others_look_for_is_found_after_older_samples_were_forgotten(timeline):
    for k in range(1, 31):
        timeline.add(inertial(100.0 + k))
        timeline.add(tracks(100.05 + k))
    worked_off(timeline, 131.0, [])
    assert timeline.inertial_from(125.2).time_s == 126.0
    assert timeline.tracks_from(125.2).time_s == pytest.approx(126.05)
    assert timeline.inertial_from(131.0) is None
    newest, newest_tracks, _ = timeline.newest()
    assert (newest.time_s, newest_tracks.time_s) == (130.0, 130.05)


def test_before_the_begin_only_the_last_are_kept():
    timeline = Timeline(10.0, 1.0)
    for k in range(50):
        timeline.add(inertial(100.0 + k))
        timeline.shorten(10)
    timeline.begin(145.0, [])
    assert worked_off(timeline, 200.0, []) == [(146.0, "I"), (147.0, "I"), (148.0, "I"), (149.0, "I")]
