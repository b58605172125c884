# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex compare RUN ...`: two to hundreds of runs as one table, and rules for CI."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lupex_analysis.figures.runs_figure import page
from lupex_analysis.run_comparison import RuleError, check_rules, names_of, read_rule, read_run, spreads, table
from lupex_analysis.storage import ReadingError
from lupex_recorder.metadata import write_atomically

PAGE = "runs.html"
FIGURES = "runs.json"
BROKEN = 1
"""Exit code where a run breaks a rule."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0: compared and no rule broken, 1: a rule is, 2: it cannot be, and one sentence says why."""
    parser = argparse.ArgumentParser(
        prog="lupex compare", description="Compare runs of any rover: bags, summary.json, or directories of reports."
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--only", action="append", default=[], metavar="PREFIX", help="figures whose names begin so")
    parser.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="RULE",
        help='exit code 1 where it holds for a run, as "localization.ate_rmse_m > 1", or where that is not measured',
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"write {PAGE} and {FIGURES} there")
    options = parser.parse_args(argv)
    try:
        rules = [read_rule(text) for text in options.fail_if]
        runs = [read_run(path, name) for path, name in zip(options.runs, names_of(options.runs))]
        check_rules(rules, runs)
        found = spreads(runs, options.only)
        broken = [sentence for rule in rules for run in runs if (sentence := rule.broken(run))]
        print(table(runs, found))
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            held = {
                "runs": {run.name: dict(run.figures) for run in runs},
                "figures": {spread.figure: dataclasses.asdict(spread) for spread in found},
                "broken": broken,
            }
            write_atomically(options.out / PAGE, page(runs, found, broken))
            write_atomically(options.out / FIGURES, json.dumps(held, indent=2, allow_nan=False) + "\n")
    except (ReadingError, RuleError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or options.out} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    for sentence in broken:
        print(f"failed: {sentence}")
    return BROKEN if broken else 0


if __name__ == "__main__":
    sys.exit(main())
