# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_simulator.gazebo.world_grants import WorldGrants

MS = 1_000_000
START = 1000 * 1000 * MS


def test_it_runs_ahead_of_its_clock_by_so_much_and_not_more():
    grants = WorldGrants(80 * MS, 2.0)
    assert grants.steps(START, 0.0) == 20
    assert grants.steps(START, 0.01) == 0
    assert grants.steps(START + 36 * MS, 0.02) == 0
    assert grants.steps(START + 40 * MS, 0.03) == 10
    assert grants.steps(START + 40 * MS, 0.04) == 0
    # all that was granted by now lies 80 ms ahead
    assert grants.steps(START + 120 * MS, 0.05) == 20


def test_a_world_that_ran_by_itself_is_granted_from_where_it_is():
    grants = WorldGrants(80 * MS, 2.0)
    assert grants.steps(START, 0.0) == 20
    assert grants.steps(START + 5000 * MS, 5.0) == 20


def test_a_grant_that_was_lost_is_given_anew():
    grants = WorldGrants(80 * MS, 2.0)
    assert grants.steps(START, 0.0) == 20
    assert grants.steps(START, 1.9) == 0
    assert grants.steps(START, 2.1) == 20
    assert grants.steps(START, 2.2) == 0
    assert grants.steps(START, 4.2) == 20
