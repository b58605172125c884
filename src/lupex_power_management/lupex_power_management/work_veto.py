# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whether new work is allowed, and why not."""

from dataclasses import dataclass
from enum import IntEnum

from lupex_models.rover import Battery
from lupex_power_management.bus import BusReading, EnergyBooks, imbalance_limit_w
from lupex_power_management.charge_estimator import ChargeEstimate
from lupex_power_management.config import VetoConfig


class PowerState(IntEnum):
    """As in PowerStatus."""

    CHARGING = 0
    DISCHARGING = 1
    LOW = 2
    CRITICAL = 3


@dataclass(frozen=True)
class Objection:
    """Why new work is not allowed: a stable code for the faults, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """State of the power, and all that speaks against new work."""

    state: PowerState
    objections: tuple[Objection, ...]

    @property
    def work_allowed(self) -> bool:
        """Tell whether nothing speaks against new work."""
        return not self.objections

    @property
    def reason(self) -> str:
        """Return the objections in a sentence; empty when there is none."""
        return "; ".join(objection.text for objection in self.objections)

    def objects(self, code: str) -> bool:
        """Tell whether an objection of this code is among them."""
        return any(objection.code == code for objection in self.objections)


def reserve_wh(battery: Battery) -> float:
    """Return the energy that no plan may use."""
    return battery.reserve_fraction * battery.capacity_wh


def judge(
    estimate: ChargeEstimate | None,
    reading: BusReading | None,
    books: EnergyBooks,
    now_s: float,
    before: Verdict | None,
    battery: Battery,
    config: VetoConfig,
) -> Verdict:
    """Return the verdict; the energy counts less `confidence_sigma` sigmas, and unknown is not allowed.

    After a veto for low energy work is allowed again only `release_wh` above the band.
    """
    if estimate is None or reading is None:
        return Verdict(PowerState.CRITICAL, (Objection("bus_silent", "no reading of the power bus has arrived"),))
    secured = estimate.energy_wh - config.confidence_sigma * estimate.energy_sigma_wh
    reserve = reserve_wh(battery)
    band = reserve + config.warning_band_wh
    if secured < reserve:
        state = PowerState.CRITICAL
    elif secured < band:
        state = PowerState.LOW
    else:
        state = PowerState.CHARGING if reading.current_a < 0.0 else PowerState.DISCHARGING
    needed = band + (config.release_wh if before is not None and before.objects("energy_low") else 0.0)
    kelvin, age_s, sigma = reading.temperature_k, now_s - reading.stamp_s, estimate.soc_sigma
    limit_w = imbalance_limit_w(reading, config.imbalance_w, config.imbalance_share)
    rules = (
        (age_s <= config.stale_s, "bus_silent", f"the newest reading of the power bus is {age_s:.1f} s old"),
        (not reading.low_voltage, "under_voltage", "the power unit reports under-voltage"),
        (secured >= reserve, "energy_critical", f"secured energy of {secured:.0f} Wh is below the reserve"),
        (secured >= needed, "energy_low", f"secured energy of {secured:.0f} Wh is below {needed:.0f} Wh"),
        (sigma <= config.soc_sigma_max, "charge_uncertain", f"the charge is known to {100 * sigma:.0f} % only"),
        (
            kelvin >= battery.discharge_min_k + config.cold_margin_k,
            "battery_cold",
            f"the battery is too cold for work at {kelvin:.0f} K",
        ),
        (kelvin <= config.hot_k, "battery_hot", f"the battery is too hot for work at {kelvin:.0f} K"),
        (
            abs(books.imbalance_w) <= limit_w,
            "bus_contradiction",
            f"battery power disagrees with array and loads by {books.imbalance_w:.0f} W: a sensor is wrong",
        ),
    )
    return Verdict(state, tuple(Objection(code, text) for holds, code, text in rules if not holds))
