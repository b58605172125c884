# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Use of what measures the pose now and then: judged by its innovation, watched over many, left out where it lies."""

import copy
import math

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import measurements
from lupex_localization.corrections import Corrections
from lupex_localization.filter_state import alone
from lupex_localization.measurements import Innovation
from lupex_localization.reckoning import Reckoning
from lupex_localization.rotation import from_rotation_vector, multiply, rotation_matrix, yaw_of
from lupex_localization.samples import AttitudeSample, PlaceSample, SunSample
from lupex_localization.shut_gate import ShutGate
from lupex_localization.terms import FilterTerms
from lupex_models.constants import ASTRONOMICAL_UNIT_M, SUN_RADIUS_M

Array = npt.NDArray[np.float64]

_SUN_RADIUS_RAD = SUN_RADIUS_M / ASTRONOMICAL_UNIT_M
_REOPENED_OFTEN = 3
_WITHIN_S = 120.0


class Fixing:
    """What of stars, Sun, terrain and places told is kept between samples; each is used at the state's time."""

    def __init__(self, terms: FilterTerms, unconfirmed: str) -> None:
        """Begin with nothing seen; `unconfirmed` says why the place waits for something that confirms it."""
        self._terms = terms
        self.shut = ShutGate(terms.config.fixes.recover_after, terms.config.fixes.recover_alike_rad)
        self.gyros_lie = False
        self.unconfirmed = unconfirmed
        self.stars_confirm = False
        """Whether an attitude is enough to confirm the place, as the tracks' counters tell the way."""
        self._settled = False
        self._sun_agreed_s = -math.inf
        self._reopened_s: tuple[float, ...] = ()
        self._terrain_m = 0.0
        self.sun_below = 0
        """Directions to a Sun that stood below the skyline, in a row."""

    def copy(self) -> "Fixing":
        """Return one that goes on by itself."""
        made = copy.copy(self)
        made.shut = copy.copy(self.shut)
        return made

    def unsettle(self, unconfirmed: str, stars_confirm: bool) -> None:
        """Note that place and attitude may be anything: an attitude that deviates is no liar."""
        self._settled = False
        self.unconfirmed, self.stars_confirm = unconfirmed, stars_confirm

    # ------------------------------------------------------------------------------------------------ sky

    def use_attitude(self, corrections: Corrections, sample: AttitudeSample, stationary: bool) -> None:
        """Use a star tracker's attitude; open the state to those that disagree alike for long."""
        terms, reckoning = self._terms, corrections.reckoning
        if terms.surroundings.map_from_icrf is None:
            return
        to_map = np.ascontiguousarray(terms.surroundings.map_from_icrf(sample.time_s))
        covariance = sample.covariance * corrections.monitors["attitude"].noise_factor
        if not stationary:
            covariance = covariance + np.eye(3) * terms.config.inertial.shake_rad**2

        def innovation() -> Innovation:
            return measurements.attitude_innovation(reckoning.x, to_map, sample.quaternion, covariance, terms.mounting)

        found = innovation()
        if corrections.apply("attitude", found, terms.gates[3]):
            self._passed()
            return
        self.shut.refused(sample.time_s, found[0])
        patience_s = terms.config.fixes.recover_settled_s if self._settled else 0.0
        drift = self.shut.drift_rad_s(math.sqrt(float(np.trace(covariance)) / 3.0)) if self._settled else None
        opened = max(float(found[0] @ found[0]), 1e-6)
        if drift is not None:
            self._reopen_gyros(reckoning.p, sample.time_s, float(drift @ drift))
        elif self.sun_agrees(sample.time_s) or not self.shut.alike or sample.time_s - self.shut.since_s < patience_s:
            return
        block = esf.ERROR_ATTITUDE
        reckoning.p[block, block] += np.eye(3) * opened
        if corrections.apply("attitude", innovation(), terms.gates[3]):
            corrections.accepted["attitude_recovered"] += 1
            self._passed()

    def sun_agrees(self, time_s: float) -> bool:
        """Tell whether the Sun was seen where it is expected: it says that stars which differ are wrong."""
        return time_s - self._sun_agreed_s <= self._terms.config.fixes.sun_agrees_s

    def _passed(self) -> None:
        self.shut.passed()
        self._settled = True
        if self.stars_confirm:
            self._confirm()

    def _confirm(self) -> None:
        self.unconfirmed, self.stars_confirm = "", False

    def _reopen_gyros(self, p: Array, time_s: float, bias_variance: float) -> None:
        """Open the gyros' bias, as the estimate runs away from the stars; if that happens often, they lie."""
        p[esf.ERROR_GYRO_BIAS, esf.ERROR_GYRO_BIAS] += np.eye(3) * bias_variance
        self._reopened_s = (*(at for at in self._reopened_s if time_s - at < _WITHIN_S), time_s)
        self.gyros_lie = self.gyros_lie or len(self._reopened_s) >= _REOPENED_OFTEN

    def use_sun(self, corrections: Corrections, sample: SunSample) -> None:
        """Judge a direction to the Sun; use it where it can tell more than is known: its own errors last."""
        terms, reckoning = self._terms, corrections.reckoning
        if terms.surroundings.sun_in_map is None:
            return
        sun = terms.surroundings.sun_in_map(sample.time_s)
        if not self._sun_up(reckoning.x, sun):
            self.sun_below += 1
            corrections.refuse("sun", "seen although it is below the skyline")
            return
        self.sun_below = 0
        sigma = math.hypot(terms.rover.sun_sensor.sigma_rad, terms.config.fixes.sun_alignment_rad)
        innovation = measurements.sun_innovation(reckoning.x, sun, sample.direction, sigma)
        open_enough = float(np.trace(reckoning.p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE])) > sigma**2
        if (corrections.apply if open_enough else corrections.judge)("sun", innovation, terms.gates[2]):
            self._sun_agreed_s = sample.time_s

    def _sun_up(self, x: Array, sun: Array) -> bool:
        skyline = self._terms.surroundings.skyline_rad
        elevation = math.asin(max(-1.0, min(1.0, float(sun[2]))))
        over = 0.0 if skyline is None else skyline(float(x[0]), float(x[1]), math.atan2(sun[0], sun[1]) % math.tau)
        if not math.isfinite(over):
            over = 0.0
        return elevation + _SUN_RADIUS_RAD >= over - self._terms.config.fixes.sun_margin_rad

    # ------------------------------------------------------------------------------------------------ place

    def use_place(self, corrections: Corrections, sample: PlaceSample) -> bool:
        """Use a place; return whether the rover is now somewhere else than believed.

        One that a person tells holds, and so does any where the place is not to be relied on.
        """
        reckoning, terms = corrections.reckoning, self._terms
        innovation = measurements.place_innovation(reckoning.x, sample.position_m, sample.covariance)
        anew = sample.told or bool(self.unconfirmed)
        if anew:
            # the place is opened so that nothing of the old one is left
            wide = float(innovation[0] @ innovation[0]) + float(np.trace(sample.covariance))
            reckoning.p[esf.ERROR_POSITION, esf.ERROR_POSITION] += np.eye(3) * 1e4 * wide
        if not corrections.apply("place", innovation, math.inf if sample.told else terms.gates[3]):
            return False
        self._confirm()
        if sample.yaw_rad is not None:
            _turn_to(reckoning, sample.yaw_rad, sample.yaw_variance)
            self._settled = False
        return anew

    def use_terrain(self, corrections: Corrections, run_m: float) -> None:
        """Tie the height to the elevation model, each time that its error may be another after a way `run_m`."""
        config, terrain = self._terms.config.fixes, self._terms.surroundings.terrain
        if not config.terrain or terrain is None or run_m - self._terrain_m < config.terrain_interval_m:
            return
        self._terrain_m = run_m
        x, p = corrections.reckoning.x, corrections.reckoning.p
        height = float(terrain.height(float(x[0]), float(x[1])))
        slope_x, slope_y = (float(value) for value in terrain.gradient(float(x[0]), float(x[1])))
        if math.isfinite(height + slope_x + slope_y):
            # slopes that err move the height by as much as the place is open
            open_m2 = float(p[0, 0] + p[1, 1])
            sigma = math.sqrt(config.terrain_sigma_m**2 + config.terrain_slope_sigma**2 * open_m2)
            innovation = measurements.height_innovation(x, height, (slope_x, slope_y), sigma)
            corrections.apply("terrain", innovation, self._terms.gates[1])


def _turn_to(reckoning: Reckoning, yaw_rad: float, variance: float) -> None:
    """Set the heading as it is told; roll and pitch, and their spread, stay."""
    quaternion = reckoning.x[esf.QUATERNION]
    up, before = rotation_matrix(quaternion)[2], yaw_of(quaternion)
    off = math.remainder(yaw_rad - before, math.tau)
    reckoning.x[esf.QUATERNION] = multiply(quaternion.copy(), from_rotation_vector(up * off))
    reckoning.turn_odom(before)
    block = esf.ERROR_ATTITUDE
    alone(reckoning.p, block)
    level = np.eye(3) - np.outer(up, up)
    reckoning.p[block, block] = level @ reckoning.p[block, block] @ level + np.outer(up, up) * variance
