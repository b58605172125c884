# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A sensor that lies is left out and named; the rest goes on."""

import dataclasses

import numpy as np
import pytest

from lupex_localization import rotation
from lupex_localization.config import InitialPose, LocalizationConfig
from lupex_localization.health import Condition, gather, judge
from lupex_localization.localization import Localization
from lupex_localization.samples import AttitudeSample, InertialSample, SunSample, TrackSample
from lupex_localization.surroundings import Surroundings
from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import MeasuredDrive, level
from lupex_system_tests.measured_localization import (
    estimator_at,
    go,
    heading_error_rad,
    normalised_errors,
    place_error_m,
    weave,
)


@pytest.fixture
def driven():
    """Return a drive that has gone for half a minute, and its estimator."""
    drive = MeasuredDrive(measured_ground.relief(7, half_m=25.0), level("nominal"), 7, slip=lambda t, d: (0.1, 0.0))
    estimator = estimator_at(drive)
    go(drive, estimator, 4.0, 0.0)
    go(drive, estimator, 30.0, turning=weave)
    return drive, estimator


def alive(estimator):
    """Return a localization that holds an estimator which has begun."""
    return Localization(lambda: estimator, InitialPose(), lambda: None)


def said(drive, estimator):
    return judge(gather(alive(estimator), drive.time_s), LocalizationConfig())


def test_when_none_lies_all_is_well(driven):
    drive, estimator = driven
    go(drive, estimator, 60.0, turning=weave)
    assert said(drive, estimator) == (Condition.TRACKING, "")


def lying_forces(change):
    def lie(sample):
        return dataclasses.replace(sample, force=change(sample.force)) if isinstance(sample, InertialSample) else sample

    return lie


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f + np.array([0.3, 0.0, 0.0]),
        lambda f: f * 1.2,
        lambda f: f[[2, 1, 0]],
        lambda f: f[[1, 0, 2]] * np.array([1.0, 1.0, -1.0]),
    ],
    ids=["biased", "scaled", "swapped", "reversed"],
)
def test_accelerometers_that_lie_are_left_out(driven, change):
    drive, estimator = driven
    go(drive, estimator, 60.0, turning=weave, lie=lying_forces(change))
    condition, text = said(drive, estimator)
    assert condition is Condition.DEGRADED
    assert "accelerometers" in text
    assert place_error_m(drive, estimator) < 0.5


def test_a_frozen_inertial_unit_is_left_out(driven):
    drive, estimator = driven
    kept = []

    def lie(sample):
        if not isinstance(sample, InertialSample):
            return sample
        kept.append(sample)
        return dataclasses.replace(kept[0], time_s=sample.time_s)

    go(drive, estimator, 40.0, turning=weave, lie=lie)
    condition, text = said(drive, estimator)
    assert condition is Condition.DEGRADED
    assert "frozen" in text
    assert place_error_m(drive, estimator) < 0.5


@pytest.mark.parametrize("change", [lambda w: w + 3e-3, lambda w: w[[2, 0, 1]]], ids=["biased", "swapped"])
def test_gyros_that_lie_are_corrected_by_the_stars_or_left_out(driven, change):
    drive, estimator = driven

    def lie(sample):
        return dataclasses.replace(sample, rate=change(sample.rate)) if isinstance(sample, InertialSample) else sample

    go(drive, estimator, 90.0, turning=weave, lie=lie)
    assert abs(heading_error_rad(drive, estimator)) < 0.02
    assert place_error_m(drive, estimator) < 0.5


def test_false_stars_for_two_minutes_are_refused(driven):
    drive, estimator = driven
    false = rotation.from_rotation_vector(np.array([0.01, 0.02, 0.03]))

    def lie(sample):
        if not isinstance(sample, AttitudeSample):
            return sample
        return dataclasses.replace(sample, quaternion=rotation.multiply(sample.quaternion, false))

    accepted = estimator.accepted["attitude"]
    drive.lit = False
    go(drive, estimator, 120.0, turning=weave, lie=lie)
    assert estimator.accepted["attitude"] <= accepted + 1
    condition, text = said(drive, estimator)
    assert condition is Condition.DEGRADED
    assert "star tracker" in text
    assert normalised_errors(drive, estimator)["heading"] < 10.8
    go(drive, estimator, 10.0, turning=weave)
    assert said(drive, estimator)[0] is Condition.TRACKING


def test_a_counter_that_stands_takes_its_track_out(driven):
    drive, estimator = driven

    def lie(sample):
        if not isinstance(sample, TrackSample):
            return sample
        travel = sample.travel_m.copy()
        travel[2] = 1.0
        return dataclasses.replace(sample, travel_m=travel)

    go(drive, estimator, 30.0, turning=weave, lie=lie)
    condition, text = said(drive, estimator)
    assert condition is Condition.DEGRADED
    assert "rl_drive" in text
    assert place_error_m(drive, estimator) < 0.5


def test_a_sun_below_the_skyline_is_not_believed(driven):
    drive, _ = driven
    estimator = estimator_at(drive)
    terms = estimator.terms
    terms.surroundings = Surroundings(
        terms.surroundings.map_from_icrf, terms.surroundings.sun_in_map, lambda x_m, y_m, azimuth: 0.2
    )
    go(drive, estimator, 10.0, turning=weave)
    assert estimator.accepted["sun"] == 0
    condition, text = said(drive, estimator)
    assert condition is Condition.DEGRADED
    assert "below the skyline" in text


def test_a_sun_that_contradicts_the_stars_is_left_out(driven):
    drive, estimator = driven

    def lie(sample):
        return (
            dataclasses.replace(sample, direction=sample.direction[[1, 0, 2]])
            if isinstance(sample, SunSample)
            else sample
        )

    go(drive, estimator, 10.0, turning=weave, lie=lie)
    assert "sun sensor" in said(drive, estimator)[1]
