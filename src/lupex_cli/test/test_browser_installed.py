# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When `./lupex test` installs a browser, and when its tests insist on one."""

import shutil
import subprocess

import pytest

STEP = (
    'say() { echo "$*"; }; step() { shift 2; printf "%s " "$@"; echo; [ -z "$FAILS" ]; };'
    ' die() { echo "died: $*"; exit 1; }; fail_with() { die "$@"; }'
)


@pytest.fixture
def asked(repository, tmp_path):
    """Return what require_browser does on a machine of such programs."""

    def ask(level="", programs=("apt-get",), user=0, system="debian", fails=""):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in programs:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        (folder / "id").write_text(f"#!/bin/sh\necho {user}\n")
        (folder / "id").chmod(0o755)
        # in place of grep over /etc/os-release
        (folder / "grep").write_text(f"#!/bin/sh\n[ \"$2\" = 'ID={system}' ]\n")
        (folder / "grep").chmod(0o755)
        script = (
            f'{STEP}; cache=/nowhere; . "{repository}/deps/environment.sh"; require_browser "{level}";'
            ' echo "browser: ${LUPEX_BROWSER:-}"'
        )
        done = subprocess.run(
            [shutil.which("bash"), "-c", script],
            env={"PATH": str(folder), "FAILS": fails},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return ask


def test_a_bare_debian_gets_browser_and_driver_and_insists(asked):
    said = asked()
    assert said.count("chromium chromium-driver") == 1
    assert said.endswith("browser: required\n")


def test_where_it_cannot_be_had_the_other_tests_are_run(asked):
    said = asked(fails="yes")
    assert "died: " in said
    assert "left out" in said
    assert said.endswith("browser: \n")


def test_what_is_there_is_not_installed(asked):
    assert asked(programs=("apt-get", "chromium", "chromedriver")) == "browser: required\n"


@pytest.mark.parametrize(
    "machine",
    [{"level": "lint"}, {"level": "node"}, {"programs": ()}, {"user": 1000}, {"system": "ubuntu"}],
    ids=lambda machine: str(machine),
)
def test_elsewhere_nothing_is_installed_and_tests_may_skip(asked, machine):
    assert asked(**machine) == "browser: \n"
