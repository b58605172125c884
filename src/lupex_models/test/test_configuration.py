# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass, field

import pytest

from lupex_models.configuration import (
    ConfigurationError,
    check,
    describe,
    from_mapping,
    read_configuration,
    read_yaml,
    setting,
)


@dataclass(frozen=True)
class Inner:
    ratio: float = setting(0.5, "a share", minimum=0, maximum=1)


@dataclass(frozen=True)
class Needed:
    length_m: float = setting(description="how long", unit="m", minimum=0, maximum=10)


@dataclass(frozen=True)
class Outer:
    needed: Needed
    count: int = setting(3, "how many", minimum=1, maximum=9)
    name: str = setting("a", "what it is called")
    on: bool = setting(True, "whether it works")
    bends: tuple[float, ...] = setting((1.0, 2.0), "where it bends", unit="m", minimum=0, maximum=5)
    inner: Inner = field(default_factory=Inner)


GIVEN = {"needed": {"length_m": 2}}


def test_defaults_and_whole_numbers_become_what_the_fields_say():
    made = from_mapping(Outer, GIVEN, "file")
    assert made == Outer(Needed(2.0))
    assert isinstance(made.needed.length_m, float)
    changed = from_mapping(Outer, {**GIVEN, "bends": [1, 2.5], "inner": {"ratio": 1}, "on": False}, "file")
    assert changed.bends == (1.0, 2.5)
    assert changed.inner.ratio == 1.0
    assert not changed.on


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({**GIVEN, "cuont": 3}, r"file: unknown key 'cuont'; known here: needed, count"),
        ({"needed": {"length_m": 2, "x": 1}}, r"unknown key 'needed.x'"),
        ({}, r"key 'needed.length_m' is missing; it takes a number from 0 up to 10 m"),
        ({"needed": {}}, r"'needed.length_m' is missing"),
        ({"needed": 3}, r"needed must be a section"),
        ({**GIVEN, "count": 0}, r"'count' is 0 but takes a whole number from 1 up to 9"),
        ({**GIVEN, "count": 10}, r"'count' is 10"),
        ({**GIVEN, "count": 2.5}, r"'count' is 2.5 but takes a whole number"),
        ({**GIVEN, "count": True}, r"'count' is True"),
        ({**GIVEN, "name": 3}, r"'name' is 3 but takes a text"),
        ({**GIVEN, "on": 1}, r"'on' is 1 but takes true or false"),
        ({**GIVEN, "bends": 1.0}, r"'bends' is 1.0 but takes a list from 0 up to 5 m"),
        ({**GIVEN, "bends": "12"}, r"'bends' is '12' but takes a list"),
        ({**GIVEN, "bends": [1, "x"]}, r"'bends' is 'x'"),
        ({**GIVEN, "bends": [1, 6]}, r"'bends' is 6 but"),
        ({"needed": {"length_m": "2"}}, r"'needed.length_m' is '2'"),
        ({"needed": {"length_m": -1}}, r"'needed.length_m' is -1 but"),
        ({"needed": {"length_m": float("nan")}}, r"is nan"),
        ({"needed": {"length_m": float("inf")}}, r"is inf"),
        ({"needed": {"length_m": False}}, r"is False"),
        ({"needed": {"length_m": None}}, r"is None"),
        (3, r"must be a section|mapping"),
    ],
)
def test_refusals_name_source_key_and_what_is_allowed(values, words):
    with pytest.raises(ConfigurationError, match=words):
        from_mapping(Outer, values, "file")


def test_describe_lists_leaves_with_dotted_names():
    leaves = {leaf.name: leaf for leaf in describe(Outer)}
    assert list(leaves) == ["needed.length_m", "count", "name", "on", "bends", "inner.ratio"]
    assert leaves["needed.length_m"].required
    assert not leaves["count"].required
    assert leaves["inner.ratio"].allowed == "a number from 0 up to 1"
    assert leaves["name"].allowed == "a text"
    assert check(leaves["count"], 4, "file") == 4


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.yaml"
    with pytest.raises(ConfigurationError, match=r"a\.yaml: cannot be read: No such file"):
        read_yaml(path)
    path.write_text("a: [1")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        read_yaml(path)
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        read_yaml(path)
    path.write_text("- 1\n")
    with pytest.raises(ConfigurationError, match="must hold a mapping"):
        read_yaml(path)


def test_read_configuration_names_the_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("needed: {length_m: 2}\ncount: 4\n")
    assert read_configuration(Outer, path).count == 4
    path.write_text("needed: {length_m: 20}\n")
    with pytest.raises(ConfigurationError, match=r"a\.yaml: 'needed\.length_m' is 20"):
        read_configuration(Outer, path)
