# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""State of charge by coulomb counting, corrected by the open-circuit voltage in a small Kalman filter.

State: charge (0..1), capacity over nominal, resistance over nominal, and the lasting error of voltage sensor and
open-circuit curve [V]. That error is in the state so that a thousand readings of the same voltage do not pass for a
thousand independent ones (Schmidt 1966). Errors of the current sensor last too: their sigma grows with time, not with
its root.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_models import battery as cells
from lupex_models.rover import Battery
from lupex_power_management.bus import BusReading
from lupex_power_management.config import ChargeConfig

Array = NDArray[np.float64]
SOC, CAPACITY, RESISTANCE, BIAS = range(4)
SLOPE_STEP = 0.005


@dataclass(frozen=True)
class ChargeState:
    """The filter at the time of the newest reading."""

    stamp_s: float
    mean: Array
    covariance: Array
    current_a: float
    temperature_k: float
    refused: int = 0
    """Voltages refused in a row."""


@dataclass(frozen=True)
class ChargeEstimate:
    """What the others are told; energies are those stored above empty at the present temperature."""

    stamp_s: float
    soc: float
    soc_sigma: float
    energy_wh: float
    energy_sigma_wh: float
    capacity_wh: float
    temperature_k: float


def begin(reading: BusReading, battery: Battery, config: ChargeConfig) -> ChargeState:
    """Return the state after a first reading: the charge whose open-circuit voltage explains it."""
    mean = np.array([0.5, config.capacity_share, config.resistance_share, 0.0])
    soc = 0.5
    for _ in range(20):
        ohms = config.resistance_share * float(cells.resistance(battery, soc, reading.temperature_k))
        open_volts = reading.voltage_v + reading.current_a * ohms
        soc = float(cells.soc_at_voltage(battery, open_volts, reading.temperature_k))
    mean[SOC] = soc
    slope = _slope(battery, soc, reading.temperature_k)
    drop = reading.current_a * float(cells.resistance(battery, soc, reading.temperature_k))
    covariance = np.diag([0.0, config.capacity_sigma**2, config.resistance_sigma**2, config.voltage_bias_v**2])
    # the charge carries the errors of what it was read from
    covariance[SOC, RESISTANCE] = covariance[RESISTANCE, SOC] = drop * config.resistance_sigma**2 / slope
    covariance[SOC, BIAS] = covariance[BIAS, SOC] = -(config.voltage_bias_v**2) / slope
    variance = config.voltage_noise_v**2 + (drop * config.resistance_sigma) ** 2 + config.voltage_bias_v**2
    covariance[SOC, SOC] = variance / slope**2
    return ChargeState(reading.stamp_s, mean, covariance, reading.current_a, reading.temperature_k)


def advance(
    state: ChargeState, reading: BusReading, battery: Battery, config: ChargeConfig, doubt_a: float = 0.0
) -> ChargeState:
    """Return the state after one more reading.

    `doubt_a` is an extra error of the current, known from elsewhere. A stamp that does not advance changes nothing; one
    that goes back by more than `restart_s` begins afresh.
    """
    dt_s = reading.stamp_s - state.stamp_s
    if dt_s < -config.restart_s:
        return begin(reading, battery, config)
    if dt_s <= 0.0:
        return state
    current = 0.5 * (state.current_a + reading.current_a)
    error = config.current_offset_a + config.current_gain * abs(current) + doubt_a
    if dt_s > config.gap_s:
        error += config.gap_current_a
    mean, covariance = _predict(state, current, error, dt_s, battery, config)
    mean, covariance, refused = _correct(mean, covariance, reading, state.refused, battery, config)
    return ChargeState(reading.stamp_s, mean, covariance, reading.current_a, reading.temperature_k, refused)


def extrapolate(state: ChargeState, now_s: float, battery: Battery, config: ChargeConfig) -> ChargeState:
    """Return the state carried on without readings: the last current goes on, and the uncertainty grows for that."""
    dt_s = now_s - state.stamp_s
    if dt_s <= config.gap_s:
        return state
    error = config.current_offset_a + config.current_gain * abs(state.current_a) + config.gap_current_a
    mean, covariance = _predict(state, state.current_a, error, dt_s, battery, config)
    return ChargeState(now_s, mean, covariance, state.current_a, state.temperature_k, state.refused)


def estimate(state: ChargeState, battery: Battery) -> ChargeEstimate:
    """Return charge and energy with their sigmas, first-order in the state's errors."""
    soc, share = float(state.mean[SOC]), float(state.mean[CAPACITY])
    kelvin = state.temperature_k
    usable = float(cells.usable_energy_wh(battery, soc, kelvin))
    high, low = min(soc + SLOPE_STEP, 1.0), max(soc - SLOPE_STEP, 0.0)
    rise = float(cells.stored_energy_wh(battery, high) - cells.stored_energy_wh(battery, low)) / (high - low)
    gradient = np.array([share * rise, usable, 0.0, 0.0])
    sigma = math.sqrt(max(float(gradient @ state.covariance @ gradient), 0.0))
    capacity = share * float(cells.usable_capacity_j(battery, kelvin)) / 3600.0
    return ChargeEstimate(
        state.stamp_s, soc, math.sqrt(float(state.covariance[SOC, SOC])), share * usable, sigma, capacity, kelvin
    )


def to_checkpoint(state: ChargeState) -> dict[str, Any]:
    """Return the state as plain values."""
    return {
        "stamp_s": state.stamp_s,
        "mean": state.mean.tolist(),
        "covariance": state.covariance.tolist(),
        "current_a": state.current_a,
        "temperature_k": state.temperature_k,
    }


def from_checkpoint(values: dict[str, Any]) -> ChargeState | None:
    """Return the state of a checkpoint, or None when it is damaged or no possible state."""
    try:
        mean = np.array(values["mean"], dtype=np.float64)
        covariance = np.array(values["covariance"], dtype=np.float64)
        numbers = [float(values[key]) for key in ("stamp_s", "current_a", "temperature_k")]
    except (KeyError, TypeError, ValueError):
        return None
    sound = mean.shape == (4,) and covariance.shape == (4, 4)
    if not (sound and np.isfinite(mean).all() and np.isfinite(covariance).all() and np.isfinite(numbers).all()):
        return None
    symmetric = np.allclose(covariance, covariance.T, rtol=1e-9, atol=1e-15)
    if not (symmetric and np.linalg.eigvalsh(covariance).min() > -1e-12 and 0.0 <= mean[SOC] <= 1.0):
        return None
    if not (0.1 < mean[CAPACITY] < 2.0 and numbers[2] > 0.0):
        return None
    return ChargeState(numbers[0], mean, covariance, numbers[1], numbers[2])


def _predict(
    state: ChargeState, current_a: float, error_a: float, dt_s: float, battery: Battery, config: ChargeConfig
) -> tuple[Array, Array]:
    stored = current_a if current_a > 0.0 else current_a * battery.charge_efficiency
    share = max(float(state.mean[CAPACITY]), 0.1)
    capacity = cells.charge_capacity_c(battery) * share
    drawn = stored * dt_s / capacity
    mean = state.mean.copy()
    mean[SOC] = min(max(mean[SOC] - drawn, 0.0), 1.0)
    fade = math.exp(-dt_s / config.bias_time_s)
    mean[BIAS] *= fade
    mean[RESISTANCE] = config.resistance_share + fade * (mean[RESISTANCE] - config.resistance_share)
    transition = np.diag([1.0, 1.0, fade, fade])
    transition[SOC, CAPACITY] = drawn / share
    covariance = transition @ state.covariance @ transition.T
    # a lasting error adds to sigma, not to the variance
    growth = error_a * dt_s / capacity
    covariance[SOC, SOC] += growth * (2.0 * math.sqrt(max(covariance[SOC, SOC], 0.0)) + growth)
    renewed = 1.0 - fade**2
    covariance[RESISTANCE, RESISTANCE] += renewed * config.resistance_sigma**2
    covariance[BIAS, BIAS] += renewed * config.voltage_bias_v**2
    return mean, covariance


def _correct(
    mean: Array, covariance: Array, reading: BusReading, refused: int, battery: Battery, config: ChargeConfig
) -> tuple[Array, Array, int]:
    soc, kelvin = float(mean[SOC]), reading.temperature_k
    ohms = float(cells.resistance(battery, soc, kelvin))
    expected = float(cells.open_circuit_voltage(battery, soc, kelvin))
    expected += mean[BIAS] - reading.current_a * ohms * mean[RESISTANCE]
    gradient = np.array([_slope(battery, soc, kelvin), 0.0, -reading.current_a * ohms, 1.0])
    innovation = reading.voltage_v - expected
    variance = float(gradient @ covariance @ gradient) + config.voltage_noise_v**2
    if abs(innovation) > config.gate_sigma * math.sqrt(variance):
        refused += 1
        if refused < config.reopen_after:
            return mean, covariance, refused
        # voltage and counted charge contradict each other: believe neither until they agree again
        covariance = covariance.copy()
        covariance[SOC, SOC] = max(covariance[SOC, SOC], 0.0) + config.reopen_soc**2
        return mean, covariance, 0
    gain = covariance @ gradient / variance
    kept = np.eye(4) - np.outer(gain, gradient)
    covariance = kept @ covariance @ kept.T + config.voltage_noise_v**2 * np.outer(gain, gain)
    mean = mean + gain * innovation
    mean[SOC] = min(max(mean[SOC], 0.0), 1.0)
    mean[CAPACITY] = min(max(mean[CAPACITY], 0.3), 1.2)
    mean[RESISTANCE] = max(mean[RESISTANCE], 0.1)
    return mean, 0.5 * (covariance + covariance.T), 0


def _slope(battery: Battery, soc: float, kelvin: float) -> float:
    high, low = min(soc + SLOPE_STEP, 1.0), max(soc - SLOPE_STEP, 0.0)
    rise = cells.open_circuit_voltage(battery, high, kelvin) - cells.open_circuit_voltage(battery, low, kelvin)
    return float(rise) / (high - low)
