# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Find a world in the cache, or make it there once: whole or not at all."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lupex_worlds.recipe import GENERATOR_VERSION, Recipe, read_recipe
from lupex_worlds.truth.level import KIND, TruthLevel

if TYPE_CHECKING:
    # Launch files ask for a cached world several times: what only the making needs is imported when it begins.
    from lupex_worlds.world_making import HorizonGrid, Progress

_SHARE = "lupex_bringup"
_UNFINISHED = ".unfinished-"
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)
_ALMOST_NOTHING_BYTES = 1_000_000


class WorldError(RuntimeError):
    """Say in one sentence why a world cannot be had, and what to do."""


def cache_root() -> Path:
    """Return the directory of all made worlds: ${XDG_CACHE_HOME:-~/.cache}/lupex/worlds."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "lupex" / "worlds"


def sites_root() -> Path:
    """Return the directory of imported sites, one directory each: ${XDG_CACHE_HOME:-~/.cache}/lupex/sites."""
    return cache_root().parent / "sites"


def find_recipe(name_or_path: str, worlds_directories: Sequence[Path]) -> Path:
    """Return the recipe's path for a world's name, or the path itself. Raises WorldError listing what there is."""
    if name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path:
        path = Path(name_or_path)
        if path.is_file():
            return path
        raise WorldError(f"{path}: there is no such recipe of a world")
    for directory in worlds_directories:
        path = directory / f"{name_or_path}.yaml"
        if path.is_file():
            return path
    known = sorted({path.stem for directory in worlds_directories for path in directory.glob("*.yaml")})
    places = ", ".join(str(directory) for directory in worlds_directories) or "no directory"
    raise WorldError(f"there is no world '{name_or_path}' in {places}; known worlds: {', '.join(known) or 'none'}")


def world_directory(recipe: Recipe, place_seed: int, root: Path, level: TruthLevel = KIND) -> Path:
    """Return where the world of a recipe's place lies in the cache; the name tells all that decides its content.

    Of the level that is what the files hold: the sections of the map, the place and the start. No draw is in it.
    """
    orbital_part, source_digest = recipe.orbital_part, recipe.dem.source
    if recipe.dem.source != "lola":
        try:
            with Path(recipe.dem.source).open("rb") as file:
                source_digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise WorldError(f"{recipe.dem.source}: the DEM source cannot be read: {error.strerror}") from error
        # What the file holds decides, not where it lies.
        orbital_part["dem"]["source"] = ""
    ingredients = {
        "recipe": orbital_part,
        "truth": str(recipe.truth),
        "seed": place_seed,
        "level": {"name": level.name, **level.place_part},
        "generator": GENERATOR_VERSION,
        "source": source_digest,
    }
    digest = hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()
    return root / f"{recipe.name}-{digest[:16]}"


def prepare_world(
    name_or_path: str,
    place_seed: int,
    worlds_directories: Sequence[Path],
    root: Path | None = None,
    progress: "Progress | None" = None,
    grid: "HorizonGrid | None" = None,
    level: TruthLevel = KIND,
) -> Path:
    """Return the directory of a place's world at a truth level, making it first where it is not in the cache.

    All draws share it. Two at once make it once. A run that is killed or meets a full disk leaves nothing that looks
    like a world. Raises WorldError, or ConfigurationError for the recipe, each one sentence.
    """
    if not 0 <= place_seed < 2**31:
        raise WorldError(f"the seed is {place_seed} but takes a whole number from 0 up to {2**31 - 1}")
    recipe = read_recipe(find_recipe(name_or_path, worlds_directories))
    root = root or cache_root()
    target = world_directory(recipe, place_seed, root, level)
    if target.is_dir():
        return target
    try:
        root.mkdir(parents=True, exist_ok=True)
        with lock_file(root / f"{target.name}.lock"):
            _remove_unfinished(root, target.name)
            if not target.is_dir():
                _make(target, recipe, place_seed, progress or (lambda stage, done: None), grid, level)
    except OSError as error:
        if error.errno in _OUT_OF_SPACE:
            raise WorldError(
                f"{root}: the disk is full; a world needs about 100 MB there, or set XDG_CACHE_HOME to another disk"
            ) from error
        raise WorldError(f"{root}: the world cannot be written there: {error.strerror or error}") from error
    return target


def _make(
    target: Path,
    recipe: Recipe,
    place_seed: int,
    progress: "Progress",
    grid: "HorizonGrid | None",
    level: TruthLevel,
) -> None:
    from lupex_models.site import SiteError, open_site
    from lupex_worlds.world_making import make_world

    unfinished = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{target.name}-", dir=target.parent))
    try:
        make_world(unfinished, recipe, place_seed, progress, grid, level)
        # What cannot be opened again must not enter the cache.
        open_site(unfinished / "orbital")
        unfinished.chmod(0o755)
        os.rename(unfinished, target)
    except Exception as error:
        # Rasterio and numpy report a full disk in exception types of their own.
        if shutil.disk_usage(target.parent).free < _ALMOST_NOTHING_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        if isinstance(error, SiteError):
            raise WorldError(f"the world '{recipe.name}' cannot be made: {error}") from error
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_unfinished(root: Path, name: str) -> None:
    """Under the lock, whatever another run of the same world left behind is dead."""
    for left in root.glob(f"{_UNFINISHED}{name}-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold a file lock; the kernel frees it when the process dies. The file goes away with the last holder."""
    while True:
        with path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                same = os.fstat(handle.fileno()).st_ino == path.stat().st_ino
            except FileNotFoundError:
                same = False
            if not same:
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def report_to_stderr(name: str, clock: Callable[[], float]) -> "Progress":
    """Return a progress function that prints one line a stage."""
    begun = clock()
    printed: set[str] = set()

    def report(stage: str, done: float) -> None:
        if stage not in printed:
            printed.add(stage)
            print(f"world {name}: {stage} ({clock() - begun:.0f} s)", file=sys.stderr, flush=True)

    return report


def default_worlds_directories() -> list[Path]:
    """The installed worlds of lupex_bringup, those of the source tree beside which one works, and imported sites."""
    found = []
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        if prefix:
            found.append(Path(prefix) / "share" / _SHARE / "worlds")
    found.append(Path.cwd() / "worlds")
    found.append(Path(__file__).resolve().parents[3] / "worlds")
    if sites_root().is_dir():
        found += sorted(path for path in sites_root().iterdir() if not path.name.startswith("."))
    # the working directory is often the source tree
    return [directory for directory in dict.fromkeys(found) if directory.is_dir()]


def rover_file(worlds_directories: Sequence[Path]) -> Path:
    """Return config/rover.yaml beside one of the directories of worlds. Raises SiteError where there is none."""
    from lupex_models.site_frame import SiteError

    for directory in worlds_directories:
        path = directory.parent / "config" / "rover.yaml"
        if path.is_file():
            return path
    raise SiteError("config/rover.yaml is missing beside the worlds: run this from the repository or a built workspace")
