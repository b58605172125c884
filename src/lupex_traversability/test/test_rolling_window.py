# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever the moves: what stays in the window stays as it is, what leaves it is forgotten."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_traversability.layers import UNKNOWN, Layers
from lupex_traversability.rolling_window import corner_of

SIZE = 13
MOVES = st.lists(
    st.tuples(*(st.one_of(st.integers(-4, 4), st.integers(-30, 30), st.sampled_from([-(10**30), 10**30])),) * 2),
    min_size=1,
    max_size=8,
)


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(MOVES, st.integers(0, 2**32 - 1))
def test_a_cell_that_stays_keeps_all_it_holds_and_one_that_left_comes_back_unknown(moves, seed):
    rng = np.random.default_rng(seed)
    layers = Layers.unknown(SIZE)
    for grid in layers.grids():
        grid[:] = rng.integers(1, 200, grid.shape)
    # the oracle: cells by their place in the world, and not one array
    held = {(i, j): [g[i, j] for g in layers.grids()] for i in range(SIZE) for j in range(SIZE)}
    row = column = 0
    for down, right in moves:
        layers.scroll(down, right)
        row, column = row + down, column + right
        held = {at: v for at, v in held.items() if 0 <= at[0] - row < SIZE and 0 <= at[1] - column < SIZE}
        for i in range(SIZE):
            for j in range(SIZE):
                kept = held.get((i + row, j + column))
                if kept is None:
                    assert layers.source[i, j] == UNKNOWN
                    assert layers.hidden_m[i, j] == np.inf
                    assert layers.hits[i, j] == layers.contradictions[i, j] == layers.misses[i, j] == 0
                else:
                    assert [g[i, j] for g in layers.grids()] == kept


@pytest.mark.parametrize(("x", "y", "corner"), [(0.0, 0.0, (-5, -5)), (0.19, -0.01, (-6, -5)), (1.0, 2.0, (5, 0))])
def test_the_window_has_the_rover_in_its_middle(x, y, corner):
    assert corner_of(x, y, 0.2, 10) == corner
