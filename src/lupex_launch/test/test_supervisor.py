# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""With real small processes. Every wait is for a condition; the limits only end a test that has failed."""

import os
import queue
import select
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from lupex_launch.evaluation import ProcessSpec
from lupex_launch.supervisor import ProcessLine, StartError, StopLadder, Supervisor, death_guard

LIMIT_S = 30.0
SLEEP_FOR_EVER = "import time\nwhile True: time.sleep(60)"


def python(name, code, **options):
    return ProcessSpec(
        name=name,
        label=f"{name}-1",
        command=(sys.executable, "-c", textwrap.dedent(code)),
        environment=dict(os.environ),
        origin="test.launch.xml:1",
        **options,
    )


class Watched:
    """A supervisor whose lines and exits a test can wait for."""

    def __init__(self, *specs, ladder=None):
        self.lines = queue.Queue()
        self.exits = queue.Queue()
        self.supervisor = Supervisor(specs, self.lines.put, self.exits.put, ladder)

    def __enter__(self):
        self.supervisor.start()
        return self

    def __exit__(self, *_):
        self.supervisor.stop()

    def line(self):
        return self.lines.get(timeout=LIMIT_S)

    def exit(self):
        return self.exits.get(timeout=LIMIT_S)


def test_each_start_is_told_before_what_the_process_says_also_a_respawn():
    told = queue.Queue()
    spec = python("a", "print('x')", respawn=True, respawn_delay_s=0.0)
    supervisor = Supervisor([spec], told.put, told.put, on_start=told.put)
    supervisor.start()
    kinds = [type(told.get(timeout=LIMIT_S)).__name__ for _ in range(6)]
    supervisor.stop()
    assert kinds == ["ProcessStart", "ProcessLine", "ProcessExit"] * 2


def wait_for(condition):
    """Wait until the condition holds; fail after the limit."""
    until = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_gone(pid):
    """Wait until the process is gone; it may be another's child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([descriptor], [], [], LIMIT_S)[0])


def test_lines_come_with_their_stream_and_their_process():
    code = "import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr); print('no end', end='')"
    with Watched(python("a", code)) as watched:
        lines = {(line.stream, line.text, line.label) for line in (watched.line() for _ in range(3))}
        assert watched.exit().code == 0
    assert str(ProcessLine("a", "a-1", "stdout", "out", "log")) == "[a-1] out"
    assert lines == {("stdout", "out", "a-1"), ("stderr", "err", "a-1"), ("stdout", "no end", "a-1")}


def test_a_line_without_end_does_not_grow_for_ever():
    with Watched(python("a", "print('x' * 200_000)")) as watched:
        watched.exit()
    text = "".join(watched.lines.get_nowait().text for _ in range(watched.lines.qsize()))
    assert text == "x" * 200_000


def test_bytes_that_are_no_text_are_shown():
    with Watched(python("a", "import os; os.write(1, b'\\xff\\n')")) as watched:
        assert watched.line().text == "\ufffd"


def test_the_run_ends_with_its_last_process():
    with Watched(python("a", "raise SystemExit(3)"), python("b", "pass")) as watched:
        assert watched.supervisor.wait(LIMIT_S)
    assert not watched.supervisor.alive()
    assert {end.name: end.code for end in watched.supervisor.poll()} == {"a": 3, "b": 0}
    assert watched.supervisor.poll() == []


def test_pids_are_those_of_the_processes_themselves():
    code = "import os; print(os.getpid(), os.getsid(0), flush=True)\n" + SLEEP_FOR_EVER
    with Watched(python("a", code)) as watched:
        pid, session = watched.line().text.split()
        assert watched.supervisor.pids() == {"a": int(pid)}
        assert session == pid
        assert watched.supervisor.alive()
    assert watched.supervisor.pids() == {}


def test_a_process_that_ends_is_respawned_until_the_stop():
    code = "import os; print(os.getpid(), flush=True)\n" + SLEEP_FOR_EVER
    with Watched(python("a", code, respawn=True, respawn_delay_s=0.01)) as watched:
        first = int(watched.line().text)
        os.kill(first, signal.SIGKILL)
        end = watched.exit()
        assert (end.pid, end.code, end.respawning, end.stopping) == (first, -signal.SIGKILL, True, False)
        second = int(watched.line().text)
        assert second != first
    end = watched.exit()
    assert (end.pid, end.respawning, end.stopping) == (second, False, True)


def test_a_stop_cancels_a_respawn_that_is_due_later():
    with Watched(python("a", "pass", respawn=True, respawn_delay_s=3600.0)) as watched:
        assert watched.exit().respawning
        assert watched.supervisor.alive()
        assert watched.supervisor.alive("a")
        assert not watched.supervisor.alive("b")
        assert watched.supervisor.pids() == {}
    assert not watched.supervisor.alive()


HANDLER = """
import signal, time
def tell(number, _):
    print(signal.Signals(number).name, flush=True)
    if signal.Signals(number).name == {last!r}:
        raise SystemExit(0)
signal.signal(signal.SIGINT, tell)
signal.signal(signal.SIGTERM, tell)
print('ready', flush=True)
while True: time.sleep(60)
"""


@pytest.mark.parametrize(
    ("last", "signals", "code"),
    [
        ("SIGINT", ["SIGINT"], 0),
        ("SIGTERM", ["SIGINT", "SIGTERM"], 0),
        ("none", ["SIGINT", "SIGTERM"], -signal.SIGKILL),
    ],
)
def test_the_ladder_goes_as_far_as_it_must(last, signals, code):
    with Watched(python("a", HANDLER.format(last=last)), ladder=StopLadder(0.3, 0.3)) as watched:
        assert watched.line().text == "ready"
    assert [watched.line().text for _ in signals] == signals
    assert watched.exit().code == code
    assert watched.lines.empty()


def test_what_a_process_started_goes_with_it():
    code = f"""
    import subprocess, sys
    child = subprocess.Popen([sys.executable, '-c', {SLEEP_FOR_EVER!r}])
    print(child.pid, flush=True)
    """
    with Watched(python("a", code)) as watched:
        grandchild = int(watched.line().text)
        assert watched.exit().code == 0
        assert is_gone(grandchild)


def test_no_process_outlives_a_launcher_that_was_killed():
    code = f"""
    import os
    from lupex_launch.evaluation import ProcessSpec
    from lupex_launch.supervisor import Supervisor
    spec = ProcessSpec("a", "a-1", ({sys.executable!r}, "-c", {SLEEP_FOR_EVER!r}), dict(os.environ))
    supervisor = Supervisor([spec])
    supervisor.start()
    print(supervisor.pids()["a"], flush=True)
    supervisor.wait()
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=environment
    ) as launcher:
        pid = int(launcher.stdout.readline())
        launcher.kill()
    assert is_gone(pid)


def test_inline_parameters_are_the_last_file_and_go_at_the_end():
    code = "import sys; print(sys.argv[-2]); print(sys.argv[-1]); print(open(sys.argv[-1]).read())"
    with Watched(python("a", code, parameters="/a: {ros__parameters: {b: 1}}")) as watched:
        assert watched.line().text == "--params-file"
        path = watched.line().text
        assert watched.line().text == "/a: {ros__parameters: {b: 1}}"
    assert not os.path.exists(path)


def test_a_program_that_is_not_there_stops_the_others():
    missing = ProcessSpec("b", "b-2", ("no-such-program",), dict(os.environ), origin="test.launch.xml:7")
    watched = Watched(python("a", SLEEP_FOR_EVER), missing)
    with pytest.raises(StartError, match=r"test\.launch\.xml:7: 'no-such-program' is no program"):
        watched.supervisor.start()
    assert watched.exit().name == "a"
    assert not watched.supervisor.alive()


def test_a_program_that_cannot_be_executed_is_told(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    with Watched(ProcessSpec("a", "a-1", (str(program),), dict(os.environ))) as watched:
        assert watched.exit().code != 0


def test_a_program_that_is_gone_at_its_respawn_is_tried_again(tmp_path, caplog):
    program = tmp_path / "program"

    def write():
        program.write_text('#!/bin/sh\necho started\nrm "$0"\n')
        program.chmod(0o755)

    write()
    spec = ProcessSpec("a", "a-1", (str(program),), dict(os.environ), respawn=True)
    with Watched(spec) as watched:
        assert watched.line().text == "started"
        assert watched.exit().respawning
        wait_for(lambda: "is no program that can be started" in caplog.text)
        assert watched.supervisor.alive("a")
        write()
        assert watched.line().text == "started"


def test_what_the_system_refuses_to_start_is_told():
    spec = ProcessSpec("a", "a-1", ("true", "x" * 4_000_000), dict(os.environ), origin="test.launch.xml:7")
    with pytest.raises(StartError, match=r"test\.launch\.xml:7: 'true' cannot be started: Argument list too long"):
        Supervisor([spec]).start()


def test_a_listener_that_fails_leaves_the_processes_alone(caplog):
    supervisor = Supervisor([python("a", "print(1)")], on_line=lambda _: 1 / 0)
    supervisor.start()
    assert supervisor.wait(LIMIT_S)
    assert supervisor.poll()[0].code == 0
    assert "a listener of the supervisor failed" in caplog.text


def test_a_supervisor_that_was_never_started_stops():
    Supervisor([]).stop()


def test_without_setpriv_there_is_no_guard(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert death_guard() == []
