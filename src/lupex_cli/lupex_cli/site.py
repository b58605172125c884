# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The command `site import`: a LOLA DEM becomes a site that the demo runs on."""

import argparse
import math
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lupex_models.configuration import ConfigurationError
from lupex_models.site_frame import SiteError
from lupex_node.interrupts import interruptible
from lupex_worlds.world_cache import WorldError, cache_root, default_worlds_directories, rover_file, sites_root

if TYPE_CHECKING:
    from lupex_worlds.site_import.site_making import Imported

Report = Callable[[str, float], None]

REFUSED, INTERRUPTED = 2, 130


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="lupex site", description="Sites made from measured relief.")
    commands = made.add_subparsers(dest="command", required=True, metavar="import")
    site = commands.add_parser(
        "import",
        help="make a site from a LOLA DEM",
        description="Crop a south polar LOLA DEM, check it, choose lander, havens, target and start, make the world.",
    )
    site.add_argument("geotiff", type=Path, help="south polar stereographic DEM on the 1737.4 km sphere")
    site.add_argument("--name", required=True, metavar="W", help="of the site, for ./lupex demo --world W")
    site.add_argument(
        "--at", type=float, nargs=2, metavar=("LAT", "LON"), help="middle of the crop, deg (default: brightest place)"
    )
    site.add_argument("--extent", type=float, default=4000.0, metavar="M", help="side of the crop, m (default: 4000)")
    site.add_argument(
        "--recipes", type=Path, metavar="DIR", help=f"where the site's directory goes (default: {sites_root()})"
    )
    site.add_argument("--seed", type=int, default=1, help="of the world that is made at once (default: 1)")
    site.add_argument("--replace", action="store_true", help="replace a site of that name")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, 2 after one sentence on stderr, or 130 when interrupted."""
    options = parser().parse_args(arguments)
    try:
        if not (math.isfinite(options.extent) and all(math.isfinite(value) for value in options.at or ())):
            raise SiteError("--at and --extent take finite numbers")
        with interruptible(signal.SIGINT, signal.SIGTERM), reported(time.monotonic) as report:
            made = _import(options, report)
    except (ConfigurationError, SiteError, WorldError) as error:
        print(f"lupex site: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("lupex site: stopped; nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    if made.doubt:
        print(f"lupex site: warning: {made.doubt}", file=sys.stderr)
    print(summary(made, options.recipes is not None, options.seed))
    return 0


def _import(options: argparse.Namespace, report: Report) -> "Imported":
    # Help and mistaken arguments need not wait for the libraries of the making.
    from rasterio.errors import NotGeoreferencedWarning

    from lupex_models.rover import read_rover
    from lupex_worlds.site_import.planner_kernels import compiled_beside, uncollected
    from lupex_worlds.site_import.site_making import Request, import_site

    # A picture without a place is refused in a sentence of ours.
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    sites = options.recipes or sites_root()
    own = default_worlds_directories()
    request = Request(
        geotiff=options.geotiff,
        name=options.name,
        at_deg=tuple(options.at) if options.at else None,
        extent_m=options.extent,
        sites=sites.absolute(),
        worlds_root=cache_root(),
        seed=options.seed,
        replace=options.replace,
        taken_names=frozenset(
            path.stem for directory in own if sites_root() not in directory.parents for path in directory.glob("*.yaml")
        ),
    )
    rover = rover_file(own)
    with uncollected(), compiled_beside(rover) as planner_ready:
        return import_site(request, read_rover(rover), report, planner_ready)


def summary(made: "Imported", elsewhere: bool, seed: int) -> str:
    """Return what was made and how to go on."""
    choice = made.choice
    latitude, longitude = (math.degrees(float(value)) for value in made.frame.to_geographic(*choice.lander))
    world = _shown(made.recipe) if elsewhere else made.directory.name
    seed_option = "" if seed == 1 else f" --seed {seed}"
    shadow = "permanent shadow" if choice.permanent else "shadow at the time of the sortie"
    return "\n".join(
        [
            f"{made.directory.name}: lander at {latitude:.4f} {longitude:.3f}, in sun {100 * choice.lander_share:.0f} %"
            f" of the year; target {choice.route_m:.0f} m of way from it, in {shadow}; {len(choice.havens)} havens",
            f"sortie:  out, drill and back in the sun in {made.hours:.1f} h",
            f"recipe:  {made.recipe}",
            f"preview: {made.preview}",
            f"next:    ./lupex demo --world {world}{seed_option}",
        ]
    )


def _shown(path: Path) -> str:
    text = os.path.relpath(path)
    return str(path) if text.startswith("..") else text


@contextmanager
def reported(clock: Callable[[], float]) -> Iterator[Report]:
    """Give a function that shows stages on stderr: bars at a terminal, else one line a stage."""
    begun = clock()
    if not sys.stderr.isatty():
        printed: set[str] = set()

        def tell(stage: str, done: float) -> None:
            if stage not in printed:
                printed.add(stage)
                print(f"site: {stage} ({clock() - begun:.0f} s)", file=sys.stderr, flush=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description:<26}"), BarColumn(bar_width=36), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def draw(stage: str, done: float) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=1.0)
                    bars.stop_task(task)
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=done)

        yield draw
        for task in tasks.values():
            bars.update(task, completed=1.0)


if __name__ == "__main__":
    sys.exit(main())
