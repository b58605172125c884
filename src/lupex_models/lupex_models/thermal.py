# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Heat balance of battery box, electronics and panel between sunlit ground, shade and permanent shadow.

Three lumped nodes. The electronics node is the insulated structure with the avionics on it; a radiator on top and a
heat pipe from the battery box, both of variable conductance, take heat away once it is warm (Gilmore 2002, ch. 14).
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.constants import (
    ASTRONOMICAL_UNIT_M,
    SOLAR_CONSTANT_W_M2,
    STEFAN_BOLTZMANN,
)
from lupex_models.rover import Thermal

Array = NDArray[np.float64]
SUBSTEP_SHARE = 0.1
"""Of the fastest node's time constant: explicit steps of that size are stable and true to a percent."""


@dataclass(frozen=True)
class ThermalState:
    """Temperatures of the nodes."""

    battery_k: float
    electronics_k: float
    panel_k: float


@dataclass(frozen=True)
class Surroundings:
    """What the rover exchanges heat with: ground over half of its view, dark sky over the other half."""

    ground_k: float
    irradiance_w_m2: float
    """Of the share of the Sun's disc in view, on a plane normal to it."""


@dataclass(frozen=True)
class HeatInputs:
    """Heat set free inside each node, and the panel's electrical output [W]."""

    battery_w: float = 0.0
    electronics_w: float = 0.0
    heater_w: float = 0.0
    array_power_w: float = 0.0


class ThermalStep(NamedTuple):
    """Outcome of a step, with the mean heat flows of the books: absorbed + inputs = radiated + stored."""

    state: ThermalState
    absorbed_w: float
    """Sunlight and the surroundings' own radiation, less the panel's electrical output."""
    radiated_w: float


def surroundings(
    config: Thermal,
    disc_fraction: float,
    permanent_shadow: bool = False,
    sun_distance_m: float = ASTRONOMICAL_UNIT_M,
) -> Surroundings:
    """Return the surroundings in a place with this share of the Sun's disc; half-lit ground mixes by radiation.

    Ground temperatures of the rover's file; sunlight by the inverse square of the distance (Gilmore 2002, ch. 2).
    """
    share = min(max(disc_fraction, 0.0), 1.0)
    dark = config.permanent_shadow_ground_k if permanent_shadow else config.shaded_ground_k
    ground = (share * config.sunlit_ground_k**4 + (1.0 - share) * dark**4) ** 0.25
    return Surroundings(ground, share * SOLAR_CONSTANT_W_M2 * (ASTRONOMICAL_UNIT_M / sun_distance_m) ** 2)


def avionics_heat(config: Thermal, avionics_w: float) -> tuple[float, float]:
    """Return the shares [W] of the avionics' heat set free in the battery box and in the electronics node."""
    return config.electronics_share * avionics_w, (1.0 - config.electronics_share) * avionics_w


def thermostat(config: Thermal, battery_k: float, heater_on: bool) -> bool:
    """Return whether the heater runs next: on below `heater_on_k`, off above `heater_off_k`, else as before."""
    return bool(heats(config.heater_on_k, config.heater_off_k, battery_k, heater_on))


@njit(cache=True)
def heats(on_k, off_k, battery_k, heater_on):  # type: ignore[no-untyped-def]
    """Return what thermostat does, for kernels."""
    return battery_k <= on_k or (heater_on and battery_k < off_k)


def step(
    config: Thermal, state: ThermalState, environment: Surroundings, inputs: HeatInputs, dt_s: float
) -> ThermalStep:
    """Advance the temperatures by `dt_s` [s] with constant inputs and surroundings.

    Lumped nodes with radiation by Stefan-Boltzmann against ground and sky (Gilmore 2002, ch. 15). Explicit sub-steps
    book each flow out of one node and into the other, so that energy is conserved to rounding.
    Raises ValueError for a dt that is not positive and finite.
    """
    if not (dt_s > 0.0 and math.isfinite(dt_s)):
        raise ValueError(f"a thermal step needs a positive time, not {dt_s!r} s")
    battery, electronics, panel, absorbed, radiated = thermal_step(
        thermal_row(config),
        state.battery_k,
        state.electronics_k,
        state.panel_k,
        environment.ground_k,
        environment.irradiance_w_m2,
        inputs.battery_w + inputs.heater_w,
        inputs.electronics_w,
        inputs.array_power_w,
        dt_s,
    )
    return ThermalStep(ThermalState(battery, electronics, panel), absorbed / dt_s, radiated / dt_s)


def stored_heat_j(config: Thermal, state: ThermalState) -> float:
    """Return the heat of all nodes above 0 K, for the books."""
    return (
        config.battery_heat_capacity_j_k * state.battery_k
        + config.structure_heat_capacity_j_k * state.electronics_k
        + config.panel_heat_capacity_j_k * state.panel_k
    )


@lru_cache(maxsize=32)
def thermal_row(config: Thermal) -> Array:
    """Return the heat balance's numbers as the row that the kernel takes."""
    return np.array(
        [
            config.battery_heat_capacity_j_k,
            config.battery_conductance_w_k,
            config.structure_heat_capacity_j_k,
            config.structure_area_m2,
            config.structure_emissivity,
            config.structure_absorptivity,
            config.panel_heat_capacity_j_k,
            config.panel_area_m2,
            config.panel_emissivity,
            config.panel_absorptivity,
            config.radiator_area_m2,
            config.radiator_emissivity,
            config.heat_pipe_w_k,
            config.heat_pipe_closed_k,
            config.heat_pipe_open_k,
            config.ground_emissivity,
        ]
    )


@njit(cache=True)
def _opening(kelvin, closed_k, open_k):  # type: ignore[no-untyped-def]
    if kelvin <= closed_k:
        return 0.0
    if kelvin >= open_k:
        return 1.0
    return (kelvin - closed_k) / (open_k - closed_k)


@njit(cache=True)
def thermal_step(p, battery_k, electronics_k, panel_k, ground_k, irradiance, battery_w, electronics_w, array_w, dt_s):  # type: ignore[no-untyped-def]
    """Return the three temperatures after `step`, and the heat absorbed and radiated [J]; `p` of thermal_row.

    Radiation by Stefan-Boltzmann between lumped nodes (Gilmore 2002, ch. 15).
    """
    c_battery, g_battery, c_structure, a_structure, e_structure, s_structure = p[:6]
    c_panel, a_panel, e_panel, s_panel, a_radiator, e_radiator, g_pipe, pipe_closed, pipe_open, e_ground = p[6:]
    absorbed = 0.0
    radiated = 0.0
    # half of every upright surface's view is ground, the other half is sky
    ground_flux = 0.5 * e_ground * STEFAN_BOLTZMANN * ground_k**4
    # a quarter of a convex body's area is its mean shadow
    sun_structure = s_structure * 0.25 * a_structure * irradiance
    sun_panel = s_panel * a_panel * irradiance - array_w
    warm_structure = e_structure * a_structure * ground_flux
    warm_panel = e_panel * 2.0 * a_panel * ground_flux
    cooling_panel = e_panel * 2.0 * a_panel * STEFAN_BOLTZMANN
    cooling_structure = e_structure * a_structure * STEFAN_BOLTZMANN
    cooling_radiator = e_radiator * a_radiator * STEFAN_BOLTZMANN
    hottest = panel_k
    if cooling_panel > 0.0:
        hottest = max(hottest, (max(sun_panel + warm_panel, 0.0) / cooling_panel) ** 0.25)
    fastest = c_battery / (g_battery + g_pipe + 1e-12)
    fastest = min(fastest, c_panel / (4.0 * cooling_panel * hottest**3 + 1e-12))
    radiating = 4.0 * (cooling_structure + cooling_radiator) * electronics_k**3
    # the radiator's opening adds its full flow over the few kelvin of the heat pipe's control range
    radiating += cooling_radiator * electronics_k**4 / max(pipe_open - pipe_closed, 0.1)
    fastest = min(fastest, c_structure / (radiating + g_battery + g_pipe + 1e-12))
    substeps = max(math.ceil(dt_s / (SUBSTEP_SHARE * fastest)), 1)
    h = dt_s / substeps
    for _ in range(substeps):
        conductance = g_battery + g_pipe * _opening(battery_k, pipe_closed, pipe_open)
        across = conductance * (battery_k - electronics_k)
        if across < 0.0:
            # a heat pipe carries nothing backwards
            across = g_battery * (battery_k - electronics_k)
        venting = cooling_radiator * _opening(electronics_k, pipe_closed, pipe_open)
        out_structure = (cooling_structure + venting) * electronics_k**4
        out_panel = cooling_panel * panel_k**4
        battery_k += h * (battery_w - across) / c_battery
        electronics_k += h * (electronics_w + across + sun_structure + warm_structure - out_structure) / c_structure
        panel_k += h * (sun_panel + warm_panel - out_panel) / c_panel
        absorbed += h * (sun_structure + warm_structure + sun_panel + warm_panel)
        radiated += h * (out_structure + out_panel)
    return battery_k, electronics_k, panel_k, absorbed, radiated
