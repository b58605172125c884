# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The house keeps to its plan: floors, pure cores, no truth in autonomy, complete package files."""

import ast
import xml.etree.ElementTree as ElementTree

import pytest

from lupex_system_tests.structure import (
    AUTONOMY,
    BELIEFS,
    FLOORS,
    KNOW_RCLPY,
    KNOW_ROS,
    KNOW_ROS_BY_NAME,
    KNOW_ROS_FOLDERS,
    imports,
    is_ros,
    modules,
)

PACKAGES = sorted(FLOORS)
PYTHON_PACKAGES = [name for name in PACKAGES if name not in ("lupex_interfaces", "lupex_bringup")]
WITHOUT_PYTHON = ("lupex_interfaces", "lupex_bringup")

ROSDEP_OF = {
    "numpy": "python3-numpy",
    "scipy": "python3-scipy",
    "yaml": "python3-yaml",
    "numba": "python3-numba",
    "shapely": "python3-shapely",
    "matplotlib": "python3-matplotlib",
    "psutil": "python3-psutil",
    "PIL": "python3-pil",
    "transforms3d": "python3-transforms3d",
    "rasterio": "python3-rasterio",
    "pyproj": "python3-pyproj",
    "zstandard": "python3-zstandard",
}

ROSDEP_OF_TESTS = {
    **ROSDEP_OF,
    "pytest": "python3-pytest",
    "hypothesis": "python3-hypothesis",
    "mcap": "python3-mcap-pip",
    "rosbags": "python3-rosbags-pip",
}


def manifest(repository, package):
    folder = repository / ("test" if package == "lupex_system_tests" else f"src/{package}")
    return ElementTree.parse(folder / "package.xml").getroot()


def test_every_folder_is_on_a_floor(repository):
    assert {path.parent.name for path in (repository / "src").glob("*/package.xml")} | {"lupex_system_tests"} == set(
        FLOORS
    )


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_imports_go_down_only(repository, package):
    for path in modules(repository, package):
        for name in imports(path):
            other = name.split(".")[0]
            if other.startswith("lupex_") and other != package:
                assert FLOORS[other] < FLOORS[package], f"{path.name} of {package} imports {name}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_pure_modules_know_no_ros(repository, package):
    for path in modules(repository, package):
        if path.name in KNOW_ROS or f"{package}/{path.name}" in KNOW_ROS_BY_NAME:
            continue
        if f"{package}/{path.parent.name}" in KNOW_ROS_FOLDERS:
            continue
        pure = {name for name in imports(path) if is_ros(name) or name.endswith(".conversions")}
        assert not pure, f"{path.name} of {package} imports {pure}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_the_middleware_is_known_to_the_port_alone(repository, package):
    if package in KNOW_RCLPY:
        return
    for path in modules(repository, package):
        assert not {name for name in imports(path) if name.split(".")[0] == "rclpy"}, f"{path.name} of {package}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_kernels_are_kept_whole(repository, package):
    for path in modules(repository, package):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {item.id for item in ast.walk(tree) if isinstance(item, ast.Name)}
        assert "guvectorize" not in names, f"{path.name} of {package}: see lupex_models.elementwise"


def own_names(tree):
    """Return the private names that the classes of a module give their objects: methods and attributes."""
    found = set()
    for item in ast.walk(tree):
        if isinstance(item, ast.FunctionDef):
            found.add(item.name)
        elif isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Store):
            found |= {item.attr} if isinstance(item.value, ast.Name) and item.value.id == "self" else set()
    return {name for name in found if name.startswith("_") and not name.startswith("__")}


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_no_node_takes_a_name_that_the_common_node_has(repository, package):
    if package in ("lupex_node", "lupex_system_tests"):
        return
    common = set()
    for name in ("bare_node", "node"):
        path = repository / "src" / "lupex_node" / "lupex_node" / f"{name}.py"
        common |= own_names(ast.parse(path.read_text(encoding="utf-8")))
    assert {"_keep", "_beat", "_made"} <= common
    for path in modules(repository, package):
        if path.name == "node.py":
            clash = own_names(ast.parse(path.read_text(encoding="utf-8"))) & common
            assert not clash, f"{path} of {package} takes {sorted(clash)}"


@pytest.mark.parametrize("package", AUTONOMY)
def test_autonomy_knows_no_truth(repository, package):
    for path in modules(repository, package):
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                assert not item.value.startswith(("/truth", "truth/")), f"{path.name} of {package} names {item.value}"
        assert not any(name.startswith(("lupex_simulator", "lupex_worlds")) for name in imports(path))


@pytest.mark.parametrize("package", ["lupex_worlds", "lupex_simulator"])
def test_the_world_believes_nothing_of_what_autonomy_does(repository, package):
    beliefs = {f"lupex_models.{name}" for name in BELIEFS}
    for path in modules(repository, package):
        # a site is chosen so that its sortie can be planned: there autonomy is asked, and nothing is made true
        if path.parent.name == "site_import":
            continue
        shared = {name for name in imports(path) if name in beliefs or name.startswith("lupex_path_planning")}
        assert not shared, f"{path.name} of {package} takes autonomy's {sorted(shared)}"


def test_beliefs_are_modules_that_there_are(repository):
    folder = repository / "src" / "lupex_models" / "lupex_models"
    assert all((folder / f"{name}.py").is_file() for name in BELIEFS)


def test_the_judge_searches_and_knows_the_worlds_physics_in_one_place(repository):
    folder = repository / "src" / "lupex_analysis" / "lupex_analysis" / "judge"
    for path in folder.glob("*.py"):
        found = imports(path)
        assert not any(name.startswith("lupex_path_planning") for name in found), path.name
        assert not {name for name in found if name in {f"lupex_models.{belief}" for belief in BELIEFS}}, path.name
        assert path.name == "true_cost.py" or not any(name.startswith("lupex_simulator") for name in found), path.name


@pytest.mark.parametrize("package", PACKAGES)
def test_package_file_is_complete(repository, package):
    root = manifest(repository, package)
    assert root.get("format") == "3"
    assert root.findtext("name") == package
    assert root.findtext("license") == "Apache-2.0"
    assert root.find("maintainer").get("email")
    assert root.findtext("author")
    assert [url.get("type") for url in root.findall("url")] == ["website", "repository", "bugtracker"]
    kind = "ament_cmake" if package in WITHOUT_PYTHON else "ament_python"
    assert root.findtext("export/build_type") == kind
    if package in WITHOUT_PYTHON:
        return
    declared = {item.text for item in root if item.tag.endswith("depend") and item.tag != "test_depend"}
    missing = needed(modules(repository, package), package, ROSDEP_OF) - declared
    assert not missing, f"{package}/package.xml lacks {sorted(missing)}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_package_file_declares_what_its_tests_need(repository, package):
    """But for what stands above it, which would be a circle: pytest finds those packages as sources."""
    root = manifest(repository, package)
    declared = {item.text for item in root if item.tag.endswith("depend")}
    folder = repository / ("test" if package == "lupex_system_tests" else f"src/{package}/test")
    wanted = needed(folder.glob("*.py"), package, ROSDEP_OF_TESTS)
    missing = {name for name in wanted if FLOORS.get(name, -1) < FLOORS[package]} - declared
    assert not missing, f"{package}/package.xml lacks a test_depend on {sorted(missing)}"
    setup = (folder.parent / "setup.py") if package != "lupex_system_tests" else folder / "setup.py"
    # Without it `colcon test` runs no test and says that all is well.
    assert 'extras_require={"test": ["pytest"]}' in setup.read_text(encoding="utf-8")


def needed(paths, package, rosdep):
    """Return the dependencies, by their names in a package file, of what Python files import."""
    found = set()
    for path in paths:
        for name in imports(path):
            top = name.split(".")[0]
            if top != package and (top.startswith("lupex_") or is_ros(name)):
                found.add(top)
            elif top in rosdep:
                found.add(rosdep[top])
    return found


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_files_begin_with_their_licence(repository, package):
    for path in modules(repository, package):
        first, second = path.read_text(encoding="utf-8").split("\n")[:2]
        assert first.startswith("# SPDX-FileCopyrightText: "), path
        assert second == "# SPDX-License-Identifier: Apache-2.0", path
