# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex plan`: a sortie planned over a world's orbital product alone, as a picture and as JSON."""

import argparse
import io
import json
import math
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lupex_models.configuration import ConfigurationError
from lupex_models.site_frame import SiteError
from lupex_node.interrupts import interruptible
from lupex_recorder.metadata import write_atomically
from lupex_worlds.recipe import read_recipe
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world_cache import (
    WorldError,
    default_worlds_directories,
    find_recipe,
    prepare_world,
    report_to_stderr,
    rover_file,
)

if TYPE_CHECKING:
    from lupex_cli.planned_sortie import PlannedSortie

PICTURE, RECORD = "plan.png", "plan.json"
PLANNED, NO_PLAN, REFUSED, INTERRUPTED = 0, 1, 2, 130
PICTURE_DPI = 130
HOURS_MIN, HOURS_MAX = 1.0, 400.0
OBJECTIVES = ("least-time", "least-energy", "most-margin")
"""In the order of their values in the SortiePlan message."""


class PlanError(ValueError):
    """Say in one sentence what was asked for that cannot be planned."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="lupex plan",
        description=f"Plan a sortie without the rest of the stack; writes {PICTURE} and {RECORD}. "
        "Exit code 0: a plan, 1: none, and why, 2: a mistake in what was asked for.",
    )
    made.add_argument("--world", required=True, metavar="W", help="name of a recipe in worlds/, or the path of one")
    made.add_argument("--seed", type=int, default=1, help="of the place, as in the demo (default: 1)")
    made.add_argument(
        "--truth", default="kind", metavar="LEVEL", help="whose orbital map is planned on, as in the demo"
    )
    made.add_argument(
        "--targets",
        nargs="+",
        metavar="X,Y[,SERVICE_S[,POWER_W]]",
        help="places in the map [m], the stay there and its load beside the parked rover's "
        "(default: the world's own; stay and load as the mission plans them)",
    )
    made.add_argument("--any-order", action="store_true", help="visit them in the best order (default: as given)")
    made.add_argument(
        "--objective", choices=OBJECTIVES, default=OBJECTIVES[0], help=f"of the plan (default: {OBJECTIVES[0]})"
    )
    made.add_argument("--deadline", metavar="UTC", help="back in a haven by then (default: none)")
    made.add_argument(
        "--earth", choices=("drive", "work", "always"), help="only with the Earth in view (default: not asked for)"
    )
    made.add_argument("--start", metavar="UTC", help="as 2028-10-13T12:00:00Z (default: the world's own)")
    made.add_argument("--charge", metavar="SOC|WH", help="at the start: 0.6, 60%% or 1500Wh (default: the world's own)")
    made.add_argument("--from", dest="place", metavar="X,Y", help="where the rover starts [m] (default: the lander)")
    made.add_argument(
        "--hours", type=float, metavar="H", help="how far ahead the plan looks (default: as the node, 24)"
    )
    made.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: lupex-plan-W)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 with a plan, 1 with none, 2 after one sentence on stderr, 130 when interrupted."""
    options = parser().parse_args(_shielded(sys.argv[1:] if argv is None else argv))
    out = options.out or Path(f"lupex-plan-{Path(options.world).stem}")
    try:
        with interruptible(signal.SIGINT, signal.SIGTERM):
            made = _plan(options)
            _write(out, made)
    except (PlanError, WorldError, ConfigurationError, SiteError) as error:
        print(f"lupex plan: {error}", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"lupex plan: {error.filename or out} cannot be written: {error.strerror}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        # A world being made was cleaned up on the way here.
        print("lupex plan: interrupted", file=sys.stderr)
        return INTERRUPTED
    from lupex_cli.plan_record import told

    print(told(made))
    print(f"picture: {out / PICTURE}\njson:    {out / RECORD}")
    return PLANNED if made.sortie.feasible else NO_PLAN


def _shielded(argv: Sequence[str]) -> list[str]:
    """Keep places that begin with a minus from being taken for options."""
    return [f" {word}" if re.match(r"-[\d.]", word) else word for word in argv]


def _plan(options: argparse.Namespace) -> "PlannedSortie":
    directories = default_worlds_directories()
    recipe = read_recipe(find_recipe(options.world, directories))
    numbers = [_numbers(text, "--targets", 2, 4) for text in options.targets or ()]
    level = read_level(options.truth, directories)
    start_utc_s = _utc(options.start, "--start") if options.start else None
    deadline_utc_s = _utc(options.deadline, "--deadline") if options.deadline else math.inf
    place = _numbers(options.place, "--from", 2, 2) if options.place else None
    if options.hours is not None and not HOURS_MIN <= options.hours <= HOURS_MAX:
        raise PlanError(f"--hours is {options.hours:g} but takes {HOURS_MIN:g} up to {HOURS_MAX:g}")
    # What only planning needs is imported once what was asked for is known to be sound.
    from lupex_cli.planned_sortie import Request, planned_sortie, settings
    from lupex_models.rover import read_rover
    from lupex_models.site import open_site
    from lupex_path_planning.sortie.task import Objective, Task

    rover_path = rover_file(directories)
    rover = read_rover(rover_path)
    charge_wh = _charge(options.charge, recipe.start.soc, rover.battery.capacity_wh)
    progress = report_to_stderr(options.world, time.monotonic)
    world = prepare_world(options.world, options.seed, directories, progress=progress, level=level)
    site = open_site(world / "orbital")
    config, mission = settings(rover_path.parent, site.scan_min_s)
    # of the place, not of the recipe: each seed may begin at a date of its own
    start_utc_s = site.start_utc_s if start_utc_s is None else start_utc_s
    if not deadline_utc_s > start_utc_s:
        raise PlanError(f"--deadline is '{options.deadline}' but must lie after the start")
    if not numbers:
        numbers = [(target.x_m, target.y_m) for target in site.targets]
    request = Request(
        world=recipe.name,
        seed=options.seed,
        start_utc_s=start_utc_s,
        place=(place[0], place[1]) if place else (site.lander.x_m, site.lander.y_m),
        charge_wh=charge_wh,
        visits=tuple(mission.visit(*values) for values in numbers),
        task=Task(
            Objective(OBJECTIVES.index(options.objective)),
            not options.any_order,
            deadline_utc_s - site.utc_offset_s,
            earth_to_drive=options.earth in ("drive", "always"),
            earth_to_serve=options.earth in ("work", "always"),
        ),
        horizon_s=None if options.hours is None else options.hours * 3600.0,
    )
    for name, (x, y) in [
        ("the start", request.place),
        *((f"target {number}", (visit.x_m, visit.y_m)) for number, visit in enumerate(request.visits, start=1)),
    ]:
        if not bool(site.dem.contains(x, y)):
            low_x, low_y, high_x, high_y = site.dem.bounds_m
            raise PlanError(
                f"{name} at {x:g},{y:g} lies outside the map of {recipe.name}, which reaches from {low_x:g},{low_y:g} "
                f"to {high_x:g},{high_y:g} m"
            )
    return planned_sortie(request, config, rover, site, lambda text: print(f"plan: {text}", file=sys.stderr))


def _numbers(text: str, option: str, least: int, most: int) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    takes = "X,Y" if most == 2 else "X,Y[,SERVICE_S[,POWER_W]]"
    if not least <= len(values) <= most or not all(math.isfinite(value) for value in values):
        raise PlanError(f"{option} holds '{text.strip()}' but takes {takes}, as 134,112,3600")
    if any(value < 0.0 for value in values[2:]):
        raise PlanError(f"{option} holds '{text.strip()}': a stay and its load cannot be negative")
    return values


def _utc(text: str, option: str) -> float:
    from lupex_models.site import utc_seconds

    try:
        return utc_seconds(text.strip())
    except ValueError as error:
        raise PlanError(f"{option} is '{text}' but takes a UTC time like 2028-10-13T12:00:00Z") from error


def _charge(text: str | None, default_soc: float, capacity_wh: float) -> float:
    """Return the charge [Wh]: a number up to 1 is a share, a greater one energy, unless its unit says otherwise."""
    if text is None:
        return default_soc * capacity_wh
    found = re.fullmatch(r"\s*([\d.]+)\s*(%|wh)?\s*", text, re.IGNORECASE)
    try:
        value = float(found.group(1)) if found else math.nan
    except ValueError:
        value = math.nan
    unit = (found.group(2) or "").lower() if found else ""
    if unit == "%":
        charge_wh = 0.01 * value * capacity_wh
    else:
        charge_wh = value * capacity_wh if not unit and value <= 1.0 else value
    if not 0.0 < charge_wh <= capacity_wh:
        raise PlanError(
            f"--charge is '{text}' but takes a share as 0.6 or 60%, or energy as 1500Wh, up to {capacity_wh:g} Wh"
        )
    return charge_wh


def _write(out: Path, made: "PlannedSortie") -> None:
    """Write picture and record; where one cannot be written neither stays. Raises OSError."""
    from lupex_analysis.figures.plan_figure import plan_figure
    from lupex_analysis.figures.style import drawing
    from lupex_cli.plan_record import headline, record

    text = json.dumps(record(made, PICTURE), indent=2, allow_nan=False) + "\n"
    picture = io.BytesIO()
    with drawing():
        plan_figure(made.view, headline(made)).savefig(picture, format="png", dpi=PICTURE_DPI)
    out.mkdir(parents=True, exist_ok=True)
    # an old record must never stand beside a new picture
    (out / RECORD).unlink(missing_ok=True)
    try:
        write_atomically(out / PICTURE, picture.getvalue())
        write_atomically(out / RECORD, text)
    except BaseException:
        (out / PICTURE).unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
