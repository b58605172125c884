# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Least cost to a goal: as another library finds it, and the same to the last bit when repaired."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

sys.path.insert(0, str(Path(__file__).parent))
from small_site import random_site

from lupex_path_planning.cost_field import cost_field, repaired_field
from lupex_path_planning.site_grid import STEPS, changed_moves


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ways_to_the_goal_are_as_short_as_scipy_finds(seed):
    rng = np.random.default_rng(seed)
    ny, nx = rng.integers(2, 9, 2)
    cost = np.where(rng.random((8, ny, nx)) < 0.2, np.inf, rng.uniform(0.1, 10.0, (8, ny, nx)))
    goal = np.zeros((ny, nx), bool)
    goal[rng.integers(ny), rng.integers(nx)] = True
    sources, ends, weights = [], [], []
    for move, (di, dj) in enumerate(STEPS):
        for i in range(ny):
            for j in range(nx):
                if 0 <= i + di < ny and 0 <= j + dj < nx and np.isfinite(cost[move, i, j]):
                    sources.append((i + di) * nx + j + dj)
                    ends.append(i * nx + j)
                    weights.append(cost[move, i, j])
    graph = coo_array((weights, (sources, ends)), shape=(ny * nx, ny * nx)).tocsr()
    expected = dijkstra(graph, indices=np.flatnonzero(goal.ravel()), min_only=True)
    assert cost_field(cost, goal).ravel() == pytest.approx(expected)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([math.inf, 4.0, 0.25]))
def test_a_repaired_field_is_the_field_to_the_last_bit(seed, factor):
    rng = np.random.default_rng(seed)
    _, moves, _ = random_site(rng, 9, 11)
    goal = rng.random((9, 11)) < 0.05
    goal[4, 5] = True
    before = cost_field(moves.time_s, goal)
    changed = changed_moves(moves, rng.random((9, 11)) < 0.15, factor)
    assert (repaired_field(before, moves.time_s, changed.time_s) == cost_field(changed.time_s, goal)).all()
    # and back again
    after = cost_field(changed.time_s, goal)
    assert (repaired_field(after, changed.time_s, moves.time_s) == before).all()


def test_where_every_move_is_closed_only_the_goal_is_reached():
    goal = np.zeros((3, 4), bool)
    goal[1, 2] = True
    assert (np.isfinite(cost_field(np.full((8, 3, 4), np.inf), goal)) == goal).all()
