# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a sortie is bounded by from below: least time and energy from every cell to each target and to the havens.

The fields hold for every charge and order of the targets, and are repaired where a patch of the ground changes.
`weighed_s` is time plus energy at a price that light can pay at best: with the price `price_s_j` [s/J] of what is drawn
beyond what a cell's brightest light in a stretch of time gives, a sortie that ends in it lasts at least the weighed
time less the price of the charge that it may use up (a Lagrangian bound). With the price of the best charging it says
how long a rover with too little charge must stay in the Sun, and how far away that is.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.cost_field import cost_field, repaired_field
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BELOW_PRICE = 0.999
"""Share of the price at which waiting in the best light would cost nothing: costs stay above zero."""


_WINDOWS = 2
"""Windows of one slice in which the way home is known; later ones last this share of the time to their begin."""


class Work(Protocol):
    """Length and load of the work at a target."""

    @property
    def service_s(self) -> float:
        """Length of the stay."""

    @property
    def service_w(self) -> float:
        """Load beside that of the parked rover."""


@dataclass(frozen=True)
class SortieFields:
    """Fields (targets + 1, ny, nx) to each target and, last, to the nearest cell that is ever a haven.

    `reach_s` least time of driving, `drawn_j` least energy drawn on the bus while driving, `weighed_s` see above.
    `best_w` (ny, nx) is the brightest light of each cell from slice `lit[0]` up to but not in slice `lit[1]`, for which
    `weighed_s` holds; `brightest_w` (slices of light) that of each slice;
    `home_s` (windows, ny, nx) is the least time to a cell that is a haven at some time of a window; window w begins
    with slice `home_from[w]` and ends where the next begins.
    """

    light_w: NDArray[np.float32]
    pace: Moves
    cells: tuple[tuple[int, int], ...]
    havens: Mask
    home_from: NDArray[np.int64]
    home_s: Array
    lit: tuple[int, int]
    best_w: Array
    brightest_w: Array
    price_s_j: float
    reach_s: Array
    drawn_j: Array
    weighed_s: Array

    def serves(self, policy: RecoveryPolicy, cells: Sequence[tuple[int, int]]) -> bool:
        """Tell whether the fields to these cells can be had by repair: same light, and no other target."""
        return self.light_w is policy.light.expected_w and set(cells) <= set(self.cells)

    def of(self, cells: Sequence[tuple[int, int]]) -> "SortieFields":
        """Return the fields to some of the targets."""
        if tuple(cells) == self.cells:
            return self
        kept = [self.cells.index(cell) for cell in cells] + [len(self.cells)]
        return replace(
            self,
            cells=tuple(cells),
            reach_s=self.reach_s[kept],
            drawn_j=self.drawn_j[kept],
            weighed_s=self.weighed_s[kept],
        )


def sortie_fields(
    policy: RecoveryPolicy, pace: Moves, cells: Sequence[tuple[int, int]], ends: Mask | None = None
) -> SortieFields:
    """Compute the fields to the targets' cells and to the havens, of which only those in `ends` count if given."""
    brightest = _brightest(policy.light.expected_w)[1]
    havens = _havens(policy, ends, np.zeros(1, np.int64))[0]
    goals = _goals(cells, havens)
    reach, drawn = (_all_fields(cost, goals) for cost in move_costs(pace))
    nowhere = np.zeros(havens.shape)
    return SortieFields(
        policy.light.expected_w, pace, tuple(cells), havens, np.zeros(1, np.int64), reach[-1:], (0, 0), nowhere,
        brightest, 0.0, reach, drawn, np.zeros_like(reach),
    )  # fmt: skip


def with_light(fields: SortieFields, first: int, last: int) -> SortieFields:
    """Return the fields with times weighed by the light from slice `first` up to but not in `last`."""
    best, brightest = _brightest(fields.light_w[first:last])
    price = _price(fields.pace, brightest)
    cost = _weighed_cost(fields.pace, best, price)
    weighed = _all_fields(cost, _goals(fields.cells, fields.havens))
    return replace(fields, lit=(first, last), best_w=best, price_s_j=price, weighed_s=weighed)


def _all_fields(cost: Array, goals: Sequence[Mask]) -> Array:
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(lambda goal: cost_field(cost, goal), goals)))


def with_homes(fields: SortieFields, policy: RecoveryPolicy, first: int, ends: Mask | None = None) -> SortieFields:
    """Return the fields with windows of the way home: short ones from the slice `first` on, longer ones later.

    Where havens come and go with the Sun, the nearest that is one at the time may be far from the nearest that ever is.
    """
    starts = [0, first]
    while starts[-1] < policy.count - 1:
        starts.append(starts[-1] + max(1, (starts[-1] - first) // _WINDOWS))
    starts = [start for start in starts if start < policy.count]
    begins = np.array(starts[1:] if first <= 0 else starts, np.int64)
    goals = _havens(policy, ends, begins)
    with ThreadPoolExecutor(2) as pool:
        homes = list(pool.map(lambda goal: cost_field(fields.pace.time_s, goal), goals))
    return replace(fields, home_from=begins, home_s=np.array(homes))


def repaired_fields(
    fields: SortieFields, policy: RecoveryPolicy, pace: Moves, ends: Mask | None = None
) -> SortieFields:
    """Return sortie_fields after a local change of the ground, from those before it; the light must be the same."""
    windows = _havens(policy, ends, fields.home_from)
    havens = np.asarray(windows.any(axis=0))
    before = (*move_costs(fields.pace), _weighed_cost(fields.pace, fields.best_w, fields.price_s_j))
    costs = (*move_costs(pace), _weighed_cost(pace, fields.best_w, fields.price_s_j))
    goals = _goals(fields.cells, havens)
    olds = (fields.reach_s, fields.drawn_j, fields.weighed_s)
    tasks = [
        (old[n], cost_before, cost, goals[n])
        for old, cost_before, cost in zip(olds, before, costs, strict=True)
        for n in range(len(goals))
    ]
    tasks += [(old, before[0], costs[0], goal) for old, goal in zip(fields.home_s, windows, strict=True)]

    def renew(task: tuple[Array, Array, Array, Mask]) -> Array:
        old, cost_before, cost, goal = task
        same_goal = bool(((old == 0.0) == goal).all())
        return repaired_field(old, cost_before, cost) if same_goal else cost_field(cost, goal)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(renew, tasks))
    count = len(goals)
    reach, drawn, weighed = (np.array(made[n * count : (n + 1) * count]) for n in range(3))
    return replace(
        fields, pace=pace, havens=havens, home_s=np.array(made[3 * count :]), reach_s=reach,
        drawn_j=drawn, weighed_s=weighed,
    )  # fmt: skip


def stored_rate_w(load_w: Array, light_w: Array, pace: Moves) -> Array:
    """Return the stored energy that a load beside an array takes each second; negative where it charges."""
    net = load_w - light_w
    return np.where(net > 0.0, net * pace.discharge, -np.minimum(-net, pace.charge_max_w) * pace.charge)


def weighed_stay_s(fields: SortieFields, index: int, work: Work) -> float:
    """Return the weighed time of the work at a target."""
    row, column = fields.cells[index]
    load = np.array(fields.pace.parked_w + work.service_w)
    rate = float(stored_rate_w(load, fields.best_w[row, column], fields.pace))
    return work.service_s * (1.0 + fields.price_s_j * rate)


def _havens(policy: RecoveryPolicy, ends: Mask | None, begins: NDArray[np.int64]) -> Mask:
    """Return the cells (windows, ny, nx) that are a wanted haven at some time of each window."""
    wanted = np.ones(policy.grid.shape, np.bool_) if ends is None else ends
    return np.asarray(_any_haven(policy.arrived, wanted, begins))


def _goals(cells: Sequence[tuple[int, int]], havens: Mask) -> list[Mask]:
    goals = []
    for cell in cells:
        goal = np.zeros(havens.shape, np.bool_)
        goal[cell] = True
        goals.append(goal)
    return [*goals, havens]


def _price(pace: Moves, brightest_w: Array) -> float:
    """Return the price [s/J] at which waiting in the best light of all is free; where there is none, of the dark."""
    most = float(brightest_w.max(initial=0.0)) - pace.parked_w
    if most <= 0.0:
        return 1.0 / (pace.parked_w * pace.discharge) if pace.parked_w > 0.0 else 0.0
    return _BELOW_PRICE / (min(most, pace.charge_max_w) * pace.charge)


def move_costs(pace: Moves) -> tuple[Array, Array]:
    """Return time and energy drawn of the moves, (8, ny, nx) each, inf where closed."""
    open_ = np.isfinite(pace.time_s)
    return pace.time_s, np.where(open_, np.where(open_, pace.time_s, 0.0) * pace.power_w, np.inf)


def _weighed_cost(pace: Moves, best_w: Array, price: float) -> Array:
    ahead = np.zeros((8, *best_w.shape))
    ny, nx = best_w.shape
    for move, (di, dj) in enumerate(STEPS):
        rows, columns = slice(max(-di, 0), ny - max(di, 0)), slice(max(-dj, 0), nx - max(dj, 0))
        to_rows, to_columns = slice(max(di, 0), ny - max(-di, 0)), slice(max(dj, 0), nx - max(-dj, 0))
        ahead[move][rows, columns] = best_w[to_rows, to_columns]
    rate = 0.5 * (stored_rate_w(pace.power_w, best_w, pace) + stored_rate_w(pace.power_w, ahead, pace))
    return np.asarray(pace.time_s * np.maximum(1.0 + price * rate, 1e-6))


@njit(cache=True, nogil=True)
def _brightest(expected):  # type: ignore[no-untyped-def]
    """Return the brightest light of each cell and of each slice."""
    count, ny, nx = expected.shape
    best = np.zeros((ny, nx))
    brightest = np.zeros(count)
    for k in range(count):
        most = 0.0
        for i in range(ny):
            for j in range(nx):
                here = float(expected[k, i, j])
                if here > best[i, j]:
                    best[i, j] = here
                most = max(most, here)
        brightest[k] = most
    return best, brightest


@njit(cache=True, nogil=True)
def _any_haven(arrived, wanted, begins):  # type: ignore[no-untyped-def]
    count, ny, nx = arrived.shape
    ever = np.zeros((begins.size, ny, nx), np.bool_)
    for window in range(begins.size):
        last = begins[window + 1] if window + 1 < begins.size else count
        for k in range(begins[window], min(last, count)):
            for i in range(ny):
                for j in range(nx):
                    if arrived[k, i, j] & 1 and wanted[i, j]:
                        ever[window, i, j] = True
    return ever
