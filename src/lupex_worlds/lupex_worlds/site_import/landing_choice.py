# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where to land, where to drill, where to wait for the sun and when to begin, on relief whose light was surveyed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, label, maximum, minimum_filter

from lupex_models.light import tilt
from lupex_models.rover import Rover
from lupex_path_planning.config import BoundConfig, GridConfig
from lupex_path_planning.cost_field import cost_field
from lupex_path_planning.site_grid import STEPS, SiteGrid, grid_of, moves
from lupex_worlds.site_import.light_survey import LightSurvey

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]


@dataclass(frozen=True)
class ChoiceLimits:
    """What a good place is."""

    border_m: float = 300.0
    """The mission keeps so far from the edge of the relief."""
    clearance_m: float = 10.0
    """Around lander and havens it is as bright as it is there."""
    lander_slope_rad: float = math.radians(8.0)
    haven_slope_rad: float = math.radians(10.0)
    target_slope_rad: float = math.radians(12.0)
    target_depth_m: float = 20.0
    """Inside the edge of the shadow, where the shadow is that large."""
    dark_shares: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3)
    """Where no permanent shadow is within reach: mean shares of the solar disc over a year that count as dark."""
    way_s: float = 4.0 * 3600.0
    """Longest drive to the target and back, at the pace that the planner's proof assumes."""
    price_of_an_hour: float = 0.06
    """Share of the year in sun that an hour less of that drive is worth."""
    reach_m: float = 450.0
    """Farthest target and haven, as the crow flies: the planner's map spans 1000 m."""
    nearest_target_m: float = 40.0
    apart_m: float = 120.0
    """Between candidates for the lander, and between havens."""
    candidates: int = 6
    havens: int = 3
    """Beside the lander."""
    lit_s: float = 36.0 * 3600.0
    """The lander is in sun for so long from the start on, the Sun taken light_margin_rad too low."""
    light_margin_rad: float = 0.0035
    dark_s: float = 24.0 * 3600.0
    """The target is dark for so long."""


@dataclass(frozen=True)
class Choice:
    """One way to run a mission; places in the survey's map frame."""

    lander: Point
    target: Point
    havens: tuple[Point, ...]
    start_utc_s: float
    lander_share: float
    """Mean share of the solar disc at the lander over the year."""
    target_share: float
    route: tuple[Point, ...]
    """Cheapest way from lander to target over the survey's cells."""
    permanent: bool
    """Whether the target lies in permanent shadow."""

    @property
    def route_m(self) -> float:
        """Length of the way to the target."""
        return float(np.sum(np.hypot(*np.diff(np.array(self.route), axis=0).T)))

    @property
    def lander_yaw_rad(self) -> float:
        """Heading of the first 20 m of the way, counter-clockwise from +x."""
        points = np.array(self.route)
        away = np.hypot(*(points - points[0]).T)
        first = points[min(int(np.argmax(away >= 20.0)) or len(points) - 1, len(points) - 1)]
        return math.atan2(first[1] - points[0][1], first[0] - points[0][0])


def choices(survey: LightSurvey, rover: Rover, limits: ChoiceLimits | None = None) -> Iterator[Choice]:
    """Yield ways to run a mission, the most promising first: in permanent shadow, else in what is dark just then."""
    limits = limits or ChoiceLimits()
    field = survey.field
    pace = BoundConfig()
    error_rad = GridConfig().slope_error_rad
    grid = grid_of(field.heights_m.astype(np.float64), field.x0_m, field.y0_m, field.cell_m, GridConfig())
    there_and_back = both_ways(moves(grid, rover, pace, error_rad).time_s)
    slope = np.arctan(np.hypot(grid.slope_x, grid.slope_y)) + error_rad
    inside = _inside(grid, limits.border_m)
    bright = _at_least(survey.sunlit_share, limits.clearance_m / field.cell_m)
    flat = inside & grid.passable & (slope <= limits.target_slope_rad + error_rad)
    for permanent, dark in _shadows(survey, limits):
        goal = flat & _deep(dark & inside, limits.target_depth_m / field.cell_m)
        if not goal.any():
            continue
        time_s = cost_field(there_and_back, goal)
        score = bright - limits.price_of_an_hour * time_s / 3600.0
        score[~(inside & (slope <= limits.lander_slope_rad + error_rad) & (time_s <= limits.way_s))] = -np.inf
        for row, column in _peaks(score, limits.apart_m / field.cell_m, limits.candidates):
            route = _descend(grid, there_and_back, time_s, row, column)
            lander, target = route[0], route[-1]
            if not limits.nearest_target_m <= math.dist(lander, target) <= limits.reach_m:
                continue
            start = best_start(survey, lander, target, limits)
            if start is None:
                continue
            at = grid.cell(*target)
            assert at is not None
            havens = _havens(survey, grid, bright, slope - error_rad, time_s, lander, start, limits)
            yield Choice(
                lander,
                target,
                havens,
                start,
                float(survey.sunlit_share[row, column]),
                float(survey.sunlit_share[at]),
                route,
                permanent,
            )


def best_start(survey: LightSurvey, lander: Point, target: Point, limits: ChoiceLimits) -> float | None:
    """Return the whole hour of the year after which the lander's sun is safest while the target is dark; None if never.

    Safest: the smallest height of the Sun over the skyline, within limits.lit_s, is the largest.
    """
    times = np.arange(survey.year_start_utc_s, survey.year_end_utc_s, 3600.0, dtype=np.float64)
    over_lander, radius = heights_of_sun(survey, _around(lander, limits.clearance_m), times)
    over_target, _ = heights_of_sun(survey, _around(target, limits.clearance_m), times)
    lit = _ahead(over_lander.min(axis=0) - limits.light_margin_rad, limits.lit_s, np.min)
    dark = _ahead(over_target.max(axis=0) + radius, limits.dark_s, np.max) < 0.0
    safety = np.where(dark[: lit.size], lit[: dark.size], -np.inf)
    best = int(np.argmax(safety))
    return float(times[best]) if safety[best] > 0.0 else None


def heights_of_sun(survey: LightSurvey, points: FloatArray, utc_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how high the Sun's centre stands over the skyline of points (n, 2) at times (t), and its radius (t)."""
    sun = survey.light.frame.sun(utc_s)
    x, y = points[:, :1], points[:, 1:]
    skyline = survey.light.horizon.elevation(x, y, sun.grid_azimuth_rad)
    return sun.elevation_rad + tilt(x, y, sun.grid_azimuth_rad) - skyline, sun.angular_radius_rad


def both_ways(time_s: FloatArray) -> FloatArray:
    """Return the cost (8, ny, nx) of each move there and back, from costs (8, ny, nx) of moves there."""
    _, ny, nx = time_s.shape
    padded = np.full((8, ny + 2, nx + 2), np.inf)
    padded[:, 1:-1, 1:-1] = time_s
    back = [
        padded[(move + len(STEPS) // 2) % len(STEPS), 1 + di : 1 + di + ny, 1 + dj : 1 + dj + nx]
        for move, (di, dj) in enumerate(STEPS)
    ]
    return np.asarray(time_s + np.stack(back))


def _shadows(survey: LightSurvey, limits: ChoiceLimits) -> Iterator[tuple[bool, Mask]]:
    if survey.permanent_shadow.any():
        yield True, survey.permanent_shadow
    for share in limits.dark_shares:
        yield False, survey.sunlit_share <= share


def _inside(grid: SiteGrid, border_m: float) -> Mask:
    margin = math.ceil(border_m / grid.cell_m)
    inside = np.zeros(grid.shape, dtype=np.bool_)
    inside[margin:-margin, margin:-margin] = True
    return inside


def _at_least(values: FloatArray, reach_cells: float) -> FloatArray:
    return np.asarray(minimum_filter(values, size=2 * math.ceil(reach_cells) + 1, mode="nearest"))


def _deep(dark: Mask, depth_cells: float) -> Mask:
    """Keep of each dark patch what lies as deep inside as asked, or its deepest cells where it is smaller."""
    patches, count = label(dark)
    if count == 0:
        return dark
    # From the edge of a cell in the light, not from its centre.
    depth = distance_transform_edt(dark) - 0.5
    deepest = np.concatenate([[np.inf], maximum(depth, patches, np.arange(1, count + 1))])
    return np.asarray(dark & (depth >= np.minimum(deepest[patches], depth_cells)))


def _peaks(score: FloatArray, apart_cells: float, count: int) -> Iterator[tuple[int, int]]:
    """Yield cells by falling score, each far from those before; what is -inf is no cell."""
    left = score.copy()
    rows, columns = np.indices(score.shape)
    for _ in range(count):
        row, column = (int(index) for index in np.unravel_index(int(np.argmax(left)), left.shape))
        if not np.isfinite(left[row, column]):
            return
        yield row, column
        left[np.hypot(rows - row, columns - column) < apart_cells] = -np.inf


def _descend(grid: SiteGrid, cost: FloatArray, left: FloatArray, row: int, column: int) -> tuple[Point, ...]:
    """Return the places from a cell down the cost that is left (ny, nx) to a goal."""
    route = [grid.place(row, column)]
    while left[row, column] > 0.0:
        after = [
            cost[move, row, column] + left[row + di, column + dj] if np.isfinite(cost[move, row, column]) else np.inf
            for move, (di, dj) in enumerate(STEPS)
        ]
        di, dj = STEPS[int(np.argmin(after))]
        row, column = row + di, column + dj
        route.append(grid.place(row, column))
    return tuple(route)


def _havens(
    survey: LightSurvey,
    grid: SiteGrid,
    bright: FloatArray,
    slope: FloatArray,
    time_s: FloatArray,
    lander: Point,
    start_utc_s: float,
    limits: ChoiceLimits,
) -> tuple[Point, ...]:
    """Return the lander and the longest-lit places near it that are in sun as long from the start on."""
    x, y = grid.centres()
    from_lander = np.hypot(x - lander[0], y - lander[1])
    fit = _inside(grid, limits.border_m) & (slope <= limits.haven_slope_rad) & np.isfinite(time_s)
    fit &= (from_lander >= limits.apart_m) & (from_lander <= limits.reach_m)
    times = np.arange(start_utc_s, start_utc_s + limits.lit_s, 3600.0, dtype=np.float64)
    found = [lander]
    for row, column in _peaks(np.where(fit, bright, -np.inf), limits.apart_m / grid.cell_m, 4 * limits.havens):
        if len(found) > limits.havens:
            break
        place = grid.place(row, column)
        over, _ = heights_of_sun(survey, _around(place, limits.clearance_m), times)
        if over.min() > limits.light_margin_rad:
            found.append(place)
    return tuple(found)


def _around(place: Point, reach_m: float) -> FloatArray:
    x, y = place
    return np.array([[x, y], [x + reach_m, y], [x - reach_m, y], [x, y + reach_m], [x, y - reach_m]])


def _ahead(values: FloatArray, span_s: float, extreme) -> FloatArray:  # type: ignore[no-untyped-def]
    """Return the extreme of hourly values over the span ahead of each hour that has one."""
    hours = math.ceil(span_s / 3600.0) + 1
    return np.asarray(extreme(np.lib.stride_tricks.sliding_window_view(values, hours), axis=-1))
