# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The planner's kernels, compiled by a process of its own while the making of a site does something else."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

_CELLS, _CELL_M = 64, 5.0
_WAIT_S = 0.5


@contextlib.contextmanager
def compiled_beside(rover_file: Path) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Begin to compile for the cache on disk; give a function that waits for the end, calling its argument meanwhile.

    Where the process fails nothing is lost: what is not in the cache is compiled when it is called.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "lupex_simulator.planner_kernels", str(rover_file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def wait(meanwhile: Callable[[], None]) -> None:
        while process.poll() is None:
            meanwhile()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_WAIT_S)

    try:
        yield wait
    finally:
        process.kill()
        process.wait()


def compile_kernels(rover_file: Path) -> None:
    """Have every kernel of the planner compiled, or read from the cache, by a level site."""
    from lupex_models.height_field import HeightField
    from lupex_models.horizon import HorizonMap
    from lupex_models.rover import read_rover
    from lupex_models.site import Haven, OrbitalSite, Pose2, Target
    from lupex_models.site_frame import SiteFrame
    from lupex_path_planning.config import PathPlanningConfig
    from lupex_path_planning.site_planner import site_planner, warm_up

    low = -0.5 * _CELLS * _CELL_M
    counts = np.zeros((8, _CELLS, _CELLS), dtype=np.int16)
    # As those of a map that is computed or opened.
    counts.flags.writeable = False
    site = OrbitalSite(
        name="level",
        frame=SiteFrame(-1.56, 0.0, 0.0),
        dem=HeightField(np.zeros((_CELLS, _CELLS), dtype=np.float32), low, low, _CELL_M),
        horizon=HorizonMap(counts, low, low, _CELL_M, 1.2),
        permanent_shadow=None,
        lander=Pose2(0.0, 0.0, 0.0),
        havens=(Haven(0.0, 0.0, 10.0),),
        targets=(Target(20.0, 20.0, "target"),),
        start_utc_s=1.85e9,
        utc_offset_s=1.85e9,
    )
    warm_up(site_planner(PathPlanningConfig(rover="", site=""), read_rover(rover_file), site))


if __name__ == "__main__":
    compile_kernels(Path(sys.argv[1]))
