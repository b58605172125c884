# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`./lupex test`: the linters, then one pytest."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

MARKED_LEVELS = ("property", "golden", "node", "system", "gazebo")
LEVELS = ("lint", "unit", *MARKED_LEVELS, "all")

GAZEBO_OUT = "lupex-gazebo"
"""Where the gazebo level writes, from where the user stands."""

USAGE = f"""usage: ./lupex test [LEVEL] [pytest arguments]

Without a level and arguments: the linters, then every test. LEVEL is one of {", ".join(LEVELS)};
unit means every test without a mark; gazebo is for a machine that has gz, writes what it measured to {GAZEBO_OUT}
or to --gazebo-out, and takes 15 minutes at most."""


def split_level(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return the level that the arguments begin with, if they do, and the rest."""
    if arguments and arguments[0] in LEVELS:
        return arguments[0], arguments[1:]
    return None, arguments


def marker_expression(level: str | None) -> str | None:
    """Return what pytest's -m gets for the level."""
    if level == "unit":
        return " and ".join(f"not {mark}" for mark in MARKED_LEVELS)
    return level if level in MARKED_LEVELS else None


def pytest_arguments(level: str | None, rest: list[str], directory: Path, workspace: Path | None) -> list[str]:
    """Return pytest's command line, run from the repository's root.

    Paths in `rest` are relative to `directory`, where the user stands. What pytest writes goes to the `workspace`.
    """
    expression = marker_expression(level)
    whole = level in (None, "all") and not rest
    return [
        # each file is one process's: its tests share what is costly to make
        *(["-n", "2", "--no-loadscope-reorder"] if whole and importlib.util.find_spec("xdist") else []),
        *(["-m", expression] if expression else []),
        *(_gazebo_out(rest, directory) if level == "gazebo" else []),
        *(["-o", f"cache_dir={workspace / 'pytest'}"] if workspace else []),
        # the built packages, not src/ beside them: kernels that are compiled here then serve the nodes too
        *(["-o", "pythonpath=test"] if workspace else []),
        *(from_directory(argument, directory) for argument in rest),
    ]


def _gazebo_out(rest: list[str], directory: Path) -> list[str]:
    given = any(argument.partition("=")[0] == "--gazebo-out" for argument in rest)
    return [] if given else [f"--gazebo-out={directory / GAZEBO_OUT}"]


def from_directory(argument: str, directory: Path) -> str:
    """Make the path of a test, `FILE` or `FILE::NAME`, absolute; leave every other argument alone."""
    path, separator, name = argument.partition("::")
    if argument.startswith("-") or not path or not (directory / path).exists():
        return argument
    return f"{(directory / path).resolve()}{separator}{name}"


def lint_commands(packages: list[str]) -> list[list[str]]:
    """Return the linters' command lines for the Python packages, run from the repository's root."""
    return [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", *packages]]


def python_packages(root: Path) -> list[str]:
    """Return the Python packages under src/, relative to the root."""
    return sorted(str(path.parent.relative_to(root)) for path in root.glob("src/*/*/__init__.py"))


def lint(root: Path) -> int:
    """Run the linters; return the exit code of the first that complains."""
    packages = python_packages(root)
    path = os.pathsep.join(str(root / package.rpartition("/")[0]) for package in packages)
    for command in lint_commands(packages):
        if importlib.util.find_spec(command[0]) is None:
            print(f"{command[0]} is not installed: skipped.", flush=True)
            continue
        print(f"$ {' '.join(command[:3])}", flush=True)
        code = subprocess.call([sys.executable, "-m", *command], cwd=root, env={**os.environ, "MYPYPATH": path})
        if code != 0:
            return code
    return 0


def environment(workspace: Path | None) -> dict[str, str]:
    """Return the variables that the tests need and the caller has not set."""
    wanted = {"PYTHONUNBUFFERED": "1"}
    if workspace:
        wanted["RUFF_CACHE_DIR"] = str(workspace / "ruff")
        wanted["MYPY_CACHE_DIR"] = str(workspace / "mypy")
        wanted["HYPOTHESIS_STORAGE_DIRECTORY"] = str(workspace / "hypothesis")
    return {name: value for name, value in wanted.items() if name not in os.environ}


def main() -> int:
    """Run the linters and pytest as the command line says; return the exit code."""
    level, rest = split_level(sys.argv[1:])
    if level is None and rest in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    directory = Path.cwd()
    root = Path(os.environ["LUPEX_ROOT"])
    workspace = Path(os.environ["LUPEX_WORKSPACE"]) if os.environ.get("LUPEX_WORKSPACE") else None
    os.environ.update(environment(workspace))
    if level == "lint" or (level is None and not rest):
        code = lint(root)
        if code != 0 or level == "lint":
            return code
    os.chdir(root)
    sys.stdout.flush()
    os.execv(
        sys.executable, [sys.executable, "-P", "-m", "pytest", *pytest_arguments(level, rest, directory, workspace)]
    )


if __name__ == "__main__":
    sys.exit(main())
