# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Make the Gazebo files of a world that is made, and keep the committed ones in the source tree."""

import os
from collections.abc import Mapping
from pathlib import Path

from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_worlds.gazebo_files.files import MODELS, WORLD_FILE, MissingFileError, refuse_missing, write_files
from lupex_worlds.gazebo_files.raster import TerrainError
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, DRIVES, DescriptionError
from lupex_worlds.gazebo_files.terrain_settings import read_terrain_settings
from lupex_worlds.gazebo_files.world_model import scene_of
from lupex_worlds.run_world import open_run_world
from lupex_worlds.world_cache import WorldError

_SHARE = Path("share") / "lupex_bringup"
_ROVER = Path("config") / "rover.yaml"
_TERRAIN = Path("config") / "gazebo_world.yaml"
COMMITTED_SEED = 1
REFUSED = (WorldError, ConfigurationError, SiteError, DescriptionError, TerrainError, MissingFileError)


def shared_file(relative: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return a file that lupex_bringup installs, or the one of the source tree; raises WorldError."""
    prefixes = [
        Path(prefix) / _SHARE for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix
    ]
    for directory in (*prefixes, Path(__file__).resolve().parents[4]):
        if (directory / relative).is_file():
            return directory / relative
    raise WorldError(f"{relative} is in no lupex_bringup on AMENT_PREFIX_PATH: source the workspace")


def make_gazebo(world_directory: Path, truth: str, draw_seed: int, drive: str) -> Path:
    """Write the Gazebo files of a made world into its directory unless they are there; return where.

    Raises one of REFUSED.
    """
    rover_file = shared_file(_ROVER)
    terrain = read_terrain_settings(shared_file(_TERRAIN))
    scene = scene_of(open_run_world(world_directory, truth, draw_seed), terrain)
    try:
        made = write_files(
            world_directory, scene, read_rover(rover_file), shared_file(DESCRIPTION), rover_file.resolve(), drive
        )
    except OSError as error:
        raise WorldError(f"{world_directory}: Gazebo's files cannot be written there: {error}") from error
    refuse_missing(made / WORLD_FILE, [made / MODELS])
    return made


def keep_in_tree(made: Path, recipe: Path, seed: int, drive: str) -> Path | None:
    """Copy the world beside its recipe where that is this project's own; return the copy.

    What is kept in the tree is that of the first seed on tracks; a recipe elsewhere is left alone.
    """
    own = Path(__file__).resolve().parents[4] / "worlds"
    if recipe.resolve().parent != own or seed != COMMITTED_SEED or drive != DRIVES[0] or not os.access(own, os.W_OK):
        return None
    target = own / f"{recipe.stem}.sdf"
    content = (made / WORLD_FILE).read_text(encoding="utf-8")
    if not target.is_file() or target.read_text(encoding="utf-8") != content:
        target.write_text(content, encoding="utf-8")
    return target
