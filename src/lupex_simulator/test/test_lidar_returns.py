# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.rover import Lidar
from lupex_simulator.sensors.lidar import scan
from lupex_simulator.sensors.lidar_returns import ground_albedo, range_sigma_m, signal, told_returns, with_dust
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_worlds.ground import Ground
from lupex_worlds.truth.sensor_truth import kind_sensors

SENSOR = Lidar(0.0, 0.0, 1.4, 360, 32, -0.785, 0.175, 0.8, 30.0, 0.02, 1.0)
PERFECT = dataclasses.replace(
    kind_sensors().lidar, range_sigma_m=0.0, dropout_share=0.0, half_signal=0.0, outlier_share=0.0
)
COUNT = 40_000
GROUND = Ground(np.zeros((301, 301), np.float32), -37.5, -37.5, 0.25, np.zeros((5, 5), np.float32), -100, -100, 50.0)
AT_REST = (SensorPose(0, 0, 0, 0, 0, 0),) * 2


def told(draw, range_m, cosine, seed=1):
    ranges = np.full(COUNT, range_m)
    return told_returns(draw, SENSOR, ranges, np.full(COUNT, cosine), None, np.random.default_rng(seed))


# By hand, of cos(i) min(1, (reach / R)^2) T^2 over itself plus the half signal.
@pytest.mark.parametrize(
    ("range_m", "cosine", "window", "share"),
    [
        (5.0, 0.06, 1.0, 2 / 3),
        (5.0, 0.03, 1.0, 1 / 2),
        (5.0, 0.9, 1.0, 30 / 31),
        (20.0, 0.12, 1.0, 1 / 2),
        (20.0, 0.06, 1.0, 1 / 3),
        (5.0, 0.12, 0.5, 1 / 2),
    ],
)
def test_slanting_far_and_dusty_returns_are_lost_by_the_lidar_equation(range_m, cosine, window, share):
    draw = dataclasses.replace(PERFECT, half_signal=0.03, full_signal_m=10.0, window_transmission=window)
    kept = len(told(draw, range_m, cosine)[0]) / COUNT
    assert kept == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / COUNT))


def test_dark_ground_gives_less():
    half = signal(PERFECT, np.array([5.0]), np.array([0.4]), np.array([0.5]))
    assert half == pytest.approx([0.2])


def test_losses_anywhere_come_on_top():
    draw = dataclasses.replace(PERFECT, half_signal=0.03, dropout_share=0.2)
    kept = len(told(draw, 5.0, 0.03)[0]) / COUNT
    assert kept == pytest.approx(0.4, abs=5 * math.sqrt(0.24 / COUNT))


def test_noise_of_range_grows_with_range_and_slant():
    draw = dataclasses.replace(PERFECT, range_sigma_m=0.02, range_growth=5e-4, divergence_rad=3e-3)
    for range_m, degrees, sigma in (
        (2.0, 0.0, 0.021),
        (20.0, 0.0, 0.030),
        # 20 m x 3 mrad / 4 = 15 mm across, tan 80 deg = 5.671
        (20.0, 80.0, math.hypot(0.030, 0.015 * 5.671)),
    ):
        measured = told(draw, range_m, math.cos(math.radians(degrees)))[1]
        assert measured.std() == pytest.approx(sigma, rel=5 / math.sqrt(2 * COUNT) + 1e-4)
        assert measured.mean() == pytest.approx(range_m, abs=5 * sigma / math.sqrt(COUNT))


def test_smear_is_that_of_a_beam_on_a_slope():
    # Monte Carlo of the geometry: rays of a Gaussian beam of 3 mrad full width (four sigma) on a plane at 60 deg
    slant, range_m = math.radians(60.0), 10.0
    spread = np.random.default_rng(2).normal(0.0, 3e-3 / 4.0, 100_000)
    depths = range_m * math.cos(slant) / np.cos(slant + spread)
    draw = dataclasses.replace(PERFECT, divergence_rad=3e-3)
    sigma = range_sigma_m(draw, np.array([range_m]), np.array([math.cos(slant)]))[0]
    assert sigma == pytest.approx(depths.std(), rel=0.02)


def test_grazing_smear_stays_finite():
    draw = dataclasses.replace(PERFECT, divergence_rad=3e-3)
    assert range_sigma_m(draw, np.array([10.0]), np.array([0.0]))[0] == pytest.approx(0.0075 * 50.0, rel=1e-3)


def test_albedo_lies_in_patches_of_the_map_with_the_spread_asked_for():
    draw = dataclasses.replace(PERFECT, albedo_log_sigma=0.3, albedo_patch_m=2.0, albedo_seed=5)
    rng = np.random.default_rng(3)
    places = rng.uniform(-1000.0, 1000.0, (20_000, 2))
    albedo = ground_albedo(draw, places)
    # mean 1, and the log's spread; patches make neighbours alike, but few of these points are neighbours
    assert albedo.mean() == pytest.approx(1.0, abs=5 * 0.31 / math.sqrt(20_000))
    assert np.log(albedo).std() == pytest.approx(0.3, rel=0.04)
    assert np.array_equal(albedo, ground_albedo(draw, places))
    near, far = ground_albedo(draw, places + 0.02), ground_albedo(draw, places + np.array([6.0, 0.0]))
    assert np.abs(np.log(near / albedo)).max() < 0.1
    assert abs(np.corrcoef(np.log(far), np.log(albedo))[0, 1]) < 5 / math.sqrt(20_000)
    other = ground_albedo(dataclasses.replace(draw, albedo_seed=6), places)
    assert abs(np.corrcoef(np.log(other), np.log(albedo))[0, 1]) < 5 / math.sqrt(20_000)


def test_albedo_belongs_to_the_ground_and_not_to_the_ray():
    draw = dataclasses.replace(PERFECT, albedo_log_sigma=0.5, albedo_patch_m=4.0)
    sensor = dataclasses.replace(SENSOR, elevation_max_rad=-0.3)
    level = [scan(GROUND, AT_REST, sensor, d, np.random.default_rng(0)) for d in (draw, PERFECT)]
    turned = (SensorPose(0, 0, 0, 0, 0, math.pi / 2),) * 2
    rotated = [scan(GROUND, turned, sensor, d, np.random.default_rng(0)) for d in (draw, PERFECT)]
    albedo, seen = (pair[0][:, 3] / pair[1][:, 3] for pair in (level, rotated))
    # a quarter turn to the left: column k now looks where column k + 90 looked
    shape = (sensor.rows, sensor.columns)
    assert seen.reshape(shape) == pytest.approx(np.roll(albedo.reshape(shape), -90, axis=1), rel=1e-3)
    assert albedo.std() > 0.2


SKY = dataclasses.replace(SENSOR, elevation_min_rad=0.05)


def test_dust_returns_near_and_more_while_driving():
    dusty = dataclasses.replace(PERFECT, dust_share_at_rest=0.02, dust_share_driving=0.1, dust_depth_m=1.5)
    rays = SKY.rows * SKY.columns
    for track_mps, share in ((0.0, 0.02), (0.1, 0.12), (-0.05, 0.07)):
        points = scan(GROUND, AT_REST, SKY, dusty, np.random.default_rng(1), track_mps=track_mps)
        assert abs(len(points) / rays - share) < 5 * math.sqrt(share / rays)
        depth = np.linalg.norm(points[:, :3], axis=1) - SKY.range_min_m
        assert depth.min() > 0.0
        assert depth.mean() == pytest.approx(1.5, abs=5 * 1.5 / math.sqrt(len(points)))


def test_ground_before_the_dust_is_seen_first():
    ranges = np.full(1000, 1.0)
    dusty = dataclasses.replace(PERFECT, dust_share_at_rest=1.0, dust_depth_m=1.0)
    rng = np.random.default_rng(2)
    first = (np.arange(1000), ranges, np.ones(1000))
    index, near, _ = with_dust(dusty, SENSOR, first, 1000, 0.0, rng)
    assert np.array_equal(index, np.arange(1000))
    assert near.max() == 1.0
    # within 0.2 m beyond the least range of 0.8 m: 1 - exp(-0.2)
    assert (near < 1.0).mean() == pytest.approx(1 - math.exp(-0.2), abs=5 * math.sqrt(0.15 / 1000))


def test_without_dust_nothing_is_drawn():
    rng = np.random.default_rng(4)
    first = (np.arange(3), np.ones(3), np.ones(3))
    assert with_dust(PERFECT, SENSOR, first, 10, 0.1, rng) is first
    assert rng.random() == np.random.default_rng(4).random()


def test_the_same_generator_gives_the_same_scan_with_all_errors():
    draw = dataclasses.replace(
        kind_sensors().lidar,
        mounting_rad=(1e-3, 2e-3, -3e-3),
        range_growth=5e-4,
        divergence_rad=3e-3,
        full_signal_m=10.0,
        albedo_log_sigma=0.2,
        dust_share_driving=0.01,
    )
    poses = (SensorPose(-0.02, 0, 0, 0, 0, -0.01), AT_REST[0])
    one, two, other = (
        scan(GROUND, poses, SENSOR, draw, np.random.default_rng(seed), track_mps=0.1) for seed in (1, 1, 2)
    )
    assert one.tobytes() == two.tobytes()
    assert one.tobytes() != other.tobytes()
