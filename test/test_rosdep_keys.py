# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the pages tell rosdep to skip is what it does not know."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

KNOWN_TO_ROSDEP = {
    *("action_msgs", "ament_cmake", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "grid_map_msgs"),
    *("nav2_msgs", "nav_msgs", "py_trees", "rcl_interfaces", "rclpy", "robot_state_publisher", "ros_gz_bridge"),
    *("ros_gz_interfaces", "ros_gz_sim", "rosgraph_msgs", "rosidl_default_generators", "rosidl_default_runtime"),
    *("rviz2", "sensor_msgs", "std_msgs", "std_srvs", "tf2_msgs", "visualization_msgs", "xacro"),
    *("rosidl_interface_packages",),
    *("python3-hypothesis", "python3-matplotlib", "python3-numpy", "python3-pil", "python3-psutil"),
    *("python3-pytest", "python3-rasterio", "python3-rich", "python3-scipy", "python3-shapely"),
    *("python3-transforms3d", "python3-yaml"),
}
"""What Jazzy on Ubuntu 24.04 installs from its own packages, as rosdistro's index and rosdep/*.yaml say.

They have python3-numba too, but Ubuntu 24.04 itself has no package of that name.
"""


@pytest.mark.parametrize("page", ["README.md", "docs/gazebo.md"])
def test_rosdep_is_not_asked_for_what_it_does_not_know(repository, page):
    """One unknown key, and rosdep installs nothing at all; one that is not to be had, or only by pip, and it stops."""
    needed, own = set(), set()
    for path in (*repository.glob("src/*/package.xml"), repository / "test" / "package.xml"):
        root = ElementTree.parse(path).getroot()
        own.add(root.findtext("name"))
        needed |= {element.text for element in root if element.tag.endswith("depend")}
    text = (repository / page).read_text(encoding="utf-8")
    command = re.search(r"rosdep install .*?--skip-keys \"([^\"]+)\"", text, re.DOTALL)
    assert set(command.group(1).split()) == needed - own - KNOWN_TO_ROSDEP
