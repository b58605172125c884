# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which files the processes of a run opened: autonomy may open of a world what was measured from orbit, and no more."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

HOOK = Path(__file__).resolve().parent / "opened"


def noting(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return an environment in which every Python process notes what it opens into a directory."""
    path = os.pathsep.join([str(HOOK), *filter(None, [environment.get("PYTHONPATH", "")])])
    return {**environment, "PYTHONPATH": path, "LUPEX_OPENED": str(directory)}


def opened_by_node(directory: Path) -> dict[str, set[Path]]:
    """Return what the processes of nodes opened, by the node's name."""
    found: dict[str, set[Path]] = {}
    for file in directory.iterdir():
        command, *paths = file.read_text(encoding="utf-8", errors="replace").splitlines()
        for word in command.split():
            if word.startswith("__node:="):
                found.setdefault(word.removeprefix("__node:="), set()).update(Path(path) for path in paths)
    return found


def of_the_world(paths: Iterable[Path], world: Path, recipes: Path) -> set[Path]:
    """Return those that belong to a world but were not measured from orbit: its truth, its recipe, a truth level."""
    found = set()
    for path in paths:
        # installed files are links to those of the tree
        parents = path.resolve().parents
        if (world.resolve() in parents and world.resolve() / "orbital" not in parents) or recipes in parents:
            found.add(path)
    return found
