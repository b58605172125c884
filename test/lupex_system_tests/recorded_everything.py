# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A short piece of a sortie in lock step with all that a replay needs, recorded once for all tests."""

from dataclasses import replace
from pathlib import Path

from lupex_launch.description import find_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_launch.lockstep.run import LockstepRun
from lupex_launch.lockstep.starts import node_starts
from lupex_node.lockstep.latency import read_latency

ROOT = Path(__file__).resolve().parents[2]
LASTS_S = 400.0
SCAN_S = 10.0
"""Instead of minutes, so that there is drilling too; a replay of the mission must be given the same."""


def record_everything(directory: Path) -> Path:
    """Plan, drive to the target, count neutrons and begin to drill; return the bag."""
    bag = directory / "bag"
    arguments = {"world": "plain", "seed": "1", "bag": str(bag), "state_dir": str(directory / "state")}
    specs = evaluate_file(find_launch_file("demo.launch.xml"), {**arguments, "record_all": "true"})
    starts = [
        replace(start, parameters={**start.parameters, "scan_s": SCAN_S}) if start.name == "mission" else start
        for start in node_starts(specs)
    ]
    run = LockstepRun(starts, read_latency(ROOT / "config" / "lockstep.yaml"), lambda line: None)
    try:
        run.conductor.run_until(run.conductor.now_s + LASTS_S)
    finally:
        run.conductor.close()
    return bag
