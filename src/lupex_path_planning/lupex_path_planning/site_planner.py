# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that planning over the site rests on, computed once, and the two long computations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lupex_models.light import Light
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.recovery import RecoveryPolicy, recovery_policy
from lupex_path_planning.site_grid import Moves, SiteGrid, moves, site_grid
from lupex_path_planning.sortie import Sortie, Visit, plan_sortie


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

    @property
    def bound_base_w(self) -> float:
        """Bus load of driving beside the drives, by the bound."""
        lidar_w: float = self.rover.loads.lidar_w * self.config.bound.load_factor
        return self.bound.parked_w + lidar_w

    def recover(self, now_s: float, utc_offset_s: float) -> RecoveryPolicy:
        """Compute the minimum safe charge from the slice that holds `now_s` (ROS time) on."""
        recovery = self.config.recovery
        start_s = math.floor(now_s / recovery.slice_s) * recovery.slice_s
        light = Light(self.site.frame, self.site.horizon)
        slices = light_slices(self.grid, light, self.rover.solar_array, start_s, utc_offset_s, recovery)
        battery = self.rover.battery
        capacity_j = battery.capacity_wh * 3600.0
        return recovery_policy(
            self.grid, self.bound, slices, recovery, battery.reserve_fraction * capacity_j, capacity_j
        )

    def plan(
        self, policy: RecoveryPolicy, place: tuple[float, float], now_s: float, energy_j: float, visits: Sequence[Visit]
    ) -> Sortie:
        """Plan a sortie from the present state; it ends in a haven that the site names, where one can be reached."""
        x, y = self.grid.centres()
        named = np.zeros(self.grid.shape, np.bool_)
        for haven in self.site.havens:
            named |= np.hypot(x - haven.x_m, y - haven.y_m) <= max(haven.radius_m, 0.5 * self.grid.cell_m)
        ends = named if named.any() else None
        return plan_sortie(policy, self.expected, place, now_s, energy_j, visits, self.config.sortie, ends)


def site_planner(config: PathPlanningConfig, rover: Rover, site: OrbitalSite) -> SitePlanner:
    """Prepare the grid around the lander, the targets and the havens, and cost its moves."""
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
    )
