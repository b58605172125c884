# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A sortie plan as it is drawn: route, charge beside need, and the ground with its light at the moments that matter."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lupex_analysis.sortie import Columns, Layer, Plan, Sortie

DRIVE, WAIT, RECHARGE, SERVICE = 0, 1, 2, 3
"""Activities of a waypoint, as in the SortiePlan message."""

Place = tuple[float, float]

DARK_BELOW = 0.05
"""Share of the Sun's disc below which a stretch counts as dark."""

_EARLIEST_UTC_S = 1e9
"""Unix seconds in 2001: less is no date of a mission."""


@dataclass(frozen=True)
class PlanView:
    """What the picture of a plan shows; times are ROS time [s], places in the map [m].

    `route` has the columns of the SortiePlan message; `charge` t, energy_wh and required_wh along it; `overrun` the
    same from the end of the last work on, if that went on, None where unknown. `turn_back_s` is the latest moment to
    leave the last target. `light` holds the share of the Sun's disc, in order of time. UTC = ROS time + `utc_offset_s`.
    """

    name: str
    explanation: str
    route: Columns
    charge: Columns
    overrun: Columns | None
    turn_back_s: float | None
    ground: Mapping[str, Layer]
    light: tuple[tuple[float, Layer], ...]
    start: Place
    targets: tuple[Place, ...]
    havens: tuple[Place, ...]
    reserve_wh: float | None
    capacity_wh: float | None
    utc_offset_s: float | None

    @property
    def start_s(self) -> float:
        """ROS time of the sortie's begin; of a plan that is none, of its light."""
        return float(self.route["t"][0]) if len(self.route["t"]) else self.light[0][0]

    @property
    def home_s(self) -> float:
        """ROS time of the arrival in the haven."""
        t, activity = self.route["t"], self.route["activity"]
        driven = np.flatnonzero(activity == DRIVE)
        return float(t[driven[-1]] if len(driven) else t[-1])

    def dark(self) -> np.ndarray:
        """Tell of each stretch between two waypoints (n - 1,) whether it is dark, by the lesser light of its ends."""
        lit = self.route["sunlit_fraction"]
        return np.asarray(np.minimum(lit[:-1], lit[1:]) < DARK_BELOW)

    def smallest_margin(self) -> tuple[float, float]:
        """Return the smallest margin [Wh] along the route, and when."""
        margin = self.charge["energy_wh"] - self.charge["required_wh"]
        at = int(np.argmin(margin))
        return float(margin[at]), float(self.charge["t"][at])

    def works(self) -> list[tuple[int, float, float]]:
        """Return target, begin and end of each stay at a target, in order of time."""
        t, target, activity = (self.route[name] for name in ("t", "target", "activity"))
        found: list[tuple[int, float, float]] = []
        for i in range(1, len(t)):
            if activity[i] != SERVICE:
                continue
            if found and activity[i - 1] == SERVICE and target[i - 1] == target[i]:
                found[-1] = (found[-1][0], found[-1][1], float(t[i]))
            else:
                found.append((int(target[i]), float(t[i - 1]), float(t[i])))
        return found

    def at(self, time_s: float) -> Place:
        """Return the rover's place at a time of the plan."""
        t = self.route["t"]
        return float(np.interp(time_s, t, self.route["x_m"])), float(np.interp(time_s, t, self.route["y_m"]))

    def moment(self, time_s: float) -> str:
        """Say what happens at a time."""
        if not len(self.route["t"]):
            return "start"
        # the layers of light are named by whole seconds
        for target, begin, end in self.works():
            if abs(time_s - begin) < 1.0:
                return f"work begins at target {target + 1}"
            if abs(time_s - end) < 1.0:
                return f"leave target {target + 1}"
        if abs(time_s - self.home_s) < 1.0:
            return "back in the haven"
        return "start" if time_s <= self.start_s + 1.0 else "on the way"


def recorded_plan(sortie: Sortie) -> PlanView | None:
    """Return the first plan of a recording as it is drawn, None where there is none with a way."""
    plan = next((plan for plan in sortie.plans if plan.feasible and len(plan.columns["t"]) > 1), None)
    if plan is None:
        return None
    ground, light = _of_plan(sortie.plan_layers, plan)
    if not ground:
        ground = sortie.layers
        shade = ground.get("sunlit_fraction")
        light = ((plan.made_s, shade),) if shade is not None else ()
    route = plan.columns
    stays = np.flatnonzero(route["activity"] == SERVICE)
    places = {int(route["target"][i]): (float(route["x_m"][i]), float(route["y_m"][i])) for i in stays}
    return PlanView(
        name=plan.plan_id,
        explanation=plan.explanation,
        route=route,
        charge={name: route[name] for name in ("t", "energy_wh", "required_wh")},
        overrun=None,
        turn_back_s=plan.turn_back_s,
        ground=ground,
        light=light,
        start=(float(route["x_m"][0]), float(route["y_m"][0])),
        targets=tuple(places[target] for target in sorted(places)),
        havens=((float(route["x_m"][-1]), float(route["y_m"][-1])),),
        reserve_wh=_first_known(sortie.power["reserve_wh"]),
        capacity_wh=_first_known(sortie.power["capacity_wh"]),
        utc_offset_s=_utc_offset(sortie.utc_offset_s, plan.made_s),
    )


def _first_known(values: np.ndarray) -> float | None:
    """Return the first value above zero: before the battery was first measured its numbers stand at 0."""
    known = values[values > 0.0]
    return float(known[0]) if len(known) else None


def _utc_offset(offset_s: float | None, ros_s: float) -> float | None:
    """Return the offset if it makes UTC of ROS time: on a simulated clock an offset of 0 does not."""
    return offset_s if offset_s is not None and ros_s + offset_s > _EARLIEST_UTC_S else None


def _of_plan(
    maps: tuple[tuple[float, Mapping[str, Layer]], ...], plan: Plan
) -> tuple[Mapping[str, Layer], tuple[tuple[float, Layer], ...]]:
    """Return ground and light of the map that was published with a plan."""
    return next((split_layers(layers) for made_s, layers in maps if abs(made_s - plan.made_s) < 1.0), ({}, ()))


def split_layers(layers: Mapping[str, Layer]) -> tuple[Mapping[str, Layer], tuple[tuple[float, Layer], ...]]:
    """Return the layers of the ground, and those of light, named sunlit_SECONDS, with their time and in its order."""
    ground, light = {}, []
    for name, layer in layers.items():
        seconds = name.removeprefix("sunlit_")
        if seconds != name and seconds.lstrip("-").isdecimal():
            light.append((float(seconds), layer))
        else:
            ground[name] = layer
    return ground, tuple(sorted(light, key=lambda item: item[0]))
