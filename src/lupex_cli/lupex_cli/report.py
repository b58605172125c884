# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex report BAG`: summary.json and report.html from a recording."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lupex_analysis.reading import Recording
from lupex_analysis.report_files import REPORT, SUMMARY, analyse
from lupex_analysis.storage import ReadingError
from lupex_recorder.metadata import NAME, metadata_yaml, write_atomically


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: the report is written, 2: it cannot be, and one sentence says why."""
    parser = argparse.ArgumentParser(prog="lupex report", description="Analyse a recording, whole or cut short.")
    parser.add_argument("bag", type=Path, metavar="BAG", help="bag directory, or an .mcap file")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: beside the bag)")
    options = parser.parse_args(argv)
    out = options.out or options.bag.resolve().parent
    try:
        summary, recording = analyse(options.bag, out, None)
    except ReadingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or out} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    for problem in recording.problems:
        print(f"note: {problem}")
    _complete(recording)
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
