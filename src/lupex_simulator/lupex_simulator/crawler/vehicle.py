# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The crawler vehicle on the true ground: four driven and steered units, their slip, and what ends the ride."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.configuration import setting
from lupex_models.rover import Rover
from lupex_simulator.crawler import crawler_dynamics as kernel
from lupex_simulator.crawler.encoders import EncoderDraw, Encoders
from lupex_simulator.crawler.rut import fresh_ruts
from lupex_simulator.crawler.track_soil import grip_strengths, resistances
from lupex_simulator.crawler.true_locomotion import PIT, ROLLING, RUT_COLUMNS, Units, true_track, unit_loads
from lupex_worlds.contact_plane import rotation, settle
from lupex_worlds.ground import Ground
from lupex_worlds.pose import Pose
from lupex_worlds.truth.soil_truth import TrackGrip

FloatArray = npt.NDArray[np.float64]
SoilAt = Callable[[FloatArray, FloatArray], FloatArray]
"""(x_m (n), y_m (n)) -> rows (n, 7) of TrueSoil."""


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
        grip: TrackGrip = TrackGrip(),  # noqa: B008 - it cannot change
        encoders: EncoderDraw = EncoderDraw(),  # noqa: B008
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
        self._crawler = true_track(rover, grip, drag_factor)
        self.encoders = Encoders(encoders, crawler)
        self._limits = np.array(
            [
                body.mass_kg,
                body.centre_of_mass_height_m,
                body.clearance_m,
                crawler.max_speed_mps * float(self.encoders.radius_factor.max()),
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
        self._steer_command = self.encoders.zero_rad.copy()
        self._track_command = np.zeros(4)
        self._commanded_s = -math.inf
        self.tipped = False
        self.settled = False
        """Whether the last step found it at rest on soil, or an obstacle, that holds it: it stays so by itself."""
        state = self._state
        state[kernel.X], state[kernel.Y], state[kernel.YAW] = x_m, y_m, yaw_rad
        state[kernel.STEER : kernel.STEER + 4] = self._steer_command
        self._read_soil()
        self._set_down()

    def _set_down(self) -> None:
        """Press the tracks into the ground and find height and tilt."""
        state = self._state
        x, y, yaw = (float(v) for v in (state[kernel.X], state[kernel.Y], state[kernel.YAW]))
        units = self._units()
        unit_loads(self._positions, self._crawler, 0.0, 0.0, 1.0, units.loads)
        fresh_ruts(units, self._crawler, (x, y, yaw))
        self.sinkage_m[:] = units.ruts[:, ROLLING]
        z, pitch, roll, obstacle = settle(
            self._ground, self._positions, self._crawler, self._limits, x, y, yaw, self.steer_rad, self.sinkage_m
        )
        if not math.isfinite(z):
            raise ValueError(f"the vehicle cannot start at x {x:g} m, y {y:g} m: no ground is known there")
        state[kernel.Z], state[kernel.PITCH], state[kernel.ROLL], state[kernel.OBSTACLE] = z, pitch, roll, obstacle

    def command(self, steer_rad: FloatArray, drive_rad_s: FloatArray, time_s: float) -> None:
        """Take set-points of the actuators, one a unit, as their encoders count; raises ValueError unless finite."""
        if not (np.isfinite(steer_rad).all() and np.isfinite(drive_rad_s).all()):
            raise ValueError("joint commands must be finite")
        self._steer_command[:], self._track_command[:] = self.encoders.command(steer_rad, drive_rad_s, self.steer_rad)
        self._commanded_s = time_s

    def step(self, dt_s: float, time_s: float, *, anchored: bool = False, powered: bool = True) -> None:
        """Move by `dt_s`; the drives stop when the command is older than the controllers' timeout.

        `anchored`: the drill holds the vehicle. Without power the tracks lock, and the soil decides. Once tipped over,
        nothing moves.
        """
        state = self._state
        if self.tipped or not powered:
            state[kernel.TRACK : kernel.TRACK + 4] = 0.0
            self._track_command[:] = 0.0
            self._steer_command[:] = self.steer_rad
        if self.tipped:
            state[kernel.TORQUE : kernel.TORQUE + 4] = 0.0
            state[kernel.VX : kernel.POWER + 1] = 0.0
            self.settled = True
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
        self.settled = not anchored and not self.moving
        self.encoders.follow(self.track_mps)
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
    def entrapment(self) -> float:
        """What the ruts hold against over what the tracks can pull on level ground: from 1 on it is stuck in them."""
        s, r, units = self._state, np.empty((3, 3)), self._units()
        rotation(s[kernel.YAW], s[kernel.PITCH], s[kernel.ROLL], r)
        unit_loads(self._positions, self._crawler, r[2, 0], r[2, 1], r[2, 2], units.loads)
        held = pulled = 0.0
        for rut, load_n, soil in zip(units.ruts, units.loads, units.soils):
            held += resistances(rut[ROLLING], rut[PIT], load_n, self._crawler, soil)[0]
            pulled += sum(grip_strengths(load_n, self._crawler, soil))
        return float(held / max(pulled, 1e-9))

    def _units(self) -> Units:
        """Return the units as the kernels take them, their loads still to be filled."""
        ruts = self._state[kernel.RUTS :].reshape(4, RUT_COLUMNS)
        return Units(self._positions, self.track_mps, self.steer_rad, np.empty(4), ruts, self._soils)

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
