# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from lupex_worlds.gazebo_files.server_output import HARMLESS, errors


def test_what_all_is_well_with_is_no_failure():
    """Lines as gz sim 8.14 prints them, but for their colours."""
    sound = [
        "[GUI] [Err] [SceneManager.cc:2184] Could not find visual for entity: 0",
        "Warning [Utils.cc:132] [/sdf/model/link/sensor]:model.sdf: XML Element[gz_frame_id], child of element[sensor]",
        "[Msg] Loading SDF world file[world.sdf].",
        "",
    ]
    missing = "[Err] [SystemLoader.cc:92] Failed to load system plugin [gz-sim-imu-system]"
    height = "[Err] [SdfEntityCreator.cc:1008] Could not resolve path: heights.png"
    material = "[Err] [Material.cc:7] Missing material of the crawler"
    assert errors(sound) == []
    assert errors([*sound, missing, *sound, height, material]) == [missing, height, material]


def test_the_page_names_what_is_harmless(repository):
    page = (repository / "docs" / "gazebo.md").read_text(encoding="utf-8")
    assert not [line for line in HARMLESS if f"`{line}`" not in page]
