# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings as frozen dataclasses: one place for a default, its unit, its bounds and its meaning."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


class ConfigurationError(ValueError):
    """Say which file and key is wrong, and what is allowed there."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """One leaf of a configuration dataclass; `name` is dotted through nested sections."""

    name: str
    type: type
    default: Any
    unit: str
    minimum: float | None
    maximum: float | None
    description: str

    @property
    def required(self) -> bool:
        """Tell whether the setting has no default."""
        return self.default is dataclasses.MISSING

    @property
    def allowed(self) -> str:
        """Describe the values the setting takes, in words for a person."""
        kind = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}.get(self.type, "a list")
        low = "" if self.minimum is None else f" from {self.minimum:g}"
        high = "" if self.maximum is None else f" up to {self.maximum:g}"
        return f"{kind}{low}{high}{f' {self.unit}' if self.unit and (low or high) else ''}"


def setting(
    default: Any = dataclasses.MISSING,
    description: str = "",
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare a dataclass field with its meaning, unit and bounds; without a default it must be given."""
    metadata = {"description": description, "unit": unit, "minimum": minimum, "maximum": maximum}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def describe(cls: type) -> tuple[Setting, ...]:
    """List the settings of a configuration dataclass in order, nested sections with dotted names."""
    hints = typing.get_type_hints(cls)
    found: list[Setting] = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            inner = describe(typing.cast(type, hint))
            found += [dataclasses.replace(leaf, name=f"{field.name}.{leaf.name}") for leaf in inner]
            continue
        found.append(
            Setting(
                field.name,
                hint,
                field.default,
                field.metadata.get("unit", ""),
                field.metadata.get("minimum"),
                field.metadata.get("maximum"),
                field.metadata.get("description", ""),
            )
        )
    return tuple(found)


def from_mapping(cls: type[T], values: Mapping[str, Any], source: str) -> T:
    """Build a configuration from a (nested) mapping, refusing unknown, missing and out-of-range values.

    `source` names the file or node for the error's text. Raises ConfigurationError.
    """
    return _section(cls, values, source, "")


def read_configuration(cls: type[T], path: Path) -> T:
    """Read a configuration from a YAML file; raises ConfigurationError with the file, key and allowed range."""
    return from_mapping(cls, read_yaml(path), str(path))


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read a YAML mapping; raises ConfigurationError when it is absent or is none."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"{path}: must hold a mapping of keys to values")
    return values


def _section(cls: type[T], values: Mapping[str, Any], source: str, prefix: str) -> T:
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"{source}: {prefix.rstrip('.')} must be a section of keys and values")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ConfigurationError(f"{source}: unknown key '{prefix}{key}'; known here: {', '.join(fields)}")
    hints = typing.get_type_hints(cls)
    leaves = {leaf.name: leaf for leaf in describe(cls)}
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if dataclasses.is_dataclass(hints[name]):
            needs = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if name in values or needs:
                section = typing.cast(type, hints[name])
                arguments[name] = _section(section, values.get(name, {}), source, f"{prefix}{name}.")
        elif name in values:
            arguments[name] = check(leaves[name], values[name], source, prefix)
        elif leaves[name].required:
            raise ConfigurationError(f"{source}: key '{prefix}{name}' is missing; it takes {leaves[name].allowed}")
    return cls(**arguments)


def check(leaf: Setting, value: Any, source: str, prefix: str = "") -> Any:
    """Return `value` in the setting's type; raises ConfigurationError when type or range do not fit."""
    refusal = ConfigurationError(f"{source}: '{prefix}{leaf.name}' is {value!r} but takes {leaf.allowed}")
    if isinstance(leaf.type, types.GenericAlias):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise refusal
        kind = typing.get_args(leaf.type)[0]
        single = dataclasses.replace(leaf, type=kind)
        return tuple(check(single, item, source, prefix) for item in value)
    if leaf.type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, leaf.type) or (isinstance(value, bool) and leaf.type is not bool):
        raise refusal
    if isinstance(value, float) and not math.isfinite(value):
        raise refusal
    if isinstance(value, int | float) and not isinstance(value, bool):
        if leaf.minimum is not None and value < leaf.minimum:
            raise refusal
        if leaf.maximum is not None and value > leaf.maximum:
            raise refusal
    return value
