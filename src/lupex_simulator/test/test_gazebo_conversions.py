# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What crosses the bridge to Gazebo, and what is refused of it."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from played_bridge import cloud  # noqa: E402
from ros_gz_interfaces.msg import Light  # noqa: E402
from sensor_msgs.msg import JointState, PointCloud2  # noqa: E402

from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_simulator.conversions import STEER_NAMES  # noqa: E402
from lupex_simulator.gazebo import conversions  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402
from lupex_worlds.gazebo_files.world_model import SUN_SETTINGS, sun_direction, sun_light  # noqa: E402
from lupex_worlds.world import open_world  # noqa: E402


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (cloud([(1.0, 0.0, 0.0)], offsets=(0, 4, 8)), "lack little-endian"),
        (PointCloud2(fields=cloud([(0.0,) * 4]).fields, width=2, height=1, point_step=32), "0 bytes are not 2 points"),
    ],
)
def test_a_cloud_of_another_layout_is_refused(message, reason):
    with pytest.raises(InvalidMessage, match=reason):
        conversions.cloud_points(message)


def test_joint_states_without_the_steering_are_refused():
    with pytest.raises(InvalidMessage, match="no position of fl_steer"):
        conversions.steering_angles(JointState(name=["fr_steer"], position=[0.0]))
    with pytest.raises(InvalidMessage, match="not finite"):
        conversions.steering_angles(JointState(name=list(STEER_NAMES), position=[0.0, 0.0, math.nan, 0.0]))


def test_the_sun_is_sent_with_every_field_of_the_world(tiny_directory):
    """Gazebo takes a field that is left out as nought: what is sent must be what the world's file says."""
    opened = open_world(tiny_directory)
    utc_s = opened.site.start_utc_s
    light = conversions.light_message(sun_direction(opened.frame, utc_s), SUN_SETTINGS, START_NS)
    element = sun_light(opened.frame, utc_s)

    def told(path):
        return [float(word) for word in element.findtext(path).split()]

    assert (light.name, light.type) == (element.get("name"), Light.DIRECTIONAL)
    assert light.cast_shadows == (element.findtext("cast_shadows") == "true")
    assert [light.intensity] == told("intensity")
    assert [light.range] == told("attenuation/range")
    assert [light.attenuation_constant] == told("attenuation/constant")
    assert [light.attenuation_linear, light.attenuation_quadratic] == told("attenuation/linear") + told(
        "attenuation/quadratic"
    )
    for colour, path in ((light.diffuse, "diffuse"), (light.specular, "specular")):
        assert [colour.r, colour.g, colour.b, colour.a] == pytest.approx(told(path))
    position, turned = light.pose.position, light.pose.orientation
    assert [position.x, position.y, position.z] == told("pose")[:3]
    assert (turned.x, turned.y, turned.z, turned.w) == (0.0, 0.0, 0.0, 1.0)
    assert [light.direction.x, light.direction.y, light.direction.z] == pytest.approx(told("direction"), abs=1e-6)
    with pytest.raises(ValueError, match="finite"):
        conversions.light_message(np.array([math.nan, 0.0, 0.0]), SUN_SETTINGS, START_NS)


def test_settings_of_the_sun_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SUN_SETTINGS.intensity = 0.0
