# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Message definitions as rosbag2 stores them: a text with all that it builds on, and a type hash."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PRIMITIVES = frozenset(
    {"bool", "byte", "char", "string", "wstring", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
SEPARATOR = "=" * 80
_FIELD = re.compile(r"^\s*([A-Za-z][\w/]*)(<=\d+)?(\[[^\]]*\])?\s+[A-Za-z]\w*")


class SchemaError(RuntimeError):
    """Say which message definition is not to be had."""


@dataclass(frozen=True)
class Schema:
    """Definition of a message type: name as in `pkg/msg/Name`, text, RIHS01 hash (empty if unknown)."""

    name: str
    text: str
    type_hash: str


def share_finder(prefixes: Iterable[Path]) -> Callable[[str], Path | None]:
    """Make a function that finds a package's share directory under install prefixes, first come first."""
    known = list(prefixes)

    def find(package: str) -> Path | None:
        places = (prefix / "share" / package for prefix in known)
        return next((place for place in places if place.is_dir()), None)

    return find


def read_schema(name: str, find_share: Callable[[str], Path | None]) -> Schema:
    """Read a message type's definition and all it builds on from the packages' share directories.

    Raises SchemaError when a definition is missing.
    """
    texts: dict[str, str] = {}
    _collect(name, find_share, texts)
    first, *rest = texts
    parts = [texts[first]]
    parts += [f"{SEPARATOR}\nMSG: {_short(inner)}\n{texts[inner]}" for inner in rest]
    return Schema(name, "\n".join(part.rstrip("\n") for part in parts) + "\n", _type_hash(name, find_share))


def _collect(name: str, find_share: Callable[[str], Path | None], texts: dict[str, str]) -> None:
    if name in texts:
        return
    package, kind, message = name.split("/")
    share = find_share(package)
    path = share / kind / f"{message}.msg" if share else None
    if path is None or not path.is_file():
        raise SchemaError(f"the definition of {name} is not installed")
    texts[name] = path.read_text(encoding="utf-8")
    for inner in _built_on(texts[name], package):
        _collect(inner, find_share, texts)


def _built_on(text: str, package: str) -> list[str]:
    found = []
    for line in text.splitlines():
        match = _FIELD.match(line.split("#", 1)[0])
        if match is None or match.group(1) in PRIMITIVES or match.group(1).startswith(("string<", "wstring<")):
            continue
        parts = match.group(1).split("/")
        found.append(f"{package if len(parts) == 1 else parts[0]}/msg/{parts[-1]}")
    return found


def _short(name: str) -> str:
    package, _, message = name.split("/")
    return f"{package}/{message}"


def _type_hash(name: str, find_share: Callable[[str], Path | None]) -> str:
    package, kind, message = name.split("/")
    share = find_share(package)
    path = share / kind / f"{message}.json" if share else None
    if path is None or not path.is_file():
        return ""
    hashes = json.loads(path.read_text(encoding="utf-8")).get("type_hashes", [])
    return next((item["hash_string"] for item in hashes if item["type_name"] == name), "")
