# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages as the wire leaves them: Python holds 64 bits where the definition says float32, and a recording 32.

A node that is replayed must be given what it was given then, to the last bit. For each message class that holds single
numbers of 32 bits one function is written in Python and compiled, as for their serialization.
"""

from collections.abc import Callable
from ctypes import c_float
from functools import cache
from typing import Any

from lupex_node.lockstep.cdr import class_of

Narrow = Callable[[Any], None]


@cache
def narrower(kind: type) -> Narrow | None:
    """Return what rounds the float32 numbers of a message in its place; None for a class that holds none.

    Sequences of numbers need none: they lie in arrays of the right type.
    """
    names: dict[str, Any] = {"single": c_float}
    lines = _lines(kind, "m", names)
    if not lines:
        return None
    text = "\n".join(["def narrow(m):", *(f"    {line}" for line in lines)])
    exec(compile(text, f"<narrower of {kind.__name__}>", "exec"), names)
    made: Narrow = names["narrow"]
    return made


def _lines(kind: type, path: str, names: dict[str, Any]) -> list[str]:
    found: list[str] = []
    # a class that is no generated one has no fields that are known
    slots = [name for name in getattr(kind, "__slots__", ()) if name != "_check_fields"]
    for name, slot_type in zip(slots, getattr(kind, "SLOT_TYPES", ())):
        inner, form = f"{path}.{name}", type(slot_type).__name__
        if form == "BasicType" and slot_type.typename == "float":
            found.append(f"{inner} = single({inner}).value")
        elif form == "NamespacedType":
            found += _lines(class_of(slot_type), inner, names)
        elif form != "BasicType" and type(getattr(slot_type, "value_type", None)).__name__ == "NamespacedType":
            part = narrower(class_of(slot_type.value_type))
            if part is not None:
                names[f"part{len(names)}"] = part
                found.append(f"for item in {inner}: part{len(names) - 1}(item)")
    return found
