# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which lines of the power unit are closed."""

import dataclasses
from dataclasses import dataclass
from enum import IntEnum

from lupex_models.rover import Battery, Thermal
from lupex_power_management.bus import BusReading
from lupex_power_management.config import SwitchConfig, VetoConfig
from lupex_power_management.work_veto import PowerState, Verdict


class Phase(IntEnum):
    """As in MissionStatus."""

    IDLE = 0
    LEAD_OUT = 1
    DRIVE = 2
    SCAN = 3
    DRILL = 4
    RETURN = 5
    RECHARGE = 6
    DONE = 7
    FAILED = 8
    SAFE = 9


FIELD_WORK = frozenset({Phase.LEAD_OUT, Phase.DRIVE, Phase.SCAN, Phase.DRILL, Phase.RETURN})


@dataclass(frozen=True)
class Switches:
    """Lines closed, and the time at which somebody last asked for the drill or spoke against it."""

    drill: bool = False
    heater: bool = True
    instruments: bool = False
    heard_s: float | None = None


def switched(
    before: Switches,
    now_s: float,
    drill_stowed: bool | None,
    phase: Phase | None,
    reading: BusReading | None,
    verdict: Verdict,
    battery: Battery,
    thermal: Thermal,
    switches: SwitchConfig,
    veto: VetoConfig,
) -> Switches:
    """Return the lines to close now; `drill_stowed` and `phase` are None when their status is missing or old.

    The drill has power while it is not stowed, so that a jammed bit can always be freed, and in the drilling phase;
    instruments run through the whole field work, for the neutron spectrometer counts along the track. While nobody
    speaks the lines stay as they are for `hold_s`: a node that comes back finds its drill as it left it.
    """
    heater = _heater(reading, verdict, battery, thermal, switches, veto)
    if drill_stowed is None and phase is None:
        if before.heard_s is not None and now_s - before.heard_s <= switches.hold_s:
            return dataclasses.replace(before, heater=heater)
        return Switches(heater=heater)
    drill = drill_stowed is False or phase is Phase.DRILL
    if drill_stowed is None and before.drill and before.heard_s is not None:
        drill = drill or now_s - before.heard_s <= switches.hold_s
        return Switches(drill, heater, drill or phase in FIELD_WORK, before.heard_s)
    return Switches(drill, heater, drill or phase in FIELD_WORK, now_s)


def _heater(
    reading: BusReading | None,
    verdict: Verdict,
    battery: Battery,
    thermal: Thermal,
    switches: SwitchConfig,
    veto: VetoConfig,
) -> bool:
    """Allow the heater unless the battery is warm, or below its reserve, dark, and still warm enough to discharge."""
    if reading is None:
        return True
    if reading.temperature_k >= thermal.heater_off_k:
        return False
    enduring = reading.temperature_k > battery.discharge_min_k + veto.cold_margin_k
    return not (verdict.state is PowerState.CRITICAL and enduring and reading.array_w < switches.dark_w)
