# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Truth levels as files: worlds/truth/NAME.yaml, read strictly and whole."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml
from lupex_worlds.spread import check_pairs
from lupex_worlds.truth.level import TruthLevel

_DIRECTORY = "truth"


def find_level(name_or_path: str, worlds_directories: Sequence[Path]) -> Path:
    """Return the file of a level's name, or the path itself. Raises ConfigurationError listing what there is."""
    if name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path:
        path = Path(name_or_path)
        if path.is_file():
            return path
        raise ConfigurationError(f"{path}: there is no such file of a truth level")
    for directory in worlds_directories:
        path = directory / _DIRECTORY / f"{name_or_path}.yaml"
        if path.is_file():
            return path
    known = sorted({path.stem for directory in worlds_directories for path in (directory / _DIRECTORY).glob("*.yaml")})
    raise ConfigurationError(f"there is no truth level '{name_or_path}'; known levels: {', '.join(known) or 'none'}")


def read_level(name_or_path: str, worlds_directories: Sequence[Path]) -> TruthLevel:
    """Read a level; its name is the file's stem.

    Every number stands in the file, so that no default that changes later moves a level. Raises ConfigurationError
    with the file, the key and what is allowed there.
    """
    path = find_level(name_or_path, worlds_directories)
    source = str(path)
    values = dict(read_yaml(path))
    if "name" in values:
        raise ConfigurationError(f"{source}: 'name' is the file's own name and stands nowhere else")
    level = from_mapping(TruthLevel, {**values, "name": path.stem}, source)
    missing = [key for key in _keys(level, "") if not _holds(values, key)]
    if missing:
        raise ConfigurationError(
            f"{source}: '{missing[0]}' is missing: a level states every number, also one that is zero"
        )
    check_pairs(level, source, "")
    return level


def _keys(section: Any, prefix: str) -> list[str]:
    found = []
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        key = f"{prefix}{field.name}"
        found += _keys(value, f"{key}.") if dataclasses.is_dataclass(value) else [key]
    return [key for key in found if key != "name"]


def _holds(values: Any, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True
