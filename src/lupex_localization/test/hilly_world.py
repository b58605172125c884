# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A small world with known truth: a vehicle on an analytic surface, sensors with the noise that the rover states."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lupex_localization import rotation
from lupex_localization.measurements import sensor_mounting
from lupex_localization.samples import AttitudeSample, InertialSample, SunSample, TrackSample
from lupex_localization.track_odometry import SlipModel, unit_positions
from lupex_models.rover import Rover, read_rover

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
STEP_S = 0.04
MAP_FROM_ICRF = rotation.rotation_matrix(rotation.from_rotation_vector(np.array([0.4, -0.9, 1.3])))
SUN = np.array([0.8, -0.59, 0.05]) / np.linalg.norm([0.8, -0.59, 0.05])
MOON_RATE = np.array([0.0, 1.0e-8, -2.66e-6])


class Hills:
    """An undulating surface of up to about 8 deg."""

    def height(self, x_m, y_m):
        return np.asarray(1.2 * np.sin(x_m / 11.0) * np.cos(y_m / 13.0))

    def gradient(self, x_m, y_m):
        return (
            np.asarray(1.2 / 11.0 * np.cos(x_m / 11.0) * np.cos(y_m / 13.0)),
            np.asarray(-1.2 / 13.0 * np.sin(x_m / 11.0) * np.sin(y_m / 13.0)),
        )


@dataclass
class World:
    """Drive by track commands and read sensors; everything true is public."""

    rover: Rover
    slip: SlipModel
    rng: np.random.Generator
    noise: float = 1.0
    time_s: float = 1000.0
    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.3
    crab_rad: float = 0.0
    """Direction of motion in body axes."""
    terrain: Hills = field(default_factory=Hills)

    def __post_init__(self):
        imu = self.rover.imu
        self.gyro_bias = self.noise * imu.gyro_bias_rad_s * self.rng.standard_normal(3)
        self.accelerometer_bias = self.noise * imu.accelerometer_bias_mps2 * self.rng.standard_normal(3)
        self.deviations = self.noise * self.rng.standard_normal(2)
        self.travel_m = np.zeros(4)
        self.odometer_m = 0.0
        self._velocity = np.zeros(3)
        self._place()

    def _place(self):
        slope_x, slope_y = self.terrain.gradient(self.x_m, self.y_m)
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        along, across = slope_x * c + slope_y * s, -slope_x * s + slope_y * c
        pitch, roll = -math.atan(along), math.atan(across / math.hypot(1.0, along))
        up = np.array([-math.sin(pitch), math.cos(pitch) * math.sin(roll), math.cos(pitch) * math.cos(roll)])
        self.quaternion = rotation.from_heading_and_up(self.yaw_rad, up)
        self.position_m = np.array([self.x_m, self.y_m, float(self.terrain.height(self.x_m, self.y_m))])
        c, s = math.cos(self.crab_rad), math.sin(self.crab_rad)
        self.slopes = math.asin(up[0] * c + up[1] * s), math.asin(up[1] * c - up[0] * s)

    def steer_for(self, speed_mps, turning_rad_s):
        """Return steering angles and track speeds for a twist."""
        steer, track = np.zeros(4), np.zeros(4)
        for i, (x, y) in enumerate(unit_positions(self.rover.crawler.unit_x_m, self.rover.crawler.unit_y_m)):
            vx = speed_mps * math.cos(self.crab_rad) - turning_rad_s * y
            vy = speed_mps * math.sin(self.crab_rad) + turning_rad_s * x
            track[i] = math.hypot(vx, vy)
            steer[i] = math.atan2(vy, vx) if track[i] > 0.0 else 0.0
        return steer, track

    def step(self, speed_mps, turning_rad_s, dt=STEP_S):
        """Move by one step; return (InertialSample, TrackSample)."""
        before_q, before_p = self.quaternion, self.position_m
        slip, slip_sigma, drift, drift_sigma = self.slip.at(*self.slopes)
        ahead = speed_mps * (1.0 - slip - slip_sigma * self.deviations[0])
        left = speed_mps * (drift + drift_sigma * self.deviations[1])
        c, s = math.cos(self.crab_rad), math.sin(self.crab_rad)
        body = np.array([c * ahead - s * left, s * ahead + c * left, 0.0])
        moved = rotation.rotation_matrix(self.quaternion) @ body * dt
        kept = np.exp(-abs(speed_mps) * dt / np.array([40.0, 20.0]))
        self.deviations = kept * self.deviations + np.sqrt(1.0 - kept**2) * self.noise * self.rng.standard_normal(2)
        self.x_m += moved[0]
        self.y_m += moved[1]
        self.yaw_rad += turning_rad_s * dt
        self.time_s += dt
        self._place()
        imu = self.rover.imu
        velocity = (self.position_m - before_p) / dt
        acceleration = (velocity - self._velocity) / dt
        self._velocity = velocity
        self.odometer_m += float(np.linalg.norm(self.position_m - before_p))
        turned = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(before_q), self.quaternion))
        scale = self.noise / math.sqrt(dt)
        r = rotation.rotation_matrix(before_q)
        rate = turned / dt + r.T @ MOON_RATE + self.gyro_bias
        rate = rate + scale * imu.gyro_noise_rad_s_rthz * self.rng.standard_normal(3)
        force = r.T @ (acceleration + np.array([0.0, 0.0, 1.624])) + self.accelerometer_bias
        force = force + scale * imu.accelerometer_noise_mps2_rthz * self.rng.standard_normal(3)
        steer, track = self.steer_for(speed_mps, turning_rad_s)
        self.travel_m = self.travel_m + track * dt
        return InertialSample(self.time_s, rate, force), TrackSample(self.time_s, steer, track, self.travel_m)

    def star(self, offset=(0.0, 0.0, 0.0)):
        """Return a star tracker's attitude, turned by a false rotation vector in body axes."""
        tracker = self.rover.star_tracker
        sigma = np.array([tracker.roll_sigma_rad, tracker.cross_sigma_rad, tracker.cross_sigma_rad])
        error = rotation.from_rotation_vector(self.noise * sigma * self.rng.standard_normal(3))
        body = rotation.multiply(self.quaternion, rotation.from_rotation_vector(np.asarray(offset, dtype=float)))
        to_map = rotation.multiply(body, rotation.from_matrix(sensor_mounting(tracker)))
        to_icrf = rotation.multiply(rotation.conjugate(rotation.from_matrix(MAP_FROM_ICRF)), to_map)
        return AttitudeSample(self.time_s, rotation.multiply(to_icrf, error), np.diag(sigma**2))

    def sun(self):
        """Return the Sun's direction in body axes."""
        seen = rotation.rotation_matrix(self.quaternion).T @ SUN
        seen = seen + self.noise * self.rover.sun_sensor.sigma_rad * self.rng.standard_normal(3)
        return SunSample(self.time_s, seen / np.linalg.norm(seen))
