# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.rover import Lidar
from lupex_simulator.sensors.lidar import scan
from lupex_simulator.sensors.sensor_pose import PoseHistory, SensorPose, between
from lupex_worlds.ground import Ground
from lupex_worlds.truth.sensor_truth import kind_sensors

COLUMNS = 360
SENSOR = Lidar(0.0, 0.0, 1.4, COLUMNS, 1, 0.0, 0.0, 0.8, 20.0, 0.0, 1.0)
PERFECT = dataclasses.replace(
    kind_sensors().lidar, range_sigma_m=0.0, dropout_share=0.0, half_signal=0.0, outlier_share=0.0
)
WALL_M = 9.75 + 0.25 * 1.4 / 4.0
"""Where a ray 1.4 m above the ground meets a wall 4 m high that rises over one cell."""


def walled_ground():
    """Level ground with a wall across x, 9.75 m ahead."""
    heights = np.zeros((201, 201), dtype=np.float32)
    heights[:, 140:] = 4.0
    return Ground(heights, -25.0, -25.0, 0.25, np.zeros((5, 5), dtype=np.float32), -100.0, -100.0, 50.0)


def level_ground():
    return walled_ground()._replace(detail=np.zeros((201, 201), dtype=np.float32))


def at(x=0.0, y=0.0, yaw=0.0, pitch=0.0):
    return SensorPose(x, y, 0.0, 0.0, pitch, yaw)


def look(start, end, draw=PERFECT, ground=None, sensor=SENSOR):
    ground = walled_ground() if ground is None else ground
    points = scan(ground, (start, end), sensor, draw, np.random.default_rng(0))[:, :3].astype(float)
    azimuth = np.arctan2(points[:, 1], points[:, 0]) % (2 * math.pi)
    return points, np.round(azimuth * COLUMNS / (2 * math.pi))


def test_a_wall_seen_while_driving_is_displaced_by_speed_times_the_time_left():
    speed_mps, duration_s = 0.5, 0.4
    points, column = look(at(x=-speed_mps * duration_s), at())
    left_s = duration_s * (1.0 - column / COLUMNS)
    assert set(column) > {0, 1, 40, 320, 359}
    assert np.abs(points[:, 0] - (WALL_M + speed_mps * left_s)).max() < 2e-5


def test_a_sideways_drive_leaves_the_wall_where_it_is():
    points, _ = look(at(y=-0.3), at())
    assert np.abs(points[:, 0] - WALL_M).max() < 2e-5


def test_turning_skews_the_wall_column_by_column():
    turn = 0.2
    points, column = look(at(yaw=-turn), at(), ground=walled_ground())
    true_azimuth = column * 2 * math.pi / COLUMNS - turn * (1.0 - column / COLUMNS)
    assert np.abs(np.linalg.norm(points, axis=1) - WALL_M / np.cos(true_azimuth)).max() < 5e-5


def test_a_lidar_away_from_the_axis_is_carried_round_by_a_turn():
    sensor = dataclasses.replace(SENSOR, x_m=1.0)
    turn = 0.1
    points, column = look(at(yaw=-turn), at(), sensor=sensor)
    left = 1.0 - column / COLUMNS
    # the mast moves along the chord between its two places
    mast = 1.0 - left * (1.0 - math.cos(turn))
    true_azimuth = column * 2 * math.pi / COLUMNS - turn * left
    assert np.abs(np.linalg.norm(points, axis=1) - (WALL_M - mast) / np.cos(true_azimuth)).max() < 5e-5


def test_at_rest_both_ways_of_casting_agree():
    still, _ = look(at(yaw=0.3), at(yaw=0.3))
    creeping, _ = look(at(yaw=0.3, x=1e-9), at(yaw=0.3))
    assert np.abs(still - creeping).max() < 1e-5
    assert np.abs(still[:, 0]).max() > 9.0


def test_a_mounting_that_nods_raises_level_ground_ahead_and_lowers_it_behind():
    nod = math.radians(0.3)
    sensor = dataclasses.replace(SENSOR, elevation_min_rad=-0.3, elevation_max_rad=-0.3)
    tilted = dataclasses.replace(PERFECT, mounting_rad=(0.0, nod, 0.0))
    points, column = look(at(), at(), tilted, level_ground(), sensor)
    ahead, behind = points[column == 0][0], points[column == 180][0]
    # nose down by 0.3 deg the ray meets the ground earlier, and is told along its own direction
    for point, depression in ((ahead, 0.3 + nod), (behind, 0.3 - nod)):
        true_range = 1.4 / math.sin(depression)
        assert np.linalg.norm(point) == pytest.approx(true_range, rel=1e-5)
        rise = point[2] + 1.4
        assert rise == pytest.approx(true_range * (math.sin(depression) - math.sin(0.3)), abs=1e-5)
    assert ahead[2] + 1.4 == pytest.approx(np.linalg.norm(ahead) * math.sin(nod) * math.cos(0.3), rel=0.02)
    assert behind[2] + 1.4 < -0.02


def test_a_mounting_about_the_mast_turns_what_is_told():
    turned = dataclasses.replace(PERFECT, mounting_rad=(0.0, 0.0, 0.01))
    points, column = look(at(), at(), turned)
    # true axes to the left: what is ahead is told to the right of where it is
    true_azimuth = column * 2 * math.pi / COLUMNS + 0.01
    assert np.abs(np.linalg.norm(points, axis=1) - WALL_M / np.cos(true_azimuth)).max() < 5e-5


def test_a_mounting_keeps_to_the_lidar_while_it_turns():
    turn, mounting = 0.2, (0.0, 0.02, 0.0)
    sensor = dataclasses.replace(SENSOR, elevation_min_rad=-0.3, elevation_max_rad=-0.3)
    tilted = dataclasses.replace(PERFECT, mounting_rad=mounting)
    still, _ = look(at(), at(), tilted, level_ground(), sensor)
    turning, _ = look(at(yaw=-turn), at(), tilted, level_ground(), sensor)
    # on level ground a turn about the vertical changes no range
    assert np.abs(still - turning).max() < 2e-5


@pytest.mark.parametrize("bad", [0, 1])
def test_a_pose_that_is_not_finite_is_refused(bad):
    poses = [at(), at()]
    poses[bad] = at(x=math.nan)
    with pytest.raises(ValueError, match="finite"):
        scan(walled_ground(), tuple(poses), SENSOR, PERFECT, np.random.default_rng(0))


def test_between_two_poses_each_angle_goes_the_short_way():
    pose = between(SensorPose(0, 0, 0, 0.1, 0.0, 3.1), SensorPose(1, 2, 4, 0.3, -0.2, -3.1), 0.25)
    assert (pose.x_m, pose.y_m, pose.z_m) == pytest.approx((0.25, 0.5, 1.0))
    assert (pose.roll_rad, pose.pitch_rad) == pytest.approx((0.15, -0.05))
    assert pose.yaw_rad == pytest.approx(3.1 + 0.25 * (2 * math.pi - 6.2))


def test_history_gives_the_pose_of_a_time_and_forgets_what_is_old():
    history = PoseHistory(at(x=0.0), 0, kept_ns=100)
    for k in range(1, 11):
        history.add(at(x=float(k)), 40 * k)
    assert history.at(400) == at(x=10.0)
    assert history.at(9999) == at(x=10.0)
    assert history.at(310).x_m == pytest.approx(7.75)
    assert history.at(300).x_m == pytest.approx(7.5)
    assert len(history._poses) == 4
    assert history.at(0).x_m == 7.0


def test_history_leaves_out_what_is_no_later():
    history = PoseHistory(at(x=0.0), 100, kept_ns=100)
    history.add(at(x=5.0), 100)
    history.add(at(x=5.0), 50)
    assert history.at(100) == at(x=0.0)
    assert history.at(0) == at(x=0.0)
