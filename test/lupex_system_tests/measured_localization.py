# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The localization fed by a drive with known truth, and how far it is off in units of what it says."""

import dataclasses
import math

import numpy as np

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import initial_state
from lupex_localization.samples import ScanSample
from lupex_localization.start import Beginning
from lupex_localization.stop_choice import StopChoice
from lupex_localization.surroundings import Surroundings
from lupex_localization.track_odometry import SlipModel
from lupex_system_tests.measured_drive import MAP_FROM_ICRF, MOON_RATE, ROVER, STEP_S, SUN

TRACKS = LocalizationConfig().tracks
SLIP_MODEL = SlipModel.build(ROVER, 16, 0.0524, 0.5236, TRACKS.slip_sigma, TRACKS.sideslip_sigma)
BLOCKS = ("place", "height", "heading", "velocity", "gyro bias", "accelerometer bias")


def estimator_at(drive, config=None, place_m=0.01):
    """Return an estimator that begins where the drive stands, its heading known to a few degrees."""
    surroundings = Surroundings(lambda _: MAP_FROM_ICRF, lambda _: SUN, frame_rate=MOON_RATE)
    made = PoseEstimator(config or LocalizationConfig(), ROVER, SLIP_MODEL, surroundings)
    spread = dataclasses.replace(
        made.terms.spread(), position_m=place_m, height_m=place_m, tilt_rad=0.01, yaw_rad=0.05, velocity_mps=1e-3
    )
    made.begin(Beginning(initial_state(drive.time_s, drive.position, drive.quaternion, spread)))
    return made


def samples(estimator, step):
    """Return the samples of a step in the order in which they are told."""
    made = [sample for sample in (step.inertial, step.tracks, step.star, step.sun) if sample is not None]
    if step.cloud is not None:
        made.append(ScanSample(step.inertial.time_s, estimator.terms.matcher.points(step.cloud)))
    return made


def go(drive, estimator, seconds, speed_mps=0.1, turning=0.0, lie=None, watch=None):
    """Drive on and localize; `lie` (sample) -> sample or None changes what is told, `watch` () sees each step."""
    for _ in range(round(seconds / STEP_S)):
        rate = turning(drive.time_s) if callable(turning) else turning
        for sample in samples(estimator, drive.step(speed_mps, rate)):
            told = sample if lie is None else lie(sample)
            if told is not None:
                estimator.add(told, drive.time_s)
        estimator.advance()
        if watch is not None:
            watch()


def stopping(drive, estimator, seconds):
    """Drive on, and stand where that is asked for; return the share of the time that the rover stood."""
    choice, end_s, stood = StopChoice(LocalizationConfig().stops), drive.time_s + seconds, 0
    while drive.time_s < end_s:
        moving, stands = estimator.moving, estimator.stationary
        wanted = choice.look(drive.time_s, moving, stands, estimator.reckoning.p)
        stood += wanted
        go(drive, estimator, 1.0, 0.0 if wanted else 0.1)
    return stood / seconds


def weave(time_s):
    """Return a rate of turning that leads to and fro."""
    return 0.02 * math.sin(time_s / 25.0)


def place_error_m(drive, estimator):
    """Return the horizontal distance from the truth."""
    return float(np.hypot(*(estimator.reckoning.x[:2] - drive.position[:2])))


def normalised_errors(drive, estimator):
    """Return the normalised squared error a degree of freedom of each block."""
    x, p = estimator.reckoning.x, estimator.reckoning.p
    turned = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(x[esf.QUATERNION]), drive.quaternion))
    # scale and misalignment of accelerometers that feel hardly anything but gravity look like bias
    felt = np.array([0.0, 0.0, 1.624]) @ drive.rotation
    sensed = np.array(drive.draw.imu.accelerometer.sensed) - np.eye(3)
    errors = np.concatenate(
        [
            drive.position - x[0:3],
            drive.velocity - x[3:6],
            turned,
            drive.imu.gyro_bias_rad_s - x[esf.GYRO_BIAS],
            drive.imu.accelerometer_bias_mps2 + sensed @ felt - x[esf.ACCELEROMETER_BIAS],
        ]
    )

    def squared(first, last):
        block = p[first:last, first:last]
        return float(errors[first:last] @ np.linalg.solve(block, errors[first:last])) / (last - first)

    up = rotation.rotation_matrix(x[esf.QUATERNION])[2]
    heading = float((up @ turned) ** 2 / (up @ p[6:9, 6:9] @ up))
    values = squared(0, 2), squared(2, 3), heading, squared(3, 6), squared(9, 12), squared(12, 15)
    return dict(zip(BLOCKS, values, strict=True))


def heading_error_rad(drive, estimator) -> float:
    """Return the error of the heading."""
    off = rotation.yaw_of(estimator.reckoning.x[esf.QUATERNION]) - rotation.yaw_of(drive.quaternion)
    return math.remainder(off, math.tau)
