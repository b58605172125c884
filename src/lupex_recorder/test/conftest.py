# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest
from rosbags.typesys import Stores, get_typestore


@pytest.fixture(scope="session")
def store():
    """Types of Jazzy."""
    return get_typestore(Stores.ROS2_JAZZY)
