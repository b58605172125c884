# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Let the pure tests run anywhere, and the others where ROS 2 and a build are."""

import gc
import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Kernels are compiled at their first call: an example's time says nothing.
settings.register_profile("lupex", deadline=None, derandomize=True)
settings.load_profile("lupex")

NEEDS_ROS = {"node", "system"}

ONE_SORTIE = {"test_demo.py", "test_lockstep_sortie.py", "test_readme.py"}
"""Files that look at the same sorties."""


def pytest_addoption(parser):
    """Take where the gazebo level writes."""
    parser.addoption("--gazebo-out", metavar="DIR", help="figures, logs and pictures of the level gazebo")


def pytest_collection_modifyitems(config, items):
    """Skip what needs ROS 2 or Gazebo where there is none; where two processes share the tests, the longest first."""
    from lupex_system_tests.gazebo_level.availability import why_not_gazebo

    for item in items:
        marks = {marker.name for marker in item.iter_markers()}
        if "gazebo" in marks and (reason := why_not_gazebo(marks, config.option.markexpr, os.environ)):
            item.add_marker(pytest.mark.skip(reason=reason))
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=_turn)
    if importlib.util.find_spec("rclpy") and importlib.util.find_spec("lupex_interfaces"):
        return
    skip = pytest.mark.skip(reason="needs ROS 2 and a build: ./lupex test")
    for item in items:
        if NEEDS_ROS & {marker.name for marker in item.iter_markers()}:
            item.add_marker(skip)


def pytest_collection_finish():
    """Leave what was loaded by now out of each later look for garbage: there is much of it, and it stays."""
    gc.collect()
    gc.freeze()


def _turn(item):
    """Return when a test's turn is: whole sorties begin early, so that none is left for the end."""
    of_the_house = item.path.parent == Path(__file__).parent / "test"
    return item.path.name not in ONE_SORTIE, not any(item.iter_markers("system")), not of_the_house


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let one process run a whole file, and the files that look at the same sorties."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "one sortie" if Path(file).name in ONE_SORTIE else file

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """End the DDS participants of a test with it.

    A node's callbacks refer to the node: what a test leaves is a cycle that lives, and answers, until the garbage
    collector happens to run, in the middle of another test. Such ghosts were matched in place of the tested servers.
    """
    done = yield
    if "node" in item.keywords and importlib.util.find_spec("rclpy"):
        gc.collect()
    return done


@pytest.fixture(scope="session", autouse=True)
def ros_domain():
    """Let every node of this run live in a domain of its own, so that neither a demo nor another run is heard."""
    from lupex_system_tests.domains import free_domain

    with free_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        # the profile alone decides: a range given to rmw brings shared memory back
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SYSTEM_DEFAULT")
        patch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(Path(__file__).resolve().parent / "config" / "fastdds.xml"))
        yield domain


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """Directory of the public LOLA and SPICE data beside a checkout; tests on it are skipped where it is absent."""
    directory = repository.parent / "shared" / "data"
    if not directory.is_dir():
        pytest.skip("the public LOLA and SPICE data are not beside this checkout")
    return directory
