# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`./lupex world NAME`: make a world and its Gazebo files, or find them made."""

import argparse
import sys
import time
from collections.abc import Sequence

from lupex_node.interrupts import interruptible
from lupex_worlds.gazebo_files.files import MODELS, WORLD_FILE
from lupex_worlds.gazebo_files.gazebo_making import COMMITTED_SEED, REFUSED, keep_in_tree, make_gazebo
from lupex_worlds.gazebo_files.robot_description import DRIVES
from lupex_worlds.truth.level import KIND
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world_cache import default_worlds_directories, find_recipe, prepare_world, report_to_stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, or 1 after one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="lupex world", description="Make a world and its Gazebo files, or find them made; print where they are."
    )
    parser.add_argument("world", help="name of a recipe worlds/NAME.yaml, or the path of one")
    parser.add_argument("--seed", type=int, default=COMMITTED_SEED, help="of the place")
    parser.add_argument("--truth", default="kind", metavar="LEVEL", help="kind, nominal, harsh, or a file")
    parser.add_argument("--draw", type=int, default=-1, help="seed of where the lander stands (default: the place's)")
    parser.add_argument("--drive", choices=DRIVES, default=DRIVES[0], help="bogies: wheels, for DART before 6.13")
    options = parser.parse_args(arguments)
    try:
        directories = default_worlds_directories()
        with interruptible():
            progress = report_to_stderr(options.world, time.monotonic)
            recipe = find_recipe(options.world, directories)
            level = read_level(options.truth, directories)
            world = prepare_world(options.world, options.seed, directories, progress=progress, level=level)
            made = make_gazebo(world, options.truth, options.draw, options.drive)
            kept = None if level != KIND else keep_in_tree(made, recipe, options.seed, options.drive)
    except REFUSED as error:
        print(f"lupex world: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lupex world: interrupted", file=sys.stderr)
        return 130
    print(f"world      {world}")
    print(f"Gazebo     {made / WORLD_FILE}{f', also {kept}' if kept else ''}")
    print(f"resources  GZ_SIM_RESOURCE_PATH={made / MODELS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
