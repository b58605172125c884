# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is published in lock step is what a recording of it holds, to the last bit."""

import math

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Point  # noqa: E402
from std_msgs.msg import Float32, String  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from lupex_interfaces.msg import PowerStatus, SortiePlan  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.lockstep.cdr import writer  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.wire import narrower  # noqa: E402
from lupex_node.serialization import deserialize_message  # noqa: E402

THIRD = 0.3333333432674408
"""One third in 32 bits."""


def test_single_numbers_are_narrowed_wherever_they_stand():
    message = PowerStatus(soc=1.0 / 3.0)
    narrower(PowerStatus)(message)
    assert message.soc == THIRD
    array = MarkerArray(markers=[Marker(), Marker()])
    array.markers[1].color.r = 1.0 / 3.0
    array.markers[1].pose.position.x = 1.0 / 3.0
    narrower(MarkerArray)(array)
    assert array.markers[1].color.r == THIRD
    assert array.markers[1].pose.position.x == 1.0 / 3.0


def test_what_is_too_large_becomes_infinite_and_what_is_no_number_stays():
    for value, narrowed in ((1e300, math.inf), (-1e300, -math.inf), (math.nan, math.nan)):
        message = Float32(data=value)
        narrower(Float32)(message)
        assert message.data == pytest.approx(narrowed, nan_ok=True)
    assert writer(Float32)(Float32(data=math.inf))


def test_a_class_without_such_numbers_costs_nothing():
    assert narrower(String) is None
    assert narrower(Point) is None


def test_a_subscriber_hears_what_a_recording_holds():
    conductor = Conductor(now_s=1000.0)
    outside = conductor.visitor()
    heard = []
    outside.subscribe(SortiePlan, "/plan", heard.append, qos.STATE)
    outside.publisher(SortiePlan, "/plan", qos.STATE).publish(
        SortiePlan(planning_time_s=0.1, x_m=[1.0 / 3.0], energy_wh=[0.7], plan_id="a")
    )
    conductor.run_until(1001.0)
    assert heard == [deserialize_message(writer(SortiePlan)(heard[0]), SortiePlan)]
