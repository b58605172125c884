# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_cli import world
from lupex_worlds.gazebo_files import files


def test_command_writes_where_it_says(tmp_path, monkeypatch, capsys):
    made = tmp_path / "gazebo-tracks"
    monkeypatch.setattr(world, "prepare_world", lambda *a, **k: tmp_path)
    monkeypatch.setattr(world, "make_gazebo", lambda directory, truth, draw, drive: made)
    monkeypatch.setattr(world, "keep_in_tree", lambda *a: None)
    assert world.main(["plain"]) == 0
    assert f"GZ_SIM_RESOURCE_PATH={made / files.MODELS}" in capsys.readouterr().out
    assert world.main(["nowhere"]) == 1
    assert "there is no world 'nowhere'" in capsys.readouterr().err
