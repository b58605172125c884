# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_simulator.sensors.inertial import InertialUnit, moon_rotation_map_rad_s
from lupex_worlds.pose import Pose
from lupex_worlds.truth.sensor_truth import kind_sensors

IMU = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml").imu
KIND = kind_sensors().imu


def without_errors(axes, **kept):
    return dataclasses.replace(axes, **{"noise": 0.0, "bias_sigma": 0.0, "bias_walk": 0.0, **kept})


PERFECT = dataclasses.replace(KIND, gyro=without_errors(KIND.gyro), accelerometer=without_errors(KIND.accelerometer))
MOON = moon_rotation_map_rad_s(SiteFrame(math.radians(-89.44), math.radians(222.9), 0.0))
REST = np.zeros(3)


def attitude(roll=0.0, pitch=0.0, yaw=0.0):
    return Pose(0.0, 0.0, 0.0, roll, pitch, yaw).rotation()


def unit(config=PERFECT, seed=1):
    return InertialUnit(config, MOON, np.random.default_rng(seed))


def test_moon_turns_against_the_zenith_of_the_south_pole():
    assert np.linalg.norm(MOON) == pytest.approx(2.6617e-6)
    assert MOON[2] == pytest.approx(-2.6617e-6 * math.sin(math.radians(89.44)))
    # true north lies at grid azimuth = longitude, and the axis leans to it
    assert math.atan2(MOON[0], MOON[1]) % (2 * math.pi) == pytest.approx(math.radians(222.9))


def test_at_rest_it_reads_gravity_and_the_moons_rotation():
    r = attitude(0.1, -0.2, 0.7)
    rate, force = unit().sample(r, r, REST, REST, 0.04)
    assert force == pytest.approx(r.T @ [0.0, 0.0, 1.624])
    assert rate == pytest.approx(r.T @ MOON)


@pytest.mark.property
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3.0, 3.0), st.floats(-0.02, 0.02))
def test_mean_rate_turns_one_attitude_into_the_next(roll, pitch, yaw, turn):
    before, after = attitude(roll, pitch, yaw), attitude(roll + turn / 3, pitch - turn / 2, yaw + turn)
    rate, _ = unit().sample(before, after, REST, REST, 0.5)
    vector = (rate - after.T @ MOON) * 0.5
    angle = np.linalg.norm(vector)
    k = np.array([[0, -vector[2], vector[1]], [vector[2], 0, -vector[0]], [-vector[1], vector[0], 0]])
    turned = np.eye(3) + k * np.sinc(angle / np.pi) + k @ k * (0.5 * np.sinc(angle / 2 / np.pi) ** 2)
    assert before @ turned == pytest.approx(after, abs=1e-9)


def test_acceleration_is_felt_in_body_axes():
    r = attitude(yaw=math.pi / 2)
    _, force = unit().sample(r, r, REST, np.array([0.0, 0.004, 0.0]), 0.04)
    assert force == pytest.approx([0.1, 0.0, 1.624])


def test_white_noise_falls_with_the_root_of_the_interval():
    quiet = dataclasses.replace(
        KIND,
        gyro=dataclasses.replace(KIND.gyro, bias_sigma=0.0),
        accelerometer=dataclasses.replace(KIND.accelerometer, bias_sigma=0.0),
    )
    r = attitude()
    for dt in (0.04, 0.5):
        made = unit(quiet)
        samples = np.array([np.concatenate(made.sample(r, r, REST, REST, dt)) for _ in range(2000)])
        # 3 x 2000 values: the sample's sigma is true to 1 %, asked for is 5 %
        assert samples[:, :3].std() == pytest.approx(IMU.gyro_noise_rad_s_rthz / math.sqrt(dt), rel=0.05)
        force = samples[:, 3:] - samples[:, 3:].mean(axis=0)
        assert force.std() == pytest.approx(IMU.accelerometer_noise_mps2_rthz / math.sqrt(dt), rel=0.05)


def test_bias_walks_and_shows():
    walking = dataclasses.replace(
        PERFECT,
        gyro=without_errors(KIND.gyro, bias_walk=1e-6),
        accelerometer=without_errors(KIND.accelerometer, bias_sigma=1e-3),
    )
    made = unit(walking)
    r = attitude()
    before = made.accelerometer_bias_mps2.copy()
    for _ in range(1000):
        rate, force = made.sample(r, r, REST, REST, 1.0)
    assert np.array_equal(made.accelerometer_bias_mps2, before)
    assert force - [0.0, 0.0, 1.624] == pytest.approx(before)
    # three axes of a walk of sigma 1e-6 sqrt(1000) = 3.2e-5
    assert 3e-6 < np.abs(rate - r.T @ MOON).max() < 2e-4


def test_same_seed_same_noise():
    r = attitude()
    one, two, other = unit(KIND, 5), unit(KIND, 5), unit(KIND, 6)
    first = one.sample(r, r, REST, REST, 0.04)
    assert np.array_equal(first, two.sample(r, r, REST, REST, 0.04))
    assert not np.array_equal(first, other.sample(r, r, REST, REST, 0.04))


def test_interval_must_be_positive():
    with pytest.raises(ValueError, match="positive interval"):
        unit().sample(attitude(), attitude(), REST, REST, 0.0)
