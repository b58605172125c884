# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of the house as data: floors, who may know ROS, and what each package imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

FLOORS = {
    "lupex_interfaces": 0,
    "lupex_models": 0,
    "lupex_node": 1,
    "lupex_localization": 2,
    "lupex_traversability": 2,
    "lupex_path_planning": 2,
    "lupex_mobility": 2,
    "lupex_drill_control": 2,
    "lupex_power_management": 2,
    "lupex_mission": 3,
    "lupex_worlds": 3,
    "lupex_simulator": 4,
    "lupex_recorder": 4,
    "lupex_analysis": 5,
    "lupex_launch": 5,
    "lupex_cli": 6,
    "lupex_bringup": 7,
    "lupex_system_tests": 7,
}
AUTONOMY = tuple(name for name, floor in FLOORS.items() if floor in (2, 3) and name != "lupex_worlds")

BELIEFS = ("locomotion", "soil", "soil_strength", "crawler_motion", "wheel", "battery", "solar_array", "thermal")
"""Modules of lupex_models that say what autonomy believes of ground, power and heat: the world has its own."""

KNOW_ROS = {"node.py", "conversions.py"}
KNOW_ROS_BY_NAME = {
    "lupex_node/serialization.py": "the bytes of messages",
    "lupex_node/bare_node.py": "checks the headers of messages",
    "lupex_node/exchanges.py": "requests and answers as messages",
    "lupex_mobility/extrication_server.py": "what leads out of ground that does not bear the rover, a part of the node",
    "lupex_mobility/motion_server.py": "the actions of short motions, a part of the node",
    "lupex_drill_control/claim.py": "whose the drill is, a part of the node",
    "lupex_mobility/permit.py": "what permits motion on its topics, a part of the node",
    "lupex_path_planning/drive_server.py": "the action of drives, a part of the node",
    "lupex_path_planning/plan_markers.py": "markers of a plan, a conversion of its own",
    "lupex_path_planning/pose_inputs.py": "two fast topics polled together, a part of the node",
    "lupex_cli/demo_monitor.py": "watches a running sortie",
    "lupex_simulator/followers.py": "who follows a world, for the embedded one and for Gazebo",
    "lupex_simulator/following_node.py": "a node that follows Gazebo",
    "lupex_simulator/world_topics.py": "the topics of a world, for the embedded one and for Gazebo",
    "lupex_system_tests/stack.py": "watches a running stack",
    "lupex_system_tests/stack_drive.py": "watches a running stack drive out and back",
    "lupex_system_tests/budget.py": "counts what nodes do",
    "lupex_system_tests/conducted.py": "watches a stack in lock step",
    "lupex_system_tests/played_gazebo.py": "stands in for Gazebo behind its bridge",
    "lupex_system_tests/plain_user.py": "watches nodes that may open less",
    "lupex_system_tests/two_rovers.py": "watches two rovers in one domain",
    "lupex_system_tests/boards.py": "stands in for the nodes of other boards",
}
KNOW_ROS_FOLDERS = {"lupex_node/ros": "the port by rclpy"}
KNOW_RCLPY = ("lupex_node", "lupex_system_tests")
"""The port, and tests that play foreign nodes."""

ROS_MODULES = ("rclpy", "lupex_interfaces", "action_msgs", "builtin_interfaces", "rcl_interfaces", "ros_gz_interfaces")


def modules(root: Path, package: str) -> Iterator[Path]:
    """Yield the Python modules of a package, its tests left out."""
    folder = root / ("test" if package == "lupex_system_tests" else f"src/{package}") / package
    yield from sorted(folder.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(item, ast.Import):
            found |= {alias.name for alias in item.names}
        elif isinstance(item, ast.ImportFrom) and item.level == 0 and item.module:
            found.add(item.module)
    return found


def is_ros(module: str) -> bool:
    """Tell whether a module belongs to ROS."""
    top = module.split(".")[0]
    return top in ROS_MODULES or top.endswith("_msgs")
