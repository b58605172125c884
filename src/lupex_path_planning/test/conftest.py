# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from planner_world import flat_site

    return flat_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def world(site):
    from planner_world import World

    made = World(site)
    yield made
    made.conductor.close()
