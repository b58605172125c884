# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/parameters.md from the configuration dataclasses: python -m lupex_system_tests.parameter_page."""

import dataclasses
import importlib
import types
from pathlib import Path

from lupex_models.configuration import Setting, describe

PACKAGES = (
    "lupex_node",
    "lupex_simulator",
    "lupex_localization",
    "lupex_traversability",
    "lupex_path_planning",
    "lupex_mobility",
    "lupex_drill_control",
    "lupex_power_management",
    "lupex_mission",
    "lupex_recorder",
    "lupex_analysis",
)
NODES = {
    "camera_encoder": {"camera_encoder": "CameraConfig"},
    "drill_control": {"drill_control": "DrillControlSettings"},
    "gazebo_adapter": {"gazebo_adapter": "GazeboAdapterConfig"},
    "localization": {"localization": "LocalizationConfig"},
    "mission": {"mission": "MissionConfig"},
    "mobility": {"mobility": "MobilityConfig"},
    "path_planning": {"path_planning": "PathPlanningConfig"},
    "power_management": {"power_management": "PowerManagementConfig"},
    "recorder": {"recorder": "RecorderSettings"},
    "recorder_pictures": {"recorder": "RecorderSettings"},
    "simulator": {"simulator": "SimulatorConfig"},
    "traversability": {"traversability": "TraversabilityConfig"},
}
"""By file in config/ and by node: the dataclass of its parameters."""

WITHOUT_FILE = {"lupex_mobility": {"drive_route": "RouteConfig"}}
"""By package and by node: the dataclass of parameters that a launch file alone gives."""

OF_ANOTHER_PACKAGE = {
    "camera_encoder": "lupex_simulator",
    "gazebo_adapter": "lupex_simulator",
    "recorder_pictures": "lupex_recorder",
}
"""Files that do not bear the name of the package whose nodes read them."""

SET_BY_NOBODY = ("lupex_analysis.Judgement",)
"""Dataclasses beside the nodes' own that no file and no parameter sets: they are no part of the page."""

HEAD = """# Parameters

Generated from the dataclasses by `python -m lupex_system_tests.parameter_page`; a test fails when they differ.
Each block says which node takes it, and which file sets it; paths come from the launch files.
Every node refuses a key that is not listed here, and a value outside its range, with one sentence.
All parameters are read-only while a node runs.
"""


def page() -> str:
    """Return the whole page as Markdown."""
    sections = [
        _section(package) for package in PACKAGES if any(place(package, cls) for cls in configurations(package))
    ]
    return "\n".join([HEAD, *sections])


def configurations(package: str) -> list[type]:
    """Return the configuration dataclasses that a package's nodes declare, outermost only."""
    module = importlib.import_module(f"{package}.config")
    classes = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and dataclasses.is_dataclass(item) and item.__module__ == module.__name__
    ]
    inner = {field.type for cls in classes for field in dataclasses.fields(cls)}
    return [cls for cls in classes if cls not in inner]


def package_of(file: str) -> str:
    """Return the package whose nodes read a file in config/."""
    return OF_ANOTHER_PACKAGE.get(file, f"lupex_{file}")


def place(package: str, cls: type) -> str | None:
    """Return which node takes a dataclass and where it is set, None where nothing sets it."""
    if package == "lupex_node":
        return "Every node takes these, from its own file in `config/`."
    for file, nodes in NODES.items():
        for node, declared in nodes.items():
            if declared == cls.__name__ and package_of(file) == package:
                return f"Parameters of the node `{node}`, set in `config/{file}.yaml`."
    for node, declared in WITHOUT_FILE.get(package, {}).items():
        if declared == cls.__name__:
            return f"Parameters of the node `{node}`, set by the launch file."
    return None


def _section(package: str) -> str:
    lines = [f"## {package}", ""]
    for cls in configurations(package):
        where = place(package, cls)
        if where is None:
            continue
        lines += [f"**{cls.__name__}.** {(cls.__doc__ or '').strip().splitlines()[0]} {where}", ""]
        lines += ["| parameter | type | default | unit | range | meaning |", "|---|---|---|---|---|---|"]
        lines += [_row(leaf) for leaf in describe(cls)]
        lines.append("")
    return "\n".join(lines)


def _row(leaf: Setting) -> str:
    kind = str(leaf.type) if isinstance(leaf.type, types.GenericAlias) else leaf.type.__name__
    default = "required" if leaf.required else f"`{leaf.default!r}`"
    low = "" if leaf.minimum is None else f"{leaf.minimum:g}"
    high = "" if leaf.maximum is None else f"{leaf.maximum:g}"
    bounds = f"{low}..{high}" if low or high else ""
    return f"| `{leaf.name}` | {kind} | {default} | {leaf.unit} | {bounds} | {leaf.description} |"


if __name__ == "__main__":
    Path(__file__).resolve().parents[2].joinpath("docs", "parameters.md").write_text(page(), encoding="utf-8")
