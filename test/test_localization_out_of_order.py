# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Samples late, early, twice, and in any order: the same estimate as in order."""

import numpy as np
import pytest

from lupex_localization.samples import AttitudeSample, InertialSample, ScanSample, SunSample, TrackSample
from lupex_node.checks import InvalidMessage
from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import MeasuredDrive, level
from lupex_system_tests.measured_localization import estimator_at, samples


@pytest.fixture(scope="module")
def recorded():
    """Return the drive at its begin and all that its sensors told in a minute: 4 s at rest, then over the hills."""
    drive = MeasuredDrive(measured_ground.relief(1, half_m=20.0), level("nominal"), 1, slip=lambda t, d: (0.2, 0.0))
    estimator = estimator_at(drive)
    steps = [drive.step(0.0 if k < 100 else 0.1, 0.0 if k < 100 else 0.03) for k in range(1500)]
    return [sample for step in steps for sample in samples(estimator, step)]


def begun():
    return estimator_at(MeasuredDrive(measured_ground.relief(1, half_m=20.0), level("nominal"), 1))


def told(arrivals):
    """Feed (time of arrival, sample) in order of arrival; return the estimator."""
    estimator = begun()
    for now_s, sample in sorted(arrivals, key=lambda each: each[0]):
        estimator.add(sample, now_s)
        estimator.advance()
    return estimator


@pytest.fixture(scope="module")
def in_order(recorded):
    return told([(sample.time_s, sample) for sample in recorded])


def same(one, other):
    a, b = one.reckoning, other.reckoning
    assert a.time_s == b.time_s
    assert a.x == pytest.approx(b.x, abs=1e-9)
    assert a.p == pytest.approx(b.p, abs=1e-9)
    assert a.odom_position_m == pytest.approx(b.odom_position_m, abs=1e-9)
    assert one.accepted == other.accepted


@pytest.mark.parametrize(
    ("kind", "late_s"),
    [(TrackSample, 0.5), (AttitudeSample, 9.0), (SunSample, 3.0), (ScanSample, 4.0), (InertialSample, 0.4)],
)
def test_one_kind_that_is_always_late_changes_nothing(recorded, in_order, kind, late_s):
    arrivals = [(sample.time_s + (late_s if isinstance(sample, kind) else 0.0), sample) for sample in recorded]
    same(told(arrivals), in_order)


def test_any_order_up_to_ten_seconds_late_is_the_same(recorded, in_order):
    rng = np.random.default_rng(5)
    # most at once, some seconds late, as over a bad link
    late_s = np.where(rng.random(len(recorded)) < 0.03, rng.uniform(0.0, 9.5, len(recorded)), 0.0)
    assert in_order.accepted["ground"] > 5
    same(told([(s.time_s + late, s) for s, late in zip(recorded, late_s, strict=True)]), in_order)


def test_what_is_told_twice_is_refused_and_changes_nothing(recorded, in_order):
    estimator = begun()
    twice = 0
    for k, sample in enumerate(recorded):
        estimator.add(sample, sample.time_s)
        if k % 7 == 0:
            twice += 1
            with pytest.raises(InvalidMessage, match="taken"):
                estimator.add(sample, sample.time_s)
        estimator.advance()
    assert sum(stream.refused["duplicate"] for stream in estimator.streams.values()) == twice
    same(estimator, in_order)


def test_stamps_ahead_of_the_clock_are_taken(recorded):
    """Inertial stamps 0.4 s ahead: the place is as good as the shift allows, and nothing is refused."""
    estimator = begun()
    for sample in recorded:
        ahead = 0.4 if isinstance(sample, InertialSample) else 0.0
        moved = sample if not ahead else InertialSample(sample.time_s + ahead, sample.rate, sample.force)
        estimator.add(moved, sample.time_s)
        estimator.advance()
    assert all(not stream.refused for stream in estimator.streams.values())
    assert estimator.reckoning.time_s == pytest.approx(recorded[-1].time_s, abs=0.5)
    assert estimator.accepted["tracks"] > 1000
