# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the recorder."""

from dataclasses import dataclass

from lupex_models.configuration import setting

_RAW_PICTURES = ("/camera/navigation_left", "/camera/navigation_right", "/camera/hazard", "*/camera_info")
"""Who asks for these has Gazebo render; compressed pictures are recorded where camera_encoder tells them."""
NOT_EVEN_IN_EVERYTHING = ("*image*", *_RAW_PICTURES, "/gazebo/*", "/parameter_events", "*/transition_event")
"""Patterns of topics that no node's replay needs."""


@dataclass(frozen=True)
class Limits:
    """When data goes to the disk and when recording ends."""

    chunk_bytes: int = setting(262144, "uncompressed size of a chunk", unit="B", minimum=4096, maximum=67108864)
    flush_s: float = setting(
        2.0, "of wall time between flushes: at most this is lost by a kill", unit="s", minimum=0.1, maximum=60
    )
    size_mb: float = setting(190.0, "of the recording, at which it ends", unit="MB", minimum=1, maximum=1e6)
    free_mb: float = setting(50.0, "of the disk: with less the recording ends", unit="MB", minimum=0, maximum=1e6)


@dataclass(frozen=True)
class RecorderSettings:
    """What is recorded, and where."""

    directory: str = setting("", "directory of the bag; it must not hold one already")
    exclude: tuple[str, ...] = setting(
        (
            "/lidar/points",
            "/traversability/map",
            "*image*",
            *_RAW_PICTURES,
            "/gazebo/*",
            "/parameter_events",
            "*/transition_event",
        ),
        "patterns of topics that are not recorded (* stands for any text)",
    )
    thin: tuple[str, ...] = setting(
        ("/traversability/costmap=10", "/odometry/local=4", "/odometry/global=2"),
        "topics of which only every n-th message is recorded, as TOPIC=N: they would be most of the bag",
    )
    everything: bool = setting(
        False,
        "record all that ./lupex replay needs, clouds too: no topic is thinned, only images and Gazebo's own topics are"
        " left out, and the disk alone limits the size",
    )
    depth: int = setting(1000, "messages kept for each topic between two drains", minimum=1, maximum=100000)
    drain_s: float = setting(0.1, "of wall time between drains", unit="s", minimum=0.01, maximum=2)
    discover_s: float = setting(1.0, "of wall time between looks for new topics", unit="s", minimum=0.1, maximum=60)
    world: str = setting("", "name of the world, kept in the bag")
    seed: int = setting(0, "seed of the world's place, kept in the bag", minimum=0, maximum=2147483647)
    truth: str = setting("", "level of the world's truth, kept in the bag")
    truth_hash: str = setting(
        "", "of the numbers of that level, kept in the bag: its file may change after the recording"
    )
    draw: int = setting(
        -1, "seed of the world's draw, kept in the bag; -1 is the place's", minimum=-1, maximum=2147483647
    )
    launch: str = setting("", "launch file and arguments of the nodes, as FILE NAME:=VALUE ..., kept in the bag")
    rover: str = setting("", "path of rover.yaml: its reserve is kept in the bag; empty keeps none")
    limits: Limits = Limits()
