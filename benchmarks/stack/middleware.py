# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The same sortie over the middleware, a process a node."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Asked, Context, Outcome

ASKED: dict[str, Asked] = {}


def run(context: Context) -> Outcome:
    """Run the demo and read its summary."""
    from lupex_system_tests.domains import free_domain

    world = "plain" if context.quick else "ridge"
    with tempfile.TemporaryDirectory(prefix="lupex-bench-") as base, free_domain() as domain:
        out = Path(base) / "out"
        words = ["demo", "--world", world, "--seed", str(context.seed), "--headless", "--out", str(out)]
        done = subprocess.run(
            [sys.executable, "-m", "lupex_cli.door", *words],
            env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the demo failed: {(done.stdout + done.stderr)[-2000:]}")
        summary = json.loads((out / "summary.json").read_text())
    figures = {
        "dds_speed_up": summary["real_time_factor"],
        "dds_cpu_s": sum(summary["cpu_s_by_node"].values()),
        "dds_faults": float(len(summary["faults"])),
    }
    rows = {"middleware": [{"node": node, "cpu_s": cpu} for node, cpu in summary["cpu_s_by_node"].items()]}
    return Outcome(figures, rows, (f"Middleware: ./lupex {' '.join(words[:-1])}; both cores, wall time.",))
