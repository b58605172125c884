# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`./lupex launch`: runs a launch file as `ros2 launch` would."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lupex_cli.demo import DemoError
from lupex_cli.kernels import ensure_compiled
from lupex_cli.lockstep_options import add_options, profile_table, refuse_alone, start
from lupex_launch.description import (
    LaunchError,
    declared_arguments,
    find_in_package,
    find_launch_file,
    read_launch_file,
)
from lupex_launch.evaluation import ProcessSpec, evaluate_file
from lupex_launch.supervisor import ProcessExit, ProcessLine, StartError, Supervisor, describe_exit
from lupex_node.interrupts import interruptible

REFUSED = 2
"""Exit code of a node that cannot work with the parameters or files it was given."""

# Exit codes of a process that went because it was told to.
TOLD_TO_GO = frozenset({0, -signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGTERM})


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """Return the launch arguments of `name:=value` words; raise LaunchError."""
    arguments: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if not separator or not name:
            raise LaunchError(f"'{word}' is no launch argument: write name:=value")
        arguments[name] = value
    return arguments


def describe_arguments(path: Path) -> str:
    """Return the text of --show-args."""
    lines = [f"Launch arguments of {path.name} (name:=value):"]
    for element in declared_arguments(read_launch_file(path)):
        attributes = element.attributes
        default = f"default: '{attributes['default']}'" if "default" in attributes else "required"
        lines.append(f"  {attributes['name']}  ({default})")
        if "description" in attributes:
            lines.append(f"      {attributes['description']}")
    return "\n".join(lines if len(lines) > 1 else [f"{path.name} takes no launch arguments."])


def describe_process(spec: ProcessSpec) -> str:
    """Return the text of --print for one process."""
    added = [
        f"{name}={shlex.quote(value)}"
        for name, value in sorted(spec.environment.items())
        if os.environ.get(name) != value
    ]
    lines = [f"[{spec.label}] {' '.join([*added, shlex.join(spec.command)])}"]
    if spec.respawn:
        lines.append(f"    respawned after {spec.respawn_delay_s:g} s")
    lines.extend(f"    {line}" for line in spec.parameters.splitlines())
    return "\n".join(lines)


def find(words: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the launch file that words begin with, FILE or PACKAGE FILE, and its arguments; raise LaunchError."""
    file, *rest = words
    if rest and ":=" not in rest[0] and not Path(file).is_file():
        return find_in_package(file, rest[0]), rest[1:]
    return find_launch_file(file), rest


def is_failure(end: ProcessExit) -> bool:
    """Return whether this end makes the launch fail.

    As in ROS 2 a node that ends by itself with an error does not: its line says so. Otherwise than there it does where
    a node refuses what it was given, which no respawn can mend, and where only force ended a process.
    """
    return end.code == -signal.SIGKILL if end.stopping else end.code == REFUSED


def run(specs: Sequence[ProcessSpec]) -> int:
    """Run the processes until they end or a signal asks for it; return the exit code."""
    failed = False

    def show(line: object) -> None:
        try:
            print(line, flush=True)
        except BrokenPipeError:
            # Nobody reads any more: the interpreter's own flush at exit must not fail as well.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            supervisor.request_stop()

    def on_line(line: ProcessLine) -> None:
        if line.output != "log" or line.stream != "stdout":
            show(line)

    def on_exit(end: ProcessExit) -> None:
        nonlocal failed
        failed = failed or is_failure(end)
        if end.code == REFUSED and not end.stopping:
            # It would refuse the same again and again, and time waits for it.
            end = replace(end, respawning=False)
            supervisor.request_stop()
        if end.code == 0:
            show(describe_exit(end))
        elif end.code not in TOLD_TO_GO or not end.stopping:
            print(describe_exit(end), file=sys.stderr, flush=True)

    supervisor = Supervisor(specs, on_line, on_exit, on_start=show)
    handlers = {
        number: signal.signal(number, lambda *_: supervisor.request_stop())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        supervisor.start()
        supervisor.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 1 if failed else 0


def run_in_lock_step(specs: Sequence[ProcessSpec], options: argparse.Namespace) -> int:
    """Run the nodes in this process until the time given, Ctrl-C, or until the simulator ends; return the exit code."""
    run = start(specs, options.faults, lambda line: print(line, flush=True))
    conductor = run.conductor
    begun_s = conductor.now_s
    end_s = math.inf if options.until is None else begun_s + options.until
    try:
        with interruptible(signal.SIGINT, signal.SIGTERM):
            while conductor.now_s < end_s and conductor.nodes:
                conductor.run_until(min(end_s, conductor.now_s + 1.0))
                if any(run.exit_codes.values()):
                    break
    except KeyboardInterrupt:
        pass
    finally:
        conductor.close()
    if options.profile and conductor.profile is not None:
        print(profile_table(conductor.profile, max(conductor.now_s - begun_s, 1e-9)))
    return 1 if any(run.exit_codes.values()) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the launch file on the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="lupex launch",
        usage="%(prog)s [options] [PACKAGE] FILE [name:=value ...]",
        description="Run a launch file until Ctrl-C. The exit code is 1 where a node refuses what it was given, or "
        "only force ended one; as with ros2 launch a node that ends with an error is told, and no failure.",
    )
    parser.add_argument(
        "words", nargs="+", metavar="FILE", help="a path, a name in launch/, or a package and the name of a file of it"
    )
    parser.add_argument("-s", "--show-args", action="store_true", help="list the file's arguments and stop")
    parser.add_argument("-p", "--print", dest="dry_run", action="store_true", help="print the processes and stop")
    add_options(parser)
    parser.add_argument("--until", type=float, metavar="S", help="in lock step: end after so much simulated time")
    options = parser.parse_intermixed_args(argv)
    try:
        refuse_alone(options)
        path, arguments = find(options.words)
        if options.show_args:
            print(describe_arguments(path))
            return 0
        specs = evaluate_file(path, parse_arguments(arguments))
        if options.dry_run:
            print("\n".join(describe_process(spec) for spec in specs))
            return 0
        if options.lockstep:
            return run_in_lock_step(specs, options)
        if options.faults is not None or options.until is not None:
            raise LaunchError("--faults and --until need --lockstep here; ./lupex demo takes --faults for processes")
        if any(spec.package.startswith("lupex_") for spec in specs):
            ensure_compiled()
        return run(specs)
    except (DemoError, LaunchError, StartError) as error:
        print(f"lupex launch: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
