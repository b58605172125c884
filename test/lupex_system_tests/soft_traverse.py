# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility's follower and way out, driving the world's own tracks and soil in process; nothing of localization errs."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lupex_mobility.config import Following, Immobilisation, Steering
from lupex_mobility.extrication import Extrication, Stage
from lupex_mobility.immobilisation import Motion
from lupex_mobility.path_follower import Activity, PathFollower
from lupex_mobility.unit_kinematics import BodyTwist, UnitKinematics, standing
from lupex_models.rover import read_rover
from lupex_simulator.crawler.vehicle import Vehicle, VehicleConfig
from lupex_worlds.ground import Ground
from lupex_worlds.truth.soil_truth import TrackGrip

ROVER = read_rover(Path(__file__).resolve().parents[2] / "config" / "rover.yaml")
UNIT_REACH_M = math.hypot(ROVER.crawler.unit_x_m, ROVER.crawler.unit_y_m)
FIRM = np.array([1.0, 1400.0, 820e3, 170.0, math.radians(35.0), 0.018, 1580.0])
"""n, kc, kphi, c, phi, K, density: NTRS 20220010732."""
STEP_S, INNER = 0.1, 4
LEADING = (Activity.TURNING, Activity.DRIVING, Activity.CRABBING)

SoilAt = Callable[[np.ndarray, np.ndarray], np.ndarray]


def slope(along_rad: float) -> Ground:
    """Return a plane that climbs along x."""
    x, coarse = np.arange(-20.0, 20.01, 0.125), np.arange(-50.0, 50.1, 5.0)
    fine = np.broadcast_to(math.tan(along_rad) * x, (x.size, x.size)).astype(np.float32)
    wide = np.broadcast_to(math.tan(along_rad) * coarse, (coarse.size, coarse.size)).astype(np.float32)
    return Ground(np.ascontiguousarray(fine), -20.0, -20.0, 0.125, np.ascontiguousarray(wide), -50.0, -50.0, 5.0)


def soft_band(row: np.ndarray, x_m: tuple[float, float], half_m: float = 50.0) -> SoilAt:
    """Return soil that is FIRM but for a band across the way."""

    def soil(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        rows = np.tile(FIRM, (len(x), 1))
        rows[(x_m[0] < np.asarray(x)) & (np.asarray(x) < x_m[1]) & (np.abs(y) < half_m)] = row
        return rows

    return soil


@dataclass
class SoftTraverse:
    """A rover at (-6, 0) that is led along a path; `around` is the path given once it is out and waits for one."""

    ground: Ground
    soil: SoilAt
    digging: float
    path: np.ndarray
    around: np.ndarray | None = None
    config: Immobilisation = field(default_factory=Immobilisation)

    def __post_init__(self) -> None:
        self.vehicle = Vehicle(
            ROVER, VehicleConfig(), self.ground, self.soil, -6.0, 0.0, 0.0, grip=TrackGrip(digging=self.digging)
        )
        self.follower, self.out = PathFollower(Following()), Extrication(self.config, UNIT_REACH_M)
        self.follower.take_path(self.path)
        self.kinematics = UnitKinematics(ROVER.crawler, Steering())
        self.set_points = standing(self.vehicle.steer_rad.copy())
        self.time_s, self.arrived = 0.0, False
        self.stages: list[Stage] = []
        self.way: list[tuple[float, float]] = []
        self.deepest_m = 0.0

    def step(self) -> None:
        """Go on by a step of control."""
        vehicle, pose = self.vehicle, self.vehicle.pose
        guidance = self.follower.guide(pose.x_m, pose.y_m, pose.yaw_rad)
        tracks = self.kinematics.twist(vehicle.steer_rad, vehicle.track_mps)
        motion = Motion(self.time_s, STEP_S if self.way else 0.0, tracks, BodyTwist(*vehicle.twist), 0.002)
        path = self.follower.ahead(self.config.look_ahead_m) if guidance.activity in LEADING else None
        twist = self.out.step(motion, (pose.x_m, pose.y_m, pose.yaw_rad), path, lambda twist: False)
        self._note(pose.x_m, pose.y_m, guidance.activity)
        wanted = guidance.twist if twist is None else twist
        self.set_points = self.kinematics.set_points(wanted, vehicle.steer_rad.copy(), self.set_points)
        drive_rad_s = self.set_points.track_mps / ROVER.crawler.sprocket_radius_m
        vehicle.command(self.set_points.steer_rad, drive_rad_s, self.time_s)
        for k in range(INNER):
            vehicle.step(STEP_S / INNER, self.time_s + (k + 1) * STEP_S / INNER)
        self.time_s += STEP_S

    def _note(self, x_m: float, y_m: float, activity: Activity) -> None:
        self.way.append((x_m, y_m))
        self.deepest_m = max(self.deepest_m, float(self.vehicle.sinkage_m.max()))
        self.arrived = activity is Activity.ARRIVED
        if not self.stages or self.stages[-1] is not self.out.stage:
            self.stages.append(self.out.stage)
            if self.out.stage is Stage.WAITING and self.around is not None:
                self.follower.take_path(np.vstack([[x_m, y_m], self.around]))
                self.around = None

    def run(self, limit_s: float = 900.0) -> "SoftTraverse":
        """Go on to the end of the path, or until it is given up; AssertionError where neither comes."""
        while not self.arrived and self.out.stage is not Stage.GIVEN_UP:
            self.step()
            assert self.time_s < limit_s, f"neither there nor given up: {self.out.stage}"
        return self
