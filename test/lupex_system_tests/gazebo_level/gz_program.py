# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The `gz` program: a server as a process, topics heard and told and services asked by its command line.

Nothing else of Gazebo is needed. Each server has a partition of its own, so that no other one is heard.
"""

import contextlib
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lupex_system_tests.gazebo_level.deadline import Deadline
from lupex_system_tests.gazebo_level.gz_messages import MessageError, read_line

_END_S = 5.0
"""For a process to end after it was told to."""
_REQUEST_MS = 3000
_PUBLISH_S = 20.0


class GzError(RuntimeError):
    """Say in one sentence what `gz` did not do."""


def environment(resource_path: Sequence[Path], base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a server and of all that talk with it: on this machine, in a partition of its own."""
    return {
        **base,
        "GZ_PARTITION": f"lupex-{uuid.uuid4().hex[:12]}",
        "GZ_IP": "127.0.0.1",
        "GZ_SIM_RESOURCE_PATH": os.pathsep.join(str(path) for path in resource_path),
    }


def end(process: "subprocess.Popen[Any]") -> None:
    """End a process and all that it has started, gently first: gz's server is a child of the program."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
            break
    # what has not ended with its parent
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Echo:
    """Messages of a topic as they come, until closed."""

    def __init__(self, topic: str, env: Mapping[str, str], read: Callable[[dict[str, Any]], Any]) -> None:
        """Begin to hear a topic; `read` makes of each message what is kept."""
        self.topic = topic
        self._read = read
        self._heard: list[Any] = []
        self._failure: MessageError | None = None
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            ["gz", "topic", "-e", "-t", topic, "--json-output"],
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                message = read_line(line)
                found = None if message is None else self._read(message)
            except MessageError as error:
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            if found is not None:
                with self._changed:
                    self._heard.append(found)
                    self._changed.notify_all()

    @property
    def heard(self) -> list[Any]:
        """Return what was heard so far; raises GzError when a message could not be read."""
        with self._changed:
            if self._failure is not None:
                raise GzError(f"{self.topic}: {self._failure}")
            return list(self._heard)

    def until(self, condition: Callable[[list[Any]], bool], wait_s: float) -> bool:
        """Wait until what was heard fulfils a condition; tell whether it does."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or condition(self._heard), wait_s)
        return condition(self.heard)

    def close(self) -> None:
        """Hear no more."""
        end(self._process)
        self._thread.join(_END_S)


class Server:
    """A `gz sim` without a window that stands paused, and what is asked of it."""

    def __init__(self, world: Path, env: Mapping[str, str], log: Path, start_s: float) -> None:
        self.env = dict(env)
        self.log = log
        self._output = log.open("wb")
        self.process = subprocess.Popen(
            ["gz", "sim", "-s", "--headless-rendering", "--initial-sim-time", f"{start_s:g}", str(world)],
            env=self.env,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def lines(self) -> list[str]:
        """Return what it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def require_alive(self) -> None:
        """Raise GzError when it has ended."""
        code = self.process.poll()
        if code is not None:
            said = "; ".join(self.lines()[-3:]) or "nothing"
            raise GzError(f"gz sim ended with {code}: {said}")

    def ask(self, service: str, request_type: str, request: str) -> bool:
        """Ask a service that answers yes or no; False also when it does not answer."""
        done = subprocess.run(
            [
                *("gz", "service", "-s", service, "--reqtype", request_type, "--reptype", "gz.msgs.Boolean"),
                *("--timeout", str(_REQUEST_MS), "--req", request),
            ],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=_PUBLISH_S,
            check=False,
        )
        return "data: true" in done.stdout

    def tell(self, messages: Sequence[tuple[str, str, str]], times: int = 2) -> None:
        """Publish (topic, type, text) all at once, and again: a message of a fresh publisher can be lost.

        Raises GzError when gz refuses one.
        """
        for _ in range(times):
            started = [
                subprocess.Popen(
                    ["gz", "topic", "-t", topic, "-m", kind, "-p", text],
                    env=self.env,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for topic, kind, text in messages
            ]
            for process, (topic, _, _) in zip(started, messages):
                _, said = process.communicate(timeout=_PUBLISH_S)
                if process.returncode != 0 or "Unable to" in said:
                    raise GzError(f"gz topic could not publish on {topic}: {said.strip() or process.returncode}")

    def close(self) -> None:
        """End it."""
        end(self.process)
        self._output.close()


@contextlib.contextmanager
def serving(world: Path, env: Mapping[str, str], log: Path, start_s: float) -> Iterator[Server]:
    """Run a server while the block lasts."""
    server = Server(world, env, log, start_s)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def hearing(server: Server, topic: str, read: Callable[[dict[str, Any]], Any]) -> Iterator[Echo]:
    """Hear a topic while the block lasts."""
    echo = Echo(topic, server.env, read)
    try:
        yield echo
    finally:
        echo.close()


def until_answered(server: Server, ask: Callable[[], bool], deadline: Deadline, what: str) -> None:
    """Ask until the answer is yes; raises GzError when the server ends, DeadlineError when it takes too long."""
    while not ask():
        server.require_alive()
        deadline.require(what)
