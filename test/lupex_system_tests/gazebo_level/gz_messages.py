# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages as `gz topic -e --json-output` prints them: protobuf's JSON, one a line.

What is zero is left out, 64-bit numbers and what is not finite are texts, bytes are base64 (protobuf.dev, ProtoJSON).
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
_FLOAT32 = "FLOAT32"
_RGB, _GREY = "RGB_INT8", "L_INT8"


class MessageError(ValueError):
    """Say in one sentence why a message cannot be read."""


def read_line(line: str) -> dict[str, Any] | None:
    """Return the message of a line, None for an empty one; raises MessageError."""
    if not line.strip():
        return None
    try:
        message = json.loads(line)
    except json.JSONDecodeError as error:
        raise MessageError(f"gz printed no JSON: {line.strip()[:80]!r}") from error
    if not isinstance(message, dict):
        raise MessageError(f"gz printed no message: {line.strip()[:80]!r}")
    return message


def _at(message: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a dotted path; an empty mapping where it is left out."""
    found: Any = message
    for key in path.split("."):
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found


def _number(message: Mapping[str, Any], path: str) -> float:
    """Return a number; 0 where it is left out."""
    found = _at(message, path)
    try:
        return 0.0 if found == {} else float(found)
    except (TypeError, ValueError) as error:
        raise MessageError(f"'{path}' of a message is no number: {found!r}") from error


def _numbers(message: Mapping[str, Any], path: str, keys: str) -> tuple[float, ...]:
    return tuple(_number(message, f"{path}.{key}") for key in keys)


def stamp_s(message: Mapping[str, Any]) -> float:
    """Return the time in a message's header."""
    return _number(message, "header.stamp.sec") + 1e-9 * _number(message, "header.stamp.nsec")


@dataclass(frozen=True)
class GzPose:
    """A pose of gz.msgs.Odometry: time, place (3) and rotation (3, 3) in map."""

    time_s: float
    place_m: FloatArray
    rotation: FloatArray

    @property
    def yaw_rad(self) -> float:
        """Heading of the body's x axis."""
        return math.atan2(self.rotation[1, 0], self.rotation[0, 0])


def odometry(message: Mapping[str, Any]) -> GzPose:
    """Return the pose of a gz.msgs.Odometry; raises MessageError."""
    w, x, y, z = _numbers(message, "pose.orientation", "wxyz")
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if not math.isfinite(length) or abs(length - 1.0) > 1e-3:
        raise MessageError("an odometry message has no orientation")
    w, x, y, z = (value / length for value in (w, x, y, z))
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    return GzPose(stamp_s(message), np.array(_numbers(message, "pose.position", "xyz")), rotation)


def acceleration(message: Mapping[str, Any]) -> FloatArray:
    """Return the acceleration (3) of a gz.msgs.IMU."""
    return np.array(_numbers(message, "linearAcceleration", "xyz"))


def _data(message: Mapping[str, Any], size: int) -> bytes:
    try:
        data = base64.b64decode(message.get("data", ""), validate=True)
    except (binascii.Error, TypeError) as error:
        raise MessageError("the data of a message are no base64") from error
    if len(data) != size:
        raise MessageError(f"a message holds {len(data)} bytes and says {size}")
    return data


def cloud(message: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """Return points (n, 3) of a gz.msgs.PointCloudPacked, with those that are not finite; raises MessageError."""
    fields = {field.get("name", ""): field for field in message.get("field", [])}
    lacking = [name for name in "xyz" if fields.get(name, {}).get("datatype") != _FLOAT32]
    if lacking or message.get("isBigendian", False):
        raise MessageError(f"a cloud lacks little-endian float32 {', '.join(lacking) or 'x, y, z'}")
    step = int(_number(message, "pointStep"))
    offsets = [int(_number(fields[name], "offset")) for name in "xyz"]
    if step <= 0 or step % 4 or any(offset % 4 or offset + 4 > step for offset in offsets):
        raise MessageError(f"a cloud has points of {step} bytes with x, y, z at {offsets}")
    count = int(_number(message, "width")) * int(_number(message, "height"))
    table = np.frombuffer(_data(message, count * step), dtype="<f4").reshape(count, step // 4)
    return table[:, [offset // 4 for offset in offsets]]


def picture(message: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """Return the picture (height, width, 3) or (height, width) of a gz.msgs.Image; raises MessageError."""
    width, height, kind = (
        int(_number(message, "width")),
        int(_number(message, "height")),
        message.get("pixelFormatType"),
    )
    if kind not in (_RGB, _GREY):
        raise MessageError(f"a picture is of the format {kind}, neither {_RGB} nor {_GREY}")
    channels = 3 if kind == _RGB else 1
    pixels = np.frombuffer(_data(message, width * height * channels), dtype=np.uint8)
    return pixels.reshape((height, width, channels) if channels > 1 else (height, width))
