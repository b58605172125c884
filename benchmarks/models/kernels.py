# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Start of a process: what compiled kernels cost when they are made, and when they come from the cache on disk."""

import tempfile

from benchmarks.measuring import Asked, Context, Outcome, run_child

ASKED = {"kernel_start_s": Asked(0.3)}

_CHILD = "benchmarks.models.kernels_start"


def run(context: Context) -> Outcome:
    """Start processes over an empty cache of kernels, then over the full one; in the reduced form over the user's."""
    parts = ["terrain", "horizon", "light", "rays"]
    with tempfile.TemporaryDirectory() as cache:
        context.say("a first process, which compiles its kernels")
        fresh = {} if context.quick else {"NUMBA_CACHE_DIR": cache}
        rows = [
            {"process": number, **run_child(_CHILD, {"parts": parts}, fresh)}
            for number in range(2 if context.quick else 6)
        ]
    later = rows[1:]
    return Outcome(
        {
            "kernel_start_s": min(row["kernels_s"] for row in later),
            "kernel_start_cpu_s": min(row["kernels_cpu_s"] for row in later),
            "kernel_first_start_s": rows[0]["kernels_s"],
            "kernel_first_start_cpu_s": rows[0]["kernels_cpu_s"],
            "kernel_import_s": min(row["import_s"] for row in later),
            "kernel_processes": float(len(rows)),
        },
        {"kernel_starts": rows},
        (
            f"kernel_start_s: first calls of {', '.join(parts)} in a process less the same calls again, all together, "
            "kernels in the cache: what a second start pays for them. Imports are counted apart (kernel_import_s).",
        ),
    )
