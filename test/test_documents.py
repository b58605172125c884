# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Documents that repeat a fact are checked against its source."""

import importlib
import re

import pytest
import yaml
from PIL import Image

from lupex_models.configuration import describe, from_mapping
from lupex_models.rover import read_rover
from lupex_node.config import NodeConfig
from lupex_system_tests import models_page, truth_page
from lupex_system_tests.parameter_page import (
    NODES,
    PACKAGES,
    SET_BY_NOBODY,
    configurations,
    package_of,
    page,
    place,
)
from lupex_system_tests.structure import FLOORS
from lupex_worlds.truth.level import TruthLevel


def test_parameter_page_is_up_to_date(repository):
    written = (repository / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m lupex_system_tests.parameter_page"


def test_parameter_page_lists_what_can_be_set_and_nothing_else():
    without = [
        f"{package}.{cls.__name__}"
        for package in PACKAGES
        for cls in configurations(package)
        if place(package, cls) is None
    ]
    assert tuple(without) == SET_BY_NOBODY
    declared = {cls.__name__ for package in PACKAGES for cls in configurations(package)}
    assert {name for nodes in NODES.values() for name in nodes.values()} <= declared
    assert "Judgement" not in page()


def test_the_tables_of_the_truth_are_those_of_its_files():
    assert truth_page.PAGE.read_text(encoding="utf-8") == truth_page.page(), (
        "run: python -m lupex_system_tests.truth_page"
    )
    numbers = {leaf.name for leaf in describe(TruthLevel)} - {"name"}
    assert {name for name in numbers if not name.startswith(tuple(f"{key}." for key in truth_page.TITLES))} == set()


@pytest.fixture(scope="module")
def models_text(repository):
    return (repository / models_page.PAGE).read_text(encoding="utf-8")


def test_models_page_is_what_the_models_give(repository, models_text):
    """Without the public data set its rows are taken as they stand."""
    rover = read_rover(repository / "config" / "rover.yaml")
    made = models_page.page(rover, models_page.data_directory(), models_text)
    assert models_page.agree(made, models_text), f"run: python -m lupex_system_tests.models_page\n{made}"


@pytest.mark.parametrize(
    ("made", "same"),
    [
        ("| a | 0.845, 0.1 deg | 3.8e-05 % |", True),
        ("| a | 0.846, 0.1 deg | 3.9e-05 % |", True),
        ("| a | 0.847, 0.1 deg | 3.8e-05 % |", False),
        ("| a | 0.845, 0.1 deg | 3.8e-04 % |", False),
        ("| a | 0.845, 0.1 m | 3.8e-05 % |", False),
        ("| a | 0.845 deg | 3.8e-05 % |", False),
    ],
)
def test_figures_of_the_models_page_agree_to_their_last_digit(made, same):
    assert models_page.agree(made, "| a | 0.845, 0.1 deg | 3.8e-05 % |") == same


def test_models_figure_belongs_to_the_page(repository, models_text):
    assert f"({models_page.FIGURE.relative_to('docs')})" in models_text
    with Image.open(repository / models_page.FIGURE) as figure:
        assert figure.text["Source"] == models_page.digest(models_text), "run: python -m lupex_system_tests.models_page"
        assert min(figure.size) > 600


def test_tests_named_by_the_models_page_exist(repository, models_text):
    named = re.findall(r"`(test_\w+\.py): (test_\w+)`", models_text)
    assert len(named) == sum(line.startswith("| ") for line in models_text.splitlines()) - 1
    for file, test in named:
        folder = repository / "src" / "lupex_models" / "test"
        path = folder / file if (folder / file).exists() else repository / "test" / file
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{file}: {test}"


def test_models_page_keeps_the_rows_of_absent_data(repository, models_text):
    rover = read_rover(repository / "config" / "rover.yaml")
    assert models_page.data_directory(repository / "nowhere") is None
    assert models_page.page(rover, None, models_text) == models_text
    assert " * |" not in models_page.page(rover, None, "")


def test_every_parameter_says_what_it_means():
    for package in PACKAGES:
        for cls in configurations(package):
            for leaf in describe(cls):
                assert leaf.description, f"{package}: {cls.__name__}.{leaf.name}"


def test_rover_file_is_valid(repository):
    assert read_rover(repository / "config" / "rover.yaml").body.mass_kg == 350.0


def test_every_node_file_is_checked(repository):
    assert {path.stem for path in (repository / "config").glob("*.yaml")} == {
        *NODES,
        "rover",
        "ros_gz_bridge",
        "lockstep",
        "gazebo_world",
    }


def test_the_latencies_of_lock_step_are_readable_and_name_work_that_is_done(repository):
    from lupex_node.lockstep.latency import read_latency

    latency = read_latency(repository / "config" / "lockstep.yaml")
    assert 0 < latency.of_message_ns() < 100_000_000
    every_node = (repository / "src" / "lupex_node" / "lupex_node" / "node.py").read_text(encoding="utf-8")
    for key in latency.compute_s:
        node, work = key.split("/")
        source = (repository / "src" / f"lupex_{node}" / f"lupex_{node}" / "node.py").read_text(encoding="utf-8")
        assert f'"{work}"' in source + every_node, f"{node} does no work named {work}"


@pytest.mark.parametrize("name", NODES)
def test_every_key_of_a_node_file_is_known(repository, name):
    path = repository / "config" / f"{name}.yaml"
    for node, section in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        if section is None:
            continue
        assert set(section) == {"ros__parameters"}, f"{path}: {node}"
        assert node in NODES[name] or (node == "/**" and len(NODES[name]) == 1), f"{path}: no node {node}"
        cls_name = NODES[name].get(node) or next(iter(NODES[name].values()))
        cls = getattr(importlib.import_module(f"{package_of(name)}.config"), cls_name)
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
