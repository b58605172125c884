# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Documents that repeat a fact are checked against its source."""

import importlib

import pytest
import yaml
from lupex_models.configuration import from_mapping
from lupex_models.rover import read_rover
from lupex_node.config import NodeConfig
from lupex_system_tests.parameter_page import PACKAGES, configurations, page
from lupex_system_tests.structure import FLOORS


def test_parameter_page_is_up_to_date(repository):
    written = (repository / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m lupex_system_tests.parameter_page"


def test_every_parameter_says_what_it_means():
    from lupex_models.configuration import describe

    for package in PACKAGES:
        for cls in configurations(package):
            for leaf in describe(cls):
                assert leaf.description, f"{package}: {cls.__name__}.{leaf.name}"


def test_rover_file_is_valid(repository):
    assert read_rover(repository / "config" / "rover.yaml").body.mass_kg == 350.0


def node_files(repository):
    return sorted(path for path in (repository / "config").glob("*.yaml") if path.name != "rover.yaml")


def test_every_key_of_the_node_files_is_known(repository):
    for path in node_files(repository):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        package = f"lupex_{path.stem}"
        if package not in FLOORS:
            continue
        own = importlib.import_module(f"{package}.config")
        assert own is not None
        for values in content.values():
            given = values["ros__parameters"] or {}
            shared = {name: given[name] for name in given if name in NodeConfig.__dataclass_fields__}
            rest = {name: value for name, value in given.items() if name not in shared}
            from_mapping(NodeConfig, shared, str(path))
            errors = []
            for cls in configurations(package):
                required = {
                    leaf.name: "x" if leaf.type is str else (leaf.minimum or 0)
                    for leaf in importlib.import_module("lupex_models.configuration").describe(cls)
                    if leaf.required and "." not in leaf.name and leaf.name not in rest
                }
                try:
                    from_mapping(cls, {**required, **rest}, str(path))
                    break
                except ValueError as error:
                    errors.append(str(error))
            else:
                pytest.fail("; ".join(errors))


def test_changelog_and_readme_name_every_package(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    for package in FLOORS:
        assert package in readme, package
