# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Executables that are interrupted in the middle of their imports, as real processes."""

import os
import signal
import subprocess
import sys

import pytest

MODULE = """
import sys, time
print("importing", flush=True)
while "--quick" not in sys.argv:
    time.sleep(0.02)

def main():
    print("ran", flush=True)
    return 7
"""


@pytest.fixture
def start(tmp_path):
    """Return what starts an executable `slow` of a package whose import takes for ever."""
    (tmp_path / "slow_package.py").write_text(MODULE)
    info = tmp_path / "slow_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lupex_executables]\nslow = slow_package:main\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    def process(function, name, *arguments):
        code = f"import sys\nfrom lupex_node.start import {function}\nsys.argv[0] = '/x/{name}'\nsys.exit({function}())"
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return process


@pytest.mark.parametrize(("function", "code"), [("main", 0), ("tool", 130)])
@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGTERM]])
def test_an_interrupt_during_the_imports_is_one_line(start, function, code, numbers):
    with start(function, "slow") as process:
        assert process.stdout.readline() == "importing\n"
        for number in numbers:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (code, "", "slow: stopped before it had started\n")


def test_an_executable_runs_what_its_package_says_and_gives_its_exit_code(start):
    with start("main", "slow", "--quick") as process:
        assert process.communicate(timeout=60)[0] == "importing\nran\n"
        assert process.returncode == 7


def test_an_executable_that_no_package_knows_says_what_to_do(start):
    with start("main", "other") as process:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert err == "error: other: no package says what this executable runs: build the workspace again\n"
