# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's numbers: what each means, its unit and its bounds. The values stand in config/rover.yaml alone."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from lupex_models.configuration import ConfigurationError, read_configuration, setting


@dataclass(frozen=True)
class Body:
    """Mass, size and tilt limits."""

    mass_kg: float = setting(unit="kg", minimum=1, maximum=5000)
    length_m: float = setting(unit="m", minimum=0.1, maximum=10)
    width_m: float = setting(unit="m", minimum=0.1, maximum=10)
    height_m: float = setting(unit="m", minimum=0.1, maximum=10)
    clearance_m: float = setting(description="belly above level ground", unit="m", minimum=0, maximum=2)
    centre_of_mass_height_m: float = setting(unit="m", minimum=0.01, maximum=5)
    tip_over_rad: float = setting(description="tilt at which the rover is lost", unit="rad", minimum=0.1, maximum=1.5)
    max_tilt_rad: float = setting(description="steepest slope it is driven on", unit="rad", minimum=0.05, maximum=1.2)


@dataclass(frozen=True)
class Crawler:
    """Four crawler units at (+-unit_x_m, +-unit_y_m), each driven and steered."""

    unit_x_m: float = setting(unit="m", minimum=0.1, maximum=5)
    unit_y_m: float = setting(unit="m", minimum=0.1, maximum=5)
    track_length_m: float = setting(description="contact length", unit="m", minimum=0.05, maximum=3)
    track_width_m: float = setting(unit="m", minimum=0.02, maximum=2)
    sprocket_radius_m: float = setting(unit="m", minimum=0.01, maximum=1)
    max_speed_mps: float = setting(description="of the track", unit="m/s", minimum=0.001, maximum=2)
    max_steer_rad: float = setting(unit="rad", minimum=0.1, maximum=3.2)
    max_steer_rate_rad_s: float = setting(unit="rad/s", minimum=0.01, maximum=5)
    traction_derating: float = setting(description="of the uniform-pressure optimum", minimum=0.1, maximum=1)
    max_torque_nm: float = setting(description="a unit, at the sprocket", unit="N m", minimum=0.1, maximum=1000)
    drive_efficiency: float = setting(description="battery to sprocket", minimum=0.05, maximum=1)
    internal_resistance_coefficient: float = setting(description="track friction over weight", minimum=0, maximum=0.5)
    slide_viscosity_s_m: float = setting(
        description="rise of traction with slide speed, for the limit of traction", unit="s/m", minimum=0.001, maximum=1
    )
    command_timeout_s: float = setting(description="of the motor controllers", unit="s", minimum=0.1, maximum=10)


@dataclass(frozen=True)
class Regolith:
    """Soil that plans count on, and the bounds within which the true one may lie, evenly; lunar, never scaled again."""

    bekker_n: float = setting(description="exponent of sinkage", minimum=0.3, maximum=2)
    kc: float = setting(description="cohesive modulus", unit="N/m^(n+1)", minimum=0, maximum=1e6)
    kphi: float = setting(description="frictional modulus", unit="N/m^(n+2)", minimum=1e3, maximum=1e8)
    cohesion_pa: float = setting(unit="Pa", minimum=0, maximum=1e5)
    friction_angle_deg: float = setting(unit="deg", minimum=10, maximum=60)
    shear_modulus_m: float = setting(description="Janosi's K", unit="m", minimum=0.001, maximum=0.2)
    kphi_range: tuple[float, ...] = setting(description="low, high", unit="N/m^(n+2)", minimum=1e3, maximum=1e8)
    cohesion_range_pa: tuple[float, ...] = setting(description="low, high", unit="Pa", minimum=0, maximum=1e5)
    friction_angle_range_deg: tuple[float, ...] = setting(description="low, high", unit="deg", minimum=10, maximum=60)
    shear_modulus_range_m: tuple[float, ...] = setting(description="low, high", unit="m", minimum=0.001, maximum=0.2)


@dataclass(frozen=True)
class Battery:
    """Li-ion pack and its converter."""

    capacity_wh: float = setting(description="at 293 K, new", unit="Wh", minimum=1, maximum=1e6)
    cells_in_series: int = setting(minimum=1, maximum=200)
    reserve_fraction: float = setting(description="of the nominal capacity", minimum=0, maximum=0.9)
    resistance_ohm: float = setting(description="pack, 293 K, half charge", unit="ohm", minimum=0, maximum=10)
    charge_min_k: float = setting(unit="K", minimum=150, maximum=350)
    discharge_min_k: float = setting(unit="K", minimum=150, maximum=350)
    charge_max_w: float = setting(unit="W", minimum=1, maximum=1e5)
    charge_efficiency: float = setting(description="charge stored over charge taken", minimum=0.1, maximum=1)
    converter_efficiency: float = setting(description="between bus and cells", minimum=0.1, maximum=1)
    cell_voltage_v: tuple[float, ...] = setting(
        description="open circuit, at 293 K, evenly over charge 0..1", unit="V", minimum=1, maximum=5
    )
    entropic_v_k: float = setting(
        description="a cell's open-circuit voltage per kelvin", unit="V/K", minimum=-1e-3, maximum=1e-3
    )
    resistance_shape: tuple[float, ...] = setting(
        description="resistance over that at half charge, evenly over charge 0..1", minimum=0.1, maximum=20
    )
    resistance_activation_k: float = setting(
        description="Arrhenius temperature of the resistance", unit="K", minimum=0, maximum=1e4
    )
    capacity_temperature_k: tuple[float, ...] = setting(
        description="rising; for capacity_share", unit="K", minimum=100, maximum=400
    )
    capacity_share: tuple[float, ...] = setting(description="of the charge that is usable there", minimum=0, maximum=1)


@dataclass(frozen=True)
class SolarArray:
    """Vertical tower that turns towards the Sun about its axis."""

    power_w: float = setting(description="at normal incidence, 1 au", unit="W", minimum=0, maximum=1e5)
    centre_height_m: float = setting(description="above ground", unit="m", minimum=0, maximum=20)
    degradation: float = setting(description="dust and radiation, lost share", minimum=0, maximum=1)


@dataclass(frozen=True)
class Loads:
    """Electrical loads beside the drives."""

    avionics_w: float = setting(unit="W", minimum=0, maximum=1e4)
    lidar_w: float = setting(unit="W", minimum=0, maximum=1e4)
    lights_w: float = setting(unit="W", minimum=0, maximum=1e4)
    heater_w: float = setting(unit="W", minimum=0, maximum=1e4)
    drill_idle_w: float = setting(unit="W", minimum=0, maximum=1e4)
    instruments_w: float = setting(unit="W", minimum=0, maximum=1e4)


@dataclass(frozen=True)
class Thermal:
    """Lumped heat balance of battery box, structure and panel, with the heater's thermostat."""

    battery_heat_capacity_j_k: float = setting(unit="J/K", minimum=1, maximum=1e7)
    battery_conductance_w_k: float = setting(description="to the structure", unit="W/K", minimum=0, maximum=100)
    structure_heat_capacity_j_k: float = setting(unit="J/K", minimum=1, maximum=1e8)
    structure_area_m2: float = setting(unit="m2", minimum=0, maximum=100)
    structure_emissivity: float = setting(description="effective", minimum=0, maximum=1)
    structure_absorptivity: float = setting(description="effective", minimum=0, maximum=1)
    panel_heat_capacity_j_k: float = setting(unit="J/K", minimum=1, maximum=1e7)
    panel_area_m2: float = setting(unit="m2", minimum=0, maximum=100)
    panel_emissivity: float = setting(minimum=0, maximum=1)
    panel_absorptivity: float = setting(minimum=0, maximum=1)
    radiator_area_m2: float = setting(description="on top, sees the sky", unit="m2", minimum=0, maximum=100)
    radiator_emissivity: float = setting(minimum=0, maximum=1)
    heat_pipe_w_k: float = setting(description="battery to structure, fully open", unit="W/K", minimum=0, maximum=1000)
    heat_pipe_closed_k: float = setting(description="heat pipes shut below", unit="K", minimum=150, maximum=350)
    heat_pipe_open_k: float = setting(description="heat pipes fully open above", unit="K", minimum=150, maximum=350)
    sunlit_ground_k: float = setting(unit="K", minimum=100, maximum=400)
    shaded_ground_k: float = setting(description="shadow that the Sun visits", unit="K", minimum=20, maximum=300)
    permanent_shadow_ground_k: float = setting(unit="K", minimum=20, maximum=150)
    ground_emissivity: float = setting(description="in the thermal infrared", minimum=0, maximum=1)
    heater_on_k: float = setting(unit="K", minimum=150, maximum=350)
    heater_off_k: float = setting(unit="K", minimum=150, maximum=350)
    electronics_share: float = setting(description="of avionics heat into the battery box", minimum=0, maximum=1)


@dataclass(frozen=True)
class Imu:
    """Inertial unit at the origin of base_link."""

    rate_hz: float = setting(unit="Hz", minimum=1, maximum=1000)
    gyro_noise_rad_s_rthz: float = setting(unit="rad/s/sqrt(Hz)", minimum=0, maximum=1)
    gyro_bias_walk_rad_s2_rthz: float = setting(unit="rad/s2/sqrt(Hz)", minimum=0, maximum=1)
    gyro_bias_rad_s: float = setting(description="at switch-on, one sigma", unit="rad/s", minimum=0, maximum=1)
    accelerometer_noise_mps2_rthz: float = setting(unit="m/s2/sqrt(Hz)", minimum=0, maximum=10)
    accelerometer_bias_walk_mps3_rthz: float = setting(unit="m/s3/sqrt(Hz)", minimum=0, maximum=10)
    accelerometer_bias_mps2: float = setting(description="at switch-on, one sigma", unit="m/s2", minimum=0, maximum=10)


@dataclass(frozen=True)
class Lidar:
    """Spinning lidar; x_m, y_m, z_m place it in base_link, level with it."""

    x_m: float = setting(unit="m", minimum=-5, maximum=5)
    y_m: float = setting(unit="m", minimum=-5, maximum=5)
    z_m: float = setting(unit="m", minimum=0, maximum=5)
    columns: int = setting(minimum=8, maximum=4096)
    rows: int = setting(minimum=1, maximum=256)
    elevation_min_rad: float = setting(unit="rad", minimum=-1.58, maximum=1.58)
    elevation_max_rad: float = setting(unit="rad", minimum=-1.58, maximum=1.58)
    range_min_m: float = setting(unit="m", minimum=0, maximum=100)
    range_max_m: float = setting(unit="m", minimum=0.1, maximum=1000)
    range_sigma_m: float = setting(unit="m", minimum=0, maximum=10)
    rate_hz: float = setting(unit="Hz", minimum=0.01, maximum=50)


@dataclass(frozen=True)
class StarTracker:
    """Star tracker; its x axis is the boresight, given in base_link by azimuth (ccw from x) and elevation."""

    cross_sigma_rad: float = setting(unit="rad", minimum=0, maximum=0.1)
    roll_sigma_rad: float = setting(description="about the boresight", unit="rad", minimum=0, maximum=0.1)
    boresight_elevation_rad: float = setting(unit="rad", minimum=-1.58, maximum=1.58)
    boresight_azimuth_rad: float = setting(unit="rad", minimum=-3.1416, maximum=3.1416)
    sun_exclusion_rad: float = setting(description="blind with the Sun nearer", unit="rad", minimum=0, maximum=3.2)
    rate_hz: float = setting(unit="Hz", minimum=0.01, maximum=50)


@dataclass(frozen=True)
class SunSensor:
    """Sun sensor, aligned with base_link."""

    sigma_rad: float = setting(description="each axis", unit="rad", minimum=0, maximum=0.5)
    minimum_disc_fraction: float = setting(description="of the disc it needs", minimum=0, maximum=1)
    rate_hz: float = setting(unit="Hz", minimum=0.01, maximum=50)


@dataclass(frozen=True)
class Drill:
    """Rotary-percussive drill; the hole is at (x_m, y_m) in base_link."""

    x_m: float = setting(unit="m", minimum=-5, maximum=5)
    y_m: float = setting(unit="m", minimum=-5, maximum=5)
    max_depth_m: float = setting(unit="m", minimum=0.01, maximum=10)
    bit_diameter_m: float = setting(unit="m", minimum=0.001, maximum=1)
    max_weight_on_bit_n: float = setting(unit="N", minimum=1, maximum=1e4)
    max_torque_nm: float = setting(unit="N m", minimum=0.1, maximum=1e3)
    max_feed_rate_mps: float = setting(description="free travel", unit="m/s", minimum=1e-5, maximum=1)
    cutting_feed_rate_mps: float = setting(unit="m/s", minimum=1e-6, maximum=0.1)
    cutting_rate_rad_s: float = setting(unit="rad/s", minimum=0.1, maximum=100)
    slow_rate_rad_s: float = setting(description="while retracting", unit="rad/s", minimum=0.01, maximum=100)
    bite_m: float = setting(unit="m", minimum=0.001, maximum=1)
    rotary_power_w: float = setting(description="while cutting freely", unit="W", minimum=0, maximum=1e4)
    percussion_energy_j: float = setting(description="a blow", unit="J", minimum=0, maximum=100)
    percussion_rate_hz: float = setting(unit="Hz", minimum=0, maximum=100)
    command_timeout_s: float = setting(description="of the motor drives", unit="s", minimum=0.1, maximum=10)


@dataclass(frozen=True)
class Neutron:
    """Neutron spectrometer under the body."""

    integration_s: float = setting(unit="s", minimum=0.1, maximum=3600)
    epithermal_rate_hz: float = setting(description="over dry regolith", unit="1/s", minimum=0, maximum=1e5)
    thermal_rate_hz: float = setting(description="over dry regolith", unit="1/s", minimum=0, maximum=1e5)


@dataclass(frozen=True)
class Rover:
    """Everything about the vehicle that more than one package must agree on."""

    body: Body
    crawler: Crawler
    regolith: Regolith
    battery: Battery
    solar_array: SolarArray
    loads: Loads
    thermal: Thermal
    imu: Imu
    lidar: Lidar
    star_tracker: StarTracker
    sun_sensor: SunSensor
    drill: Drill
    neutron: Neutron


def read_rover(path: str | Path) -> Rover:
    """Read the rover's numbers; raises ConfigurationError with file, key and allowed range."""
    rover = read_configuration(Rover, Path(path))
    refuse_contradictions(rover, str(path))
    return rover


def refuse_contradictions(rover: Rover, source: str) -> None:
    """Raise ConfigurationError where numbers that are each within bounds do not go together."""
    battery, thermal, lidar = rover.battery, rover.thermal, rover.lidar
    rules = (
        *_regolith_rules(rover.regolith),
        (_rising(battery.cell_voltage_v), "battery.cell_voltage_v must hold two or more rising voltages"),
        (len(battery.resistance_shape) >= 2, "battery.resistance_shape must hold two or more values"),
        (_rising(battery.capacity_temperature_k), "battery.capacity_temperature_k must hold two or more rising values"),
        (
            len(battery.capacity_share) == len(battery.capacity_temperature_k),
            "battery.capacity_share must hold as many values as battery.capacity_temperature_k",
        ),
        (
            battery.discharge_min_k <= battery.charge_min_k,
            "battery.discharge_min_k must not be above battery.charge_min_k",
        ),
        (thermal.heater_on_k < thermal.heater_off_k, "thermal.heater_on_k must be below thermal.heater_off_k"),
        (
            thermal.heat_pipe_closed_k < thermal.heat_pipe_open_k,
            "thermal.heat_pipe_closed_k must be below thermal.heat_pipe_open_k",
        ),
        (lidar.range_min_m < lidar.range_max_m, "lidar.range_min_m must be below lidar.range_max_m"),
        (
            lidar.elevation_min_rad < lidar.elevation_max_rad,
            "lidar.elevation_min_rad must be below lidar.elevation_max_rad",
        ),
        (rover.body.max_tilt_rad < rover.body.tip_over_rad, "body.max_tilt_rad must be below body.tip_over_rad"),
    )
    for holds, text in rules:
        if not holds:
            raise ConfigurationError(f"{source}: {text}")


def _regolith_rules(regolith: Regolith) -> tuple[tuple[bool, str], ...]:
    ranges = (
        ("kphi", "kphi_range"),
        ("cohesion_pa", "cohesion_range_pa"),
        ("friction_angle_deg", "friction_angle_range_deg"),
        ("shear_modulus_m", "shear_modulus_range_m"),
    )
    return tuple(
        (
            _spans(getattr(regolith, range_key), getattr(regolith, key)),
            f"regolith.{range_key} must be [low, high] round {key}",
        )
        for key, range_key in ranges
    )


def _spans(bounds: tuple[float, ...], value: float) -> bool:
    return len(bounds) == 2 and bounds[0] <= value <= bounds[1]


def _rising(values: tuple[float, ...]) -> bool:
    return len(values) >= 2 and all(low < high for low, high in pairwise(values))
