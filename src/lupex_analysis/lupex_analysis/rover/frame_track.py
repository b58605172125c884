# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The way of a rover's body by its transforms alone: from the root of the tree of frames down to the body."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from lupex_analysis.reading import Recording, time_s
from lupex_analysis.rover.roles import TF

BODIES = ("base_link", "base_footprint", "base")
"""Names of a body's frame by REP 105 and use; the first that there is."""
_DEEPEST = 32

_Row = tuple[float, str, float, float, float, float, float, float, float]
"""Time, parent, place, attitude x, y, z, w."""


def body_poses(recording: Recording) -> tuple[str, np.ndarray, np.ndarray, np.ndarray] | None:
    """Return (name, times, places, attitudes w, x, y, z) of the body in the root's frame; None where it does not move.

    A transform holds until its next; poses are told as often as the link that is told most often.
    """
    links = _links(recording)
    body = next((name for name in BODIES if name in links), None)
    if body is None:
        return None
    chain: list[np.ndarray] = []
    name = body
    while name in links and len(chain) < _DEEPEST:
        rows = links[name]
        parents = [row[1] for row in rows]
        parent = max(set(parents), key=parents.count)
        chain.append(np.array([(row[0], *row[2:]) for row in rows if row[1] == parent]))
        name = parent
    fastest = max(chain, key=len)
    times = np.unique(fastest[:, 0])
    if len(times) < 2 or len(chain) == _DEEPEST:
        return None
    begin = max(float(link[0, 0]) if len(link) > 1 else -np.inf for link in chain)
    times = times[times >= begin]
    place, turn = np.zeros((len(times), 3)), Rotation.identity(len(times))
    for link in chain:
        held = link[np.clip(np.searchsorted(link[:, 0], times, side="right") - 1, 0, None)]
        by = Rotation.from_quat(held[:, 4:])
        place, turn = by.apply(place) + held[:, 1:4], by * turn
    found = turn.as_quat()
    return f"/tf {name} to {body}", times, place, found[:, [3, 0, 1, 2]]


def _links(recording: Recording) -> dict[str, list[_Row]]:
    """Return the sound transforms of each child by their time."""
    found: dict[str, list[_Row]] = {}
    for topic, messages in recording.messages.items():
        if recording.types.get(topic) == TF:
            for message in messages:
                for transform in message.transforms:
                    row = _row(transform)
                    if row is not None:
                        found.setdefault(transform.child_frame_id.lstrip("/"), []).append(row)
    return {child: sorted(rows) for child, rows in found.items()}


def _row(transform: Any) -> _Row | None:
    moved, q = transform.transform.translation, transform.transform.rotation
    values = np.array([moved.x, moved.y, moved.z, q.x, q.y, q.z, q.w])
    if not np.isfinite(values).all() or not 0.5 < float(np.linalg.norm(values[3:])) < 2.0:
        return None
    parent = transform.header.frame_id.lstrip("/")
    x, y, z, qx, qy, qz, qw = (float(value) for value in values)
    return (time_s(transform.header.stamp), parent, x, y, z, qx, qy, qz, qw)
