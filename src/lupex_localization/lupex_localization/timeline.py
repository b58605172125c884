# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Samples of the last while in order of time, and where to take up the work when one comes late."""

from bisect import bisect_left, bisect_right
from typing import Generic, TypeVar

from lupex_localization.samples import RANKS, InertialSample, Sample, TrackSample

Key = tuple[float, int]
Mark = TypeVar("Mark")

_DIGITS = 4
"""Of a second: samples whose stamps differ by less are of one moment, and are used in the order of their kinds."""


class Timeline(Generic[Mark]):
    """Sorted samples, how far they are worked off, and marks: what was known after some of them."""

    def __init__(self, memory_s: float, mark_every_s: float) -> None:
        """Keep what is needed to go back by `memory_s`; marks are set `mark_every_s` apart."""
        self._memory_s, self._every_s = memory_s, mark_every_s
        self._keys: list[Key] = []
        self._samples: list[Sample] = []
        self._inertial: list[InertialSample] = []
        self._tracks: list[TrackSample] = []
        self._marks: list[tuple[Key, Mark]] = []
        self._next = 0

    def begin(self, time_s: float, mark: Mark) -> None:
        """Begin at a time, with what is known then; what lies before it is dropped."""
        first = bisect_left(self._keys, (_moment(time_s), 1))
        self._drop(first)
        self._marks = [((_moment(time_s), 0), mark)]
        self._next = 0

    def add(self, sample: Sample) -> tuple[bool, Mark | None]:
        """Put a sample in its place; return (whether it is new and not too old, the mark from which to go on anew).

        The mark is None while the place lies ahead of what is worked off.
        """
        key = _moment(sample.time_s), RANKS[type(sample)]
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            return False, None
        if self._marks and key <= self._marks[0][0]:
            return False, None
        self._keys.insert(at, key)
        self._samples.insert(at, sample)
        if isinstance(sample, InertialSample):
            self._inertial.insert(bisect_right(self._inertial, sample.time_s, key=_time), sample)
        elif isinstance(sample, TrackSample):
            self._tracks.insert(bisect_right(self._tracks, sample.time_s, key=_time), sample)
        if at >= self._next:
            return True, None
        return True, self._back_to(self._first_touched(sample, key))

    def _first_touched(self, sample: Sample, key: Key) -> Key:
        """Return the key of what a late sample changes first: an inertial one all since the one before it."""
        if not isinstance(sample, InertialSample):
            return key
        at = bisect_left(self._inertial, sample.time_s, key=_time)
        return (_moment(self._inertial[at - 1].time_s), 0) if at else (-1.0, 0)

    def _back_to(self, key: Key) -> Mark:
        kept = bisect_right(self._marks, key, key=lambda mark: mark[0])
        # the first mark stands for all before it
        del self._marks[max(kept, 1) :]
        at, mark = self._marks[-1]
        self._next = bisect_right(self._keys, at)
        return mark

    def take(self, until_s: float) -> Sample | None:
        """Return the next sample that is not later than a time, None without one."""
        if self._next >= len(self._keys) or self._keys[self._next][0] > _moment(until_s):
            return None
        sample = self._samples[self._next]
        self._next += 1
        return sample

    @property
    def mark_due(self) -> bool:
        """Whether it is time for another mark after the sample taken last."""
        return self._keys[self._next - 1][0] - self._marks[-1][0][0] >= self._every_s

    def mark(self, mark: Mark) -> None:
        """Note what is known after the sample taken last, and forget what is older than the memory."""
        now = self._keys[self._next - 1]
        self._marks.append((now, mark))
        oldest = bisect_right(self._marks, (now[0] - self._memory_s, 0), key=lambda each: each[0]) - 1
        if oldest > 0:
            del self._marks[:oldest]
            self._drop(bisect_right(self._keys, self._marks[0][0]))

    def _drop(self, count: int) -> None:
        """Forget the first samples; of each kind that others look for, the last before stays."""
        if count <= 0:
            return
        before_s = self._keys[count - 1][0]
        del self._keys[:count], self._samples[:count]
        self._next -= count
        del self._inertial[: max(bisect_right(self._inertial, before_s, key=_time) - 1, 0)]
        del self._tracks[: max(bisect_right(self._tracks, before_s, key=_time) - 1, 0)]

    def inertial_from(self, time_s: float) -> InertialSample | None:
        """Return the first inertial sample at or after a time."""
        at = bisect_left(self._inertial, time_s, key=_time)
        return self._inertial[at] if at < len(self._inertial) else None

    def tracks_from(self, time_s: float) -> TrackSample | None:
        """Return the first joint states at or after a time."""
        at = bisect_left(self._tracks, time_s, key=_time)
        return self._tracks[at] if at < len(self._tracks) else None

    def newest(self) -> tuple[InertialSample | None, TrackSample | None, float]:
        """Return the newest inertial sample and joint states, and the span of the inertial ones."""
        span_s = self._inertial[-1].time_s - self._inertial[0].time_s if self._inertial else 0.0
        return self._inertial[-1] if self._inertial else None, self._tracks[-1] if self._tracks else None, span_s

    def shorten(self, most: int) -> None:
        """Forget all but so many samples before anything is worked off."""
        self._drop(len(self._keys) - most)
        self._next = max(self._next, 0)


def _moment(time_s: float) -> float:
    return round(time_s, _DIGITS)


def _time(sample: InertialSample | TrackSample) -> float:
    return sample.time_s
