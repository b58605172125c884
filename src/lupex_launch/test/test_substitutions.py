# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_launch.evaluation import LaunchScope
from lupex_launch.packages import package_prefix
from lupex_launch.substitutions import SubstitutionError, condition, parse_template, perform, split_command


def scope(**configurations):
    return LaunchScope(configurations, {"PATH": os.environ["PATH"], "ROVER": "lupex"}, Path("/here"))


def value(text, **configurations):
    return perform(parse_template(text), scope(**configurations))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("$(var a)", "1"),
        ("x$(var a)y$(var b)z", "x1ytwo wordsz"),
        ("$(var none fallback)", "fallback"),
        ("$(var none '')", ""),
        ("$(var $(var c))", "1"),
        ("$(env ROVER)", "lupex"),
        ("$(env NONE other)", "other"),
        ("$(dirname)/x", "/here/x"),
        ("$(equals $(var a) 1)", "true"),
        ("$(equals 1.0 1)", "true"),
        ("$(equals True 1)", "true"),
        ("$(equals a A)", "false"),
        ("$(equals '$(var b)' 'two words')", "true"),
        ("$(equals '' '')", "true"),
        ("$(not-equals a b)", "true"),
        ("$(not true)", "false"),
        ("$(not off)", "true"),
        ("$(and true false)", "false"),
        ("$(and yes on)", "true"),
        ("$(or false $(equals a a))", "true"),
        ("$(or false false)", "false"),
        ("$(command 'echo two words')", "two words\n"),
        ("$(command 'echo $(var a)' ignore)", "1\n"),
        ("$(command \"sh -c 'echo x >&2; echo y'\" ignore)", "y\n"),
        ("$(command \"sh -c 'echo x >&2'\" capture)", "x\n"),
        (r"\$(var a)", "$(var a)"),
        (r"a\b", "ab"),
        (r"$(var none \'x\))", "'x)"),
        ('$(var none "it\'s")', "it's"),
    ],
)
def test_values(text, expected):
    assert value(text, a="1", b="two words", c="a") == expected


def test_a_warned_command_still_yields_its_output(capsys):
    assert value("$(command \"sh -c 'echo x >&2; echo y'\" warn)") == "y\n"
    assert "wrote to stderr: x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$(var a", "not closed"),
        ("$(var  a)", "one space separates"),
        ("$(var 'a)", "quote is not closed"),
        ("$( var a)", "no name"),
        ("$(eval 1+1)", r"\$\(eval\) is not one of and, command, dirname"),
        ("$(var)", "takes 1 or 2 arguments, and here it has 0"),
        ("$(not a b)", "takes 1 argument, and here it has 2"),
        ("$(equals a)", "takes 2 arguments, and here it has 1"),
        ("$(var none)", "no launch configuration 'none'"),
        ("$(env NONE)", "'NONE' is not set"),
        ("$(find-pkg-share none)", "there is no package 'none'"),
        ("$(not 1)", "'1' is neither true nor false"),
        ("$(and true maybe)", "'maybe' is neither"),
        ("$(or ': :' true)", "neither true nor false"),
        ("$(command false)", "failed with 1"),
        ("$(command no-such-program)", "cannot be run"),
        ("$(command 'echo \\'')", "cannot be run: No closing quotation"),
        ("$(command \"sh -c 'echo x >&2'\")", "wrote to stderr: x"),
        ("$(command true sometimes)", "second argument is fail"),
        ("costs $5", "a lone '\\$'"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(SubstitutionError, match=message):
        value(text)


def test_a_commands_own_sentence_is_told_as_it_is(tmp_path):
    command = tmp_path / "make_world"
    command.write_text('#!/bin/sh\necho "make_world: $1" >&2\n[ -z "$2" ] || echo more >&2\nexit 1\n')
    command.chmod(0o755)
    with pytest.raises(SubstitutionError, match=r"^make_world: Gazebo is not installed$"):
        value(f"$(command \"{command} 'Gazebo is not installed'\" warn)")
    # of several lines nobody knows which one is the reason, and so all is told
    with pytest.raises(SubstitutionError, match=r"(?s)^the command .* failed with 1: make_world: one\nmore$"):
        value(f"$(command '{command} one two')")


def test_a_missing_package_is_one_short_sentence():
    many = ":".join(f"/prefix/{k}" for k in range(20))
    with pytest.raises(LookupError) as refusal:
        package_prefix("ros_gz_bridge", {"AMENT_PREFIX_PATH": many})
    assert "searched the 20 directories of AMENT_PREFIX_PATH" in refusal.value.args[0]
    assert "ros-jazzy-ros-gz-bridge" in refusal.value.args[0]
    with pytest.raises(LookupError) as refusal:
        package_prefix("lupex_none", {"AMENT_PREFIX_PATH": "/a:/b"})
    assert refusal.value.args[0] == "there is no package 'lupex_none' (searched /a, /b)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls -l 'a b'", ["ls", "-l", "a b"]),
        ("$(var b)", ["two words"]),
        ("echo $(var b) x", ["echo", "two words", "x"]),
        ("$(var a) $(var b)", ["1", "two words"]),
        ("$(var a)/bin/x y z", ["1/bin/x", "y", "z"]),
        ("--a=$(var b)", ["--a=two words"]),
        ("--a=$(var b)/c d", ["--a=two words/c", "d"]),
        ("", []),
        ("   ", []),
    ],
)
def test_commands_split_at_literal_spaces_alone(text, expected):
    assert split_command(parse_template(text), scope(a="1", b="two words")) == expected


def test_a_command_with_an_open_quote_is_refused():
    with pytest.raises(SubstitutionError, match="cannot be split"):
        split_command(parse_template("echo 'a"), scope())


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), (" True ", True), ("1", True), ("FALSE", False), ("0", False)]
)
def test_conditions(text, expected):
    assert condition(text) is expected


@pytest.mark.parametrize("text", ["", "yes", "2", "none"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(SubstitutionError, match="a condition is"):
        condition(text)


@pytest.mark.property
@given(st.text(alphabet=st.characters(exclude_characters="$\\", exclude_categories=["Cs"])))
def test_text_without_dollar_and_backslash_stands_for_itself(text):
    assert value(text) == text


@pytest.mark.property
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_escaped(text):
    assert value("".join(f"\\{character}" for character in text)) == text


@pytest.mark.property
@given(st.text(alphabet="$()'\" \\avrx"))
def test_no_text_breaks_the_grammar(text):
    with contextlib.suppress(SubstitutionError):
        assert isinstance(parse_template(text), tuple)
