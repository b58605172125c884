# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lupex_drill_control.drilling import State
from lupex_drill_control.interlocks import DrillGoal

GOAL = DrillGoal(0.5, 0.1, 3600.0)


def assert_safe(hole):
    """Stowed, silent, and never asked for more than the rig may do."""
    drill = hole.rig.drill
    assert hole.rig.stowed
    assert hole.command is None
    for command in hole.rig.commands:
        assert abs(command.feed_rate_mps) <= drill.max_feed_rate_mps
        assert abs(command.rotation_rate_rad_s) <= drill.cutting_rate_rad_s
        assert command.weight_on_bit_limit_n <= drill.max_weight_on_bit_n
        assert command.torque_limit_nm <= drill.max_torque_nm


def test_half_a_metre_of_soft_ground_gives_five_samples_in_half_an_hour(hole):
    made = hole()
    made.run(GOAL)
    outcome = made.sequence.outcome
    assert outcome.success, outcome.reason
    assert 0.5 <= outcome.depth_m < 0.505
    assert len(made.rig.assays) == 5
    assert [top for top, _ in made.rig.assays] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=0.005)
    assert outcome.duration_s < 30 * 60
    assert outcome.recoveries == 0
    assert 0 < outcome.mean_power_w < 60
    assert outcome.peak_weight_on_bit_n <= 100 + 1e-6
    assert made.states[:4] == [State.STOWED, State.DEPLOYING, State.CUTTING, State.RETRACTING]
    assert not any(command.percussion for command in made.rig.commands)
    assert_safe(made)


def test_a_shallow_goal_ends_at_its_own_depth(hole):
    made = hole()
    made.run(DrillGoal(0.17, 0.1, 3600.0))
    assert made.sequence.outcome.success
    assert made.sequence.outcome.depth_m == pytest.approx(0.17, abs=0.005)
    assert [bottom for _, bottom in made.rig.assays] == pytest.approx([0.1, 0.17], abs=0.005)


def test_a_long_interval_is_cut_in_bites_and_handed_over_once(hole):
    made = hole()
    made.run(DrillGoal(0.4, 0.4, 3600.0))
    assert made.sequence.outcome.success
    assert made.sequence.bite == 4
    assert len(made.rig.assays) == 1


def test_the_hammer_runs_in_hard_ground_only(strata, hole):
    made = hole(layers=[replace(strata.soft, bottom_m=0.12), replace(strata.hard, bottom_m=0.2), strata.soft])
    depths = []
    made.step()
    made.sequence.start(DrillGoal(0.4, 0.1, 7200.0), made.rig.now_s)
    while made.sequence.outcome is None:
        made.step()
        if made.command and made.command.percussion:
            depths.append(made.rig.depth_m)
    assert made.sequence.outcome.success
    assert min(depths) > 0.1
    assert max(depths) < 0.3


def test_specific_energy_tells_icy_from_soft_ground(strata, hole):
    energies = []
    for layers in ([strata.soft], [strata.icy]):
        made = hole(layers=layers)
        made.step()
        made.sequence.start(GOAL, made.rig.now_s)
        made.until(lambda made=made: made.sequence.state == State.RETRACTING)
        energies.append(made.sequence.specific_energy_j_m3)
    assert energies[1] > 1.2 * energies[0] > 0


def test_binding_is_undone_and_the_hole_finished(hole):
    made = hole(binds_at_m=[0.15, 0.37])
    made.run(GOAL)
    outcome = made.sequence.outcome
    assert outcome.success, outcome.reason
    assert outcome.recoveries == 2
    assert State.RECOVERING in made.states
    assert min(command.rotation_rate_rad_s for command in made.rig.commands) < 0
    assert_safe(made)


def test_choking_is_cleared_by_pulling_out(hole):
    made = hole(choke_nm_per_m=150.0)
    made.run(DrillGoal(0.2, 0.1, 3600.0))
    assert made.sequence.outcome.success
    assert made.sequence.outcome.recoveries >= 1
    assert State.RECOVERING not in made.states
    assert_safe(made)


def test_binding_again_and_again_gives_the_hole_up_safely(hole):
    made = hole(binds_at_m=[0.25] * 50)
    made.run(GOAL)
    outcome = made.sequence.outcome
    assert not outcome.success
    assert "binding" in outcome.reason
    assert outcome.recoveries <= made.sequence._settings.jam.tries + 1
    assert len(made.rig.assays) == 3
    assert_safe(made)


def test_a_bit_that_never_comes_free_is_a_fault_and_is_tried_again_later(hole):
    made = hole(binds_at_m=[0.25], stuck_forever=True)
    made.run(GOAL)
    assert "stuck" in made.sequence.outcome.reason
    assert made.sequence.state == State.FAULT
    assert made.command.feed_rate_mps == 0
    assert made.command.rotation_rate_rad_s == 0
    assert "fault" in made.sequence.start(GOAL, made.rig.now_s)
    made.rig.stuck_forever = False
    made.until(lambda: made.sequence.state == State.STOWED)
    made.step()
    assert_safe(made)


def test_rock_ends_the_hole_with_what_was_cut(strata, hole):
    made = hole(layers=[replace(strata.soft, bottom_m=0.15), strata.rock])
    made.run(GOAL)
    assert not made.sequence.outcome.success
    assert "refuses" in made.sequence.outcome.reason
    assert len(made.rig.assays) == 2
    assert_safe(made)


def test_the_time_limit_stows_with_the_sample_held(hole):
    made = hole()
    made.run(replace(GOAL, max_duration_s=200.0))
    assert "time limit" in made.sequence.outcome.reason
    assert len(made.rig.assays) >= 1
    assert_safe(made)


@pytest.mark.parametrize("state", [State.DEPLOYING, State.CUTTING, State.RETRACTING, State.RECOVERING, State.STOWING])
def test_cancel_stows_from_everywhere(hole, state):
    made = hole(binds_at_m=[0.05])
    made.step()
    made.sequence.start(GOAL, made.rig.now_s)
    made.until(lambda: made.sequence.state == state)
    made.sequence.cancel("cancelled")
    made.until(lambda: made.sequence.outcome is not None, limit_s=1500.0)
    assert made.sequence.outcome.reason == "cancelled"
    made.step()
    assert_safe(made)


@pytest.mark.parametrize(
    "change",
    [
        {"torque_nm": float("nan")},
        {"depth_m": float("inf")},
        {"weight_on_bit_n": 5000.0},
        {"bit_temperature_k": -3.0},
        {"stamp_s": 10.0},
    ],
)
def test_a_lying_sensor_stops_feed_and_rotation_and_drilling_resumes(hole, change):
    made = hole()
    made.step()
    made.sequence.start(GOAL, made.rig.now_s)
    made.until(lambda: made.sequence.state == State.CUTTING and made.rig.depth_m > 0.03)
    made.step(lambda measured: replace(measured, **change))
    assert made.command.feed_rate_mps == 0
    assert made.command.rotation_rate_rad_s == 0
    assert made.sequence.blind
    assert made.sequence.faults == 1
    made.until(lambda: made.sequence.outcome is not None)
    assert made.sequence.outcome.success


def test_a_silent_rig_stops_the_drill_within_a_second_and_ends_the_goal(hole):
    made = hole()
    made.step()
    made.sequence.start(GOAL, made.rig.now_s)
    made.until(lambda: made.sequence.state == State.CUTTING)
    silent_s = made.rig.now_s
    made.until(lambda: made.sequence.blind, change=lambda measured: None)
    assert made.rig.now_s - silent_s <= 1.2
    assert made.command.feed_rate_mps == 0
    made.until(lambda: made.sequence.outcome is not None, change=lambda measured: None)
    assert "lost" in made.sequence.outcome.reason
    made.until(lambda: made.sequence.state == State.STOWED)
    made.step()
    assert_safe(made)


def test_too_many_measurement_faults_give_the_hole_up(hole):
    made = hole()
    made.step()
    made.sequence.start(GOAL, made.rig.now_s)
    for count in range(10_000):
        torque = {"torque_nm": float("nan")} if count % 200 == 199 else {}
        made.step(lambda measured, torque=torque: replace(measured, **torque))
        if made.sequence.outcome is not None:
            break
    assert "measurement faults" in made.sequence.outcome.reason


def test_a_bit_found_in_the_ground_is_stowed_before_anything(hole):
    made = hole(depth_m=0.3, hole_m=0.4, stowed=False)
    made.step()
    assert made.sequence.state == State.RETRACTING
    assert "not stowed" in made.sequence.start(GOAL, made.rig.now_s)
    made.until(lambda: made.sequence.state == State.STOWED)
    made.step()
    assert made.sequence.outcome is None
    assert_safe(made)


def test_a_bound_bit_found_in_the_ground_is_freed(hole):
    made = hole(depth_m=0.3, hole_m=0.4, stowed=False, bound=True)
    made.step()
    made.until(lambda: made.sequence.state == State.STOWED)
    made.step()
    assert_safe(made)


def test_a_hole_begun_before_is_gone_on_with(hole):
    made = hole(hole_m=0.2, top_m=0.2)
    made.run(DrillGoal(0.4, 0.1, 3600.0))
    assert made.sequence.outcome.success
    assert [top for top, _ in made.rig.assays] == pytest.approx([0.2, 0.3], abs=0.005)


def test_a_hole_that_is_deep_enough_is_not_drilled_again(hole):
    made = hole(hole_m=0.6, top_m=0.6)
    made.run(GOAL)
    assert "already 0.60 m deep" in made.sequence.outcome.reason
    assert made.rig.hole_m == 0.6
    assert_safe(made)


def test_no_goal_starts_without_a_rig(hole):
    assert "does not report" in hole().sequence.start(GOAL, 1000.0)


def test_a_rig_without_power_is_said(hole):
    made = hole()
    made.step()
    made.sequence.start(GOAL, made.rig.now_s)
    made.until(lambda: made.sequence.outcome is not None, change=lambda measured: replace(measured, stowed=True))
    assert "without power" in made.sequence.outcome.reason
    assert made.sequence.outcome.recoveries == 0


def test_a_rig_that_does_not_stow_is_a_fault(hole):
    made = hole()
    made.step()
    made.sequence.start(DrillGoal(0.1, 0.1, 3600.0), made.rig.now_s)
    made.until(
        lambda: made.sequence.outcome is not None,
        change=lambda measured: replace(measured, stowed=False) if made.sequence.delivered else measured,
    )
    assert "did not stow" in made.sequence.outcome.reason
    assert made.sequence.state == State.FAULT


def test_a_missing_assay_is_said(hole):
    made = hole()
    made.step()
    made.sequence.start(DrillGoal(0.1, 0.1, 3600.0), made.rig.now_s)
    while made.sequence.outcome is None:
        made.step()
        made.rig.assays.clear()
    assert "1 of 1 samples were not analysed" in made.sequence.outcome.reason


def test_nothing_is_commanded_while_stowed(hole):
    made = hole()
    for _ in range(50):
        made.step()
        assert made.command is None


@pytest.mark.property
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layers=st.lists(st.tuples(st.floats(0.02, 0.3), st.floats(1e4, 2e6), st.floats(1.0, 30.0)), min_size=0, max_size=4),
    binds=st.lists(st.floats(0.0, 0.4), max_size=6),
    choke=st.floats(0.0, 120.0),
    unbind_s=st.floats(0.5, 12.0),
)
def test_every_ground_ends_stowed_with_an_outcome(strata, hole, layers, binds, choke, unbind_s):
    ground, bottom = [], 0.0
    for thickness, resistance, ease in layers:
        bottom += thickness
        ground.append(
            replace(strata.soft, bottom_m=bottom, resistance_n_s_m=resistance, hammered_n_s_m=resistance / ease)
        )
    made = hole(
        layers=[*ground, strata.soft], binds_at_m=sorted(binds), choke_nm_per_m=choke, unbind_s=unbind_s, dt_s=0.25
    )
    made.run(DrillGoal(0.3, 0.1, 2400.0), limit_s=6000.0)
    outcome = made.sequence.outcome
    made.until(lambda: made.sequence.state == State.STOWED, limit_s=6000.0)
    made.step()
    assert_safe(made)
    assert outcome.success == (outcome.reason == "")
    assert outcome.success <= (outcome.depth_m >= 0.3)
    covered = [edge for interval in made.rig.assays for edge in interval]
    assert covered == sorted(covered)
