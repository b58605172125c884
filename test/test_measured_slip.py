# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip that nobody foresaw, seen by the world's own sensors at `nominal`: measured, and no surer than it is."""

import numpy as np
import pytest

from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import MeasuredDrive, level
from lupex_system_tests.measured_localization import (
    estimator_at,
    go,
    heading_error_rad,
    normalised_errors,
    place_error_m,
    stopping,
    weave,
)

NOMINAL = level("nominal")


def constant(slip):
    return lambda time_s, distance_m: (slip, 0.0)


@pytest.mark.parametrize(
    ("slip", "slope", "lit", "seed"),
    [
        (0.05, (0.0, 0.0), True, 1),
        (0.2, (0.0, 0.0), False, 2),
        (0.4, (0.0, 0.0), True, 3),
        (0.6, (0.0, 0.0), False, 4),
        (0.3, (0.15, 0.05), True, 5),
        (0.1, (-0.1, 0.1), False, 6),
    ],
)
def test_constant_slip_is_measured_without_a_stop(slip, slope, lit, seed):
    ground = measured_ground.relief(seed, slope=slope, half_m=40.0)
    drive = MeasuredDrive(ground, NOMINAL, seed, slip=constant(slip), lit=lit)
    estimator = estimator_at(drive)
    go(drive, estimator, 4.0, 0.0)
    stated = []
    go(drive, estimator, 5.0 / (0.1 * (1.0 - slip)), turning=weave)
    go(drive, estimator, 120.0, turning=weave, watch=lambda: stated.append(estimator.motion.slip.slip))
    assert place_error_m(drive, estimator) < 0.015 * drive.distance_m
    assert np.mean(stated) == pytest.approx(slip, abs=0.03)
    assert np.std(stated) < 0.05
    # 99.9 % of a chi square of two degrees of freedom, each
    assert normalised_errors(drive, estimator)["place"] < 6.9


@pytest.mark.parametrize(("slip", "seed"), [(0.05, 1), (0.1, 2), (0.2, 3)])
def test_on_a_smooth_plain_without_a_stop_sigma_says_that_nothing_observes_the_slip(slip, seed):
    drive = MeasuredDrive(measured_ground.plane(40.0), NOMINAL, seed, slip=constant(slip))
    estimator = estimator_at(drive)
    go(drive, estimator, 4.0, 0.0)
    go(drive, estimator, 250.0)
    assert estimator.reckoning.p[:2, :2].trace() > 0.5**2
    assert normalised_errors(drive, estimator)["place"] < 6.9
    assert estimator.motion.slip.slip == pytest.approx(slip, abs=3.0 * max(estimator.motion.slip.sigma, 0.03))


@pytest.mark.parametrize(
    ("truth", "slip", "seed"), [("nominal", 0.2, 2), ("nominal", 0.2, 3), ("harsh", 0.4, 3), ("harsh", 0.2, 8)]
)
def test_on_a_smooth_plain_chance_is_taken_for_no_relief_and_the_speed_does_not_run_away(truth, slip, seed):
    """Of a hundred scans of noise some look like a hill; shaken accelerometers read another bias than at rest."""
    drive = MeasuredDrive(measured_ground.plane(60.0), level(truth), seed, slip=constant(slip))
    estimator = estimator_at(drive)
    go(drive, estimator, 20.0, 0.0)
    slips = []
    go(drive, estimator, 300.0, watch=lambda: slips.append(estimator.motion.slip.slip))
    # 99.9 % of a chi square of two degrees of freedom
    assert normalised_errors(drive, estimator)["place"] * 2.0 < 13.8
    assert place_error_m(drive, estimator) < 0.3 * drive.distance_m
    assert max(slip for slip in slips if slip is not None) < 1.0


@pytest.mark.parametrize(("truth", "slip", "seed"), [("nominal", 0.2, 2), ("harsh", 0.4, 3)])
def test_stops_where_they_tell_much_find_the_way_over_a_smooth_plain(truth, slip, seed):
    drive = MeasuredDrive(measured_ground.plane(60.0), level(truth), seed, slip=constant(slip))
    estimator = estimator_at(drive)
    go(drive, estimator, 20.0, 0.0)
    assert 0.0 < stopping(drive, estimator, 400.0) <= 0.03
    assert place_error_m(drive, estimator) < 0.015 * drive.distance_m
    assert normalised_errors(drive, estimator)["place"] < 6.9


def test_over_relief_no_stop_is_asked_for():
    drive = MeasuredDrive(measured_ground.relief(1, half_m=40.0), NOMINAL, 1, slip=constant(0.2))
    estimator = estimator_at(drive)
    go(drive, estimator, 20.0, 0.0)
    assert stopping(drive, estimator, 200.0) == 0.0


def test_a_step_in_the_slip_is_told_within_seconds_and_nothing_else_is_taken_for_one():
    told_s, false_alarms, quiet_s = [], 0, 0.0
    for seed in range(6):
        change_s = 1060.0 + 7.0 * seed
        drive = MeasuredDrive(
            measured_ground.relief(seed, half_m=30.0),
            NOMINAL,
            seed,
            slip=lambda time_s, _, at=change_s: (0.05 if time_s < at else 0.4, 0.0),
        )
        estimator = estimator_at(drive)
        go(drive, estimator, 4.0, 0.0)
        begun = []
        stepped = [False]

        def watch(drive=drive, estimator=estimator, begun=begun, stepped=stepped):
            now = estimator.motion.slip.stepped
            if now and not stepped[0]:
                begun.append(drive.time_s)
            stepped[0] = now

        go(drive, estimator, change_s - drive.time_s + 6.0, watch=watch)
        false_alarms += sum(at < change_s for at in begun)
        quiet_s += change_s - 1004.0
        told_s.append(min((at - change_s for at in begun if at >= change_s), default=np.inf))
    assert max(told_s) < 5.0
    assert false_alarms == 0, f"{false_alarms} in {quiet_s:.0f} s"


def test_tracks_that_spin_where_the_rover_stays_are_told():
    drive = MeasuredDrive(
        measured_ground.relief(3, half_m=30.0), NOMINAL, 3, slip=lambda time_s, _: (0.02 if time_s < 1060 else 1.0, 0.0)
    )
    estimator = estimator_at(drive)
    go(drive, estimator, 4.0, 0.0)
    go(drive, estimator, 56.0)
    assert not estimator.motion.slip.immobile
    go(drive, estimator, 30.0)
    assert estimator.motion.slip.immobile
    assert place_error_m(drive, estimator) < 0.2


def test_a_star_tracker_mounted_a_tenth_of_a_degree_off_is_within_what_is_said():
    off = []
    for seed in range(8):
        drive = MeasuredDrive(measured_ground.relief(seed, half_m=20.0), NOMINAL, seed)
        estimator = estimator_at(drive)
        go(drive, estimator, 4.0, 0.0)
        go(drive, estimator, 40.0, turning=weave)
        off.append((heading_error_rad(drive, estimator), normalised_errors(drive, estimator)["heading"]))
    errors, squared = np.array(off).T
    assert np.degrees(np.sqrt(np.mean(errors**2))) < 0.05
    # 0.1 % and 99.9 % of a chi square of eight degrees of freedom; the mountings were drawn from 0.02..0.1 deg
    assert 0.86 / 8 < squared.mean() < 26.1 / 8
