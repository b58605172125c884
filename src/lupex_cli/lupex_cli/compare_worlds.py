# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex compare-worlds BAG_A BAG_B`: one drive in two worlds, as a table, a picture and figures."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lupex_analysis.figures.comparison_figure import figure_svg
from lupex_analysis.reading import read_recording
from lupex_analysis.storage import ReadingError
from lupex_analysis.world_comparison import WANTED, ComparisonError, compare, extract_drive, table
from lupex_recorder.metadata import write_atomically

FIGURE = "comparison.svg"
FIGURES = "comparison.json"


def names_of(first: Path, second: Path) -> tuple[str, str]:
    """Return the shortest ends of two paths that differ: the bags of two demos are both called bag."""
    a, b = first.resolve().parts, second.resolve().parts
    for count in range(1, max(len(a), len(b)) + 1):
        names = "/".join(a[-count:]), "/".join(b[-count:])
        if names[0] != names[1]:
            return names
    return names


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: compared, 2: it cannot be, and one sentence says why."""
    parser = argparse.ArgumentParser(
        prog="lupex compare-worlds",
        description="Compare recordings of one drive in two worlds.",
    )
    parser.add_argument("bags", type=Path, nargs=2, metavar="BAG", help="bag directory, or an .mcap file")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"write {FIGURE} and {FIGURES} there")
    options = parser.parse_args(argv)
    try:
        drives = []
        for path, name in zip(options.bags, names_of(*options.bags)):
            recording = read_recording(path, WANTED)
            for problem in recording.problems:
                print(f"note: {path}: {problem}", file=sys.stderr)
            drives.append(extract_drive(recording, name))
        first, second = drives
        rows = compare(first, second)
        print(table(first, second, rows))
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            write_atomically(options.out / FIGURE, figure_svg(first, second))
            figures = {row.name: {k: v for k, v in dataclasses.asdict(row).items() if k != "name"} for row in rows}
            write_atomically(options.out / FIGURES, json.dumps(figures, indent=2, default=_plain) + "\n")
    except (ReadingError, ComparisonError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or options.out} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _plain(value: np.floating) -> float:
    return float(value)


if __name__ == "__main__":
    sys.exit(main())
