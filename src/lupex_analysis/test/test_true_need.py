# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_analysis.judge.need_sweep import true_needs_j
from lupex_analysis.judge.true_need import TrueWay, true_need_j

MOVES = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]
CELL_M, FRAME_S, START_S = 5.0, 100.0, 1000.0


def way_of(light, home, drive_j=1000.0, drive_s=50.0, **changes):
    """Return ways over cells that all cost the same to leave; diagonals too."""
    light = np.asarray(light, dtype=np.float32)
    _, ny, nx = light.shape
    joules, seconds = np.full((8, ny, nx), np.inf), np.full((8, ny, nx), np.inf)
    for move, (di, dj) in enumerate(MOVES):
        for i, j in np.ndindex(ny, nx):
            if 0 <= i + di < ny and 0 <= j + dj < nx:
                joules[move, i, j] = np.broadcast_to(drive_j, (8, ny, nx))[move, i, j]
                seconds[move, i, j] = np.broadcast_to(drive_s, (8, ny, nx))[move, i, j]
    made = TrueWay(
        x0_m=0.0,
        y0_m=0.0,
        cell_m=CELL_M,
        drive_j=joules,
        drive_s=seconds,
        light=light,
        home=np.asarray(home, dtype=bool),
        start_s=START_S,
        frame_s=FRAME_S,
        driving_w=80.0,
        parked_w=60.0,
        array_w=300.0,
        charge_max_w=200.0,
        discharge=1.1,
        charge=0.9,
        capacity_j=1e6,
    )
    return made._replace(**changes)


def exhausted_j(way, i, j, t, need=0.0, gained=0.0):
    """Return the least need by trying every sequence of moves and of waits for the next frame."""

    def gain(frame, i, j, joules, seconds, loads):
        surplus = way.array_w * float(way.light[frame, i, j]) * seconds - loads * seconds - joules
        return surplus * way.discharge if surplus < 0 else min(surplus, way.charge_max_w * seconds) * way.charge

    frame = int((t - way.start_s) // way.frame_s)
    if frame >= way.light.shape[0]:
        return math.inf
    if way.home[frame, i, j]:
        return need
    end = way.start_s + (frame + 1) * way.frame_s
    waited = gained + gain(frame, i, j, 0.0, end - t, way.parked_w)
    best = exhausted_j(way, i, j, end, max(need, -waited), waited)
    for move, (di, dj) in enumerate(MOVES):
        joules, seconds = way.drive_j[move, i, j], way.drive_s[move, i, j]
        if not math.isfinite(joules):
            continue
        half = gained + gain(frame, i, j, joules / 2, seconds / 2, way.driving_w)
        whole = half + gain(frame, i + di, j + dj, joules / 2, seconds / 2, way.driving_w)
        best = min(best, exhausted_j(way, i + di, j + dj, t + seconds, max(need, -half, -whole), whole))
    return best


def both(way, column, row=0, t=START_S):
    """Return the need of a place by both searches."""
    x, y = column * CELL_M, row * CELL_M
    return true_need_j(way, x, y, t), true_needs_j(way, np.array([x]), np.array([y]), np.array([t]))[0]


@pytest.mark.parametrize("seed", range(25))
def test_it_is_the_least_of_all_ways_there_are(seed):
    rng = np.random.default_rng(seed)
    shape = (4, 2, 3)
    light = rng.choice([0.0, 0.0, 0.3, 0.9], shape)
    home = rng.random(shape) < 0.12
    home[:, 0, 0] = False
    # whole ticks, so that both searches and the enumeration meet the same light
    way = way_of(light, home, rng.uniform(500, 9000, (8, 2, 3)), rng.choice([60.0, 80.0, 110.0], (8, 2, 3)))
    t = START_S + 10.0 * rng.integers(0, 9)
    least = exhausted_j(way, 0, 0, t)
    labels, swept = both(way, 0, 0, t)
    if math.isinf(least):
        assert math.isinf(labels)
        assert math.isinf(swept)
        return
    # the sweep waits for ticks too, of which the enumeration knows none: it may only find less
    assert swept <= least + 0.5
    assert labels == pytest.approx(least, abs=1e-6)


def test_some_of_those_grids_have_ways_and_some_have_none():
    # else the comparison above would say nothing
    found = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        light = rng.choice([0.0, 0.0, 0.3, 0.9], (4, 2, 3))
        home = rng.random((4, 2, 3)) < 0.12
        home[:, 0, 0] = False
        found.append(bool(light.any() and home.any()))
    assert 10 < sum(found) < 25


def corridor(frames, cells, lit=(), home=()):
    light, where = np.zeros((frames, 1, cells)), np.zeros((frames, 1, cells))
    for frame, cell in lit:
        light[frame, 0, cell] = 1.0
    for frame, cell in home:
        where[frame, 0, cell] = 1.0
    return light, where


def test_a_dark_corridor_costs_its_drives_and_loads():
    way = way_of(*corridor(6, 5, home=[(k, 4) for k in range(6)]))
    # four moves of 1000 J and 50 s at 80 W, drawn through the converter
    expected = 4 * (1000.0 + 50.0 * 80.0) * 1.1
    assert both(way, 0) == pytest.approx((expected, expected))


def test_waiting_costs_the_parked_rover():
    way = way_of(*corridor(6, 1, home=[(4, 0), (5, 0)]))
    expected = 4 * FRAME_S * 60.0 * 1.1
    assert both(way, 0) == pytest.approx((expected, expected))
    assert both(way, 0, t=START_S + 350.0) == pytest.approx((expected / 8, expected / 8))


def test_what_is_charged_on_the_way_is_not_needed_at_its_begin():
    # two dark moves into the Sun, a stay there until home opens, two dark moves home
    lit = [(k, 2) for k in range(12)]
    way = way_of(*corridor(12, 5, lit=lit, home=[(k, 4) for k in range(8, 12)]))
    move = 1000.0 + 50.0 * 80.0
    lone = move / 2 * 3 * 1.1  # one and a half moves in the dark; the Sun shines on the last half
    labels, swept = both(way, 0)
    assert labels == pytest.approx(lone, abs=1.0)
    assert swept == pytest.approx(lone, abs=1.0)
    dark = way_of(*corridor(12, 5, home=[(k, 4) for k in range(8, 12)]))
    assert min(both(dark, 0)) > 2 * lone


def test_a_gain_is_bounded_by_what_the_battery_takes():
    lit = [(k, 1) for k in range(4)]
    light, home = corridor(8, 4, lit=lit, home=[(7, 3)])
    # four frames in the Sun at 1 W taken give far less than the dark after them costs
    strong = both(way_of(light, home), 1)
    weak = both(way_of(light, home, charge_max_w=1.0), 1)
    assert min(weak) > max(strong) + 1000.0


def test_no_energy_is_needed_at_home_and_none_helps_without_one():
    way = way_of(*corridor(3, 2, home=[(0, 0)]))
    assert both(way, 0) == (0.0, 0.0)
    assert both(way, 0, t=START_S + 150.0) == (math.inf, math.inf)


def test_more_than_the_full_battery_is_no_way():
    light, home = corridor(6, 5, home=[(k, 4) for k in range(6)])
    enough = 4 * (1000.0 + 50.0 * 80.0) * 1.1
    assert max(both(way_of(light, home, capacity_j=enough * 1.01), 0)) < math.inf
    assert both(way_of(light, home, capacity_j=enough * 0.99), 0) == (math.inf, math.inf)


def test_light_that_goes_out_on_the_way_is_no_home():
    # home is four moves away, 200 s, but lit for 150 s only
    assert both(way_of(*corridor(6, 5, home=[(0, 4)])), 0) == (math.inf, math.inf)


def test_what_is_not_known_is_not_a_number():
    way = way_of(*corridor(3, 2, home=[(0, 0)]))
    for x, t in ((-5.0, START_S), (10.0, START_S), (0.0, START_S - 1.0), (0.0, START_S + 301.0), (0.0, math.nan)):
        assert math.isnan(true_need_j(way, x, 0.0, t))
        assert math.isnan(true_needs_j(way, np.array([x]), np.array([0.0]), np.array([t]))[0])


def test_on_closed_ground_the_way_begins_beside_it():
    light, home = corridor(6, 4, home=[(k, 3) for k in range(6)])
    way = way_of(light, home)
    for move in range(8):
        way.drive_j[move, 0, 0] = math.inf
    assert both(way, 0) == pytest.approx(both(way, 1))
    assert max(both(way, 0)) < math.inf


def test_many_moments_are_each_answered_by_their_own():
    light, home = corridor(8, 5, home=[(k, 4) for k in range(8)])
    way = way_of(light, home)
    columns, times = np.array([0, 3, 4, 1, 3]), START_S + np.array([50.0, 0.0, 300.0, 120.0, 400.0])
    found = true_needs_j(way, columns * CELL_M, np.zeros(5), times)
    move = (1000.0 + 50.0 * 80.0) * 1.1
    assert found == pytest.approx(move * np.array([4, 1, 0, 3, 1]))
