# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the fields of a CDR message lie: at the same places where texts and sequences are as long."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
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
_MOST_FIELDS = 512
"""Of one layout: a message of more is a cloud of parts, not a row of a table."""
_ASCII = 128


class IrregularError(ValueError):
    """Say that a message is not laid out as a row of a table."""


@dataclass
class Layout:
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
        self.layout = Layout("<" if little else ">")

    def message(self, kind: str, prefix: str) -> None:
        for name, shape in self._store.fielddefs[kind][1]:
            self._field(shape, f"{prefix}{name}")

    def end(self) -> None:
        if self._at > len(self._data) or self._at + 3 < len(self._data):
            raise IrregularError

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
            raise IrregularError
        for number in range(count):
            self._field(item, f"{name}.{number}")

    def _base(self, base: str, name: str, shape: tuple[int, ...]) -> None:
        if base == "string":
            self._align(4)
            (length,) = self._word.unpack_from(self._data, self._at)
            end = self._at + 4 + length
            if length < 1 or end > len(self._data):
                raise IrregularError
            self.layout.words.append((self._at, self._data[self._at : self._at + 4]))
            self.layout.texts[name] = (self._at + 4, length)
            self._at = end
            return
        if base not in _DTYPES or len(self.layout.numbers) >= _MOST_FIELDS:
            raise IrregularError
        form = _DTYPES[base]
        size = int(form[1])
        self._align(size)
        whole = size * (shape[0] if shape else 1)
        if self._at + whole > len(self._data):
            raise IrregularError
        self.layout.numbers[name] = (self._at, self.layout.order + form, shape, base == "bool")
        self._at += whole

    def _align(self, size: int) -> None:
        self._at += -(self._at - HEAD) % size


def layout_of(message: bytes, kind: str, store: Typestore) -> Layout:
    """Return the layout of one message; raises IrregularError, struct.error, KeyError."""
    if len(message) < HEAD or message[0] != 0 or message[1] > 1:
        raise IrregularError
    walk = _Walk(message, store)
    walk.message(kind, "")
    walk.end()
    # its own byte order is what another's must be
    walk.layout.words.append((0, message[:2]))
    return walk.layout
