# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the dark takes from the battery beside its loads: heat from a heater of limited power, and cold capacity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models import thermal
from lupex_models.battery import empty_soc, stored_energy_wh
from lupex_models.rover import Rover
from lupex_path_planning.config import PaceConfig

Array = NDArray[np.float64]

STAY_S = 14.0 * 86_400.0
"""So long a stay is looked at: no way back lasts longer, and all temperatures are in balance by then."""
_STEP_S = 60.0


@dataclass(frozen=True)
class Stay:
    """A stay in permanent shadow, minute by minute: the battery's temperature, and the energy taken since the start.

    Taken is what the heater has drawn and what of the charge at the start cannot be drawn any more at this temperature.
    """

    time_s: Array
    battery_k: Array
    taken_j: Array


def dark_stay(rover: Rover, start_k: float, avionics_w: float, duration_s: float = STAY_S) -> Stay:
    """Let battery and electronics of one temperature cool in permanent shadow, with the heater on its thermostat.

    Beside the heater only the avionics warm them: neither the battery's own losses nor the drives.
    """
    config = rover.thermal
    dark = thermal.surroundings(config, 0.0, permanent_shadow=True)
    in_box, in_electronics = thermal.avionics_heat(config, avionics_w)
    state = thermal.ThermalState(start_k, start_k, dark.ground_k)
    count = round(duration_s / _STEP_S)
    kelvin, heater_j = np.full(count + 1, start_k, np.float64), np.zeros(count + 1)
    heating = False
    for n in range(count):
        heating = thermal.thermostat(config, state.battery_k, heating)
        heater_w = rover.loads.heater_w if heating else 0.0
        inputs = thermal.HeatInputs(in_box, in_electronics, heater_w)
        state = thermal.step(config, state, dark, inputs, _STEP_S).state
        kelvin[n + 1], heater_j[n + 1] = state.battery_k, heater_j[n] + heater_w * _STEP_S
    out_of_reach_j: Array = 3600.0 * stored_energy_wh(rover.battery, empty_soc(rover.battery, kelvin))
    lost_j = np.maximum(out_of_reach_j - out_of_reach_j[0], 0.0)
    return Stay(_STEP_S * np.arange(count + 1, dtype=np.float64), kelvin, np.asarray(heater_j + lost_j, np.float64))


def check_cold(rover: Rover, bound: PaceConfig) -> None:
    """Raise ValueError where the bound's share of the heater's power does not cover the worst stay in the dark.

    It is the energy of a way of any length that counts, from any temperature that the thermostat lets the battery have
    at its start; and that the heater at its limited power keeps the battery warm enough to be charged at the end.
    """
    granted_w = rover.loads.heater_w * bound.heater_share * bound.load_factor
    # the loads are counted high for what they draw, and low for the heat they give
    avionics_w = rover.loads.avionics_w / bound.load_factor
    for start_k in (rover.thermal.heater_on_k, rover.thermal.heater_off_k, rover.thermal.heat_pipe_open_k):
        stay = dark_stay(rover, start_k, avionics_w)
        if stay.battery_k.min() < rover.battery.charge_min_k:
            raise ValueError(
                f"a heater of {rover.loads.heater_w:g} W lets the battery cool from {start_k:.1f} K to "
                f"{stay.battery_k.min():.1f} K in permanent shadow; below {rover.battery.charge_min_k:g} K it "
                "cannot be charged: no way back can be proven"
            )
        worst_w = float((stay.taken_j[1:] / stay.time_s[1:]).max())
        if worst_w > granted_w:
            raise ValueError(
                f"the bound's heater_share of {bound.heater_share:g} grants {granted_w:.1f} W against the cold, but a "
                f"stay in permanent shadow from {start_k:.1f} K takes {worst_w:.1f} W"
            )
