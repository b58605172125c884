# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A battery's curve, and what it gave: by sensor_msgs/BatteryState alone."""

from typing import Any

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import BATTERY_FIELDS

_LONGEST_S = 60.0
"""Between two readings, over which power is taken to stay as it was."""


def battery_figures(recording: Recording, topic: str, distance_m: float | None) -> dict[str, Any]:
    """Return charge (0 to 1), voltage and energy given; None where the topic does not tell it.

    The message says NaN for what is not measured; a state before the first reading, all zero, is none.
    """
    columns = battery_columns(recording, topic)
    time_s, volts, current = columns["t"], columns["voltage"], columns["current"]
    found: dict[str, Any] = {"readings": len(time_s), "energy_wh": None, "energy_wh_per_m": None}
    charge = columns["percentage"]
    for name, values, pick in (
        ("charge_begin", charge, lambda held: held[0]),
        ("charge_end", charge, lambda held: held[-1]),
        ("charge_min", charge, np.min),
        ("voltage_min_v", volts, np.min),
        ("temperature_min_c", columns["temperature"], np.min),
        ("temperature_max_c", columns["temperature"], np.max),
    ):
        held = values[np.isfinite(values)]
        found[name] = float(pick(held)) if len(held) else None
    known = np.isfinite(volts) & np.isfinite(current)
    if np.count_nonzero(known) > 1:
        steps = np.diff(time_s[known])
        power_w = (volts * current)[known][:-1]
        # current is negative while the battery gives
        found["energy_wh"] = -float(np.sum((power_w * steps)[steps <= _LONGEST_S])) / 3600.0
        if distance_m:
            found["energy_wh_per_m"] = found["energy_wh"] / distance_m
    return found


def battery_columns(recording: Recording, topic: str) -> dict[str, np.ndarray]:
    """Return the readings by their time, without those before the sensor has spoken."""
    columns = recording.columns(topic, BATTERY_FIELDS)
    if not np.any(columns["t"] > 0.0):
        columns["t"] = recording.received_ns[topic] * 1e-9
    told = np.stack([columns[name] for name in ("voltage", "current", "percentage")])
    spoken = np.any(np.isfinite(told) & (told != 0.0), axis=0)
    kept = np.flatnonzero(spoken & (columns["t"] > 0.0))
    return {name: values[kept] for name, values in columns.items()}
