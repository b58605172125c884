# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The files that the analysis of a recording leaves: summary.json and report.html."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.judge.verdict import way_home
from lupex_analysis.reading import Recording, read_recording
from lupex_analysis.report import report_html
from lupex_analysis.sortie import THIN_S, WANTED, extract
from lupex_analysis.summary import Summary, summarise
from lupex_recorder.metadata import write_atomically

SUMMARY = "summary.json"
REPORT = "report.html"


def write_report(bag: Path, out: Path, figures: Mapping[str, Any] | None = None) -> Summary:
    """Analyse a recording into `out`; both files appear whole or not at all. Returns the summary.

    `figures` are those that a recording does not hold: world, seed, wall_s, setup_s, cpu_s_by_node. Raises
    ReadingError, OSError.
    """
    summary, _ = analyse(bag, out, figures)
    return summary


def analyse(
    bag: Path, out: Path, figures: Mapping[str, Any] | None, rules: Judgement = JUDGEMENT
) -> tuple[Summary, Recording]:
    """Do as write_report; return what was read beside the summary.

    The world that the recording names is opened where this machine has it: without it the certificates are not judged.
    """
    recording = read_recording(bag, WANTED, THIN_S)
    sortie = extract(recording)
    way = way_home(recording.custom, sortie, rules)
    summary = summarise(recording, sortie, figures, rules, way)
    page = report_html(recording, sortie, summary, rules, way)
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / REPORT, page)
    write_atomically(out / SUMMARY, text)
    return summary, recording
