# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Electrical power of the solar tower from the share of the disc it sees, incidence and the Sun's distance."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.rover import SolarArray

Array = NDArray[np.float64]


def tower_incidence_rad(sun_vector_body: ArrayLike) -> Array:
    """Return the angle between the Sun and the panel's normal, for unit vectors (..., 3) to the Sun in base_link.

    The tower turns about base_link's z axis towards the Sun, so that only the Sun's height over the deck is left: on
    level ground it is the Sun's elevation.
    """
    sun = np.asarray(sun_vector_body, float)
    return np.asarray(np.abs(np.arctan2(sun[..., 2], np.hypot(sun[..., 0], sun[..., 1]))))


def array_power_w(
    config: SolarArray, disc_fraction: ArrayLike, incidence_rad: ArrayLike, sun_distance_m: ArrayLike
) -> Array:
    """Return the array's electrical power: cosine of incidence, inverse square of the distance, dust and ageing.

    Patel (2005, ch. 8); the solar constant of the rover's figure is that at one astronomical unit.
    `disc_fraction` (0..1) is the share of the solar disc above the skyline at the array's centre.
    """
    cosine = np.maximum(np.cos(np.asarray(incidence_rad, float)), 0.0)
    distance = (ASTRONOMICAL_UNIT_M / np.asarray(sun_distance_m, float)) ** 2
    share = np.clip(np.asarray(disc_fraction, float), 0.0, 1.0)
    return np.asarray(config.power_w * (1.0 - config.degradation) * share * cosine * distance)
