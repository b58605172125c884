# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the power bus is told and what it tells: settings, start, light at the array, readings."""

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

from lupex_models.configuration import setting
from lupex_simulator.power.converter import LockoutConfig
from lupex_simulator.power.true_array import Faces, evenly


@dataclass(frozen=True)
class PowerBusConfig:
    """Start and sensors of the bus; all assumptions."""

    start_structure_k: float = setting(270.0, "at the start", unit="K", minimum=50, maximum=350)
    start_panel_k: float = setting(260.0, "at the start", unit="K", minimum=50, maximum=400)
    switches_timeout_s: float = setting(
        10.0,
        "age of the switch command past which the unit's own thermostat rules",
        unit="s",
        minimum=0.1,
        maximum=3600,
    )
    low_voltage_v_cell: float = setting(3.2, "under-voltage flag, a cell", unit="V", minimum=2, maximum=5)
    low_voltage_rise_v: float = setting(0.05, "over it, where the flag falls", unit="V", minimum=0, maximum=2)
    voltage_sigma_v: float = setting(0.02, "noise", unit="V", minimum=0, maximum=10)
    current_sigma_a: float = setting(0.02, "noise", unit="A", minimum=0, maximum=10)
    current_bias_a: float = setting(0.01, "drawn once, one sigma", unit="A", minimum=0, maximum=10)
    current_gain_sigma: float = setting(0.003, "drawn once, one sigma", minimum=0, maximum=0.5)
    temperature_sigma_k: float = setting(0.2, "noise", unit="K", minimum=0, maximum=50)
    power_sigma_share: float = setting(0.01, "noise of the load and array readings", minimum=0, maximum=1)
    lockout: LockoutConfig = dataclasses.field(default_factory=LockoutConfig)


class BusStart(NamedTuple):
    """Charge and temperature of the pack at the start."""

    soc: float
    battery_k: float


@dataclass(frozen=True)
class Sunlight:
    """The Sun at the array: at its middle and, where known, over its faces."""

    disc_fraction: float
    incidence_rad: float
    distance_m: float
    permanent_shadow: bool = False
    faces: Faces | None = None

    @property
    def on_faces(self) -> Faces:
        """Shares of the disc over the faces; where they are not known, the middle's."""
        middle = self.disc_fraction
        return evenly(middle, middle, middle) if self.faces is None else self.faces


@dataclass(frozen=True)
class BusReading:
    """What the unit measures; as PowerBus."""

    bus_voltage_v: float
    battery_current_a: float
    battery_temperature_k: float
    array_power_w: float
    load_mobility_w: float
    load_drill_w: float
    load_heater_w: float
    load_avionics_w: float
    drill_on: bool
    heater_on: bool
    low_voltage: bool
