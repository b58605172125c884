# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where installed packages and their executables are, by the ament index on AMENT_PREFIX_PATH."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_MOST_NAMED = 3


def package_prefix(package: str, environment: Mapping[str, str]) -> Path:
    """Return the first prefix that holds the package; raise LookupError."""
    prefixes = [prefix for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in prefixes:
        if (Path(prefix) / "share" / "ament_index" / "resource_index" / "packages" / package).exists():
            return Path(prefix)
    searched = ", ".join(prefixes) or "nothing: AMENT_PREFIX_PATH is empty"
    if len(prefixes) > _MOST_NAMED:
        searched = f"the {len(prefixes)} directories of AMENT_PREFIX_PATH"
    theirs = "" if package.startswith("lupex_") else f"; for ROS 2 Jazzy it is ros-jazzy-{package.replace('_', '-')}"
    raise LookupError(f"there is no package '{package}' (searched {searched}){theirs}")


def package_share(package: str, environment: Mapping[str, str]) -> Path:
    """Return the package's share directory; raise LookupError."""
    return package_prefix(package, environment) / "share" / package


def package_executable(package: str, executable: str, environment: Mapping[str, str]) -> Path:
    """Return the path of a package's executable; raise LookupError that lists those it has."""
    directory = package_prefix(package, environment) / "lib" / package
    path = directory / executable
    if path.is_file() and os.access(path, os.X_OK):
        return path
    names = sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []
    raise LookupError(f"package '{package}' has no executable '{executable}': it has {', '.join(names) or 'none'}")
