# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A planned sortie as values for JSON and as lines for a person; its keys are described in docs/planning.md."""

import math
from typing import Any

import numpy as np

from lupex_analysis.figures.utc_axis import clock_text, day_text
from lupex_cli.planned_sortie import WH_J, PlannedSortie
from lupex_models.site import utc_text
from lupex_path_planning.sortie.task import Objective, Sortie

ACTIVITIES = {0: "drive", 1: "wait", 2: "recharge", 3: "service"}
"""Names of activities, as in the SortiePlan message."""


def record(made: PlannedSortie, picture: str) -> dict[str, Any]:
    """Return the plan as values for JSON, all finite; what a plan that is none lacks is null."""
    request, view, sortie = made.request, made.view, made.sortie
    planned = sortie.feasible
    margin_wh, margin_s = view.smallest_margin() if planned else (math.nan, math.nan)
    works = {target: (begin, end) for target, begin, end in view.works()} if planned else {}
    return {
        "feasible": planned,
        "explanation": sortie.explanation,
        "objective": request.task.objective.name.lower().replace("_", "-"),
        "cost": _cost(sortie, sortie.cost),
        "gap": _cost(sortie, sortie.gap),
        "order": list(sortie.order) if planned else None,
        "world": request.world,
        "seed": request.seed,
        "start": {
            "utc": _utc(made, request.start_utc_s - made.site.utc_offset_s),
            "x_m": request.place[0],
            "y_m": request.place[1],
            "energy_wh": round(request.charge_wh, 1),
            "soc": round(request.charge_wh / made.capacity_wh, 4),
        },
        "targets": [
            {
                "x_m": visit.x_m,
                "y_m": visit.y_m,
                "service_s": visit.service_s,
                "service_power_w": visit.service_w,
                "begin_utc": _utc(made, works[number][0]) if number in works else None,
                "end_utc": _utc(made, works[number][1]) if number in works else None,
            }
            for number, visit in enumerate(request.visits)
        ],
        "haven": {"x_m": view.havens[0][0], "y_m": view.havens[0][1]} if planned else None,
        "home_utc": _utc(made, view.home_s) if planned else None,
        "end_utc": _utc(made, float(view.route["t"][-1])) if planned else None,
        "turn_back_utc": _utc(made, view.works()[-1][2]) if works else None,
        "turn_back_by_utc": _utc(made, view.turn_back_s) if view.turn_back_s is not None else None,
        "smallest_margin_wh": _rounded(margin_wh, 1),
        "smallest_margin_utc": _utc(made, margin_s) if planned else None,
        "distance_m": round(distance_m(made), 1) if planned else None,
        "dark_s": round(dark_s(made), 1) if planned else None,
        "horizon_end_utc": _utc(made, made.horizon_end_s),
        "reserve_wh": _rounded(view.reserve_wh, 1),
        "capacity_wh": made.capacity_wh,
        "picture": picture,
        "planner": {
            "rows": made.cells[0],
            "columns": made.cells[1],
            "cell_m": made.site.dem.cell_m,
            "slices": made.slices,
            "slice_s": made.slice_s,
            "labels": sortie.labels,
            "processor_s": round(made.planning_s, 3),
        },
        "waypoints": [
            {
                "utc": _utc(made, point.time_s),
                "activity": ACTIVITIES[int(point.activity)] if number else "start",
                "target": int(point.target),
                "x_m": float(point.x_m),
                "y_m": float(point.y_m),
                "energy_wh": _rounded(point.energy_j / 3600.0, 2),
                "required_wh": _rounded(point.required_j / 3600.0, 2),
                "sunlit_fraction": _rounded(float(point.sunlit), 3),
            }
            for number, point in enumerate(sortie.waypoints)
        ],
    }


def distance_m(made: PlannedSortie) -> float:
    """Return the length of the route on the map."""
    return float(np.hypot(np.diff(made.view.route["x_m"]), np.diff(made.view.route["y_m"])).sum())


def dark_s(made: PlannedSortie) -> float:
    """Return the time of the sortie in darkness."""
    return float(np.diff(made.view.route["t"])[made.view.dark()].sum())


def headline(made: PlannedSortie) -> str:
    """Return the title of the picture."""
    start = _moment(made, made.request.start_utc_s - made.site.utc_offset_s)
    if not made.sortie.feasible:
        return f"No sortie in {made.request.world} from {start}: {made.sortie.explanation}"
    return f"Sortie in {made.request.world} from {start}: {made.sortie.explanation}"


def told(made: PlannedSortie) -> str:
    """Return what was planned, for a person, a line for each moment."""
    request, view = made.request, made.view
    lines = [made.sortie.explanation] if made.sortie.feasible else [f"no plan: {made.sortie.explanation}"]
    if made.sortie.feasible:
        start_s = request.start_utc_s - made.site.utc_offset_s
        lines.append(
            f"  leaves      {_moment(made, start_s)} with {request.charge_wh:.0f} Wh "
            f"({request.charge_wh / made.capacity_wh:.0%})"
        )
        for target, begin, end in view.works():
            lines.append(f"  target {target + 1}    {_clock(made, begin)} to {_clock(made, end)}")
        if view.turn_back_s is not None and view.works():
            leave = view.works()[-1][2]
            lines.append(f"  turns back  {_clock(made, leave)}, and by {_moment(made, view.turn_back_s)} at the latest")
        x, y = view.havens[0]
        lines.append(f"  back        {_clock(made, view.home_s)} in the haven at {x:g},{y:g}")
        margin_wh, at_s = view.smallest_margin()
        lines.append(
            f"  margin      {margin_wh:.0f} Wh at least, at {_clock(made, at_s)}; {distance_m(made):.0f} m driven, "
            f"{dark_s(made) / 3600:.1f} h in darkness"
        )
    return "\n".join(lines)


def _clock(made: PlannedSortie, time_s: float) -> str:
    return clock_text(time_s, made.site.utc_offset_s, 0.0)


def _moment(made: PlannedSortie, time_s: float) -> str:
    return f"{day_text(time_s, made.site.utc_offset_s)} {_clock(made, time_s)} UTC"


def _utc(made: PlannedSortie, time_s: float) -> str:
    return utc_text(float(round(time_s + made.site.utc_offset_s)))


def _cost(sortie: Sortie, value: float) -> float | None:
    """Return seconds as they are, and energy in Wh."""
    return _rounded(value if sortie.objective is Objective.LEAST_TIME else value / WH_J, 1)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, digits)
