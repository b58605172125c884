# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Decode many CDR messages of one type at once, as columns of numbers and without a Python object for each.

Messages whose strings and sequences are as long as another's have all their fields at the same places: those are a
numpy structured array. What fits no such layout is decoded by rosbags, one by one, so the values are always its.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys.store import Typestore

Array = np.ndarray[Any, Any]

HEAD = 4
"""Bytes before a message's first field: they tell the byte order."""
_DTYPES = {
    "bool": "u1",
    "byte": "i1",
    "char": "u1",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "int64": "i8",
    "uint64": "u8",
    "float32": "f4",
    "float64": "f8",
}
_MOST_LAYOUTS = 16
"""Tried for the messages of a batch."""
_MOST_FIELDS = 512
"""Of one layout: a message of more is a cloud of parts, not a row of a table."""
_ASCII = 128


class _IrregularError(ValueError):
    """Say that a message is not laid out as a row of a table."""


@dataclass
class _Layout:
    """Where the fields of a message lie; `words` and `texts` are what another must have at the same places."""

    order: str
    words: list[tuple[int, bytes]] = field(default_factory=list)
    texts: dict[str, tuple[int, int]] = field(default_factory=dict)
    numbers: dict[str, tuple[int, str, tuple[int, ...], bool]] = field(default_factory=dict)
    """Offset, dtype, shape, and whether it is a truth value."""

    def fits(self, rows: Array) -> Array:
        """Tell which rows [n, bytes] are laid out so."""
        good = np.ones(len(rows), dtype=bool)
        for at, told in self.words:
            good &= (rows[:, at : at + len(told)] == np.frombuffer(told, np.uint8)).all(axis=1)
        for at, length in self.texts.values():
            text = rows[:, at : at + length]
            good &= (text[:, -1] == 0) & (text < _ASCII).all(axis=1)
        return good

    def _place(self, name: str) -> tuple[int, str, tuple[int, ...], bool] | None:
        """Return where a field lies, or one number of a row of them."""
        if name in self.numbers:
            return self.numbers[name]
        row, _, item = name.rpartition(".")
        if not item.isdecimal() or row not in self.numbers:
            return None
        at, form, shape, truth = self.numbers[row]
        number = int(item)
        return (at + number * int(form[2]), form, (), truth) if shape and number < shape[0] else None

    def columns(self, rows: Array, wanted: Iterable[str]) -> dict[str, Array]:
        """Return fields of rows; those that there are not are left out."""
        found: dict[str, Array] = {}
        chosen = {name: place for name in wanted if (place := self._place(name)) is not None}
        formats = [(form, shape) for _, form, shape, _ in chosen.values()]
        kind = np.dtype(
            {
                "names": [str(number) for number in range(len(chosen))],
                "formats": formats,
                "offsets": [at for at, *_ in chosen.values()],
                "itemsize": rows.shape[1],
            }
        )
        table = np.ascontiguousarray(rows).reshape(-1).view(kind)
        for number, (name, (_, form, _, truth)) in enumerate(chosen.items()):
            values = table[str(number)]
            found[name] = values != 0 if truth else values.astype(np.dtype(form).newbyteorder("="))
        for name in wanted:
            if name in self.texts:
                at, length = self.texts[name]
                found[name] = _texts(rows[:, at : at + length - 1])
        return found


def _texts(rows: Array) -> Array:
    """Return one str for each row of ASCII bytes; rows that are the same share it."""
    found = np.empty(len(rows), dtype=object)
    if (rows == rows[:1]).all():
        found[:] = bytes(rows[0]).decode()
        return found
    known: dict[bytes, str] = {}
    for number, row in enumerate(rows):
        text = bytes(row)
        found[number] = known.setdefault(text, text.decode())
    return found


class _Walk:
    """One message from its first field to its last."""

    def __init__(self, data: bytes, store: Typestore) -> None:
        self._data = data
        self._store = store
        self._at = HEAD
        little = data[1] == 1
        self._word = struct.Struct("<I" if little else ">I")
        self.layout = _Layout("<" if little else ">")

    def message(self, kind: str, prefix: str) -> None:
        for name, shape in self._store.fielddefs[kind][1]:
            self._field(shape, f"{prefix}{name}")

    def end(self) -> None:
        if self._at > len(self._data) or self._at + 3 < len(self._data):
            raise _IrregularError

    def _field(self, shape: Any, name: str) -> None:
        node, detail = shape
        if node == Nodetype.BASE:
            self._base(detail[0], name, ())
        elif node == Nodetype.NAME:
            self.message(detail, f"{name}.")
        elif node == Nodetype.ARRAY:
            self._many(detail[0], int(detail[1]), name)
        else:
            self._align(4)
            (count,) = self._word.unpack_from(self._data, self._at)
            self.layout.words.append((self._at, self._data[self._at : self._at + 4]))
            self._at += 4
            self._many(detail[0], count, name)

    def _many(self, item: Any, count: int, name: str) -> None:
        node, detail = item
        if node == Nodetype.BASE and detail[0] != "string":
            # an empty sequence is followed by no padding
            if count:
                self._base(detail[0], name, (count,))
            return
        if len(self.layout.numbers) + count > _MOST_FIELDS:
            raise _IrregularError
        for number in range(count):
            self._field(item, f"{name}.{number}")

    def _base(self, base: str, name: str, shape: tuple[int, ...]) -> None:
        if base == "string":
            self._align(4)
            (length,) = self._word.unpack_from(self._data, self._at)
            end = self._at + 4 + length
            if length < 1 or end > len(self._data):
                raise _IrregularError
            self.layout.words.append((self._at, self._data[self._at : self._at + 4]))
            self.layout.texts[name] = (self._at + 4, length)
            self._at = end
            return
        if base not in _DTYPES or len(self.layout.numbers) >= _MOST_FIELDS:
            raise _IrregularError
        form = _DTYPES[base]
        size = int(form[1])
        self._align(size)
        whole = size * (shape[0] if shape else 1)
        if self._at + whole > len(self._data):
            raise _IrregularError
        self.layout.numbers[name] = (self._at, self.layout.order + form, shape, base == "bool")
        self._at += whole

    def _align(self, size: int) -> None:
        self._at += -(self._at - HEAD) % size


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
        for rows, data in _of_one_length(messages):
            self._by_layouts(messages, rows, data, pieces, slow)
        pieces += self._one_by_one(messages, sorted(slow))
        taken = np.zeros(len(messages), dtype=bool)
        for rows, _ in pieces:
            taken[rows] = True
        place = np.cumsum(taken) - 1
        count = int(taken.sum())
        return {
            name: _merged([(place[rows], held.get(name)) for rows, held in pieces], count) for name in self.fields
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
                layout = self._layout_of(messages[rows[0]])
            except (_IrregularError, struct.error, KeyError):
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

    def _layout_of(self, message: bytes) -> _Layout:
        if len(message) < HEAD or message[0] != 0 or message[1] > 1:
            raise _IrregularError
        walk = _Walk(message, self._store)
        walk.message(self.kind, "")
        walk.end()
        # its own byte order is what another's must be
        walk.layout.words.append((0, message[:2]))
        return walk.layout

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


def _of_one_length(messages: Sequence[bytes]) -> list[tuple[Array, Array]]:
    """Return (numbers of messages, their bytes [n, length]) for each length that there is."""
    lengths = np.fromiter(map(len, messages), dtype=np.int64, count=len(messages))
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        joined = b"".join(messages if len(rows) == len(messages) else [messages[row] for row in rows])
        found.append((rows, np.frombuffer(joined, dtype=np.uint8).reshape(len(rows), length)))
    return found


def _merged(pieces: Sequence[tuple[Array, Array | None]], count: int) -> Array:
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
    return _merged(pieces, begin) if pieces else np.zeros(0)
