# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where there is no room to turn: planner, follower and kinematics drive the simulated vehicle out, crabbing."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from lupex_localization.track_odometry import TrackKinematics
from lupex_mobility.config import Following, Steering
from lupex_mobility.path_follower import Activity, PathFollower
from lupex_mobility.unit_kinematics import UnitKinematics, standing
from lupex_models.costmap import Costmap
from lupex_models.rover import read_rover
from lupex_path_planning.config import DriveConfig, GridConfig, LocalConfig
from lupex_path_planning.near_field.drive import Drive, Planar, Progress
from lupex_path_planning.site_grid import Moves, grid_of
from lupex_simulator.crawler.vehicle import Vehicle, VehicleConfig
from lupex_worlds.ground import Ground

ROVER = read_rover(Path(__file__).resolve().parents[1] / "config" / "rover.yaml")
CELL_M = 0.2
SEEN_M = 9.0
STEP_S = 0.04
HERE = Planar(0.0, 0.0, 0.0)


def rocks(x, y):
    """Rocks on both sides of a way along y, 2.4 m apart, from behind the rover to 3 m before it; open beyond."""
    beside = (np.abs(np.abs(x) - 1.36) < 0.15) & (y > -2.0) & (y < 3.0)
    return beside | ((np.abs(y + 1.6) < 0.15) & (np.abs(x) < 1.5))


def field_of_rocks():
    x = np.arange(-15.0, 15.01, 0.05)
    fine = np.where(rocks(*np.meshgrid(x, x)), 0.5, 0.0)
    return Ground(fine.astype(np.float32), -15.0, -15.0, 0.05, np.zeros((21, 21), np.float32), -50.0, -50.0, 5.0)


def soil(x_m, y_m):
    return np.tile([1.0, 1400.0, 820e3, 170.0, math.radians(35.0), 0.018, 1580.0], (len(x_m), 1))


def look(time_s, x_m, y_m):
    """Return the costmap around a place: cells that any rock reaches into are lethal, far ones unknown."""
    size = 130
    x0, y0 = round(x_m / CELL_M) * CELL_M - CELL_M * size / 2, round(y_m / CELL_M) * CELL_M - CELL_M * size / 2
    x, y = np.meshgrid(x0 + CELL_M * (np.arange(size) + 0.5), y0 + CELL_M * (np.arange(size) + 0.5))
    cost = np.zeros((size, size))
    for dx in (-0.099, 0.0, 0.099):
        for dy in (-0.099, 0.0, 0.099):
            cost[rocks(x + dx, y + dy)] = 100
    cost[np.hypot(x - x_m, y - y_m) > SEEN_M] = -1
    return Costmap(time_s, cost.astype(np.int8), x0, y0, CELL_M)


def drive_to(goal):
    grid = grid_of(np.zeros((16, 16)), -40.0, -40.0, 5.0, GridConfig())
    time_s = np.full((8, 16, 16), 60.0)
    time_s[1::2] *= math.sqrt(2.0)
    pace = Moves(time_s, np.full((8, 16, 16), 90.0), 50.0, 1.0, 1.0, 400.0)
    return Drive(grid, pace, goal, 1.0, DriveConfig(), LocalConfig())


@dataclass
class Loop:
    """Plans once a second, controls ten times, the world in steps; odometry is the truth, as far as control sees."""

    vehicle: Vehicle
    drive: Drive
    follower: PathFollower = field(default_factory=lambda: PathFollower(Following()))
    reckoned: np.ndarray = field(default_factory=lambda: np.zeros(3))
    poses: list = field(default_factory=list)
    activities: list = field(default_factory=list)
    blocked: bool = False

    def run(self, limit_s):
        kinematics = UnitKinematics(ROVER.crawler, Steering())
        odometry = TrackKinematics(ROVER.crawler.unit_x_m, ROVER.crawler.unit_y_m)
        last = standing(np.zeros(4))
        for step in range(round(limit_s / STEP_S)):
            now_s = step * STEP_S
            pose = self.vehicle.pose
            at = (pose.x_m, pose.y_m, pose.yaw_rad)
            if step % 25 == 0:
                report = self.drive.step(now_s, at, HERE, look(now_s, *at[:2]))
                if report.progress in (Progress.ARRIVED, Progress.FAILED):
                    return report
                self.follower.take_path(report.path_m, report.heading_rad)
            if step % 3 == 0:
                guidance = self.follower.guide(*at)
                last = kinematics.set_points(guidance.twist, self.vehicle.steer_rad, last)
                self.poses.append(at)
                self.activities.append(guidance.activity)
            self.vehicle.command(last.steer_rad, last.track_mps / ROVER.crawler.sprocket_radius_m, now_s)
            self.vehicle.step(STEP_S, now_s + STEP_S)
            self.blocked |= self.vehicle.blocked
            self._reckon(odometry.twist(self.vehicle.steer_rad, self.vehicle.track_mps))
        raise AssertionError("the drive never ended")

    def _reckon(self, twist):
        c, s = math.cos(self.reckoned[2]), math.sin(self.reckoned[2])
        moved = (c * twist.forward_mps - s * twist.left_mps, s * twist.forward_mps + c * twist.left_mps)
        self.reckoned += np.array([*moved, twist.turning_rad_s]) * STEP_S


def body_over_rocks(pose):
    """Tell whether the vehicle's body, stowed size, is over a rock anywhere at a pose."""
    along = np.linspace(-0.5, 0.5, 60) * ROVER.body.length_m
    across = np.linspace(-0.5, 0.5, 50) * ROVER.body.width_m
    u, v = np.meshgrid(along, across)
    x, y, yaw = pose
    return bool(rocks(x + u * math.cos(yaw) - v * math.sin(yaw), y + u * math.sin(yaw) + v * math.cos(yaw)).any())


@pytest.mark.parametrize("yaw_rad", [0.0, -math.pi / 2])
def test_between_rocks_it_crabs_out_and_turns_where_there_is_room(yaw_rad):
    vehicle = Vehicle(ROVER, VehicleConfig(), field_of_rocks(), soil, 0.0, 0.0, yaw_rad)
    loop = Loop(vehicle, drive_to((0.0, 9.0)), reckoned=np.array([0.0, 0.0, yaw_rad]))
    report = loop.run(400.0)
    assert report.progress is Progress.ARRIVED, report.text
    poses = np.array(loop.poses)
    crabbing = np.array([activity is Activity.CRABBING for activity in loop.activities])
    first = int(np.argmin(crabbing))
    # the heading is held for 3 m, as far as the rocks go, and more
    assert poses[first, 1] > 3.0
    assert np.abs(poses[:first, 2] - yaw_rad).max() < 0.05
    assert Activity.TURNING in loop.activities[first:]
    assert poses[-1, 2] == pytest.approx(math.pi / 2, abs=0.3)
    assert not any(body_over_rocks(pose) for pose in loop.poses)
    assert not loop.blocked
    # the tracks alone tell the way, sideways and backwards too
    assert math.dist(loop.reckoned[:2], poses[-1, :2]) < 0.02 * vehicle.distance_m


def test_a_path_with_headings_comes_to_the_follower_as_the_planner_meant_it():
    pytest.importorskip("nav_msgs.msg")
    pytest.importorskip("lupex_interfaces.msg")
    from lupex_mobility import conversions as at_follower
    from lupex_path_planning import conversions as at_planner

    report = drive_to((0.0, 9.0)).step(0.0, (0.0, 0.0, 0.1), HERE, look(0.0, 0.0, 0.0))
    held = np.isfinite(report.heading_rad)
    assert held.any()
    message = at_planner.path(5.0, report.path_m, 1.0, report.heading_rad)
    time_s, points, headings = at_follower.path_points(message, Following())
    assert time_s == 5.0
    assert np.array_equal(points, report.path_m)
    assert headings[held] == pytest.approx(report.heading_rad[held])
    follower = PathFollower(Following())
    follower.take_path(points, headings)
    assert follower.guide(0.0, 0.0, 0.1).activity is Activity.CRABBING
    step = np.diff(points, axis=0)
    along = np.arctan2(step[:, 1], step[:, 0])
    assert headings[:-1][~held[:-1]] == pytest.approx(along[~held[:-1]])
