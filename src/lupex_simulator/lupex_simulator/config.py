# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the simulator, of the payload node and of the adapter to Gazebo."""

import dataclasses
from dataclasses import dataclass

from lupex_models.configuration import setting
from lupex_simulator.crawler.vehicle import VehicleConfig
from lupex_simulator.drill.cutting import DrillRigConfig
from lupex_simulator.pace import PaceConfig
from lupex_simulator.power.bus_quantities import PowerBusConfig
from lupex_simulator.schedule import ScheduleConfig
from lupex_simulator.sensors.neutron import NeutronSettings
from lupex_simulator.sensors.sky_sensors import SkySensorSettings


@dataclass(frozen=True)
class SimulatorConfig:
    """The world to run, its noise, its parts and how fast."""

    world: str = setting(description="directory made by prepare_world")
    rover: str = setting(description="path of the rover's numbers (config/rover.yaml)")
    truth: str = setting("kind", "level of the world's truth: a name in worlds/truth/, or the path of a file")
    draw: int = setting(
        -1, "seed of all that differs from run to run at one place; -1 takes the place's", minimum=-1, maximum=2**31 - 1
    )
    parts: str = setting(
        "all", "what is simulated: all, a comma list, or what is off: -inertial,-lidar; others supply those topics"
    )
    max_speed_up: float = setting(
        0.0, "simulated seconds a wall second at most; 0 is as fast as the nodes follow", minimum=0, maximum=1e5
    )
    world_control: bool = setting(
        False,
        "let Gazebo run as its followers allow, by its world control, from a paused start; else it runs by itself; the "
        "payload node's alone",
    )
    sun_light_period_s: float = setting(
        60.0, "between updates of Gazebo's Sun, 0.009 deg of its way; the payload node's alone", unit="s", minimum=1
    )
    pace: PaceConfig = dataclasses.field(default_factory=PaceConfig)
    schedule: ScheduleConfig = dataclasses.field(default_factory=ScheduleConfig)
    vehicle: VehicleConfig = dataclasses.field(default_factory=VehicleConfig)
    sky_sensors: SkySensorSettings = dataclasses.field(default_factory=SkySensorSettings)
    neutrons: NeutronSettings = dataclasses.field(default_factory=NeutronSettings)
    power_bus: PowerBusConfig = dataclasses.field(default_factory=PowerBusConfig)
    drill_rig: DrillRigConfig = dataclasses.field(default_factory=DrillRigConfig)


@dataclass(frozen=True)
class GazeboAdapterConfig:
    """How the rover in Gazebo is driven and told of; all assumptions."""

    world: str = setting(description="directory made by prepare_world")
    rover: str = setting(description="path of the rover's numbers (config/rover.yaml)")
    truth: str = setting("kind", "level of the world's truth: a name in worlds/truth/, or the path of a file")
    draw: int = setting(
        -1, "seed of all that differs from run to run at one place; -1 takes the place's", minimum=-1, maximum=2**31 - 1
    )
    drive: str = setting("tracks", "of the rover in Gazebo: tracks, or bogies for DART before 6.13")
    rate_hz: float = setting(20.0, "of commands and joint states", unit="Hz", minimum=1, maximum=250)
    odometry_hz: float = setting(5.0, "of /truth/odometry", unit="Hz", minimum=0.1, maximum=25)
    contact_hz: float = setting(5.0, "of /truth/contact at most", unit="Hz", minimum=0.1, maximum=250)
    track_acceleration_mps2: float = setting(
        VehicleConfig().track_acceleration_mps2, "ramp of the drives", unit="m/s2", minimum=0.001, maximum=10
    )
    wheel_radius_m: float = setting(0.13, "of the bogies' wheels", unit="m", minimum=0.01, maximum=1)
    proof_way_m: float = setting(
        0.10, "commanded way after which the rover must have moved, once", unit="m", minimum=0.01, maximum=10
    )
    proof_share: float = setting(0.3, "of that way that it must have gone", minimum=0.01, maximum=1)
    fallen_m: float = setting(
        2.0, "below the ground: so deep the rover has left the height map", unit="m", minimum=0.5, maximum=1000
    )
    hull_margin_m: float = setting(
        0.15, "lidar points so near to the rover's own hull are left out", unit="m", minimum=0, maximum=2
    )


@dataclass(frozen=True)
class CameraConfig:
    """Which pictures of the cameras are told as JPEG; all assumptions."""

    jpeg_quality: int = setting(75, "of the JPEG: 20 kB a picture of 640 x 480", minimum=1, maximum=95)
    period_s: float = setting(2.0, "between two pictures of one camera, at least", unit="s", minimum=0.1, maximum=3600)
    least_change: float = setting(
        1.0, "mean of the pixels' change, of 255, under which a picture is not told anew", minimum=0, maximum=255
    )
    repeat_s: float = setting(
        600.0, "after which a picture is told even so: a rover that stands is seen to stand", unit="s", minimum=1
    )


@dataclass(frozen=True)
class StatePublisherConfig:
    """Of our own robot_state_publisher, by the names of the usual one's parameters."""

    robot_description: str = setting(description="URDF of the rover, as text")
    publish_frequency: float = setting(
        5.0, "of the moving frames at most, by the host's clock", unit="Hz", minimum=0.1, maximum=100
    )
