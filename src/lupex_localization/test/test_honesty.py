# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is believed of place and heading, against worlds drawn from published spreads and not from the estimator's own.

Spreads [S] as in FACTS, Harshness: LN-200S (0.07 deg/sqrt(h), 300 ug), a star tracker mounted to 0.02..0.1 deg,
sprockets to 0.5..1 %, slip off what a model of the soil predicts by up to a factor of two.
"""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).parent))
from hilly_world import ROVER, World

from lupex_localization import rotation
from lupex_localization.samples import TrackSample
from lupex_localization.start import Beginning

RUNS = 16
DRIVE_S = 100.0

IMU = dataclasses.replace(
    ROVER.imu,
    gyro_noise_rad_s_rthz=math.radians(0.07) / 60.0,
    accelerometer_bias_mps2=300e-6 * 9.80665,
)


class FirstOrderSlip:
    """Slide in proportion to the slope: Janosi and Hanamoto to first order, 2 K / L over the derated tan phi.

    K 18 mm, phi 35 deg and a third of the strength lost, on half a metre of track, times the run's own factor.
    """

    def __init__(self, factor):
        self._each = factor * 2.0 * 0.018 / 0.5 / (0.667 * math.tan(math.radians(35.0)))

    def at(self, along_rad, across_rad):
        return self._each * math.sin(along_rad), 0.0, -self._each * math.sin(across_rad), 0.0


class PublishedWorld(World):
    """A world whose errors are drawn from what is published; constant through a run but for the sensors' noise."""

    def __init__(self, seed):
        rng = np.random.default_rng([seed, 20])
        super().__init__(
            dataclasses.replace(ROVER, imu=IMU), FirstOrderSlip(math.exp(rng.uniform(-1.0, 1.0) * math.log(2.0))), rng
        )
        axis = rng.standard_normal(3)
        mounted_off = math.radians(rng.uniform(0.02, 0.1)) * axis / np.linalg.norm(axis)
        self.mounting = rotation.from_rotation_vector(mounted_off)
        self.radius = 1.0 + rng.uniform(0.005, 0.01, 4) * rng.choice((-1.0, 1.0), 4)
        self.off_m = np.append(rng.uniform(-1.0, 1.0, 2) * 0.1 * math.sqrt(3.0), 0.0)
        self.off_yaw_rad = rng.uniform(-1.0, 1.0) * 0.05 * math.sqrt(3.0)

    def step(self, speed_mps, turning_rad_s, dt=0.04):
        sample, tracks = super().step(speed_mps, turning_rad_s, dt)
        # the encoder counts turns of a sprocket that it takes to be as drawn
        read = tracks.track_mps / self.radius
        return sample, TrackSample(tracks.time_s, tracks.steer_rad, read, tracks.travel_m / self.radius)

    def star(self, offset=(0.0, 0.0, 0.0)):
        seen = super().star(offset)
        return dataclasses.replace(seen, quaternion=rotation.multiply(seen.quaternion, self.mounting))


def driven(world, make_estimator):
    """Park for 4 s, then weave over the hills; stars, Sun and joint states as the rover has them."""
    estimator = make_estimator(world)
    state = estimator.reckoning.state
    nominal = state.nominal.copy()
    nominal[0:3] += world.off_m
    off = rotation.rotation_matrix(nominal[6:10]).T @ np.array([0.0, 0.0, world.off_yaw_rad])
    nominal[6:10] = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(off))
    estimator.begin(Beginning(dataclasses.replace(state, nominal=nominal)))
    for k in range(round((4.0 + DRIVE_S) / 0.04)):
        rolling = k >= 100
        turning = 0.04 * math.sin(world.time_s / 15.0) if rolling else 0.0
        sample, joints = world.step(0.1 if rolling else 0.0, turning)
        estimator.add(sample, world.time_s)
        if k % 5 != 4:
            estimator.add(joints, world.time_s)
        if k % 25 == 0:
            estimator.add(world.star(), world.time_s)
            estimator.add(world.sun(), world.time_s)
        estimator.advance()
    return estimator


@pytest.fixture(scope="module")
def kept():
    """Return what the first test that asks for the ends of the runs leaves for the others."""
    return {}


@pytest.fixture
def ends(kept, make_estimator, error_of):
    """Return normalised squared errors at the end of each run: of place in x and y (n,), of attitude (n,); and [m]."""
    if not kept:
        place, attitude, off_m = [], [], []
        for seed in range(RUNS):
            world = PublishedWorld(seed)
            estimator = driven(world, make_estimator)
            error, covariance = error_of(estimator, world), estimator.reckoning.state.covariance
            place.append(float(error[:2] @ np.linalg.solve(covariance[:2, :2], error[:2])))
            attitude.append(float(error[6:9] @ np.linalg.solve(covariance[6:9, 6:9], error[6:9])))
            off_m.append(float(np.hypot(*error[:2])))
        kept.update(place=np.array(place), attitude=np.array(attitude), off_m=np.array(off_m))
    return kept


def test_the_place_lies_as_far_off_as_is_said(ends):
    assert float(ends["place"].sum()) < chi2.ppf(0.999, 2 * RUNS)


def test_the_place_is_not_believed_to_be_much_worse_than_it_is(ends):
    # By a factor of two in sigma at most.
    assert float(ends["place"].sum()) > 2 * RUNS / 4.0
    assert float(ends["off_m"].max()) < 0.05 * 0.1 * DRIVE_S + 0.3


def test_the_attitude_lies_as_far_off_as_is_said(ends):
    assert float(ends["attitude"].sum()) < chi2.ppf(0.999, 3 * RUNS)
