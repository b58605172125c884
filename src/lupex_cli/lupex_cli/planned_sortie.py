# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A sortie planned over a site, with all that its picture and its record tell."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from lupex_analysis.figures.plan_view import PlanView, split_layers
from lupex_analysis.sortie import Columns, Layer
from lupex_mission.config import MissionConfig
from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml
from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite, Target, utc_seconds
from lupex_node.config import NodeConfig
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.site_planner import SitePlanner, site_planner
from lupex_path_planning.sortie.plan import IN_ORDER, Sortie, Task, Visit
from lupex_path_planning.sortie.plan_map import PlanMap, plan_map
from lupex_path_planning.sortie.profile import Profile, charge_profile, overrun
from lupex_path_planning.way_back.recovery import RecoveryPolicy

WH_J = 3600.0

SKY_FROM, SKY_UNTIL = "2024-01-01T00:00:00Z", "2046-01-01T00:00:00Z"
"""The years in which Sun and Earth are checked against SPICE."""

STATES_MAX = 45_000_000
"""Cells times slices, some 40 bytes each with their light: 1.8 GB."""

SLICES_S = (300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Slices tried, beside that of the configuration, until the states are few enough."""


class UnplannableError(ConfigurationError):
    """Say in one sentence what of a request is beyond the planner."""


@dataclass(frozen=True)
class Request:
    """What is asked for; places in the map, `horizon_s` None for the configured one."""

    world: str
    seed: int
    start_utc_s: float
    place: tuple[float, float]
    charge_wh: float
    visits: tuple[Visit, ...]
    horizon_s: float | None = None
    task: Task = IN_ORDER


@dataclass(frozen=True)
class PlannedSortie:
    """The plan with what it was made from and what is drawn of it."""

    request: Request
    site: OrbitalSite
    sortie: Sortie
    view: PlanView
    capacity_wh: float
    cells: tuple[int, int]
    slices: int
    slice_s: float
    horizon_end_s: float
    planning_s: float


@dataclass(frozen=True)
class Work:
    """Stay and load of a target for which none are given: the mission's own."""

    service_s: float
    service_w: float

    def visit(self, x_m: float, y_m: float, service_s: float | None = None, service_w: float | None = None) -> Visit:
        """Return the visit with what is given, and the rest as the mission plans it."""
        return Visit(
            x_m,
            y_m,
            self.service_s if service_s is None else service_s,
            self.service_w if service_w is None else service_w,
        )


def settings(directory: Path, scan_min_s: float = 0.0) -> tuple[PathPlanningConfig, Work]:
    """Read the nodes' own parameters, so that the plan is theirs; `scan_min_s` as the site asks for.

    Raises ConfigurationError.
    """
    planning = _node_settings(directory / "path_planning.yaml", "path_planning")
    config = from_mapping(
        PathPlanningConfig, {**planning, "rover": "", "site": ""}, str(directory / "path_planning.yaml")
    )
    mission = _node_settings(directory / "mission.yaml", "mission")
    work = from_mapping(MissionConfig, {**mission, "site": ""}, str(directory / "mission.yaml"))
    work = work.counting(scan_min_s)
    return config, Work(work.service_s, work.drill_power_w)


def _node_settings(path: Path, node: str) -> dict[str, Any]:
    """Return a node's parameters in a parameter file; those that every node has are left out."""
    found: dict[str, Any] = {}
    for name, section in read_yaml(path).items():
        if name in ("/**", node) and isinstance(section, Mapping):
            found |= dict(section.get("ros__parameters") or {})
    common = {field.name for field in fields(NodeConfig)}
    return {key: value for key, value in found.items() if key not in common}


def planned_sortie(
    request: Request,
    config: PathPlanningConfig,
    rover: Rover,
    site: OrbitalSite,
    tell: Callable[[str], None] = lambda text: None,
) -> PlannedSortie:
    """Plan a sortie; `tell` hears of long steps. Raises UnplannableError with one sentence."""
    if not utc_seconds(SKY_FROM) <= request.start_utc_s < utc_seconds(SKY_UNTIL):
        first, last = SKY_FROM[:4], int(SKY_UNTIL[:4]) - 1
        raise UnplannableError(f"--start lies outside {first} to {last}, for which Sun and Earth are known well enough")
    begun_s = time.process_time()
    planner = _planner(request, config, rover, site)
    ny, nx = planner.grid.shape
    recovery = planner.config.recovery
    slices = math.ceil(recovery.horizon_s / recovery.slice_s)
    tell(f"the way back over {ny} x {nx} cells and {slices} slices of {recovery.slice_s:g} s")
    now_s = request.start_utc_s - site.utc_offset_s
    policy = planner.recover(now_s, site.utc_offset_s)
    tell(f"the sortie to {len(request.visits)} targets")
    sortie = planner.plan(policy, request.place, now_s, request.charge_wh * WH_J, request.visits, request.task)
    planning_s = time.process_time() - begun_s
    ground = plan_map(site, policy, sortie, request.visits, (*request.place, now_s))
    return PlannedSortie(
        request,
        site,
        sortie,
        _view(request, planner, policy, sortie, ground),
        rover.battery.capacity_wh,
        (ny, nx),
        policy.count,
        recovery.slice_s,
        policy.end_s,
        planning_s,
    )


def _planner(request: Request, config: PathPlanningConfig, rover: Rover, site: OrbitalSite) -> SitePlanner:
    """Prepare a window that holds start and targets; raises UnplannableError where it is too large."""
    places = [request.place, *((visit.x_m, visit.y_m) for visit in request.visits)]
    lander = site.lander
    reach = max(max(abs(x - lander.x_m), abs(y - lander.y_m)) for x, y in places) + config.grid.pad_m
    horizon_s = config.recovery.horizon_s if request.horizon_s is None else request.horizon_s
    recovery = replace(config.recovery, horizon_s=horizon_s)
    asked = replace(site, targets=tuple(Target(x, y, f"target {number}") for number, (x, y) in enumerate(places)))
    grid = replace(config.grid, size_max_m=max(config.grid.size_max_m, 2.0 * reach))
    cells = _cells(grid.size_max_m, grid.pad_m, asked)
    for slice_s in sorted({recovery.slice_s, *SLICES_S}):
        count = horizon_s / slice_s + recovery.slices_ahead(slice_s)
        if slice_s >= recovery.slice_s and cells * count <= STATES_MAX:
            recovery = replace(recovery, slice_s=slice_s)
            return site_planner(replace(config, grid=grid, recovery=recovery), rover, asked)
    raise UnplannableError(
        f"{cells:,} cells of ground over {horizon_s / 3600:.0f} h are more than fit in memory: "
        "choose nearer targets or fewer --hours"
    )


def _cells(size_max_m: float, pad_m: float, site: OrbitalSite) -> int:
    """Return how many cells the planner's window will have at most."""
    half = 0.5 * size_max_m
    x0, y0 = site.lander.x_m, site.lander.y_m
    places = [(x0, y0), *((target.x_m, target.y_m) for target in site.targets)]
    places += [(haven.x_m, haven.y_m) for haven in site.havens]
    near = [(x, y) for x, y in places if abs(x - x0) <= half and abs(y - y0) <= half]
    sides = [min(float(np.ptp(along)) + 2.0 * pad_m, size_max_m) for along in zip(*near, strict=True)]
    return math.ceil(sides[0] / site.dem.cell_m + 1) * math.ceil(sides[1] / site.dem.cell_m + 1)


def _view(request: Request, planner: SitePlanner, policy: RecoveryPolicy, sortie: Sortie, ground: PlanMap) -> PlanView:
    site, points = planner.site, sortie.waypoints
    wh = {"energy_wh": "energy_j", "required_wh": "required_j"}
    route = {
        "t": np.array([point.time_s for point in points]),
        **{name: np.array([getattr(point, name) for point in points]) for name in ("x_m", "y_m", "activity", "target")},
        **{name: np.array([getattr(point, of) for point in points]) / WH_J for name, of in wh.items()},
        "sunlit_fraction": np.array([point.sunlit for point in points]),
    }
    longer = overrun(policy, planner.expected, sortie, request.visits)
    layers, light = split_layers(_layers(ground))
    ends = [(float(points[-1].x_m), float(points[-1].y_m))] if points else []
    return PlanView(
        name=request.world,
        explanation=sortie.explanation,
        route=route,
        charge=_columns(charge_profile(policy, planner.expected, sortie, request.visits)),
        overrun=None if longer is None else _columns(longer),
        turn_back_s=None if longer is None else float(longer.time_s[-1]),
        ground=layers,
        light=light,
        start=request.place,
        targets=tuple((visit.x_m, visit.y_m) for visit in request.visits),
        havens=tuple(ends or [(haven.x_m, haven.y_m) for haven in site.havens]),
        reserve_wh=policy.reserve_j / WH_J,
        capacity_wh=policy.capacity_j / WH_J,
        utc_offset_s=site.utc_offset_s,
    )


def _columns(profile: Profile) -> Columns:
    return {
        "t": profile.time_s,
        "energy_wh": profile.energy_j / WH_J,
        "required_wh": profile.required_j / WH_J,
    }


def _layers(ground: PlanMap) -> dict[str, Layer]:
    ny, nx = next(iter(ground.layers.values())).shape
    x, y = ground.x0_m + ground.cell_m * np.arange(nx), ground.y0_m + ground.cell_m * np.arange(ny)
    return {name: Layer(x, y, values) for name, values in ground.layers.items()}
