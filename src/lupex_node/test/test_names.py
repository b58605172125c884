# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Names as ROS 2 resolves them."""

from pathlib import Path

import pytest

from lupex_node.names import below, expanded, is_namespace, namespace_in, own_directory, pushed, resolved


@pytest.mark.parametrize(
    ("name", "full"),
    [("plan/path", "/r1/plan/path"), ("/plan/path", "/plan/path"), ("~/state", "/r1/arm/state"), ("~", "/r1/arm")],
)
def test_a_name_is_relative_to_the_namespace_unless_it_is_absolute(name, full):
    assert expanded(name, "/r1", "arm") == full


def test_without_a_namespace_a_relative_name_gets_a_slash():
    assert expanded("plan/path", "/", "arm") == "/plan/path"


def test_the_first_remap_that_is_for_a_name_counts_once():
    remaps = (("/clock", "clock"), ("clock", "/elsewhere"), ("cmd_vel", "/base/cmd_vel"))
    assert resolved("/clock", "/r1", "arm", remaps) == "/r1/clock"
    assert resolved("clock", "/r1", "arm", remaps) == "/elsewhere"
    assert resolved("cmd_vel", "/r1", "arm", remaps) == "/base/cmd_vel"
    assert resolved("other", "/r1", "arm", remaps) == "/r1/other"


@pytest.mark.parametrize(
    ("above", "namespace", "whole"),
    [("", "r1", "/r1"), ("/site", "r1", "/site/r1"), ("/site", "/r1", "/r1"), ("/site", "", "/site"), ("", "", "/")],
)
def test_a_namespace_is_pushed_within_the_one_above(above, namespace, whole):
    assert pushed(above, namespace) == whole


def test_a_namespace_is_of_words_that_begin_with_no_digit():
    assert all(map(is_namespace, ("/", "/r1", "/site/r1", "/_a")))
    assert not any(map(is_namespace, ("", "r1", "/1r", "/a-b", "/a//b", "/a/")))


def test_what_lies_outside_a_namespace_has_no_name_below_it():
    assert below("/r1/plan/path", "/r1") == "/plan/path"
    assert below("/r12/plan/path", "/r1") is None
    assert below("/plan/path", "/r1") is None
    assert below("/plan/path", "/") == "/plan/path"


def test_each_namespace_has_a_directory_of_its_own():
    assert own_directory("state", "/") == Path("state")
    assert own_directory("/var/state", "/site/r1") == Path("/var/state/site/r1")


def test_the_namespace_of_a_command_line():
    words = ["simulator", "--ros-args", "-r", "__node:=simulator", "-r", "__ns:=/r1"]
    assert namespace_in(words) == "/r1"
    assert namespace_in(["simulator", "--ros-args", "--remap", "simulator:__ns:=/r2"]) == "/r2"
    assert namespace_in(["simulator", "--ros-args", "-r", "a:=b"]) == "/"
