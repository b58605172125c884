# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Documents that repeat a fact are checked against its source."""

import importlib

import pytest
import yaml

from lupex_models.configuration import describe, from_mapping
from lupex_models.rover import read_rover
from lupex_node.config import NodeConfig
from lupex_system_tests.parameter_page import PACKAGES, configurations, page
from lupex_system_tests.structure import FLOORS


def test_parameter_page_is_up_to_date(repository):
    written = (repository / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m lupex_system_tests.parameter_page"


def test_every_parameter_says_what_it_means():
    for package in PACKAGES:
        for cls in configurations(package):
            for leaf in describe(cls):
                assert leaf.description, f"{package}: {cls.__name__}.{leaf.name}"


def test_rover_file_is_valid(repository):
    assert read_rover(repository / "config" / "rover.yaml").body.mass_kg == 350.0


NODES = {
    "bag": {"recorder": "RecorderSettings"},
    "drill_control": {"drill_control": "DrillControlSettings"},
    "localization": {"localization": "LocalizationConfig"},
    "mission": {"mission": "MissionConfig"},
    "mobility": {"mobility": "MobilityConfig", "drive_route": "RouteConfig"},
    "path_planning": {"path_planning": "PathPlanningConfig"},
    "power_management": {"power_management": "PowerManagementConfig"},
    "simulator": {"simulator": "SimulatorConfig"},
    "traversability": {"traversability": "TraversabilityConfig"},
}
"""By file and node: the dataclass of its parameters. A file of one node may say `/**` for its name."""


def test_every_node_file_is_checked(repository):
    assert {path.stem for path in (repository / "config").glob("*.yaml")} == {*NODES, "rover"}


@pytest.mark.parametrize("name", NODES)
def test_every_key_of_a_node_file_is_known(repository, name):
    path = repository / "config" / f"{name}.yaml"
    for node, section in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        if section is None:
            continue
        assert set(section) == {"ros__parameters"}, f"{path}: {node}"
        assert node in NODES[name] or (node == "/**" and len(NODES[name]) == 1), f"{path}: no node {node}"
        cls_name = NODES[name].get(node) or next(iter(NODES[name].values()))
        cls = getattr(importlib.import_module(f"lupex_{name}.config"), cls_name)
        given = section["ros__parameters"] or {}
        shared = {key: given[key] for key in given if key in NodeConfig.__dataclass_fields__}
        # Paths come from the launch files.
        required = {leaf.name: "x" for leaf in describe(cls) if leaf.required and leaf.type is str}
        from_mapping(NodeConfig, shared, str(path))
        from_mapping(cls, {**required, **{key: given[key] for key in given if key not in shared}}, str(path))


def test_changelog_and_readme_name_every_package(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    for package in FLOORS:
        assert package in readme, package
