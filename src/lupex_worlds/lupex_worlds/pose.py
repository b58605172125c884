# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Place and attitude of the vehicle."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_worlds.contact_plane import rotation

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Place and attitude of base_link in map; rotation by yaw, pitch, roll in this order (z, y, x)."""

    x_m: float
    y_m: float
    z_m: float
    roll_rad: float
    pitch_rad: float
    yaw_rad: float

    def rotation(self) -> FloatArray:
        """Return the rotation (3, 3) from base_link to map."""
        out = np.empty((3, 3))
        rotation(self.yaw_rad, self.pitch_rad, self.roll_rad, out)
        return out
