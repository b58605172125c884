# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest
import yaml

from lupex_launch.parameters import parameter_file_text, typed_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1.0", 1.0),
        ("true", True),
        ("'1'", "1"),
        ("abc", "abc"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ("[a, b]", ["a", "b"]),
        ("[]", []),
        ("a: b: c", "a: b: c"),
        ("/a/path", "/a/path"),
    ],
)
def test_values_get_yamls_types(text, expected):
    value = typed_value(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", ["[1, a]", "[1, 2.0]", "[[1], [2]]", "{a: 1}", "2026-11-22"])
def test_other_values_are_refused(text):
    with pytest.raises(ValueError, match=r"list of|neither a bool"):
        typed_value(text)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1", "str", "1"),
        ("", "str", ""),
        ("a: b: c", "str", "a: b: c"),
        ("1", "float", 1.0),
        ("1", "int", 1),
        ("on", "bool", True),
        ("[1.0, 2.0]", "list_of_float", [1.0, 2.0]),
        ("[a]", "list_of_str", ["a"]),
        ("[]", "list_of_int", []),
    ],
)
def test_a_named_type_is_kept(text, kind, expected):
    value = typed_value(text, kind)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a", "float"),
        ("1.5", "int"),
        ("1", "bool"),
        ("true", "int"),
        ("[1, 2]", "int"),
        ("1", "list_of_int"),
        ("[1, 2]", "list_of_float"),
    ],
)
def test_a_value_of_another_type_than_named_is_refused(text, kind):
    with pytest.raises(ValueError, match=f"is not of the type {kind}"):
        typed_value(text, kind)


def test_a_named_node_gets_its_own_block():
    assert yaml.safe_load(parameter_file_text("/power", {"a": 1.5, "b": [True]})) == {
        "/power": {"ros__parameters": {"a": 1.5, "b": [True]}}
    }


def test_an_unnamed_node_gets_the_wildcard():
    assert list(yaml.safe_load(parameter_file_text("", {"a": 1}))) == ["/**"]


def test_nothing_to_set_is_no_file():
    assert parameter_file_text("/power", {}) == ""
