# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Turn a LOLA DEM into a site that the demo can run on: whole, or nothing is left of it."""

import contextlib
import errno
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lupex_models.dem import read_far_relief, write_dem
from lupex_models.height_field import HeightField
from lupex_models.rover import Rover
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, open_site
from lupex_models.site_frame import NORTHERNMOST_LATITUDE_RAD, SiteFrame
from lupex_worlds.recipe import ROS_TIME_AT_START_S, read_recipe
from lupex_worlds.site_import.landing_choice import Choice, choices
from lupex_worlds.site_import.light_survey import LightSurvey, Progress, SurveyGrid, averaged, survey_light
from lupex_worlds.site_import.site_crop import FAR_M, LARGEST_EXTENT_M, LEAST_EXTENT_M, ImportRefused, read_site_crop
from lupex_worlds.site_import.site_preview import Preview, draw_preview
from lupex_worlds.site_import.site_recipe import START_SOC, Source, recipe_text
from lupex_worlds.site_import.sortie_check import plan_from_lander
from lupex_worlds.world_cache import WorldError, prepare_world, world_directory
from lupex_worlds.world_making import HorizonGrid

_UNFINISHED = ".unfinished-"
_REPLACED = ".replaced-"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

Wait = Callable[[Callable[[], None]], None]
"""Waits for something, calling its argument meanwhile."""

_WORLDS_TRIED = 2
_CHOICES_TRIED = 6
_PREVIEW_CELLS = 900


@dataclass(frozen=True)
class Request:
    """What is asked for: at_deg is latitude and longitude of the crop's middle, sites is where its directory goes."""

    geotiff: Path
    name: str
    at_deg: tuple[float, float] | None
    extent_m: float
    sites: Path
    worlds_root: Path
    seed: int
    replace: bool
    taken_names: frozenset[str] = frozenset()
    survey: SurveyGrid | None = None
    world_grid: HorizonGrid | None = None


@dataclass(frozen=True)
class Imported:
    """What was made."""

    directory: Path
    world: Path
    frame: SiteFrame
    choice: Choice
    hours: float
    """Of the planned sortie, from the start until it is recharged in the sun."""
    doubt: str = ""
    """What could not be told of the file, one sentence."""

    @property
    def recipe(self) -> Path:
        """The recipe's path."""
        return self.directory / f"{self.directory.name}.yaml"

    @property
    def preview(self) -> Path:
        """The picture's path."""
        return self.directory / f"{self.directory.name}.png"


def import_site(
    request: Request,
    rover: Rover,
    progress: Progress,
    planner_ready: Wait | None = None,
) -> Imported:
    """Make a site's recipe, its crop of the DEM, its preview and its world of one seed.

    planner_ready waits until the planner can be called, calling its argument meanwhile.
    Raises ImportRefused, SiteError or WorldError, each one sentence; then, and when it is interrupted, nothing is left.
    """
    _check_request(request)
    frame, field, doubt = read_site_crop(request.geotiff, request.at_deg, request.extent_m, progress)
    far = read_far_relief(frame, FAR_M)
    survey = survey_light(field, frame, far, progress, request.survey)
    return replace(_settle(request, rover, frame, field, survey, progress, planner_ready), doubt=doubt)


def _check_request(request: Request) -> None:
    if not _NAME.fullmatch(request.name):
        raise ImportRefused(f"the name '{request.name}' must be lower-case letters, digits, '-' and '_', 63 at most")
    if request.name in request.taken_names:
        raise ImportRefused(f"'{request.name}' is a world of this repository: give another --name")
    if (request.sites / request.name).exists() and not request.replace:
        raise ImportRefused(
            f"{request.sites / request.name}: there is a site of that name already: give another --name, or --replace"
        )
    if not LEAST_EXTENT_M <= request.extent_m <= LARGEST_EXTENT_M:
        raise ImportRefused(
            f"the extent is {request.extent_m:g} m but takes {LEAST_EXTENT_M:.0f} to {LARGEST_EXTENT_M:.0f} m"
        )
    if request.at_deg is not None:
        latitude, longitude = request.at_deg
        if not (-90.0 <= latitude <= math.degrees(NORTHERNMOST_LATITUDE_RAD) and -360.0 <= longitude <= 360.0):
            raise ImportRefused(
                f"--at is {latitude:g} {longitude:g} but takes a latitude from -90 to "
                f"{math.degrees(NORTHERNMOST_LATITUDE_RAD):.0f} and a longitude from -360 to 360 deg"
            )


def _settle(
    request: Request,
    rover: Rover,
    frame: SiteFrame,
    field: HeightField,
    survey: LightSurvey,
    progress: Progress,
    planner_ready: Wait | None,
) -> Imported:
    """Take the first choice whose sortie the planner proves in the finished world."""
    reason = "there is no lit, level ground within a short drive of darkness"
    worlds = 0
    for tried, choice in enumerate(choices(survey, rover)):
        progress("landing place", min(0.95, (tried + 1) / _CHOICES_TRIED))
        if tried >= _CHOICES_TRIED or worlds >= _WORLDS_TRIED:
            break
        with _staged(request) as staging:
            wait = planner_ready if tried == 0 else None
            made = _make(request, rover, staging, frame, field, survey, choice, progress, wait)
        if isinstance(made, Imported):
            return made
        worlds += made.in_world
        reason = made.reason
    raise ImportRefused(f"{request.geotiff}: {reason}; try another place with --at, or a larger --extent")


def _site(name: str, frame: SiteFrame, field: HeightField, survey: LightSurvey, choice: Choice) -> OrbitalSite:
    return OrbitalSite(
        name=name,
        frame=frame,
        dem=averaged(field, max(1, round(5.0 / field.cell_m))),
        horizon=survey.light.horizon,
        permanent_shadow=survey.permanent_shadow,
        lander=Pose2(*choice.lander, choice.lander_yaw_rad),
        # Farther havens only widen the map that is planned over: what is safe with the lander's alone is safe.
        havens=(Haven(*choice.lander, 10.0),),
        targets=(Target(*choice.target, "shadow"),),
        start_utc_s=choice.start_utc_s,
        utc_offset_s=choice.start_utc_s - ROS_TIME_AT_START_S,
    )


@dataclass(frozen=True)
class _NoSortie:
    """Why a choice was refused, and whether its sortie could be planned on the survey but not in its world."""

    reason: str
    in_world: bool


def _make(
    request: Request,
    rover: Rover,
    staging: Path,
    frame: SiteFrame,
    field: HeightField,
    survey: LightSurvey,
    choice: Choice,
    progress: Progress,
    planner_ready: Wait | None,
) -> Imported | _NoSortie:
    """Write the site into the staging directory, make its world, and put the site in place; or tell what is wrong.

    While the planner is waited for the world is made, on trust that its sortie will be proven there.
    """
    name = request.name
    write_dem(staging / f"{name}.tif", field, frame)
    source = Source(f"{name}.tif", request.geotiff.name, field.cell_m, field.bounds_m)
    recipe_file = staging / f"{name}.yaml"
    recipe_file.write_text(recipe_text(choice, frame, source), encoding="utf-8")
    world = world_directory(read_recipe(recipe_file), request.seed, request.worlds_root)
    fresh = not world.exists()
    kept = False

    def make_world() -> None:
        if world.exists():
            progress("the planner's kernels", 0.0)
            return
        prepare_world(
            str(recipe_file),
            request.seed,
            [],
            request.worlds_root,
            lambda stage, done: progress(f"world: {stage}", done),
            request.world_grid,
        )

    try:
        if planner_ready:
            planner_ready(make_world)
        # A world is not made for a sortie that fails on the survey; one that is there answers for both.
        if not world.exists():
            plan = plan_from_lander(_site(name, frame, field, survey, choice), rover, START_SOC)
            if not plan.feasible:
                return _NoSortie(f"the planner finds no safe sortie ({plan.explanation})", in_world=False)
            make_world()
        progress("sortie plan", 0.0)
        plan = plan_from_lander(open_site(world / "orbital"), rover, START_SOC)
        if not plan.feasible:
            return _NoSortie(
                f"the planner finds no safe sortie in the finished world ({plan.explanation})", in_world=True
            )
        progress("preview", 0.0)
        x, y = choice.lander
        hours = (plan.waypoints[-1].time_s - ROS_TIME_AT_START_S) / 3600.0
        way = ((x, y), *((x + point.x_m, y + point.y_m) for point in plan.waypoints))
        relief = averaged(field, max(1, math.ceil(max(field.shape) / _PREVIEW_CELLS)))
        draw_preview(
            staging / f"{name}.png",
            Preview(name, request.geotiff.name, frame, relief, survey, choice, way, hours),
        )
        _put_in_place(staging, request.sites / name)
        kept = True
    finally:
        if fresh and not kept:
            shutil.rmtree(world, ignore_errors=True)
    return Imported(request.sites / name, world, frame, choice, hours)


@contextlib.contextmanager
def _staged(request: Request) -> Iterator[Path]:
    """Give a directory beside the site's; it goes away with all that is still in it."""
    with _told(request.sites):
        made = _make_directories(request.sites)
        staging = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{request.name}-", dir=request.sites))
        try:
            staging.chmod(0o755)
            # In a directory of the site's name, so that all inside has its name from the start.
            (staging / request.name).mkdir()
            yield staging / request.name
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            for directory in made:
                with contextlib.suppress(OSError):
                    directory.rmdir()


def _make_directories(path: Path) -> list[Path]:
    """Make a directory with its parents; returns those that were not there, innermost first."""
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    path.mkdir(parents=True, exist_ok=True)
    return missing


def _put_in_place(staging: Path, target: Path) -> None:
    if not target.exists():
        os.rename(staging, target)
        return
    aside = Path(tempfile.mkdtemp(prefix=_REPLACED, dir=target.parent))
    try:
        os.rename(target, aside / target.name)
        try:
            os.rename(staging, target)
        except BaseException:
            os.rename(aside / target.name, target)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorldError(f"{place}: the disk is full; a site needs about 200 MB with its world") from error
        raise WorldError(f"{place}: the site cannot be written there: {error.strerror or error}") from error
