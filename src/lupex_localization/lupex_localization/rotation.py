# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rotations as unit quaternions [w, x, y, z] that turn body vectors into the reference frame."""

import math

import numpy as np
from numba import njit


@njit(cache=True)
def rotation_matrix(q):  # type: ignore[no-untyped-def]
    """Return the matrix (3, 3) of a unit quaternion."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    r = np.empty((3, 3))
    r[0, 0] = 1.0 - 2.0 * (y * y + z * z)
    r[0, 1] = 2.0 * (x * y - w * z)
    r[0, 2] = 2.0 * (x * z + w * y)
    r[1, 0] = 2.0 * (x * y + w * z)
    r[1, 1] = 1.0 - 2.0 * (x * x + z * z)
    r[1, 2] = 2.0 * (y * z - w * x)
    r[2, 0] = 2.0 * (x * z - w * y)
    r[2, 1] = 2.0 * (y * z + w * x)
    r[2, 2] = 1.0 - 2.0 * (x * x + y * y)
    return r


@njit(cache=True)
def multiply(a, b):  # type: ignore[no-untyped-def]
    """Return the quaternion product a b: first b, then a, normalised."""
    q = np.empty(4)
    q[0] = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]
    q[1] = a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2]
    q[2] = a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1]
    q[3] = a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]
    return q / math.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2 + q[3] ** 2)


@njit(cache=True)
def conjugate(q):  # type: ignore[no-untyped-def]
    """Return the inverse rotation."""
    return np.array([q[0], -q[1], -q[2], -q[3]])


@njit(cache=True)
def from_rotation_vector(v):  # type: ignore[no-untyped-def]
    """Return the quaternion of a rotation by |v| [rad] about v."""
    angle = math.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)
    # sin(a/2)/a, by its series where the quotient loses digits
    scale = 0.5 - angle * angle / 48.0 if angle < 1e-4 else math.sin(0.5 * angle) / angle
    return np.array([math.cos(0.5 * angle), scale * v[0], scale * v[1], scale * v[2]])


@njit(cache=True)
def to_rotation_vector(q):  # type: ignore[no-untyped-def]
    """Return the rotation vector [rad] of a quaternion, of length at most pi."""
    sign = 1.0 if q[0] >= 0.0 else -1.0
    sine = math.sqrt(q[1] ** 2 + q[2] ** 2 + q[3] ** 2)
    angle = 2.0 * math.atan2(sine, sign * q[0])
    scale = sign * (2.0 if sine < 1e-8 else angle / sine)
    return np.array([scale * q[1], scale * q[2], scale * q[3]])


@njit(cache=True)
def from_matrix(r):  # type: ignore[no-untyped-def]
    """Return the quaternion of a rotation matrix (Shepperd 1978)."""
    q = np.empty(4)
    trace = r[0, 0] + r[1, 1] + r[2, 2]
    if trace >= r[0, 0] and trace >= r[1, 1] and trace >= r[2, 2]:
        q[0] = 1.0 + trace
        q[1] = r[2, 1] - r[1, 2]
        q[2] = r[0, 2] - r[2, 0]
        q[3] = r[1, 0] - r[0, 1]
    elif r[0, 0] >= r[1, 1] and r[0, 0] >= r[2, 2]:
        q[0] = r[2, 1] - r[1, 2]
        q[1] = 1.0 + r[0, 0] - r[1, 1] - r[2, 2]
        q[2] = r[0, 1] + r[1, 0]
        q[3] = r[2, 0] + r[0, 2]
    elif r[1, 1] >= r[2, 2]:
        q[0] = r[0, 2] - r[2, 0]
        q[1] = r[0, 1] + r[1, 0]
        q[2] = 1.0 + r[1, 1] - r[0, 0] - r[2, 2]
        q[3] = r[1, 2] + r[2, 1]
    else:
        q[0] = r[1, 0] - r[0, 1]
        q[1] = r[2, 0] + r[0, 2]
        q[2] = r[1, 2] + r[2, 1]
        q[3] = 1.0 + r[2, 2] - r[0, 0] - r[1, 1]
    return q / math.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2 + q[3] ** 2)


@njit(cache=True)
def yaw_of(q):  # type: ignore[no-untyped-def]
    """Return the heading [rad] of the body's x axis, counter-clockwise from the reference x axis."""
    return math.atan2(2.0 * (q[1] * q[2] + q[0] * q[3]), 1.0 - 2.0 * (q[2] ** 2 + q[3] ** 2))


@njit(cache=True)
def from_heading_and_up(yaw_rad, up):  # type: ignore[no-untyped-def]
    """Return the quaternion whose body sees the vertical along `up` (unit, body axes) and heads to `yaw_rad`."""
    pitch = math.asin(max(-1.0, min(1.0, -up[0])))
    roll = math.atan2(up[1], up[2])
    half = np.array([0.5 * roll, 0.5 * pitch, 0.5 * yaw_rad])
    c = np.cos(half)
    s = np.sin(half)
    return np.array(
        [
            c[0] * c[1] * c[2] + s[0] * s[1] * s[2],
            s[0] * c[1] * c[2] - c[0] * s[1] * s[2],
            c[0] * s[1] * c[2] + s[0] * c[1] * s[2],
            c[0] * c[1] * s[2] - s[0] * s[1] * c[2],
        ]
    )
