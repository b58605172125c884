# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
import yaml

from lupex_models.configuration import ConfigurationError, describe, from_mapping
from lupex_power_management.config import PowerManagementConfig

FILE = Path(__file__).parents[3] / "config" / "power_management.yaml"


def test_our_file_is_accepted_and_says_what_the_defaults_say():
    given = yaml.safe_load(FILE.read_text())["/**"]["ros__parameters"]
    made = from_mapping(PowerManagementConfig, {**given, "rover": "rover.yaml"}, str(FILE))
    assert made == PowerManagementConfig(rover="rover.yaml")


def test_the_rovers_file_must_be_given():
    with pytest.raises(ConfigurationError, match="'rover' is missing"):
        from_mapping(PowerManagementConfig, {}, "file")


@pytest.mark.parametrize("leaf", [leaf for leaf in describe(PowerManagementConfig) if leaf.type in (int, float)])
def test_every_number_is_bounded(leaf):
    assert leaf.minimum is not None
    assert leaf.maximum is not None
    section, _, key = leaf.name.rpartition(".")
    for value in (leaf.minimum - 1, leaf.maximum + 1):
        values = {section: {key: value}} if section else {key: value}
        with pytest.raises(ConfigurationError, match=leaf.name):
            from_mapping(PowerManagementConfig, {"rover": "rover.yaml", **values}, "file")
