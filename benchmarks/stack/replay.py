# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every node fed from a lock-step recording: whether it says the same bytes, and how fast."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Asked, Context, Outcome, Row

NODES = (
    "localization",
    "traversability",
    "path_planning",
    "mobility",
    "drill_control",
    "power_management",
    "mission",
    "simulator",
)
ASKED = {"replay_identical_nodes": Asked(float(len(NODES)), at_most=False)}


def run(context: Context) -> Outcome:
    """Record with everything, replay each node."""
    seconds = 150.0 if context.quick else 600.0
    with tempfile.TemporaryDirectory(prefix="lupex-bench-") as base:
        bag = Path(base) / "bag"
        words = ("world:=plain", f"seed:={context.seed}", f"bag:={bag}", "record_all:=true")
        done = door("launch", "demo.launch.xml", "--lockstep", "--until", f"{seconds:g}", *words)
        if done.returncode != 0:
            raise RuntimeError(f"nothing was recorded: {done.stderr[-2000:]}")
        rows = [replayed(bag, Path(base) / name, name) for name in NODES]
    figures = {
        "replay_identical_nodes": float(sum(row["same"] for row in rows)),
        "replay_speed_up": min(row["speed_up"] for row in rows),
    }
    notes = (f"Replay: {seconds:g} s on the plain, recorded with all inputs; the slowest node's speed, wall time.",)
    return Outcome(figures, {"replay": rows}, notes)


def replayed(bag: Path, out: Path, name: str) -> Row:
    """Replay one node."""
    done = door("replay", str(bag), "--node", name, "--out", str(out), "--expect-same")
    found = re.search(r"\((\d+)x\)", done.stdout)
    if done.returncode not in (0, 1) or found is None:
        raise RuntimeError(f"{name} was not replayed: {done.stderr[-2000:]}")
    return {"node": name, "same": done.returncode == 0, "speed_up": float(found.group(1))}


def door(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of ./lupex in this environment."""
    command = [sys.executable, "-m", "lupex_cli.door", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)
