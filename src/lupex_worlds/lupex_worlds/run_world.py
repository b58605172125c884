# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The world of one run, by what a launch file or a recording names: directory, truth level and draw."""

from pathlib import Path

from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world import World, open_world
from lupex_worlds.world_cache import default_worlds_directories


def open_run_world(directory: Path, truth: str, draw_seed: int) -> World:
    """Open a world at a truth level, by name or file, for one draw; a negative seed takes the place's.

    Raises SiteError for the world and ConfigurationError for the level, each one sentence.
    """
    level = read_level(truth, default_worlds_directories())
    return open_world(directory, level, None if draw_seed < 0 else draw_seed)
