# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from lupex_drill_control.config import Watch
from lupex_drill_control.interlocks import DrillGoal, VehicleState, refusal

GOAL = DrillGoal(0.5, 0.1, 3600.0)
AT_REST = VehicleState(odometry_stamp_s=100.0, power_stamp_s=100.0, work_allowed=True)


def test_a_rover_at_rest_with_power_may_drill(drill):
    assert refusal(GOAL, AT_REST, 100.5, drill, Watch()) == ""


def test_a_zero_or_an_old_command_is_no_motion(drill):
    zero = replace(AT_REST, command_stamp_s=100.0)
    old = replace(AT_REST, command_stamp_s=90.0, command_speed_mps=0.1)
    assert refusal(GOAL, zero, 100.5, drill, Watch()) == ""
    assert refusal(GOAL, old, 100.5, drill, Watch()) == ""


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (replace(AT_REST, command_stamp_s=100.0, command_speed_mps=0.05), "commanded"),
        (replace(AT_REST, command_stamp_s=100.0, command_turn_rate_rad_s=-0.1), "commanded"),
        (replace(AT_REST, command_stamp_s=100.0, command_speed_mps=float("nan")), "commanded"),
        (replace(AT_REST, odometry_stamp_s=None), "no odometry"),
        (replace(AT_REST, odometry_stamp_s=80.0), "odometry"),
        (replace(AT_REST, speed_mps=0.08), "moves"),
        (replace(AT_REST, turn_rate_rad_s=0.2), "moves"),
        (replace(AT_REST, speed_mps=float("nan")), "moves"),
        (replace(AT_REST, power_stamp_s=None), "no power status"),
        (replace(AT_REST, power_stamp_s=80.0), "power status"),
        (replace(AT_REST, work_allowed=False, power_reason="below the reserve"), "below the reserve"),
    ],
)
def test_each_interlock_names_its_reason(drill, state, word):
    assert word in refusal(GOAL, state, 100.5, drill, Watch())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"depth_m": 1.6}, "outside 0 to 1.5"),
        ({"depth_m": 0.0}, "depth"),
        ({"depth_m": float("nan")}, "finite"),
        ({"sample_interval_m": 0.0}, "interval"),
        ({"max_duration_s": -1.0}, "duration"),
    ],
)
def test_goals_out_of_range_are_refused(drill, change, word):
    assert word in refusal(replace(GOAL, **change), AT_REST, 100.5, drill, Watch())
