# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The sortie: a polar night that it must wait in, three targets in 14 days, and a new plan when the ground changes."""

import itertools
import math
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import ROOT, Asked, Context, Outcome, Row, best, timed
from lupex_models.light import Light
from lupex_models.rover import Rover, read_rover
from lupex_models.site import OrbitalSite, open_site
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.site_grid import Moves, changed_moves, grid_of, moves
from lupex_path_planning.sortie.plan import Objective, Sortie, Task, Visit, plan_sortie
from lupex_path_planning.way_back.recovery import RecoveryPolicy, recovery_policy

ASKED = {
    "sortie_night_s": Asked(0.5),
    "sortie_14d_3_targets_s": Asked(2.0),
    "replan_live_ms": Asked(200.0),
    "replan_live_excess": Asked(0.0),
}

CELL_M, SLICE_S, DAY_S, DRILL_S, DRILL_W = 20.0, 3600.0, 86_400.0, 10_800.0, 80.0


@dataclass(frozen=True)
class Instance:
    """Site, moves and field that sorties are planned over, and where work is to be done."""

    config: PathPlanningConfig
    policy: RecoveryPolicy
    pace: Moves
    dark: NDArray[np.int64]
    """Cells (n, 2) in permanent darkness over the horizon, from which a way back is ever proven."""


def ridge() -> OrbitalSite:
    """Open the world of the demo, made where it is missing."""
    command = [sys.executable, "-m", "lupex_worlds.prepare_world", "ridge", "--print", "orbital"]
    made = subprocess.run(
        [*command, "--worlds-dir", str(ROOT / "worlds")], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return open_site(Path(made.stdout.strip().splitlines()[-1]))


def instance(site: OrbitalSite, rover: Rover, side: int, slices: int, day: float) -> Instance:
    """Cut a square of cells of 20 m around the lander and compute its field from a day after the site's start on."""
    config = PathPlanningConfig(rover="", site="")
    step = round(CELL_M / site.dem.cell_m)
    height = site.dem.heights_m
    rows = np.arange(side) * step + (height.shape[0] - (side - 1) * step) // 2
    low_x, low_y, _, _ = site.dem.bounds_m
    first = rows[0] * site.dem.cell_m
    grid = grid_of(height[np.ix_(rows, rows)].astype(np.float64), low_x + first, low_y + first, CELL_M, config.grid)
    recovery = replace(config.recovery, slice_s=SLICE_S, horizon_s=slices * SLICE_S)
    pace = moves(grid, rover, config.nominal, 0.0)
    bound = moves(grid, rover, config.bound, config.grid.slope_error_rad)
    start_s = math.floor((site.start_utc_s - site.utc_offset_s + day * DAY_S) / SLICE_S) * SLICE_S
    light = light_slices(grid, Light(site.frame, site.horizon), rover.solar_array, start_s, site.utc_offset_s, recovery)
    capacity_j = rover.battery.capacity_wh * 3600.0
    policy = recovery_policy(grid, bound, light, recovery, rover.battery.reserve_fraction * capacity_j, capacity_j)
    dark = (light.expected_w <= 0.0).all(axis=0) & grid.passable & np.isfinite(policy.need_j).any(axis=0)
    return Instance(config, policy, pace, np.argwhere(dark))


@dataclass(frozen=True)
class Asking:
    """A sortie that is asked for."""

    start: tuple[int, int]
    energy_j: float
    visits: tuple[Visit, ...]
    task: Task

    def plan(self, over: Instance, **more: Any) -> Sortie:
        """Plan it over an instance, `more` of what plan_sortie takes."""
        policy = over.policy
        place = policy.grid.place(*self.start)
        now_s = policy.start_s + 10.0
        return plan_sortie(
            policy, over.pace, place, now_s, self.energy_j, self.visits, over.config.sortie, None, self.task, **more
        )


def askings(
    over: Instance, rng: np.random.Generator, count: int, targets: int, task: Task, charge_wh: float
) -> list[Asking]:
    """Draw sorties whose start is safe, with some charge above its need, to work in the dark."""
    policy = over.policy
    needs = policy.needs(policy.start_s + 10.0)
    starts = np.argwhere(np.isfinite(needs) & (needs + charge_wh * 3600.0 < policy.capacity_j) & policy.grid.passable)
    made = []
    for _ in range(count):
        row, column = (int(v) for v in starts[rng.integers(len(starts))])
        visits = []
        for _ in range(targets):
            place = policy.grid.place(*(int(v) for v in over.dark[rng.integers(len(over.dark))]))
            visits.append(Visit(*place, DRILL_S, DRILL_W))
        energy_j = float(needs[row, column]) + charge_wh * 3600.0
        made.append(Asking((row, column), energy_j, tuple(visits), task))
    return made


def measured(over: Instance, asked: list[Asking], repeats: int) -> list[Row]:
    """Time each sortie and say what came of it."""
    rows: list[Row] = []
    for number, asking in enumerate(asked):
        plans: list[Sortie] = []
        times = timed(lambda asking=asking, plans=plans: plans.append(asking.plan(over)), repeats)  # type: ignore[misc]
        plan = plans[0]
        about = {
            "number": number,
            "found": plan.feasible,
            "proven": plan.proven,
            "driven_m": _driven_m(plan),
            "labels": plan.labels,
            "expanded": plan.expanded,
            "hours": plan.cost / 3600.0 if plan.feasible else -1.0,
            "gap_share": plan.gap / plan.cost if plan.feasible and plan.cost > 0.0 else -1.0,
            "waits": sum(point.activity == 1 for point in plan.waypoints[1:]),
        }
        rows += [{**about, **row} for row in times]
    return rows


def _driven_m(plan: Sortie) -> float:
    return sum(math.dist((a.x_m, a.y_m), (b.x_m, b.y_m)) for a, b in itertools.pairwise(plan.waypoints))


def replanned(over: Instance, asking: Asking, rng: np.random.Generator, changes: int) -> list[Row]:
    """Change patches along the plan and plan anew from a place on it, with what is known and from scratch."""
    plan = asking.plan(over)
    policy, grid = over.policy, over.policy.grid
    rows: list[Row] = []
    drives = [point for point in plan.waypoints if point.activity == 0]
    for number in range(changes):
        ahead = drives[int(rng.integers(2, max(len(drives) // 2, 3)))]
        here = drives[0]
        cell, at = grid.cell(ahead.x_m, ahead.y_m), grid.cell(here.x_m, here.y_m)
        if cell is None or at is None:
            continue
        patch = np.zeros(grid.shape, np.bool_)
        patch[max(cell[0] - 2, 0) : cell[0] + 3, max(cell[1] - 2, 0) : cell[1] + 3] = True
        patch[at] = False
        for visit_at in (grid.cell(visit.x_m, visit.y_m) for visit in asking.visits):
            if visit_at is not None:
                patch[visit_at] = False
        factor = math.inf if number % 2 == 0 else 3.0
        bound = changed_moves(policy.moves, patch, factor)
        changed_policy: list[RecoveryPolicy] = []

        def field(bound: Moves = bound, made: list[RecoveryPolicy] = changed_policy) -> None:
            made[:] = [
                recovery_policy(
                    grid, bound, policy.light,
                    replace(over.config.recovery, slice_s=SLICE_S, horizon_s=policy.count * SLICE_S),
                    policy.reserve_j, policy.capacity_j,
                )
            ]  # fmt: skip

        field_rows = timed(field, 1)
        changed = replace(over, policy=changed_policy[0], pace=changed_moves(over.pace, patch, factor))
        live = replace(asking, start=at, energy_j=here.energy_j)
        found: list[Sortie] = []

        def anew(live: Asking = live, changed: Instance = changed, found: list[Sortie] = found) -> None:
            found[:] = [live.plan(changed, before=plan.fields)]

        times = timed(anew, 3)
        scratch = live.plan(changed)
        excess = abs(found[0].cost - scratch.cost) if scratch.feasible else float(found[0].feasible)
        rows += [
            {**row, "number": number, "factor": str(factor), "excess": excess, "field_wall_s": field_rows[0]["wall_s"]}
            for row in times
        ]
    return rows


def run(context: Context) -> Outcome:
    """Measure a night, 14 days with three targets, and new plans after changes of the ground."""
    site, rover = ridge(), read_rover(ROOT / "config" / "rover.yaml")
    rng = np.random.default_rng(context.seed)
    count, repeats = (2, 1) if context.quick else (20, 2)
    side, slices = (40, 60) if context.quick else (125, 270)
    # kernels are compiled, or read from their cache, on a small one
    small = instance(site, rover, 30, 40, 150.0)
    measured(small, askings(small, rng, 2, 1, Task(), 400.0), 1)
    context.say(f"{count} sorties in a polar night over {side} x {side} cells and {slices} slices")
    night = instance(site, rover, side, slices, 150.0)
    task = Task()
    nights = askings(night, rng, count, 1, task, 400.0)
    rows = {"sortie_night": measured(night, nights, repeats)}
    context.say("new plans after changes of the ground")
    easy = next((asking for asking in nights if asking.plan(night).feasible), None)
    rows["replan_live"] = replanned(night, easy, rng, 2 if context.quick else 8) if easy is not None else []
    figures = {
        **_figures("sortie_night", rows["sortie_night"]),
        "sortie_night_states": float(side * side * slices * 2),
    }
    if rows["replan_live"]:
        each = [
            best([row for row in rows["replan_live"] if row["number"] == number], "cpu_s")
            for number in {row["number"] for row in rows["replan_live"]}
        ]
        figures["replan_live_ms"] = 1e3 * max(each)
        figures["replan_live_median_ms"] = 1e3 * float(np.median(each))
        figures["replan_live_field_ms"] = 1e3 * max(row["field_wall_s"] for row in rows["replan_live"])
        figures["replan_live_excess"] = max(row["excess"] for row in rows["replan_live"])
    side, slices = (50, 72) if context.quick else (200, 336)
    context.say(f"{count // 2} sorties to three targets in any order over {side} x {side} cells and {slices} slices")
    fortnight = instance(site, rover, side, slices, 110.0)
    free = Task(Objective.LEAST_TIME, ordered=False)
    rows["sortie_14d_3_targets"] = measured(fortnight, askings(fortnight, rng, count // 2, 3, free, 600.0), 1)
    figures |= _figures("sortie_14d_3_targets", rows["sortie_14d_3_targets"])
    figures["sortie_14d_3_targets_states"] = float(side * side * slices * 8)
    notes = (
        "sortie_night_s, sortie_14d_3_targets_s: median CPU time of drawn sorties, least of each one's repeats; _p90_s "
        "and _worst_s beside it. Fields of least time and energy, bounds and search are in it; light and the field of "
        "minimum safe charge, which the certificate needs anyway, are not.",
        "Starts have 400 or 600 Wh above their need; each target is drilled 3 h at 80 W in ground that no Sun reaches. "
        "_states: cells x slices x sets of targets served. _labels_per_s: labels made by all searches over their whole "
        "CPU time. _gap_median: how much better a plan could be at most, over its duration. Of those without a plan "
        "_impossible_share is proven to have none, _given_up_share is not known.",
        "replan_live_ms: the slowest of patches of 5 x 5 cells on the way ahead that become impassable or three times "
        "dearer, planned anew from the rover's place by repair of what is known; replan_live_excess compares with a "
        "plan from scratch. The field of minimum safe charge over the changed ground, replan_live_field_ms, is beside "
        "it and not in it.",
    )
    return Outcome(figures, rows, notes)


def _figures(name: str, rows: list[Row]) -> dict[str, float]:
    numbers = sorted({row["number"] for row in rows})
    each = [best([row for row in rows if row["number"] == number], "cpu_s") for number in numbers]
    first = [next(row for row in rows if row["number"] == number) for number in numbers]
    found = [row for row in first if row["found"]]
    figures = {
        f"{name}_s": float(np.median(each)),
        f"{name}_p90_s": float(np.quantile(each, 0.9)),
        f"{name}_worst_s": max(each),
        f"{name}_labels_per_s": sum(row["labels"] for row in first) / sum(each),
        f"{name}_found_share": len(found) / len(first),
        f"{name}_impossible_share": sum(not row["found"] and row["proven"] for row in first) / len(first),
        f"{name}_given_up_share": sum(not row["found"] and not row["proven"] for row in first) / len(first),
        f"{name}_waiting_share": sum(row["waits"] > 0 for row in found) / max(len(found), 1),
    }
    if found:
        figures[f"{name}_gap_median"] = float(np.median([row["gap_share"] for row in found]))
        figures[f"{name}_gap_p90"] = float(np.quantile([row["gap_share"] for row in found], 0.9))
        figures[f"{name}_hours_median"] = float(np.median([row["hours"] for row in found]))
        figures[f"{name}_driven_m_median"] = float(np.median([row["driven_m"] for row in found]))
    return figures
