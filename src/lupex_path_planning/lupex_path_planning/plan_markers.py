# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A planned sortie as markers for RViz and its like: route by time of arrival over a band of its light, and places."""

from collections.abc import Sequence
from datetime import UTC, datetime

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from lupex_node.conversions import stamp
from lupex_path_planning.site_grid import SiteGrid
from lupex_path_planning.sortie.plan import DRIVE, SERVING, Sortie, Waypoint

MAP = "map"
ARRIVAL = ((0.05, 0.65, 0.47), (0.23, 0.79, 0.86), (0.80, 0.36, 0.91), (0.90, 0.29, 0.50), (0.65, 0.12, 0.30))
"""Colours of time, as in the report's picture."""

SUN, NIGHT, WARN, WHITE = (0.95, 0.66, 0.0), (0.17, 0.24, 0.39), (0.88, 0.19, 0.19), (1.0, 1.0, 1.0)
DARK_BELOW = 0.05
ROUTE_WIDTH_M, LIGHT_WIDTH_M = 0.5, 1.6
ROUTE_ABOVE_M, LIGHT_ABOVE_M, TEXT_ABOVE_M = 0.4, 0.25, 3.0
TEXT_M, CLOCK_M = 2.5, 1.6
CLOCKS = 12
"""Times of day written along the route at most."""


def plan_markers(
    now_s: float, sortie: Sortie, grid: SiteGrid, turn_back_s: float | None, utc_offset_s: float
) -> MarkerArray:
    """Make the markers of a plan; the first of them takes those of the plan before away.

    Namespaces: light (gold in the sun, blue in the dark), route (colour by time of arrival), clock, target, turn_back,
    haven.
    """
    made = MarkerArray(markers=[_marker(now_s, "plan", 0, Marker.LINE_STRIP)])
    made.markers[0].action = Marker.DELETEALL
    points = sortie.waypoints
    if len(points) < 2:
        return made
    places = [_point(grid, point) for point in points]
    begin_s, span_s = points[0].time_s, max(_home(points).time_s - points[0].time_s, 1.0)
    light = [SUN if point.sunlit >= DARK_BELOW else NIGHT for point in points]
    arrival = [_colour((point.time_s - begin_s) / span_s) for point in points]
    made.markers += [
        _strip(now_s, "light", places, light, LIGHT_WIDTH_M, LIGHT_ABOVE_M),
        _strip(now_s, "route", places, arrival, ROUTE_WIDTH_M, ROUTE_ABOVE_M),
    ]
    made.markers += _clocks(now_s, points, places, utc_offset_s)
    served = [at for at, point in enumerate(points) if point.activity == SERVING]
    for number, at in enumerate(served):
        begin, end = (_clock(points[i].time_s, utc_offset_s) for i in (at - 1, at))
        name = f"target {points[at].target + 1}\n{begin} to {end}"
        made.markers += _place(now_s, "target", 2 * number, places[at], SUN, 1.0, name)
    if served and turn_back_s is not None:
        text = f"turn back by {_clock(turn_back_s, utc_offset_s)}"
        raised = Point(x=places[served[-1]].x, y=places[served[-1]].y, z=places[served[-1]].z + TEXT_ABOVE_M)
        made.markers.append(_text(now_s, "turn_back", 0, raised, WARN, TEXT_M, text))
    home = _home(points)
    made.markers += _place(
        now_s, "haven", 0, _point(grid, home), SUN, 3.0, f"haven\n{_clock(home.time_s, utc_offset_s)}"
    )
    return made


def _home(points: Sequence[Waypoint]) -> Waypoint:
    return next((point for point in reversed(points) if point.activity == DRIVE), points[-1])


def _colour(share: float) -> tuple[float, float, float]:
    """Return the colour of a time between the begin (0) and the end (1) of the sortie."""
    at = min(max(share, 0.0), 1.0) * (len(ARRIVAL) - 1)
    low = min(int(at), len(ARRIVAL) - 2)
    first, second = ARRIVAL[low], ARRIVAL[low + 1]
    red, green, blue = (a + (at - low) * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _clock(time_s: float, utc_offset_s: float) -> str:
    return datetime.fromtimestamp(time_s + utc_offset_s, UTC).strftime("%H:%M UTC")


def _point(grid: SiteGrid, waypoint: Waypoint) -> Point:
    cell = grid.cell(waypoint.x_m, waypoint.y_m)
    height_m = float(grid.height_m[cell]) if cell is not None else 0.0
    return Point(x=float(waypoint.x_m), y=float(waypoint.y_m), z=height_m)


def _marker(now_s: float, namespace: str, number: int, kind: int) -> Marker:
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id = MAP
    marker.header.stamp = stamp(now_s)
    marker.pose.orientation.w = 1.0
    return marker


def _rgba(colour: tuple[float, float, float]) -> ColorRGBA:
    return ColorRGBA(r=colour[0], g=colour[1], b=colour[2], a=1.0)


def _strip(
    now_s: float,
    namespace: str,
    places: Sequence[Point],
    colours: Sequence[tuple[float, float, float]],
    width_m: float,
    above_m: float,
) -> Marker:
    marker = _marker(now_s, namespace, 0, Marker.LINE_STRIP)
    marker.scale.x = width_m
    marker.color = _rgba(WHITE)
    marker.points = [Point(x=place.x, y=place.y, z=place.z + above_m) for place in places]
    marker.colors = [_rgba(colour) for colour in colours]
    return marker


def _text(
    now_s: float,
    namespace: str,
    number: int,
    place: Point,
    colour: tuple[float, float, float],
    size_m: float,
    text: str,
) -> Marker:
    marker = _marker(now_s, namespace, number, Marker.TEXT_VIEW_FACING)
    marker.pose.position.x, marker.pose.position.y = place.x, place.y
    marker.pose.position.z = place.z + TEXT_ABOVE_M
    marker.scale.z = size_m
    marker.color = _rgba(colour)
    marker.text = text
    return marker


def _place(
    now_s: float,
    namespace: str,
    number: int,
    place: Point,
    colour: tuple[float, float, float],
    radius_m: float,
    text: str,
) -> list[Marker]:
    disc = _marker(now_s, namespace, number, Marker.CYLINDER)
    disc.pose.position.x, disc.pose.position.y, disc.pose.position.z = place.x, place.y, place.z + LIGHT_ABOVE_M
    disc.scale.x = disc.scale.y = 2.0 * radius_m
    disc.scale.z = 0.2
    disc.color = _rgba(colour)
    return [disc, _text(now_s, namespace, number + 1, place, WHITE, TEXT_M, text)]


def _clocks(now_s: float, points: Sequence[Waypoint], places: Sequence[Point], utc_offset_s: float) -> list[Marker]:
    """Write the time of day along the way, evenly over its drives."""
    drives = [at for at, point in enumerate(points) if point.activity == DRIVE]
    step = max(1, -(-len(drives) // CLOCKS))
    return [
        _text(
            now_s, "clock", number, places[at], _colour_of(points, at), CLOCK_M, _clock(points[at].time_s, utc_offset_s)
        )
        for number, at in enumerate(drives[step - 1 :: step])
    ]


def _colour_of(points: Sequence[Waypoint], at: int) -> tuple[float, float, float]:
    begin_s, end_s = points[0].time_s, _home(points).time_s
    return _colour((points[at].time_s - begin_s) / max(end_s - begin_s, 1.0))
