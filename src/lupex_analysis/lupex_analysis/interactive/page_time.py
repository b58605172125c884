# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One time axis for all that a recording tells: by the rover's own clock, or by reception where that is not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.sortie import Sortie
from lupex_analysis.topic_times import TopicTimes

_SAME_CLOCK_S = 60.0
"""Stamps that are nearer to reception than it are of the recorder's clock."""
_EPOCH_S = 1e8

Array = np.ndarray


@dataclass(frozen=True)
class PageTime:
    """Turns stamps and times of reception [s] into seconds on the page.

    On the page of a sortie of ours the axis is ROS time since its start, on that of another rover the time of reception
    since the first message: what its stamps count from is not known.
    """

    zero_s: float
    span_s: float
    utc_zero_s: float | None
    by_stamp: bool
    received_s: Array = field(default_factory=lambda: np.zeros(0))
    """Of the topic that tells most stamps, and the stamps; both rise."""
    stamp_s: Array = field(default_factory=lambda: np.zeros(0))
    times: Mapping[str, TopicTimes] = field(default_factory=dict)

    def of_reception(self, t_s: Array) -> Array:
        """Return the page's time of moments of reception."""
        t_s = np.asarray(t_s, dtype=float)
        if not self.by_stamp:
            return t_s - self.zero_s
        return _along(t_s, self.received_s, self.stamp_s) - self.zero_s

    def of_stamp(self, t_s: Array, topic: str = "") -> Array:
        """Return the page's time of stamps of a topic."""
        t_s = np.asarray(t_s, dtype=float)
        if self.by_stamp:
            return t_s - self.zero_s
        received_s, stamp_s = _pairs(self.times[topic]) if topic in self.times else (self.received_s, self.stamp_s)
        # a track without stamps bears the times of its reception already
        if not len(stamp_s) or abs(float(np.median(received_s - stamp_s))) < _SAME_CLOCK_S:
            return t_s - self.zero_s
        return _along(t_s, stamp_s, received_s) - self.zero_s


def of_sortie(recording: Recording, sortie: Sortie) -> PageTime:
    """Return the time of a sortie of ours: ROS time since its start."""
    ends = [columns["t"][-1] for columns in (sortie.truth, sortie.power, sortie.mission) if len(columns["t"])]
    end_s = float(max([*ends, sortie.end_s, sortie.start_s + 1.0]))
    utc_s = None if sortie.utc_offset_s is None else sortie.start_s + sortie.utc_offset_s
    # an offset of nothing is that of a world whose day is not told
    utc_s = utc_s if utc_s is not None and utc_s > _EPOCH_S else None
    return PageTime(sortie.start_s, end_s - sortie.start_s, utc_s, True, *_most(recording), recording.times)


def of_reception(recording: Recording) -> PageTime:
    """Return the time of any recording: that of reception since the first message."""
    zero_s, span_s = recording.start_ns * 1e-9, max((recording.end_ns - recording.start_ns) * 1e-9, 1e-3)
    utc_s = zero_s if zero_s > _EPOCH_S else None
    return PageTime(zero_s, span_s, utc_s, False, *_most(recording), recording.times)


def _most(recording: Recording) -> tuple[Array, Array]:
    pairs = [_pairs(times) for times in recording.times.values()]
    return max(pairs, key=lambda pair: len(pair[0]), default=(np.zeros(0), np.zeros(0)))


def _pairs(times: TopicTimes) -> tuple[Array, Array]:
    """Return reception and stamp of messages that have a stamp, both without steps back."""
    told = np.isfinite(times.stamp_s) & (times.stamp_s > 0.0)
    received_s, stamp_s = times.received_ns[told] * 1e-9, times.stamp_s[told]
    return np.maximum.accumulate(received_s), np.maximum.accumulate(stamp_s)


def _along(t_s: Array, known: Array, other: Array) -> Array:
    """Return times of one clock by another; before the first and after the last pair both run alike."""
    if not len(known):
        return t_s
    inside = np.interp(t_s, known, other)
    before, after = np.minimum(t_s - known[0], 0.0), np.maximum(t_s - known[-1], 0.0)
    found: Array = inside + before + after
    return found
