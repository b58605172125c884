# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How much ground a Gazebo world has, and how finely."""

from dataclasses import dataclass
from pathlib import Path

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting

FEWEST_CELLS = 64


@dataclass(frozen=True)
class TerrainSettings:
    """Size and density of a Gazebo world's terrain; all assumptions."""

    margin_m: float = setting(
        40.0, "of height map around lander, targets and havens: the way may swing out so far", unit="m", minimum=5
    )
    most_cells: int = setting(
        2048,
        "a side of the height map, a power of two: a longer way has coarser ones",
        minimum=FEWEST_CELLS,
        maximum=8192,
    )
    mesh_cells: int = setting(160, "a side of the mesh around the height map, far from it", minimum=8, maximum=2000)
    fine_mesh_m: float = setting(
        100.0, "around the height map in which the mesh has every node of the 5 m field", unit="m", minimum=0
    )
    smallest_rock_m: float = setting(
        0.6, "across, that is drawn in its own shape beside the height map, which holds them all", unit="m", minimum=0.1
    )


AS_CONFIGURED = TerrainSettings()


def read_terrain_settings(path: Path) -> TerrainSettings:
    """Read config/gazebo_world.yaml; raises ConfigurationError."""
    settings = from_mapping(TerrainSettings, read_yaml(path), str(path))
    if settings.most_cells & (settings.most_cells - 1):
        raise ConfigurationError(f"{path}: 'most_cells' is {settings.most_cells} but must be a power of two")
    return settings
