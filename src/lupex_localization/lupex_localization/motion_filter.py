# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Samples in order of time, one after the other, into the state: the same samples always make the same state."""

import copy
import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.corrections import Corrections
from lupex_localization.error_state_filter import FilterState
from lupex_localization.fixing import Fixing
from lupex_localization.ground_odometry import GroundOdometry, Way
from lupex_localization.integrity import InertialCheck, TrackCheck
from lupex_localization.reckoning import Reckoning
from lupex_localization.reopening import after_gap, after_lying_forces
from lupex_localization.rest import Rest
from lupex_localization.rotation import yaw_of
from lupex_localization.samples import (
    AttitudeSample,
    InertialSample,
    PlaceSample,
    Sample,
    ScanSample,
    SunSample,
    TrackSample,
)
from lupex_localization.slip_watch import SlipWatch
from lupex_localization.terms import FilterTerms
from lupex_localization.track_correction import apply_tracks, open_up_to

Array = npt.NDArray[np.float64]
Twist = tuple[float, float, float, float, float]
AT_REST: Twist = (0.0, 0.0, 0.0, 0.0, 0.0)


class Ahead(Protocol):
    """Samples that are known already, later than the one in work."""

    def inertial_from(self, time_s: float) -> InertialSample | None:
        """Return the first inertial sample at or after a time."""

    def tracks_from(self, time_s: float) -> TrackSample | None:
        """Return the first joint states at or after a time."""


class MotionFilter:
    """State, and what was noticed on the way to it; `copy` is a place to take the work up again."""

    def __init__(self, terms: FilterTerms, state: FilterState, unconfirmed: str = "") -> None:
        """Begin at a state; `unconfirmed` says why its place is not to be relied on until something confirms it."""
        config = terms.config
        self.terms = terms
        self.corrections = Corrections(Reckoning(state, terms.frame_rate), config.health.monitor_window)
        self.twist: Twist = AT_REST
        self._run_m = 0.0
        """Way that the tracks have run."""
        self._turned_rad = 0.0
        self.bridged_s = 0.0
        """Time without inertial samples since the last one."""
        self.travel_m: Array | None = None
        self.rest_updates = 0
        self.rest = Rest(config.stationary)
        self.slip = SlipWatch()
        self.inertial_check = InertialCheck(config.inertial)
        self.track_check = TrackCheck()
        self.ground = GroundOdometry(terms)
        self.fixing = Fixing(terms, unconfirmed)
        self._corrected_m = 0.0
        self._tracks_s = self._inertial_s = -math.inf
        self._intervals_s = (0.0, 0.0)

    def copy(self) -> "MotionFilter":
        """Return one that goes on by itself."""
        made = copy.copy(self)
        made.corrections, made.fixing, made.ground = self.corrections.copy(), self.fixing.copy(), self.ground.copy()
        made.rest, made.slip = copy.copy(self.rest), copy.copy(self.slip)
        made.inertial_check, made.track_check = copy.copy(self.inertial_check), copy.copy(self.track_check)
        return made

    @property
    def reckoning(self) -> Reckoning:
        """The state."""
        return self.corrections.reckoning

    @property
    def stationary(self) -> bool:
        """Whether the rover stands still."""
        return self.rest.stationary

    @property
    def joint_interval_s(self) -> float:
        """The longer of the last two intervals of the joint states: it bridges a change between two rates."""
        return max(self._intervals_s)

    @property
    def time_s(self) -> float:
        """Of the state."""
        return self.reckoning.time_s

    def go(self, sample: Sample, ahead: Ahead) -> None:
        """Go on to a sample's time and use it."""
        self._carry_to(sample.time_s, ahead)
        if isinstance(sample, InertialSample):
            self._notice_inertial(sample)
        elif isinstance(sample, TrackSample):
            self._use_tracks(sample)
        else:
            self._use_fix(sample)

    # ------------------------------------------------------------------------------------------------ time

    def _carry_to(self, time_s: float, ahead: Ahead) -> None:
        """Go on by the inertial sample whose interval covers the time, and by the tracks where none does."""
        now_s = self.time_s
        if time_s <= now_s:
            return
        last_s = max(self._inertial_s, self._tracks_s)
        if last_s > -math.inf and time_s - last_s > self.terms.config.health.lost_silence_s:
            self._leap(time_s, ahead)
            return
        covering = ahead.inertial_from(time_s - self.terms.config.tracks.coincidence_s)
        if covering is None:
            self._bridge(time_s)
            return
        self._bridge(min(time_s, covering.time_s - self.terms.config.inertial.max_interval_s))
        until_s = min(time_s, covering.time_s)
        if self.inertial_check.frozen:
            self._bridge(until_s)
        else:
            self._carry(covering, until_s)

    def _carry(self, sample: InertialSample, until_s: float) -> None:
        dt_s = until_s - self.time_s
        if dt_s <= 0.0:
            return
        terms, force = self.terms, sample.force
        acceleration = esf.acceleration(self.reckoning.x, force, terms.gravity_mps2)
        lied = self.inertial_check.force_lies
        self.inertial_check.explain(acceleration, dt_s)
        if self.inertial_check.force_lies and not lied:
            after_lying_forces(self.reckoning.x, self.reckoning.p, terms)
        self.slip.feel(acceleration, dt_s)
        densities = terms.rest_densities if self.stationary else terms.densities
        if self.inertial_check.force_lies or self.inertial_check.force_wild:
            # what accelerometers at rest would say, and as much doubt as without them
            force = self.reckoning.attitude()[2] * terms.gravity_mps2 + self.reckoning.x[esf.ACCELEROMETER_BIAS]
            densities = terms.forceless_densities
        if self.fixing.gyros_lie:
            self._bridge(until_s)
            return
        self.rest.gather(sample.rate, dt_s)
        self._run(dt_s)
        self.reckoning.predict(sample.rate, force, until_s, densities)

    def _bridge(self, until_s: float) -> None:
        dt_s = until_s - self.time_s
        if dt_s <= 0.0:
            return
        self.bridged_s += dt_s
        self._run(dt_s)
        densities = self.terms.rest_densities if self.stationary else self.terms.bridge_densities
        self.reckoning.bridge(self.twist[2], until_s, densities)

    def _run(self, dt_s: float) -> None:
        """Count the way that the tracks run."""
        self._run_m += math.hypot(self.twist[0], self.twist[1]) * dt_s
        self._turned_rad += abs(self.twist[2]) * dt_s

    def _leap(self, time_s: float, ahead: Ahead) -> None:
        """Go on over a time of which nothing is known but, perhaps, the counters of the tracks after it."""
        gap_s, terms = time_s - self.time_s, self.terms
        tracks = ahead.tracks_from(time_s)
        told = terms.way_run_m(self.travel_m, tracks, gap_s) if tracks is not None else None
        reach_m = terms.rover.crawler.max_speed_mps * gap_s
        after_gap(self.reckoning.x, self.reckoning.p, terms, told, reach_m)
        self.reckoning.time_s = time_s
        self.twist = AT_REST
        self.rest.moved()
        self.ground.restart()
        self.fixing.unsettle(f"nothing was heard for {gap_s:.0f} s", stars_confirm=told is not None)

    # ------------------------------------------------------------------------------------------------ samples

    def _notice_inertial(self, sample: InertialSample) -> None:
        self._inertial_s = sample.time_s
        self.bridged_s = 0.0
        self.inertial_check.note(sample, self.twist[4] > self.terms.config.stationary.track_speed_mps)

    def _use_tracks(self, sample: TrackSample) -> None:
        interval_s, self._tracks_s = sample.time_s - self._tracks_s, sample.time_s
        if interval_s < math.inf:
            self._intervals_s = interval_s, self._intervals_s[0]
        self.track_check.note(sample)
        terms = self.terms
        self.twist = terms.kinematics.numbers(sample.steer_rad, sample.track_mps, self.track_check.units_lying)
        self.travel_m = sample.travel_m
        self.rest.notice(sample, self.reckoning.rate)
        if self.stationary:
            self.slip.rest(sample.time_s)
            if self.rest.due(sample.time_s):
                self._use_rest(sample.time_s)
            return
        # noise alike over its correlation time counts as that much fewer samples
        spread = max(1.0, 2.0 * terms.config.tracks.noise_correlation_s / max(self.joint_interval_s, 1e-3))
        reckoning = self.reckoning
        before = yaw_of(reckoning.x[esf.QUATERNION])
        run_m, self._corrected_m = self._run_m - self._corrected_m, self._run_m
        nis, opened = apply_tracks(
            reckoning.x, reckoning.p, self.twist, run_m, spread, *terms.slip_table, terms.track_settings
        )
        reckoning.turn_odom(before)
        text = f"{self.twist[0]:.3f} m/s ahead, {self.twist[1]:.3f} m/s aside, nis {nis:.0f}" if opened else ""
        self.corrections.note("tracks", nis, 3, not opened, text)
        if self.slip.note(sample.time_s, self.twist, reckoning):
            # what was known of the slip holds no longer
            open_up_to(reckoning.p, esf.ERROR_SLIP, terms.config.tracks.slip_open)
        self.fixing.use_terrain(self.corrections, self._run_m)

    def _use_rest(self, time_s: float) -> None:
        terms, limits = self.terms, self.terms.config.stationary
        if not self.corrections.apply("rest", terms.rest_innovation(self.reckoning), terms.rest_gate):
            # the tracks stand, but not the rover
            self.rest.moved()
            return
        self.rest_updates += 1
        found = self.rest.mean_rate(time_s)
        if found is not None:
            rate, gathered_s = found
            excess = rate - self.reckoning.attitude().T @ terms.frame_rate - self.reckoning.x[esf.GYRO_BIAS]
            noise = terms.gyro_noise * math.sqrt(self.corrections.monitors["rest_rate"].noise_factor / gathered_s)
            sigma = math.hypot(noise, limits.rate_sigma_rad_s)
            self.corrections.apply("rest_rate", terms.rest_rate_innovation(excess, sigma), terms.gates[3])

    def _use_fix(self, sample: Sample) -> None:
        if isinstance(sample, AttitudeSample):
            self.fixing.use_attitude(self.corrections, sample, self.stationary)
        elif isinstance(sample, SunSample):
            self.fixing.use_sun(self.corrections, sample)
        elif isinstance(sample, ScanSample):
            way = Way(self._run_m, self._turned_rad, self.twist[0], self.twist[1])
            self.ground.use(self.corrections, sample.points, way)
        elif isinstance(sample, PlaceSample) and self.fixing.use_place(self.corrections, sample):
            # the cloned poses lie where the old place was
            self.ground.restart()
