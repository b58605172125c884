# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex replay BAG`: what nodes would have said on that day, and how it differs from what they said."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from lupex_analysis.raw_reading import RawRecording, clock_of, open_raw
from lupex_analysis.replay_comparison import TopicComparison, table
from lupex_analysis.storage import ReadingError
from lupex_cli import recorded_odometry
from lupex_cli.replay_nodes import launch_of, overridden, starts_of
from lupex_cli.replayed import Outputs
from lupex_launch.description import LaunchError
from lupex_launch.lockstep.recorded import EXCHANGES, RecordedMessage, RecordedTime, ReplayError, Source
from lupex_launch.lockstep.replaying import Replay
from lupex_launch.packages import package_share
from lupex_localization.inertial_odometry import NoSuchMotion
from lupex_models.configuration import ConfigurationError
from lupex_node.interrupts import interruptible
from lupex_node.lockstep.latency import read_latency
from lupex_recorder.metadata import write_atomically
from lupex_recorder.recorder import NAMESPACE, RecordingError

PROGRESS_WALL_S = 10.0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="lupex replay",
        description="Feed nodes what was recorded, when it was, and compare what they say now: docs/replay.md.",
    )
    made.add_argument("bag", type=Path, metavar="BAG", help="bag directory, or an .mcap file")
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("--node", nargs="+", metavar="NAME", help="nodes to replay, wired together")
    what.add_argument("--imu", metavar="TOPIC", help="instead of nodes the filter alone, over any recording")
    made.add_argument("--odom", metavar="TOPIC", help="with --imu: speeds of wheels or tracks")
    made.add_argument("--fix", metavar="TOPIC", help="with --imu: absolute places")
    made.add_argument("--truth", metavar="TOPIC", help="with --imu: tell APE and RPE against it")
    made.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="bag of what nodes say now; the filter's way as TUM"
    )
    made.add_argument("--parameters", type=Path, metavar="FILE", help="ROS parameter file that wins over the launch's")
    made.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one parameter, as KEY=VALUE or NODE.KEY=VALUE"
    )
    made.add_argument("--from", dest="begin", type=float, default=0.0, metavar="S", help="begin so far into the bag")
    made.add_argument("--until", type=float, default=math.inf, metavar="S", help="end so far into the bag")
    made.add_argument("--world", help="world whose site the nodes are given (default: as the bag says)")
    made.add_argument("--seed", type=int, help="its seed (default: as the bag says)")
    made.add_argument("--expect-same", action="store_true", help="exit with 1 where anything differs")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the comparison there")
    made.add_argument("--picture", type=Path, metavar="FILE", help="draw what differs most, as .svg or .png")
    made.add_argument("--log", action="store_true", help="print what the nodes log")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: replayed, 1: it differs and --expect-same, 2: it cannot be, and a sentence says why."""
    made = parser()
    options = made.parse_args(argv)
    if bool(options.imu) != bool(options.odom):
        made.error("--imu and --odom go together")
    try:
        with interruptible():
            return recorded_odometry.run(options) if options.imu else run(options)
    except (NoSuchMotion, ReadingError, ReplayError, LaunchError, RecordingError, ConfigurationError) as error:
        print(f"lupex replay: {error}", file=sys.stderr)
    except LookupError as error:
        print(f"lupex replay: {error.args[0]}", file=sys.stderr)
    except OSError as error:
        print(f"lupex replay: {error.filename or options.out} cannot be written: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lupex replay: stopped by the operator", file=sys.stderr)
    return 2


def run(options: argparse.Namespace) -> int:
    """Replay and compare; raises what `main` turns into a sentence."""
    recording = open_raw(options.bag)
    for problem in recording.problems:
        print(f"note: {problem}")
    source = source_of(recording, options.begin, options.until)
    launch, arguments = launch_of(recording.custom, options.world, options.seed)
    if "world" not in arguments:
        print("note: the recording does not say in which world it was made: give --world and --seed")
    starts = overridden(starts_of(launch, arguments, options.node), options.parameters, options.set)
    # what was read has the names that any rover has, and so have the nodes
    rover = recording.custom.get(NAMESPACE, "")
    starts = [dataclasses.replace(start, place=dataclasses.replace(start.place, of_rover=rover)) for start in starts]
    if any(start.kind.MAKES_TIME for start in starts) and options.begin > 0.0:
        raise ReplayError("a world begins at its own beginning: leave --from away")
    latency = read_latency(package_share("lupex_bringup", os.environ) / "config" / "lockstep.yaml")
    outputs = Outputs(options.out, recording, options.node)
    try:
        line = print if options.log else lambda text: None
        replay = Replay(starts, latency, source, outputs.was_told, outputs.is_told, line)
        lacking = shortcomings(replay, recording)
        for sentence in lacking:
            print(f"note: {sentence}")
        if lacking and options.expect_same:
            raise ReplayError("--expect-same needs all inputs as they were: record with ./lupex demo --record-all")
        if not any(name in recording.topics for name in replay.inputs):
            raise ReplayError(f"{options.bag} holds nothing that {', '.join(options.node)} listen to")
        follow(replay, source)
    finally:
        outputs.close()
    for sentence in afterwards(replay):
        print(f"note: {sentence}")
    return conclude(options, outputs.compare(source.end_ns), outputs)


def source_of(recording: RawRecording, begin_s: float, until_s: float) -> Source:
    """Return the part of a recording that is asked for, in the nodes' time; raises ReplayError."""
    time_of = RecordedTime(clock_of(recording))
    start_ns, last_ns = time_of.of(recording.start_ns), time_of.of(recording.end_ns)
    begin_ns = start_ns + round(begin_s * 1e9)
    end_ns = last_ns if math.isinf(until_s) else min(last_ns, start_ns + round(until_s * 1e9))
    if begin_s < 0.0 or begin_ns >= end_ns:
        whole_s = (last_ns - start_ns) / 1e9
        asked = f"from {begin_s:g} s until {until_s:g} s"
        raise ReplayError(f"there is nothing {asked}: {recording.path} lasts {whole_s:g} s")

    def messages() -> Iterator[RecordedMessage]:
        for message in recording.messages(set(recording.topics)):
            yield RecordedMessage(message.topic, time_of.of(message.log_ns), message.data)

    return Source(recording.topics, messages, begin_ns, end_ns)


TOLD_BY_PEOPLE = frozenset({"/initialpose", "/goal_pose", "/mobility/route", "/cmd_vel_unstamped"})
"""Topics that no node on board tells: a recording without them lacks nothing."""


def shortcomings(replay: Replay, recording: RawRecording) -> list[str]:
    """Say what the nodes heard then and are not given, or not all of."""
    found = []
    custom = recording.custom
    thinned = dict(entry.rpartition("=")[::2] for entry in custom.get("thinned", "").split())
    left_out = custom.get("excluded", "").split()
    for topic in replay.inputs:
        if topic in thinned:
            found.append(f"{topic} was thinned when it was recorded: one message in {thinned[topic]} is fed")
        elif topic in recording.topics:
            continue
        elif any(fnmatchcase(topic, pattern) for pattern in left_out):
            found.append(f"{topic} was left out when it was recorded: the nodes do not hear it")
        elif "excluded" not in custom and topic not in TOLD_BY_PEOPLE:
            found.append(f"{topic} is not in the recording: the nodes do not hear it")
    if replay.exchanged and EXCHANGES not in recording.topics:
        names = ", ".join(replay.exchanged)
        found.append(f"requests and answers were not recorded ({EXCHANGES}): nothing comes by {names}")
    return found


def afterwards(replay: Replay) -> list[str]:
    """Say what became of requests, and of nodes that lived more than once."""
    found = [
        f"{name} was started {len(lives)} times while it was recorded and lives on here"
        for name, lives in sorted(replay.lives.items())
        if len(lives) > 1
    ]
    if replay.servers.unanswered:
        found.append(f"{replay.servers.unanswered} requests or goals have no answer in the recording")
    if replay.servers.unasked:
        found.append(f"{replay.servers.unasked} recorded answers are to what is not asked now")
    return found


def follow(replay: Replay, source: Source) -> None:
    """Run a replay with its progress on stderr; raises ReplayError."""
    begun_s = shown_s = time.monotonic()
    first_s, whole_s = source.begin_ns / 1e9, (source.end_ns - source.begin_ns) / 1e9

    def progress(time_s: float) -> None:
        nonlocal shown_s
        now_s = time.monotonic()
        if now_s - shown_s >= PROGRESS_WALL_S:
            shown_s, done_s = now_s, time_s - first_s
            speed = done_s / (now_s - begun_s)
            print(f"  {done_s:.0f} of {whole_s:.0f} s, {speed:.0f}x", file=sys.stderr, flush=True)

    replay.run(progress)
    wall_s = time.monotonic() - begun_s
    fed = sum(replay.fed.values())
    print(f"replayed {whole_s:.1f} s in {wall_s:.1f} s ({whole_s / max(wall_s, 1e-9):.0f}x), {fed} messages fed")


def conclude(options: argparse.Namespace, comparisons: Sequence[TopicComparison], outputs: Outputs) -> int:
    """Print and write the comparison; return the exit code. Raises OSError."""
    print(table(comparisons))
    print(f"bag: {options.out}")
    if options.json:
        plain = {item.topic: dataclasses.asdict(item) | {"same": item.same} for item in comparisons}
        write_atomically(options.json, json.dumps(plain, indent=2) + "\n")
    if options.picture:
        outputs.draw(options.picture, comparisons)
    return 1 if options.expect_same and not all(item.same for item in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
