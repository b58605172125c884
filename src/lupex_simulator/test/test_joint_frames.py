# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Frames of a described robot, and the node that tells them where robot_state_publisher is not installed."""

import math

import numpy as np
import pytest

from lupex_models.configuration import ConfigurationError
from lupex_simulator.frames.choice import state_publisher_package
from lupex_simulator.frames.joint_frames import fixed_frames, moved_frames
from lupex_worlds.gazebo_files.robot_description import read_urdf

URDF = """<robot name="cart">
  <link name="base_link"/><link name="mast"/><link name="wheel"/><link name="fork"/>
  <joint name="mast_joint" type="fixed">
    <parent link="base_link"/><child link="mast"/><origin xyz="0.1 0 1" rpy="0 0 3.141592653589793"/>
  </joint>
  <joint name="steer" type="revolute">
    <parent link="base_link"/><child link="wheel"/><origin xyz="0.5 0.4 0" rpy="0 0 0.2"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" effort="1" velocity="1"/>
  </joint>
  <joint name="lift" type="prismatic">
    <parent link="base_link"/><child link="fork"/><origin xyz="0 0 0.5"/><axis xyz="0 0 -1"/>
    <limit lower="0" upper="1" effort="1" velocity="1"/>
  </joint>
</robot>"""


def test_fixed_joints_stand_where_they_are_described():
    (mast,) = fixed_frames(read_urdf(URDF))
    assert (mast.parent, mast.child) == ("base_link", "mast")
    assert mast.position_m == pytest.approx((0.1, 0.0, 1.0))
    # half a turn about z
    assert np.abs(mast.quaternion) == pytest.approx((0.0, 0.0, 1.0, 0.0), abs=1e-9)


def test_a_steered_joint_turns_after_its_mounting_and_a_lift_goes_along_its_axis():
    wheel, fork = moved_frames(read_urdf(URDF), {"steer": 0.4, "lift": 0.3, "stranger": 1.0, "mast_joint": 1.0})
    assert wheel.position_m == pytest.approx((0.5, 0.4, 0.0))
    assert wheel.quaternion == pytest.approx((0.0, 0.0, math.sin(0.3), math.cos(0.3)))
    assert fork.position_m == pytest.approx((0.0, 0.0, 0.2))
    assert fork.quaternion == pytest.approx((0.0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize("angle", [0.5, 2.0, 3.1, -3.1, 4.0])
@pytest.mark.parametrize("axis", ["1 0 0", "0 2 0", "0.6 0 -0.8"])
def test_any_turn_keeps_its_axis_and_angle(axis, angle):
    robot = read_urdf(URDF.replace('rpy="0 0 0.2"/><axis xyz="0 0 1"/>', f'rpy="0 0 0"/><axis xyz="{axis}"/>'))
    (frame,) = moved_frames(robot, {"steer": angle})
    unit = np.array([float(word) for word in axis.split()])
    expected = np.array([*(unit / np.linalg.norm(unit) * math.sin(angle / 2)), math.cos(angle / 2)])
    found = np.array(frame.quaternion)
    assert found * np.sign(found @ expected) == pytest.approx(expected, abs=1e-9)


def test_the_usual_publisher_is_taken_where_it_is_installed(tmp_path):
    assert state_publisher_package({"AMENT_PREFIX_PATH": f"/nowhere:{tmp_path}"}) == "lupex_simulator"
    assert state_publisher_package({}) == "lupex_simulator"
    index = tmp_path / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "robot_state_publisher").touch()
    assert state_publisher_package({"AMENT_PREFIX_PATH": f"/nowhere:{tmp_path}"}) == "robot_state_publisher"


@pytest.fixture
def stage():
    """Return the node's class and a conductor."""
    pytest.importorskip("lupex_interfaces.msg")
    from lupex_node.lockstep.conductor import Conductor
    from lupex_simulator.frames.node import RobotStatePublisherNode

    conductor = Conductor(now_s=10.0)
    yield conductor, RobotStatePublisherNode
    conductor.close()


@pytest.mark.node
def test_the_node_tells_description_and_frames_as_often_as_it_may(stage):
    from sensor_msgs.msg import JointState
    from std_msgs.msg import String
    from tf2_msgs.msg import TFMessage

    from lupex_node import qos
    from lupex_node.conversions import seconds, stamp

    conductor, kind = stage
    node = conductor.add(kind, {"robot_description": URDF})
    outside, heard = conductor.visitor(), {"/robot_description": [], "/tf_static": [], "/tf": []}
    for topic, message_kind in zip(heard, (String, TFMessage, TFMessage), strict=True):
        outside.subscribe(message_kind, topic, heard[topic].append, qos.LATCHED)
    joints = outside.publisher(JointState, "/joint_states", qos.SAMPLES)

    def tell(**fields):
        message = JointState(**fields)
        message.header.stamp = stamp(conductor.now_s)
        joints.publish(message)

    for k in range(130):
        tell(name=["steer"], position=[0.01 * k])
        conductor.run_until(conductor.now_s + 1.0)
    tell(name=["steer"], position=[math.nan])
    tell(name=["steer"])
    conductor.run_until(200.0)
    assert node._refused == {"/joint_states": 1}
    assert "1 names and 0 positions" in node._refusal["/joint_states"]
    assert [message.data for message in heard["/robot_description"]] == [URDF]
    assert [item.child_frame_id for item in heard["/tf_static"][0].transforms] == ["mast"]
    # in lock step once a minute: the newest joints, with their own stamp, and nothing of the hundred between
    told = [item.transforms[0].header for item in heard["/tf"]]
    assert [seconds(header.stamp) for header in told] == pytest.approx([70.0, 130.0], abs=1.01)
    assert {header.frame_id for header in told} == {"base_link"}
    turned = [item.transforms[0].transform.rotation for item in heard["/tf"]]
    assert [2.0 * math.atan2(q.z, q.w) for q in turned] == pytest.approx(
        [0.2 + 0.01 * (seconds(header.stamp) - 10.0) for header in told]
    )


@pytest.mark.node
def test_a_description_that_is_none_is_refused(stage):
    conductor, kind = stage
    with pytest.raises(ConfigurationError, match=r"robot_state_publisher: robot_description: "):
        conductor.add(kind, {"robot_description": "<sdf/>"})
