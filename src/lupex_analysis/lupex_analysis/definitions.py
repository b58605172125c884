# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Message definitions as recordings hold them, and what decodes by them."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from rosbags.interfaces import MessageDefinitionFormat
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore


class DefinitionError(ValueError):
    """Say why a message definition cannot be used."""


def definition_form(encoding: str) -> MessageDefinitionFormat:
    """Return the form that a schema's encoding names."""
    return MessageDefinitionFormat.IDL if encoding in ("ros2idl", "omgidl") else MessageDefinitionFormat.MSG


def text_of(definition: bytes) -> str:
    """Return a recorded definition as text; raises DefinitionError."""
    try:
        return definition.decode()
    except UnicodeDecodeError as error:
        raise DefinitionError("it is no text") from error


def decoder_of(kind: str, text: str, form: MessageDefinitionFormat) -> Callable[[bytes], Any]:
    """Return what decodes messages of a definition; raises DefinitionError."""
    store = store_of(kind, text, form)
    return lambda data: store.deserialize_cdr(data, kind)


def hash_of(kind: str, text: str, form: MessageDefinitionFormat) -> str:
    """Return the RIHS01 hash of a definition; empty where it cannot be told."""
    try:
        return store_of(kind, text, form).hash_rihs01(kind)
    except Exception:
        return ""


@cache
def _jazzy() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


def known_text(kind: str) -> str:
    """Return the definition of a type of ROS 2 Jazzy, for recordings that hold none; empty for another type."""
    store = _jazzy()
    if kind not in store.fielddefs:
        return ""
    return str(store.generate_msgdef(kind, ros_version=2)[0])


@lru_cache(maxsize=256)
def store_of(kind: str, text: str, form: MessageDefinitionFormat) -> Typestore:
    """Return a store that knows a type by its definition; raises DefinitionError."""
    try:
        types = _idl_types(text) if form == MessageDefinitionFormat.IDL else get_types_from_msg(text, kind)
        # a store for each type: two recorders' texts of one inner type may differ in their comments
        store = get_typestore(Stores.EMPTY)
        store.register(types)
        # what it is built of may be missing, which shows only when it is used
        store.get_msgdef(kind)
    except Exception as error:
        raise DefinitionError(str(error)) from error
    return store


def _idl_types(text: str) -> Any:
    """Take rosbag2's IDL form: one part a type, each under a line of signs and its name."""
    line = "=" * 80 + "\n"
    types: dict[str, Any] = {}
    for part in text.split(line) if text.startswith(f"{line}IDL: ") else [text]:
        if part:
            types.update(get_types_from_idl(part.split("\n", 1)[1] if part.startswith("IDL: ") else part))
    return types
