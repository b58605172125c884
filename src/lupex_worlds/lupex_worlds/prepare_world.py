# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Executable `prepare_world`: find a world in the cache or make it, for people and for launch files."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lupex_models.configuration import ConfigurationError, read_yaml
from lupex_node.interrupts import interruptible
from lupex_node.names import absolute, is_namespace
from lupex_worlds.domain_lock import DomainTaken, lock_domain
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world_cache import (
    WorldError,
    default_worlds_directories,
    prepare_world,
    report_to_stderr,
)

_BRIDGE = ("ros_gz_bridge",)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="prepare_world", description="Find a world in the cache or make it; print where it is."
    )
    parser.add_argument("world", help="name of a recipe worlds/NAME.yaml, or the path of one")
    parser.add_argument("--seed", type=int, default=1, help="seed of the place")
    parser.add_argument("--truth", default="kind", help="level of the truth: a name in worlds/truth/, or a file")
    parser.add_argument(
        "--draw", type=int, default=-1, help="seed of the draw, for Gazebo's files (default: the place's)"
    )
    parser.add_argument("--worlds-dir", type=Path, action="append", help="where recipes lie; may be given again")
    parser.add_argument(
        "--print",
        dest="what",
        choices=("world", "orbital", "utc_offset_s", "truth_hash", "gazebo", "state"),
        default="world",
        help="state: a fresh directory for the checkpoints of nodes that live in it",
    )
    parser.add_argument("--drive", choices=("tracks", "bogies"), default="tracks", help="of the rover in Gazebo")
    parser.add_argument("--simulator", choices=("embedded", "gazebo"), default="embedded", help="refuse an absent one")
    parser.add_argument(
        "--free-domain", action="store_true", help="refuse when a simulator already runs on this ROS domain"
    )
    parser.add_argument("--namespace", default="", help="of the ROS domain: each has room for one simulator")
    parser.add_argument(
        "--progress", action="store_true", help="tell the stages on stderr, also when it is no terminal"
    )
    return parser.parse_args(arguments)


def namespace_of(words: str) -> str:
    """Return the absolute namespace; raises WorldError for one that ROS 2 does not take."""
    namespace = absolute(words)
    if not is_namespace(namespace):
        raise WorldError(
            f"namespace:={words} is none: it takes letters, digits and _, no digit first, as in r1 or site/r1"
        )
    return namespace


def refuse_absent_gazebo(environment: Mapping[str, str] = os.environ) -> None:
    """Raise WorldError unless `gz` and the packages of the bridge are there."""
    prefixes = [Path(prefix) for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    index = Path("share") / "ament_index" / "resource_index" / "packages"
    absent = [] if shutil.which("gz", path=environment.get("PATH", "")) else ["gz (Gazebo Harmonic)"]
    absent += [name for name in _BRIDGE if not any((prefix / index / name).exists() for prefix in prefixes)]
    if absent:
        raise WorldError(
            f"not installed here: {', '.join(absent)}; sudo apt-get install ros-jazzy-ros-gz, "
            "or take simulator:=embedded; docs/gazebo.md says more"
        )


def _print_gazebo(directory: Path, truth: str, draw: int, drive: str) -> int:
    """Print where the Gazebo files of a world are; only this choice needs what makes them, and Gazebo itself."""
    from lupex_worlds.gazebo_files.gazebo_making import REFUSED, make_gazebo

    try:
        made = make_gazebo(directory, truth, draw, drive)
    except REFUSED as error:
        print(f"prepare_world: {error}", file=sys.stderr)
        return 1
    print(made, end="\n" if sys.stdout.isatty() else "")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the executable `prepare_world`; returns 0, or 1 after one sentence on stderr."""
    options = _arguments(arguments)
    if options.what == "state":
        # A world that begins must find no checkpoint of another.
        print(tempfile.mkdtemp(prefix="lupex_state_"), end="\n" if sys.stdout.isatty() else "")
        return 0
    # A polite end runs the clean-up; only SIGKILL leaves a directory, which the next run removes.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    progress = report_to_stderr(options.world, time.monotonic) if options.progress or sys.stderr.isatty() else None
    directories = options.worlds_dir or default_worlds_directories()
    try:
        if options.free_domain:
            os.close(lock_domain(os.environ, namespace_of(options.namespace)))
        if options.simulator == "gazebo" or options.what == "gazebo":
            # Here, because launch files ask for the world before they start anything.
            refuse_absent_gazebo()
        level = read_level(options.truth, [*directories, *default_worlds_directories()])
        with interruptible():
            directory = prepare_world(options.world, options.seed, directories, progress=progress, level=level)
        if options.what == "gazebo":
            return _print_gazebo(directory, options.truth, options.draw, options.drive)
        answer = {
            "world": str(directory),
            "orbital": str(directory / "orbital"),
            "truth_hash": level.digest,
        }.get(options.what)
        if answer is None:
            # Of the place, not of the recipe: each seed may begin at a date of its own.
            answer = repr(float(read_yaml(directory / "orbital" / "site.yaml")["utc_offset_s"]))
    except (WorldError, ConfigurationError, DomainTaken) as error:
        print(f"prepare_world: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    # The $(command) of a launch file keeps every character, so a line end is for people alone.
    print(answer, end="\n" if sys.stdout.isatty() else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
