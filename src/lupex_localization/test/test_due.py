# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The schedule of what is told at intervals."""

from itertools import pairwise

import pytest

from lupex_localization.due import Due


def done(due, times):
    return [time_s for time_s in times if due.now(time_s)]


def test_samples_on_another_grid_do_not_stretch_the_interval():
    due = Due(0.1, 0.021)
    found = done(due, [10.0 + 0.04 * k for k in range(250)])
    assert len(found) == pytest.approx(100, abs=1)
    assert max(b - a for a, b in pairwise(found)) < 0.13


def test_a_little_early_is_due_and_after_a_pause_the_schedule_goes_on_from_then():
    due = Due(0.1, 0.021)
    assert done(due, [10.0, 10.05, 10.08, 10.13]) == [10.0, 10.05, 10.08]
    assert done(due, [20.0, 20.05, 20.1, 20.15, 20.2]) == [20.0, 20.05, 20.1, 20.2]


def test_after_a_clock_was_set_back_it_is_due_at_once_and_then_at_its_interval():
    due = Due(0.1, 0.021)
    assert done(due, [1000.0]) == [1000.0]
    assert done(due, [500.0, 500.05, 500.1, 500.15, 500.2]) == [500.0, 500.05, 500.1, 500.2]
