# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Starts processes, passes on what they print, respawns them and brings them down."""

from __future__ import annotations

import contextlib
import heapq
import logging
import math
import os
import queue
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lupex_launch.evaluation import ProcessSpec

LONGEST_LINE = 65536
RETRY_S = 1.0
_log = logging.getLogger(__name__)


class StartError(Exception):
    """A process cannot be started at all."""


@dataclass(frozen=True)
class StopLadder:
    """How long a process has after each signal: SIGINT, SIGTERM, then SIGKILL."""

    interrupt_s: float = 5.0
    terminate_s: float = 5.0


@dataclass(frozen=True)
class ProcessLine:
    """One line that a process printed, without its end."""

    name: str
    label: str
    stream: str
    text: str
    output: str

    def __str__(self) -> str:
        """Return the line as ROS 2 shows it."""
        return f"[{self.label}] {self.text}"


@dataclass(frozen=True)
class ProcessStart:
    """The start of a process, each time anew."""

    name: str
    label: str
    pid: int

    def __str__(self) -> str:
        """Return the line that ROS 2 shows."""
        return f"[INFO] [{self.label}]: process started with pid [{self.pid}]"


@dataclass(frozen=True)
class ProcessExit:
    """The end of a process. `code` is negative for a signal; `stopping` when the end was asked for."""

    name: str
    label: str
    pid: int
    code: int
    respawning: bool
    stopping: bool


def describe_exit(end: ProcessExit) -> str:
    """Return the line that tells of a process's end, as ROS 2 does, and what becomes of it."""
    again = "; it will be respawned" if end.respawning else ""
    if end.code == 0:
        return f"[INFO] [{end.label}]: process has finished cleanly [pid {end.pid}]{again}"
    by = f", {signal.Signals(-end.code).name}" if end.code < 0 else ""
    return f"[ERROR] [{end.label}]: process has died [pid {end.pid}, exit code {end.code}{by}]{again}"


def death_guard() -> list[str]:
    """Return the command that runs another with SIGTERM to come when this thread ends, or nothing where there is none.

    The shell ends at once when this process died before the kernel knew of the wish.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    return [setpriv, "--pdeathsig", "TERM", "--", "/bin/sh", "-c", f'[ "$PPID" = {os.getpid()} ] && exec "$@"', "sh"]


@dataclass
class _Running:
    spec: ProcessSpec
    process: subprocess.Popen[bytes]
    exit_fd: int
    pending: dict[int, bytearray] = field(default_factory=dict)


class Supervisor:
    """Runs processes, each in a session of its own, until they end or `stop` is called.

    One thread of its own starts and reaps them and calls `on_start`, `on_line` and `on_exit`. A process gets SIGTERM
    when that thread ends, so that none outlives a launcher that was killed.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        on_line: Callable[[ProcessLine], None] | None = None,
        on_exit: Callable[[ProcessExit], None] | None = None,
        ladder: StopLadder | None = None,
        on_start: Callable[[ProcessStart], None] | None = None,
    ) -> None:
        self._specs = tuple(specs)
        self._on_line = on_line
        self._on_exit = on_exit
        self._on_start = on_start
        self._ladder = ladder or StopLadder()
        self._running: dict[str, _Running] = {}
        self._due: list[tuple[float, int, ProcessSpec]] = []
        self._exits: queue.SimpleQueue[ProcessExit] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._stop_requested = threading.Event()
        self._rungs: list[tuple[float, signal.Signals]] = []
        self._started: queue.SimpleQueue[StartError | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._parameters = tempfile.TemporaryDirectory(prefix="lupex_launch_")

    def start(self) -> None:
        """Start every process; raise StartError, with none left running, when one cannot be."""
        self._thread.start()
        error = self._started.get()
        if error is not None:
            self.stop()
            raise error

    def poll(self) -> list[ProcessExit]:
        """Return the ends of processes since the last call."""
        exits = []
        with contextlib.suppress(queue.Empty):
            while True:
                exits.append(self._exits.get_nowait())
        return exits

    def pids(self) -> dict[str, int]:
        """Return the running processes by name."""
        with self._lock:
            return {name: running.process.pid for name, running in self._running.items()}

    def alive(self, name: str | None = None) -> bool:
        """Return whether the process of that name, or any, runs or is about to be respawned."""
        if name is None:
            return self._thread.is_alive()
        with self._lock:
            return name in self._running or any(spec.name == name for *_, spec in self._due)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until no process is left; return whether that is so."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def request_stop(self) -> None:
        """Begin to bring every process down, and return at once."""
        self._stop_requested.set()
        with contextlib.suppress(OSError):
            self._wake_write.send(b"\0")

    def stop(self) -> None:
        """Bring every process down and wait until that is done."""
        self.request_stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        error: StartError | None = None
        try:
            for spec in self._specs:
                self._start_one(spec)
        except StartError as failure:
            error = failure
        self._started.put(error)
        while self._running or self._due:
            self._advance(time.monotonic())
            for key, _ in self._selector.select(self._timeout(time.monotonic())):
                if key.data is None:
                    self._wake_read.recv(4096)
                elif key.fd == key.data.exit_fd:
                    self._reap(key.data)
                elif key.fd in key.data.pending:
                    self._read(key.data, key.fd)
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        self._parameters.cleanup()

    def _advance(self, now: float) -> None:
        """Do what is due by now: a rung of the ladder, a respawn."""
        if self._stop_requested.is_set() and not self._rungs:
            with self._lock:
                self._due.clear()
            terminate_at = now + self._ladder.interrupt_s
            self._rungs = [
                (now, signal.SIGINT),
                (terminate_at, signal.SIGTERM),
                (terminate_at + self._ladder.terminate_s, signal.SIGKILL),
                (math.inf, signal.SIGKILL),
            ]
        while self._rungs and self._rungs[0][0] <= now:
            number = self._rungs.pop(0)[1]
            for running in self._running.values():
                self._signal(running, number)
        while self._due and self._due[0][0] <= now:
            at, number_of_spec, spec = self._due[0]
            try:
                self._start_one(spec)
            except StartError as error:
                _log.error("%s", error)
                at = now + max(RETRY_S, spec.respawn_delay_s)
            with self._lock:
                heapq.heappop(self._due)
                if at > now:
                    heapq.heappush(self._due, (at, number_of_spec, spec))

    def _timeout(self, now: float) -> float | None:
        if not self._running and not self._due:
            return 0.0
        next_at = min([rung[0] for rung in self._rungs[:1]] + [due[0] for due in self._due[:1]], default=math.inf)
        return None if next_at == math.inf else max(0.0, next_at - now)

    def _start_one(self, spec: ProcessSpec) -> None:
        command = list(spec.command)
        if shutil.which(command[0], path=spec.environment.get("PATH", os.defpath)) is None:
            raise StartError(f"{spec.origin}: '{command[0]}' is no program that can be started")
        if spec.parameters:
            file = Path(self._parameters.name) / f"{spec.label}.yaml"
            file.write_text(spec.parameters, encoding="utf-8")
            command += ["--params-file", str(file)]
        # Python buffers what it prints into a pipe unless told otherwise.
        environment = {"PYTHONUNBUFFERED": "1", **spec.environment}
        try:
            process = subprocess.Popen(
                [*death_guard(), *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise StartError(f"{spec.origin}: '{command[0]}' cannot be started: {error.strerror}") from error
        running = _Running(spec, process, os.pidfd_open(process.pid))
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            running.pending[stream.fileno()] = bytearray()
            self._selector.register(stream, selectors.EVENT_READ, running)
        self._selector.register(running.exit_fd, selectors.EVENT_READ, running)
        with self._lock:
            self._running[spec.name] = running
        if self._on_start is not None:
            self._tell(self._on_start, ProcessStart(spec.name, spec.label, process.pid))

    def _signal(self, running: _Running, number: signal.Signals) -> None:
        # The group is the process and what it started itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, number)

    def _read(self, running: _Running, descriptor: int) -> bool:
        """Pass on the lines that have come in; return whether there may be more."""
        try:
            data = os.read(descriptor, LONGEST_LINE)
        except BlockingIOError:
            return False
        pending = running.pending[descriptor]
        pending += data
        *lines, rest = pending.split(b"\n")
        if not data or len(rest) >= LONGEST_LINE:
            lines, rest = [*lines, *([rest] if rest else [])], bytearray()
        running.pending[descriptor] = bytearray(rest)
        for line in lines:
            self._print(running, descriptor, line)
        if not data:
            self._selector.unregister(descriptor)
            del running.pending[descriptor]
        return bool(data)

    def _print(self, running: _Running, descriptor: int, line: bytes | bytearray) -> None:
        if self._on_line is None:
            return
        assert running.process.stdout is not None
        stream = "stdout" if descriptor == running.process.stdout.fileno() else "stderr"
        text = line.decode("utf-8", errors="replace").rstrip("\r")
        spec = running.spec
        self._tell(self._on_line, ProcessLine(spec.name, spec.label, stream, text, spec.output))

    def _reap(self, running: _Running) -> None:
        """Take note of a process's end, and plan its respawn."""
        spec, process = running.spec, running.process
        # Whatever it started and left behind goes with it; its number is ours until the wait.
        self._signal(running, signal.SIGKILL)
        code = process.wait()
        for descriptor in list(running.pending):
            while self._read(running, descriptor):
                pass
            # What the process started may hold the pipe open: its last line need not have an end.
            if running.pending.get(descriptor):
                self._print(running, descriptor, bytes(running.pending[descriptor]))
            if descriptor in running.pending:
                self._selector.unregister(descriptor)
        running.pending.clear()
        self._selector.unregister(running.exit_fd)
        os.close(running.exit_fd)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        stopping = self._stop_requested.is_set()
        respawning = spec.respawn and not stopping
        with self._lock:
            del self._running[spec.name]
            if respawning:
                heapq.heappush(self._due, (time.monotonic() + spec.respawn_delay_s, self._specs.index(spec), spec))
        end = ProcessExit(spec.name, spec.label, process.pid, code, respawning, stopping)
        self._exits.put(end)
        if self._on_exit is not None:
            self._tell(self._on_exit, end)

    @staticmethod
    def _tell(listener: Callable[..., None], event: ProcessStart | ProcessLine | ProcessExit) -> None:
        # A listener that fails must not take the processes with it.
        try:
            listener(event)
        except Exception:
            _log.exception("a listener of the supervisor failed")
