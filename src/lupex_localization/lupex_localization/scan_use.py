# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Use of a scan: where it lies in the patch about a cloned pose says how far the rover has come since."""

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.ground_motion import GroundView, Patch
from lupex_localization.measurements import displacement_innovation
from lupex_localization.rotation import rotation_matrix

if TYPE_CHECKING:
    from lupex_localization.motion_filter import MotionFilter

Array = npt.NDArray[np.float64]

_SIGMAS = 3.0
"""Of the displacement, that are searched."""
_SLIPPED = 0.6
"""Share of the way run that is searched besides: slip comes unforeseen."""


def use_scan(motion: "MotionFilter", time_s: float, points: Array) -> None:
    """Match a scan's near points (m, 3), correct the state by it, and let the patches grow."""
    config, view = motion.terms.config.ground, motion.ground
    if points.shape[0] < config.least_points:
        return
    run_m = motion.run_m + motion.turned_rad * config.every_m / config.every_rad
    since_m = run_m - view.used_m
    if view.reference is None:
        esf.clone(motion.reckoning.x, motion.reckoning.p, 0)
        motion.ground = GroundView(_grown(motion, _begun(motion), points, 0), None, run_m)
        return
    if since_m < config.every_m:
        return
    found = _correct(motion, view.reference, points, since_m)
    if not found:
        missed = view.missed + 1
        # a patch in which nothing is found any more is left behind
        motion.ground = (
            GroundView(used_m=run_m) if missed >= config.lost_after else dataclasses.replace(view, missed=missed)
        )
        return
    motion.ground = _followed(motion, points, run_m)


def _begun(motion: "MotionFilter") -> Patch:
    return motion.terms.matcher.begun(motion.reckoning.attitude(), motion.run_m)


def _since(motion: "MotionFilter", slot: int) -> tuple[Array, Array]:
    """Return attitude (3, 3) and displacement (3,) of the body against a cloned pose, in its axes."""
    x, at = motion.reckoning.x, esf.CLONES[slot]
    then = rotation_matrix(x[at + 3 : at + 7])
    return then.T @ motion.reckoning.attitude(), then.T @ (x[esf.POSITION] - x[at : at + 3])


def _grown(motion: "MotionFilter", patch: Patch, points: Array, slot: int) -> Patch:
    return motion.terms.matcher.grown(patch, points, *_since(motion, slot))


def _correct(motion: "MotionFilter", patch: Patch, points: Array, since_m: float) -> bool:
    """Correct the state by where the scan lies in the patch; return whether it was found there."""
    terms, reckoning = motion.terms, motion.reckoning
    attitude, moved = _since(motion, 0)
    _, jacobian, _ = displacement_innovation(reckoning.x, 0, moved, np.eye(3))
    spread = float(np.linalg.eigvalsh(jacobian @ reckoning.p @ jacobian.T)[-1])
    window_m = max(_SIGMAS * math.sqrt(max(spread, 0.0)), _SLIPPED * since_m) + 0.05
    if not math.isfinite(window_m):
        return False
    found = terms.matcher.matched(patch, points, attitude, moved, window_m)
    if found is None:
        motion.rejected["ground"] += 1
        return False
    covariance = found.covariance * motion.monitors["ground"].noise_factor
    innovation = displacement_innovation(reckoning.x, 0, moved + found.correction_m, covariance)
    if motion.fixing.correct(motion, "ground", innovation, terms.gates[3]):
        return True
    # the slip since the last scan was another than believed: the prior of slip has heavy tails
    _open_slip(motion, since_m)
    motion.rejected["ground"] -= 1
    return motion.fixing.correct(motion, "ground", innovation, terms.gates[3])


def _open_slip(motion: "MotionFilter", way_m: float) -> None:
    """Open slip and drift, and with them velocity and place, by what they may have been over the way run last."""
    reckoning, wide = motion.reckoning, motion.terms.config.tracks.slip_open
    forward, left = motion.twist[0], motion.twist[1]
    speed = math.hypot(forward, left)
    if speed <= 0.0:
        return
    turn = reckoning.attitude() @ np.array([[forward, -left], [left, forward], [0.0, 0.0]])
    for index, direction in ((esf.ERROR_SLIP, -turn[:, 0]), (esf.ERROR_DRIFT, turn[:, 1])):
        column = np.zeros(esf.ERROR_SIZE)
        column[index] = 1.0
        column[esf.ERROR_VELOCITY] = direction
        column[esf.ERROR_POSITION] = direction * way_m / speed
        reckoning.p += wide**2 * np.outer(column, column)


def _followed(motion: "MotionFilter", points: Array, run_m: float) -> GroundView:
    """Return the patches after a scan that was found: grown, and handed over as the rover goes on."""
    config, view, reckoning = motion.terms.config.ground, motion.ground, motion.reckoning
    reference, following = view.reference, view.following
    assert reference is not None
    way_m = motion.run_m - reference.begun_m
    if way_m <= config.grow_m:
        reference = _grown(motion, reference, points, 0)
    if following is not None:
        if motion.run_m - following.begun_m <= config.grow_m:
            following = _grown(motion, following, points, 1)
        if way_m >= config.last_m:
            esf.take_over(reckoning.x, reckoning.p)
            reference, following = following, None
    elif way_m >= config.next_m:
        esf.clone(reckoning.x, reckoning.p, 1)
        following = _grown(motion, _begun(motion), points, 1)
    return GroundView(reference, following, run_m)
