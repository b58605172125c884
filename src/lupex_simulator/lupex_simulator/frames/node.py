# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What robot_state_publisher does, as far as looking at the rover needs it: for machines that have none.

It has that one's executable and parameter names, so that a launch file may start either.
"""

import sys
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from lupex_models.configuration import ConfigurationError
from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.checks import InvalidMessage, all_finite
from lupex_node.ros.process import run
from lupex_simulator.config import StatePublisherConfig
from lupex_simulator.frames.joint_frames import LinkFrame, fixed_frames, moved_frames
from lupex_worlds.gazebo_files.robot_description import DescriptionError, read_urdf


class RobotStatePublisherNode(BareNode[StatePublisherConfig]):
    """Tells the description, the fixed frames once, and the moving ones as often as it may."""

    NAME, CONFIG = "robot_state_publisher", StatePublisherConfig

    def wire(self) -> None:
        try:
            self._robot = read_urdf(self.config.robot_description)
        except DescriptionError as error:
            raise ConfigurationError(f"{self.port.source}: robot_description: {error}") from error
        self._told: JointPositions | None = None
        self._frames = self.publisher(TFMessage, "tf", qos.SAMPLES)
        # kept alive with their publishers, for who comes late
        self._description = self.publisher(String, "robot_description", qos.LATCHED)
        self._statics = self.publisher(TFMessage, "tf_static", qos.LATCHED)
        self._description.publish(String(data=self.config.robot_description))
        self._statics.publish(TFMessage(transforms=[transform(frame) for frame in fixed_frames(self._robot)]))
        # read as often as somebody can look, by the host's clock: at many times real time joint states come by the
        # thousand, and each would wake this process
        self._joints = self.newest(JointState, "joint_states", convert=joint_positions)
        self.until_cleaned_up(self.port.upkeep(1.0 / self.config.publish_frequency, self._tell))

    def _tell(self) -> None:
        joints = self._joints()
        if not self.active or joints is None or joints is self._told:
            return
        self._told = joints
        told = TFMessage(transforms=[transform(frame) for frame in moved_frames(self._robot, joints.by_name)])
        for item in told.transforms:
            item.header.stamp = joints.stamp
        self._frames.publish(told)


@dataclass(frozen=True)
class JointPositions:
    """Positions [rad or m] by the joint's name."""

    stamp: Time
    by_name: dict[str, float]


def joint_positions(message: JointState) -> JointPositions:
    """Convert joint states; raises InvalidMessage for names without positions, or numbers that are none."""
    if len(message.position) != len(message.name):
        raise InvalidMessage(f"has {len(message.name)} names and {len(message.position)} positions")
    positions = all_finite(message.position, "position").tolist()
    return JointPositions(message.header.stamp, dict(zip(message.name, positions, strict=True)))


def transform(frame: LinkFrame) -> TransformStamped:
    """Return a frame as a message without a stamp."""
    message = TransformStamped(child_frame_id=frame.child)
    message.header.frame_id = frame.parent
    to, turned = message.transform.translation, message.transform.rotation
    to.x, to.y, to.z = frame.position_m
    turned.x, turned.y, turned.z, turned.w = frame.quaternion
    return message


def main(args: list[str] | None = None) -> int:
    """Run the node; return the exit code (2: a parameter)."""
    return run(RobotStatePublisherNode, args)


if __name__ == "__main__":
    sys.exit(main())
