# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the rover's own planner whether a sortie can be proven safe on a site."""

from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.site_planner import site_planner
from lupex_path_planning.sortie.plan import Sortie, Visit

STAY_S = 3600.0 + 1500.0
"""At the target, drilling and counting neutrons, as the mission plans them."""
DRILL_W = 80.0
CHARGE_KNOWN_LESS = 0.05
"""Share of the capacity that three sigma of the charge estimate take from the charge at the start."""


def plan_from_lander(site: OrbitalSite, rover: Rover, soc: float) -> Sortie:
    """Plan from the lander to the site's targets and back to sunlight, from the site's start with a charge [0..1]."""
    planner = site_planner(PathPlanningConfig(rover="", site=""), rover, site)
    now_s = site.start_utc_s - site.utc_offset_s
    energy_j = (soc - CHARGE_KNOWN_LESS) * rover.battery.capacity_wh * 3600.0
    visits = [Visit(target.x_m, target.y_m, STAY_S, DRILL_W) for target in site.targets]
    policy = planner.recover(now_s, site.utc_offset_s)
    return planner.plan(policy, (site.lander.x_m, site.lander.y_m), now_s, energy_j, visits)
