# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Use of scans: where one lies in the patch about a cloned pose says how far the rover has come since."""

import copy
import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_localization import cloned_poses
from lupex_localization import error_state_filter as esf
from lupex_localization.corrections import Corrections
from lupex_localization.ground_motion import Patch
from lupex_localization.measurements import displacement_innovation
from lupex_localization.reckoning import Reckoning
from lupex_localization.rotation import rotation_matrix
from lupex_localization.terms import FilterTerms

Array = npt.NDArray[np.float64]

_SIGMAS = 3.0
"""Of the displacement, that are searched."""
_SLIPPED = 0.6
"""Share of the way run that is searched besides: slip comes unforeseen."""


@dataclass(frozen=True)
class Way:
    """What the tracks have run since the begin, and the motion that they tell now."""

    run_m: float = 0.0
    turned_rad: float = 0.0
    forward_mps: float = 0.0
    left_mps: float = 0.0


@dataclass(frozen=True)
class _View:
    reference: Patch | None = None
    """About the first cloned pose: what scans are matched against."""
    following: Patch | None = None
    """About the second one: grows to be the next reference."""
    used_m: float = 0.0
    """Way that had been run at the last scan used."""
    missed: int = 0
    """Scans in a row that found no place in the reference."""


class GroundOdometry:
    """Match scans against the ground seen before; the patches in it are replaced and never changed in place."""

    def __init__(self, terms: FilterTerms) -> None:
        """Begin without a patch."""
        self._terms = terms
        self._view = _View()

    def copy(self) -> "GroundOdometry":
        """Return one that goes on by itself."""
        return copy.copy(self)

    def restart(self) -> None:
        """Forget the patches: the cloned poses say nothing of the present one any more."""
        self._view = _View()

    def use(self, corrections: Corrections, points: Array, way: Way) -> None:
        """Match a scan's near points (m, 3), correct the state by it, and let the patches grow."""
        config, view, reckoning = self._terms.config.ground, self._view, corrections.reckoning
        if points.shape[0] < config.least_points:
            return
        run_m = way.run_m + way.turned_rad * config.every_m / config.every_rad
        since_m = run_m - view.used_m
        if view.reference is None:
            cloned_poses.clone(reckoning.x, reckoning.p, 0)
            self._view = _View(self._grown(reckoning, self._begun(reckoning, way), points, 0), None, run_m)
        elif since_m < config.every_m:
            return
        elif self._correct(corrections, view.reference, points, way, since_m):
            self._view = self._followed(reckoning, view.reference, points, way, run_m)
        elif view.missed + 1 >= config.lost_after:
            # a patch in which nothing is found any more is left behind
            self._view = _View(used_m=run_m)
        else:
            self._view = dataclasses.replace(view, missed=view.missed + 1)

    def _begun(self, reckoning: Reckoning, way: Way) -> Patch:
        return self._terms.matcher.begun(reckoning.attitude(), way.run_m)

    def _grown(self, reckoning: Reckoning, patch: Patch, points: Array, slot: int) -> Patch:
        return self._terms.matcher.grown(patch, points, *_since(reckoning, slot))

    def _correct(self, corrections: Corrections, patch: Patch, points: Array, way: Way, since_m: float) -> bool:
        """Correct the state by where the scan lies in the patch; return whether it was found there."""
        terms, reckoning = self._terms, corrections.reckoning
        attitude, moved = _since(reckoning, 0)
        _, jacobian, _ = displacement_innovation(reckoning.x, 0, moved, np.eye(3))
        spread = float(np.linalg.eigvalsh(jacobian @ reckoning.p @ jacobian.T)[-1])
        window_m = max(_SIGMAS * math.sqrt(max(spread, 0.0)), _SLIPPED * since_m) + 0.05
        found = terms.matcher.matched(patch, points, attitude, moved, window_m) if math.isfinite(window_m) else None
        if found is None:
            corrections.refuse("ground", "not found in the ground seen before")
            return False
        covariance = found.covariance * corrections.monitors["ground"].noise_factor
        innovation = displacement_innovation(reckoning.x, 0, moved + found.correction_m, covariance)
        nis, accepted = reckoning.correct(innovation, terms.gates[3])
        if accepted:
            corrections.note("ground", nis, 3, accepted, "")
            return True
        # the slip since the last scan was another than believed: the prior of slip has heavy tails
        _open_slip(reckoning, way, since_m, terms.config.tracks.slip_open)
        return corrections.apply("ground", innovation, terms.gates[3])

    def _followed(self, reckoning: Reckoning, reference: Patch, points: Array, way: Way, run_m: float) -> _View:
        """Return the patches after a scan that was found: grown, and handed over as the rover goes on."""
        config, following = self._terms.config.ground, self._view.following
        way_m = way.run_m - reference.begun_m
        if way_m <= config.grow_m:
            reference = self._grown(reckoning, reference, points, 0)
        if following is not None:
            if way.run_m - following.begun_m <= config.grow_m:
                following = self._grown(reckoning, following, points, 1)
            if way_m >= config.last_m:
                cloned_poses.take_over(reckoning.x, reckoning.p)
                return _View(following, None, run_m)
        elif way_m >= config.next_m:
            cloned_poses.clone(reckoning.x, reckoning.p, 1)
            following = self._grown(reckoning, self._begun(reckoning, way), points, 1)
        return _View(reference, following, run_m)


def _since(reckoning: Reckoning, slot: int) -> tuple[Array, Array]:
    """Return attitude (3, 3) and displacement (3,) of the body against a cloned pose, in its axes."""
    x, at = reckoning.x, esf.CLONES[slot]
    then = rotation_matrix(x[at + 3 : at + 7])
    return then.T @ reckoning.attitude(), then.T @ (x[esf.POSITION] - x[at : at + 3])


def _open_slip(reckoning: Reckoning, way: Way, way_m: float, wide: float) -> None:
    """Open slip and drift, and with them velocity and place, by what they may have been over the way run last."""
    forward, left = way.forward_mps, way.left_mps
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
