# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A drive whose slip is commanded, seen by the world's own sensors, for a localization that knows none of it."""

import dataclasses
import math
from pathlib import Path

import numpy as np

from lupex_localization.samples import AttitudeSample, InertialSample, SunSample, TrackSample
from lupex_models.rover import read_rover
from lupex_simulator.sensors.inertial import InertialUnit
from lupex_simulator.sensors.lidar import scan
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_simulator.sensors.sky_sensors import base_from_star_tracker, quaternion, rotation_from_vector
from lupex_worlds.ground import ground_height
from lupex_worlds.truth.encoder_truth import draw_encoders
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.truth.sensor_truth import draw_sensors

ROOT = Path(__file__).resolve().parents[2]
ROVER = read_rover(ROOT / "config" / "rover.yaml")
STEP_S = 0.04
MAP_FROM_ICRF = rotation_from_vector(np.array([0.4, -0.9, 1.3]))
SUN = np.array([0.8, -0.59, 0.03]) / np.linalg.norm([0.8, -0.59, 0.03])
MOON_RATE = np.array([0.0, 1.0e-8, -2.66e-6])
UNITS = [(sx * ROVER.crawler.unit_x_m, sy * ROVER.crawler.unit_y_m) for sx in (1, -1) for sy in (1, -1)]


def level(name):
    """Return the spreads of a truth level."""
    return read_level(name, [ROOT / "worlds"])


@dataclasses.dataclass(frozen=True)
class Step:
    """What the sensors said in one step; None for those that were silent."""

    inertial: InertialSample
    tracks: TrackSample | None
    star: AttitudeSample | None
    sun: SunSample | None
    cloud: np.ndarray | None


class MeasuredDrive:
    """A body on a ground; `slip` (time_s, distance_m) -> (slip, leftward speed over the tracks' speed)."""

    def __init__(self, ground, truth, seed, slip=None, lit=True, stars=True, lidar=True, yaw_rad=0.3):
        self.ground, self.lit, self.stars, self.lidar = ground, lit, stars, lidar
        self.slip = slip or (lambda time_s, distance_m: (0.0, 0.0))
        self.draw = draw_sensors(truth.sensors, seed)
        self.encoders = draw_encoders(truth.encoders, np.random.default_rng([seed, 5]))
        self.rng = np.random.default_rng([seed, 6])
        self._lidar_rng = np.random.default_rng([seed, 7])
        self.imu = InertialUnit(self.draw.imu, MOON_RATE, np.random.default_rng([seed, 8]))
        self.radius = np.array(self.encoders.radius_factor)
        self.zero = np.radians(self.encoders.steering_zero_deg)
        self.tracker = base_from_star_tracker(ROVER.star_tracker) @ rotation_from_vector(
            np.array(self.draw.star_tracker.mounting_rad)
        )
        self.time_s, self.count, self.distance_m = 1000.0, 0, 0.0
        self.x_m = self.y_m = 0.0
        self.yaw_rad = yaw_rad
        self.travel_m = np.zeros(4)
        self.velocity = np.zeros(3)
        self._place()
        self._scanned = (-math.inf, self.position.copy(), self.yaw_rad)
        self._poses = [self._pose()]

    def _place(self):
        """Stand on the plane through the ground under the four units."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        z = [ground_height(self.ground, self.x_m + c * u - s * v, self.y_m + s * u + c * v) for u, v in UNITS]
        along = (z[0] + z[1] - z[2] - z[3]) / (4.0 * UNITS[0][0])
        across = (z[0] - z[1] + z[2] - z[3]) / (4.0 * UNITS[0][1])
        normal = np.array([-along, -across, 1.0]) / math.sqrt(1.0 + along**2 + across**2)
        ahead = np.array([1.0, 0.0, along]) / math.hypot(1.0, along)
        level_axes = np.column_stack([ahead, np.cross(normal, ahead), normal])
        self.rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ level_axes
        self.position = np.array([self.x_m, self.y_m, float(np.mean(z))])

    @property
    def quaternion(self):
        """Attitude [w, x, y, z]."""
        return np.roll(quaternion(self.rotation), 1)

    def _pose(self):
        r = self.rotation
        angles = math.atan2(r[2, 1], r[2, 2]), math.asin(-r[2, 0]), math.atan2(r[1, 0], r[0, 0])
        return SensorPose(*self.position.tolist(), *angles)

    def step(self, speed_mps, turning_rad_s=0.0):
        """Move by 0.04 s; return what the sensors say at its end."""
        before = self.rotation, self.position, self.velocity
        slip, drift = self.slip(self.time_s, self.distance_m)
        body = np.array([speed_mps * (1.0 - slip), speed_mps * drift, 0.0])
        moved = self.rotation @ body * STEP_S
        self.x_m, self.y_m = self.x_m + moved[0], self.y_m + moved[1]
        self.yaw_rad += turning_rad_s * STEP_S
        self._place()
        self.time_s += STEP_S
        self.count += 1
        self.distance_m += float(np.linalg.norm(self.position - before[1]))
        self.velocity = (self.position - before[1]) / STEP_S
        rate, force = self.imu.sample(before[0], self.rotation, before[2], self.velocity, STEP_S, abs(speed_mps))
        self._poses = [*self._poses[-12:], self._pose()]
        second = self.count % 25 == 0
        return Step(
            InertialSample(self.time_s, rate, force),
            self._tracks(speed_mps, turning_rad_s),
            self._star() if second and self.stars else None,
            self._sun() if second and self.lit else None,
            self._cloud(abs(speed_mps)),
        )

    def _tracks(self, speed_mps, turning_rad_s):
        steer, track = np.zeros(4), np.zeros(4)
        for i, (x, y) in enumerate(UNITS):
            vx, vy = speed_mps - turning_rad_s * y, turning_rad_s * x
            track[i] = math.copysign(math.hypot(vx, vy), vx)
            steer[i] = math.atan(vy / vx) if vx else 0.0
        self.travel_m = self.travel_m + track * STEP_S
        if self.count % 5 == 4:
            return None
        return TrackSample(self.time_s, steer - self.zero, track / self.radius, self.travel_m / self.radius)

    def _star(self):
        draw, sensor = self.draw.star_tracker, ROVER.star_tracker
        sigma = np.array([draw.roll_sigma_rad, draw.cross_sigma_rad, draw.cross_sigma_rad])
        noise = rotation_from_vector(sigma * self.rng.standard_normal(3))
        seen = MAP_FROM_ICRF.T @ self.rotation @ self.tracker @ noise
        claimed = np.array([sensor.roll_sigma_rad, sensor.cross_sigma_rad, sensor.cross_sigma_rad])
        return AttitudeSample(self.time_s, np.roll(quaternion(seen), 1), np.diag(claimed**2))

    def _sun(self):
        draw = self.draw.sun_sensor
        error = rotation_from_vector(draw.sigma_rad * self.rng.standard_normal(3))
        seen = error @ rotation_from_vector(np.array(draw.mounting_rad)) @ self.rotation.T @ SUN
        return SunSample(self.time_s, seen / np.linalg.norm(seen))

    def _cloud(self, track_mps):
        """Return a scan after 0.2 m or 0.05 rad, at most each second, or after 10 s."""
        since_s, place, yaw_rad = self._scanned
        elapsed_s = self.time_s - since_s
        moved = np.linalg.norm(self.position - place) >= 0.2 or abs(self.yaw_rad - yaw_rad) >= 0.05
        if not self.lidar or self.count % 25 or not (moved or elapsed_s >= 10.0):
            return None
        self._scanned = self.time_s, self.position.copy(), self.yaw_rad
        back = min(round(self.draw.lidar.scan_duration_s / STEP_S), len(self._poses) - 1)
        poses = self._poses[-1 - back], self._poses[-1]
        return scan(self.ground, poses, ROVER.lidar, self.draw.lidar, self._lidar_rng, track_mps=track_mps)
