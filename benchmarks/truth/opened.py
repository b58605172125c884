# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a world beyond its orbital product that the processes of autonomy open in a sortie over the middleware."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import ROOT, Asked, Context, Outcome
from lupex_system_tests.opened_files import noting, of_the_world, opened_by_node
from lupex_system_tests.structure import AUTONOMY

ASKED = {"opened_outside": Asked(0.0)}


def run(context: Context) -> Outcome:
    """Run a sortie on the plain while every process notes what it opens."""
    with tempfile.TemporaryDirectory(prefix="lupex-bench-") as base:
        opened = Path(base) / "opened"
        opened.mkdir()
        words = ["demo", "--headless", "--world", "plain", "--seed", str(context.seed)]
        words += ["--out", str(Path(base) / "out")]
        done = subprocess.run(
            [sys.executable, "-m", "lupex_cli.door", *words],
            env=noting(os.environ, opened),
            capture_output=True,
            text=True,
            check=False,
        )
        by_node = opened_by_node(opened)
        if "simulator" not in by_node:
            raise RuntimeError(f"the sortie did not run: {(done.stderr or done.stdout)[-500:]}")
        world = next(path for path in by_node["simulator"] if path.name == "truth.yaml").parents[1]
        nodes = [name.removeprefix("lupex_") for name in AUTONOMY]
        rows = [
            {"node": name, "opened": len(by_node[name]), "outside": sorted(map(str, outside))}
            for name in nodes
            if (outside := of_the_world(by_node[name], world, ROOT / "worlds")) is not None
        ]
    figures = {"opened_outside": float(sum(len(row["outside"]) for row in rows))}
    return Outcome(figures, {"opened": rows}, ("Opened: noted by an audit hook in every process of Python.",))
