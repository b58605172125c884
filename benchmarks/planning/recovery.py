# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The way back: speed of the field of minimum safe charge, its excess over exhaustive search, and sorties by it."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter, minimum_filter

from benchmarks.measuring import Asked, Context, Outcome, Row, best, timed
from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, RecoveryPolicy, haven_need, recovery_policy

ASKED = {
    "recovery_states_per_s": Asked(50e6, at_most=False),
    "recovery_14d_s": Asked(0.6),
    "recovery_14d_400_s": Asked(6.0),
    "safe_charge_excess_median": Asked(0.05),
    "safe_charge_below_truth": Asked(0.0),
    "recovery_sorties_below_reserve": Asked(0.0),
}

RESERVE_J, CAPACITY_J, STEP_S = 375.0 * 3600.0, 2500.0 * 3600.0, 60.0


def instance(rng: np.random.Generator, side: int, slices: int, slice_s: float, cell_m: float) -> tuple[Any, ...]:
    """Make (grid, moves of whole minutes, light whose shadows turn, config); some cells are closed."""
    config = RecoveryConfig(slice_s=slice_s, horizon_s=slices * slice_s)
    rough = np.hypot(*np.gradient(gaussian_filter(rng.normal(size=(side, side)), 2.0)))
    rough /= rough.std()
    height = gaussian_filter(rng.normal(size=(side, side)), max(side / 12, 1.5))
    height /= height.std()
    zero = np.zeros((side, side))
    open_ = rough < 3.5
    grid = SiteGrid(0.0, 0.0, cell_m, zero, zero, zero, open_)
    row, column = np.indices((side, side))
    time_s, power_w = np.full((8, side, side), np.inf), np.zeros((8, side, side))
    for move, (di, dj) in enumerate(STEPS):
        p, q = row + di, column + dj
        inside = (p >= 0) & (p < side) & (q >= 0) & (q < side)
        reach = inside & open_ & open_[np.clip(p, 0, side - 1), np.clip(q, 0, side - 1)]
        seconds = cell_m * math.hypot(di, dj) / np.clip(0.08 * (1.0 - 0.2 * rough), 0.02, 0.08)
        time_s[move] = np.where(reach, np.ceil(seconds / STEP_S) * STEP_S, np.inf)
        power_w[move] = 130.0 + 20.0 * rough + 10.0 * rng.random((side, side))
    total = slices + config.slices_ahead(slice_s)
    turn = np.radians(0.51) * np.arange(total) * slice_s / 3600.0 + rng.uniform(0.0, 6.28)
    x, y = column / side - 0.5, row / side - 0.5
    sun = np.empty((total, side, side), np.float32)
    for k, angle in enumerate(turn):
        shadow = 0.3 + 1.2 * math.cos(2.0 * angle) + 1.5 * (x * math.sin(angle) + y * math.cos(angle))
        sun[k] = np.clip((height - shadow + 0.4) / 0.1, 0.0, 1.0) * 340.0
    return grid, Moves(time_s, power_w, 75.0, 1.08, 0.92, 400.0), LightSlices(0.0, slice_s, sun, sun, sun), config


@njit(cache=True, nogil=True)
def exhaustive(ticks, power, sun, lit, havens, rates, steps_a_slice, stop_steps, reserve, recharge):  # type: ignore[no-untyped-def]
    """Return the least need (steps, ny, nx) at 60 s steps and continuous charge, one stop still to come.

    Each move at its longest, with all that the array gives to either end's lesser light; a stop between moves, or in
    a haven until it has given `recharge`. `lit` is the light that havens count with.
    """
    parked, discharge, charge, charge_max = rates
    count, ny, nx = havens.shape
    total = count * steps_a_slice
    stops = np.full((total, ny, nx), np.inf)
    after = np.full((total + 1, ny, nx), np.inf)
    before = np.full((total + 1, ny, nx), np.inf)
    di, dj = (0, 1, 1, 1, 0, -1, -1, -1), (1, 1, 0, -1, -1, -1, 0, 1)
    for t in range(total - 1, -1, -1):
        k = t // steps_a_slice
        for i in range(ny):
            for j in range(nx):
                stop = after[t, i, j]
                for layer in range(2):
                    field = after if layer == 0 else before
                    if layer == 1:
                        stop = after[t, i, j]
                        for s in range(1, stop_steps + 1):
                            ends = after[t + s, i, j] if t + s < total else np.inf
                            stop = max(stop, ends + parked * discharge * 60.0 * s)
                        stops[t, i, j] = stop
                    found = np.inf
                    for move in range(9):
                        if move == 8:
                            n, p, q, load = 1, i, j, parked
                        elif ticks[move, i, j] > 0:
                            n, p, q, load = ticks[move, i, j], i + di[move], j + dj[move], power[move, i, j]
                        else:
                            continue
                        if t + n >= total:
                            continue
                        value = field[t + n, p, q]
                        for m in range(t + n - 1, t - 1, -1):
                            light = min(sun[m // steps_a_slice, i, j], sun[m // steps_a_slice, p, q])
                            net = load - light
                            if net > 0.0:
                                value += net * discharge * 60.0
                            else:
                                value = max(reserve, value - min(-net, charge_max) * charge * 60.0)
                        found = min(found, value)
                    if layer == 1:
                        found = max(found, stop)
                    home = havens[k, i, j]
                    if layer == 1 and home < np.inf:
                        gained = 0.0
                        for n in range(t, total):
                            home = max(home, stops[n, i, j] - gained)
                            net = parked - lit[n // steps_a_slice, i, j]
                            # of the slice in which it arrives the gain is not counted on
                            if net > 0.0:
                                gained -= net * discharge * 60.0
                            elif n // steps_a_slice > k:
                                gained += min(-net, charge_max) * charge * 60.0
                            if gained >= recharge:
                                break
                    field[t, i, j] = min(found, home)
    return before


def against_truth(seed: int, side: int, slices: int, slice_s: float) -> Row:
    """Compare field and exhaustive search at every cell and minute of one instance; away from havens is dearer."""
    grid, moves, light, config = instance(np.random.default_rng(seed), side, slices, slice_s, 20.0)
    policy = recovery_policy(grid, moves, light, config, RESERVE_J, CAPACITY_J)
    # past the field's end too: a stop in its last slices ends there
    behind = replace(config, stop_s=0.0)
    havens = haven_need(grid, moves, light, behind, RESERVE_J, CAPACITY_J).astype(np.float64)
    ticks = np.where(np.isfinite(moves.time_s), moves.time_s / STEP_S, 0.0).astype(np.int64)
    rates = (moves.parked_w, moves.discharge, moves.charge, moves.charge_max_w)
    steps = round(slice_s / STEP_S)
    stop_steps = round(config.stop_s / STEP_S)
    sun = light.least_w.astype(np.float64)
    width = 2 * math.ceil(config.haven_clearance_m / grid.cell_m) + 1
    lit = minimum_filter(sun, size=(1, width, width), mode="nearest")
    recharge_j = 3600.0 * config.haven_recharge_wh
    truth = exhaustive(ticks, moves.power_w, sun, lit, havens, rates, steps, stop_steps, RESERVE_J, recharge_j)[:-1]
    stop_j = moves.parked_w * moves.discharge * config.stop_s
    truth = truth[: policy.count * steps]
    found = np.array([policy.needs(step * STEP_S) for step in range(truth.shape[0])])
    proven = np.isfinite(found)
    away = proven & np.isfinite(truth) & (truth > RESERVE_J + stop_j + 1.0)
    excess = (found[away] - truth[away]) / truth[away]
    above = (found[away] - truth[away]) / (truth[away] - RESERVE_J)
    possible = np.isfinite(truth) & (truth <= CAPACITY_J)
    return {
        "seed": seed, "side": side, "slices": slices, "slice_s": slice_s, "states": int(found.size),
        "away_from_havens": int(away.sum()), "below": int((found < truth - 1e-3).sum()),
        "excess_median": float(np.median(excess)), "excess_p90": float(np.quantile(excess, 0.9)),
        "excess_above_reserve_median": float(np.median(above)),
        "possible_but_unproven": float((possible & ~proven).sum() / max(int(possible.sum()), 1)),
    }  # fmt: skip


class _Sailing:
    """A rover under the bound's disturbances: charge, clock, and one stop that begins at any moment."""

    def __init__(self, policy: RecoveryPolicy, rng: np.random.Generator) -> None:
        self.policy = policy
        self.row, self.column = (int(rng.integers(n)) for n in policy.grid.shape)
        self.time_s = float(rng.uniform(policy.start_s, policy.end_s))
        self.energy = policy.need(self.time_s, self.row, self.column)
        self.lowest, self.stopped = self.energy, False
        self.stop_at_s = self.time_s + float(rng.uniform(0.0, 12.0 * 3600.0))
        self.stop_s = float(rng.uniform(0.0, policy.stop_s))

    def draw(self, seconds: float, load_w: float, sun: list[tuple[int, int]], *, ends_with_stop: bool = False) -> None:
        """Go on for a while, through the stop where it begins meanwhile, or up to its end."""
        light, left = self.policy.light, seconds
        while left > 1e-9:
            if not self.stopped and self.time_s >= self.stop_at_s - 1e-9:
                self.stopped = True
                self._spend(self.policy.moves.parked_w, self.stop_s)
                if ends_with_stop:
                    return
            k = math.floor((self.time_s - light.start_s) / light.slice_s + 1e-12)
            step = min(left, light.start_s + (k + 1) * light.slice_s - self.time_s)
            if not self.stopped:
                step = min(step, max(self.stop_at_s - self.time_s, 1e-6))
            lit = min((float(light.least_w[k, i, j]) for i, j in sun), default=0.0) if k < light.count else 0.0
            self._spend(load_w - lit, step)
            left -= step

    def _spend(self, net_w: float, seconds: float) -> None:
        moves = self.policy.moves
        rate = net_w * moves.discharge if net_w > 0.0 else -min(-net_w, moves.charge_max_w) * moves.charge
        self.energy = min(self.energy - rate * seconds, self.policy.capacity_j)
        self.lowest, self.time_s = min(self.lowest, self.energy), self.time_s + seconds


def sail(policy: RecoveryPolicy, rng: np.random.Generator, recharge_j: float) -> float | None:
    """Return the lowest energy over the reserve on a way back with just the need, None from where there is none.

    Moves take any share of their worst time; one stop of any length begins at any moment: waiting, in a move, in the
    haven until it has given `recharge_j`. -inf when no way is known.
    """
    light, moves, rover = policy.light, policy.moves, _Sailing(policy, rng)
    if not math.isfinite(rover.energy):
        return None
    hurried, home = bool(rng.random() < 0.5), False
    for _ in range(10_000):
        here, stopped = (rover.row, rover.column), rover.stopped
        kind = policy.action(rover.time_s, *here, stop_used=stopped).kind
        # of havens the field knows its light past its own end
        home = kind == ARRIVED or (home and rover.time_s >= policy.end_s)
        if home:
            full = min(rover.energy + recharge_j, policy.capacity_j)
            while rover.energy < full and rover.time_s < light.end_s and rover.stopped == stopped:
                rover.draw(60.0, moves.parked_w, [here], ends_with_stop=True)
            if rover.stopped == stopped:
                return rover.lowest - policy.reserve_j
        elif kind == NO_WAY:
            return -math.inf
        elif kind == WAIT:
            wait = light.start_s + (light.index(rover.time_s) + 1) * light.slice_s - rover.time_s
            rover.draw(wait, moves.parked_w, [here], ends_with_stop=True)
        else:
            there = here[0] + STEPS[kind][0], here[1] + STEPS[kind][1]
            share = rng.uniform(0.05, 1.0) if hurried else 1.0
            load_w, seconds = (float(of[kind, *here]) for of in (moves.power_w, moves.time_s))
            rover.draw(seconds * share, load_w, [here, there])
            rover.row, rover.column = there
    return rover.lowest - policy.reserve_j


def sorties(seed: int, runs: int, a_site: int = 25) -> list[Row]:
    """Run ways back under disturbances inside the bound; a row each."""
    rows: list[Row] = []
    rng = np.random.default_rng(seed)
    while len(rows) < runs:
        made = instance(rng, 20, 30, 1800.0, 20.0)
        policy = recovery_policy(*made, RESERVE_J, CAPACITY_J)
        for _ in range(a_site):
            lowest = sail(policy, rng, 3600.0 * made[3].haven_recharge_wh)
            if lowest is not None and len(rows) < runs:
                rows.append({"run": len(rows), "lowest_above_reserve_j": lowest})
    return rows


def speed(seed: int, side: int, slices: int, slice_s: float, cell_m: float, repeats: int) -> list[Row]:
    """Time the whole field of one instance, stop included."""
    made = instance(np.random.default_rng(seed), side, slices, slice_s, cell_m)
    recovery_policy(*instance(np.random.default_rng(seed), 8, 4, slice_s, cell_m), RESERVE_J, CAPACITY_J)
    states = side * side * slices
    megabytes = round((6 * states + made[2].least_w.nbytes) / 1e6)
    about = {"side": side, "slices": slices, "states": states, "megabytes": megabytes}

    def compute() -> None:
        recovery_policy(*made, RESERVE_J, CAPACITY_J, keep_after_stop=False)

    return timed(compute, repeats, **about)


def run(context: Context) -> Outcome:
    """Measure speed on the two sizes, excess on small maps, and ways back under disturbances."""
    context.say("the field of 250 x 250 cells x 14 days")
    rows = {"recovery_14d": speed(context.seed, 250, 336, 3600.0, 20.0, 5 if context.quick else 15)}
    figures = {"recovery_14d_s": best(rows["recovery_14d"], "wall_s")}
    first = rows["recovery_14d"][0]
    figures["recovery_14d_cpu_s"] = best(rows["recovery_14d"], "cpu_s")
    figures["recovery_states_per_s"] = first["states"] / figures["recovery_14d_s"]
    figures["recovery_states_per_cpu_s"] = first["states"] / figures["recovery_14d_cpu_s"]
    figures["recovery_14d_megabytes"] = float(first["megabytes"])
    if not context.quick:
        context.say("the field of 400 x 400 cells x 14 days at 15 min")
        rows["recovery_14d_400"] = speed(context.seed, 400, 1344, 900.0, 10.0, 3)
        figures["recovery_14d_400_s"] = best(rows["recovery_14d_400"], "wall_s")
        figures["recovery_14d_400_cpu_s"] = best(rows["recovery_14d_400"], "cpu_s")
        figures["recovery_14d_400_megabytes"] = float(rows["recovery_14d_400"][0]["megabytes"])
    context.say("the field against exhaustive search")
    maps = 2 if context.quick else 8
    rows["safe_charge"] = [
        against_truth(context.seed + n, 16, 30, slice_s) for n in range(maps) for slice_s in (900.0, 3600.0)
    ]
    figures["safe_charge_excess_median"] = float(np.median([row["excess_median"] for row in rows["safe_charge"]]))
    above = [row["excess_above_reserve_median"] for row in rows["safe_charge"]]
    figures["safe_charge_excess_above_reserve_median"] = float(np.median(above))
    figures["safe_charge_below_truth"] = float(sum(row["below"] for row in rows["safe_charge"]))
    figures["safe_charge_states"] = float(sum(row["states"] for row in rows["safe_charge"]))
    context.say("ways back under disturbances")
    rows["recovery_sorties"] = sorties(context.seed, 60 if context.quick else 1000)
    below = sum(row["lowest_above_reserve_j"] < -1e-3 for row in rows["recovery_sorties"])
    figures["recovery_sorties"] = float(len(rows["recovery_sorties"]))
    figures["recovery_sorties_below_reserve"] = float(below)
    notes = (
        "recovery_states_per_s: cells times slices of the 14-day field over its wall time, each state once though it "
        "holds two layers, before and after the stop; making the light is not in it. recovery_states_per_cpu_s: the "
        "same over the time of both cores together, which a busy machine tells more truly.",
        "Megabytes: 6 bytes a cell and slice of the field (14 with the layer after the stop) and 4 of light.",
        "safe_charge_excess_median: over the need, reserve included, at all cells and minutes dearer than a haven with "
        "a stop in it; above_reserve: over what lies above the reserve. The rows have the share that is not proven.",
    )
    return Outcome(figures, rows, notes)
