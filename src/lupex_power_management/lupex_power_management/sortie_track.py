# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the rover is expected to be, and what it does there, from now to the end of its sortie."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lupex_models.height_field import HeightField
from lupex_models.locomotion import LocomotionTable
from lupex_power_management.config import ForecastConfig

Array = NDArray[np.float64]


class Activity(IntEnum):
    """As in SortiePlan."""

    DRIVE = 0
    WAIT = 1
    RECHARGE = 2
    SERVICE = 3


@dataclass(frozen=True)
class Waypoint:
    """A place of the plan on the map, when the activity that leads to it ends, and the load of its work."""

    activity: Activity
    x_m: float
    y_m: float
    arrival_s: float
    service_w: float = 0.0


@dataclass(frozen=True)
class Sortie:
    """A plan; times rise."""

    plan_id: str
    waypoints: tuple[Waypoint, ...]


@dataclass(frozen=True)
class Place:
    """Where the rover is on the map."""

    x_m: float
    y_m: float


@dataclass(frozen=True)
class Track:
    """Steps in order of time: end and length of each, where its middle is, and what it takes beside the avionics."""

    plan_id: str
    end_s: Array
    length_s: Array
    x_m: Array
    y_m: Array
    drive_w: Array
    """Mean power of the drives."""
    drive_sigma_w: Array
    service_w: Array


def at_rest(place: Place, now_s: float, config: ForecastConfig) -> Track:
    """Return the track of a rover that stays where it is."""
    count = _steps(config.rest_s, config.rest_s, config)
    length = config.rest_s / count
    zero = np.zeros(count, np.float64)
    end = _ends(now_s, config.rest_s, count)
    return Track("", end, zero + length, zero + place.x_m, zero + place.y_m, zero, zero, zero)


def along(
    sortie: Sortie,
    place: Place,
    now_s: float,
    dem: HeightField,
    nominal: LocomotionTable,
    conservative: LocomotionTable,
    config: ForecastConfig,
) -> Track:
    """Return the track of the rest of a sortie from where the rover is; at rest when it is over.

    A late rover keeps the length of its service and the speed that the conservative soil allows; what it waits for is
    shortened.
    """
    first = _next_waypoint(sortie, place, now_s, config)
    if first == len(sortie.waypoints):
        return at_rest(place, now_s, config)
    span = sortie.waypoints[-1].arrival_s - now_s
    legs: list[Track] = []
    x, y, time_s = place.x_m, place.y_m, now_s
    for index in range(first, len(sortie.waypoints)):
        waypoint = sortie.waypoints[index]
        planned_s = waypoint.arrival_s
        if waypoint.activity is Activity.SERVICE and index > first:
            planned_s = max(planned_s, time_s + waypoint.arrival_s - sortie.waypoints[index - 1].arrival_s)
        leg = _leg(
            sortie.plan_id, waypoint, (x, y), time_s, planned_s, max(span, 1.0), dem, nominal, conservative, config
        )
        if leg is not None:
            legs.append(leg)
            time_s = float(leg.end_s[-1])
        x, y = waypoint.x_m, waypoint.y_m
    if not legs:
        return at_rest(place, now_s, config)
    columns = ("end_s", "length_s", "x_m", "y_m", "drive_w", "drive_sigma_w", "service_w")
    return Track(sortie.plan_id, *(np.concatenate([getattr(leg, name) for leg in legs]) for name in columns))


def _steps(duration_s: float, span_s: float, config: ForecastConfig) -> int:
    return max(math.ceil(duration_s / max(config.step_s, span_s / config.most_steps)), 1)


def _ends(start_s: float, duration_s: float, count: int) -> Array:
    return np.asarray(start_s + duration_s * np.arange(1, count + 1) / count, np.float64)


def _leg(
    plan_id: str,
    waypoint: Waypoint,
    start: tuple[float, float],
    start_s: float,
    planned_s: float,
    span_s: float,
    dem: HeightField,
    nominal: LocomotionTable,
    conservative: LocomotionTable,
    config: ForecastConfig,
) -> Track | None:
    dx, dy = waypoint.x_m - start[0], waypoint.y_m - start[1]
    distance = math.hypot(dx, dy)
    if distance < config.stay_m:
        duration = planned_s - start_s
        if duration <= 0.0:
            return None
        count = _steps(duration, span_s, config)
        zero = np.zeros(count)
        service = waypoint.service_w if waypoint.activity is Activity.SERVICE else 0.0
        end = _ends(start_s, duration, count)
        place = (zero + waypoint.x_m, zero + waypoint.y_m)
        return Track(plan_id, end, zero + duration / count, *place, zero, zero, zero + service)
    count = _steps(max(planned_s - start_s, distance / float(nominal.speed_mps(0.0))), span_s, config)
    middle: Array = (np.arange(count) + 0.5) / count
    x: Array = start[0] + middle * dx
    y: Array = start[1] + middle * dy
    energy, sigma, pace = _driving(x, y, (dx / distance, dy / distance), dem, nominal, conservative)
    least = distance * float(pace.mean())
    duration = max(planned_s - start_s, least)
    metres, length = distance / count, duration / count
    end = _ends(start_s, duration, count)
    zero = np.zeros(count)
    return Track(plan_id, end, zero + length, x, y, energy * metres / length, sigma * metres / length, zero)


def _driving(
    x_m: Array,
    y_m: Array,
    heading: tuple[float, float],
    dem: HeightField,
    nominal: LocomotionTable,
    conservative: LocomotionTable,
) -> tuple[Array, Array, Array]:
    """Return energy and its sigma [J/m] and the pace [s/m] at points along a heading.

    Where the map says nothing, or more than can be driven, it counts as the steepest that can.
    """
    gx, gy = dem.gradient(x_m, y_m)
    uphill = np.arctan(gx * heading[0] + gy * heading[1])
    across = np.arctan(gy * heading[0] - gx * heading[1])
    found = []
    for table in (nominal, conservative):
        energy = table.energy_per_m_j(uphill, across)
        worst = float(table.energy_table[np.isfinite(table.energy_table)].max())
        found.append(np.where(np.isfinite(energy), energy, worst))
    speed = conservative.speed_mps(uphill, across)
    slowest = float(conservative.speed_table[conservative.speed_table > 0.0].min())
    return found[0], np.maximum(found[1] - found[0], 0.0), 1.0 / np.where(speed > 0.0, speed, slowest)


def _next_waypoint(sortie: Sortie, place: Place, now_s: float, config: ForecastConfig) -> int:
    """Return the index of the waypoint that the rover is on its way to, by nearness in space and in time.

    Out and back lead through the same places: there the clock decides. Number of waypoints when the plan is over.
    """
    waypoints = sortie.waypoints
    if not waypoints or (now_s >= waypoints[-1].arrival_s and _distance(waypoints[-1], place) < config.arrived_m):
        return len(waypoints)
    best, found = math.inf, 0
    for index, waypoint in enumerate(waypoints):
        before = waypoints[max(index - 1, 0)]
        aside, share = _aside(before, waypoint, place, config.stay_m)
        since_s = before.arrival_s if index else waypoint.arrival_s
        expected_s = since_s + share * (waypoint.arrival_s - since_s)
        late_s = abs(now_s - expected_s)
        if share == 0.0 and _distance(waypoint, place) < config.stay_m:
            # staying: any time within the stay is as planned
            late_s = max(since_s - now_s, now_s - waypoint.arrival_s, 0.0)
        cost = aside + config.time_worth_mps * late_s
        if cost < best:
            best, found = cost, index
    return found


def _aside(start: Waypoint, end: Waypoint, place: Place, stay_m: float) -> tuple[float, float]:
    dx, dy = end.x_m - start.x_m, end.y_m - start.y_m
    square = dx * dx + dy * dy
    share = 0.0
    if square > stay_m**2:
        share = min(max(((place.x_m - start.x_m) * dx + (place.y_m - start.y_m) * dy) / square, 0.0), 1.0)
    return math.hypot(place.x_m - start.x_m - share * dx, place.y_m - start.y_m - share * dy), share


def _distance(waypoint: Waypoint, place: Place) -> float:
    return math.hypot(waypoint.x_m - place.x_m, waypoint.y_m - place.y_m)
