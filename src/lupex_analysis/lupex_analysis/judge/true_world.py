# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The world of a recording, where this machine has it: needed to know what the way home truly took."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import WayRules
from lupex_analysis.judge.true_need import TrueWay
from lupex_analysis.sortie import Columns, Sortie
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import Rover, read_rover
from lupex_models.site_frame import SiteError
from lupex_worlds.recipe import read_recipe
from lupex_worlds.truth.level import TruthLevel
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world import World, open_world
from lupex_worlds.world_cache import (
    WorldError,
    cache_root,
    default_worlds_directories,
    find_recipe,
    rover_file,
    world_directory,
)

Array = NDArray[np.float64]
_EVERY = 20
"""True states between those whose height is compared."""


class NoWorldError(RuntimeError):
    """Say in one sentence why the recording's world is not there, and how it is had."""


@dataclass(frozen=True)
class TrueWorld:
    """A recording's world and rover."""

    world: World
    rover: Rover


def find_world(custom: Mapping[str, str]) -> TrueWorld:
    """Open the world that a recording names, if this machine's cache has it; makes none. Raises NoWorldError."""
    name, seed, truth = custom.get("world", ""), custom.get("seed", ""), custom.get("truth", "") or "kind"
    draw = custom.get("draw", "") or "-1"
    if not name or not seed.isdecimal() or not (draw == "-1" or draw.isdecimal()):
        raise NoWorldError("the recording does not name its world")
    try:
        directories = default_worlds_directories()
        level = read_level(truth, directories)
        refuse_another_level(level, custom)
        directory = world_directory(read_recipe(find_recipe(name, directories)), int(seed), cache_root(), level)
        if not directory.is_dir():
            raise NoWorldError(
                f"the world '{name}' of seed {seed} at the truth level {level.name} is not on this machine;"
                f" `./lupex world {name} --seed {seed} --truth {truth}` makes it, then `./lupex report BAG` judges anew"
            )
        world = open_world(Path(directory), level, None if draw == "-1" else int(draw))
        return TrueWorld(world, read_rover(rover_file(directories)))
    except (WorldError, SiteError, ConfigurationError) as error:
        raise NoWorldError(str(error)) from error


def refuse_another_level(level: TruthLevel, custom: Mapping[str, str]) -> None:
    """Raise NoWorldError when a level's numbers are not those of the recording; an older one does not tell them."""
    recorded = custom.get("truth_hash", "")
    if recorded and recorded != level.digest:
        raise NoWorldError(
            f"the truth level '{level.name}' on this machine is not that of the recording: its numbers have the hash"
            f" {level.digest[:8]}, the recording's {recorded[:8]}; put its file back as it was, then"
            " `./lupex report BAG` judges anew"
        )


def refuse_another(world: World, truth: Columns, rules: WayRules) -> None:
    """Raise NoWorldError when the true places of a recording do not lie on the world's ground."""
    chosen = slice(None, None, _EVERY)
    x, y, z = (truth[name][chosen] for name in ("x_m", "y_m", "z_m"))
    if not len(x):
        raise NoWorldError("the recording holds no true places")
    apart = np.abs(world.height(x, y) - z)
    if not float(np.median(np.where(np.isfinite(apart), apart, np.inf))) <= rules.world_m:
        raise NoWorldError(
            f"the world '{world.name}' of seed {world.seed} on this machine is not that of the recording: its ground"
            " lies elsewhere; its recipe may have changed since"
        )


def sortie_way(found: TrueWorld, sortie: Sortie, rules: WayRules) -> TrueWay:
    """Return the true ways home around a sortie. Raises NoWorldError when the world is another."""
    from lupex_analysis.judge.true_cost import true_cost
    from lupex_analysis.judge.true_way import true_way

    truth, world = sortie.truth, found.world
    refuse_another(world, truth, rules)
    havens = world.site.havens
    x = np.concatenate([truth["x_m"], [haven.x_m for haven in havens]])
    y = np.concatenate([truth["y_m"], [haven.y_m for haven in havens]])
    window = (
        float(x.min()) - rules.pad_m,
        float(y.min()) - rules.pad_m,
        float(x.max()) + rules.pad_m,
        float(y.max()) + rules.pad_m,
    )
    return true_way(
        world,
        true_cost(world, found.rover, heater_w(sortie)),
        window,
        float(truth["t"][0]),
        float(truth["t"][-1]) + rules.horizon_s,
        float(np.max(truth["capacity_wh"])) * 3600.0,
        rules,
    )


def heater_w(sortie: Sortie) -> float:
    """Return what the battery's heater drew in the mean of the sortie; 0 where the bus was not recorded."""
    drawn = sortie.bus["load_heater_w"]
    drawn = drawn[np.isfinite(drawn)]
    return float(np.mean(drawn)) if len(drawn) else 0.0
