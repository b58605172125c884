# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When each message of a topic came, how long it is and what time it bears, gathered for all topics while reading."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Array = np.ndarray

_HEAD = 12
"""CDR: four bytes that tell the byte order, then the time of a header."""
_NO_TIME = b"\xff" * _HEAD
STAMPED = ("std_msgs/msg/Header", "builtin_interfaces/msg/Time")


@dataclass(frozen=True)
class TopicTimes:
    """All messages of a topic; `place` is their place in the recording, by the order of its files or its time."""

    received_ns: Array
    stamp_s: Array
    """NaN for a message without a time of its own."""
    size: Array
    place: Array

    def chosen(self, rows: Array) -> "TopicTimes":
        """Return some of the messages, by number or truth value."""
        return replace(
            self, **{name: getattr(self, name)[rows] for name in ("received_ns", "stamp_s", "size", "place")}
        )

    def stamped(self) -> "TopicTimes":
        """Return the messages whose time is set, by their place."""
        rows = np.flatnonzero(np.isfinite(self.stamp_s) & (self.stamp_s > 0.0))
        return self.chosen(rows[np.argsort(self.place[rows], kind="stable")])


class Gathering:
    """The messages of one topic while they are read."""

    __slots__ = ("_heads", "_place", "_received", "_size")

    def __init__(self) -> None:
        self._received, self._place, self._size = array("q"), array("q"), array("q")
        self._heads = bytearray()

    def take(self, received_ns: Sequence[int], places: Sequence[int], messages: Sequence[bytes], stamped: bool) -> None:
        """Note messages; `stamped` tells that they begin with a time."""
        self._received.extend(received_ns)
        self._place.extend(places)
        self._size.extend(map(len, messages))
        if stamped:
            self._heads += b"".join([data[:_HEAD] if len(data) >= _HEAD else _NO_TIME for data in messages])
        else:
            self._heads += _NO_TIME * len(messages)

    def __len__(self) -> int:
        return len(self._received)

    def times(self) -> TopicTimes:
        """Return them by the order of the files."""
        received, place, size = (np.array(held, dtype=np.int64) for held in (self._received, self._place, self._size))
        heads = np.frombuffer(bytes(self._heads), dtype=np.uint8).reshape(-1, _HEAD)
        stamp_s = np.where(heads[:, 0] == _NO_TIME[0], np.nan, stamps_of(heads))
        return TopicTimes(received, stamp_s, size, place)


def stamps_of(heads: Array) -> Array:
    """Return the times [s] in the first twelve bytes of messages, rows of bytes."""
    found = np.empty(len(heads))
    little = (heads[:, 1] & 1) == 1
    for order, chosen in (("<", little), (">", ~little)):
        time = np.ascontiguousarray(heads[chosen, 4:]).view(
            np.dtype([("sec", order + "i4"), ("nanosec", order + "u4")])
        )
        found[chosen] = (time["sec"] + time["nanosec"] * 1e-9).reshape(-1)
    return found
