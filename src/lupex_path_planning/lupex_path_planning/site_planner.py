# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that planning over the site rests on, computed once, and the two long computations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lupex_models.costmap import Costmap
from lupex_models.light import Light
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite
from lupex_models.soil_strength import StrengthTable
from lupex_path_planning.config import PaceConfig, PathPlanningConfig
from lupex_path_planning.light_slices import LightSlices, earth_slices, light_slices
from lupex_path_planning.near_field.closed_moves import Room, look
from lupex_path_planning.near_field.drive import Drive, Planar
from lupex_path_planning.near_skyline import NearSkyline, near_skyline
from lupex_path_planning.priced_soil import AS_FORESEEN, Soil
from lupex_path_planning.site_grid import (
    GroundStrength,
    Mask,
    Moves,
    SiteGrid,
    changed_moves,
    grid_of,
    moves,
    moves_on_soil,
    site_grid,
)
from lupex_path_planning.sortie.plan import IN_ORDER, Sortie, Task, Visit, plan_sortie
from lupex_path_planning.way_back.cold import check_cold
from lupex_path_planning.way_back.measured_factors import Allowance, DrivingBound
from lupex_path_planning.way_back.recovery import RecoveryPolicy, recovery_policy

Array = NDArray[np.float64]

_AS_BOUND = Allowance()
_HARD = 10.0
"""Times as long as foreseen counts a move that the learned soil is not expected to bear."""


@dataclass(frozen=True)
class SitePlanner:
    """Grid of the site with the expected moves and those of the bound."""

    config: PathPlanningConfig
    rover: Rover
    site: OrbitalSite
    grid: SiteGrid
    expected: Moves
    bound: Moves
    bound_table: LocomotionTable
    strengths: StrengthTable
    near: NearSkyline | None = None

    def driving_bound(self, strength: float = AS_FORESEEN) -> DrivingBound:
        """Return what the bound says of driving over ground of a strength, to measure against."""
        bound = self.config.bound
        return DrivingBound(
            self.bound_table,
            bound.speed_factor,
            self.bound.parked_w + self.rover.loads.lidar_w * bound.load_factor,
            self.strengths,
            strength,
        )

    def recover(
        self,
        now_s: float,
        utc_offset_s: float,
        allowance: Allowance = _AS_BOUND,
        light: LightSlices | None = None,
    ) -> RecoveryPolicy:
        """Compute the minimum safe charge from the slice that holds `now_s` (ROS time) on, or over the light given.

        `allowance` makes every move of the bound so much longer and dearer, on soil as weak as it says. With the light
        of a policy before, a plan made over that one helps to make the next.
        """
        on_soil = self._on_soil(self.bound, self.config.bound, self.config.grid.slope_error_rad, allowance.soil)
        bound = replace(
            on_soil,
            time_s=on_soil.time_s * allowance.pace,
            power_w=on_soil.power_w * allowance.consumption,
            parked_w=on_soil.parked_w * allowance.consumption,
        )
        recovery = self.config.recovery
        if light is None:
            start_s = math.floor(now_s / recovery.slice_s) * recovery.slice_s
            sky = Light(self.site.frame, self.site.horizon)
            array = self.rover.solar_array
            light = light_slices(self.grid, sky, array, start_s, utc_offset_s, recovery, near=self.near)
        battery = self.rover.battery
        capacity_j = battery.capacity_wh * 3600.0
        return recovery_policy(self.grid, bound, light, recovery, battery.reserve_fraction * capacity_j, capacity_j)

    def plan(
        self,
        policy: RecoveryPolicy,
        place: tuple[float, float],
        now_s: float,
        energy_j: float,
        visits: Sequence[Visit],
        task: Task = IN_ORDER,
        *,
        utc_offset_s: float | None = None,
        before: Sortie | None = None,
    ) -> Sortie:
        """Plan a sortie from the present state; it ends in a haven that the site names, where one can be reached.

        `utc_offset_s` is needed for Earth in view where it is not the site's own. With a plan `before` over the same
        light and these or more targets only what changed of the ground since is computed anew.
        """
        x, y = self.grid.centres()
        named = np.zeros(self.grid.shape, np.bool_)
        for haven in self.site.havens:
            named |= np.hypot(x - haven.x_m, y - haven.y_m) <= max(haven.radius_m, 0.5 * self.grid.cell_m)
        earth = None
        if task.earth_to_drive or task.earth_to_serve:
            offset_s = self.site.utc_offset_s if utc_offset_s is None else utc_offset_s
            light = Light(self.site.frame, self.site.horizon)
            earth = earth_slices(self.grid, light, policy.light, offset_s, policy.count)
        return plan_sortie(
            policy, self.expected, place, now_s, energy_j, visits, self.config.sortie,
            named if named.any() else None, task, earth=earth, before=None if before is None else before.fields,
            with_haven=lambda cell: self._with_haven(policy, cell),
        )  # fmt: skip

    def on_changed_ground(self, closed: Mask) -> "SitePlanner":
        """Return the planner for ground on which more moves (8, ny, nx) are closed than the site map says."""
        expected = replace(self.expected, time_s=np.where(closed, np.inf, self.expected.time_s))
        bound = replace(self.bound, time_s=np.where(closed, np.inf, self.bound.time_s))
        # a cell that no move leaves is no place to be
        shut = closed.any(axis=0) & ~np.isfinite(bound.time_s).any(axis=0)
        grid = replace(self.grid, passable=self.grid.passable & ~shut)
        return replace(self, grid=grid, expected=expected, bound=bound)

    def on_soil(self, expected: Soil) -> "SitePlanner":
        """Return the planner that expects to drive over this soil, where it is worse than foreseen.

        What such soil would not let it drive counts as far longer, not as closed: who must come home may try.
        """
        made = self._on_soil(self.expected, self.config.nominal, 0.0, expected)
        hard = np.isinf(made.time_s) & np.isfinite(self.expected.time_s)
        return replace(self, expected=replace(made, time_s=np.where(hard, _HARD * self.expected.time_s, made.time_s)))

    def _on_soil(self, moves: Moves, pace: PaceConfig, slope_error_rad: float, soil: Soil) -> Moves:
        if soil == Soil():
            return moves
        strength = soil.over(*self.grid.centres(), 0.5 * self.grid.cell_m)
        ground = GroundStrength(self.strengths, strength, self.config.certificate.soil_slip_max)
        return moves_on_soil(moves, self.grid, self.rover, pace, slope_error_rad, ground)

    def _with_haven(self, policy: RecoveryPolicy, cell: tuple[int, int]) -> RecoveryPolicy:
        """Return the policy of a site on which one more place is in full light all the time."""
        radius = math.ceil(self.config.recovery.haven_clearance_m / self.grid.cell_m)
        rows = slice(max(cell[0] - radius, 0), cell[0] + radius + 1)
        columns = slice(max(cell[1] - radius, 0), cell[1] + radius + 1)
        full_w = np.float32(self.rover.solar_array.power_w)
        least, expected = policy.light.least_w.copy(), policy.light.expected_w.copy()
        least[:, rows, columns] = expected[:, rows, columns] = full_w
        light = replace(policy.light, least_w=least, expected_w=expected)
        return recovery_policy(
            self.grid, policy.moves, light, self.config.recovery, policy.reserve_j, policy.capacity_j
        )

    def site_layers(self, utc_s: float, side_m: float) -> tuple[dict[str, Array], float, float]:
        """Return layers (ny, nx) of the ground around the lander at a time, and the centre (x, y) of their first cell.

        Elevation, share of the disc in sight, and permanent shadow (nan where it was not computed).
        """
        site, dem, half = self.site, self.site.dem, 0.5 * side_m
        low_x, low_y, high_x, high_y = dem.bounds_m
        count = int(side_m / dem.cell_m) + 1
        x = low_x + dem.cell_m * (np.arange(count) + round((site.lander.x_m - half - low_x) / dem.cell_m))
        y = low_y + dem.cell_m * (np.arange(count) + round((site.lander.y_m - half - low_y) / dem.cell_m))
        x, y = x[(x >= low_x) & (x <= high_x)], y[(y >= low_y) & (y <= high_y)]
        xs, ys = np.meshgrid(x, y)
        shadow = np.full(xs.shape, np.nan)
        horizon = site.horizon
        if site.permanent_shadow is not None:
            rows = np.clip(np.round((ys - horizon.y0_m) / horizon.cell_m).astype(int), 0, horizon.shape[0] - 1)
            columns = np.clip(np.round((xs - horizon.x0_m) / horizon.cell_m).astype(int), 0, horizon.shape[1] - 1)
            shadow = site.permanent_shadow[rows, columns].astype(np.float64)
        layers = {
            "elevation": dem.height(xs, ys),
            "sunlit_fraction": Light(site.frame, horizon).sunlit_fraction(xs, ys, utc_s),
            "permanent_shadow": shadow,
        }
        return layers, float(x[0]), float(y[0])


def site_planner(config: PathPlanningConfig, rover: Rover, site: OrbitalSite) -> SitePlanner:
    """Prepare the grid around the lander, the targets and the havens, and cost its moves.

    Raises ValueError where the bound does not cover what the dark takes from the battery.
    """
    check_cold(rover, config.bound)
    lander = (site.lander.x_m, site.lander.y_m)
    half = 0.5 * config.grid.size_max_m
    places = [lander, *((target.x_m, target.y_m) for target in site.targets)]
    places += [(haven.x_m, haven.y_m) for haven in site.havens]
    near = [p for p in places if abs(p[0] - lander[0]) <= half and abs(p[1] - lander[1]) <= half]
    grid = site_grid(site.dem, config.grid, near, lander)
    bound_table = LocomotionTable.build(rover, config.bound.slip_quantile)
    return SitePlanner(
        config,
        rover,
        site,
        grid,
        moves(grid, rover, config.nominal, 0.0),
        moves(grid, rover, config.bound, config.grid.slope_error_rad),
        bound_table,
        StrengthTable.build(rover),
        near_skyline(
            grid, site.dem, rover.solar_array.centre_height_m, config.map_error, config.recovery.light_margin_rad
        ),
    )


def warm_up(planner: SitePlanner) -> None:
    """Have every kernel compiled, or read from its cache, by a site of a few cells.

    A compilation holds back the whole process for seconds: better before a node speaks than while others listen for it.
    """
    config = replace(planner.config.recovery, horizon_s=4 * planner.config.recovery.slice_s, haven_recharge_wh=0.0)
    side = 6
    grid = grid_of(np.zeros((side, side)), 0.0, 0.0, planner.grid.cell_m, planner.config.grid)
    bound = moves(grid, planner.rover, planner.config.bound, planner.config.grid.slope_error_rad)
    planner.site_layers(planner.site.start_utc_s, 4.0 * planner.site.dem.cell_m)
    # the light is the site's own: its horizon map is memory-mapped, which is a type of its own to the compiler
    start_s = planner.site.start_utc_s - planner.site.utc_offset_s
    light = Light(planner.site.frame, planner.site.horizon)
    array = planner.rover.solar_array
    near = near_skyline(
        grid, planner.site.dem, array.centre_height_m, planner.config.map_error, config.light_margin_rad
    )
    slices = light_slices(grid, light, array, start_s, planner.site.utc_offset_s, config, near=near)
    lit = replace(slices, least_w=slices.least_w + np.float32(1e3), expected_w=slices.expected_w + np.float32(1e3))
    capacity_j = planner.rover.battery.capacity_wh * 3600.0
    policy = recovery_policy(grid, bound, lit, config, 0.0, capacity_j)
    policy.move_on(0, side // 2, side // 2, stop_used=False)
    middle = grid.place(side // 2, side // 2)
    visits = [Visit(*grid.place(1, 1), 0.0, 0.0)]
    # a sortie that counts as not easy needs all that sorties may need
    sorties = replace(planner.config.sortie, labels_easy=1)
    plan = plan_sortie(policy, bound, middle, start_s, capacity_j, visits, sorties)
    changed = changed_moves(bound, np.eye(side, dtype=np.bool_), 2.0)
    plan_sortie(policy, changed, middle, start_s, capacity_j, visits, sorties, before=plan.fields)
    drive = Drive(grid, bound, middle, 1.0, planner.config.drive, planner.config.local)
    costmap = Costmap(0.0, np.zeros((40, 40), np.int8), 0.0, 0.0, 0.2)
    drive.step(0.0, (4.0, 4.0, 0.0), Planar(0.0, 0.0, 0.0), costmap)
    # beside a hazard, where it has to crab
    costmap.cost[14:15] = 100
    drive.step(1.0, (4.0, 4.0, 0.0), Planar(0.0, 0.0, 0.0), replace(costmap, time_s=1.0))
    wide = Costmap(0.0, np.zeros((200, 200), np.int8), -10.0, -10.0, 0.2)
    look(grid, wide, Planar(0.0, 0.0, 0.0), (4.0, 4.0), Room(1.0, 0.2, 1.0), np.ones((8, side, side), np.bool_))
