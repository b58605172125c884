# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.configuration import ConfigurationError, from_mapping
from lupex_models.rover import read_rover
from lupex_worlds.spread import uniform
from lupex_worlds.truth.imu_truth import ImuTruth, draw_imu
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.truth.lidar_truth import LidarTruth
from lupex_worlds.truth.sensor_spread import either_sign, sensing_matrix, small_rotation, three
from lupex_worlds.truth.sensor_truth import SensorTruth, draw_sensors, kind_sensors

LEVELS = ("kind", "nominal", "harsh")


@pytest.fixture(scope="module")
def levels(repository):
    return {level: read_level(level, [repository / "worlds"]).sensors for level in LEVELS}


def leaves(section):
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value)
        else:
            yield field.name, value


def test_kind_is_what_the_rover_says_of_itself_and_nothing_beside(repository, levels):
    assert levels["kind"] == SensorTruth()
    rover = read_rover(repository / "config" / "rover.yaml")
    draw = kind_sensors()
    gyro, accelerometer = draw.imu.gyro, draw.imu.accelerometer
    assert gyro.noise == rover.imu.gyro_noise_rad_s_rthz
    assert gyro.bias_sigma == rover.imu.gyro_bias_rad_s
    assert gyro.bias_walk == rover.imu.gyro_bias_walk_rad_s2_rthz
    assert accelerometer.noise == rover.imu.accelerometer_noise_mps2_rthz
    assert accelerometer.bias_sigma == rover.imu.accelerometer_bias_mps2
    assert accelerometer.bias_walk == rover.imu.accelerometer_bias_walk_mps3_rthz
    assert np.array_equal(gyro.sensed, np.eye(3))
    assert np.array_equal(accelerometer.sensed, np.eye(3))
    assert draw.star_tracker.cross_sigma_rad == rover.star_tracker.cross_sigma_rad
    assert draw.star_tracker.roll_sigma_rad == rover.star_tracker.roll_sigma_rad
    assert draw.star_tracker.sun_exclusion_rad == rover.star_tracker.sun_exclusion_rad
    assert draw.sun_sensor.sigma_rad == rover.sun_sensor.sigma_rad
    assert draw.lidar.range_sigma_m == rover.lidar.range_sigma_m
    assert not any((*draw.star_tracker.mounting_rad, *draw.sun_sensor.mounting_rad, *draw.lidar.mounting_rad))
    assert draw.lidar.scan_duration_s == draw.star_tracker.outage_rate_hz == draw.star_tracker.dust_rate_hz == 0.0


def test_no_level_draws_outside_its_spreads_and_each_is_used(levels):
    for level in LEVELS:
        draws = [draw_sensors(levels[level], seed) for seed in range(60)]
        lidar, spread = [draw.lidar for draw in draws], levels[level].lidar
        for name, (low, high) in leaves(spread):
            if name == "mounting_deg":
                drawn = [math.degrees(np.linalg.norm(draw.mounting_rad)) for draw in lidar]
            else:
                drawn = [getattr(draw, name) for draw in lidar]
            assert min(drawn) >= low - 1e-12
            assert max(drawn) <= high + 1e-12
            # of 60 draws one lies in the upper tenth, and one in the lower, but for 0.2 %
            assert max(drawn) >= high - 0.11 * (high - low)
            assert min(drawn) <= low + 0.11 * (high - low)


def test_nominal_is_the_published_class_and_harsh_is_worse(levels):
    nominal, harsh = levels["nominal"], levels["harsh"]
    # 0.07 deg/sqrt(h) in an hour, 300 ug
    assert math.degrees(nominal.imu.gyro_noise_rad_s_rthz[1] * 60.0) == pytest.approx(0.07, rel=0.01)
    assert nominal.imu.accelerometer_bias_mps2[1] == pytest.approx(300e-6 * 9.80665, rel=0.01)
    assert nominal.star_tracker.mounting_deg == (0.02, 0.10)
    assert nominal.sun_sensor.mounting_deg == nominal.lidar.mounting_deg == (0.10, 0.30)
    better = {"gyro_range_rad_s", "accelerometer_range_mps2", "full_signal_m", "window_transmission", "albedo_patch_m"}
    for (name, calm), (_, rough) in zip(leaves(nominal), leaves(harsh)):
        if name not in better | {"false_attitude_deg"}:
            assert rough[1] >= calm[1], name
            assert rough[0] >= calm[0], name
        elif name in better:
            assert rough[1] <= calm[1], name


def test_the_same_seed_draws_the_same_and_no_sensor_moves_another(levels):
    nominal = levels["nominal"]
    assert draw_sensors(nominal, 7) == draw_sensors(nominal, 7)
    assert draw_sensors(nominal, 7) != draw_sensors(nominal, 8)
    other = dataclasses.replace(nominal, lidar=LidarTruth())
    assert draw_sensors(other, 7).imu == draw_sensors(nominal, 7).imu
    assert draw_sensors(other, 7).star_tracker == draw_sensors(nominal, 7).star_tracker
    assert draw_sensors(other, 7).sun_sensor == draw_sensors(nominal, 7).sun_sensor


def test_sizes_have_either_sign():
    rng = np.random.default_rng(1)
    drawn = np.array([three((2.0, 3.0), rng) for _ in range(300)])
    assert np.abs(drawn).min() >= 2.0
    assert np.abs(drawn).max() <= 3.0
    assert abs((drawn > 0).mean() - 0.5) < 5 * math.sqrt(0.25 / 900)
    assert either_sign((0.0, 0.0), rng) == 0.0


def test_rotations_are_of_the_size_asked_for_about_any_axis():
    rng = np.random.default_rng(2)
    drawn = np.array([small_rotation((0.1, 0.3), rng) for _ in range(1000)])
    size = np.degrees(np.linalg.norm(drawn, axis=1))
    assert size.min() >= 0.1
    assert size.max() <= 0.3
    assert size.mean() == pytest.approx(0.2, abs=5 * 0.2 / math.sqrt(12 * 1000))
    axes = drawn / np.linalg.norm(drawn, axis=1)[:, None]
    # on a sphere each component has mean 0 and variance 1/3
    assert np.abs(axes.mean(axis=0)).max() < 5 * math.sqrt(1 / 3000)
    assert axes.var(axis=0) == pytest.approx([1 / 3] * 3, abs=5 * 0.3 / math.sqrt(1000))


def test_scale_stands_on_the_diagonal_and_misalignment_beside_it():
    sensed = np.array(sensing_matrix((100.0, 100.0), (0.02, 0.02), np.random.default_rng(3)))
    assert np.abs(np.diag(sensed) - 1.0) == pytest.approx([1e-4] * 3)
    aside = sensed[~np.eye(3, dtype=bool)]
    assert np.abs(aside) == pytest.approx([0.02] * 6)


def test_gyroscopes_and_accelerometers_take_their_own_spreads():
    draw = draw_imu(
        ImuTruth(
            gyro_scale_ppm=(10.0, 10.0),
            accelerometer_scale_ppm=(20.0, 20.0),
            rectified_rad_s=(3e-6, 3e-6),
            rectified_mps2=(4e-4, 4e-4),
            shake_rad=(5e-4, 5e-4),
            shake_mps=(6e-3, 6e-3),
        ),
        np.random.default_rng(4),
    )
    assert abs(draw.gyro.sensed[0][0] - 1.0) == pytest.approx(10e-6)
    assert abs(draw.accelerometer.sensed[2][2] - 1.0) == pytest.approx(20e-6)
    assert np.abs(draw.gyro.rectified) == pytest.approx([3e-6] * 3)
    assert np.abs(draw.accelerometer.rectified) == pytest.approx([4e-4] * 3)
    assert (draw.gyro.shake, draw.accelerometer.shake) == (5e-4, 6e-3)


def test_a_spread_in_the_wrong_order_is_refused():
    with pytest.raises(ValueError, match="from low to high, not from 2 to 1"):
        uniform((2.0, 1.0), np.random.default_rng(0))


def test_an_unknown_or_impossible_number_is_refused():
    with pytest.raises(ConfigurationError, match="dust_sharee"):
        from_mapping(SensorTruth, {"lidar": {"dust_sharee": [0, 0]}}, "level")
    with pytest.raises(ConfigurationError, match="dropout_share"):
        from_mapping(SensorTruth, {"lidar": {"dropout_share": [0, 1.5]}}, "level")
