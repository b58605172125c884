# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that a message passes before anybody uses it; no ROS here, so the values come in as they are."""

import math
from collections.abc import Iterable

import numpy as np


class InvalidMessage(ValueError):  # noqa: N818 - reads as what it is where it is raised
    """Say why a message is not used."""


def finite(value: float, name: str, minimum: float = -math.inf, maximum: float = math.inf) -> float:
    """Return `value` as a float; raises InvalidMessage when it is not finite or out of range."""
    number = float(value)
    if not math.isfinite(number):
        raise InvalidMessage(f"{name} is not finite")
    if not minimum <= number <= maximum:
        raise InvalidMessage(f"{name} is {number:g}, outside {minimum:g}..{maximum:g}")
    return number


def all_finite(values: Iterable[float] | np.ndarray, name: str) -> np.ndarray:
    """Return `values` as a float64 array; raises InvalidMessage when one is not finite."""
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise InvalidMessage(f"{name} is not finite")
    return array


def unit_quaternion(x: float, y: float, z: float, w: float, name: str) -> np.ndarray:
    """Return the quaternion (x, y, z, w) normalised; raises InvalidMessage when it is off unit length by 1 %."""
    q = all_finite((x, y, z, w), name)
    length = float(np.linalg.norm(q))
    if abs(length - 1.0) > 0.01:
        raise InvalidMessage(f"{name} has length {length:g}, not 1")
    return q / length


def in_frame(frame_id: str, expected: str) -> None:
    """Raise InvalidMessage when a header names another frame than expected."""
    if frame_id != expected:
        raise InvalidMessage(f"frame is '{frame_id}', not '{expected}'")


def fresh(stamp_s: float, now_s: float, max_age_s: float, future_tolerance_s: float) -> None:
    """Raise InvalidMessage when a stamp is too old, or ahead of the clock by more than the tolerance."""
    age_s = now_s - stamp_s
    if age_s > max_age_s:
        raise InvalidMessage(f"is {age_s:.2f} s old, more than {max_age_s:g} s")
    if age_s < -future_tolerance_s:
        raise InvalidMessage(f"is stamped {-age_s:.2f} s in the future")
