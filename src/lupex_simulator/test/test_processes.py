# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the host did for a process: time that it waited for a processor is none that it was given."""

import math
import os
import subprocess

import pytest

from lupex_simulator.processes import GivenTime, Patience, ProcessLook, look


def test_this_process_lives_and_one_that_has_ended_does_not():
    assert look(os.getpid()).alive
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not look(ended.pid).alive


def test_a_process_that_nobody_has_buried_is_dead():
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert not look(child).alive
    finally:
        os.waitpid(child, 0)


def proc(tmp_path, state, queued_ns):
    (tmp_path / "7").mkdir(exist_ok=True)
    (tmp_path / "7" / "stat").write_text(f"7 (a name) with) {state} 1 7 7 0\n")
    (tmp_path / "7" / "schedstat").write_text(f"1500000000 {queued_ns} 3\n")
    return look(7, tmp_path)


def test_state_and_time_in_the_queue_are_read(tmp_path):
    assert proc(tmp_path, "R", 2_500_000_000) == ProcessLook(True, False, 2.5, 1.5)
    assert proc(tmp_path, "D", 0).blocked
    assert not proc(tmp_path, "Z", 0).alive
    (tmp_path / "7" / "schedstat").write_text("")
    assert not look(7, tmp_path).alive


def given_after(looks):
    given = GivenTime()
    for wall_s, seen in looks:
        given = given.after(seen, wall_s)
    return given.given_s


def test_time_in_which_a_process_sleeps_or_computes_is_given():
    assert given_after([(0.1 * i, ProcessLook(True)) for i in range(11)]) == pytest.approx(1.0)


def test_time_in_the_queue_is_not_given():
    looks = [(0.1 * i, ProcessLook(True, queued_s=0.08 * i)) for i in range(11)]
    assert given_after(looks) == pytest.approx(0.2)


def test_who_computes_is_not_idle():
    patience = Patience()
    for i in range(11):
        waited = patience.waited("a", ProcessLook(True, queued_s=0.02 * i, ran_s=0.05 * i), 0.1 * i)
    assert waited.given_s == pytest.approx(0.8)
    assert waited.idle_s == pytest.approx(0.3)


def test_time_in_which_it_waits_for_the_disk_is_not_given():
    assert given_after([(0.1 * i, ProcessLook(True, blocked=True)) for i in range(11)]) == 0.0


def test_who_could_not_look_does_not_know():
    assert given_after([(0.0, ProcessLook(True)), (60.0, ProcessLook(True))]) == pytest.approx(0.5)


def test_patience_ends_for_the_dead_and_begins_anew_for_who_goes_on():
    patience = Patience()
    assert patience.waited("a", ProcessLook(False), 0.0).given_s == math.inf
    for i in range(21):
        waited = patience.waited("b", None, 0.1 * i)
    assert waited.given_s == waited.idle_s == pytest.approx(2.0)
    patience.heard("b")
    assert patience.waited("b", None, 3.0).given_s == 0.0
