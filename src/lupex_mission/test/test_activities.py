# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_mission.activities import Activities
from lupex_mission.observations import Drive, Place, Result, Sample

A = Drive("a", Place(1.0, 0.0), 1.0)
B = Sample("b", 0.5)


class Served:
    def __init__(self):
        self.is_ready = True
        self.started = []
        self.cancelled = []
        self.ends = []

    def ready(self):
        return self.is_ready

    def start(self, activity, on_end):
        self.started.append(activity)
        self.ends.append(on_end)
        return len(self.started)

    def cancel(self, handle):
        self.cancelled.append(handle)


def make():
    drive, drill = Served(), Served()
    return drive, drill, Activities({Drive: drive, Sample: drill}, retry_s=20.0)


def test_a_wish_is_started_once_and_its_result_kept():
    drive, _, activities = make()
    activities.follow(A, 0.0)
    activities.follow(A, 1.0)
    assert drive.started == [A]
    assert activities.current == A
    drive.ends[0](Result(True, ""))
    activities.follow(A, 2.0)
    assert drive.started == [A]
    assert activities.results == {"a": Result(True, "")}
    assert activities.current is None


def test_another_wish_cancels_the_first_and_its_late_result_is_ignored():
    drive, drill, activities = make()
    activities.follow(A, 0.0)
    activities.follow(B, 1.0)
    assert drive.cancelled == [1]
    assert drill.started == [B]
    drive.ends[0](Result(True, ""))
    assert activities.results == {}
    assert activities.current == B


def test_no_wish_cancels():
    drive, _, activities = make()
    activities.follow(A, 0.0)
    activities.follow(None, 1.0)
    assert drive.cancelled == [1]
    activities.follow(A, 2.0)
    assert drive.started == [A, A]


def test_a_refused_goal_is_asked_again_after_a_pause():
    drive, _, activities = make()
    activities.follow(A, 0.0)
    drive.ends[0](None)
    activities.follow(A, 19.0)
    assert len(drive.started) == 1
    activities.follow(A, 20.0)
    assert len(drive.started) == 2


def test_a_server_that_is_not_there_is_waited_for():
    drive, _, activities = make()
    drive.is_ready = False
    activities.follow(A, 0.0)
    assert drive.started == []
    drive.is_ready = True
    activities.follow(A, 1.0)
    assert drive.started == [A]


def test_what_a_dead_server_did_is_started_anew_at_its_heir():
    drive, _, activities = make()
    activities.follow(A, 0.0)
    activities.server_lost((Sample,))
    assert activities.current == A
    activities.server_lost((Drive,))
    assert drive.cancelled == []
    activities.follow(A, 1.0)
    assert drive.started == [A, A]


def test_forgetting_cancels_and_clears():
    drive, _, activities = make()
    activities.follow(A, 0.0)
    drive.ends[0](Result(False, "no way"))
    activities.follow(B, 1.0)
    activities.forget()
    assert activities.results == {}
    assert activities.current is None
