# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `./lupex bench`: finds benchmarks, runs them, prints and writes what they found."""

import argparse
import ast
import importlib
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, Asked, Context, Outcome, commit, machine, today
from benchmarks.peers import Peers

_STDOUT, _DATED = Path("-"), Path("docs/benchmarks/DATE-NAME.md")
_HERE = Path(__file__).parent
_DATA = ROOT.parent / "shared" / "data"
_DATA_FILES = ("dem/site01_16km_5m.tif", "dem/site01_16km_20m.tif", "dem/lola_sp_1600m.tif")


def suites() -> dict[str, tuple[str, ...]]:
    """Return the benchmarks of each suite: a package here that lists them in BENCHMARKS."""
    names = sorted(path.parent.name for path in _HERE.glob("*/__init__.py"))
    return {name: importlib.import_module(f"benchmarks.{name}").BENCHMARKS for name in names}


def select(name: str) -> list[str]:
    """Return the modules of a suite, `models`, or of one benchmark of it, `models/rays`; empty for an unknown name."""
    suite, _, one = name.partition("/")
    known = suites().get(suite, ())
    return [f"benchmarks.{suite}.{each}" for each in known if not one or each == one]


def listing() -> str:
    """Return what there is to run: a line a benchmark."""
    lines = [
        "usage: ./lupex bench NAME [--json [F]] [--report [F]] [--seed N] [--data DIR] [--quick]",
        "       of long trials: [--seeds N] [--budget-min M] [--keep F]",
        "",
    ]
    for suite, names in suites().items():
        lines.append(f"  {suite:<16}  {_summary(_HERE / suite / '__init__.py')}")
        lines += [f"  {f'{suite}/{name}':<16}  {_summary(_HERE / suite / f'{name}.py')}" for name in names]
    return "\n".join(lines)


def _summary(source: Path) -> str:
    # Read, not imported: a list need not wait for compilers and physics.
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def run(modules: Sequence[str], context: Context) -> tuple[Outcome, dict[str, Asked]]:
    """Run benchmarks one after the other; return all they found as one, and the bounds asked of the figures."""
    figures: dict[str, float] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    notes: list[str] = []
    asked: dict[str, Asked] = {}
    for name in modules:
        module = importlib.import_module(name)
        found: Outcome = module.run(context)
        figures |= found.figures
        rows |= found.rows
        notes += found.notes
        asked |= module.ASKED
    return Outcome(figures, rows, tuple(notes)), asked


def number(value: float) -> str:
    """Return a figure for people: four digits that count, whole numbers whole."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def table(figures: dict[str, float], asked: dict[str, Asked]) -> list[list[str]]:
    """Return the rows of the printed table: figure, value, what was asked, and whether it is met."""
    return [
        [
            name,
            number(value),
            str(asked.get(name, "")),
            ("yes" if asked[name].met(value) else "NO") if name in asked else "",
        ]
        for name, value in figures.items()
    ]


def text(rows: list[list[str]]) -> str:
    """Return a table in columns."""
    rows = [["figure", "value", "asked", "met"], *rows]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in rows
    )


def report(name: str, result: dict[str, Any], notes: Sequence[str], rows: list[list[str]]) -> str:
    """Return the page of a run, in Markdown."""
    where = result["machine"]
    peers = ", ".join(f"{peer} {version}" for peer, version in result["peers"].items()) or "none could be had"
    lines = [
        f"# Benchmark {name}, {result['date']}",
        "",
        f"Made by `./lupex bench {name}{' --quick' if result['quick'] else ''} --seed {result['seed']}`. "
        "The raw rows are in what its `--json` writes.",
        "",
        f"- commit: {result['commit']}",
        f"- machine: {where['processor']}, {where['cores']} cores, {where['memory_gb']} GB, {where['system']}, "
        f"load {where['load_at_start']} at the start and {where['load_at_end']} at the end: wall times say what the "
        "machine can do only where it was idle",
        f"- python {where['python']}, numpy {where['numpy']}, scipy {where['scipy']}, numba {where['numba']} "
        f"({where['numba_threads']} threads)",
        f"- peers: {peers}",
        "",
        "| figure | value | asked | met |",
        "|---|---:|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "## How it was measured",
        *(f"- {note}" for note in notes),
        "",
    ]
    return "\n".join(lines)


def _page(asked: Path, name: str) -> Path:
    return ROOT / "docs" / "benchmarks" / f"{today()}-{name.replace('/', '-')}.md" if asked == _DATED else asked


def write(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(content, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> int:
    """Run what the command line names; return the exit code: 0 when it ran, 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(prog="lupex bench", description="Ours beside each peer, same task, same run.")
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a suite, or SUITE/BENCHMARK; without it they are listed"
    )
    parser.add_argument(
        "--json",
        nargs="?",
        const=_STDOUT,
        type=Path,
        metavar="F",
        help="write figures, peers, machine, commit and raw rows; without F to the standard output, and all else aside",
    )
    parser.add_argument(
        "--report",
        nargs="?",
        const=_DATED,
        type=Path,
        metavar="F",
        help="write the page; without F under its date into docs/benchmarks/",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of every draw (default 1)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="public data (default ../shared/data where it is)")
    parser.add_argument(
        "--quick", action="store_true", help="a reduced form, to see that all works; its figures mean little"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="of long trials: how many, where the benchmark has some")
    parser.add_argument(
        "--budget-min", type=float, default=math.inf, metavar="M", help="wall time after which no long trial begins"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="F", help="a line a finished long trial; a run goes on from what F holds"
    )
    options = parser.parse_args(list(arguments))
    if options.name is None:
        print(listing())
        return 0
    modules = select(options.name)
    if not modules:
        print(f"lupex bench: there is no benchmark '{options.name}'; there are {', '.join(suites())}.", file=sys.stderr)
        return 2
    if options.seed < 0:
        print("lupex bench: --seed must not be negative.", file=sys.stderr)
        return 2
    if (options.seeds is not None and options.seeds < 1) or not options.budget_min > 0.0:
        print("lupex bench: --seeds and --budget-min must be above zero.", file=sys.stderr)
        return 2
    data = options.data or (_DATA if all((_DATA / name).is_file() for name in _DATA_FILES) else None)
    missing = [name for name in _DATA_FILES if options.data and not (options.data / name).is_file()]
    if missing:
        print(f"lupex bench: {options.data} does not hold {missing[0]}.", file=sys.stderr)
        return 2

    aside = sys.stderr if options.json == _STDOUT else sys.stdout

    def say(line: str) -> None:
        print(f"  {line}", file=aside, flush=True)

    peers = Peers(say)
    where = machine()
    context = Context(
        options.seed,
        data,
        options.quick,
        peers,
        say,
        seeds=options.seeds,
        budget_s=60.0 * options.budget_min,
        kept=options.keep,
    )
    outcome, asked = run(modules, context)
    figures = {name: float(value) for name, value in outcome.figures.items()}
    unknown = [name for name, value in figures.items() if not math.isfinite(value)]
    if unknown:
        print(
            f"lupex bench: {', '.join(unknown)} came out without a number; this is a fault of the benchmark.",
            file=sys.stderr,
        )
        return 1
    where["load_at_end"] = round(os.getloadavg()[0], 2)
    result = {
        "benchmark": options.name,
        "date": today(),
        "quick": options.quick,
        "seed": options.seed,
        "figures": figures,
        "peers": peers.versions,
        "machine": where,
        "commit": commit(),
        "rows": outcome.rows,
    }
    # A bound is put on the whole task, not on its reduced form.
    rows = table(figures, {} if options.quick else asked)
    had = ", ".join(f"{k} {v}" for k, v in peers.versions.items()) or "none"
    print(f"\n{text(rows)}\n\npeers: {had}", file=aside)
    written = json.dumps(result, indent=1, allow_nan=False) + "\n"
    if options.json == _STDOUT:
        print(written, end="")
    elif options.json:
        write(options.json, written)
    if options.report:
        write(_page(options.report, options.name), report(options.name, result, outcome.notes, rows))
    return 0
