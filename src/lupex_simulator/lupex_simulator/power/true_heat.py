# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The heat that is truly lost: cells in their box, structure and panel, with leaks that autonomy does not count.

Each node is a heat capacity (Gilmore 2002, ch. 15). A step is linearly implicit (Rosenbrock's first-order method):
radiation and conduction are taken at their slopes, so that it is stable for any length, and each flow is booked as it
was used, so that heat is conserved.
"""

from dataclasses import dataclass
from typing import NamedTuple

from lupex_models.constants import ASTRONOMICAL_UNIT_M, SOLAR_CONSTANT_W_M2, STEFAN_BOLTZMANN
from lupex_models.rover import Thermal
from lupex_worlds.truth.power_truth import HeatDraw

_LONGEST_S = 15.0
"""True to 0.1 K for the panel, the fastest node."""


@dataclass(frozen=True)
class HeatSources:
    """Heat set free in cells (with the heater's) and structure, and the panel's electrical output [W]."""

    cells_w: float = 0.0
    structure_w: float = 0.0
    array_w: float = 0.0


class HeatStep(NamedTuple):
    """Mean flows of a step: absorbed + sources = given off + stored."""

    absorbed_w: float
    """Sunlight and the ground's radiation, less the panel's electrical output."""
    given_off_w: float
    """Radiated to the sky and conducted to the ground."""


class TrueHeat:
    """Temperatures of cells, structure and panel."""

    def __init__(self, thermal: Thermal, draw: HeatDraw, cells_k: float, structure_k: float, panel_k: float) -> None:
        self._thermal = thermal
        self._draw = draw
        self.cells_k, self.structure_k, self.panel_k = cells_k, structure_k, panel_k
        self._heating = False

    def heater_wanted(self) -> bool:
        """Return whether the thermostat closes the heater, as its own sensor sees the cells."""
        seen_k = self.cells_k + self._draw.thermostat_error_k
        on_k, off_k = self._thermal.heater_on_k, self._thermal.heater_off_k
        self._heating = seen_k <= on_k or (self._heating and seen_k < off_k)
        return self._heating

    @property
    def stored_j(self) -> float:
        """Heat of all nodes above 0 K, for the books."""
        thermal = self._thermal
        return (
            thermal.battery_heat_capacity_j_k * self.cells_k
            + thermal.structure_heat_capacity_j_k * self.structure_k
            + thermal.panel_heat_capacity_j_k * self.panel_k
        )

    def step(self, ground_k: float, share: float, sun_distance_m: float, sources: HeatSources, dt_s: float) -> HeatStep:
        """Advance by `dt_s` with the ground over half of the view and dark sky over the other half."""
        irradiance = min(max(share, 0.0), 1.0) * SOLAR_CONSTANT_W_M2 * (ASTRONOMICAL_UNIT_M / sun_distance_m) ** 2
        warmth = 0.5 * self._thermal.ground_emissivity * STEFAN_BOLTZMANN * ground_k**4
        absorbed = given = 0.0
        left_s = dt_s
        while left_s > 0.0:
            part_s = min(left_s, _LONGEST_S)
            taken, lost = self._step(irradiance, warmth, ground_k, sources, part_s)
            absorbed += taken * part_s
            given += lost * part_s
            left_s -= part_s
        return HeatStep(absorbed / dt_s, given / dt_s)

    def _step(
        self, irradiance: float, warmth: float, ground_k: float, sources: HeatSources, dt_s: float
    ) -> tuple[float, float]:
        thermal, draw = self._thermal, self._draw
        panel_taken = thermal.panel_absorptivity * thermal.panel_area_m2 * irradiance - sources.array_w
        panel_taken += 2.0 * thermal.panel_emissivity * thermal.panel_area_m2 * warmth
        radiance = 2.0 * thermal.panel_emissivity * thermal.panel_area_m2 * STEFAN_BOLTZMANN
        panel_out = _implicit_radiation(radiance, self.panel_k, panel_taken, thermal.panel_heat_capacity_j_k, dt_s)
        self.panel_k += dt_s * (panel_taken - panel_out) / thermal.panel_heat_capacity_j_k

        emissivity = thermal.structure_emissivity * draw.structure_emissivity_factor
        # a quarter of a convex body's area is its mean shadow
        taken = thermal.structure_absorptivity * 0.25 * thermal.structure_area_m2 * irradiance
        taken += emissivity * thermal.structure_area_m2 * warmth
        out, across = self._structure_flows(emissivity, taken, ground_k, sources, dt_s)
        self.structure_k += dt_s * (sources.structure_w + taken + across - out) / thermal.structure_heat_capacity_j_k
        self.cells_k += dt_s * (sources.cells_w - across) / thermal.battery_heat_capacity_j_k
        return taken + panel_taken, out + panel_out

    def _structure_flows(
        self, emissivity: float, taken: float, ground_k: float, sources: HeatSources, dt_s: float
    ) -> tuple[float, float]:
        """Return the structure's mean loss and the mean flow from cells to structure over a step [W]."""
        thermal, draw = self._thermal, self._draw
        structure, cells = self.structure_k, self.cells_k
        louver = draw.radiator_leak + (1.0 - draw.radiator_leak) * self._opening(structure)
        radiance = STEFAN_BOLTZMANN * (
            emissivity * thermal.structure_area_m2 + louver * thermal.radiator_emissivity * thermal.radiator_area_m2
        )
        out = radiance * structure**4 + draw.track_conductance_w_k * (structure - ground_k)
        slope = 4.0 * radiance * structure**3 + draw.track_conductance_w_k
        conductance = draw.box_conductance_w_k + draw.pipe_leak_w_k
        if cells > structure:
            # a heat pipe carries nothing backwards
            conductance += thermal.heat_pipe_w_k * self._opening(cells)
        across = conductance * (cells - structure)
        # two nodes, linear in their changes: (C/h + slopes) change = net flow
        c_structure = thermal.structure_heat_capacity_j_k / dt_s
        c_cells = thermal.battery_heat_capacity_j_k / dt_s
        net_structure = sources.structure_w + taken + across - out
        net_cells = sources.cells_w - across
        a, d = c_structure + slope + conductance, c_cells + conductance
        determinant = a * d - conductance * conductance
        up_structure = (net_structure * d + conductance * net_cells) / determinant
        up_cells = (net_cells * a + conductance * net_structure) / determinant
        return out + slope * up_structure, across + conductance * (up_cells - up_structure)

    def _opening(self, kelvin: float) -> float:
        """Return how far louver and heat pipe are open, of variable conductance."""
        closed_k, open_k = self._thermal.heat_pipe_closed_k, self._thermal.heat_pipe_open_k
        return min(max((kelvin - closed_k) / (open_k - closed_k), 0.0), 1.0)


def _implicit_radiation(radiance: float, kelvin: float, taken_w: float, capacity_j_k: float, dt_s: float) -> float:
    """Return a lone node's mean radiation over a linearly implicit step [W]."""
    out, slope = radiance * kelvin**4, 4.0 * radiance * kelvin**3
    return out + slope * (taken_w - out) / (capacity_j_k / dt_s + slope)
