# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_simulator.sensors.inertial import InertialUnit
from lupex_worlds.pose import Pose
from lupex_worlds.truth.sensor_truth import kind_sensors

KIND = kind_sensors().imu
STILL = np.zeros(3)
LEVEL = np.eye(3)
SENSED = ((1.0001, 2e-4, -3e-4), (-4e-4, 0.9998, 5e-4), (6e-4, -7e-4, 1.0003))


def axes(base, **kept):
    return dataclasses.replace(base, **{"noise": 0.0, "bias_sigma": 0.0, "bias_walk": 0.0, **kept})


def imu(gyro=None, accelerometer=None, **kept):
    return dataclasses.replace(
        KIND,
        gyro=axes(KIND.gyro, **(gyro or {})),
        accelerometer=axes(KIND.accelerometer, **(accelerometer or {})),
        **kept,
    )


def unit(draw, seed=1):
    return InertialUnit(draw, np.zeros(3), np.random.default_rng(seed))


def at_rest(made, count, dt_s=0.04, track_mps=0.0):
    """Readings (count, 6) on level ground, gravity taken off."""
    readings = [np.concatenate(made.sample(LEVEL, LEVEL, STILL, STILL, dt_s, track_mps)) for _ in range(count)]
    return np.array(readings) - [0.0, 0.0, 0.0, 0.0, 0.0, 1.624]


def turned(rate_rad_s, dt_s):
    """Base to map after a turn at a constant rate about one axis."""
    axis = int(np.argmax(np.abs(rate_rad_s)))
    angle = rate_rad_s[axis] * dt_s
    pose = [0.0, 0.0, 0.0]
    pose[axis] = angle
    return Pose(0.0, 0.0, 0.0, *pose).rotation()


def test_white_noise_falls_with_the_root_of_the_averaging_time():
    readings = at_rest(unit(imu({"noise": 2.04e-5}, {"noise": 5e-4})), 6000)
    for averaged in (1, 10, 60):
        means = readings.reshape(-1, averaged, 6).mean(axis=1)
        # a sample's sigma of n values is true to 1 / sqrt(2 n): five of it
        allowed = 5.0 / math.sqrt(2.0 * 3 * len(means))
        time_s = 0.04 * averaged
        assert means[:, :3].std() == pytest.approx(2.04e-5 / math.sqrt(time_s), rel=allowed)
        assert means[:, 3:].std() == pytest.approx(5e-4 / math.sqrt(time_s), rel=allowed)


def test_noise_and_walks_of_both_kinds_of_axes_are_independent():
    made = unit(imu({"noise": 1.0, "bias_walk": 1e-3}, {"noise": 1.0, "bias_walk": 1e-3}))
    readings, biases = [], []
    for _ in range(4000):
        biases.append(np.concatenate([made.gyro_bias_rad_s, made.accelerometer_bias_mps2]))
        readings.append(at_rest(made, 1)[0])
    white, walk = np.array(readings)[:-1] - biases[:-1], np.diff(biases, axis=0)
    related = np.corrcoef(np.hstack([white, walk]).T) - np.eye(12)
    assert np.abs(related).max() < 5 / math.sqrt(4000)


def test_angular_random_walk_over_an_hour_is_that_of_the_class():
    # 0.07 deg/sqrt(h): one sample over an hour is off by 0.07 deg
    made = unit(imu({"noise": 2.04e-5}))
    angles = at_rest(made, 600, dt_s=3600.0)[:, :3] * 3600.0
    assert np.degrees(angles.std()) == pytest.approx(0.07, rel=5.0 / math.sqrt(2.0 * 1800))


def test_bias_is_constant_in_a_run_and_spread_by_its_sigma_over_runs():
    spread = {"noise": 1e-3, "bias_sigma": 2.94e-3}
    made = unit(imu({"noise": 1e-5, "bias_sigma": 5e-6}, spread))
    means = at_rest(made, 5000).mean(axis=0)
    noise = np.repeat([1e-5, 1e-3], 3) / math.sqrt(0.04 * 5000)
    assert np.all(np.abs(means - np.concatenate([made.gyro_bias_rad_s, made.accelerometer_bias_mps2])) < 5 * noise)
    biases = np.array([unit(imu(None, spread), seed).accelerometer_bias_mps2 for seed in range(300)])
    assert biases.std() == pytest.approx(2.94e-3, rel=5.0 / math.sqrt(2.0 * 900))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scale_and_misalignment_are_seen_in_known_rates_and_in_gravity(axis):
    made = unit(imu({"sensed": SENSED}, {"sensed": SENSED}))
    rate = np.zeros(3)
    rate[axis] = 0.3
    told, _ = made.sample(LEVEL, turned(rate, 0.04), STILL, STILL, 0.04)
    # column by column: what each axis feels of a rate about this one
    assert told == pytest.approx([row[axis] * 0.3 for row in SENSED], abs=1e-12)
    # gravity along this axis of the body: 0 nose up, 1 left side up, 2 level
    lean = (Pose(0, 0, 0, 0.0, -math.pi / 2, 0), Pose(0, 0, 0, math.pi / 2, 0.0, 0), Pose(0, 0, 0, 0, 0, 0))[axis]
    r = lean.rotation()
    assert r.T[axis, 2] == pytest.approx(1.0)
    _, force = made.sample(r, r, STILL, STILL, 0.04)
    assert force == pytest.approx([row[axis] * 1.624 for row in SENSED], abs=1e-12)


def test_readings_stay_at_the_end_of_their_range():
    made = unit(imu({"limit": 2.0}, {"limit": 20.0}))
    assert made.sample(LEVEL, turned(np.array([0.0, 0.0, 3.0]), 0.04), STILL, STILL, 0.04)[0][2] == 2.0
    assert made.sample(LEVEL, turned(np.array([0.0, -3.0, 0.0]), 0.04), STILL, STILL, 0.04)[0][1] == -2.0
    rate, force = made.sample(LEVEL, turned(np.array([1.9, 0.0, 0.0]), 0.04), STILL, np.array([1.0, 0, 0]), 0.04)
    assert rate[0] == pytest.approx(1.9)
    assert np.hypot(force[0], force[2]) == pytest.approx(20.0, rel=0.01)


def test_readings_are_whole_pulses_and_none_is_lost():
    quantum = 1e-4
    made = unit(imu({"quantum": quantum}, {"quantum": quantum}))
    rate = np.array([0.0, 0.0, 0.00123])
    after = turned(rate, 0.04)
    told = np.array([made.sample(LEVEL, after, STILL, STILL, 0.04) for _ in range(1000)])
    pulses = told * 0.04 / quantum
    assert np.abs(pulses - np.round(pulses)).max() < 1e-6
    assert set(np.round(pulses[:, 0, 2]).astype(int)) == {0, 1}
    # what was turned and what was counted differ by less than a pulse, however long it takes
    assert abs((told[:, 0, 2].sum() - 1000 * 0.00123) * 0.04) < quantum
    assert abs((told[:, 1, 2].sum() - 1000 * 1.624) * 0.04) < quantum


def test_tracks_shake_with_their_speed_and_not_at_rest():
    shaking = imu({"shake": 2e-4}, {"shake": 1e-3})
    assert not at_rest(unit(shaking), 10).any()
    full, half = (at_rest(unit(shaking), 3000, track_mps=v) for v in (0.1, -0.05))
    allowed = 5.0 / math.sqrt(3000)
    # a difference of two draws over 0.04 s
    assert full[1:, :3].std() == pytest.approx(2e-4 * math.sqrt(2) / 0.04, rel=allowed)
    assert full[1:, 3:].std() == pytest.approx(1e-3 * math.sqrt(2) / 0.04, rel=allowed)
    assert half[1:, 3:].std() == pytest.approx(0.5e-3 * math.sqrt(2) / 0.04, rel=allowed)


def test_shaking_alone_builds_up_no_velocity():
    readings = at_rest(unit(imu({"shake": 2e-4}, {"shake": 1e-3}, tone_mps=1e-3)), 3000, track_mps=0.1)
    gathered = np.cumsum(readings, axis=0) * 0.04
    # the jitter of the last end, and the tone: white noise of this size would gather 0.05 m/s
    assert np.abs(gathered[:, 3:]).max() < 6e-3
    assert np.abs(gathered[:, :3]).max() < 1.2e-3


def test_the_shoes_are_heard_at_their_rate():
    force = at_rest(unit(imu(tone_mps=2e-3, tone_pitch_m=0.05)), 1000, track_mps=0.1)[:, 5]
    spectrum = np.abs(np.fft.rfft(force)) / 500.0
    peak = int(spectrum.argmax())
    # 0.1 m/s over shoes 0.05 m apart: 2 Hz, in bins of 1 / 40 Hz
    assert peak / 40.0 == pytest.approx(2.0, abs=0.03)
    # mean acceleration between two ends of a sine of velocity
    assert spectrum[peak] == pytest.approx(2e-3 * 2.0 * math.sin(math.pi * 2.0 * 0.04) / 0.04, rel=0.02)


def test_what_is_rectified_grows_with_the_square_of_the_speed():
    made = unit(imu({"rectified": (1e-6, -2e-6, 3e-6)}, {"rectified": (1e-4, 2e-4, -3e-4)}))
    offset = np.array([1e-6, -2e-6, 3e-6, 1e-4, 2e-4, -3e-4])
    assert at_rest(made, 1, track_mps=0.1)[0] == pytest.approx(offset, abs=1e-12)
    assert at_rest(made, 1, track_mps=-0.05)[0] == pytest.approx(offset / 4.0, abs=1e-12)
    assert not at_rest(made, 1).any()


def test_same_seed_same_readings_with_all_errors():
    draw = imu(
        {"noise": 2e-5, "shake": 2e-4, "sensed": SENSED, "quantum": 2e-6},
        {"noise": 5e-4, "shake": 1e-3, "bias_sigma": 3e-3},
        tone_mps=1e-3,
    )
    one, two, other = (at_rest(unit(draw, seed), 50, track_mps=0.1) for seed in (4, 4, 5))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
