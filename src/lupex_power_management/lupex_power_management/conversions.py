# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of bus, plan and mission to core types, and the estimates to messages."""

import array
import math

import numpy as np
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState

from lupex_interfaces.msg import (
    DrillStatus,
    MissionStatus,
    PowerBus,
    PowerForecast,
    PowerStatus,
    PowerSwitches,
    SortiePlan,
)
from lupex_models.battery import charge_capacity_c
from lupex_models.rover import Battery
from lupex_node.checks import InvalidMessage, all_finite, finite
from lupex_node.conversions import seconds, stamp
from lupex_power_management.bus import BusReading
from lupex_power_management.charge_estimator import ChargeEstimate
from lupex_power_management.config import BusLimits
from lupex_power_management.forecast import Forecast
from lupex_power_management.sortie_track import Activity, Place, Sortie, Waypoint
from lupex_power_management.switches import Phase, Switches
from lupex_power_management.work_veto import Verdict, reserve_wh

MAP_LIMIT_M = 1e5


def bus_reading(message: PowerBus, battery: Battery, limits: BusLimits) -> BusReading:
    """Return a reading; raises InvalidMessage for values that no power bus has."""

    def power(name: str) -> float:
        return max(finite(getattr(message, name), name, -limits.power_noise_w, limits.power_max_w), 0.0)

    cells = battery.cells_in_series
    return BusReading(
        seconds(message.header.stamp),
        finite(
            message.bus_voltage_v, "bus_voltage_v", cells * limits.cell_voltage_min_v, cells * limits.cell_voltage_max_v
        ),
        finite(message.battery_current_a, "battery_current_a", -limits.current_max_a, limits.current_max_a),
        finite(
            message.battery_temperature_k, "battery_temperature_k", limits.temperature_min_k, limits.temperature_max_k
        ),
        power("array_power_w"),
        power("load_mobility_w"),
        power("load_drill_w"),
        power("load_heater_w"),
        power("load_avionics_w"),
        message.drill_on,
        message.heater_on,
        message.low_voltage,
    )


def sortie(message: SortiePlan) -> Sortie | None:
    """Return the plan, None when it is not feasible; raises InvalidMessage when it contradicts itself."""
    if not message.feasible:
        return None
    count = len(message.arrival)
    arrays = message.activity, message.x_m, message.y_m, message.service_power_w
    if any(len(values) != count for values in arrays):
        raise InvalidMessage("the plan's arrays differ in length")
    x, y = all_finite(message.x_m, "x_m"), all_finite(message.y_m, "y_m")
    loads = all_finite(message.service_power_w, "service_power_w")
    if (loads < 0.0).any():
        raise InvalidMessage("the plan has a work that gives power")
    if count and max(np.abs(x).max(), np.abs(y).max()) > MAP_LIMIT_M:
        raise InvalidMessage(f"a waypoint lies farther than {MAP_LIMIT_M:g} m")
    times = np.array([seconds(time) for time in message.arrival])
    if (np.diff(times) < 0.0).any():
        raise InvalidMessage("the plan's times do not rise")
    try:
        activities = [Activity(value) for value in message.activity]
    except ValueError as error:
        raise InvalidMessage(f"the plan has an unknown activity: {error}") from error
    waypoints = zip(activities, x.tolist(), y.tolist(), times.tolist(), loads.tolist(), strict=True)
    return Sortie(message.plan_id, tuple(Waypoint(*values) for values in waypoints))


def place(message: Odometry) -> Place:
    """Return where the rover is on the map."""
    position = message.pose.pose.position
    return Place(finite(position.x, "x", -MAP_LIMIT_M, MAP_LIMIT_M), finite(position.y, "y", -MAP_LIMIT_M, MAP_LIMIT_M))


def drill_stowed(message: DrillStatus) -> bool:
    """Tell whether the drill is stowed."""
    return bool(message.state == DrillStatus.STOWED)


def phase(message: MissionStatus) -> Phase:
    """Return the mission's phase; raises InvalidMessage for an unknown one."""
    try:
        return Phase(message.phase)
    except ValueError as error:
        raise InvalidMessage(f"unknown mission phase {message.phase}") from error


def status_message(estimate: ChargeEstimate, reading: BusReading, verdict: Verdict, battery: Battery) -> PowerStatus:
    """Return the power status."""
    message = PowerStatus(
        state=int(verdict.state),
        work_allowed=verdict.work_allowed,
        reason=verdict.reason,
        reserve_wh=reserve_wh(battery),
    )
    message.header.frame_id = "base_link"
    message.header.stamp = stamp(reading.stamp_s)
    message.soc = min(max(estimate.soc, 0.0), 1.0)
    message.soc_sigma = estimate.soc_sigma
    message.energy_wh = estimate.energy_wh
    message.energy_sigma_wh = estimate.energy_sigma_wh
    message.capacity_wh = estimate.capacity_wh
    message.battery_temperature_k = reading.temperature_k
    message.array_power_w = reading.array_w
    message.load_power_w = reading.load_w
    return message


def battery_message(estimate: ChargeEstimate, reading: BusReading, share: float, battery: Battery) -> BatteryState:
    """Return the battery's state as the ecosystem has it; `share` is the estimated capacity over the nominal one."""
    design_ah = charge_capacity_c(battery) / 3600.0
    status = BatteryState.POWER_SUPPLY_STATUS_DISCHARGING
    if reading.current_a < 0.0:
        status = BatteryState.POWER_SUPPLY_STATUS_CHARGING
    health = BatteryState.POWER_SUPPLY_HEALTH_GOOD
    if reading.temperature_k < battery.charge_min_k:
        health = BatteryState.POWER_SUPPLY_HEALTH_COLD
    message = BatteryState(
        voltage=reading.voltage_v,
        temperature=reading.temperature_k - 273.15,
        current=-reading.current_a,
        charge=estimate.soc * share * design_ah,
        capacity=share * design_ah,
        design_capacity=design_ah,
        percentage=min(max(estimate.soc, 0.0), 1.0),
        power_supply_status=status,
        power_supply_health=health,
        power_supply_technology=BatteryState.POWER_SUPPLY_TECHNOLOGY_LION,
        present=True,
    )
    message.header.stamp = stamp(reading.stamp_s)
    message.header.frame_id = "base_link"
    return message


def forecast_message(forecast: Forecast) -> PowerForecast:
    """Return the forecast."""

    def floats(values: np.ndarray) -> array.array:
        return array.array("f", np.asarray(values, np.float32).tobytes())

    message = PowerForecast(
        plan_id=forecast.plan_id,
        times=[stamp(float(time)) for time in forecast.times_s],
        energy_wh=floats(forecast.energy_wh),
        energy_sigma_wh=floats(forecast.sigma_wh),
        array_power_w=floats(forecast.array_w),
        load_power_w=floats(forecast.load_w),
        min_soc=min(max(forecast.min_soc, 0.0), 1.0),
        min_soc_time=stamp(forecast.min_soc_s),
    )
    message.header.stamp = message.times[0]
    return message


def switches_message(switches: Switches, now_s: float) -> PowerSwitches:
    """Return the switch command."""
    message = PowerSwitches(drill=switches.drill, heater=switches.heater, instruments=switches.instruments)
    message.header.stamp = stamp(now_s)
    return message


def is_fresh(stamp_s: float | None, now_s: float, max_age_s: float) -> bool:
    """Tell whether something was said lately; a stamp ahead of the clock by more than that is no better than none."""
    return stamp_s is not None and math.isfinite(stamp_s) and abs(now_s - stamp_s) <= max_age_s
