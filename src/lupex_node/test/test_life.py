# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a heartbeat says of its node."""

import pytest

from lupex_node.life import Life, hardware_id, node_of, read_life, status_name


def test_a_heartbeat_is_named_as_diagnostics_are_and_names_its_node():
    assert status_name("drill_control") == "lupex/drill_control: health"
    assert node_of("lupex/drill_control: health") == "drill_control"


@pytest.mark.parametrize("foreign", ["mobility", "joy_node: Joystick Driver Status", "lupex/mobility: load", ""])
def test_the_diagnostics_of_others_are_nobodys_heartbeat(foreign):
    assert node_of(foreign) is None


def test_the_hardware_is_the_rover():
    assert [hardware_id(namespace) for namespace in ("/", "/r1", "/site/r1")] == ["lupex", "r1", "site-r1"]


def test_a_life_is_read_as_it_was_written():
    assert read_life(str(Life("host:a", 12, 34))) == Life("host:a", 12, 34)
    assert read_life("1") is None
