# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`./lupex doctor`: what is installed, what is missing and how to get it. Only the standard library is needed."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

GIB = 1024**3
# An environment with its build takes about 2 GiB, worlds and recordings some hundreds of MiB.
NEEDED_DISK_BYTES = 3 * GIB

PYTHON_MODULES = (
    *("numpy", "scipy", "numba", "rasterio", "pyproj", "erfa", "shapely", "transforms3d", "yaml"),
    *("py_trees", "mcap", "zstandard", "rosbags", "matplotlib", "rich", "psutil", "pytest", "hypothesis"),
)
ROS_MODULES = (
    *("rclpy", "geometry_msgs", "nav_msgs", "sensor_msgs"),
    *("lupex_interfaces", "grid_map_msgs", "nav2_msgs", "tf2_msgs"),
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` says how to get it, and is empty when nothing is to be done.

    A finding that is not `needed` is a remark: it makes the doctor's exit code no worse.
    """

    name: str
    state: str
    remedy: str = ""
    needed: bool = True

    @property
    def missing(self) -> bool:
        """Return whether this must be mended."""
        return self.needed and bool(self.remedy)


def machine(system: str, processor: str, ros: str) -> Finding:
    """Judge the processor: the wheels exist for one, a ROS 2 installation for others too."""
    state = f"{system} on {processor}"
    if ros or (system, processor) == ("Linux", "x86_64"):
        return Finding("machine", state)
    return Finding(
        "machine", state, "the ROS 2 wheels exist for Linux on x86_64 only: install ROS 2 Jazzy and source it"
    )


PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""For which the wheels exist and the lock was resolved."""


def python(version: tuple[int, int], include: Path, has_venv: bool, ros: str) -> Finding:
    """Judge the interpreter: its version, its headers, and whether it can make environments."""
    state = f"{version[0]}.{version[1]}"
    if version not in PYTHONS:
        names = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        return Finding(
            "Python", state, f"install one of Python {names} and put it on PATH, as python3 or with its number"
        )
    if not (include / "Python.h").is_file():
        return Finding("Python", f"{state} without headers", "sudo apt-get install python3-dev")
    if not has_venv and not ros:
        return Finding("Python", f"{state} without venv", "sudo apt-get install python3-venv")
    return Finding("Python", state)


def tool(name: str, package: str, path: str | None) -> Finding:
    """Judge a program that the build calls."""
    return Finding(name, path) if path else Finding(name, "not found", f"sudo apt-get install {package}")


def ros_underlay(environment: Mapping[str, str]) -> Finding:
    """Judge where ROS 2 comes from."""
    distribution = environment.get("ROS_DISTRO", "")
    if environment.get("LUPEX_ENVIRONMENT"):
        return Finding("ROS 2", f"wheels in {environment['LUPEX_ENVIRONMENT']}")
    if distribution == "jazzy":
        return Finding("ROS 2", f"jazzy, sourced from {environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)[-1]}")
    return Finding("ROS 2", "no environment yet", "./lupex setup   (or source ROS 2 Jazzy)")


def workspace(environment: Mapping[str, str]) -> Finding:
    """Judge whether the workspace is built."""
    path = environment.get("LUPEX_WORKSPACE")
    return (
        Finding("workspace", f"built in {path}")
        if path
        else Finding("workspace", "not built, or older than its sources", "./lupex setup")
    )


def modules(title: str, names: Iterable[str], remedy: str) -> Finding:
    """Judge whether the modules can be imported."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return Finding(title, f"missing: {', '.join(missing)}", remedy) if missing else Finding(title, "all found")


def space(title: str, path: Path, needed_bytes: int, remedy: str) -> Finding:
    """Judge the free space of the file system that holds `path`, or would."""
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    state = f"{free / GIB:.1f} GiB free at {path}"
    return Finding(title, state) if free >= needed_bytes else Finding(title, state, remedy)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where environments, builds and worlds go."""
    home = environment.get("XDG_CACHE_HOME", "")
    return Path(home if home.startswith("/") else f"{environment.get('HOME', '/')}/.cache") / "lupex"


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything that the workspace needs."""
    ros = "" if environment.get("LUPEX_ENVIRONMENT") else environment.get("ROS_DISTRO", "")
    can_make = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
    path = environment.get("PATH")
    findings = [
        machine(platform.system(), platform.machine(), ros),
        python(sys.version_info[:2], Path(sysconfig.get_paths()["include"]), can_make, ros),
        *(tool(name, name, shutil.which(name, path=path)) for name in ("cmake", "g++", "make")),
        ros_underlay(environment),
        workspace(environment),
        space(
            "disk", cache_directory(environment), NEEDED_DISK_BYTES, "free 3 GiB, or set XDG_CACHE_HOME to another disk"
        ),
    ]
    if environment.get("LUPEX_WORKSPACE"):
        remedy = "the lines of README.md under 'On a ROS 2 Jazzy machine'" if ros else "./lupex setup"
        findings.append(modules("Python packages", PYTHON_MODULES, remedy))
        findings.append(modules("ROS 2 packages", ROS_MODULES, remedy))
    for name, use in (("ros2", "the ros2 command line"), ("rviz2", "3D view"), ("gz", "Gazebo Harmonic")):
        found = shutil.which(name, path=path)
        remedy = "" if found else "comes with a ROS 2 Jazzy installation; nothing here needs it"
        findings.append(Finding(name, found or f"not here: {use}", remedy, needed=False))
    return findings


def report(findings: Iterable[Finding]) -> str:
    """Return one line a finding, with what to do below those that need it."""
    lines = []
    for finding in findings:
        mark = "MISSING" if finding.missing else ("note" if finding.remedy else "ok")
        lines.append(f"{mark:>7}  {finding.name}: {finding.state}")
        if finding.remedy:
            lines.append(f"{'':>9}-> {finding.remedy}")
    return "\n".join(lines)


def main() -> int:
    """Print the report; return 1 when something needed is missing."""
    findings = examine(os.environ)
    print(report(findings))
    missing = [finding.name for finding in findings if finding.missing]
    print(f"\nMissing: {', '.join(missing)}." if missing else "\nNothing is missing.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
