# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which messages of a recording are read: of its files in their order, of its longest run, of a span of time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lupex_analysis.lives import Restart
from lupex_analysis.topic_times import TopicTimes


def by_files(times: dict[str, TopicTimes], begins: Sequence[int]) -> dict[str, TopicTimes]:
    """Count places by the time of the files' first messages, which is not always that of their names."""
    first = np.full(len(begins), np.iinfo(np.int64).max)
    for held in times.values():
        np.minimum.at(first, np.searchsorted(begins, held.place, side="right") - 1, held.received_ns)
    order = np.argsort(first, kind="stable")
    if (order == np.arange(len(begins))).all():
        return times
    lengths = np.diff([*begins, 1 + max(int(held.place.max()) for held in times.values())])
    moved = np.empty(len(begins), dtype=np.int64)
    moved[order] = np.concatenate([[0], np.cumsum(lengths[order])[:-1]])
    found = {}
    for topic, held in times.items():
        file = np.searchsorted(begins, held.place, side="right") - 1
        found[topic] = replace(held, place=held.place - np.asarray(begins)[file] + moved[file])
    return found


def longest_run(times: Mapping[str, TopicTimes], found: Sequence[Restart]) -> tuple[int, int, int]:
    """Return number, first place and end of the run with most messages."""
    last = 1 + max(int(held.place.max()) for held in times.values())
    edges = [0, *(restart.place for restart in found), last]
    counts = [edges[k + 1] - edges[k] for k in range(len(edges) - 1)]
    number = int(np.argmax(counts))
    return number, edges[number], edges[number + 1]


def chosen_rows(held: TopicTimes, run: tuple[int, int], bounds_ns: tuple[float, float]) -> np.ndarray:
    """Return the numbers of the messages of a run and a time, by their reception."""
    inside = (held.place >= run[0]) & (held.place < run[1])
    inside &= (held.received_ns >= bounds_ns[0]) & (held.received_ns <= bounds_ns[1])
    rows = np.flatnonzero(inside)
    return rows[np.argsort(held.received_ns[rows], kind="stable")]
