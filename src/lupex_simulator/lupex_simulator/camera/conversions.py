# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures from messages, and back as compressed ones."""

import array

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from lupex_node.checks import InvalidMessage
from lupex_simulator.camera.telling import Pixels

CHANNELS = {"rgb8": 3, "bgr8": 3, "mono8": 1}


def image_pixels(message: Image) -> Pixels:
    """Return a picture, grey (height, width) or red, green, blue (height, width, 3); raises InvalidMessage."""
    channels = CHANNELS.get(message.encoding)
    if channels is None:
        raise InvalidMessage(f"its encoding is '{message.encoding}' and not one of {', '.join(CHANNELS)}")
    width, height, step = int(message.width), int(message.height), int(message.step)
    if not width or not height or step < width * channels or len(message.data) != step * height:
        raise InvalidMessage(f"{len(message.data)} bytes are not {height} rows of {step} with {width} pixels each")
    rows = np.frombuffer(message.data, dtype=np.uint8).reshape(height, step)[:, : width * channels]
    if channels == 1:
        return np.ascontiguousarray(rows)
    pixels = rows.reshape(height, width, channels)
    return np.ascontiguousarray(pixels[:, :, ::-1] if message.encoding == "bgr8" else pixels)


def compressed_message(picture: Image, data: bytes) -> CompressedImage:
    """Return a JPEG under the header of the picture that it was made from."""
    return CompressedImage(header=picture.header, format="jpeg", data=array.array("B", data))
