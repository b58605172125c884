# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One stop at any moment - waiting, in the middle of a move, in a haven - is paid for by the need."""

import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, policy_of, random_site

from lupex_path_planning.site_grid import STEPS
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT

STEP_S = 10.0


@dataclass
class Rover:
    """A rover's cell, clock and charge, and the stop that comes at its time."""

    cell: tuple[int, int]
    time_s: float
    energy_j: float
    stop_at_s: float
    stop_s: float
    stopped: bool = False
    lowest_j: float = math.inf

    def live(self, moves, light, load_w, seconds, ends):
        """Draw a load for a while of driving or waiting in the light of the darker of some cells, stop included."""
        left = seconds
        while left > 1e-9:
            if not self.stopped and self.time_s >= self.stop_at_s - 1e-9:
                self.stopped = True
                self._draw(moves, moves.parked_w, 0.0, self.stop_s)
                self.time_s += self.stop_s
            k = math.floor((self.time_s - light.start_s) / SLICE_S + 1e-9)
            upto = light.start_s + (k + 1) * SLICE_S - self.time_s
            step = min(left, upto, STEP_S)
            if not self.stopped and self.stop_at_s > self.time_s:
                step = min(step, self.stop_at_s - self.time_s)
            known = 0 <= k < light.count
            sun_w = min(float(light.least_w[k, i, j]) for i, j in ends) if known else 0.0
            self._draw(moves, load_w, sun_w, step)
            self.time_s, left = self.time_s + step, left - step

    def _draw(self, moves, load_w, sun_w, seconds):
        net = load_w - sun_w
        rate = -net * moves.discharge if net > 0.0 else min(-net, moves.charge_max_w) * moves.charge
        self.energy_j = min(CAPACITY_J, self.energy_j + rate * seconds)
        self.lowest_j = min(self.lowest_j, self.energy_j)


def sail(policy, rover, pace):
    """Follow the policy home and charge there; return what is least above the reserve, None where it knows no way."""
    moves, light = policy.moves, policy.light
    goal_j = None
    while True:
        action = policy.action(rover.time_s, *rover.cell, stop_used=rover.stopped)
        if action.kind == NO_WAY:
            return None
        if action.kind == ARRIVED:
            goal_j = rover.energy_j + CONFIG.haven_recharge_wh * 3600.0 if goal_j is None else goal_j
            before = rover.stopped
            while rover.energy_j < min(goal_j, CAPACITY_J) and rover.time_s < light.end_s and rover.stopped == before:
                rover.live(moves, light, moves.parked_w, STEP_S, [rover.cell])
            # behind the stop a haven promises as much anew
            goal_j = goal_j if rover.stopped == before else None
            if goal_j is not None:
                return rover.lowest_j - RESERVE_J
            continue
        if action.kind == WAIT:
            until = light.start_s + (light.index(rover.time_s) + 1) * SLICE_S
            before = rover.stopped
            while rover.time_s < until - 1e-9 and rover.stopped == before:
                rover.live(moves, light, moves.parked_w, min(until - rover.time_s, STEP_S), [rover.cell])
            continue
        there = rover.cell[0] + STEPS[action.kind][0], rover.cell[1] + STEPS[action.kind][1]
        seconds, load_w = (float(of[action.kind, *rover.cell]) for of in (moves.time_s, moves.power_w))
        rover.live(moves, light, load_w, seconds * pace(), [rover.cell, there])
        rover.cell = there


def trials(seed, count, stop_s):
    """Yield what is least above the reserve for rovers that start with just the need, each stopped at some moment."""
    rng = np.random.default_rng(seed)
    done = 0
    while done < count:
        site, moves, light = random_site(rng, slices=26)
        policy = policy_of(site, moves, light, replace(CONFIG, stop_s=stop_s))
        for _ in range(20):
            cell = int(rng.integers(3)), int(rng.integers(4))
            start_s = light.start_s + float(rng.uniform(0.0, 8 * SLICE_S))
            need = policy.need(start_s, *cell)
            if not math.isfinite(need):
                continue
            rover = Rover(cell, start_s, need, start_s + float(rng.uniform(0.0, 10 * SLICE_S)), stop_s)
            paces = rng.uniform(0.3, 1.0, 200) if rng.random() < 0.5 else np.ones(200)
            steps = iter(paces)
            done += 1
            yield sail(policy, rover, lambda steps=steps: next(steps))


@pytest.mark.parametrize("stop_s", [200.0, 700.0])
def test_a_stop_at_any_moment_breaks_no_reserve(stop_s):
    found = list(trials(1, 400, stop_s))
    assert sum(left is None for left in found) == 0
    assert min(found) >= -1e-6
