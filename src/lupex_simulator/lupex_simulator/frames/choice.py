# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Executable `state_publisher_package`: which package's robot_state_publisher a launch file starts."""

import os
from collections.abc import Mapping
from pathlib import Path

USUAL, OWN = "robot_state_publisher", "lupex_simulator"


def state_publisher_package(environment: Mapping[str, str]) -> str:
    """Return the usual package where it is installed, else ours, which has an executable of the same name."""
    prefixes = [Path(prefix) for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    index = Path("share") / "ament_index" / "resource_index" / "packages" / USUAL
    return USUAL if any((prefix / index).exists() for prefix in prefixes) else OWN


def main() -> int:
    """Print the package, with no line end: the launch file takes every character."""
    print(state_publisher_package(os.environ), end="")
    return 0
