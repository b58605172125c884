# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Forget compiled kernels that hold code of a file that has changed since.

Numba compiles into a kernel the functions and constants that it takes from other files, but looks for changes in
the kernel's own file only. After an edit or a `git pull` the rover would go on by the physics of the day before.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DIRECTORIES = ("src", "test", "benchmarks")
"""Where in the repository Python files are."""


@dataclass(frozen=True)
class Source:
    """What is remembered of a Python file: its stamp, and the modules that it may take something from."""

    stamp: tuple[int, int]
    imports: frozenset[str]


def forget_stale(workspace: Path) -> int:
    """Delete from `workspace`/numba what the files of `workspace`/src no longer say; return how many indices went.

    What is not remembered may be of any day: then all go.
    """
    root = workspace / "src"
    if not root.is_dir():
        return 0
    record = workspace / "sources.json"
    before = _read(record)
    now = _sources(root, before or {})
    if now == before:
        return 0
    if before is None:
        indices = set(workspace.glob("numba/*/*.nbi"))
    else:
        changed = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
        indices = {index for name in dependents(changed, now) for index in _indices(workspace, Path(name))}
    for index in indices:
        index.unlink(missing_ok=True)
    if indices:
        # whoever starts nodes next compiles first
        (workspace / "kernels").unlink(missing_ok=True)
    _write(record, now)
    return len(indices)


def dependents(changed: Iterable[str], sources: dict[str, Source]) -> set[str]:
    """Return the changed files and all that take something from them, through however many others."""
    users: dict[str, list[str]] = {}
    for name, source in sources.items():
        for module in source.imports:
            users.setdefault(module, []).append(name)
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += users.get(module_name(name), [])
    return found


def module_name(name: str) -> str:
    """Return the module that a file is, by its path in the repository: of src/PACKAGE what follows it counts."""
    parts = Path(name).with_suffix("").parts
    if parts[0] == "src":
        parts = parts[2:]
    elif parts[0] == "test":
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(text: str, module: str, is_package: bool = False) -> frozenset[str]:
    """Return the modules that a file's text may take something from; of a text that does not parse, none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found.add(source)
            found.update(f"{source}.{alias.name}" for alias in node.names)
    return frozenset(found)


def _sources(root: Path, known: dict[str, Source]) -> dict[str, Source]:
    found = {}
    for directory in DIRECTORIES:
        for path in sorted((root / directory).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            source = known.get(name)
            if source is None or source.stamp != stamp:
                text = path.read_text(encoding="utf-8", errors="replace")
                source = Source(stamp, imports(text, module_name(name), path.name == "__init__.py"))
            found[name] = source
    return found


def _indices(workspace: Path, path: Path) -> Iterable[Path]:
    """Numba names a directory by the folder that a file is in, and an index by the file."""
    return workspace.glob(f"numba/{path.parent.name}_*/{path.stem}.*.nbi")


def _read(record: Path) -> dict[str, Source] | None:
    try:
        kept = json.loads(record.read_text(encoding="utf-8"))
        return {name: Source((mtime, size), frozenset(modules)) for name, (mtime, size, modules) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _write(record: Path, sources: dict[str, Source]) -> None:
    kept = {name: [*source.stamp, sorted(source.imports)] for name, source in sources.items()}
    scratch = record.with_name(f"{record.name}.{os.getpid()}")
    scratch.write_text(json.dumps(kept), encoding="utf-8")
    scratch.replace(record)
