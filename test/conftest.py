# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One short sortie for all tests that look at what a sortie leaves."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lupex_system_tests.demo_sortie import WALL_LIMIT_S, ShortSortie, conduct, door


@pytest.fixture(scope="session")
def short_sortie(tmp_path_factory) -> ShortSortie:
    """Run the demo on the plain once, list its topics while it runs, and try a second one beside it."""
    pytest.importorskip("rclpy")
    import rclpy
    from rclpy.context import Context

    from lupex_system_tests.domains import free_domain
    from lupex_system_tests.opened_files import noting

    base = tmp_path_factory.mktemp("sortie")
    with free_domain() as domain:
        opened = base / "opened"
        opened.mkdir()
        environment = noting({**os.environ, "ROS_DOMAIN_ID": str(domain)}, opened)
        log = base / "output.txt"
        with log.open("w") as output:
            demo = subprocess.Popen(
                door("demo", "--world", "plain", "--headless", "--out", str(base / "out")),
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        context = Context()
        rclpy.init(context=context, domain_id=domain)
        node = rclpy.create_node("lister", context=context)
        try:
            topics: dict[str, list[str]] = {}
            listeners: dict[str, set[str]] = {}
            second = None
            end_s = time.monotonic() + WALL_LIMIT_S
            while demo.poll() is None and time.monotonic() < end_s:
                topics |= dict(node.get_topic_names_and_types())
                for topic in topics:
                    ends = node.get_subscriptions_info_by_topic(topic)
                    listeners.setdefault(topic, set()).update(end.node_name for end in ends)
                if second is None and "drive " in log.read_text():
                    second = subprocess.run(
                        door("demo", "--world", "plain", "--headless", "--out", str(base / "second")),
                        env=environment,
                        capture_output=True,
                        text=True,
                        timeout=120,
                        check=False,
                    )
                try:
                    demo.wait(1.0)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            demo.terminate()
            demo.wait(60.0)
            node.destroy_node()
            rclpy.shutdown(context=context)
    assert second is not None, f"the drive never began: {log.read_text()}"
    return ShortSortie(base / "out", demo.returncode, log.read_text(), topics, second, opened, listeners)


@pytest.fixture(scope="session")
def lockstep_sortie(tmp_path_factory) -> ShortSortie:
    """Run the demo on the plain in lock step once."""
    pytest.importorskip("lupex_interfaces.msg")
    return conduct(tmp_path_factory.mktemp("lockstep"), {"PYTHONHASHSEED": "1", "NUMBA_NUM_THREADS": "1"})


@pytest.fixture(scope="session")
def lockstep_rerun(tmp_path_factory) -> ShortSortie:
    """Run it once more: another hash of texts, other threads, other work beside it."""
    # as another user's: it takes what is left, and changes who waits for whom all the same
    busy = subprocess.Popen([sys.executable, "-c", "import os\nos.nice(10)\nwhile True: pass"])
    try:
        return conduct(tmp_path_factory.mktemp("rerun"), {"PYTHONHASHSEED": "2", "NUMBA_NUM_THREADS": "2"})
    finally:
        busy.kill()
        busy.wait()


@pytest.fixture(scope="session")
def everything_bag(tmp_path_factory) -> Path:
    """Record the first minutes of a sortie in lock step, with all that a replay needs, once."""
    pytest.importorskip("lupex_interfaces.msg")
    from lupex_system_tests.recorded_everything import record_everything

    return record_everything(tmp_path_factory.mktemp("everything"))


@pytest.fixture
def played_gazebo(tmp_path, monkeypatch):
    """Put a `gz` that does nothing on the path, and the played world in the place of the bridge."""
    prefix = tmp_path / "prefix"
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "ros_gz_bridge").touch()
    programs = {
        prefix / "bin" / "gz": "exec sleep 100000",
        prefix / "lib" / "ros_gz_bridge" / "parameter_bridge": (
            f'exec "{sys.executable}" -P -m lupex_system_tests.played_gazebo "$@"'
        ),
    }
    for path, line in programs.items():
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{prefix}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
