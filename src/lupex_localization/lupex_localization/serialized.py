# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The few fields of a serialized Imu or JointState that matter here, without making the whole message.

At 45 messages a simulated second and many times real time, decoding them costs more than the filter does. The layout is
the OMG's plain CDR (XCDR version 1): values aligned to their size from the end of the four-byte head.
"""

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_HEAD = 4
_LITTLE_ENDIAN = b"\x00\x01"
_IMU_DOUBLES = 37
_STRINGS_AT_MOST = 64


class InertialFields(NamedTuple):
    """Of sensor_msgs/Imu."""

    time_s: float
    frame: str
    rate: Array
    """(3,)"""
    force: Array
    """(3,)"""


class JointFields(NamedTuple):
    """Of sensor_msgs/JointState."""

    time_s: float
    frame: str
    names: tuple[str, ...]
    position: Array
    velocity: Array


def is_plain(content: bytes) -> bool:
    """Tell whether this is little-endian plain CDR, the only form that the readers here take."""
    return content[:2] == _LITTLE_ENDIAN


def inertial_fields(content: bytes) -> InertialFields:
    """Read an Imu; raises ValueError when it is cut short."""
    time_s, frame, at = _header(content)
    values = np.frombuffer(content, "<f8", _IMU_DOUBLES, _aligned(at, 8))
    # orientation 4, its covariance 9, rate 3, its covariance 9, specific force 3, its covariance 9
    return InertialFields(time_s, frame, values[13:16], values[25:28])


def joint_fields(content: bytes) -> JointFields:
    """Read a JointState; raises ValueError when it is cut short."""
    time_s, frame, at = _header(content)
    try:
        at = _aligned(at, 4)
        (count,) = struct.unpack_from("<I", content, at)
        if count > _STRINGS_AT_MOST:
            raise ValueError(f"{count} joints are more than {_STRINGS_AT_MOST}")
        at += 4
        names = []
        for _ in range(count):
            name, at = _string(content, _aligned(at, 4))
            names.append(name)
        position, at = _doubles(content, at)
        velocity, _ = _doubles(content, at)
    except struct.error as error:
        raise ValueError("the message is cut short") from error
    return JointFields(time_s, frame, tuple(names), position, velocity)


def _header(content: bytes) -> tuple[float, str, int]:
    try:
        seconds, nanoseconds = struct.unpack_from("<iI", content, _HEAD)
        frame, at = _string(content, _HEAD + 8)
    except struct.error as error:
        raise ValueError("the message is cut short") from error
    return seconds + nanoseconds * 1e-9, frame, at


def _string(content: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + length
    return content[at + 4 : max(end - 1, at + 4)].decode("utf-8", "replace"), end


def _doubles(content: bytes, at: int) -> tuple[Array, int]:
    at = _aligned(at, 4)
    (count,) = struct.unpack_from("<I", content, at)
    at += 4
    if count == 0:
        return np.zeros(0), at
    at = _aligned(at, 8)
    return np.frombuffer(content, "<f8", count, at), at + 8 * count


def _aligned(at: int, size: int) -> int:
    return _HEAD + ((at - _HEAD + size - 1) // size) * size
