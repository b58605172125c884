# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where a recording begins anew: its clock goes back because what was recorded was started again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lupex_analysis.topic_times import TopicTimes

BACK_S = 1.0
"""Less is the disorder of messages that come from several senders."""
_VOTERS = 10
"""Messages from which on a topic has a say."""
_DISORDERLY = 0.05
"""Share of steps back from which on a topic's stamps say nothing of the clock."""
_AGAIN = 0.5
"""Of the time since the last start, by which a clock goes back that begins anew."""


@dataclass(frozen=True)
class Restart:
    """A place in the files from which on time runs anew, and from which stamp to which it went back [s]."""

    place: int
    from_s: float
    to_s: float
    received_ns: int


def in_order(topics: Mapping[str, TopicTimes]) -> dict[str, TopicTimes]:
    """Return messages whose places count their reception, or as they lie where the recorder's own clock went back."""
    counts = [(len(t.place), np.count_nonzero(np.diff(t.received_ns) < -BACK_S * 1e9)) for t in topics.values()]
    voters = [0 < back <= _few(count) for count, back in counts if count >= _VOTERS]
    if 2 * sum(voters) > len(voters):
        return dict(topics)
    names = list(topics)
    lengths = [len(topics[name].place) for name in names]
    received = np.concatenate([topics[name].received_ns for name in names])
    lying = np.concatenate([topics[name].place for name in names])
    rank = np.empty(len(lying), dtype=np.int64)
    rank[np.lexsort((lying, received))] = np.arange(len(lying))
    places = np.split(rank, np.cumsum(lengths)[:-1])
    return {name: replace(topics[name], place=place) for name, place in zip(names, places)}


def restarts(topics: Mapping[str, TopicTimes]) -> list[Restart]:
    """Return where most topics' stamps go back together, by place."""
    voters = {name: _orderly(times) for name, times in topics.items()}
    held = {name: times for name, times in voters.items() if times is not None}
    steps = [(int(t.place[k - 1]), int(t.place[k]), name, int(k)) for name, t in held.items() for k in _back(t.stamp_s)]
    found: list[Restart] = []
    begun_s: dict[str, float] = {name: float(times.stamp_s[0]) for name, times in held.items()}
    for start, end, _, _ in sorted(steps, key=lambda step: step[1]):
        if found and start < found[-1].place:
            continue
        # each step says only between which two of its topic's messages the clock was set back
        agree = [step for step in steps if step[0] < end <= step[1]]
        live = [name for name, times in held.items() if times.place[0] < end <= times.place[-1]]
        if 2 * len(agree) <= len(live):
            continue
        name, k = agree[0][2], agree[0][3]
        from_s, to_s = float(held[name].stamp_s[k - 1]), float(held[name].stamp_s[k])
        if from_s - to_s < _AGAIN * (from_s - begun_s[name]):
            continue
        # what stands behind all that is old is new, of whatever topic
        place = 1 + max(step[0] for step in agree)
        found.append(Restart(place, from_s, to_s, int(held[name].received_ns[k])))
        begun_s |= {step[2]: float(held[step[2]].stamp_s[step[3]]) for step in agree}
    return found


def _back(stamp_s: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.diff(stamp_s) < -BACK_S) + 1


def _orderly(times: TopicTimes) -> TopicTimes | None:
    """Return the messages of a topic that bear a time, None where these say nothing of a clock."""
    kept = times.stamped()
    count = len(kept.stamp_s)
    return None if count < _VOTERS or len(_back(kept.stamp_s)) > _few(count) else kept


def _few(count: int) -> float:
    return max(1.0, _DISORDERLY * count)
