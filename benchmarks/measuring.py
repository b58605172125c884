# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What every benchmark needs: its inputs, clocks, a child process, and the words for its result."""

import datetime
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_SOURCES = ("src", "config", "worlds", "launch", "description", "deps")

Row = dict[str, Any]
"""One trial, as JSON takes it."""


@dataclass(frozen=True)
class Context:
    """What a benchmark is given.

    data is the directory of public data, or None: then terrain is generated. quick asks for the reduced form. peer
    returns an installed peer or None after having said why not. shared carries inputs between the benchmarks of a run.
    Benchmarks of long trials take seeds, how many there are to be, begin none when budget_s of wall time are over, and
    keep finished trials in the file kept, from which a later run goes on.
    """

    seed: int
    data: Path | None
    quick: bool
    peer: Callable[[str], ModuleType | None]
    say: Callable[[str], None]
    shared: dict[str, Any] = field(default_factory=dict)
    seeds: int | None = None
    budget_s: float = math.inf
    kept: Path | None = None


@dataclass(frozen=True)
class Asked:
    """A bound that an issue puts on a figure."""

    bound: float
    at_most: bool = True

    def met(self, value: float) -> bool:
        """Tell whether a figure keeps to the bound."""
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"at {'most' if self.at_most else 'least'} {self.bound:g}"


@dataclass(frozen=True)
class Outcome:
    """What a benchmark found: figures by name, the trials behind them by table, and how it was measured."""

    figures: Mapping[str, float]
    rows: Mapping[str, list[Row]]
    notes: tuple[str, ...] = ()


def timed(action: Callable[[], object], repeats: int, **about: Any) -> list[Row]:
    """Run an action several times; return a row of wall and CPU time (of all threads) for each."""
    rows = []
    for repeat in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        rows.append(
            {
                **about,
                "repeat": repeat,
                "wall_s": time.perf_counter() - wall,
                "cpu_s": time.process_time() - cpu,
                "load": os.getloadavg()[0],
            }
        )
    return rows


def best(rows: list[Row], key: str) -> float:
    """Return the least value of a column: what the machine can do when nothing disturbs it."""
    return float(min(row[key] for row in rows))


def run_child(module: str, argument: Row, environment: Mapping[str, str] | None = None) -> Row:
    """Run a module of this package in a fresh process, give it one JSON object and return the one that it prints.

    Raises RuntimeError with the end of its output when it fails.
    """
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if entry)])
    done = subprocess.run(
        [sys.executable, "-m", module, json.dumps(argument)],
        env={**os.environ, **(environment or {}), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stderr.strip()[-2000:]}")
    found: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def machine() -> Row:
    """Describe the machine and the libraries that decide how fast it is."""
    import numba
    import numpy
    import scipy

    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_at_start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "numba_threads": numba.get_num_threads(),
    }


def commit() -> str:
    """Return the commit of the repository, with a + when the work tree differs; 'unknown' outside one."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+" if _git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def sources() -> str:
    """Return a hash of all that decides how a sortie goes: code, configuration, worlds and launch files as they are."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and "test" not in path.relative_to(ROOT).parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def today() -> str:
    """Return the date of the run, UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
