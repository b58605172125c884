# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files as ROS 2 reads them, and what in them no node could take."""

import pytest

from lupex_models.configuration import ConfigurationError
from lupex_node.parameter_files import given_to, matches, parse_parameter_file, read_parameter_file


def block(name, text):
    return f"{name}:\n  ros__parameters: {text}\n"


def values(files, node):
    return {key: given.value for key, given in given_to(files, node).items()}


@pytest.mark.parametrize(
    ("pattern", "nodes", "others"),
    [
        ("/mobility", ["/mobility"], ["/r1/mobility", "/mobility2"]),
        ("/**", ["/mobility", "/a/b/mobility"], []),
        ("/*", ["/mobility"], ["/r1/mobility"]),
        ("/**/mobility", ["/mobility", "/r1/mobility", "/a/b/mobility"], ["/power", "/r1/power"]),
        ("/*/mobility", ["/r1/mobility"], ["/mobility", "/a/b/mobility"]),
        ("/r1/*", ["/r1/mobility"], ["/r2/mobility", "/r1"]),
    ],
)
def test_a_star_stands_for_one_part_of_a_name_and_two_for_any_number(pattern, nodes, others):
    """As rclpy 7.1 matched the same patterns."""
    assert [node for node in [*nodes, *others] if matches(pattern, node)] == nodes


def test_nested_namespaces_and_sections_become_one_name():
    text = "r1:\n  mobility:\n    ros__parameters:\n      guard: {age: 1, tilt: {most: 2}}\n      guard.slip: 3\n"
    file = parse_parameter_file(text, "a.yaml")
    assert file.blocks == {"/r1/mobility": {"guard.age": 1, "guard.tilt.most": 2, "guard.slip": 3}}


def test_files_combine_and_each_parameter_is_known_by_its_file():
    first = parse_parameter_file(block("mobility", "{a: 1, b: 1}") + block("power", "{z: 9}"), "first.yaml")
    second = parse_parameter_file(block("/mobility", "{b: 2, c: [1, 2]}"), "second.yaml")
    given = given_to([first, second], "/mobility")
    assert {key: (one.value, one.file) for key, one in given.items()} == {
        "a": (1, "first.yaml"),
        "b": (2, "second.yaml"),
        "c": ([1, 2], "second.yaml"),
    }


def test_of_blocks_the_one_counts_whose_name_stood_first_latest():
    """As rcl has it: a block keeps the place at which its name first stood."""
    named, for_all = parse_parameter_file(block("n", "{a: 1}"), "1"), parse_parameter_file(block("/**", "{a: 2}"), "2")
    assert values([named, for_all], "/n") == {"a": 2}
    assert values([for_all, named], "/n") == {"a": 1}
    assert values([for_all, named, parse_parameter_file(block("/**", "{a: 3}"), "3")], "/n") == {"a": 1}


def test_an_empty_file_and_an_empty_block_hold_nothing():
    assert values([parse_parameter_file("", "1"), parse_parameter_file(block("n", ""), "2")], "/n") == {}


def test_a_file_for_other_nodes_alone_is_refused():
    file = parse_parameter_file(block("mobilty", "{a: 1}") + block("power", "{a: 1}"), "x.yaml")
    with pytest.raises(
        ConfigurationError, match=r"x\.yaml: has no block for the node /r1/mobility, only for /mobilty, "
    ):
        given_to([file], "/r1/mobility")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not YAML: while parsing"),
        ("a:\n  - b\n c: d", "is not YAML: "),
        ("- a", "holds no ros__parameters"),
        ("mobility: 3", "'/mobility' holds no ros__parameters"),
        ("mobility:\n  speed: 3", "'/mobility/speed' holds no ros__parameters"),
        ("ros__parameters: {a: 1}", "stands below a node's name"),
        (block("n", "[1]"), "holds keys and values"),
        (block("n", "{a: [1, b]}"), "'a' is a list of more than one type"),
        (block("n", "{a: [[1], [2]]}"), "'a' is neither true, false, a number"),
        (block("n", "{a: {b: null}}"), "'a.b' is neither true, false, a number"),
        (block("n", "{a: 1, b: 2, a: 3}"), "the key 'a' stands twice"),
    ],
)
def test_what_is_no_parameter_file_is_one_sentence_with_its_name(text, words):
    with pytest.raises(ConfigurationError, match=r"^x\.yaml: ") as refusal:
        parse_parameter_file(text, "x.yaml")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml: the parameter file cannot be read: No such file"):
        read_parameter_file(tmp_path / "none.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"x\.yaml: the parameter file is no text"):
        read_parameter_file(tmp_path / "x.yaml")
