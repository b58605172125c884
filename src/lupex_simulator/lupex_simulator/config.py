# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the simulator node."""

import dataclasses
from dataclasses import dataclass

from lupex_models.configuration import setting
from lupex_simulator.cutting import DrillRigConfig
from lupex_simulator.lidar import LidarSettings
from lupex_simulator.neutron import NeutronSettings
from lupex_simulator.pace import PaceConfig
from lupex_simulator.power_bus import PowerBusConfig
from lupex_simulator.schedule import ScheduleConfig
from lupex_simulator.sky_sensors import SkySensorSettings
from lupex_simulator.vehicle import VehicleConfig


@dataclass(frozen=True)
class SimulatorConfig:
    """The world to run, its noise, its parts and how fast."""

    world: str = setting(description="directory made by prepare_world")
    rover: str = setting(description="path of the rover's numbers (config/rover.yaml)")
    seed: int = setting(-1, "of all sensor noise; -1 takes the world's own", minimum=-1, maximum=2**31 - 1)
    parts: str = setting(
        "all", "what is simulated: all, a comma list, or what is off: -inertial,-lidar; others supply those topics"
    )
    max_speed_up: float = setting(
        0.0, "simulated seconds a wall second at most; 0 is as fast as the nodes follow", minimum=0, maximum=1e5
    )
    pace: PaceConfig = dataclasses.field(default_factory=PaceConfig)
    schedule: ScheduleConfig = dataclasses.field(default_factory=ScheduleConfig)
    vehicle: VehicleConfig = dataclasses.field(default_factory=VehicleConfig)
    lidar: LidarSettings = dataclasses.field(default_factory=LidarSettings)
    sky_sensors: SkySensorSettings = dataclasses.field(default_factory=SkySensorSettings)
    neutrons: NeutronSettings = dataclasses.field(default_factory=NeutronSettings)
    power_bus: PowerBusConfig = dataclasses.field(default_factory=PowerBusConfig)
    drill_rig: DrillRigConfig = dataclasses.field(default_factory=DrillRigConfig)
