# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Decode many CDR messages of one type at once, as columns of numbers and without a Python object for each.

Messages whose strings and sequences are as long as another's have all their fields at the same places: those are a
numpy structured array. What fits no such layout is decoded by rosbags, one by one, so the values are always its.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys.store import Typestore

from lupex_analysis.cdr_layout import IrregularError, layout_of
from lupex_analysis.column_pieces import merged, of_one_length

Array = np.ndarray[Any, Any]

_MOST_LAYOUTS = 16
"""Tried for the messages of a batch."""


class ColumnDecoder:
    """Decode messages of a type by columns; `fields` are dotted paths, all of fixed size where they are None."""

    def __init__(self, kind: str, store: Typestore, fields: Sequence[str] | None = None) -> None:
        self.kind = kind
        self._store = store
        self.fields = tuple(fixed_fields(kind, store) if fields is None else fields)

    def decode(self, messages: Sequence[bytes]) -> tuple[dict[str, Array], Array]:
        """Return columns of the messages that can be decoded, and which those are (truth values).

        A field that the messages lack is NaN; a sequence's rows are as wide as the longest, NaN beyond their own end.
        """
        pieces: list[tuple[Array, dict[str, Array]]] = []
        slow: list[int] = []
        for rows, data in of_one_length(messages):
            self._by_layouts(messages, rows, data, pieces, slow)
        pieces += self._one_by_one(messages, sorted(slow))
        taken = np.zeros(len(messages), dtype=bool)
        for rows, _ in pieces:
            taken[rows] = True
        place = np.cumsum(taken) - 1
        count = int(taken.sum())
        return {
            name: merged([(place[rows], held.get(name)) for rows, held in pieces], count) for name in self.fields
        }, taken

    def _by_layouts(
        self,
        messages: Sequence[bytes],
        rows: Array,
        data: Array,
        pieces: list[tuple[Array, dict[str, Array]]],
        slow: list[int],
    ) -> None:
        for _ in range(_MOST_LAYOUTS):
            if not len(rows):
                return
            try:
                layout = layout_of(messages[rows[0]], self.kind, self._store)
            except (IrregularError, struct.error, KeyError):
                slow.append(int(rows[0]))
                rows, data = rows[1:], data[1:]
                continue
            good = layout.fits(data)
            # what a layout was made of may yet fail it: by text that is not ASCII
            if not good[0]:
                slow.append(int(rows[0]))
                rows, data = rows[1:], data[1:]
                continue
            if good.all():
                pieces.append((rows, layout.columns(data, self.fields)))
                return
            pieces.append((rows[good], layout.columns(data[good], self.fields)))
            rows, data = rows[~good], data[~good]
        slow += [int(row) for row in rows]

    def _one_by_one(self, messages: Sequence[bytes], rows: Sequence[int]) -> list[tuple[Array, dict[str, Array]]]:
        found = []
        for row in rows:
            try:
                message = self._store.deserialize_cdr(messages[row], self.kind)
            except (SerdeError, KeyError, IndexError, ValueError, AttributeError, OverflowError, MemoryError):
                continue
            values = {name: value_at(message, name) for name in self.fields}
            found.append((np.array([row]), {name: _cell(value) for name, value in values.items() if value is not None}))
        return found


def _cell(value: Any) -> Array:
    if isinstance(value, str):
        found = np.empty(1, dtype=object)
        found[0] = value
        return found
    return np.asarray(value)[None]


def value_at(message: Any, name: str) -> Any:
    """Return what a message holds at a dotted path, whose numbers count items; None where there is no such field."""
    for part in name.split("."):
        if part.isdecimal() and isinstance(message, (list, np.ndarray)):
            if int(part) >= len(message):
                return None
            message = message[int(part)]
        elif hasattr(message, part):
            message = getattr(message, part)
        else:
            return None
    return message


def fixed_fields(kind: str, store: Typestore, prefix: str = "") -> list[str]:
    """Return the dotted paths of a type's numbers: those of one value, and those of always as many."""
    found: list[str] = []
    for name, (node, detail) in store.fielddefs[kind][1]:
        if node == Nodetype.NAME:
            found += fixed_fields(str(detail), store, f"{prefix}{name}.")
        elif node == Nodetype.ARRAY and detail[0][0] == Nodetype.NAME:
            for number in range(int(detail[1])):
                found += fixed_fields(str(detail[0][1]), store, f"{prefix}{name}.{number}.")
        elif node in (Nodetype.BASE, Nodetype.ARRAY):
            base = detail[0] if node == Nodetype.BASE else detail[0][1][0]
            if base != "string":
                found.append(f"{prefix}{name}")
    return found
