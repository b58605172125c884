# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex bag info|doctor|recover`: what a recording holds, what it has lost, and a whole one of what is left."""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lupex_analysis.collecting import Wanted
from lupex_analysis.reading import Recording, Span, read_recording
from lupex_analysis.recovery import recover
from lupex_analysis.rover.frames import frame_figures
from lupex_analysis.rover.roles import TF, WORDS
from lupex_analysis.rover.topic_figures import topic_figures
from lupex_analysis.storage import ReadingError

LOST = 1
"""Exit code of `doctor` for a recording that has lost something."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: done, 1: doctor found a loss, 2: the recording cannot be read, and one sentence says why."""
    parser = argparse.ArgumentParser(prog="lupex bag", description="Look at a recording of any rover.")
    actions = parser.add_subparsers(dest="action", required=True)
    info = actions.add_parser("info", help="its topics, with their rates and the part that each plays")
    doctor = actions.add_parser(
        "doctor", help="each thing that is lost or out of order; exit code 1 where there is one"
    )
    recovered = actions.add_parser("recover", help="write a whole, indexed MCAP bag of all that can be read")
    for action in (info, doctor, recovered):
        action.add_argument("bag", type=Path, metavar="BAG", help="bag directory, or an .mcap, .db3 or .bag file")
    recovered.add_argument("out", type=Path, metavar="DIR", help="directory that does not exist")
    info.add_argument("--json", action="store_true", help="as JSON")
    for action in (info, doctor):
        action.add_argument(
            "--from", dest="begin", type=float, metavar="S", help="seconds after the first message, or UNIX time"
        )
        action.add_argument("--until", type=float, metavar="S", help="end there")
    options = parser.parse_args(argv)
    try:
        if options.action == "recover":
            return _recover(options.bag, options.out)
        wanted = Wanted(types={TF: None}, few={TF: 2000}) if options.action == "doctor" else Wanted()
        recording = read_recording(options.bag, wanted, span=Span(options.begin, options.until))
        return _doctor(recording) if options.action == "doctor" else _info(recording, options.json)
    except ReadingError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename} cannot be written: {error.strerror}", file=sys.stderr)
    return 2


def _info(recording: Recording, as_json: bool) -> int:
    topics = {
        topic: topic_figures(recording.types[topic], WORDS.get(recording.types[topic], ""), times)
        for topic, times in sorted(recording.times.items())
    }
    span_s = (recording.end_ns - recording.start_ns) * 1e-9
    if as_json:
        whole = {"duration_s": span_s, "start_ns": recording.start_ns, "topics": topics, "losses": recording.problems}
        print(json.dumps(whole, indent=2, allow_nan=False))
        return 0
    begun = datetime.datetime.fromtimestamp(recording.start_ns * 1e-9, datetime.UTC)
    count = sum(found["messages"] for found in topics.values())
    print(f"{recording.path}: {span_s:.1f} s from {begun:%Y-%m-%d %H:%M:%S} UTC, {count:,} messages")
    width = max(map(len, topics))
    for topic, found in topics.items():
        rate = "         -" if found["rate_hz"] is None else f"{found['rate_hz']:7.2f} Hz"
        part = f"  ({found['part']})" if found["part"] else ""
        size = f"{found['bytes'] / 1e6:9.2f} MB"
        print(f"  {topic:<{width}}  {found['messages']:>9,}  {rate}  {size}  {found['type']}{part}")
    count = len(recording.problems)
    if count:
        print(f"{count} {'thing is' if count == 1 else 'things are'} lost or out of order: `./lupex bag doctor` tells")
    return 0


def _doctor(recording: Recording) -> int:
    frames = frame_figures(recording)
    told = [*recording.problems, *(frames["faults"] if frames else ())]
    for problem in told:
        print(problem)
    for remark in recording.remarks:
        print(f"no loss: {remark}")
    if not told:
        print(
            f"{recording.path} is whole: {sum(recording.counts.values()):,} messages on {len(recording.counts)} topics"
        )
    return LOST if told else 0


def _recover(bag: Path, out: Path) -> int:
    found = recover(bag, out)
    for loss in found.losses:
        print(f"lost: {loss}")
    print(f"{found.messages:,} messages: {found.file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
