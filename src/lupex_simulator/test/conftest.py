# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The stage on which Gazebo is played."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_directory(tmp_path_factory):
    """Return the directory of a tiny world that is made once."""
    sys.path.insert(0, str(Path(__file__).parent))
    from tiny_world import make_tiny_world

    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


@pytest.fixture
def stage(tiny_directory, monkeypatch):
    """Return a stage on the tiny world, which is cleared afterwards."""
    import rclpy
    from played_bridge import LOOK_WALL_S, Stage
    from rclpy.signals import SignalHandlerOptions

    from lupex_simulator.gazebo import following_node

    monkeypatch.setattr(following_node, "LOOK_S", LOOK_WALL_S)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    made = Stage(tiny_directory)
    yield made
    made.close()
    rclpy.try_shutdown()
