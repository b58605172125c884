# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From processes of a launch file to nodes: parameters as ROS 2 reads them, and what lock step refuses."""

import dataclasses

import pytest

from lupex_launch.description import LaunchError
from lupex_launch.evaluation import ProcessSpec
from lupex_launch.lockstep.starts import node_parameters, node_start
from lupex_node.parameter_files import parse_parameter_file

SPEC = ProcessSpec("mobility", "mobility-1", ("/x/mobility", "--ros-args"), {}, origin="a.launch.xml:3")
NODE = dataclasses.replace(SPEC, package="lupex_mobility", executable="mobility")


def test_blocks_of_several_files_combine_and_later_ones_win():
    texts = [
        "mobility:\n  ros__parameters:\n    guard: {tilt: 1, age: 2}\n    speed: 0.1\n",
        "/**:\n  ros__parameters:\n    other: [1, 2]\n",
        "/mobility:\n  ros__parameters:\n    guard: {age: 3}\n",
        "/mobility:\n  ros__parameters: {}\nsomebody:\n  ros__parameters:\n    speed: 9\n",
        "",
    ]
    files = [parse_parameter_file(text, f"{number}.yaml") for number, text in enumerate(texts)]
    found = {key: (given.value, given.file) for key, given in node_parameters(files, "mobility", "here").items()}
    assert found == {
        "guard.tilt": (1, "0.yaml"),
        "guard.age": (3, "2.yaml"),
        "speed": (0.1, "0.yaml"),
        "other": ([1, 2], "1.yaml"),
    }


def test_a_parameter_file_for_other_nodes_alone_is_refused():
    file = parse_parameter_file("somebody:\n  ros__parameters: {speed: 9}\n", "x.yaml")
    with pytest.raises(LaunchError, match=r"^here: x\.yaml: has no block for the node /mobility"):
        node_parameters([file], "mobility", "here")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SPEC, "a.launch.xml:3: 'mobility' is no node but a program of its own"),
        (dataclasses.replace(NODE, package="rviz2", executable="rviz2"), "rviz2/rviz2 is no node of this stack"),
    ],
)
def test_what_is_no_node_of_ours_is_refused(spec, words):
    with pytest.raises(LaunchError, match=words):
        node_start(spec)


@pytest.mark.node
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("/x/mobility", "--fast", "--ros-args"), "takes arguments of its own"),
        (("/x/mobility", "--ros-args", "-r", "__ns:=/rover"), "neither namespaces nor remaps, as '__ns:=/rover'"),
        (
            ("/x/mobility", "--ros-args", "--params-file", "/nowhere.yaml"),
            "/nowhere.yaml: the parameter file cannot be read",
        ),
    ],
)
def test_what_lock_step_cannot_give_a_node_is_refused(command, words):
    pytest.importorskip("lupex_interfaces.msg")
    with pytest.raises(LaunchError, match=words):
        node_start(dataclasses.replace(NODE, command=command))


@pytest.mark.node
def test_a_node_is_found_by_its_executable_and_may_have_another_name():
    pytest.importorskip("lupex_interfaces.msg")
    command = ("/x/mobility", "--ros-args", "-r", "__node:=second")
    parameters = "second:\n  ros__parameters:\n    command_interval_s: 0.2\n"
    start = node_start(dataclasses.replace(NODE, command=command, parameters=parameters, respawn=True))
    assert (start.kind.__name__, start.name, start.respawn) == ("MobilityNode", "second", True)
    assert start.parameters == {"command_interval_s": 0.2}
    assert start.files == {"command_interval_s": "a.launch.xml:3"}
