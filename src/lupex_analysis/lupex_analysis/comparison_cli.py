# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex compare-worlds BAG_A BAG_B`: one drive in two worlds, as a table, a picture and figures."""

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from lupex_analysis.figures.style import ESTIMATED, TRUE, drawing
from lupex_analysis.reading import ReadingError, read_recording
from lupex_analysis.world_comparison import WANTED, ComparisonError, Drive, compare, extract_drive, table
from lupex_recorder.metadata import write_atomically

FIGURE = "comparison.svg"
FIGURES = "comparison.json"
_PANELS = (
    ("rate_rad_s", 1.0, "commanded drive rate [rad/s]"),
    ("pitch_rad", 57.29578, "pitch [deg]"),
    ("roll_rad", 57.29578, "roll [deg]"),
    ("slip", 100.0, "slip [%]"),
    ("energy_wh", 1.0, "energy of the drives [Wh]"),
)


def figure_svg(first: Drive, second: Drive) -> str:
    """Return the picture: both paths, and each quantity over the way."""
    with drawing():
        figure = Figure(figsize=(10.0, 8.0), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(3, 2).ravel()
        for drive, colour in ((first, TRUE), (second, ESTIMATED)):
            columns = drive.columns
            axes[0].plot(columns["x_m"], columns["y_m"], color=colour, linewidth=1.2, label=drive.name)
            for axis, (key, factor, title) in zip(axes[1:], _PANELS):
                axis.plot(drive.way_m, factor * columns[key], color=colour, linewidth=1.0)
                axis.set_title(title)
                axis.set_xlabel("way over ground [m]")
        axes[0].set_title("path from the start [m]")
        axes[0].set_aspect("equal", adjustable="datalim")
        axes[0].legend(loc="best")
        out = io.StringIO()
        figure.savefig(out, format="svg")
    return out.getvalue()


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
