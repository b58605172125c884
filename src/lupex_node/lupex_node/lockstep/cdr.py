# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to bytes, the same bytes each time: the middleware's own serialization leaves gaps as the memory was.

The layout is the OMG's plain CDR, little endian (XCDR version 1): each value aligned to its size from the end of the
four-byte head. For each message class one function is written in Python and compiled, as rosidl does in C.
"""

import importlib
import struct
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

Writer = Callable[[Any], bytes]

SHORT = 80
"""Characters of a text whose bytes are kept."""

HEAD = b"\x00\x01\x00\x00"
FORMATS = {
    "boolean": "?",
    "octet": "c",
    "char": "B",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float": "f",
    "double": "d",
}


@cache
def writer(kind: type) -> Writer:
    """Return what serializes messages of a class; raises TypeError for one that holds what is not known here."""
    source = _Source()
    source.message(kind, "m")
    source.flush()
    text = "\n".join(["def write(m):", "    b = bytearray(HEAD)", *source.lines, "    return bytes(b)"])
    scope: dict[str, Any] = dict(source.names)
    exec(compile(text, f"<writer of {kind.__name__}>", "exec"), scope)
    made: Writer = scope["write"]
    return made


def serialized(message: Any) -> bytes:
    """Return a message's bytes."""
    kind: Any = type(message)
    return writer(kind)(message)


@cache
def _part_writer(kind: type) -> Callable[[bytearray, Any], None]:
    """Return what appends an element of a sequence of messages."""
    source = _Source()
    source.message(kind, "m")
    source.flush()
    text = "\n".join(["def append(b, m):", *source.lines])
    scope: dict[str, Any] = dict(source.names)
    exec(compile(text, f"<part writer of {kind.__name__}>", "exec"), scope)
    made: Callable[[bytearray, Any], None] = scope["append"]
    return made


@lru_cache(maxsize=4096)
def _counted(text: str) -> bytes:
    """Return a text with its length and its end: the same few are told again and again."""
    data = text.encode()
    return struct.pack("<I", len(data) + 1) + data + b"\0"


def _append_text(b: bytearray, text: str) -> None:
    b += bytes(-len(b) & 3)
    b += _counted(text) if len(text) < SHORT else _counted.__wrapped__(text)


def _append_numbers(b: bytearray, values: Any, code: str, size: int) -> None:
    """Append numbers without their count; they lie in an array whose items may be of another type."""
    if not len(values):
        return
    b += bytes((4 - len(b)) & (size - 1))
    raw = values.tobytes() if hasattr(values, "tobytes") else b""
    if len(raw) != size * len(values) or code in "?c":
        raw = struct.pack(f"<{len(values)}{code}", *values)
    b += raw


class _Source:
    """Lines of a function, written field by field; runs of plain values become one call of struct."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "HEAD": HEAD,
            "text": _append_text,
            "numbers": _append_numbers,
            "count": struct.Struct("<I").pack,
        }
        self._format: list[str] = []
        self._values: list[str] = []
        self._known = 1
        self._offset = 0
        """The position is `_offset` modulo `_known`."""

    def message(self, kind: type, path: str) -> None:
        slots = [name for name in kind.__slots__ if name != "_check_fields"]  # type: ignore[attr-defined]
        types = kind.SLOT_TYPES  # type: ignore[attr-defined]
        if not types:
            self._plain("uint8", "0")
        for name, slot_type in zip(slots, types):
            self._field(slot_type, f"{path}.{name}")

    def _field(self, slot_type: Any, path: str) -> None:
        form = type(slot_type).__name__
        if form == "BasicType":
            self._plain(slot_type.typename, path)
        elif form == "NamespacedType":
            self.message(class_of(slot_type), path)
        elif form in ("UnboundedString", "BoundedString"):
            self._free(f"text(b, {path})")
        elif form in ("UnboundedSequence", "BoundedSequence"):
            self._many(slot_type.value_type, path, counted=True)
        elif form == "Array":
            self._many(slot_type.value_type, path, counted=False)
        else:
            raise TypeError(f"{path}: a {form} cannot be serialized here")

    def _plain(self, typename: str, path: str) -> None:
        code = FORMATS[typename]
        size = struct.calcsize(code)
        if self._known < size:
            self.flush()
            self.lines.append(f"    b += bytes((4 - len(b)) & {size - 1})")
            self._known, self._offset = size, 0
        gap = -self._offset % size
        self._format.append("x" * gap + code)
        self._values.append(path)
        self._offset += gap + size

    def _free(self, line: str) -> None:
        """Append what ends nobody knows where."""
        self.flush()
        self.lines.append(f"    {line}")
        self._known, self._offset = 1, 0

    def _many(self, value_type: Any, path: str, *, counted: bool) -> None:
        self.flush()
        if counted:
            self.lines += ["    b += bytes(-len(b) & 3)", f"    b += count(len({path}))"]
        form = type(value_type).__name__
        if form == "BasicType":
            code = FORMATS[value_type.typename]
            self._free(f"numbers(b, {path}, {code!r}, {struct.calcsize(code)})")
        elif form in ("UnboundedString", "BoundedString"):
            self._free(f"for item in {path}: text(b, item)")
        elif form == "NamespacedType":
            kind = class_of(value_type)
            name = f"part{len(self.names)}"
            self.names[name] = _part_writer(kind)
            self._free(f"for item in {path}: {name}(b, item)")
        else:
            raise TypeError(f"{path}: a sequence of {form} cannot be serialized here")

    def flush(self) -> None:
        """Write the run of plain values so far."""
        if self._format:
            name = f"pack{len(self.names)}"
            self.names[name] = struct.Struct("<" + "".join(self._format)).pack
            self.lines.append(f"    b += {name}({', '.join(self._values)})")
            self._format, self._values = [], []


def class_of(named: Any) -> type:
    """Return the class of a field that holds messages."""
    found: type = getattr(importlib.import_module(".".join(named.namespaces)), named.name)
    return found
