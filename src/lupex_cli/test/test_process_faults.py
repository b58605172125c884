# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of processes by schedule, and kernels that are compiled once a build."""

import signal
import subprocess
import time

import pytest

from lupex_cli import kernels
from lupex_cli.process_faults import ProcessFaults
from lupex_launch.description import LaunchError
from lupex_launch.fault_schedule import Fault, FaultKind, FaultSchedule


class Processes:
    def __init__(self, **pids):
        self._pids = pids

    def pids(self):
        return self._pids


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def becomes(process, stopped):
    """Tell whether a process is stopped, or no longer so, within a while: the host takes its time with a signal."""
    end_s = time.monotonic() + 10.0
    while (state(process) == "T") != stopped:
        if time.monotonic() > end_s:
            return False
    return True


def state(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_a_process_is_killed_when_its_time_has_come(sleeper):
    faults = ProcessFaults(FaultSchedule((Fault(FaultKind.KILL, 10.0, "a"),)))
    faults.follow(9.9, Processes(a=sleeper.pid))
    assert sleeper.poll() is None
    faults.follow(10.1, Processes(a=sleeper.pid))
    assert sleeper.wait(5.0) == -signal.SIGKILL


def test_a_process_that_is_to_be_started_again_is_told_to_end(sleeper):
    ProcessFaults(FaultSchedule((Fault(FaultKind.RESTART, 1.0, "a"),))).follow(2.0, Processes(a=sleeper.pid))
    assert sleeper.wait(5.0) == -signal.SIGTERM


def test_a_process_hangs_for_so_long(sleeper):
    faults = ProcessFaults(FaultSchedule((Fault(FaultKind.HANG, 1.0, "a", for_s=5.0),)))
    faults.follow(1.0, Processes(a=sleeper.pid))
    assert becomes(sleeper, stopped=True)
    faults.follow(5.9, Processes(a=sleeper.pid))
    assert state(sleeper) == "T"
    faults.follow(6.0, Processes(a=sleeper.pid))
    assert becomes(sleeper, stopped=False)


def test_a_process_that_is_not_there_is_said(capsys):
    ProcessFaults(FaultSchedule((Fault(FaultKind.KILL, 1.0, "a"),))).follow(2.0, Processes())
    assert "finds no process 'a'" in capsys.readouterr().out


def test_what_no_process_can_have_is_refused():
    with pytest.raises(LaunchError, match="'corrupt', is none of processes: use --lockstep"):
        ProcessFaults(FaultSchedule((Fault(FaultKind.CORRUPT, 1.0, "/a", 1.0, 0.5),)))


def test_kernels_are_compiled_once_a_build(tmp_path, monkeypatch, capsys):
    compiled = []
    monkeypatch.setattr(kernels, "compile_kernels", lambda: compiled.append(1))
    monkeypatch.delenv("LUPEX_WORKSPACE", raising=False)
    kernels.ensure_compiled()
    assert not compiled, "a workspace that is not ours"
    monkeypatch.setenv("LUPEX_WORKSPACE", str(tmp_path))
    (tmp_path / "built").write_text("one")
    for _ in range(2):
        kernels.ensure_compiled()
    assert len(compiled) == 1
    (tmp_path / "built").write_text("two")
    kernels.ensure_compiled()
    assert len(compiled) == 2
    assert capsys.readouterr().out.count("compiling kernels") == 2
