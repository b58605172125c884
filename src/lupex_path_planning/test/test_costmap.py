# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Room around the cells of a costmap, and what is new in one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import distance_transform_edt

from lupex_models.costmap import Costmap, _distance
from lupex_path_planning.near_field.costmap import new_hazards, newly_blocked

CELL = 0.2
PATH = np.array([[1.0, 3.0], [3.0, 3.0], [5.0, 3.0]])


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=25)))
def test_the_distance_is_the_exact_one(marked):
    found = _distance(marked)
    assert np.isinf(found).all() if not marked.any() else (found == distance_transform_edt(~marked)).all()


def seen(changes=(), x0=0.0, y0=0.0, size=30, cell=CELL):
    """Return a costmap of free ground, but for costs at places."""
    made = Costmap(0.0, np.zeros((size, size), np.int8), x0, y0, cell)
    for x, y, cost in changes:
        made.cost[made.cell(x, y)] = cost
    return made


@pytest.mark.parametrize("cost", [100, -1])
def test_a_cell_near_the_path_that_is_blocked_by_now_is_found(cost):
    assert newly_blocked(seen(), seen([(3.0, 3.5, cost)]), PATH, 1.0)
    assert newly_blocked(seen(), seen([(5.3, 3.0, cost)]), PATH, 1.0)
    assert not newly_blocked(seen(), seen([(3.0, 4.7, cost)]), PATH, 1.0)
    assert not newly_blocked(seen(), seen([(3.0, 3.1, 99)]), PATH, 1.0)


def test_what_was_blocked_or_not_known_before_is_not_new():
    for before, after in ((100, 100), (-1, 100), (100, -1), (100, 0)):
        assert not newly_blocked(seen([(3.0, 3.5, before)]), seen([(3.0, 3.5, after)]), PATH, 1.0)


def test_a_costmap_that_has_scrolled_is_compared_by_place():
    before = seen([(3.1, 3.5, 100)])
    assert not newly_blocked(before, seen([(3.1, 3.5, 100)], x0=0.4, y0=0.6), PATH, 1.0)
    assert newly_blocked(before, seen([(3.3, 3.5, 100)], x0=0.4, y0=0.6), PATH, 1.0)
    # what the one before did not reach was as good as unknown to it
    assert not newly_blocked(seen(size=10), seen([(3.0, 3.5, 100)]), PATH, 1.0)


def test_other_cells_are_new_all_over():
    assert newly_blocked(seen(), seen(x0=0.1), PATH, 1.0)
    assert newly_blocked(seen(), seen(cell=0.1), PATH, 1.0)
    assert new_hazards(seen(), seen(cell=0.1))


def test_a_hazard_is_new_wherever_there_was_none():
    hazard = seen([(3.1, 3.5, 100)])
    assert new_hazards(seen(), hazard)
    assert new_hazards(seen([(3.1, 3.5, -1)]), hazard)
    assert not new_hazards(hazard, hazard)
    assert not new_hazards(hazard, seen([(3.1, 3.5, 100)], x0=0.4))
    assert not new_hazards(hazard, seen())
    assert new_hazards(seen(size=5), hazard)
