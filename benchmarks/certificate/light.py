# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Light promised against light that comes: all over the cell and all through the slice, on the true relief.

A promise is a passable cell of the planner's grid in a slice of its field with a least power above zero. It is broken
where the Sun's disc, seen from the array's height at any of 36 places of the cell at the slice's begin, middle or end,
shows less than was promised; the rays are marched by the world's own light over the true ground with its small craters
and rocks. `light_promised_share` is the energy promised over the energy that comes on the mean over the same places and
moments: what a rover gets that stands anywhere in the cell. That is stricter than the least over the cell, the most
that a promise can hold (`light_promised_of_least_share`); a rover that knows only its cell gets the mean. Both count
over all cells and slices drawn, lit or not. The array's own losses (`array_factor`) are in neither.
"""

import dataclasses
import math
import time

import numpy as np

from benchmarks.measuring import ROOT, Asked, Context, Outcome, Row
from lupex_models.light import Light
from lupex_models.rover import Rover, read_rover
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.light_slices import LightSlices, light_slices
from lupex_path_planning.site_grid import SiteGrid
from lupex_path_planning.site_planner import SitePlanner, site_planner
from lupex_system_tests.light_trial import Draws, Promised, draws, joined, kept, still_broken
from lupex_worlds.true_light import TrueLight
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world import World, open_world
from lupex_worlds.world_cache import prepare_world

ASKED = {
    "light_broken": Asked(0.001),
    "light_broken_by_half": Asked(0.0),
    "light_promised_share": Asked(0.9, at_most=False),
}
_SEEDS, _PROMISES = 10, 10_000
_LEVEL = "nominal"
_LOOKED_AT = 1000
"""Places below it were looked at while the ensemble was made."""
_WORLDS = [ROOT / "worlds"]
_CURVE = (10, 30, 300, 1000)
"""Other sizes of the ensemble, over the same draws."""
_BEFORE_RAD = 0.0035
"""The margin of the rule of old, which looked at the middles of cells on the map as it is."""


def run(context: Context) -> Outcome:
    """Draw the same cells and slices for each rule in each world."""
    rover = read_rover(ROOT / "config" / "rover.yaml")
    seeds = 1 if context.quick else context.seeds or _SEEDS
    promises = 20 if context.quick else math.ceil(_PROMISES / seeds)
    level = read_level(_LEVEL, _WORLDS)
    rules = _rules()
    rows: list[Row] = []
    times: list[Row] = []
    found: list[Draws] = []
    by_map = 0
    for seed in range(_LOOKED_AT + context.seed, _LOOKED_AT + context.seed + seeds):
        world = open_world(prepare_world("ridge", seed, _WORLDS, level=level), level)
        grid, made, took = _slices(world, rover, rules)
        rng = np.random.default_rng([context.seed, seed])
        offset_s = world.site.utc_offset_s
        drawn = draws(world.light, grid, rover.solar_array, offset_s, made, promises, rng)
        found.append(drawn)
        slices = made[0].slices
        by_map += still_broken(_without_craters(world), grid, rover.solar_array, slices, offset_s, drawn)
        rows += _rows(seed, drawn, rules)
        times += [{"seed": seed, **row} for row in took]
        context.say(f"world {seed}: {kept(drawn)}")
    every = joined(found)
    whole = {name: kept(every, number) for number, name in enumerate(rules)}
    figures = {
        "light_promises": float(whole["stated"].promises),
        "light_broken": whole["stated"].broken,
        "light_broken_by_half": whole["stated"].broken_by_half,
        "light_broken_by_map_error": by_map / max(whole["stated"].promises, 1),
        "light_promised_share": whole["stated"].of_mean,
        "light_promised_of_least_share": whole["stated"].of_least,
        "light_broken_map_alone": whole["map alone"].broken,
        "light_broken_by_half_map_alone": whole["map alone"].broken_by_half,
        "light_promised_share_map_alone": whole["map alone"].of_mean,
        **{f"light_{name}_s": float(np.median([row[f"{name}_s"] for row in times])) for name in ("plain", "near")},
    }
    for members in _CURVE:
        figures[f"light_broken_{members}_members"] = whole[f"{members} members"].broken
        figures[f"light_promised_share_{members}_members"] = whole[f"{members} members"].of_mean
    return Outcome(
        figures,
        {"light": rows, "light_times": times},
        (
            "Cells and slices are drawn alike from all passable cells of the planner's grid and all slices of its "
            "field, from the sortie's start on, over worlds of ridge at the level nominal; another place each seed.",
            "map alone: the rule of old, middles of cells on the map as it is with a margin of 0.2 deg. N members: the "
            "rule as it stands with an ensemble of another size, over the same draws.",
            "light_broken_by_map_error: those of the broken promises that the relief of 5 m and more breaks by itself, "
            "without the craters under 30 m and the rocks that the map cannot hold.",
            "light_plain_s and light_near_s: processor time of the slices of a field without the near skyline and with "
            "it, each direction looked along for the first time.",
        ),
    )


def _rules() -> dict[str, PathPlanningConfig]:
    stated = PathPlanningConfig(rover="", site="")

    def of(members: int) -> PathPlanningConfig:
        return dataclasses.replace(stated, map_error=dataclasses.replace(stated.map_error, members=members))

    old = dataclasses.replace(of(0), recovery=dataclasses.replace(stated.recovery, light_margin_rad=_BEFORE_RAD))
    return {"stated": stated, "map alone": old, **{f"{members} members": of(members) for members in _CURVE}}


def _slices(
    world: World, rover: Rover, rules: dict[str, PathPlanningConfig]
) -> tuple[SiteGrid, list[Promised], list[Row]]:
    planners = {name: site_planner(config, rover, world.site) for name, config in rules.items()}
    made, took = [], {}
    for name, planner in planners.items():
        begun_s = time.process_time()
        slices = _light(planner)
        took[name] = time.process_time() - begun_s
        made.append(Promised(slices, planner.config.recovery.array_factor))
    return planners["stated"].grid, made, [{"plain_s": took["map alone"], "near_s": took["stated"]}]


def _light(planner: SitePlanner) -> LightSlices:
    site, recovery = planner.site, planner.config.recovery
    start_s = math.floor((site.start_utc_s - site.utc_offset_s) / recovery.slice_s) * recovery.slice_s
    sky, array = Light(site.frame, site.horizon), planner.rover.solar_array
    return light_slices(planner.grid, sky, array, start_s, site.utc_offset_s, recovery, near=planner.near)


def _without_craters(world: World) -> TrueLight:
    """Return the light of a world over its relief of 5 m and more alone: its fine ground is a corner of that."""
    ground = world.ground
    corner = np.ascontiguousarray(ground.base[:2, :2])
    coarse = ground._replace(
        detail=corner,
        detail_x0_m=ground.base_x0_m,
        detail_y0_m=ground.base_y0_m,
        detail_cell_m=ground.base_cell_m,
    )
    return dataclasses.replace(world.light, ground=coarse)


def _rows(seed: int, drawn: Draws, rules: dict[str, PathPlanningConfig]) -> list[Row]:
    return [
        {"seed": seed, "rule": name, "draws": int(drawn.slices.size), **dataclasses.asdict(kept(drawn, number))}
        for number, name in enumerate(rules)
    ]
