# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The pack that is truly there: eight unequal cells in series, another curve and other losses than autonomy believes.

Energies are those stored in the cells, as everywhere: a load costs more of it, by converter and cells.
"""

import math

import numpy as np

from lupex_models.rover import Battery
from lupex_simulator.power.cell_chain import (
    CHARGE,
    HYSTERESIS,
    Chain,
    ChainStep,
    advance_chain,
    electrical_energy_j,
    stored_energy_j,
)
from lupex_simulator.power.cell_curve import LOWEST_CHARGE, cell_curve
from lupex_simulator.power.usable_charge import charge_above_lockout
from lupex_worlds.truth.power_truth import BatteryDraw

STORAGE_MIN_K = 233.15
"""[A] Below it only a drawn share of the cells survives."""


class TrueBattery:
    """State of the pack between its terminals; the converter is not in it."""

    def __init__(self, battery: Battery, draw: BatteryDraw, soc: float) -> None:
        """Begin at rest, `soc` of what the pack holds between its first full and its first empty cell."""
        if len(draw.capacity_factor) != battery.cells_in_series:
            raise ValueError(
                f"the draw holds {len(draw.capacity_factor)} cells but the rover's pack {battery.cells_in_series}: "
                "draw it with battery.cells_in_series"
            )
        self._survival = np.array(draw.freeze_survival)
        self._chain = _chain(battery, draw)
        nominal_c = self._chain.mean_capacity_c
        capacity_c = self._chain.capacity_c
        missing_c = np.minimum(nominal_c * np.array(draw.missing_charge), 0.9 * capacity_c)
        drawn_c = (1.0 - soc) * float((capacity_c - missing_c).min())
        self._state = np.zeros((battery.cells_in_series, 4))
        self._state[:, CHARGE] = (capacity_c - missing_c - drawn_c) / capacity_c
        # the last thing that happened to it was a charge
        self._state[:, HYSTERESIS] = 1.0
        self.frozen = False
        self.lost_to_frost_j = 0.0

    def step(self, terminal_w: float, dt_s: float, kelvin: float) -> ChainStep:
        """Advance by `dt_s` under a wanted terminal power [W], positive out of the pack; the mean powers come back.

        Raises ValueError for a time that is not positive and finite, or a power that is not finite.
        """
        if not (dt_s > 0.0 and math.isfinite(dt_s) and math.isfinite(terminal_w)):
            raise ValueError(f"a pack's step needs a finite power and a positive time, not {terminal_w} W and {dt_s} s")
        if kelvin < STORAGE_MIN_K and not self.frozen:
            self._freeze()
        made: ChainStep = advance_chain(self._chain, self._state, terminal_w, kelvin, dt_s)
        return made

    def _freeze(self) -> None:
        """Lose the cells in parallel that frost kills, with what they held."""
        before_j = self.stored_energy_j
        self.frozen = True
        alive = np.maximum(self._survival, 1e-3)
        chain = self._chain
        self._chain = chain._replace(capacity_c=chain.capacity_c * alive, resistance_ohm=chain.resistance_ohm / alive)
        self.lost_to_frost_j = before_j - self.stored_energy_j

    @property
    def soc(self) -> float:
        """Charge until the first cell is empty, over that of the pack when its first cell is full."""
        left_c = float((self._state[:, CHARGE] * self._chain.capacity_c).min())
        return min(max(left_c / (left_c + self._room_c()), 0.0), 1.0)

    def _room_c(self) -> float:
        """Charge until the first cell is full."""
        return float(((1.0 - self._state[:, CHARGE]) * self._chain.capacity_c).min())

    @property
    def rest_voltage_v(self) -> float:
        """Voltage of the pack at rest, were it to rest for hours."""
        return float(np.sum(np.interp(self._state[:, CHARGE], _charges(self._chain), self._chain.volts)))

    @property
    def weakest_rest_v(self) -> float:
        """Voltage of the weakest cell at rest."""
        return float(np.min(np.interp(self._state[:, CHARGE], _charges(self._chain), self._chain.volts)))

    @property
    def stored_energy_j(self) -> float:
        """Inner energy of the cells above empty, whose fall is exactly terminal energy and heat."""
        return float(stored_energy_j(self._chain, self._state[:, CHARGE]))

    def usable_energy_j(self, load_w: float, kelvin: float, lockout_v: float, *, full: bool = False) -> float:
        """Return the stored energy [J] that a lasting terminal load draws before the weakest cell locks out.

        At the present charge, or from a full pack; 0 where it is too cold to discharge.
        """
        chain = self._chain
        if kelvin < chain.discharge_min_k:
            return 0.0
        charges = self._state[:, CHARGE].copy()
        if full:
            charges += self._room_c() / chain.capacity_c
        drawn_c = float(charge_above_lockout(chain, charges, load_w, kelvin, lockout_v))
        left = charges - drawn_c / chain.capacity_c
        return max(float(electrical_energy_j(chain, charges) - electrical_energy_j(chain, left)), 0.0)

    def can_discharge(self, kelvin: float) -> bool:
        """Tell whether the pack's own protection lets it discharge at this temperature."""
        return kelvin >= self._chain.discharge_min_k


def _charges(chain: Chain) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(LOWEST_CHARGE, 1.0, chain.volts.size)


def _chain(battery: Battery, draw: BatteryDraw) -> Chain:
    curve = cell_curve(battery.cell_voltage_v, draw.curve_share)
    cells = battery.cells_in_series
    nominal_c = battery.capacity_wh * 3600.0 / (cells * curve.mean_v)
    return Chain(
        curve.volts,
        curve.energy,
        curve.resistance_shape,
        nominal_c * np.array(draw.capacity_factor),
        battery.resistance_ohm / cells * np.array(draw.resistance_factor),
        np.array(battery.capacity_temperature_k),
        1.0 - np.array(battery.capacity_share),
        nominal_c,
        draw.activation_factor,
        draw.hysteresis_v,
        battery.entropic_v_k,
        draw.cold_loss_factor,
        draw.cold_rate_exponent,
        battery.charge_min_k,
        battery.discharge_min_k,
        battery.charge_max_w,
        draw.cold_charge_c_rate,
        draw.coulombic_efficiency,
        draw.self_discharge_hz,
        battery.cell_voltage_v[-1],
    )
