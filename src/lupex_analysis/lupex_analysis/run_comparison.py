# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Many runs side by side: each figure's spread and extremes, and rules that a run may break."""

import difflib
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lupex_analysis.report_files import SUMMARY, look
from lupex_analysis.rover.tracks import Track
from lupex_analysis.storage import ReadingError

_LEFT_OUT = ("rover.topics.", "cpu_s_by_node.")
"""Of which there are too many to be compared unless they are asked for."""
_RULE = re.compile(r"\s*(\S+)\s*(>=|<=|==|!=|>|<)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*")
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


class RuleError(ValueError):
    """Say in one sentence why a rule cannot be used."""


@dataclass(frozen=True)
class Run:
    """One run: its name, its figures by dotted name (None: not measured), and its tracks where a bag was read."""

    name: str
    figures: Mapping[str, float | None]
    tracks: tuple[Track, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A condition under which a run fails."""

    text: str
    figure: str
    sign: str
    bound: float

    def broken(self, run: Run) -> str:
        """Say how a run breaks it, empty where it does not; what was not measured breaks it too."""
        value = run.figures.get(self.figure)
        if value is None:
            return f"{run.name}: {self.figure} is not measured"
        if _OPERATORS[self.sign](value, self.bound):
            return f"{run.name}: {self.figure} is {value:g} ({self.text})"
        return ""


@dataclass(frozen=True)
class Spread:
    """One figure over all runs; `measured` of them tell it."""

    figure: str
    measured: int
    mean: float
    deviation: float | None
    """None of one run alone."""
    least: float
    least_run: str
    most: float
    most_run: str


def read_rule(text: str) -> Rule:
    """Read a rule, as "localization.ate_rmse_m > 1"; raises RuleError."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise RuleError(f"'{text}' is no rule: write FIGURE > NUMBER, with >, >=, <, <=, == or !=")
    return Rule(text.strip(), match[1], match[2], float(match[3]))


def check_rules(rules: Sequence[Rule], runs: Sequence[Run]) -> None:
    """Raise RuleError for a figure that no run has a name for: it would never fail."""
    known = {name for run in runs for name in run.figures}
    for rule in rules:
        if rule.figure not in known:
            near = difflib.get_close_matches(rule.figure, known, 3, 0.5)
            hint = f"; near it are {', '.join(near)}" if near else ""
            raise RuleError(f"no run has a figure '{rule.figure}'{hint}")


def read_run(path: Path, name: str) -> Run:
    """Read a run: a bag, a summary.json, or a directory that holds one and no bag. Raises ReadingError."""
    if path.suffix == ".json" or (path.is_dir() and (path / SUMMARY).is_file()):
        file = path if path.suffix == ".json" else path / SUMMARY
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ReadingError(f"{file} cannot be read: {error}") from error
        if not isinstance(held, dict):
            raise ReadingError(f"{file} holds no summary")
        return Run(name, dict(flat(held)))
    looked = look(path)
    return Run(name, dict(flat(looked.summary)), looked.seen.tracks)


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | None]]:
    """Yield the numbers of a summary by dotted name; truth values are 0 and 1."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from flat(item, f"{prefix}{key}.")
        elif item is None or (isinstance(item, (int, float)) and math.isfinite(item)):
            yield f"{prefix}{key}", None if item is None else float(item)


def spreads(runs: Sequence[Run], only: Sequence[str] = ()) -> list[Spread]:
    """Return the spread of each figure that any run tells, by the order of the first run that has it."""
    names = dict.fromkeys(name for run in runs for name in run.figures)
    found = []
    for name in names:
        if only and not any(name.startswith(prefix) for prefix in only):
            continue
        if not only and name.startswith(_LEFT_OUT):
            continue
        told = [(value, run.name) for run in runs if (value := run.figures.get(name)) is not None]
        if not told:
            continue
        values = np.array([value for value, _ in told])
        deviation = float(values.std(ddof=1)) if len(values) > 1 else None
        least, most = min(told), max(told)
        found.append(Spread(name, len(told), float(values.mean()), deviation, least[0], least[1], most[0], most[1]))
    return found


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return the shortest ends of paths that tell them all apart."""
    parts = [path.resolve().parts for path in paths]
    for count in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(set(parts)):
            return names
    return [str(path) for path in paths]


def table(runs: Sequence[Run], found: Sequence[Spread]) -> str:
    """Return the spreads as text."""
    head = ("figure", "runs", "mean", "spread", "least", "in", "most", "in")
    rows = [
        (
            spread.figure,
            f"{spread.measured}/{len(runs)}",
            f"{spread.mean:.4g}",
            "-" if spread.deviation is None else f"{spread.deviation:.3g}",
            f"{spread.least:.4g}",
            spread.least_run,
            f"{spread.most:.4g}",
            spread.most_run,
        )
        for spread in found
    ]
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (head, *rows))
