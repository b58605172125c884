# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From unit commands to Gazebo's track speeds, with the slip that the soil takes; encoders and torques back.

Gazebo's contact knows sticking and sliding alone. So the true soil says how far each unit gets over the ground
for the speed of its track, and the rigid track runs at that speed; the encoders tell the commanded one.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover
from lupex_simulator.config import GazeboAdapterConfig
from lupex_simulator.crawler.encoders import EncoderDraw, Encoders
from lupex_simulator.crawler.rut import follow_ruts, fresh_ruts
from lupex_simulator.crawler.true_locomotion import RUT_COLUMNS, Units, balance, drives, true_track, unit_loads
from lupex_simulator.crawler.vehicle import SoilAt
from lupex_worlds.truth.soil_truth import TrackGrip

FloatArray = npt.NDArray[np.float64]


_CAUSES = {
    "tracks": "Gazebo's DART is older than 6.13 and does not move tracks; start with drive:=bogies",
    "bogies": "its wheels do not get their speeds, or Gazebo has another rover; look for [Err] in what Gazebo prints",
}


class NotMovingError(RuntimeError):
    """Say that the rover stands still in Gazebo although it was told to drive."""


@dataclass(frozen=True)
class UnitState:
    """What the units do; each array (4,): front left, front right, rear left, rear right."""

    steer_command_rad: FloatArray
    speed_command: FloatArray
    """For Gazebo: m/s over the ground of a track, or rad/s of a bogie's wheels."""
    track_mps: FloatArray
    travel_m: FloatArray
    torque_nm: FloatArray
    slip: FloatArray
    power_w: float
    steer_encoded_rad: FloatArray
    """What the encoders say; as sprocket_rad and sprocket_rad_s."""
    sprocket_rad: FloatArray
    sprocket_rad_s: FloatArray


class UnitDrive:
    """The motor controllers: ramp, limits and timeout as in the embedded world, and the soil under each unit."""

    def __init__(
        self,
        rover: Rover,
        config: GazeboAdapterConfig,
        soil_at: SoilAt,
        drag_factor: float = 1.0,
        grip: TrackGrip = TrackGrip(),  # noqa: B008 - it cannot change
        encoders: EncoderDraw = EncoderDraw(),  # noqa: B008
    ) -> None:
        crawler = rover.crawler
        self._rover = rover
        self._config = config
        self._soil_at = soil_at
        x, y = crawler.unit_x_m, crawler.unit_y_m
        self._positions = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
        self._crawler = true_track(rover, grip, drag_factor)
        self._encoders = Encoders(encoders, crawler)
        self._steer_command = self._encoders.zero_rad.copy()
        self._track_command = np.zeros(4)
        self._steer_rad = self._steer_command
        self._commanded_s = -math.inf
        self._track = np.zeros(4)
        self._travel = np.zeros(4)
        self._twist = np.zeros(3)
        # Compiled now, where nobody waits: on a new machine it takes seconds, in which the tracks would get no command.
        self._ruts = np.full((4, RUT_COLUMNS), math.nan)
        self._on_soil((0.0, 0.0), np.eye(3), np.zeros(4), 0.0)
        self._ruts[:] = math.nan

    def command(self, steer_rad: FloatArray, drive_rad_s: FloatArray, time_s: float) -> None:
        """Take set-points of the actuators, as their encoders count; they must be finite."""
        limit = self._rover.crawler.max_steer_rad
        self._steer_command, self._track_command = self._encoders.command(
            np.clip(steer_rad, -limit, limit), drive_rad_s, self._steer_rad
        )
        self._commanded_s = time_s

    def step(
        self,
        dt_s: float,
        time_s: float,
        place_m: tuple[float, float],
        map_from_base: FloatArray,
        steer_rad: FloatArray,
        *,
        held: bool = False,
    ) -> UnitState:
        """Advance by `dt_s` at a place of the map; `steer_rad` are the measured angles, `held` by the drill.

        The drives stop, and the steering holds, when the command is older than the controllers' timeout. After a gap
        longer than it Gazebo's tracks have stopped too, and start from rest.
        """
        self._steer_rad = steer_rad
        timeout_s = self._rover.crawler.command_timeout_s
        if dt_s > timeout_s and self._config.drive == "tracks":
            self._travel = self._travel + self._track * timeout_s
            self._track = np.zeros(4)
            dt_s = 1.0 / self._config.rate_hz
        if time_s - self._commanded_s > timeout_s:
            self._track_command = np.zeros(4)
            self._steer_command = steer_rad.copy()
        change = self._config.track_acceleration_mps2 * dt_s
        self._track = self._track + np.clip(self._track_command - self._track, -change, change)
        self._travel = self._travel + self._track * dt_s
        self._encoders.follow(self._track)
        slip, torque, power_w = np.zeros(4), np.zeros(4), 0.0
        if self._track.any():
            slip, torque, power_w = self._on_soil(place_m, map_from_base, steer_rad, dt_s)
        if held:
            slip = np.where(self._track != 0.0, 1.0, 0.0)
        if self._config.drive == "tracks":
            speed = self._track * (1.0 - slip)
        else:
            # WheelSlip gives the wheels their slip, so that only a drill that holds is taken out here
            speed = (np.zeros(4) if held else self._track) / self._config.wheel_radius_m
        return UnitState(
            self._steer_command.copy(),
            speed,
            self._track.copy(),
            self._travel.copy(),
            torque,
            slip,
            power_w,
            self._encoders.steering_rad(steer_rad),
            self._encoders.sprocket_rad(self._travel),
            self._encoders.sprocket_rad_s(self._track),
        )

    def _on_soil(
        self, place_m: tuple[float, float], map_from_base: FloatArray, steer_rad: FloatArray, dt_s: float
    ) -> tuple[FloatArray, FloatArray, float]:
        yaw = math.atan2(map_from_base[1, 0], map_from_base[0, 0])
        u, v = self._positions[:, 0], self._positions[:, 1]
        soils = self._soil_at(
            place_m[0] + math.cos(yaw) * u - math.sin(yaw) * v, place_m[1] + math.sin(yaw) * u + math.cos(yaw) * v
        )
        along, across, normal = (float(value) for value in map_from_base[2])
        place = (float(place_m[0]), float(place_m[1]), yaw)
        crawler = self._crawler
        units = Units(
            self._positions, self._track, np.ascontiguousarray(steer_rad, np.float64), np.empty(4), self._ruts,
            np.ascontiguousarray(soils),
        )  # fmt: skip
        unit_loads(self._positions, crawler, along, across, max(normal, 1e-3), units.loads)
        if math.isnan(self._ruts[0, 0]):
            fresh_ruts(units, crawler, place)
        balance(units, crawler, along, across, self._twist)
        slip, torque = np.empty(4), np.empty(4)
        power_w = drives(units, crawler, self._twist, slip, torque)
        follow_ruts(units, crawler, self._twist, place, dt_s)
        return slip, torque, float(power_w)


class MotionProof:
    """Wait for the first motion on command, once: DART before 6.13 leaves a track controller without effect.

    Later the rover may well stand still on command, before a rock.
    """

    def __init__(self, config: GazeboAdapterConfig, rover: Rover) -> None:
        crawler = rover.crawler
        unit_radius_m = math.hypot(crawler.unit_x_m, crawler.unit_y_m)
        self._config = config
        self._longest_s = crawler.command_timeout_s
        self._unit_radius_m = unit_radius_m
        self._expected_m = 0.0
        self._begin: tuple[float, float, float] | None = None
        self.given = False

    def watch(self, ground_speed_mps: FloatArray, dt_s: float, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Take the units' speeds over the ground as commanded for a time, and where the rover truly is after it.

        What it was told to go during a gap, in which its tracks stop by themselves, does not count.
        Raises NotMovingError once it has been told to go far enough and has not gone.
        """
        if self.given or dt_s > self._longest_s:
            return
        if self._begin is None:
            self._begin = (x_m, y_m, yaw_rad)
        self._expected_m += float(np.abs(ground_speed_mps).mean()) * dt_s
        gone_m = math.dist((x_m, y_m), self._begin[:2])
        gone_m += self._unit_radius_m * abs(math.remainder(yaw_rad - self._begin[2], 2.0 * math.pi))
        if self._expected_m < self._config.proof_way_m:
            return
        if gone_m < self._config.proof_share * self._expected_m:
            cause = _CAUSES[self._config.drive]
            raise NotMovingError(f"the rover was told to go {self._expected_m:.2f} m and went {gone_m:.3f} m: {cause}")
        self.given = True
