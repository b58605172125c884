# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of autonomy as a user who may not open a world's truth:
python -m lupex_system_tests.plain_user BASE FILE ...

BASE holds `world/` and `rover.yaml`. What was seen is told as JSON in the last line: which nodes live and what they
say, before and after all rights were given up, and of each FILE of the world whether it was refused then.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grid_map_msgs.msg import GridMap

from lupex_launch.description import find_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_launch.lockstep.run import LockstepRun
from lupex_launch.lockstep.starts import NodeStart, node_starts
from lupex_node import qos
from lupex_node.lockstep.latency import read_latency

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
_LASTS_S = 5.0


def become_nobody() -> None:
    """Give up all rights of root for good; does nothing for who has none."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def refused(path: Path) -> bool:
    """Tell whether a file or directory cannot be opened for want of rights."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return True
    return False


def told(starts: Sequence[NodeStart]) -> dict[str, object]:
    """Run the nodes for a few seconds; return which live, what they said, and how many maps of the site they showed."""
    lines: list[str] = []
    maps: list[GridMap] = []
    run = LockstepRun(starts, read_latency(ROOT / "config" / "lockstep.yaml"), lines.append)
    try:
        run.conductor.visitor("observer").subscribe(GridMap, "/site/map", maps.append, qos.LATCHED)
        run.conductor.run_until(run.conductor.now_s + _LASTS_S)
        return {"nodes": sorted(run.conductor.nodes), "lines": lines, "maps": len(maps)}
    finally:
        run.conductor.close()


def main(base: Path, names: Sequence[str]) -> int:
    """Run the nodes with all rights once, so that all code is loaded, and then without."""
    world = base / "world"
    arguments = {"site": str(world / "orbital"), "use_sim_time": "true", "mission": "true"}
    starts = [
        replace(start, parameters={**start.parameters, "rover": str(base / "rover.yaml")})
        if "rover" in start.parameters
        else start
        for start in node_starts(evaluate_file(find_launch_file("autonomy.launch.xml"), arguments))
    ]
    before = told(starts)
    become_nobody()
    after = told(starts)
    found = {name: refused(world / name) for name in names}
    print(json.dumps({"uid": os.getuid(), "before": before, "after": after, "refused": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
