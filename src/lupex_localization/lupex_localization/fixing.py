# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Use of what measures the pose now and then: judged by its innovation, watched over many, left out where it lies."""

import copy
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import measurements
from lupex_localization.filter_state import alone
from lupex_localization.measurements import Innovation
from lupex_localization.rotation import from_rotation_vector, multiply, rotation_matrix, yaw_of
from lupex_localization.samples import AttitudeSample, PlaceSample, Sample, ScanSample, SunSample
from lupex_localization.shut_gate import ShutGate
from lupex_models.constants import ASTRONOMICAL_UNIT_M, SUN_RADIUS_M

if TYPE_CHECKING:
    from lupex_localization.motion_filter import MotionFilter

Array = npt.NDArray[np.float64]

_SUN_RADIUS_RAD = SUN_RADIUS_M / ASTRONOMICAL_UNIT_M
_REOPENED_OFTEN = 3
_WITHIN_S = 120.0


class Fixing:
    """What of stars, Sun, ground and places told is kept between samples."""

    def __init__(self, shut: ShutGate) -> None:
        """Begin with nothing seen."""
        self.shut = shut
        self.gyros_lie = False
        self.stars_confirm = False
        """Whether an attitude is enough to confirm the place, as the tracks' counters tell the way."""
        self._settled = False
        self._sun_agreed_s = -math.inf
        self._reopened_s: tuple[float, ...] = ()
        self.sun_below = 0
        """Directions to a Sun that stood below the skyline, in a row."""

    def copy(self) -> "Fixing":
        """Return one that goes on by itself."""
        made = copy.copy(self)
        made.shut = copy.copy(self.shut)
        return made

    def unsettle(self) -> None:
        """Note that the attitude may be anything: one that deviates is no liar."""
        self._settled = False

    def use(self, motion: "MotionFilter", sample: Sample) -> None:
        """Use a sample at its time."""
        if isinstance(sample, AttitudeSample):
            self._use_attitude(motion, sample)
        elif isinstance(sample, SunSample):
            self._use_sun(motion, sample)
        elif isinstance(sample, ScanSample):
            motion.use_scan(sample.time_s, sample.points)
        elif isinstance(sample, PlaceSample):
            self._use_place(motion, sample)

    # ------------------------------------------------------------------------------------------------ attitude

    def _use_attitude(self, motion: "MotionFilter", sample: AttitudeSample) -> None:
        terms = motion.terms
        if terms.surroundings.map_from_icrf is None:
            return
        to_map = np.ascontiguousarray(terms.surroundings.map_from_icrf(sample.time_s))
        covariance = sample.covariance * motion.monitors["attitude"].noise_factor
        if not motion.stationary:
            covariance = covariance + np.eye(3) * terms.config.inertial.shake_rad**2

        def innovation() -> Innovation:
            return measurements.attitude_innovation(
                motion.reckoning.x, to_map, sample.quaternion, covariance, terms.mounting
            )

        found = innovation()
        if self.correct(motion, "attitude", found, terms.gates[3]):
            self._passed(motion)
            return
        self.shut.refused(sample.time_s, found[0])
        # A Sun seen where it is expected says that the star tracker is wrong, however steadily.
        sun_denies = sample.time_s - self._sun_agreed_s <= terms.config.fixes.sun_agrees_s
        patience_s = terms.config.fixes.recover_settled_s if self._settled else 0.0
        drift = self.shut.drift_rad_s(math.sqrt(float(np.trace(covariance)) / 3.0)) if self._settled else None
        opened = max(float(found[0] @ found[0]), 1e-6)
        if drift is not None:
            self._reopen_gyros(motion, sample.time_s, float(drift @ drift))
        elif sun_denies or not self.shut.alike or sample.time_s - self.shut.since_s < patience_s:
            return
        block = esf.ERROR_ATTITUDE
        motion.reckoning.p[block, block] += np.eye(3) * opened
        if self.correct(motion, "attitude", innovation(), terms.gates[3]):
            motion.accepted["attitude_recovered"] += 1
            self._passed(motion)

    def _passed(self, motion: "MotionFilter") -> None:
        self.shut.passed()
        self._settled = True
        if self.stars_confirm:
            self.stars_confirm, motion.unconfirmed = False, ""

    def _reopen_gyros(self, motion: "MotionFilter", time_s: float, bias_variance: float) -> None:
        """Open the gyros' bias, as the estimate runs away from the stars; if that happens often, they lie."""
        motion.reckoning.p[esf.ERROR_GYRO_BIAS, esf.ERROR_GYRO_BIAS] += np.eye(3) * bias_variance
        self._reopened_s = (*(at for at in self._reopened_s if time_s - at < _WITHIN_S), time_s)
        self.gyros_lie = self.gyros_lie or len(self._reopened_s) >= _REOPENED_OFTEN

    def _use_sun(self, motion: "MotionFilter", sample: SunSample) -> None:
        """Judge a direction to the Sun; use it where it can tell more than is known: its own errors last."""
        terms = motion.terms
        if terms.surroundings.sun_in_map is None:
            return
        sun = terms.surroundings.sun_in_map(sample.time_s)
        if not self._sun_up(motion, sun):
            self.sun_below += 1
            motion.rejected["sun"] += 1
            motion.last_rejection = f"sun at {sample.time_s:.2f} s: seen although it is below the skyline"
            return
        self.sun_below = 0
        sigma = math.hypot(terms.rover.sun_sensor.sigma_rad, terms.config.fixes.sun_alignment_rad)
        innovation = measurements.sun_innovation(motion.reckoning.x, sun, sample.direction, sigma)
        block = motion.reckoning.p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE]
        open_enough = float(np.trace(block)) > sigma**2
        if self.correct(motion, "sun", innovation, terms.gates[2], use=open_enough):
            self._sun_agreed_s = sample.time_s

    def _sun_up(self, motion: "MotionFilter", sun: Array) -> bool:
        skyline = motion.terms.surroundings.skyline_rad
        elevation = math.asin(max(-1.0, min(1.0, float(sun[2]))))
        x_m, y_m = float(motion.reckoning.x[0]), float(motion.reckoning.x[1])
        over = 0.0 if skyline is None else skyline(x_m, y_m, math.atan2(sun[0], sun[1]) % math.tau)
        if not math.isfinite(over):
            over = 0.0
        lowest = min(over, 0.0) if skyline is None else over
        return elevation + _SUN_RADIUS_RAD >= lowest - motion.terms.config.fixes.sun_margin_rad

    # ------------------------------------------------------------------------------------------------ place

    def _use_place(self, motion: "MotionFilter", sample: PlaceSample) -> None:
        reckoning = motion.reckoning
        innovation = measurements.place_innovation(reckoning.x, sample.position_m, sample.covariance)
        if sample.told or motion.unconfirmed:
            # what is told holds: the place is opened so that nothing of the old one is left
            wide = float(innovation[0] @ innovation[0]) + float(np.trace(sample.covariance))
            reckoning.p[esf.ERROR_POSITION, esf.ERROR_POSITION] += np.eye(3) * 1e4 * wide
        if not self.correct(motion, "place", innovation, math.inf if sample.told else motion.terms.gates[3]):
            return
        motion.unconfirmed, self.stars_confirm = "", False
        if sample.yaw_rad is not None:
            self._told_heading(motion, sample.yaw_rad, sample.yaw_variance)

    def _told_heading(self, motion: "MotionFilter", yaw_rad: float, variance: float) -> None:
        reckoning = motion.reckoning
        up = rotation_matrix(reckoning.x[esf.QUATERNION])[2]
        off = math.remainder(yaw_rad - yaw_of(reckoning.x[esf.QUATERNION]), math.tau)
        before = yaw_of(reckoning.x[esf.QUATERNION])
        reckoning.x[esf.QUATERNION] = multiply(reckoning.x[esf.QUATERNION].copy(), from_rotation_vector(up * off))
        reckoning.turn_odom(before)
        alone(reckoning.p, esf.ERROR_ATTITUDE)
        level = np.eye(3) - np.outer(up, up)
        tilt = level @ reckoning.p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] @ level
        reckoning.p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] = tilt + np.outer(up, up) * variance
        self.unsettle()

    def use_terrain(self, motion: "MotionFilter") -> None:
        """Tie the height to the elevation model, each time its error may be another."""
        config, terrain = motion.terms.config.fixes, motion.terms.surroundings.terrain
        if not config.terrain or terrain is None or motion.run_m - motion.terrain_m < config.terrain_interval_m:
            return
        motion.terrain_m = motion.run_m
        x, y = (float(value) for value in motion.reckoning.x[0:2])
        height = float(terrain.height(x, y))
        slope_x, slope_y = (float(value) for value in terrain.gradient(x, y))
        if math.isfinite(height + slope_x + slope_y):
            # slopes that err move the height by as much as the place is open
            open_m2 = float(motion.reckoning.p[0, 0] + motion.reckoning.p[1, 1])
            sigma = math.sqrt(config.terrain_sigma_m**2 + config.terrain_slope_sigma**2 * open_m2)
            innovation = measurements.height_innovation(motion.reckoning.x, height, (slope_x, slope_y), sigma)
            self.correct(motion, "terrain", innovation, motion.terms.gates[1])

    # ------------------------------------------------------------------------------------------------ judgement

    def correct(
        self, motion: "MotionFilter", kind: str, innovation: Innovation, gate: float, *, use: bool = True
    ) -> bool:
        """Apply a measurement, or only judge it, and note how it fared; return whether it passed its gate."""
        reckoning, size = motion.reckoning, innovation[0].size
        if use:
            nis, accepted = reckoning.correct(innovation, gate)
        else:
            residual, jacobian, noise = innovation
            nis = float(residual @ np.linalg.solve(jacobian @ reckoning.p @ jacobian.T + noise, residual))
            accepted = nis <= gate
        (motion.accepted if accepted else motion.rejected)[kind] += 1
        motion.monitors[kind].note(nis, size, accepted)
        if not accepted:
            deviation = ", ".join(f"{value:.4g}" for value in innovation[0])
            motion.last_rejection = f"{kind} at {motion.time_s:.2f} s: deviation {deviation}, nis {nis:.0f}"
        return accepted
