# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A demo as its user runs it, and what it leaves."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

WALL_LIMIT_S = 600.0


@dataclasses.dataclass(frozen=True)
class ShortSortie:
    """What a demo left: its directory, exit code and output, and what could be seen while it ran."""

    out: Path
    exit_code: int
    output: str
    topics: dict[str, list[str]]
    second_instance: subprocess.CompletedProcess[str]
    opened: Path | None = None
    """Where its processes noted what they opened."""
    listeners: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    """Nodes that listened, by topic."""


def door(*arguments: str, **options) -> list[str]:
    """Return the command line of ./lupex within the present environment."""
    return [sys.executable, "-m", "lupex_cli.door", *arguments]


def conduct(base: Path, environment: dict[str, str], *options: str) -> ShortSortie:
    """Run the demo on the plain in lock step."""
    demo = subprocess.run(
        door("demo", "--lockstep", "--world", "plain", "--headless", "--out", str(base / "out"), *options),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WALL_LIMIT_S,
        check=False,
    )
    return ShortSortie(base / "out", demo.returncode, demo.stdout + demo.stderr, {}, demo)
