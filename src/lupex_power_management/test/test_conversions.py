# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A plan's message: its loads are the forecast's, and a plan that contradicts itself is refused."""

import pytest

pytest.importorskip("lupex_interfaces.msg")

from lupex_interfaces.msg import SortiePlan
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import stamp
from lupex_power_management import conversions


def plan(loads_w):
    message = SortiePlan(plan_id="p", feasible=True)
    message.activity = [SortiePlan.DRIVE, SortiePlan.SERVICE]
    message.x_m, message.y_m = [1.0, 1.0], [2.0, 2.0]
    message.arrival = [stamp(10.0), stamp(20.0)]
    message.service_power_w = loads_w
    return message


def test_the_load_of_the_work_is_the_plans():
    sortie = conversions.sortie(plan([0.0, 65.0]))
    assert [waypoint.service_w for waypoint in sortie.waypoints] == [0.0, 65.0]


@pytest.mark.parametrize(
    ("loads_w", "says"),
    [([65.0], "differ in length"), ([0.0, -1.0], "gives power"), ([0.0, float("nan")], "service_power_w")],
)
def test_loads_that_cannot_be_are_refused(loads_w, says):
    with pytest.raises(InvalidMessage, match=says):
        conversions.sortie(plan(loads_w))
