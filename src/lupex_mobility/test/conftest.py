# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lupex_models.rover import read_rover


@pytest.fixture(scope="session")
def rover_path():
    return Path(__file__).parents[3] / "config" / "rover.yaml"


@pytest.fixture(scope="session")
def rover(rover_path):
    return read_rover(rover_path)


@pytest.fixture
def world(rover):
    from obeying_world import World

    made = World(rover)
    yield made
    made.conductor.close()


@pytest.fixture
def mobility(world, rover_path):
    from lupex_mobility.node import MobilityNode

    node = world.conductor.add(MobilityNode, {"rover": str(rover_path)})
    world.until(lambda: world.command is not None)
    return node
