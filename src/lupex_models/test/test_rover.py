# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import copy
import re
from pathlib import Path

import pytest
import yaml

from lupex_models.configuration import ConfigurationError, describe, from_mapping
from lupex_models.rover import Rover, read_rover, refuse_contradictions

ROVER_YAML = Path(__file__).parents[3] / "config" / "rover.yaml"
CONTENT = yaml.safe_load(ROVER_YAML.read_text())
LEAVES = describe(Rover)


def with_value(name, value):
    content = copy.deepcopy(CONTENT)
    section, key = name.split(".")
    content[section][key] = value
    return from_mapping(Rover, content, "rover.yaml")


def without(section, key=None):
    content = copy.deepcopy(CONTENT)
    (content if key is None else content[section]).pop(section if key is None else key)
    return from_mapping(Rover, content, "rover.yaml")


def test_our_rover_is_the_missions():
    rover = read_rover(ROVER_YAML)
    assert rover.body.mass_kg == 350.0
    assert len(rover.battery.capacity_share) == len(rover.battery.capacity_temperature_k)
    assert rover.battery.discharge_min_k < rover.battery.charge_min_k < rover.thermal.heater_on_k


MARKS = re.compile(r"#.*\[[SLAM]\]")


def test_every_number_of_the_file_is_declared_and_says_where_it_comes_from():
    """The file's own lines are walked: comments are no part of what a parser returns."""
    declared = {leaf.name: leaf for leaf in LEAVES}
    section, found = "", []
    for line in ROVER_YAML.read_text().splitlines():
        key = line.split("#")[0].split(":")[0]
        if not key.strip():
            continue
        if not key.startswith(" "):
            section = key
            continue
        name = f"{section}.{key.strip()}"
        found.append(name)
        assert MARKS.search(line), f"{name} needs a mark of its source: [S], [L], [A] or [M]"
        leaf = declared[name]
        given = CONTENT[section][key.strip()]
        for value in given if isinstance(given, list) else [given]:
            assert leaf.minimum <= value <= leaf.maximum, name
    assert found == list(declared)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.name)
def test_every_number_is_needed_and_bounded(leaf):
    with pytest.raises(ConfigurationError, match=f"'{leaf.name}' is missing"):
        without(*leaf.name.split("."))
    step = 1 if leaf.type is int else 0.001 * max(abs(leaf.minimum), abs(leaf.maximum), 1.0)
    for value in (leaf.minimum - step, leaf.maximum + step):
        with pytest.raises(ConfigurationError, match=f"'{leaf.name}' is"):
            with_value(leaf.name, value if leaf.type in (int, float) else [value])


def test_a_misspelt_key_or_a_lost_section_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"unknown key 'body\.mas_kg'"):
        with_value("body.mas_kg", 1)
    with pytest.raises(ConfigurationError, match=r"'lidar\.x_m' is missing"):
        without("lidar")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rover(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("battery.cell_voltage_v", [3.7]),
        ("battery.cell_voltage_v", [3.7, 3.6]),
        ("battery.resistance_shape", [1.0]),
        ("battery.capacity_temperature_k", [233.15, 293.15, 273.15, 300.0]),
        ("battery.capacity_share", [0.5, 1.0]),
        ("battery.discharge_min_k", 280.0),
        ("thermal.heater_on_k", 284.0),
        ("thermal.heat_pipe_closed_k", 299.0),
        ("regolith.kphi_range", [2e5]),
        ("regolith.kphi_range", [9e5, 1e6]),
        ("regolith.cohesion_range_pa", [1000.0, 50.0]),
        ("regolith.friction_angle_range_deg", [30.0, 34.0]),
        ("regolith.shear_modulus_range_m", [0.02, 0.025]),
        ("lidar.range_min_m", 40.0),
        ("lidar.elevation_min_rad", 0.5),
        ("body.max_tilt_rad", 0.7),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(name, value):
    with pytest.raises(ConfigurationError, match=rf"rover\.yaml: {name}"):
        refuse_contradictions(with_value(name, value), "rover.yaml")


def test_reading_refuses_contradictions_too(tmp_path):
    path = tmp_path / "rover.yaml"
    path.write_text(ROVER_YAML.read_text().replace("heater_on_k: 278.15", "heater_on_k: 299.0"))
    with pytest.raises(ConfigurationError, match=r"rover\.yaml: thermal\.heater_on_k must be below"):
        read_rover(path)
