# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex report BAG`: summary.json and report.html from a recording."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lupex_analysis.reading import Recording, Span
from lupex_analysis.report import ours
from lupex_analysis.report_files import REPORT, SUMMARY, Asked, analyse, beside, refuse_another
from lupex_analysis.storage import ReadingError
from lupex_recorder.metadata import NAME, metadata_yaml, write_atomically


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: the report is written, 2: it cannot be, and one sentence says why."""
    parser = argparse.ArgumentParser(prog="lupex report", description="Analyse a recording, whole or cut short.")
    parser.add_argument("bag", type=Path, metavar="BAG", help="bag directory, or an .mcap, .db3 or .bag file")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where to write (default: beside the bag, or where another's report lies in a directory of its name)",
    )
    parser.add_argument("--truth", default="", metavar="TOPIC", help="topic that tells the true place")
    parser.add_argument(
        "--estimate",
        action="append",
        default=[],
        metavar="TOPIC",
        help="topic that is held against it; may stand several times (default: all others that tell places)",
    )
    parser.add_argument(
        "--from",
        dest="begin",
        type=float,
        metavar="S",
        help="begin there, in seconds after the first message or UNIX time",
    )
    parser.add_argument("--until", type=float, metavar="S", help="end there")
    parser.add_argument("--trajectories", action="store_true", help="write each track as TUM, and all as CSV")
    options = parser.parse_args(argv)
    asked = Asked(options.truth, tuple(options.estimate), Span(options.begin, options.until), options.trajectories)
    out = options.out or beside(options.bag)
    try:
        refuse_another(out, options.bag)
        summary, recording = analyse(options.bag, out, None, asked=asked)
    except ReadingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or out} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    for problem in (*recording.problems, *recording.remarks):
        print(f"note: {problem}")
    _complete(recording)
    if ours(recording):
        print(f"outcome: {summary['outcome']}")
        print("".join(f"  {reason}\n" for reason in summary["reasons"]), end="")
    print(f"summary: {out / SUMMARY}\nreport:  {out / REPORT}")
    return 0


def _complete(recording: Recording) -> None:
    """Write the metadata.yaml that a killed recorder could not, so that `ros2 bag` opens the bag too."""
    if recording.rebuilt is None:
        return
    try:
        write_atomically(recording.path / NAME, metadata_yaml(recording.rebuilt))
        print(f"note: {recording.path / NAME} was missing and is made anew")
    except OSError as error:
        print(f"note: {recording.path / NAME} is missing and cannot be made: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
