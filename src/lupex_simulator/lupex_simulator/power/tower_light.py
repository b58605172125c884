# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The Sun over the faces of the tower: a rock or the edge of a shadow may darken some of its strings alone."""

import math

import numpy as np

from lupex_simulator.power.true_array import FaceLight, Faces
from lupex_worlds.pose import Pose
from lupex_worlds.true_light import TrueLight
from lupex_worlds.truth.power_truth import ARRAY_FACES

PANEL_M2 = 1.6
"""[A] of the tower: with its drawn height that gives its width."""
_MOVED_M = 0.02
"""A rover that moved less stands as before."""
_REFRESH_S = 10.0
"""The Sun moves by 0.0015 deg in it, a 350th of its disc."""


class TowerLight:
    """What foot, middle and top of each face see of the disc; looked for anew after motion, or as the Sun moves."""

    def __init__(self, light: TrueLight, centre_m: float, height_m: float) -> None:
        """Take the tower's middle over the ground and its height; one without height has no parts to tell apart."""
        self._light = light
        self._height_m = height_m
        half = 0.5 * height_m
        levels = np.maximum([centre_m - half, centre_m, centre_m + half], 0.0)
        self._up_m = np.tile(levels, ARRAY_FACES)
        width_m = PANEL_M2 / height_m if height_m > 0.0 else 0.0
        # from the right, as one looks towards the Sun: the way the outer faces are turned
        places = (np.arange(ARRAY_FACES) - 0.5 * (ARRAY_FACES - 1)) * width_m / ARRAY_FACES
        self._left_m = np.repeat(places, len(levels))
        self._seen: Faces | None = None
        self._at = (math.inf, math.inf, -math.inf)

    def faces(self, pose: Pose, utc_s: float) -> Faces | None:
        """Return the shares of the disc by face and height; None for a tower without height.

        The tower stands upright and turned to the Sun.
        """
        if not self._height_m > 0.0:
            return None
        x_m, y_m, seen_s = self._at
        if math.hypot(pose.x_m - x_m, pose.y_m - y_m) >= _MOVED_M or not 0.0 <= utc_s - seen_s < _REFRESH_S:
            self._at = (pose.x_m, pose.y_m, utc_s)
            self._seen = self._look(pose.x_m, pose.y_m, utc_s)
        return self._seen

    def _look(self, x_m: float, y_m: float, utc_s: float) -> Faces:
        azimuth = float(self._light.frame.sun(utc_s).grid_azimuth_rad)
        x = x_m - math.cos(azimuth) * self._left_m
        y = y_m + math.sin(azimuth) * self._left_m
        shares = self._light.disc_shares(x, y, self._light.height_m(x_m, y_m) + self._up_m, utc_s)
        return tuple(FaceLight(*row) for row in shares.reshape(ARRAY_FACES, -1).tolist())
