# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The tree of frames that a recording's transforms make, and what is wrong with it."""

import math
from dataclasses import dataclass, field
from typing import Any

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import TF

_UNIT = 0.01
"""By which the length of a quaternion may be off."""


@dataclass
class _Link:
    parents: dict[str, int] = field(default_factory=dict)
    bad: int = 0


def frame_figures(recording: Recording) -> dict[str, Any] | None:
    """Return `roots`, `parents` by frame and `faults` in sentences; None without a transform."""
    links: dict[str, _Link] = {}
    for topic, messages in recording.messages.items():
        if recording.types.get(topic) != TF:
            continue
        for message in messages:
            for transform in message.transforms:
                child, parent = (name.lstrip("/") for name in (transform.child_frame_id, transform.header.frame_id))
                link = links.setdefault(child, _Link())
                link.parents[parent] = link.parents.get(parent, 0) + 1
                link.bad += not _sound(transform.transform)
    if not links:
        return None
    parents = {child: max(link.parents, key=lambda name: link.parents[name]) for child, link in links.items()}
    roots = sorted({parent for parent in parents.values() if parent not in parents})
    faults = []
    for child, link in sorted(links.items()):
        if len(link.parents) > 1:
            told = ", ".join(f"{name} ({count} times)" for name, count in sorted(link.parents.items()))
            faults.append(f"{child} has {len(link.parents)} parents: {told}")
        if child in link.parents:
            faults.append(f"{child} is its own parent")
        if link.bad:
            faults.append(f"{child}: {link.bad} transforms are no numbers, or their quaternion is no rotation")
    if len(roots) > 1:
        faults.append(f"there are {len(roots)} trees, not connected: {', '.join(roots)}")
    faults += _circles(parents)
    return {"roots": roots, "parents": dict(sorted(parents.items())), "faults": faults}


def _sound(transform: Any) -> bool:
    q, moved = transform.rotation, transform.translation
    length = math.hypot(q.w, q.x, q.y, q.z)
    return math.isfinite(moved.x + moved.y + moved.z) and abs(length - 1.0) < _UNIT


def _circles(parents: dict[str, str]) -> list[str]:
    found = set()
    for begin in parents:
        seen = [begin]
        while (above := parents.get(seen[-1])) is not None:
            if above in seen:
                found.add(frozenset(seen[seen.index(above) :]))
                break
            seen.append(above)
    return [f"frames go round in a circle: {', '.join(sorted(circle))}" for circle in found if len(circle) > 1]
