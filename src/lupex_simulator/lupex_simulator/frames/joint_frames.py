# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the links of a described robot are on their parents, by the positions of its joints."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_worlds.gazebo_files.robot_description import Joint, Robot

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinkFrame:
    """A link's pose on its parent: position [m] and quaternion (x, y, z, w)."""

    parent: str
    child: str
    position_m: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]


def fixed_frames(robot: Robot) -> list[LinkFrame]:
    """Return the frames of joints that do not move."""
    return [_frame(joint, joint.origin) for joint in robot.joints.values() if joint.kind == "fixed"]


def moved_frames(robot: Robot, positions: Mapping[str, float]) -> list[LinkFrame]:
    """Return the frames of the joints whose positions [rad or m] are given; others are left out."""
    joints = [(robot.joints[name], position) for name, position in positions.items() if name in robot.joints]
    return [_frame(joint, joint.origin @ _motion(joint, at)) for joint, at in joints if joint.kind != "fixed"]


def _motion(joint: Joint, position: float) -> Array:
    moved = np.eye(4)
    axis = np.asarray(joint.axis, np.float64) / np.linalg.norm(joint.axis)
    if joint.kind == "prismatic":
        moved[:3, 3] = axis * position
        return moved
    # Rodrigues
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    moved[:3, :3] = np.eye(3) + np.sin(position) * cross + (1.0 - np.cos(position)) * cross @ cross
    return moved


def _frame(joint: Joint, pose: Array) -> LinkFrame:
    x, y, z = pose[:3, 3].tolist()
    return LinkFrame(joint.parent, joint.child, (x, y, z), _quaternion(pose[:3, :3]))


def _quaternion(r: Array) -> tuple[float, float, float, float]:
    """Return (x, y, z, w) of a rotation, by the largest of the four so that none is lost near a half turn."""
    squares = np.array(
        [r[0, 0] - r[1, 1] - r[2, 2], r[1, 1] - r[0, 0] - r[2, 2], r[2, 2] - r[0, 0] - r[1, 1], r.trace()]
    )
    k = int(np.argmax(squares))
    q = np.empty(4)
    q[k] = 0.5 * np.sqrt(1.0 + squares[k])
    scale = 0.25 / q[k]
    antisymmetric = (r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1])
    if k == 3:
        q[:3] = [scale * value for value in antisymmetric]
    else:
        q[3] = scale * antisymmetric[k]
        for other in range(3):
            if other != k:
                q[other] = scale * (r[k, other] + r[other, k])
    x, y, z, w = q.tolist()
    return x, y, z, w
