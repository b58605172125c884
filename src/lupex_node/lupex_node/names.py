# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Names of the graph as ROS 2 resolves them: relative to a namespace, then by the remaps of a node."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

ROOT = "/"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Remap = tuple[str, str]
"""From, to; each absolute, relative or private (`~`)."""


def absolute(namespace: str) -> str:
    """Return a namespace with its leading slash and without a closing one."""
    return f"/{namespace.strip('/')}"


def is_namespace(namespace: str) -> bool:
    """Tell whether ROS 2 takes an absolute namespace: words of letters, digits and `_` that begin with no digit."""
    return namespace == ROOT or (
        namespace.startswith("/") and all(_NAME.fullmatch(part) for part in namespace[1:].split("/"))
    )


def pushed(above: str, namespace: str) -> str:
    """Return the namespace within another; an absolute one stands for itself."""
    return absolute(namespace if namespace.startswith("/") else f"{above}/{namespace}")


def expanded(name: str, namespace: str, node: str) -> str:
    """Return the full name of what a node in a namespace calls `name`."""
    if name.startswith("/"):
        return name
    if name == "~" or name.startswith("~/"):
        name = f"{node}{name[1:]}"
    return f"{namespace.rstrip('/')}/{name}"


def resolved(name: str, namespace: str, node: str, remaps: Sequence[Remap]) -> str:
    """Return the full name after the first remap that is for it."""
    full = expanded(name, namespace, node)
    for source, target in remaps:
        if expanded(source, namespace, node) == full:
            return expanded(target, namespace, node)
    return full


def below(full: str, namespace: str) -> str | None:
    """Return a full name as a rover without a namespace would have it; None for one outside the namespace."""
    inside = f"{namespace.rstrip('/')}/"
    return f"/{full[len(inside) :]}" if full.startswith(inside) else None


def own_directory(directory: str | Path, namespace: str) -> Path:
    """Return where the node of a namespace keeps its files below a directory that others may share."""
    return Path(directory) / namespace.strip("/")


def namespace_in(words: Sequence[str]) -> str:
    """Return the namespace that a command line gives its node."""
    for option, word in itertools.pairwise(words):
        if option in ("-r", "--remap") and word.rpartition(":=")[0].endswith("__ns"):
            return absolute(word.rpartition(":=")[2])
    return ROOT
