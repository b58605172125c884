# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sites of a few cells with random costs and light, and rovers that drive over them under disturbances."""

import math

import numpy as np

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, recovery_policy

SLICE_S = 300.0
RESERVE_J = 1000.0
CAPACITY_J = 9.0e5
CONFIG = RecoveryConfig(
    slice_s=SLICE_S,
    horizon_s=16 * SLICE_S,
    stop_s=0.0,
    haven_recharge_wh=5.0,
    haven_time_s=4 * SLICE_S,
    haven_clearance_m=0.0,
)


def grid(ny, nx):
    flat = np.zeros((ny, nx))
    return SiteGrid(0.0, 0.0, 5.0, flat, flat, flat, np.ones((ny, nx), bool))


def random_site(rng, ny=3, nx=4, slices=20):
    """Return grid, moves of the bound and light that changes, with some moves closed and some cells never lit."""
    site = grid(ny, nx)
    time_s = np.full((8, ny, nx), np.inf)
    power_w = np.zeros((8, ny, nx))
    for move, (di, dj) in enumerate(STEPS):
        for i in range(ny):
            for j in range(nx):
                if 0 <= i + di < ny and 0 <= j + dj < nx and rng.random() > 0.2:
                    time_s[move, i, j] = rng.uniform(20.0, 250.0)
                    power_w[move, i, j] = rng.uniform(60.0, 150.0)
    moves = Moves(time_s, power_w, 50.0, 1.1, 0.9, 400.0)
    sun = np.zeros((slices, ny, nx), np.float32)
    lit = rng.random((ny, nx)) < 0.35
    begin = rng.integers(0, 10, (ny, nx))
    end = begin + rng.integers(5, 20, (ny, nx))
    for k in range(slices):
        sun[k] = np.where(lit & (begin <= k) & (k < end), 300.0, np.where(rng.random((ny, nx)) < 0.2, 40.0, 0.0))
    return site, moves, LightSlices(1000.0, SLICE_S, sun, sun, sun / np.float32(300.0))


def policy_of(site, moves, light, config=CONFIG):
    return recovery_policy(site, moves, light, config, RESERVE_J, CAPACITY_J)


def drawn(energy, t, duration, load, sun_w, moves, light):
    """Return (energy, lowest) after a load for a while; `sun_w` gives the array's power in slice k."""
    lowest, end = energy, t + duration
    while t < end - 1e-9:
        k = math.floor((t - light.start_s) / light.slice_s + 1e-12)
        until = min(end, light.start_s + (k + 1) * light.slice_s)
        net = load - sun_w(k)
        gain = min(-net, moves.charge_max_w) * moves.charge
        energy = (
            energy - net * moves.discharge * (until - t) if net > 0 else min(CAPACITY_J, energy + gain * (until - t))
        )
        lowest, t = min(lowest, energy), until
    return energy, lowest


def sail_home(policy, start, t, energy, disturb, light=None, stop_at=None, stop_s=0.0):
    """Follow the policy under disturbances and return the lowest energy, or None when it knows no way.

    `disturb()` gives the share of a move's worst time that it takes. The stop begins after `stop_at` actions. In the
    haven the rover charges until the haven's promise is kept. `light` is that of the world, if not the policy's.
    """
    light = light or policy.light
    moves = policy.moves
    i, j = start
    lowest, used, actions = energy, False, 0
    while True:
        at_home = policy.action(t, i, j, stop_used=used or stop_at is None).kind == ARRIVED
        if stop_at is not None and not used and actions == stop_at and not at_home:
            energy, low = drawn(energy, t, stop_s, moves.parked_w, lambda k: 0.0, moves, light)
            lowest, used, t = min(lowest, low), True, t + stop_s
        action = policy.action(t, i, j, stop_used=used or stop_at is None)
        if action.kind == NO_WAY:
            return None
        if action.kind == ARRIVED:
            full = energy + CONFIG.haven_recharge_wh * 3600.0
            while energy < min(full, CAPACITY_J) and t < light.end_s:
                energy, low = drawn(energy, t, 30.0, moves.parked_w, sun_in(light, i, j), moves, light)
                lowest, t = min(lowest, low), t + 30.0
            return lowest
        actions += 1
        if action.kind == WAIT:
            until = light.start_s + (light.index(t) + 1) * light.slice_s
            energy, low = drawn(energy, t, until - t, moves.parked_w, sun_in(light, i, j), moves, light)
            lowest, t = min(lowest, low), until
            continue
        p, q = i + STEPS[action.kind][0], j + STEPS[action.kind][1]
        seconds = moves.time_s[action.kind, i, j] * disturb()
        energy, low = drawn(
            energy, t, seconds, moves.power_w[action.kind, i, j], least_in(light, (i, j), (p, q)), moves, light
        )
        lowest, t, i, j = min(lowest, low), t + seconds, p, q


def sun_in(light, i, j):
    return lambda k: sun_at(light, k, i, j)


def least_in(light, a, b):
    return lambda k: min(sun_at(light, k, *a), sun_at(light, k, *b))


def sun_at(light, k, i, j):
    return float(light.least_w[k, i, j]) if 0 <= k < light.count else 0.0
