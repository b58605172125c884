# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex report BAG`: summary.json and report.html from a recording."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lupex_analysis.reading import ReadingError, Recording, read_recording
from lupex_analysis.report import report_html
from lupex_analysis.sortie import THIN_S, WANTED, extract
from lupex_analysis.summary import Summary, summarise
from lupex_recorder.metadata import NAME, metadata_yaml, write_atomically

SUMMARY = "summary.json"
REPORT = "report.html"


def write_report(bag: Path, out: Path, figures: Mapping[str, Any] | None = None) -> Summary:
    """Analyse a recording into `out`; both files appear whole or not at all. Returns the summary.

    `figures` are those that a recording does not hold: world, seed, wall_s, setup_s, cpu_s_by_node. Raises
    ReadingError, OSError.
    """
    summary, _ = _analyse(bag, out, figures)
    return summary


def _analyse(bag: Path, out: Path, figures: Mapping[str, Any] | None) -> tuple[Summary, Recording]:
    recording = read_recording(bag, WANTED, THIN_S)
    sortie = extract(recording)
    summary = summarise(recording, sortie, figures)
    page = report_html(recording, sortie, summary)
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / REPORT, page)
    write_atomically(out / SUMMARY, text)
    return summary, recording


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: the report is written, 2: it cannot be, and one sentence says why."""
    parser = argparse.ArgumentParser(prog="lupex report", description="Analyse a recording, whole or cut short.")
    parser.add_argument("bag", type=Path, metavar="BAG", help="bag directory, or an .mcap file")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: beside the bag)")
    options = parser.parse_args(argv)
    out = options.out or options.bag.resolve().parent
    try:
        summary, recording = _analyse(options.bag, out, None)
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
