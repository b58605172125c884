# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of docs/truth.md from worlds/truth/*.yaml: python -m lupex_system_tests.truth_page."""

import re
from pathlib import Path
from typing import Any

import yaml

from lupex_models.configuration import describe
from lupex_worlds.truth.level import TruthLevel

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "truth.md"
LEVELS = ("kind", "nominal", "harsh")
BEGIN, END = "<!-- generated: python -m lupex_system_tests.truth_page -->", "<!-- end of what is generated -->"
TITLES = {
    "map": "Orbital map",
    "place": "Place and way",
    "start": "Where the lander stands",
    "ground": "Soil and tracks",
    "encoders": "Encoders",
    "vehicle": "Drives",
    "energy.battery": "Battery and converter",
    "energy.array": "Solar array",
    "energy.heat": "Heat",
    "energy.drill": "Drill",
    "energy.sample": "Samples",
    "sensors.imu": "Inertial unit",
    "sensors.star_tracker": "Star tracker",
    "sensors.sun_sensor": "Sun sensor",
    "sensors.lidar": "Lidar",
}


def with_sources(path: Path) -> dict[str, str]:
    """Return the comment of each number of a level's file by its dotted key."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"^( *)(\w+):([^#]*)(?:#(.*))?$", line)
        if match is None:
            continue
        indent, key, value, comment = match.groups()
        above = [*above[: len(indent) // 2], key]
        if value.strip():
            found[".".join(above)] = (comment or "").strip()
    return found


def value_of(values: dict[str, Any], key: str) -> str:
    """Return a number, or a pair as a range, as the page writes it."""
    found: Any = values
    for part in key.split("."):
        found = found[part]
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list):
        low, high = found
        return f"{low:g}" if low == high else f"{low:g}..{high:g}"
    return f"{found:g}"


def tables() -> str:
    """Return a table for each subject: the three levels side by side, and the source of `nominal`."""
    files = {level: ROOT / "worlds" / "truth" / f"{level}.yaml" for level in LEVELS}
    values = {level: yaml.safe_load(path.read_text(encoding="utf-8")) for level, path in files.items()}
    sources = with_sources(files["nominal"])
    leaves = {leaf.name: leaf for leaf in describe(TruthLevel) if leaf.name != "name"}
    lines: list[str] = []
    for section, title in TITLES.items():
        lines += ["", f"### {title}", "| number | unit | kind | nominal | harsh | what, and the source of nominal |"]
        lines.append("|---|---|---:|---:|---:|---|")
        for name, leaf in leaves.items():
            if name.startswith(f"{section}."):
                row = [f"`{name.removeprefix(f'{section}.')}`", leaf.unit]
                row += [value_of(values[level], name) for level in LEVELS]
                row.append("; ".join(text for text in (leaf.description, sources[name]) if text))
                lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines).strip()


def page() -> str:
    """Return the page with its tables made anew."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
