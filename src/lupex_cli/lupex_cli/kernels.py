# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Have every kernel compiled before anybody waits for one: the nodes plan and drive for a while in lock step."""

import os
import tempfile
from pathlib import Path

from lupex_cli.demo import prepare_world
from lupex_cli.lockstep_options import start
from lupex_launch.description import LaunchError, find_launch_file
from lupex_launch.evaluation import evaluate_file

WORLD, SEED = "plain", 1
DRIVEN_S = 60.0
"""Of simulated time on the way, in which a rover does all that it does but drill."""
LIMIT_S = 600.0
LEVELS = ("kind", "nominal")
"""Motion within a scan and albedo are kernels that no kind world runs."""


def compile_kernels() -> None:
    """Run the stack until it has driven for a while, at each level. Raises LaunchError, DemoError."""
    for level in LEVELS:
        _drive(level)


def _drive(level: str) -> None:
    from lupex_cli.demo_monitor import DemoMonitor

    prepare_world(WORLD, SEED, level)
    with tempfile.TemporaryDirectory(prefix="lupex_kernels_") as directory:
        given = {
            "world": WORLD,
            "seed": str(SEED),
            "truth": level,
            "bag": str(Path(directory) / "bag"),
            "state_dir": directory,
        }
        said: list[str] = []
        conductor = start(evaluate_file(find_launch_file("demo.launch.xml"), given), None, said.append).conductor
        try:
            seen = DemoMonitor(conductor.visitor("setup")).seen
            if not conductor.until(lambda: seen.phase == "drive", LIMIT_S):
                raise LaunchError("the nodes do not come to drive: " + "; ".join(said[-5:]))
            conductor.run_until(conductor.now_s + DRIVEN_S)
        finally:
            conductor.close()


def ensure_compiled() -> None:
    """Compile the kernels unless that was done since the last build of a workspace of ours.

    A node that compiles does nothing else for a while, and simulated time waits for it.
    """
    workspace = os.environ.get("LUPEX_WORKSPACE")
    if not workspace:
        return
    marker, built = Path(workspace) / "kernels", Path(workspace) / "built"
    state = built.read_text(encoding="utf-8") if built.is_file() else ""
    if state and marker.is_file() and marker.read_text(encoding="utf-8") == state:
        return
    print("compiling kernels: a minute or two, once", flush=True)
    compile_kernels()
    marker.write_text(state, encoding="utf-8")
