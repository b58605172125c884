# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The files that the analysis of a recording leaves: summary.json and report.html."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.judge.verdict import WayHome, way_home
from lupex_analysis.reading import WHOLE, Recording, Span, read_recording
from lupex_analysis.report import report_html
from lupex_analysis.rover.overview import Overview, overview
from lupex_analysis.rover.track_files import csv, tum
from lupex_analysis.sortie import ASKED, Sortie, extract
from lupex_analysis.storage import ReadingError
from lupex_analysis.summary import Summary, finite, summarise
from lupex_recorder.metadata import write_atomically

SUMMARY = "summary.json"
REPORT = "report.html"
TRACKS = "tracks.csv"


def write_report(bag: Path, out: Path, figures: Mapping[str, Any] | None = None) -> Summary:
    """Analyse a recording into `out`; both files appear whole or not at all. Returns the summary.

    `figures` are those that a recording does not hold: world, seed, wall_s, setup_s, cpu_s_by_node. Raises
    ReadingError, OSError.
    """
    summary, _ = analyse(bag, out, figures)
    return summary


def beside(bag: Path) -> Path:
    """Return where a bag's report goes: beside it, unless another bag's lies there."""
    directory = bag.resolve().parent
    return directory if _holder(directory) in ("", bag.resolve().name) else directory / f"{bag.resolve().stem}_report"


def refuse_another(out: Path, bag: Path) -> None:
    """Raise ReadingError where a directory holds the report of a bag of another name."""
    holder = _holder(out)
    if holder not in ("", bag.resolve().name):
        raise ReadingError(f"{out} holds the report of {holder}: name another directory by --out")


def _holder(directory: Path) -> str:
    """Return the name of the bag whose report a directory holds, empty without one that says so."""
    try:
        return str(json.loads((directory / SUMMARY).read_text(encoding="utf-8")).get("recording", ""))
    except (OSError, ValueError, AttributeError):
        return ""


@dataclass(frozen=True)
class Asked:
    """What a person asks of a report: whose place is true, which estimates, what part of the time, trajectories."""

    truth: str = ""
    estimates: tuple[str, ...] = ()
    span: Span = WHOLE
    trajectories: bool = False


@dataclass(frozen=True)
class Looked:
    """What was read of a bag, and all that it tells."""

    recording: Recording
    sortie: Sortie
    way: WayHome
    seen: Overview
    summary: Summary


def look(
    bag: Path, figures: Mapping[str, Any] | None = None, rules: Judgement = JUDGEMENT, asked: Asked = Asked()
) -> Looked:
    """Read a bag and work out its figures; raises ReadingError."""
    recording = read_recording(bag, ASKED, span=asked.span)
    # a recording may hold any number: what is too large becomes none, and a figure without a number is not measured
    with np.errstate(all="ignore"):
        seen = overview(recording, asked.truth, asked.estimates)
    sortie = extract(recording)
    way = way_home(recording.custom, sortie, rules)
    summary = summarise(recording, sortie, figures, rules, way)
    summary["recording"] = bag.resolve().name
    summary["rover"] = finite(seen.figures, "rover", summary["notes"])
    return Looked(recording, sortie, way, seen, summary)


def analyse(
    bag: Path,
    out: Path,
    figures: Mapping[str, Any] | None,
    rules: Judgement = JUDGEMENT,
    asked: Asked = Asked(),
) -> tuple[Summary, Recording]:
    """Do as write_report; return what was read beside the summary.

    The world that the recording names is opened where this machine has it: without it the certificates are not judged.
    """
    looked = look(bag, figures, rules, asked)
    summary, recording, seen = looked.summary, looked.recording, looked.seen
    page = report_html(recording, looked.sortie, summary, rules, looked.way, seen)
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / REPORT, page)
    write_atomically(out / SUMMARY, text)
    if asked.trajectories:
        write_atomically(out / TRACKS, csv(seen.tracks))
        for track in seen.tracks:
            write_atomically(out / f"{track.topic.strip('/').replace('/', '_')}.tum", tum(track))
    return summary, recording
