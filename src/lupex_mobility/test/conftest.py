# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from lupex_models.rover import read_rover


@pytest.fixture(scope="session")
def rover_path():
    return Path(__file__).parents[3] / "config" / "rover.yaml"


@pytest.fixture(scope="session")
def rover(rover_path):
    return read_rover(rover_path)
