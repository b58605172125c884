# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from lupex_cli import compare_worlds
from lupex_system_tests import recorded_drive

bags = recorded_drive.bags


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("/a/embedded", "/b/gazebo", ("embedded", "gazebo")),
        ("/a/one/bag", "/a/two/bag", ("one/bag", "two/bag")),
        ("/bag", "/a/bag", ("//bag", "a/bag")),
        ("/a/bag", "/a/bag", ("//a/bag", "//a/bag")),
    ],
)
def test_bags_of_one_name_are_told_apart(first, second, names):
    assert compare_worlds.names_of(Path(first), Path(second)) == names


def test_command_prints_and_writes(bags, tmp_path, capsys):
    out = tmp_path / "out"
    assert compare_worlds.main([*map(str, bags), "--out", str(out)]) == 0
    assert "slip, mean" in capsys.readouterr().out
    figures = json.loads((out / compare_worlds.FIGURES).read_text(encoding="utf-8"))
    assert figures["slip, mean"]["unit"] == "%"
    assert "<svg" in (out / compare_worlds.FIGURE).read_text(encoding="utf-8")


def test_what_cannot_be_compared_is_told_in_one_sentence(bags, tmp_path, capsys):
    assert compare_worlds.main([str(bags[0]), str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert compare_worlds.main([*map(str, bags), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
