# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is no longer known of a state after a time in which nothing was heard, or in which a sensor lied."""

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.filter_state import alone
from lupex_localization.terms import FilterTerms

Array = npt.NDArray[np.float64]


def after_gap(x: Array, p: Array, terms: FilterTerms, ran_m: float | None, reach_m: float) -> Array:
    """Move and open a state, in place, by what may have happened while nothing was heard; return the displacement.

    `ran_m`: the way by the tracks' counters, of which the old heading tells roughly where to; without it the place is
    open by `reach_m`.
    """
    config = terms.config.checkpoint
    r = rotation.rotation_matrix(x[esf.QUATERNION])
    moved = np.asarray((0.0 if ran_m is None else ran_m) * r[:, 0])
    doubt_m = reach_m if ran_m is None else config.distance_sigma_share * abs(ran_m)
    x[esf.POSITION] += moved
    _forget_velocity(x, p, terms)
    alone(p, esf.ERROR_ATTITUDE)
    turned = np.diag([config.tilt_sigma_rad, config.tilt_sigma_rad, config.heading_sigma_rad]) ** 2
    p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] += r.T @ turned @ r
    p[esf.ERROR_POSITION, esf.ERROR_POSITION] += np.eye(3) * (config.position_sigma_m**2 + doubt_m**2)
    return moved


def after_lying_forces(x: Array, p: Array, terms: FilterTerms) -> None:
    """Take back, in place, what accelerometers that lie made of the speed, and of the slip that was to explain it."""
    config = terms.config
    _forget_velocity(x, p, terms)
    alone(p, slice(esf.ERROR_SLIP, esf.ERROR_DRIFT + 1))
    x[esf.SLIP] = x[esf.DRIFT] = 0.0
    p[esf.ERROR_SLIP, esf.ERROR_SLIP] = p[esf.ERROR_DRIFT, esf.ERROR_DRIFT] = config.tracks.slip_open**2
    p[esf.ERROR_SLIP, esf.ERROR_DRIFT] = p[esf.ERROR_DRIFT, esf.ERROR_SLIP] = 0.0
    # and of the way since it began
    reach_m = config.inertial.lying_window_s * terms.rover.crawler.max_speed_mps
    p[esf.ERROR_POSITION, esf.ERROR_POSITION] += np.eye(3) * reach_m**2


def _forget_velocity(x: Array, p: Array, terms: FilterTerms) -> None:
    """Leave a velocity of which nothing is known but that the rover is not faster than it can be."""
    x[esf.VELOCITY] = 0.0
    alone(p, esf.ERROR_VELOCITY)
    p[esf.ERROR_VELOCITY, esf.ERROR_VELOCITY] = np.eye(3) * terms.rover.crawler.max_speed_mps**2
