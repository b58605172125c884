# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A plan as markers."""

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("visualization_msgs.msg")

from visualization_msgs.msg import Marker  # noqa: E402

from lupex_path_planning.plan_markers import ARRIVAL, NIGHT, SUN, plan_markers  # noqa: E402
from lupex_path_planning.site_grid import SiteGrid  # noqa: E402
from lupex_path_planning.sortie.plan import DRIVE, RECHARGE, SERVING, WAITING, Sortie, Waypoint  # noqa: E402

NOON_S = 1.8552e9 - 1.8552e9 % 86400 + 43_200
FLAT = np.zeros((4, 30))
GRID = SiteGrid(0.0, 0.0, 5.0, FLAT + 7.0, FLAT, FLAT, np.ones((4, 30), bool))


def sortie():
    points = [Waypoint(WAITING, -1, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0)]
    points += [Waypoint(DRIVE, -1, 5.0 * i, 0.0, 60.0 * i, 1.0, 0.0, float(i < 10)) for i in range(1, 21)]
    points.append(Waypoint(SERVING, 1, 100.0, 0.0, 4800.0, 1.0, 0.0, 0.0))
    points += [Waypoint(DRIVE, -1, 100.0 - 5.0 * i, 0.0, 4800.0 + 60.0 * i, 1.0, 0.0, 1.0) for i in range(1, 21)]
    points.append(Waypoint(RECHARGE, -1, 0.0, 0.0, 9000.0, 1.0, 0.0, 1.0))
    return Sortie(True, "", tuple(points), 0)


def by_namespace(markers):
    found = {}
    for marker in markers.markers:
        found.setdefault(marker.ns, []).append(marker)
    return found


def rgb(colour):
    return pytest.approx((colour.r, colour.g, colour.b), abs=1e-6)


def test_markers_show_route_light_places_and_the_moment_to_turn_back():
    found = by_namespace(plan_markers(12.0, sortie(), GRID, 7200.0, NOON_S))
    assert set(found) == {"plan", "light", "route", "clock", "target", "turn_back", "haven"}
    route, light = found["route"][0], found["light"][0]
    assert route.type == light.type == Marker.LINE_STRIP
    assert len(route.points) == len(route.colors) == len(sortie().waypoints)
    assert ARRIVAL[0] == rgb(route.colors[0])
    assert ARRIVAL[-1] == rgb(route.colors[-1])
    assert rgb(light.colors[1]) == SUN
    assert rgb(light.colors[15]) == NIGHT
    assert route.points[3].z > light.points[3].z > 7.0
    texts = [marker.text for marker in (*found["target"], *found["turn_back"], *found["haven"]) if marker.text]
    assert texts == ["target 2\n12:20 UTC to 13:20 UTC", "turn back by 14:00 UTC", "haven\n13:40 UTC"]
    assert 2 <= len(found["clock"]) <= 12


def test_each_marker_is_one_of_its_own_in_the_map_and_stays():
    markers = plan_markers(12.0, sortie(), GRID, 7200.0, NOON_S).markers
    assert markers[0].action == Marker.DELETEALL
    assert len({(marker.ns, marker.id) for marker in markers}) == len(markers)
    for marker in markers[1:]:
        assert marker.action == Marker.ADD
        assert marker.header.frame_id == "map"
        assert marker.header.stamp.sec == 12
        assert marker.lifetime.sec == marker.lifetime.nanosec == 0
        assert max(marker.scale.x, marker.scale.z) > 0.0
        assert marker.color.a == 1.0


def test_a_plan_without_work_or_way_has_no_such_markers():
    found = by_namespace(plan_markers(12.0, sortie(), GRID, None, NOON_S))
    assert "turn_back" not in found
    none = plan_markers(12.0, Sortie(False, "", (), 0), GRID, None, NOON_S).markers
    assert [marker.action for marker in none] == [Marker.DELETEALL]


def test_a_place_beyond_the_grid_stands_at_height_zero():
    points = (Waypoint(WAITING, -1, -900.0, 0.0, 0.0, 1.0, 0.0, 1.0), Waypoint(DRIVE, -1, 0.0, 0.0, 9.0, 1.0, 0.0, 1.0))
    found = by_namespace(plan_markers(12.0, Sortie(True, "", points, 0), GRID, None, NOON_S))
    heights = [point.z for point in found["route"][0].points]
    assert heights[1] - heights[0] == pytest.approx(7.0)
