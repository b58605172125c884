# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figure of docs/planning.md is what the planner gives now, and the page shows it."""

import math
from pathlib import Path

import pytest

from lupex_models.rover import read_rover
from lupex_system_tests import planning_page

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def policy():
    return planning_page.field(read_rover(REPOSITORY / "config" / "rover.yaml"))


def test_the_page_shows_the_figure():
    page = (REPOSITORY / "docs" / "planning.md").read_text(encoding="utf-8")
    assert f"({planning_page.FIGURE.relative_to('docs')})" in page
    assert (REPOSITORY / planning_page.FIGURE).is_file()


@pytest.mark.parametrize("place", planning_page.PLACES.values(), ids=planning_page.PLACES)
def test_the_ways_that_are_drawn_end_in_a_haven(policy, place):
    moment = 2.0 * planning_page.DAY_S
    row, column = policy.grid.cell(*place)
    assert policy.reserve_j < policy.need(moment, row, column) < math.inf
    way = planning_page.way_back(policy, moment, place)
    assert len(way) > 1
    end = policy.grid.cell(*way[-1])
    assert (policy.arrived[:, end[0], end[1]] & 1).any()


def test_the_figure_is_drawn_anew(tmp_path):
    planning_page.draw(tmp_path / "field.png")
    assert (tmp_path / "field.png").stat().st_size > 30_000
