# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Draw one place of a ridge: lit ground for the lander beside a crater that no sunlight enters, and when to land."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from lupex_models.horizon import UNIT_RAD, HorizonMap
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site import utc_text
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_worlds.ground import Ground
from lupex_worlds.places.spread import Places, utc_s
from lupex_worlds.recipe import PlacedCrater, Recipe
from lupex_worlds.relief import Relief, make_relief, middle_relief
from lupex_worlds.spread import uniform
from lupex_worlds.true_light import LightSettings, TrueLight
from lupex_worlds.truth_draw import random_stream

_TRIES = 40
_AZIMUTHS = 180
_CALENDAR_STEP_S = 3600.0
_CYCLE_STEP_S = 12.0 * 3600.0
_LEAST_SUN = 0.9
"""Share of the solar disc with which a haven counts as lit, as the planner's havens [A]."""
_HAVEN_SPAN_M = 20.0
_PATCH_MARGIN_M = 160.0
"""Of fine ground around lander and target: five times the lidar's reach, so that a detour stays on it."""


@dataclass(frozen=True)
class _Refused:
    """Why a drawn place will not do."""

    reason: str


def recipe_of_place(recipe: Recipe, place_seed: int) -> Recipe:
    """Return the recipe of the place that a seed draws from the recipe's `places`, a recipe of one place.

    Drawn are the site along the ridge, its relief, the crater and the target in it, the date. The haven is checked to
    be lit from the start on and the target to lie in permanent shadow, on the true relief of 5 m and more; what fails
    is drawn anew. Raises SiteError when nothing fits after a bounded number of draws.
    """
    places = recipe.places
    if places is None:
        return recipe
    reasons = []
    for attempt in range(_TRIES):
        found = _tried(recipe, places, random_stream(place_seed, f"place {attempt}"))
        if isinstance(found, Recipe):
            return found
        reasons.append(found.reason)
    often = max(sorted(set(reasons)), key=reasons.count)
    raise SiteError(
        f"seed {place_seed} finds no place of '{recipe.name}' in {_TRIES} draws, most often because {often}: "
        "take another seed, or widen the recipe's 'places'"
    )


def _tried(recipe: Recipe, places: Places, rng: np.random.Generator) -> Recipe | _Refused:
    drawn = _drawn(recipe, places, rng)
    share = rng.random()
    relief = make_relief(drawn)
    slope_deg = math.degrees(math.atan(_steepest_round(relief, _HAVEN_SPAN_M)))
    if slope_deg > places.haven_slope_deg:
        return _Refused(f"the haven is steeper than {places.haven_slope_deg:g} deg")
    start_s = _lit_start_s(drawn, places, relief, share)
    if math.isnan(start_s):
        return _Refused(f"the haven is never lit for {places.lit_hours:g} h")
    target = (drawn.sortie.target_x_m, drawn.sortie.target_y_m)
    light = _light_at(relief, target, drawn.dem.observer_height_m)
    if not light.permanent_shadow(lunar_cycle_utc_s(start_s, _CYCLE_STEP_S)).all():
        return _Refused("the Sun reaches the target")
    return dataclasses.replace(drawn, start=dataclasses.replace(drawn.start, utc=utc_text(start_s)))


def _drawn(recipe: Recipe, places: Places, rng: np.random.Generator) -> Recipe:
    """Return the recipe of a drawn place, at the recipe's own date."""
    along, across = uniform(places.along_m, rng), uniform(places.across_m, rng)
    ridge = math.radians(places.ridge_bearing_deg)
    x = along * math.cos(ridge) - across * math.sin(ridge)
    y = along * math.sin(ridge) + across * math.cos(ridge)
    frame = SiteFrame(math.radians(recipe.site.latitude_deg), math.radians(recipe.site.longitude_deg), 0.0)
    latitude, longitude = (math.degrees(float(value)) for value in frame.to_geographic(x, y))

    diameter = uniform(places.crater_diameter_m, rng)
    depth_ratio = uniform(places.crater_depth_ratio, rng)
    distance = 0.5 * diameter + uniform(places.crater_rim_m, rng)
    bearing = rng.uniform(-math.pi, math.pi)
    crater = PlacedCrater(distance * math.cos(bearing), distance * math.sin(bearing), diameter, depth_ratio)
    reach = distance - 0.5 * diameter * uniform(places.target_radius_share, rng)
    target_x, target_y = reach * math.cos(bearing), reach * math.sin(bearing)

    seed = int(rng.integers(0, 2**31))
    detail = dataclasses.replace(
        recipe.truth.detail,
        x_min_m=min(0.0, target_x) - _PATCH_MARGIN_M,
        x_max_m=max(0.0, target_x) + _PATCH_MARGIN_M,
        y_min_m=min(0.0, target_y) - _PATCH_MARGIN_M,
        y_max_m=max(0.0, target_y) + _PATCH_MARGIN_M,
    )
    return dataclasses.replace(
        recipe,
        site=dataclasses.replace(recipe.site, latitude_deg=latitude, longitude_deg=longitude),
        terrain=dataclasses.replace(recipe.terrain, seed=seed),
        craters=(crater,),
        start=dataclasses.replace(recipe.start, lander_yaw_deg=math.degrees(bearing)),
        havens=(dataclasses.replace(recipe.havens[0], x_m=0.0, y_m=0.0),),
        sortie=dataclasses.replace(recipe.sortie, target_x_m=target_x, target_y_m=target_y),
        truth=dataclasses.replace(recipe.truth, detail=detail),
        places=None,
    )


def _lit_start_s(drawn: Recipe, places: Places, relief: Relief, share: float) -> float:
    """Return a start from which the haven is lit for as long as asked, uniform over all that there are; nan for none.

    share [0..1) chooses.
    """
    first_s, last_s = utc_s(places.season_from_utc), utc_s(places.season_until_utc)
    light = _light_at(relief, (0.0, 0.0), drawn.dem.observer_height_m)
    intervals = light.calendar(0.0, 0.0, first_s, last_s, _CALENDAR_STEP_S, _LEAST_SUN)
    spare = [max(0.0, i.end_utc_s - i.start_utc_s - 3600.0 * places.lit_hours) for i in intervals]
    left = share * sum(spare)
    for interval, length in zip(intervals, spare):
        if left < length:
            return round(interval.start_utc_s + left)
        left -= length
    return math.nan


def _light_at(relief: Relief, place: tuple[float, float], height_m: float) -> Light:
    """Return the light of one place: its own true skyline as a horizon map of a single cell."""
    base = relief.base
    row, column = (int(index) for index in base.index(*place))
    # The fine layer is a corner of the 5 m field itself: no fine ground is drawn yet.
    row, column = min(row, base.shape[0] - 2), min(column, base.shape[1] - 2)
    ground = Ground(
        np.ascontiguousarray(base.heights_m[row : row + 2, column : column + 2]),
        float(base.x_m[column]),
        float(base.y_m[row]),
        base.cell_m,
        base.heights_m,
        base.x0_m,
        base.y0_m,
        base.cell_m,
    )
    true = TrueLight(relief.frame, ground, middle_relief(base, relief.far), relief.far, LightSettings())
    eye_m = float(base.height(*place)) + height_m
    azimuths = np.arange(_AZIMUTHS) * (2.0 * math.pi / _AZIMUTHS)
    skyline = np.array([true.skyline_rad(*place, eye_m, float(azimuth)) for azimuth in azimuths])
    counts = np.round(skyline / UNIT_RAD).astype(np.int16)
    return Light(relief.frame, HorizonMap(counts[:, None, None], *place, base.cell_m, height_m))


def _steepest_round(relief: Relief, span_m: float) -> float:
    """Return the steepest gradient within half a span of the origin."""
    offsets = np.arange(-0.5 * span_m, 0.5 * span_m + 0.1, relief.base.cell_m)
    dz_dx, dz_dy = relief.base.gradient(offsets[None, :], offsets[:, None])
    return float(np.hypot(dz_dx, dz_dy).max())
