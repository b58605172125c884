# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Energy along a track by the shared models of light, array, battery and heat."""

import dataclasses
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models import battery as cells
from lupex_models import thermal
from lupex_models.battery import battery_step, usable_energy_at
from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.light import Light
from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite
from lupex_models.solar_array import array_power_w
from lupex_models.thermal import heats, thermal_step
from lupex_power_management.charge_estimator import ChargeEstimate
from lupex_power_management.config import ForecastConfig
from lupex_power_management.sortie_track import Place, Track

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sunlight:
    """Share of the disc, array power at its nominal size, Sun's distance and permanent shadow, one value a step."""

    disc_fraction: Array
    array_w: Array
    distance_m: Array
    permanent_shadow: NDArray[np.bool_]


@dataclass(frozen=True)
class Forecast:
    """Energy expected at the end of each step; the arrays start with the present."""

    plan_id: str
    times_s: Array
    energy_wh: Array
    sigma_wh: Array
    array_w: Array
    load_w: Array
    min_soc: float
    min_soc_s: float

    def energy_at(self, time_s: float) -> float:
        """Return the energy [Wh] expected at a time."""
        return float(np.interp(time_s, self.times_s, self.energy_wh))


@dataclass(frozen=True)
class Foreseen:
    """When and where a forecast was made; it is None where it could not be."""

    time_s: float
    place: Place | None
    forecast: Forecast | None

    def holds(self, now_s: float, place: Place | None, energy_wh: float, config: ForecastConfig) -> bool:
        """Tell whether it is too early for another, or all has gone as foreseen."""
        since_s = now_s - self.time_s
        if not 0.0 <= since_s < config.longest_s:
            return False
        if since_s < config.period_s:
            return True
        if place is None or self.place is None or self.forecast is None:
            return place is None
        moved_m = math.hypot(place.x_m - self.place.x_m, place.y_m - self.place.y_m)
        return moved_m < config.moved_m and abs(energy_wh - self.forecast.energy_at(now_s)) < config.departed_wh


def sunlight(site: OrbitalSite, rover: Rover, x_m: Array, y_m: Array, utc_s: Array) -> Sunlight:
    """Return the light at places and times (n); where the site's map does not reach it counts as dark."""
    sun = site.frame.sun(utc_s)
    share = np.nan_to_num(Light(site.frame, site.horizon).sunlit_fraction(x_m, y_m, utc_s), nan=0.0)
    power = array_power_w(rover.solar_array, share, sun.elevation_rad, sun.distance_m)
    return Sunlight(share, power, sun.distance_m, in_permanent_shadow(site, x_m, y_m))


def in_permanent_shadow(site: OrbitalSite, x_m: Array, y_m: Array) -> NDArray[np.bool_]:
    """Tell for each place whether the orbital product marks permanent shadow there; False where it says nothing."""
    if site.permanent_shadow is None:
        return np.zeros(np.shape(x_m), dtype=np.bool_)
    grid = site.horizon
    rows, columns = grid.shape
    i = np.rint((np.asarray(y_m) - grid.y0_m) / grid.cell_m).astype(int)
    j = np.rint((np.asarray(x_m) - grid.x0_m) / grid.cell_m).astype(int)
    inside = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
    marked = site.permanent_shadow[np.clip(i, 0, rows - 1), np.clip(j, 0, columns - 1)]
    return np.asarray(inside & marked)


def forecast(
    track: Track,
    light: Sunlight,
    estimate: ChargeEstimate,
    capacity_share: float,
    heat: thermal.ThermalState,
    standing_w: float,
    now_s: float,
    rover: Rover,
    config: ForecastConfig,
) -> Forecast:
    """Return the energy along the track, starting from the estimate.

    `capacity_share` is the estimated capacity over the nominal one, `standing_w` the avionics' load. Errors of driving,
    array and standing load last along the sortie: their sigmas add up with time, and in squares among each other.
    """
    battery = dataclasses.replace(rover.battery, capacity_wh=rover.battery.capacity_wh * capacity_share)
    start = estimate.soc, estimate.energy_wh, estimate.temperature_k, heat.electronics_k, heat.panel_k
    spend_w = track.drive_w + track.service_w
    around = [
        thermal.surroundings(rover.thermal, float(share), bool(shadow), float(distance))
        for share, shadow, distance in zip(light.disc_fraction, light.permanent_shadow, light.distance_m, strict=True)
    ]
    soc, energy, array_w, load_w = _follow(
        cells.battery_row(battery),
        thermal.thermal_row(rover.thermal),
        start,
        (rover.thermal.heater_on_k, rover.thermal.heater_off_k, rover.loads.heater_w),
        (standing_w, *thermal.avionics_heat(rover.thermal, standing_w)),
        track.length_s,
        np.ascontiguousarray(spend_w),
        config.array_share * light.array_w,
        np.array([each.ground_k for each in around]),
        np.array([each.irradiance_w_m2 for each in around]),
    )
    array_w[0], load_w[0] = array_w[1], load_w[1]
    hours = track.length_s / 3600.0 / rover.battery.converter_efficiency
    drive = np.cumsum(track.drive_sigma_w * hours) / NormalDist().inv_cdf(config.quantile)
    standing = config.load_sigma * standing_w * np.cumsum(hours)
    harvest = config.array_sigma * np.cumsum(light.array_w * hours)
    sigma = np.sqrt(estimate.energy_sigma_wh**2 + np.concatenate(([0.0], drive**2 + standing**2 + harvest**2)))
    times = np.concatenate(([now_s], track.end_s))
    lowest = int(np.argmin(soc))
    return Forecast(track.plan_id, times, energy, sigma, array_w, load_w, float(soc[lowest]), float(times[lowest]))


@njit(cache=True)
def _follow(battery, heat, start, heater, avionics, length_s, spend_w, available_w, ground_k, irradiance):  # type: ignore[no-untyped-def]
    """Return charge, energy, array power and load along the steps, starting with the present.

    battery, heat: rows of the models; start: charge, energy and the three temperatures; heater: on and off below [K],
    power; avionics: power, and the shares of it that warm battery box and structure.
    """
    count = length_s.size
    soc, energy = np.empty(count + 1), np.empty(count + 1)
    array_w, load_w = np.empty(count + 1), np.empty(count + 1)
    soc[0], energy[0], battery_k, electronics_k, panel_k = start
    heating = False
    for k in range(count):
        heating = heats(heater[0], heater[1], battery_k, heating)
        heater_w = heater[2] if heating else 0.0
        load, available = avionics[0] + heater_w + spend_w[k], available_w[k]
        after, _, _, accepted, heat_w, loss_w = battery_step(battery, soc[k], battery_k, load - available, length_s[k])
        battery_k, electronics_k, panel_k, _, _ = thermal_step(
            heat, battery_k, electronics_k, panel_k, ground_k[k], irradiance[k],
            heat_w + avionics[1] + heater_w, loss_w + avionics[2], available, length_s[k],
        )  # fmt: skip
        soc[k + 1] = after
        energy[k + 1] = usable_energy_at(battery, after, battery_k)
        array_w[k + 1] = min(available, max(load - accepted, 0.0))
        load_w[k + 1] = load
    return soc, energy, array_w, load_w


def observed_heat(
    before: thermal.ThermalState | None,
    battery_k: float,
    avionics_w: float,
    drive_w: float,
    place: Place | None,
    utc_s: float,
    dt_s: float,
    site: OrbitalSite | None,
    rover: Rover,
) -> thermal.ThermalState:
    """Return the temperatures now: the battery's as measured, the others by the model since they were last known.

    They start 10 K below the battery. Without a site or place the surroundings count as shade.
    """
    if before is None or not dt_s > 0.0:
        return thermal.ThermalState(battery_k, battery_k - 10.0, battery_k - 10.0) if before is None else before
    share, shadow, distance, power = 0.0, False, ASTRONOMICAL_UNIT_M, 0.0
    if site is not None and place is not None:
        light = sunlight(site, rover, np.array([place.x_m]), np.array([place.y_m]), np.array([utc_s]))
        share, shadow = float(light.disc_fraction[0]), bool(light.permanent_shadow[0])
        distance, power = float(light.distance_m[0]), float(light.array_w[0])
    _, in_structure_w = thermal.avionics_heat(rover.thermal, avionics_w)
    # what the drives do not turn into motion warms the structure that carries them
    lost_w = drive_w * (1.0 - rover.crawler.drive_efficiency)
    inputs = thermal.HeatInputs(0.0, in_structure_w + lost_w, 0.0, power)
    surroundings = thermal.surroundings(rover.thermal, share, shadow, distance)
    after = thermal.step(rover.thermal, before, surroundings, inputs, dt_s).state
    return dataclasses.replace(after, battery_k=battery_k)
