# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Columns in pieces: messages sorted by their length, and what was decoded of them put together again."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def of_one_length(messages: Sequence[bytes]) -> list[tuple[Array, Array]]:
    """Return (numbers of messages, their bytes [n, length]) for each length that there is."""
    lengths = np.fromiter(map(len, messages), dtype=np.int64, count=len(messages))
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        joined = b"".join(messages if len(rows) == len(messages) else [messages[row] for row in rows])
        found.append((rows, np.frombuffer(joined, dtype=np.uint8).reshape(len(rows), length)))
    return found


def merged(pieces: Sequence[tuple[Array, Array | None]], count: int) -> Array:
    """Return one column of the pieces (places, values), whose rows may be of different width."""
    held = [(place, values) for place, values in pieces if values is not None and len(place)]
    if not held:
        return np.full(count, np.nan)
    if len(held) == 1 and len(held[0][0]) == count:
        return held[0][1]
    shapes = {values.shape[1:] for _, values in held}
    whole = sum(len(place) for place, _ in held) == count
    kind = np.result_type(*(values.dtype for _, values in held))
    if len(shapes) == 1 and whole:
        found = np.empty((count, *shapes.pop()), dtype=kind)
        for place, values in held:
            found[place] = values
        return found
    if kind.hasobject:
        found = np.full(count, "", dtype=object)
        for place, values in held:
            found[place] = values
        return found
    width = max((shape[0] for shape in shapes if shape), default=0)
    found = np.full((count, width) if width else count, np.nan)
    for place, values in held:
        if width:
            found[place, : values.shape[1] if values.ndim > 1 else 1] = values.reshape(len(place), -1)
        elif values.ndim == 1:
            found[place] = values
    return found


def joined_columns(parts: Sequence[dict[str, Array]], name: str) -> Array:
    """Return one column of several batches, in their order."""
    begin, pieces = 0, []
    for part in parts:
        values = part[name]
        pieces.append((np.arange(begin, begin + len(values)), values))
        begin += len(values)
    return merged(pieces, begin) if pieces else np.zeros(0)
