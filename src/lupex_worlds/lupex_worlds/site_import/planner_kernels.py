# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The planner's kernels, compiled by processes of their own while the making of a site does something else."""

import contextlib
import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from lupex_models.rover import Rover
    from lupex_path_planning.config import RecoveryConfig
    from lupex_path_planning.light_slices import LightSlices
    from lupex_path_planning.site_grid import Moves, SiteGrid
    from lupex_path_planning.way_back.recovery import RecoveryPolicy

_SITE_CELLS, _CELL_M = 64, 5.0
_SIDE, _SLICES = 6, 4
_WAIT_S = 0.5


@contextlib.contextmanager
def compiled_beside(rover_file: Path) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Begin to compile for the cache on disk; give a function that waits for the end, calling its argument meanwhile.

    Where a process fails nothing is lost: what is not in the cache is compiled when it is called.
    """
    with contextlib.ExitStack() as begun:
        processes = [begun.enter_context(_begun(rover_file, part)) for part in PARTS]

        def wait(meanwhile: Callable[[], None]) -> None:
            for process in processes:
                while process.poll() is None:
                    meanwhile()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_WAIT_S)

        yield wait


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep until the end what a compiler leaves behind: to look for it takes a seventh of the time of compiling."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextlib.contextmanager
def _begun(rover_file: Path, part: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lupex_worlds.site_import.planner_kernels", str(rover_file), part],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class _Level:
    """A few level cells in full light: all that a kernel need be given to be compiled."""

    grid: "SiteGrid"
    moves: "Moves"
    light: "LightSlices"
    config: "RecoveryConfig"
    capacity_j: float = 1e6


class _HomeEverywhere:
    """What sorties ask of a recovery policy, where every cell is a haven: nothing of a way back is compiled for it."""

    reserve_j = 0.0
    count = _SLICES

    def __init__(self, level: _Level) -> None:
        """Make a policy for level ground."""
        self.grid, self.moves, self.light, self.capacity_j = level.grid, level.moves, level.light, level.capacity_j
        self.end_s = level.light.start_s + _SLICES * level.light.slice_s
        self.need_j = np.zeros((_SLICES, *level.grid.shape), dtype=np.float32)
        self.arrived = np.full(self.need_j.shape, 3, dtype=np.uint8)

    def need(self, time_s: float, row: int, column: int) -> float:
        """Return the need of charge [J]."""
        return self.reserve_j


def compile_way_back(rover: "Rover") -> None:
    """Have the kernels of the way back compiled, or read from the cache."""
    from lupex_path_planning.way_back.recovery import recovery_policy

    level = _level()
    policy = recovery_policy(level.grid, level.moves, level.light, level.config, 0.0, level.capacity_j)
    # What sorties ask of it may be worked out only now.
    _ = policy.need_j, policy.arrived


def compile_sorties(rover: "Rover") -> None:
    """Have the kernels of grid, light and sorties compiled, or read from the cache."""
    from lupex_models.height_field import HeightField
    from lupex_models.horizon import HorizonMap
    from lupex_models.light import Light
    from lupex_models.site import Haven, OrbitalSite, Pose2, Target
    from lupex_models.site_frame import SiteFrame
    from lupex_path_planning.config import PathPlanningConfig
    from lupex_path_planning.light_slices import light_slices
    from lupex_path_planning.site_planner import site_planner
    from lupex_path_planning.sortie.plan import Visit, plan_sortie

    low = -0.5 * _SITE_CELLS * _CELL_M
    counts = np.zeros((8, _SITE_CELLS, _SITE_CELLS), dtype=np.int16)
    # As those of a map that is computed or opened.
    counts.flags.writeable = False
    frame, horizon = SiteFrame(-1.56, 0.0, 0.0), HorizonMap(counts, low, low, _CELL_M, 1.2)
    site = OrbitalSite(
        name="level",
        frame=frame,
        dem=HeightField(np.zeros((_SITE_CELLS, _SITE_CELLS), dtype=np.float32), low, low, _CELL_M),
        horizon=horizon,
        permanent_shadow=None,
        lander=Pose2(0.0, 0.0, 0.0),
        havens=(Haven(0.0, 0.0, 10.0),),
        targets=(Target(20.0, 20.0, "target"),),
        start_utc_s=1.85e9,
        utc_offset_s=1.85e9,
    )
    config = PathPlanningConfig(rover="", site="")
    planner = site_planner(config, rover, site)
    level = _level()
    array = rover.solar_array
    light_slices(planner.grid, Light(frame, horizon), array, 0.0, site.utc_offset_s, level.config, near=planner.near)
    policy = cast("RecoveryPolicy", _HomeEverywhere(level))
    # A sortie that counts as not easy needs all that sorties may need.
    sorties = replace(config.sortie, labels_easy=1)
    visits = [Visit(*level.grid.place(1, 1), 0.0, 0.0)]
    middle = level.grid.place(_SIDE // 2, _SIDE // 2)
    plan_sortie(policy, level.moves, middle, level.light.start_s, level.capacity_j, visits, sorties)


PARTS = {"way back": compile_way_back, "sorties": compile_sorties}
"""What is compiled beside each other: each needs nothing that the others compile, and takes about as long."""


def _level() -> _Level:
    from lupex_path_planning.config import GridConfig, RecoveryConfig
    from lupex_path_planning.light_slices import LightSlices
    from lupex_path_planning.site_grid import STEPS, Moves, grid_of

    config = RecoveryConfig()
    config = replace(config, horizon_s=_SLICES * config.slice_s, haven_recharge_wh=0.0)
    grid = grid_of(np.zeros((_SIDE, _SIDE)), 0.0, 0.0, _CELL_M, GridConfig())
    rows, columns = np.indices(grid.shape)
    time_s = np.full((len(STEPS), _SIDE, _SIDE), np.inf)
    for move, (di, dj) in enumerate(STEPS):
        inside = (rows + di >= 0) & (rows + di < _SIDE) & (columns + dj >= 0) & (columns + dj < _SIDE)
        time_s[move][inside] = 60.0
    count = _SLICES + config.slices_ahead(config.slice_s)
    lit = np.full((count, _SIDE, _SIDE), 1e3, dtype=np.float32)
    light = LightSlices(0.0, config.slice_s, lit, lit, np.ones_like(lit))
    return _Level(grid, Moves(time_s, np.full(time_s.shape, 100.0), 50.0, 1.1, 0.9, 400.0), light, config)


def main(arguments: list[str]) -> None:
    """Compile one part, given the rover's file and the part's name."""
    from lupex_models.rover import read_rover

    rover_file, part = arguments
    with uncollected():
        PARTS[part](read_rover(Path(rover_file)))


if __name__ == "__main__":
    main(sys.argv[1:])
