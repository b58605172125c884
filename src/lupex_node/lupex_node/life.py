# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a heartbeat says of its node and the process behind it: one life from the next, and where to look for it."""

import re
from dataclasses import dataclass
from pathlib import Path

_STATUS = re.compile(r"lupex/(\w+): health")


def status_name(node: str) -> str:
    """Return the name that a node's heartbeat has among all diagnostics: who, and what of it."""
    return f"lupex/{node}: health"


def node_of(status: str) -> str | None:
    """Return the node whose heartbeat has that name; None for a diagnostic of anything else."""
    found = _STATUS.fullmatch(status)
    return found and found[1]


def hardware_id(namespace: str) -> str:
    """Return which rover a diagnostic is of: by its namespace, where it has one."""
    return namespace.strip("/").replace("/", "-") or "lupex"


@dataclass(frozen=True)
class Life:
    """A process on a host, and when it began [ns since the epoch]."""

    host: str
    pid: int
    begun_ns: int

    def __str__(self) -> str:
        """Return it as a heartbeat carries it."""
        return f"{self.host}:{self.pid}:{self.begun_ns}"


def begun_ticks(pid: int) -> int:
    """Return when a process of this host began, in the kernel's ticks since its start; 0 where that is not known."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def read_life(text: str) -> Life | None:
    """Return the process of a heartbeat; None where it names none, as in lock step or from a foreign node."""
    host, _, rest = text.rpartition(":")[0].rpartition(":")
    begun = text.rpartition(":")[2]
    if not host or not rest.isdecimal() or not begun.isdecimal():
        return None
    return Life(host, int(rest), int(begun))
