# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The minimum safe charge is an upper bound of the true need, and following it never breaks the reserve."""

import dataclasses
import functools
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, drawn, grid, policy_of, random_site, sail_home, sun_at

from lupex_path_planning import light_slices
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.way_back.labels import ROUNDING
from lupex_path_planning.way_back.recovery import ARRIVED, haven_need, recovery_policy
from lupex_path_planning.way_back.scale import packed_moves, scale_of

STEP_S = 25.0
sys.setrecursionlimit(20_000)


def exhaustive_need(site, moves, light, start, t):
    """Return the need over all routes at 25 s steps, each move at its worst time rounded down."""
    havens = haven_need(site, moves, light, CONFIG, RESERVE_J, CAPACITY_J)
    count = havens.shape[0]
    end = light.start_s + count * light.slice_s

    def through(energy_after, t, seconds, load, sun_w):
        # the least energy before that leaves energy_after; charging on the way is allowed to it
        left, lowest = drawn(0.0, t, seconds, load, sun_w, moves, light)
        return max(energy_after - left, RESERVE_J - lowest)

    @functools.cache
    def need(i, j, step):
        t = light.start_s + step * STEP_S
        if t >= end:
            return math.inf
        k = light.index(t)
        best = float(havens[k, i, j]) - max(moves.parked_w - sun_at(light, k, i, j), 0.0) * moves.discharge * SLICE_S
        best = max(best, RESERVE_J) if math.isfinite(best) else math.inf
        best = min(best, through(need(i, j, step + 1), t, STEP_S, moves.parked_w, lambda k: sun_at(light, k, i, j)))
        for move, (di, dj) in enumerate(STEPS):
            seconds = moves.time_s[move, i, j]
            if seconds > light.slice_s:
                continue
            steps = max(1, math.floor(seconds / STEP_S))
            p, q = i + di, j + dj
            after = need(p, q, step + steps)
            if math.isfinite(after):
                lit = lambda k, i=i, j=j, p=p, q=q: max(sun_at(light, k, i, j), sun_at(light, k, p, q))  # noqa: E731
                best = min(best, through(after, t, steps * STEP_S, moves.power_w[move, i, j], lit))
        return best

    return need(*start, int((t - light.start_s) / STEP_S))


@pytest.mark.property
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_need_is_never_below_exhaustive_search(seed):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng, 2, 3)
    policy = policy_of(site, moves, light)
    for _ in range(4):
        i, j, t = int(rng.integers(2)), int(rng.integers(3)), 1000.0 + STEP_S * int(rng.integers(0, 150))
        # the field is rounded up to float32; the search is not
        assert policy.need(t, i, j) >= exhaustive_need(site, moves, light, (i, j), t) - 1e-6


def outcomes(policy, rng, runs, light=None, stop_s=None):
    ny, nx = policy.grid.shape
    found = []
    for _ in range(runs):
        i, j = int(rng.integers(ny)), int(rng.integers(nx))
        t = policy.start_s + rng.uniform(0.0, policy.end_s - policy.start_s)
        energy = policy.need(t, i, j)
        if stop_s is None:
            k = policy.light.index(t)
            energy = float(policy.need_after_stop_j[k, i, j])
        if not math.isfinite(energy):
            continue
        stop = None if stop_s is None else int(rng.integers(0, 6))
        length = 0.0 if stop_s is None else rng.uniform(0.0, stop_s)
        slow = rng.random() < 0.5
        share = (lambda: 1.0) if slow else (lambda: rng.uniform(0.05, 1.0))
        found.append(sail_home(policy, (i, j), t, energy, share, light, stop, length))
    return found


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 200.0, 700.0]))
def test_whoever_starts_with_the_need_comes_home_above_the_reserve(seed, stop_s):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng)
    policy = policy_of(site, moves, light, dataclasses.replace(CONFIG, stop_s=stop_s or 0.0))
    for lowest in outcomes(policy, rng, 25, stop_s=stop_s):
        assert lowest is not None
        assert lowest >= RESERVE_J - 1e-3


def shadows_that_move(rng):
    """Return a site and fine samples of its light: shadow edges fall anywhere within a slice."""
    site, moves, _ = random_site(rng, 3, 4)
    count = 20
    samples = np.zeros((count * light_slices.SAMPLES_A_SLICE + 1, 3, 4), np.float32)
    for i in range(3):
        for j in range(4):
            begin, length = rng.integers(0, 30), rng.integers(3, 30)
            samples[begin : begin + length, i, j] = 300.0
    return site, moves, samples, count


def violations(reduce, rounds=60):
    """Count runs that break the reserve or end nowhere when the policy believes `reduce` and the world the samples."""
    broken = 0
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        site, moves, samples, _count = shadows_that_move(rng)
        believed = reduce(samples)
        light = LightSlices(1000.0, SLICE_S, believed, believed, believed)
        # the world's own light changes within slices; between samples it is the darker of the two
        fine = np.minimum(samples[:-1], samples[1:])
        world = LightSlices(1000.0, SLICE_S / light_slices.SAMPLES_A_SLICE, fine, fine, fine)
        policy = policy_of(site, moves, light)
        for lowest in outcomes(policy, rng, 20, light=world):
            broken += lowest is None or lowest < RESERVE_J - 1e-3
    return broken


def test_with_light_rounded_to_the_darkest_of_each_slice_no_run_breaks_the_reserve():
    assert violations(light_slices.darkest) == 0


def test_light_read_at_the_middle_of_each_slice_is_caught():
    assert violations(lambda samples: samples[1::2].copy()) > 0


def broken_runs(believe):
    """Count bad runs when the policy is made of `believe(moves, light)` and the world keeps the true ones."""
    broken = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        site, moves, light = random_site(rng)
        policy = policy_of(site, *believe(moves, light))
        policy = dataclasses.replace(policy, moves=dataclasses.replace(policy.moves, time_s=moves.time_s))
        for lowest in outcomes(policy, rng, 20, light=light):
            broken += lowest is None or lowest < RESERVE_J - 1e-3
    return broken


def test_the_true_bound_breaks_nothing_in_the_runs_that_follow():
    assert broken_runs(lambda moves, light: (moves, light)) == 0


def test_light_read_one_slice_off_is_caught():
    def late(moves, light):
        sun = np.maximum(light.least_w, np.roll(light.least_w, -1, axis=0))
        return moves, LightSlices(light.start_s, light.slice_s, sun, sun, sun)

    assert broken_runs(late) > 0


def test_moves_rounded_a_twentieth_to_the_fast_side_are_caught():
    assert broken_runs(lambda moves, light: (dataclasses.replace(moves, time_s=0.95 * moves.time_s), light)) > 0


def hardly_rounded(moves, scale):
    """Return moves that in the dark cost hardly less than whole units, so that rounding them up hides nothing else."""
    sixteenth_s = scale.tick_s / 16.0
    time_s = (np.floor(moves.time_s / sixteenth_s) - 1e-6) * sixteenth_s
    per_step = packed_moves(moves, scale).watt * np.where(np.isfinite(time_s), time_s, 1.0)
    per_step *= moves.discharge / scale.unit_j
    steps = np.floor(moves.power_w / packed_moves(moves, scale).watt) + np.arange(100.0).reshape(-1, 1, 1, 1)
    part = steps * per_step % 1.0
    best = np.argmax(np.where(part < 0.945, part, -1.0), axis=0)
    power_w = np.take_along_axis(steps, best[None], axis=0)[0] * packed_moves(moves, scale).watt
    return dataclasses.replace(moves, time_s=time_s, power_w=power_w)


def at_the_limit(seed, rounding, stop_s):
    """Return the lowest energies of ways back that begin with just the need, at the last moment it holds or after it.

    The world takes all that the bound allows: each move its longest, and the stop in full.
    """
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng)
    config = dataclasses.replace(CONFIG, stop_s=stop_s)
    moves = hardly_rounded(moves, scale_of(moves, light, config, RESERVE_J, CAPACITY_J, rounding))
    policy = recovery_policy(site, moves, light, config, RESERVE_J, CAPACITY_J, rounding=rounding)
    for _ in range(20):
        k, i, j = (int(rng.integers(n)) for n in policy.labels.shape)
        begin, due = policy.start_s + k * SLICE_S, policy.due_s(k, i, j)
        if due is None:
            continue
        t = float(rng.choice([begin, max(due, begin), min(max(due, begin) + 1e-6, begin + SLICE_S - 1e-6)]))
        for stop_at in (int(rng.integers(0, 4)), None):
            energy = policy.need(t, i, j, stop_used=stop_at is None)
            if math.isfinite(energy):
                yield sail_home(policy, (i, j), t, energy, lambda: 1.0, None, stop_at, stop_s)


def broken_at_the_limit(seed, rounding, stop_s):
    return any(lowest is None or lowest < RESERVE_J - 1e-3 for lowest in at_the_limit(seed, rounding, stop_s))


@pytest.mark.parametrize("stop_s", [0.0, 200.0, 700.0])
def test_at_the_limit_of_the_bound_no_way_back_breaks_the_reserve(stop_s):
    assert not any(broken_at_the_limit(seed, ROUNDING, stop_s) for seed in range(25))


KIND = {
    "move": np.float32(0.0),
    "load": np.float32(0.0),
    "gain": np.float32(1.0),
    "ramp": np.uint32(0),
    "haven": np.float32(0.0),
    "ticks": np.uint32(0),
    "stop_ticks": 0.0,
    "stop": 0.0,
    "window": -1,
}


def test_each_rounding_of_the_kernels_has_a_kind_side():
    assert KIND.keys() == ROUNDING._asdict().keys()


@pytest.mark.parametrize("name", sorted(KIND.keys() - {"gain"}))
def test_a_rounding_inside_the_kernels_turned_to_the_kind_side_is_caught(name):
    kind = ROUNDING._replace(**{name: KIND[name]})
    stop_s = 50.0 if name.startswith("stop") else 0.0
    assert any(broken_at_the_limit(seed, kind, stop_s) for seed in range(150))


def corridor(slices=20):
    """Return three cells in a row; only the first is lit, all the time."""
    site = grid(2, 3)
    time_s = np.full((8, 2, 3), np.inf)
    power_w = np.full((8, 2, 3), 100.0)
    time_s[4, 0, 1] = time_s[4, 0, 2] = 100.0
    sun = np.zeros((slices, 2, 3), np.float32)
    sun[:, 0, 0] = 300.0
    return site, Moves(time_s, power_w, 50.0, 1.0, 1.0, 400.0), LightSlices(0.0, SLICE_S, sun, sun, sun)


@pytest.mark.parametrize(("gain", "kept"), [(ROUNDING.gain, True), (KIND["gain"], False)])
def test_charge_gained_by_waiting_rounded_to_the_kind_side_is_caught(gain, kept):
    site, moves, light = corridor()
    sun = light.least_w.copy()
    sun[0, 0, 1] = 140.0
    # a move home that costs more than a slice's gain, and hardly less than whole units
    moves.power_w[4, 0, 1] = 400.0
    moves = hardly_rounded(moves, scale_of(moves, light, CONFIG, RESERVE_J, CAPACITY_J, ROUNDING))
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    policy = recovery_policy(site, moves, light, CONFIG, RESERVE_J, CAPACITY_J, rounding=ROUNDING._replace(gain=gain))
    need = policy.need(0.0, 0, 1, stop_used=True)
    assert need < RESERVE_J + 14_000.0
    lowest = sail_home(policy, (0, 1), 0.0, need, lambda: 1.0)
    assert bool(lowest >= RESERVE_J - 1e-3) is kept


def rounded_up(policy, need, exact):
    """Tell whether a need lies at most six units, two an activity, over the exact one and never below."""
    return exact <= need <= exact + 6 * policy.scale.unit_j


def test_a_straight_way_home_costs_its_moves_and_the_reserve():
    policy = policy_of(*corridor())
    assert policy.need(10.0, 0, 0) == RESERVE_J
    assert rounded_up(policy, policy.need(10.0, 0, 1), RESERVE_J + 100.0 * 100.0)
    assert rounded_up(policy, policy.need(10.0, 0, 2), RESERVE_J + 2 * 100.0 * 100.0)
    assert policy.action(10.0, 0, 0, stop_used=False).kind == ARRIVED
    assert policy.haven_from(10.0, 0, 2) == 0
    assert policy.haven[0, 0].tolist() == [0, -1, -1]


def test_the_stop_costs_its_load_once():
    policy = policy_of(*corridor(), config=dataclasses.replace(CONFIG, stop_s=600.0))
    assert rounded_up(policy, policy.need(10.0, 0, 2), RESERVE_J + 2 * 100.0 * 100.0 + 600.0 * 50.0)
    assert rounded_up(policy, policy.need_after_stop_j[0, 0, 2], RESERVE_J + 2 * 100.0 * 100.0)


def test_no_way_back_is_infinite_beyond_horizon_grid_and_capacity():
    site, moves, light = corridor()
    policy = policy_of(site, moves, light)
    assert policy.need(10.0, 1, 1) == math.inf
    assert policy.need(-1.0, 0, 0) == policy.need(1e6, 0, 0) == policy.need(10.0, 5, 0) == math.inf
    assert not math.isfinite(policy.action(1e6, 0, 0, stop_used=False).need_j)
    small = recovery_policy(site, moves, light, CONFIG, RESERVE_J, RESERVE_J + 15_000.0)
    assert small.need(10.0, 0, 1) < math.inf
    assert small.need(10.0, 0, 2) == math.inf


def test_a_haven_that_goes_dark_before_it_has_charged_is_none():
    site, moves, light = corridor()
    sun = light.least_w.copy()
    sun[2:] = 0.0
    policy = policy_of(site, moves, LightSlices(0.0, SLICE_S, sun, sun, sun))
    assert policy.need(5 * SLICE_S, 0, 0) == math.inf
    late = light.least_w.copy()
    late[:2] = 0.0
    policy = policy_of(site, moves, LightSlices(0.0, SLICE_S, late, late, late))
    # it may wait for the Sun: what is left of slice 0, at worst all of it, and slice 1
    assert rounded_up(policy, policy.need(0.0, 0, 0), RESERVE_J + 2 * SLICE_S * 50.0)


def test_moves_longer_than_a_slice_are_not_used():
    site, moves, light = corridor()
    moves.time_s[4, 0, 2] = 2 * SLICE_S
    assert policy_of(site, moves, light).need(10.0, 0, 2) == math.inf


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 200.0, 700.0]))
def test_each_label_is_one_that_the_policy_can_follow(seed, stop_s):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng)
    policy = policy_of(site, moves, light, dataclasses.replace(CONFIG, stop_s=stop_s))
    for _ in range(10):
        k, i, j = (int(rng.integers(n)) for n in policy.labels.shape)
        t = policy.start_s + k * SLICE_S
        action = policy.action(t, i, j, stop_used=False)
        if action.kind < 8:
            later = t + float(policy.moves.time_s[action.kind, i, j])
            after = policy.need(later, i + STEPS[action.kind][0], j + STEPS[action.kind][1])
            assert after < action.need_j


def test_all_cells_at_once_are_what_each_is_alone():
    rng = np.random.default_rng(3)
    policy = policy_of(*random_site(rng), config=dataclasses.replace(CONFIG, stop_s=200.0))
    for t in (1000.0, 1290.0, 2222.0):
        each = [[policy.need(t, i, j) for j in range(4)] for i in range(3)]
        assert policy.needs(t).tolist() == each
    assert not np.isfinite(policy.needs(0.0)).any()


def test_too_little_light_or_charge_to_plan_with_is_refused():
    site, moves, light = corridor(slices=4)
    with pytest.raises(ValueError, match="too few"):
        policy_of(site, moves, light)
    site, moves, light = corridor()
    with pytest.raises(ValueError, match="leaves nothing"):
        recovery_policy(site, moves, light, CONFIG, CAPACITY_J, CAPACITY_J)


@pytest.mark.parametrize("broken", ["drive", "parked"])
def test_power_rounded_to_the_kind_side_is_caught(broken):
    def kinder(moves, light):
        if broken == "drive":
            return dataclasses.replace(moves, power_w=0.97 * moves.power_w), light
        return dataclasses.replace(moves, parked_w=0.97 * moves.parked_w), light

    broken_count = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        site, moves, light = random_site(rng)
        policy = dataclasses.replace(policy_of(site, *kinder(moves, light)), moves=moves)
        for lowest in outcomes(policy, rng, 20, light=light):
            broken_count += lowest is None or lowest < RESERVE_J - 1e-3
    assert broken_count > 0
