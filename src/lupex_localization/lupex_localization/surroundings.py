# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the localization knows of its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Terrain(Protocol):
    """Heights of the site; nan where there are none."""

    def height(self, x_m: float, y_m: float) -> Array:
        """Return the height [m]."""

    def gradient(self, x_m: float, y_m: float) -> tuple[Array, Array]:
        """Return the slopes to x and y."""


@dataclass(frozen=True)
class Surroundings:
    """Sky, skyline, heights and turning of the place: each part may be missing."""

    map_from_icrf: Callable[[float], Array] | None = None
    """Of ROS time [s]."""
    sun_in_map: Callable[[float], Array] | None = None
    skyline_rad: Callable[[float, float, float], float] | None = None
    """Elevation of the skyline at (x_m, y_m) towards a grid azimuth [rad], clockwise from y."""
    terrain: Terrain | None = None
    frame_rate: Array | None = None
    """Rotation of the map against the stars [rad/s], map axes."""
