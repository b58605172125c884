# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The crawler vehicle on the true ground: four driven and steered units, their slip, and what ends the ride."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import setting
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.locomotion import crawler_row
from lupex_models.rover import Rover
from lupex_models.soil import track_sinkage
from lupex_simulator.crawler import crawler_dynamics as kernel
from lupex_worlds.contact_plane import settle
from lupex_worlds.ground import Ground
from lupex_worlds.pose import Pose

FloatArray = npt.NDArray[np.float64]
SoilAt = Callable[[FloatArray, FloatArray], FloatArray]
"""(x_m (n), y_m (n)) -> rows (n, 6) of Soil.as_row()."""


@dataclass(frozen=True)
class VehicleConfig:
    """What the world knows of the vehicle beyond the rover's own numbers; all assumptions."""

    track_acceleration_mps2: float = setting(0.1, "ramp of the drives", unit="m/s2", minimum=0.001, maximum=10)
    max_step_m: float = setting(0.25, "obstacle that a track still climbs", unit="m", minimum=0.01, maximum=2)
    slide_speed_mps: float = setting(
        0.2, "over the tracks' own, down a slope that the soil does not hold", unit="m/s", minimum=0.001, maximum=1
    )
    steering_power_w: float = setting(4.0, "electrical, a turning actuator", unit="W", minimum=0, maximum=1000)
    steering_deadband_rad: float = setting(
        0.01, "a smaller turn commanded leaves the vehicle parked", unit="rad", minimum=0, maximum=1
    )
    soil_refresh_m: float = setting(
        0.1, "distance after which the soil is read again", unit="m", minimum=0.01, maximum=10
    )


class Vehicle:
    """Quasi-static vehicle; `step` moves it, the properties tell what it does.

    Order of units everywhere: front left, front right, rear left, rear right.
    """

    def __init__(
        self,
        rover: Rover,
        config: VehicleConfig,
        ground: Ground,
        soil_at: SoilAt,
        x_m: float,
        y_m: float,
        yaw_rad: float,
        drag_factor: float = 1.0,
    ) -> None:
        """Set the vehicle down; `drag_factor` is the true internal resistance over the rover's number.

        Raises ValueError when the ground's height is not known there.
        """
        body, crawler = rover.body, rover.crawler
        self._rover = rover
        self._config = config
        self._ground = ground
        self._soil_at = soil_at
        x, y = crawler.unit_x_m, crawler.unit_y_m
        self._positions = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
        resistance = crawler.internal_resistance_coefficient * drag_factor
        self._crawler = crawler_row(dataclasses.replace(crawler, internal_resistance_coefficient=resistance))
        self._limits = np.array(
            [
                body.mass_kg,
                body.centre_of_mass_height_m,
                body.clearance_m,
                crawler.max_speed_mps,
                crawler.max_steer_rad,
                crawler.max_steer_rate_rad_s,
                crawler.max_torque_nm,
                config.track_acceleration_mps2,
                config.max_step_m,
                config.slide_speed_mps,
                config.steering_power_w,
            ]
        )
        self._state = np.zeros(kernel.SIZE)
        self._steer_command = np.zeros(4)
        self._track_command = np.zeros(4)
        self._commanded_s = -math.inf
        self.tipped = False
        state = self._state
        state[kernel.X], state[kernel.Y], state[kernel.YAW] = x_m, y_m, yaw_rad
        self._read_soil()
        load_n = body.mass_kg * MOON_GRAVITY_M_S2 / 4.0
        for i in range(4):
            state[kernel.SINKAGE + i] = track_sinkage(
                load_n / (crawler.track_length_m * crawler.track_width_m), crawler.track_width_m, self._soils[i]
            )
        z, pitch, roll, obstacle = settle(
            ground, self._positions, self._crawler, self._limits, x_m, y_m, yaw_rad, self.steer_rad, self.sinkage_m
        )
        if not math.isfinite(z):
            raise ValueError(f"the vehicle cannot start at x {x_m:g} m, y {y_m:g} m: no ground is known there")
        state[kernel.Z], state[kernel.PITCH], state[kernel.ROLL], state[kernel.OBSTACLE] = z, pitch, roll, obstacle

    def command(self, steer_rad: FloatArray, drive_rad_s: FloatArray, time_s: float) -> None:
        """Take set-points of the actuators, one a unit; raises ValueError unless all are finite."""
        if not (np.isfinite(steer_rad).all() and np.isfinite(drive_rad_s).all()):
            raise ValueError("joint commands must be finite")
        self._steer_command[:] = steer_rad
        self._track_command[:] = drive_rad_s
        self._track_command *= self._rover.crawler.sprocket_radius_m
        self._commanded_s = time_s

    def step(self, dt_s: float, time_s: float, *, anchored: bool = False, powered: bool = True) -> None:
        """Move by `dt_s`; the drives stop when the command is older than the controllers' timeout.

        `anchored`: the drill holds the vehicle. Without power, and once tipped over, nothing moves.
        """
        state = self._state
        if self.tipped or not powered:
            state[kernel.TRACK : kernel.TRACK + 4] = 0.0
            state[kernel.TORQUE : kernel.TORQUE + 4] = 0.0
            state[kernel.VX : kernel.POWER + 1] = 0.0
            return
        if time_s - self._commanded_s > self._rover.crawler.command_timeout_s:
            self._track_command[:] = 0.0
            self._steer_command[:] = self.steer_rad
        kernel.vehicle_step(
            state,
            self._positions,
            self._crawler,
            self._limits,
            self._steer_command,
            self._track_command,
            self._soils,
            self._ground,
            anchored,
            dt_s,
        )
        if math.hypot(state[kernel.X] - self._soil_x_m, state[kernel.Y] - self._soil_y_m) > self._config.soil_refresh_m:
            self._read_soil()
        tilt_rad = math.acos(math.cos(state[kernel.PITCH]) * math.cos(state[kernel.ROLL]))
        self.tipped = tilt_rad > self._rover.body.tip_over_rad

    def _read_soil(self) -> None:
        x, y, yaw = self._state[kernel.X], self._state[kernel.Y], self._state[kernel.YAW]
        u, v = self._positions[:, 0], self._positions[:, 1]
        self._soils = np.ascontiguousarray(
            self._soil_at(x + math.cos(yaw) * u - math.sin(yaw) * v, y + math.sin(yaw) * u + math.cos(yaw) * v)
        )
        self._soil_x_m, self._soil_y_m = float(x), float(y)

    @property
    def pose(self) -> Pose:
        """Place and attitude."""
        s = self._state
        return Pose(
            float(s[kernel.X]),
            float(s[kernel.Y]),
            float(s[kernel.Z]),
            float(s[kernel.ROLL]),
            float(s[kernel.PITCH]),
            float(s[kernel.YAW]),
        )

    @property
    def twist(self) -> tuple[float, float, float]:
        """Velocity forward and left [m/s], turning rate about the body's z axis [rad/s]."""
        return float(self._state[kernel.VX]), float(self._state[kernel.VY]), float(self._state[kernel.WZ])

    @property
    def steer_rad(self) -> FloatArray:
        """Steering angles (4), a view."""
        return self._state[kernel.STEER : kernel.STEER + 4]

    @property
    def track_mps(self) -> FloatArray:
        """Track speeds (4), a view."""
        return self._state[kernel.TRACK : kernel.TRACK + 4]

    @property
    def travel_m(self) -> FloatArray:
        """Way that the tracks have run since the start (4), a view."""
        return self._state[kernel.TRAVEL : kernel.TRAVEL + 4]

    @property
    def torque_nm(self) -> FloatArray:
        """Torque at the sprockets (4), a view."""
        return self._state[kernel.TORQUE : kernel.TORQUE + 4]

    @property
    def sinkage_m(self) -> FloatArray:
        """Depth of the units' ruts (4), a view."""
        return self._state[kernel.SINKAGE : kernel.SINKAGE + 4]

    @property
    def slip(self) -> float:
        """Mean slip of the running units, clipped to -1..1; 0 at rest."""
        running = np.abs(self.track_mps) > 1e-6
        if not running.any():
            return 0.0
        return float(np.clip(self._state[kernel.SLIP : kernel.SLIP + 4][running].mean(), -1.0, 1.0))

    @property
    def power_w(self) -> float:
        """Electrical power of drives and steering."""
        return float(self._state[kernel.POWER])

    @property
    def distance_m(self) -> float:
        """Way of base_link over ground since the start."""
        return float(self._state[kernel.DISTANCE])

    @property
    def blocked(self) -> bool:
        """Whether an obstacle under the belly or before a track stopped the last step."""
        return bool(self._state[kernel.BLOCKED])

    @property
    def moving(self) -> bool:
        """Whether tracks run, steering turns or the body moves."""
        s = self._state
        return bool(np.any(self.track_mps) or s[kernel.VX] or s[kernel.VY] or s[kernel.WZ] or s[kernel.POWER])
