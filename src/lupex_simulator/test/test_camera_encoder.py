# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The camera encoder in lock step: pictures in, JPEG out, and what it refuses."""

import array

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from sensor_msgs.msg import Image  # noqa: E402

from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_simulator.camera.conversions import image_pixels  # noqa: E402


def image(pixels, encoding="rgb8", pad=0, time_s=1000.0):
    height, width = pixels.shape[:2]
    rows = np.zeros((height, pixels[0].size + pad), np.uint8)
    rows[:, : pixels[0].size] = pixels.reshape(height, -1)
    message = Image(height=height, width=width, encoding=encoding, step=rows.shape[1])
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "navigation_camera_left_optical"
    message.data = array.array("B", rows.tobytes())
    return message


def gradient():
    pixels = np.zeros((8, 10, 3), np.uint8)
    pixels[..., 0] = np.arange(10) * 20
    pixels[..., 2] = np.arange(8)[:, None] * 30
    return pixels


@pytest.mark.parametrize("pad", [0, 6])
def test_rows_and_colours_are_where_they_belong(pad):
    assert (image_pixels(image(gradient(), pad=pad)) == gradient()).all()
    assert (image_pixels(image(gradient()[..., ::-1].copy(), "bgr8", pad)) == gradient()).all()
    assert (image_pixels(image(gradient()[..., 0], "mono8", pad)) == gradient()[..., 0]).all()


def broken(**changed):
    message = image(gradient())
    for name, value in changed.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (broken(encoding="32FC1"), "its encoding is '32FC1'"),
        (broken(height=9), "240 bytes are not 9 rows of 30"),
        (broken(step=20), "are not 8 rows of 20 with 10 pixels"),
        (broken(width=0), "with 0 pixels"),
    ],
)
def test_a_picture_that_is_none_is_refused(message, says):
    with pytest.raises(InvalidMessage, match=says):
        image_pixels(message)
