# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When the world steps and what it tells at which time, in whole nanoseconds on one grid of steps."""

from dataclasses import dataclass
from enum import Enum

from lupex_models.configuration import setting
from lupex_models.rover import Rover

STEP_NS = 40_000_000
"""25 Hz: every stamp of the world is a multiple of it."""

START_NS = 1000 * 1_000_000_000
"""ROS time at the start of every world."""


class Mode(Enum):
    """How much happens."""

    DRIVING = "driving"
    DRILLING = "drilling"
    PARKED = "parked"


class Output(Enum):
    """What is told at its own rate."""

    CLOCK = "clock"
    INERTIAL = "inertial"
    JOINTS = "joints"
    LIDAR = "lidar"
    STAR_TRACKER = "star_tracker"
    SUN_SENSOR = "sun_sensor"
    POWER_BUS = "power_bus"
    DRILL_RIG = "drill_rig"
    NEUTRONS = "neutrons"
    TRUTH_ODOMETRY = "truth_odometry"
    TRUTH_STATE = "truth_state"


@dataclass(frozen=True)
class ScheduleConfig:
    """Rates that are the world's own; those of the sensors stand with the rover's numbers."""

    clock_hz: float = setting(12.5, "of /clock", unit="Hz", minimum=0.1, maximum=25)
    joints_hz: float = setting(20.0, "of /mobility/joint_states", unit="Hz", minimum=0.1, maximum=25)
    drill_hz: float = setting(10.0, "of /drill/rig while it is out or commanded", unit="Hz", minimum=0.1, maximum=25)
    drill_stowed_hz: float = setting(1.0, "of /drill/rig when stowed", unit="Hz", minimum=0.1, maximum=25)
    bus_hz: float = setting(1.0, "of /power/bus", unit="Hz", minimum=0.1, maximum=25)
    drilling_hz: float = setting(
        2.0, "of /imu/data and joint states while the drill works", unit="Hz", minimum=0.1, maximum=25
    )
    parked_hz: float = setting(
        0.25,
        "of steps, and so of all that is told, while parked with the drill stowed",
        unit="Hz",
        minimum=0.1,
        maximum=25,
    )
    attended_wall_hz: float = setting(
        2.0, "least rate of steps on the wall's clock where max_speed_up is set", unit="Hz", minimum=0.1, maximum=25
    )
    lidar_way_m: float = setting(
        0.2, "of motion after which the lidar scans again, no faster than its rate", unit="m", minimum=0, maximum=10
    )
    lidar_turn_rad: float = setting(0.05, "of turning, likewise", unit="rad", minimum=0, maximum=3)
    parked_lidar_hz: float = setting(0.05, "of /lidar/points while nothing moves", unit="Hz", minimum=0.001, maximum=25)
    truth_odometry_hz: float = setting(5.0, "of /truth/odometry while driving", unit="Hz", minimum=0.1, maximum=25)
    truth_state_hz: float = setting(1.0, "of /truth/state", unit="Hz", minimum=0.1, maximum=25)


class Schedule:
    """Periods of all outputs in each mode."""

    def __init__(self, config: ScheduleConfig, rover: Rover, max_speed_up: float = 0.0) -> None:
        """Take the largest speed-up too: who looks on at that pace sees no clock that stands for long."""
        parked, drilling = config.parked_hz, config.drilling_hz
        if max_speed_up > 0.0:
            parked = min(max(parked, config.attended_wall_hz / max_speed_up), 1e9 / STEP_NS)
        rates = {
            Output.CLOCK: (config.clock_hz, config.clock_hz, parked),
            Output.INERTIAL: (rover.imu.rate_hz, drilling, parked),
            Output.JOINTS: (config.joints_hz, drilling, parked),
            Output.LIDAR: (rover.lidar.rate_hz, config.parked_lidar_hz, config.parked_lidar_hz),
            Output.STAR_TRACKER: (rover.star_tracker.rate_hz,) * 3,
            Output.SUN_SENSOR: (rover.sun_sensor.rate_hz,) * 3,
            Output.POWER_BUS: (config.bus_hz,) * 3,
            Output.DRILL_RIG: (config.drill_stowed_hz, config.drill_hz, config.drill_stowed_hz),
            Output.NEUTRONS: (1.0 / rover.neutron.integration_s,) * 3,
            Output.TRUTH_ODOMETRY: (config.truth_odometry_hz, config.truth_state_hz, config.truth_state_hz),
            Output.TRUTH_STATE: (config.truth_state_hz,) * 3,
        }
        self._periods = {
            mode: {output: round(1e9 / rate[column]) for output, rate in rates.items()}
            for column, mode in enumerate(Mode)
        }
        self._parked_ns = round(1e9 / parked)

    def period_s(self, output: Output, mode: Mode) -> float:
        """Return how often an output is told in a mode."""
        return self._periods[mode][output] * 1e-9

    def next_ns(self, now_ns: int, mode: Mode, not_before_ns: int = 0) -> int:
        """Return the time of the next step: one step on, or the parked rate's next time on the grid of steps.

        `not_before_ns` is later than now where others lived on while the world rested.
        """
        boundary_ns = now_ns + STEP_NS
        if mode is Mode.PARKED:
            boundary_ns = (now_ns // self._parked_ns + 1) * self._parked_ns
        return -(-max(boundary_ns, not_before_ns) // STEP_NS) * STEP_NS

    def due(self, output: Output, before_ns: int, now_ns: int, mode: Mode) -> bool:
        """Tell whether a multiple of the output's period lies in (before, now]."""
        period = self._periods[mode][output]
        return now_ns // period != before_ns // period
