# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The commands of the README are run, long ones in a short form; a command without a short form here fails."""

import re
import subprocess

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

SHORT_FORMS = {
    "demo": None,  # the short sortie of test_demo.py
    "test": ["test", "unit", "--collect-only", "-q", "src/lupex_cli/test/test_door.py"],
    "launch": ["launch", "sim.launch.xml", "world:=plain", "--print"],
    "report": ["report", "{out}/bag", "--out", "{report}"],
    "replay": ["replay", "{out}/bag", "--node", "mobility", "--until", "9", "--out", "{report}/replay"],
    "plan": ["plan", "--world", "plain", "--out", "{report}/plan"],
    "site": ["site", "import", "--help"],
    "bench": ["bench", "models/light", "--quick"],
    "doctor": ["doctor"],
    "--help": ["--help"],
}


def commands(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_every_command_of_the_readme_works(repository, short_sortie, tmp_path):
    from lupex_system_tests.demo_sortie import door

    found = [line.split()[1] for line in commands(repository) if line.startswith("./lupex")]
    assert {"demo", "test", "launch", "report"} <= set(found)
    assert short_sortie.exit_code == 0
    for name in dict.fromkeys(found):
        arguments = SHORT_FORMS[name]
        if arguments is None:
            continue
        words = [word.format(out=short_sortie.out, report=tmp_path / "report") for word in arguments]
        done = subprocess.run(door(*words), capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def test_the_launch_file_of_the_readme_is_there(repository):
    for line in commands(repository):
        for word in line.split():
            if word.endswith(".launch.xml"):
                assert (repository / "launch" / word).is_file()
