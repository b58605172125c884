# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

from lupex_cli import doctor
from lupex_cli.doctor import Finding


@pytest.fixture
def include(tmp_path):
    (tmp_path / "Python.h").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("system", "processor", "ros", "missing"),
    [
        ("Linux", "x86_64", "", False),
        ("Linux", "aarch64", "", True),
        ("Linux", "aarch64", "jazzy", False),
        ("Darwin", "x86_64", "", True),
    ],
)
def test_machines(system, processor, ros, missing):
    assert doctor.machine(system, processor, ros).missing is missing


def test_pythons(include):
    assert not doctor.python((3, 12), include, True, "").missing
    assert "one of Python 3.11, 3.12, 3.13, 3.14" in doctor.python((3, 10), include, True, "").remedy
    assert "one of Python 3.11, 3.12, 3.13, 3.14" in doctor.python((3, 15), include, True, "").remedy
    assert "python3-dev" in doctor.python((3, 11), include / "none", True, "").remedy
    assert "python3-venv" in doctor.python((3, 11), include, False, "").remedy
    assert not doctor.python((3, 12), include, False, "jazzy").missing


def test_the_doctor_takes_the_pythons_that_the_environment_is_made_of(repository):
    script = (repository / "deps" / "environment.sh").read_text(encoding="utf-8")
    (cases,) = re.findall(r'^ +("3[^)]*)\) ;;$', script, re.M)
    assert [tuple(map(int, found)) for found in re.findall(r'"(\d+)\.(\d+) "', cases)] == list(doctor.PYTHONS)
    (candidates,) = re.findall(r"for candidate in (.*); do", script)
    assert set(candidates.split()) == {"python3", *(f"python{major}.{minor}" for major, minor in doctor.PYTHONS)}


def test_tools():
    assert doctor.tool("cmake", "cmake", "/usr/bin/cmake") == Finding("cmake", "/usr/bin/cmake")
    assert doctor.tool("g++", "g++", None).remedy == "sudo apt-get install g++"


def test_underlays():
    assert doctor.ros_underlay({}).missing
    assert doctor.ros_underlay({"LUPEX_ENVIRONMENT": "/e", "ROS_DISTRO": "jazzy"}).state == "wheels in /e"
    assert (
        "/opt/ros/jazzy" in doctor.ros_underlay({"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": "/w:/opt/ros/jazzy"}).state
    )


def test_workspaces():
    assert doctor.workspace({}).remedy == "./lupex setup"
    assert not doctor.workspace({"LUPEX_WORKSPACE": "/w"}).missing


def test_modules():
    assert not doctor.modules("a", ["json"], "get it").missing
    assert doctor.modules("a", ["json", "no_such_module"], "get it") == Finding(
        "a", "missing: no_such_module", "get it"
    )


def test_space(tmp_path):
    assert not doctor.space("disk", tmp_path / "not" / "yet", 1, "free some").missing
    assert doctor.space("disk", tmp_path, 10**18, "free some").missing


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/lupex"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/lupex"),
        ({"HOME": "/h"}, "/h/.cache/lupex"),
    ],
)
def test_the_cache_is_where_the_door_puts_it(environment, path):
    assert doctor.cache_directory(environment) == Path(path)


def test_the_report_says_what_to_do():
    text = doctor.report(
        [Finding("a", "here"), Finding("b", "gone", "get b"), Finding("c", "small", "grow", needed=False)]
    )
    assert text.splitlines() == [
        "     ok  a: here",
        "MISSING  b: gone",
        "         -> get b",
        "   note  c: small",
        "         -> grow",
    ]


def test_a_machine_without_environment_is_not_well(monkeypatch, capsys):
    for name in ("LUPEX_WORKSPACE", "LUPEX_ENVIRONMENT", "ROS_DISTRO"):
        monkeypatch.delenv(name, raising=False)
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert "./lupex setup" in printed
    assert "Missing: " in printed.splitlines()[-1]


def test_a_machine_with_everything_is_well(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("a", "here")])
    assert doctor.main() == 0
    assert capsys.readouterr().out.endswith("Nothing is missing.\n")
