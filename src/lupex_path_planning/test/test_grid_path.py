# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Paths over cost maps: optimal, repaired as if searched anew, and a clear word where there is none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lupex_path_planning.grid_path import GridRoute, grid_path

SUM = 1e-12
"""Relative: what two orders of adding some dozens of doubles may differ by."""


def reference(cost, source):
    """Return the least cost from a cell to all, by scipy on a graph of all edges."""
    ny, nx = cost.shape
    number = np.arange(ny * nx).reshape(ny, nx)
    heads, tails, lengths = [], [], []
    for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, ny - di), slice(max(-dj, 0), nx - max(dj, 0)))
        b = (slice(di, ny), slice(max(dj, 0), nx - max(-dj, 0)))
        weight = math.hypot(di, dj) * 0.5 * (cost[a] + cost[b])
        open_ = np.isfinite(weight)
        heads.append(number[a][open_])
        tails.append(number[b][open_])
        lengths.append(weight[open_])
    edges = (np.concatenate(lengths), (np.concatenate(heads), np.concatenate(tails)))
    graph = coo_array(edges, shape=(ny * nx, ny * nx)).tocsr()
    return dijkstra(graph, directed=False, indices=number[source]).reshape(ny, nx)


def price(cost, cells):
    """Add a path up by its steps, which must be between neighbours."""
    step = np.abs(np.diff(cells, axis=0))
    assert (step.max(axis=1) == 1).all()
    ends = cost[tuple(cells[:-1].T)] + cost[tuple(cells[1:].T)]
    return float(np.sum(np.hypot(*step.T) * 0.5 * ends))


def judge(path, cost, start, goal):
    """Hold a path against the reference."""
    least = reference(cost, start)[goal]
    closed = not (math.isfinite(cost[start]) and math.isfinite(cost[goal]))
    if closed or not math.isfinite(least):
        assert not path.found
        assert path.cost == math.inf
        assert "ground" in path.reason
        return
    assert path.found
    assert path.reason == ""
    assert tuple(path.cells[0]) == start
    assert tuple(path.cells[-1]) == goal
    assert path.cost == pytest.approx(least, rel=SUM)
    assert price(cost, path.cells) == pytest.approx(path.cost, rel=SUM)


def drawn(rng, shape):
    """Draw a map: rough, gentle, with two costs only, or of a wide range; some of it closed."""
    kind = rng.integers(4)
    cost = [
        lambda: 1.0 + 9.0 * rng.random(shape),
        lambda: 1.0 + 0.1 * rng.random(shape),
        lambda: rng.choice([1.0, 4.0], shape),
        lambda: 10.0 ** rng.uniform(-4.0, 4.0, shape),
    ][kind]()
    cost[rng.random(shape) < rng.choice([0.0, 0.2, 0.4])] = np.inf
    return cost


def cell_of(rng, shape):
    return int(rng.integers(shape[0])), int(rng.integers(shape[1]))


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_path_costs_what_a_search_of_all_edges_finds(seed):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 25)), int(rng.integers(1, 25)))
    cost, start, goal = drawn(rng, shape), cell_of(rng, shape), cell_of(rng, shape)
    judge(grid_path(cost, start, goal), cost, start, goal)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_repaired_path_is_the_one_of_a_search_anew(seed):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(4, 25)), int(rng.integers(4, 25)))
    cost, start, goal = drawn(rng, shape), cell_of(rng, shape), cell_of(rng, shape)
    route = GridRoute(cost, start, goal)
    for _ in range(6):
        if rng.random() < 0.4:
            route.prepare()
        size = (int(rng.integers(1, shape[0])), int(rng.integers(1, shape[1])))
        row, column = int(rng.integers(shape[0] - size[0] + 1)), int(rng.integers(shape[1] - size[1] + 1))
        part = (slice(row, row + size[0]), slice(column, column + size[1]))
        change = rng.integers(4)
        if change == 0:
            cost[part] = cost[part] * 10.0 ** rng.uniform(0.0, 1.0, size)
        elif change == 1:
            cost[part] = cost[part] * 10.0 ** rng.uniform(-1.0, 0.0, size)
        elif change == 2:
            cost[part] = drawn(rng, size)
        else:
            cost[part] = np.inf
        path = route.change((row, column), cost[part])
        assert path is route.path
        judge(path, cost, start, goal)
    expected = reference(cost, goal) if math.isfinite(cost[goal]) else np.full(shape, np.inf)
    found = route.cost_to_go()
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))
    assert found[np.isfinite(found)] == pytest.approx(expected[np.isfinite(expected)], rel=SUM)


def test_unknown_ground_is_as_closed_as_infinite_cost():
    cost = np.ones((9, 9))
    cost[4, :8] = np.nan
    path = grid_path(cost, (0, 0), (8, 0))
    assert path.found
    assert (4, 8) in {tuple(cell) for cell in path.cells}
    cost[4, 8] = np.nan
    assert "parts the start from the goal" in grid_path(cost, (0, 0), (8, 0)).reason


@pytest.mark.parametrize(("closed", "word"), [((0, 0), "start"), ((3, 3), "goal")])
def test_an_end_on_closed_ground_is_named(closed, word):
    cost = np.ones((4, 4))
    cost[closed] = np.inf
    assert word in grid_path(cost, (0, 0), (3, 3)).reason


def test_a_way_that_opens_is_found_and_one_that_closes_is_lost():
    cost = np.ones((40, 40))
    cost[20] = np.inf
    route = GridRoute(cost, (0, 0), (39, 39))
    assert not route.path.found
    route.prepare()
    assert route.change((20, 5), [[2.0]]).found
    assert not route.change((20, 5), [[np.inf]]).found


def test_from_a_cell_to_itself_there_is_nothing_to_pay():
    path = grid_path(np.ones((3, 3)), (1, 1), (1, 1))
    assert path.found
    assert path.cost == 0.0
    assert path.cells.tolist() == [[1, 1]]


@pytest.mark.parametrize("value", [0.0, -1.0, -np.inf])
def test_a_cost_that_is_none_is_refused(value):
    cost = np.ones((3, 3))
    cost[1, 1] = value
    with pytest.raises(ValueError, match="zero or below"):
        grid_path(cost, (0, 0), (2, 2))
    with pytest.raises(ValueError, match="zero or below"):
        GridRoute(np.ones((3, 3)), (0, 0), (2, 2)).change((1, 1), [[value]])


def test_what_does_not_lie_on_the_map_is_refused():
    with pytest.raises(ValueError, match="off the map"):
        grid_path(np.ones((3, 3)), (0, 0), (3, 0))
    with pytest.raises(ValueError, match="rows and columns"):
        grid_path(np.ones(3), (0, 0), (0, 0))
    with pytest.raises(ValueError, match="do not fit"):
        GridRoute(np.ones((3, 3)), (0, 0), (2, 2)).change((2, 2), np.ones((2, 1)))
