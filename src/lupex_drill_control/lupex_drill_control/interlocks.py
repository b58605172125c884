# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What must hold before the drill leaves its stow position."""

import math
from dataclasses import dataclass

from lupex_drill_control.config import Watch
from lupex_models.rover import Drill


@dataclass(frozen=True)
class DrillGoal:
    """Drill to a depth and take a sample of each interval."""

    depth_m: float
    sample_interval_m: float
    max_duration_s: float


@dataclass(frozen=True)
class VehicleState:
    """Newest motion and power readings; None where nothing has arrived."""

    command_stamp_s: float | None = None
    command_speed_mps: float = 0.0
    command_turn_rate_rad_s: float = 0.0
    odometry_stamp_s: float | None = None
    speed_mps: float = 0.0
    turn_rate_rad_s: float = 0.0
    power_stamp_s: float | None = None
    work_allowed: bool = False
    power_reason: str = ""


def goal_refusal(goal: DrillGoal, drill: Drill) -> str:
    """Say why a goal is out of range; empty when it is fine."""
    if not all(math.isfinite(v) for v in (goal.depth_m, goal.sample_interval_m, goal.max_duration_s)):
        return "the goal holds a value that is not finite"
    if not 0 < goal.depth_m <= drill.max_depth_m + 1e-6:
        return f"depth {goal.depth_m:g} m is outside 0 to {drill.max_depth_m:g} m"
    if not 0 < goal.sample_interval_m <= drill.max_depth_m + 1e-6:
        return f"sample interval {goal.sample_interval_m:g} m is outside 0 to {drill.max_depth_m:g} m"
    if goal.max_duration_s <= 0:
        return f"duration limit {goal.max_duration_s:g} s must be positive"
    return ""


def moving(state: VehicleState, now_s: float, watch: Watch) -> str:
    """Say how the rover moves; empty when nothing shows that it does."""
    if state.command_stamp_s is not None and now_s - state.command_stamp_s <= watch.command_age_s:
        asked = (state.command_speed_mps, state.command_turn_rate_rad_s)
        if not all(math.isfinite(v) for v in asked) or any(v != 0 for v in asked):
            return "the rover is commanded to move"
    recent = state.odometry_stamp_s is not None and abs(now_s - state.odometry_stamp_s) <= watch.odometry_age_s
    still = abs(state.speed_mps) <= watch.speed_mps and abs(state.turn_rate_rad_s) <= watch.turn_rate_rad_s
    if recent and not still:
        return f"the rover moves at {state.speed_mps:.3f} m/s"
    return ""


def rest_unproven(state: VehicleState, now_s: float, watch: Watch) -> str:
    """Say why it is not known that the rover stands; empty when it is."""
    if state.odometry_stamp_s is None:
        return "no odometry has arrived, so it is not known that the rover stands"
    age = now_s - state.odometry_stamp_s
    if abs(age) > watch.odometry_age_s:
        return f"the newest odometry is {age:.1f} s old, so it is not known that the rover stands"
    return ""


def power_veto(state: VehicleState, now_s: float, watch: Watch) -> str:
    """Say why power does not allow work; empty when it does."""
    if state.power_stamp_s is None:
        return "no power status has arrived"
    age = now_s - state.power_stamp_s
    if abs(age) > watch.power_age_s:
        return f"the newest power status is {age:.1f} s old"
    if not state.work_allowed:
        return f"power does not allow work: {state.power_reason or 'no reason given'}"
    return ""


def refusal(goal: DrillGoal, state: VehicleState, now_s: float, drill: Drill, watch: Watch) -> str:
    """Say why a goal cannot start now; empty when it can."""
    return (
        goal_refusal(goal, drill)
        or moving(state, now_s, watch)
        or rest_unproven(state, now_s, watch)
        or power_veto(state, now_s, watch)
    )
