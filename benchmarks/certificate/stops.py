# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One stop at any moment of the way back - waiting, in a move, in a haven - and the reserve."""

from benchmarks.measuring import Asked, Context, Outcome
from benchmarks.planning.recovery import sorties

ASKED = {"stop_breaks_reserve": Asked(0.0)}
_RUNS = 10_000


def run(context: Context) -> Outcome:
    """Send rovers home with just what they need, each stopped at some moment."""
    rows = sorties(context.seed, 200 if context.quick else _RUNS)
    broken = sum(row["lowest_above_reserve_j"] < -1e-3 for row in rows)
    figures = {"stop_trials": float(len(rows)), "stop_breaks_reserve": float(broken)}
    return Outcome(
        figures,
        {"stops": rows},
        (
            "Ways back over random sites of 20 x 20 cells by their policy, each with just the need at its begin; moves "
            "take any share of their longest time, and a stop of up to half an hour begins at any moment of 12 hours.",
        ),
    )
