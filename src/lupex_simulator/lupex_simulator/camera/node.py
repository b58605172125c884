# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The cameras' pictures as JPEG, for the recording and for people; nothing else on board looks at them.

Gazebo renders for who subscribes: without this node nobody does.
"""

import functools
import sys

from sensor_msgs.msg import CompressedImage, Image

from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.conversions import seconds
from lupex_node.port import Publisher
from lupex_node.ros.process import run
from lupex_simulator.camera.conversions import compressed_message, image_pixels
from lupex_simulator.camera.telling import Telling, jpeg
from lupex_simulator.config import CameraConfig

CAMERAS = ("/camera/navigation_left", "/camera/navigation_right", "/camera/hazard")


class CameraEncoderNode(BareNode[CameraConfig]):
    """Tells each camera's new pictures on TOPIC/compressed, as image_transport names it."""

    NAME, CONFIG = "camera_encoder", CameraConfig

    def wire(self) -> None:
        for topic in CAMERAS:
            told = self.publisher(CompressedImage, f"{topic}/compressed", qos.STATE)
            self.receive(
                Image, topic, functools.partial(self._on_picture, Telling(self.config), told), profile=qos.NEWEST
            )

    def _on_picture(self, telling: Telling, told: Publisher, message: Image) -> None:
        pixels = image_pixels(message)
        if telling.due(seconds(message.header.stamp), pixels):
            told.publish(compressed_message(message, jpeg(pixels, self.config.jpeg_quality)))


def main(args: list[str] | None = None) -> int:
    """Run the node; return the exit code (2: a parameter)."""
    return run(CameraEncoderNode, args)


if __name__ == "__main__":
    sys.exit(main())
