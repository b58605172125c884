# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The certificate: never optimistic, and invalid with a reason whenever an input is."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, grid

from lupex_path_planning.config import CertificateConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.priced_soil import Soil
from lupex_path_planning.site_grid import Moves
from lupex_path_planning.way_back.certificate import (
    PoseEstimate,
    PowerEstimate,
    WayBack,
    certify,
    ellipse_cells,
    worst_need,
)
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors
from lupex_path_planning.way_back.recovery import recovery_policy

LIMITS = CertificateConfig()


def policy(length=16, dark_from=None):
    """Return a row of cells 5 m apart with a haven in the first: each step costs 10 kJ more."""
    site = grid(2, length)
    time_s = np.full((8, 2, length), np.inf)
    time_s[4, :, 1:] = 100.0
    moves = Moves(time_s, np.full((8, 2, length), 100.0), 50.0, 1.0, 1.0, 400.0)
    sun = np.zeros((60, 2, length), np.float32)
    sun[:, :, 0] = 300.0
    if dark_from is not None:
        sun[dark_from:] = 0.0
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    config = dataclasses.replace(CONFIG, horizon_s=56 * SLICE_S)
    return recovery_policy(site, moves, light, config, RESERVE_J, CAPACITY_J)


POLICY = policy()


def pose(x=40.0, y=0.0, sigma=0.1, time_s=1000.0, speed=0.0, **changes):
    return PoseEstimate(time_s, x, y, np.diag([sigma**2, 0.01]), speed, **changes)


def power(energy=5e5, sigma=0.0, time_s=1000.0, load=60.0, array=0.0, reserve=RESERVE_J):
    return PowerEstimate(time_s, energy, sigma, reserve, load, array)


def certificate(pose_=None, power_=None, factors=None, now=1000.0, policy_=POLICY):
    way = WayBack(policy_) if policy_ is not None else None
    return certify(way, now, pose_ or pose(), power_ or power(), factors or MeasuredFactors(), LIMITS)


def test_the_need_is_the_worst_within_three_sigma():
    narrow = certificate(pose(sigma=0.1))
    wide = certificate(pose(sigma=5.0))
    assert narrow.valid
    whole = POLICY.need_j[POLICY.light.index(1000.0), 0]
    assert narrow.required_j == whole[8]
    # 15 m and half a cell's diagonal away the farthest cell may be touched: three cells on
    assert wide.required_j == whole[11]
    assert narrow.haven == (0.0, 0.0)


def test_three_sigma_of_the_charge_are_held_back():
    assert certificate(power_=power(5e5, 1e4)).energy_j == 5e5 - 3e4


def test_a_greater_reserve_of_the_power_node_counts():
    need = POLICY.need(1000.0, 0, 8)
    assert certificate(power_=power(reserve=RESERVE_J + 500.0)).required_j == need + 500.0


def test_turn_back_is_when_the_falling_charge_meets_the_need():
    found = certificate(power_=power(energy=4e5))
    need = POLICY.need(1000.0, 0, 8)
    assert found.turn_back_by_s == pytest.approx(1000.0 + (4e5 - need) / 60.0)
    assert found.margin_s == pytest.approx((4e5 - need) / 60.0)
    # with the charge rising only the end of the horizon is left, the 800 s of the way in whole slices before it
    assert certificate(power_=power(load=60.0, array=80.0)).turn_back_by_s == POLICY.end_s - 3 * SLICE_S
    poor = certificate(power_=power(energy=need - 1.0))
    assert poor.valid
    assert poor.margin_j == pytest.approx(-1.0)
    assert poor.turn_back_by_s == 1000.0


def test_when_the_haven_goes_dark_the_turn_back_comes_before():
    failing = policy(dark_from=24)
    found = certificate(policy_=failing, power_=power(load=1.0))
    assert found.valid
    # the last slice from which the haven, 800 s away, still charges enough before slice 24
    last = max(k for k in range(failing.count) if np.isfinite(failing.need_j[k, 0, 8]))
    assert found.turn_back_by_s == pytest.approx((last + 1) * SLICE_S)
    assert last < 23


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pose_": pose(time_s=990.0)}, "place is 10.0 s old"),
        ({"pose_": pose(time_s=1010.0)}, "place is -10.0 s old"),
        ({"power_": power(time_s=900.0)}, "charge is 100.0 s old"),
        ({"power_": power(time_s=math.nan)}, "charge is nan s old"),
        ({"pose_": pose(x=math.nan)}, "not a finite number"),
        ({"power_": power(energy=math.nan)}, "not a finite number"),
        ({"power_": power(sigma=-1.0)}, "not a finite number"),
        ({"pose_": pose(sigma=200.0)}, "known to 200 m only"),
        ({"pose_": pose(lost=True)}, "localization is lost"),
        ({"pose_": pose(x=900.0)}, "outside the planner's map"),
        ({"pose_": pose(x=72.0, sigma=5.0)}, "outside the planner's map"),
        ({"policy_": None}, "not been computed"),
        ({"now": 1e5, "pose_": pose(time_s=1e5), "power_": power(time_s=1e5)}, "does not cover this time"),
        ({"factors": MeasuredFactors(1000.0, slip=9.0)}, "over 3 times the bound"),
        ({"factors": MeasuredFactors(1000.0, consumption=9.0)}, "over 3 times the bound"),
        ({"factors": MeasuredFactors(1000.0, pace=math.nan)}, "not a finite number"),
    ],
)
def test_a_bad_input_makes_it_invalid_and_says_why(changes, says):
    found = certificate(**changes)
    assert not found.valid
    assert says in found.reason


def test_a_missing_input_makes_it_invalid():
    way = WayBack(POLICY)
    assert "place" in certify(way, 1000.0, None, power(), MeasuredFactors(), LIMITS).reason
    assert "battery" in certify(way, 1000.0, pose(), None, MeasuredFactors(), LIMITS).reason


def test_where_no_way_leads_back_there_is_no_certificate():
    site, moves = POLICY.grid, POLICY.moves
    cut = moves.time_s.copy()
    cut[:, :, 5] = np.inf
    closed = recovery_policy(site, dataclasses.replace(moves, time_s=cut), POLICY.light, CONFIG, RESERVE_J, CAPACITY_J)
    assert "no way back" in certificate(policy_=closed, now=1000.0).reason


def test_a_singular_covariance_is_fine_and_a_negative_one_is_not():
    flat = dataclasses.replace(pose(), covariance_m2=np.zeros((2, 2)))
    assert certificate(flat).valid
    wrong = dataclasses.replace(pose(), covariance_m2=np.diag([-1.0, 1.0]))
    assert "known to inf m" in certificate(wrong).reason


def test_on_closed_ground_the_worst_neighbour_and_two_moves_count():
    passable = POLICY.grid.passable.copy()
    passable[0, 8] = False
    whole = POLICY.whole.copy()
    whole[:, 0, 8] = np.iinfo(np.uint16).max
    closed = dataclasses.replace(POLICY, grid=dataclasses.replace(POLICY.grid, passable=passable), whole=whole)
    value, _ = worst_need(closed, 1000.0, [8])
    assert value == POLICY.need_j[POLICY.light.index(1000.0), 0, 9] + 2 * 100.0 * 100.0


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(
    st.floats(20.0, 170.0),
    st.floats(0.01, 4.0),
    st.floats(0.01, 4.0),
    st.floats(0, 3.2),
    st.floats(0, 6.3),
    st.floats(0, 3),
)
def test_no_cell_within_the_ellipse_is_left_out(x, a, b, turn, angle, radius):
    c, s = math.cos(turn), math.sin(turn)
    axes = np.array([[c, -s], [s, c]])
    covariance = axes @ np.diag([a * a, b * b]) @ axes.T
    big = dataclasses.replace(POLICY, grid=dataclasses.replace(grid(40, 40), y0_m=-100.0))
    at = PoseEstimate(0.0, x, 0.0, covariance, 0.0)
    cells = ellipse_cells(big, at, 3.0)
    point = (x, 0.0) + axes @ (radius * a * math.cos(angle), radius * b * math.sin(angle))
    if not cells:
        assert x < 3 * 4.0 + 10.0 or x > 195.0 - 3 * 4.0 - 10.0
        return
    row, column = big.grid.cell(*point)
    assert row * 40 + column in cells


@pytest.mark.parametrize("sense", [1.0, -1.0])
def test_the_ellipse_reaches_along_its_longer_axis_and_not_across_it(sense):
    """Known to 6 m along a diagonal and to a hand across it: the one corner is asked about and the other is not."""
    covariance = np.array([[18.0, sense * 17.99], [sense * 17.99, 18.0]])
    big = dataclasses.replace(POLICY, grid=dataclasses.replace(grid(40, 40), y0_m=-100.0))
    cells = {divmod(cell, 40) for cell in ellipse_cells(big, PoseEstimate(0.0, 100.0, 0.0, covariance, 0.0), 3.0)}
    # 12 m away each way, within 18 m
    along, across = (big.grid.cell(100.0 + 12.0, sign * sense * 12.0) for sign in (1.0, -1.0))
    assert along in cells
    assert across not in cells
    assert len(cells) < 30


def test_the_margin_in_time_counts_what_the_battery_loses_beside_the_load():
    lossy = dataclasses.replace(POLICY, moves=dataclasses.replace(POLICY.moves, discharge=1.25))
    found = certificate(policy_=lossy, power_=power(energy=4e5))
    assert found.margin_s == pytest.approx((4e5 - found.required_j) / (1.25 * 60.0))
    assert found.turn_back_by_s == pytest.approx(1000.0 + found.margin_s)


def test_ground_worse_than_the_way_back_was_computed_for_is_no_proof():
    slow = MeasuredFactors(900.0, slip=1.3, pace=1.1)
    found = certificate(factors=slow)
    assert not found.valid
    assert "more than the way back was computed for" in found.reason
    assert found.slip_age_s == 100.0
    allowed = certify(WayBack(POLICY, Allowance(1.5, 1.0)), 1000.0, pose(), power(), slow, LIMITS)
    assert allowed.valid
    assert (allowed.slip_factor, allowed.pace_factor, allowed.consumption_factor) == (1.3, 1.1, 1.0)
    dear = dataclasses.replace(slow, consumption=1.2)
    assert not certify(WayBack(POLICY, Allowance(1.5, 1.0)), 1000.0, pose(), power(), dear, LIMITS).valid


def test_soil_weaker_than_the_way_back_was_computed_for_makes_it_invalid_on_a_descent_too():
    weak = MeasuredFactors(1000.0, slip=0.5, soil=Soil(-0.6))
    refused = certify(WayBack(POLICY), 1000.0, pose(), power(), weak, LIMITS)
    assert not refused.valid
    assert "soil is weaker" in refused.reason
    assert certify(WayBack(POLICY, Allowance(soil=Soil(-0.75))), 1000.0, pose(), power(), weak, LIMITS).valid


def test_kind_ground_never_lowers_the_need():
    kind = MeasuredFactors(1000.0, slip=0.7, consumption=0.6, pace=0.5)
    assert certificate(factors=kind).required_j == certificate().required_j
    assert certificate(factors=kind).slip_factor == 1.0
