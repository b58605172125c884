# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Local plan on a costmap of 60 x 60 m at 0.1 m, with rocks, rough ground and an edge of what is seen."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from benchmarks.measuring import Asked, Context, Outcome, Row, best, timed
from lupex_path_planning.config import DriveConfig, GridConfig, LocalConfig
from lupex_path_planning.near_field.costmap import Costmap
from lupex_path_planning.near_field.drive import Drive, Planar
from lupex_path_planning.near_field.local import plan_local
from lupex_path_planning.site_grid import Moves, grid_of

ASKED = {"near_field_ms": Asked(100.0)}

Array = npt.NDArray[np.float64]
Place = tuple[float, float]

_CELL_M = 0.1
_SEEN_M = 28.0


_ROCKS = {"open": 150, "dense": 650}
"""In a window of 60 x 60 m; among the denser ones the vehicle's outline and where it may turn decide."""


def ground(seed: int, half_m: float, rocks: int = _ROCKS["open"]) -> Costmap:
    """Return a window with half_m on each side of the rover at (0, 0): rolling cost, rocks, unknown from 28 m on."""
    rng = np.random.default_rng(seed)
    count = round(2.0 * half_m / _CELL_M)
    axis = _CELL_M * (np.arange(count) + 0.5) - half_m
    x, y = np.meshgrid(axis, axis)
    rough = gaussian_filter(rng.standard_normal((count, count)), 8.0)
    cost = np.clip(25.0 + 15.0 * rough / rough.std(), 0.0, 90.0)
    for _ in range(round(rocks * (half_m / 30.0) ** 2)):
        place, radius = rng.uniform(-half_m, half_m, 2), rng.uniform(0.15, 0.8)
        if math.hypot(*place) > 3.0:
            cost[np.hypot(x - place[0], y - place[1]) < radius] = 100.0
    cost[np.hypot(x, y) > _SEEN_M] = -1.0
    return Costmap(0.0, cost.astype(np.int8), -half_m, -half_m, _CELL_M)


def run(context: Context) -> Outcome:
    """Plan over the whole window towards goals all around, as a drive does at each costmap."""
    half_m, goals = (8.0, 2) if context.quick else (30.0, 12)
    config = replace(LocalConfig(), look_ahead_m=half_m)
    grid = grid_of(np.zeros((40, 40)), -100.0, -100.0, 5.0, GridConfig())
    time_s = np.full((8, 40, 40), 60.0)
    time_s[1::2] *= math.sqrt(2.0)
    pace = Moves(time_s, np.full_like(time_s, 90.0), 50.0, 1.0, 1.0, 400.0)
    rows: list[Row] = []
    for kind, rocks in _ROCKS.items():
        costmap = ground(context.seed, half_m, rocks)
        x, y = costmap.centres()
        context.say(f"local plans over {costmap.cost.shape[0]} x {costmap.cost.shape[1]} cells, {kind}")
        for number in range(goals):
            azimuth = 2.0 * math.pi * number / goals
            goal = (70.0 * math.cos(azimuth), 70.0 * math.sin(azimuth))
            drive = Drive(grid, pace, goal, 1.0, DriveConfig(), config)
            to_go = np.hypot(x - goal[0], y - goal[1])
            plan = plan_local(costmap, (0.0, 0.0, 0.0), to_go, goal, 0.6, config)
            if not rows:
                # Kernels are compiled or loaded here.
                drive.step(0.0, (0.0, 0.0, 0.0), Planar(0.0, 0.0, 0.0), costmap)

            def once(
                look: Costmap = costmap, to_go: Array = to_go, goal: Place = goal, kept: Array = plan.path_m
            ) -> None:
                plan_local(look, (0.0, 0.0, 0.0), to_go, goal, 0.6, config, kept)

            plans = timed(once, 3)
            steps = []
            for turn in range(3):
                fresh = replace(costmap, time_s=1.0 + turn)

                def step(drive: Drive = drive, look: Costmap = fresh) -> None:
                    drive.step(look.time_s, (0.0, 0.0, 0.0), Planar(0.0, 0.0, 0.0), look)

                steps += timed(step, 1)
            rows.append(
                {
                    "ground": kind,
                    "goal_rad": azimuth,
                    "found": plan.found,
                    "reason": plan.reason,
                    "crabs": bool(np.isfinite(plan.heading_rad).any()),
                    "length_m": float(np.hypot(*np.diff(plan.path_m, axis=0).T).sum()) if plan.found else 0.0,
                    "plan_cpu_s": best(plans, "cpu_s"),
                    "plan_wall_s": best(plans, "wall_s"),
                    "step_cpu_s": best(steps, "cpu_s"),
                }
            )
    usual, dense = ([row for row in rows if row["ground"] == kind] for kind in _ROCKS)
    figures = {
        "near_field_ms": 1e3 * max(row["step_cpu_s"] for row in usual),
        "near_field_plan_ms": 1e3 * max(row["plan_cpu_s"] for row in usual),
        "near_field_dense_ms": 1e3 * max(row["step_cpu_s"] for row in dense),
        "near_field_plans": float(len(usual)),
        "near_field_found": float(sum(row["found"] for row in usual)),
        "near_field_dense_found": float(sum(row["found"] for row in dense)),
        "near_field_dense_crabs": float(sum(row["crabs"] for row in dense)),
    }
    notes = (
        f"Near field: {costmap.cost.shape[0]} x {costmap.cost.shape[1]} cells of {_CELL_M} m, seen to {_SEEN_M:g} m, "
        "the look-ahead the whole window; CPU time, the slowest goal, best of 3. near_field_ms is a step of the drive "
        "with the route's length from each cell and the check of the vehicle's outline, near_field_plan_ms the local "
        f"plan alone, near_field_dense_ms the step among {_ROCKS['dense']} rocks in place of {_ROCKS['open']}.",
    )
    return Outcome(figures, {"near_field": rows}, notes)
