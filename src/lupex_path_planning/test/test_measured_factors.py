# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured while driving: means that follow, rest, and are allowed for in steps."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_path_planning.config import CertificateConfig
from lupex_path_planning.way_back.measured_factors import (
    Allowance,
    DrivingBound,
    MeasuredFactors,
    SlipMeasurement,
    allow,
    measure,
)

LIMITS = CertificateConfig()
ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
BOUND = DrivingBound(LocomotionTable.build(ROVER, 0.95, soils=8), 0.7, 70.0)
SLOPE = 0.1
BOUND_MPS = 0.7 * float(BOUND.table.speed_mps(SLOPE, 0.0))
BOUND_W = 70.0 + float(BOUND.table.power_w(SLOPE, 0.0))


def slip(value, window=30.0, sigma=0.0, time_s=1000.0, slope=SLOPE):
    return SlipMeasurement(time_s, value, sigma, slope, window)


def measured(slip_, load=100.0, before=MeasuredFactors(), now=1000.0, speed=0.08, driving=True):  # noqa: B008
    return measure(before, now, speed, load, slip_, driving, BOUND, LIMITS)


def drive(seconds, speed, before=MeasuredFactors(), start=1000.0, load=100.0, slip_=0.1):  # noqa: B008
    for second in range(1, seconds + 1):
        now = start + second
        before = measured(slip(slip_, time_s=now), load, before, now, speed)
    return before


def test_slip_counts_at_its_upper_sigma_against_that_of_the_bound():
    bound = float(BOUND.table.slip(SLOPE, 0.0))
    assert measured(slip(0.5, sigma=0.1)).slip == pytest.approx((1.0 - bound) / 0.4)
    assert measured(slip(-0.5)).slip < 1.0
    assert measured(slip(-0.5)).slower == 1.0
    # slip alone leaves the bound's own speed untouched until it has used that up
    assert measured(slip(0.5, sigma=0.1)).proven_slower == pytest.approx(0.7 * (1.0 - bound) / 0.4)


def test_consumption_is_the_load_over_that_of_the_bound():
    dear = measured(slip(0.0), load=1.5 * BOUND_W)
    assert dear.consumption == dear.dearer == pytest.approx(1.5)
    assert measured(slip(0.0), load=0.5 * BOUND_W).dearer == 1.0


def test_pace_is_the_time_over_that_of_the_bound_and_counts_stops():
    steady = drive(600, 0.5 * BOUND_MPS)
    assert steady.pace == pytest.approx(2.0)
    assert steady.slower >= 2.0
    brief = drive(100, 0.5 * BOUND_MPS)
    assert brief.pace == 1.0
    # standing half of the time is half the speed
    stopping = MeasuredFactors()
    for leg in range(30):
        stopping = drive(10, BOUND_MPS if leg % 2 else 0.0, stopping, 1000.0 + 10 * leg)
    assert stopping.pace == pytest.approx(2.0, rel=0.1)
    assert drive(400, 0.0).pace == 10.0 * LIMITS.factor_max


def test_means_follow_slowly_and_rest_when_parked_or_unmeasured():
    start = measured(slip(0.1, time_s=990.0), now=990.0)
    after = measured(slip(0.6), before=start)
    assert start.slip < after.slip < measured(slip(0.6)).slip
    for quiet in (None, slip(0.6, window=1.0), slip(0.6, time_s=0.0), slip(0.6, slope=1.4)):
        assert measured(quiet, before=start) == start
    assert measured(slip(0.6), before=start, driving=False) == start
    # a stop on the way costs time and says nothing of slip or power
    stop = measured(slip(0.6), before=start, speed=0.0)
    assert (stop.slip, stop.consumption) == (start.slip, start.consumption)
    assert stop.driving_s > start.driving_s
    # spinning on the spot is no parking
    assert measured(slip(1.0), before=start, speed=0.0).slip > start.slip


def test_what_was_measured_outlives_hours_of_drilling():
    bad = drive(600, 0.4 * BOUND_MPS, slip_=0.7)
    later = measured(slip(0.1, time_s=2e4), before=bad, now=2e4)
    assert later.slip > 0.9 * bad.slip
    assert later.pace > 0.9 * bad.pace


def test_the_way_back_allows_for_more_at_once_and_for_less_only_later():
    assert allow(Allowance(), 0.0, MeasuredFactors(0.0, slip=0.9), LIMITS).covers(Allowance())
    more = allow(Allowance(), 10.0, MeasuredFactors(10.0, slip=1.2, consumption=1.01), LIMITS)
    assert (more.pace, more.consumption) == (1.5, 1.25)
    kept = allow(more, 1000.0, MeasuredFactors(1000.0), LIMITS)
    assert kept == more
    dearer = allow(more, 1000.0, MeasuredFactors(1000.0, consumption=1.3), LIMITS)
    assert (dearer.pace, dearer.consumption) == (1.5, 1.5)
    assert allow(more, 10.0 + LIMITS.allowance_keep_s, MeasuredFactors(1000.0), LIMITS).covers(Allowance())
    assert allow(more, 20.0, MeasuredFactors(20.0, pace=math.inf), LIMITS).pace == LIMITS.factor_max


@pytest.mark.property
@given(st.floats(0.1, 2.6), st.floats(0.1, 2.6))
def test_what_is_allowed_for_is_never_less_than_what_was_measured(slower, dearer):
    asked = allow(Allowance(), 0.0, MeasuredFactors(0.0, pace=slower, consumption=dearer), LIMITS)
    assert asked.pace >= slower
    assert asked.consumption >= dearer
