# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a filter was given on a drive, with the noise that it took each measurement to have, second by second."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_localization.error_state_filter import FilterState
from lupex_localization.estimator import PoseEstimator
from lupex_localization.measurements import sensor_mounting
from lupex_localization.rotation import conjugate, from_matrix, multiply
from lupex_localization.samples import AttitudeSample, InertialSample, Sample, TrackSample
from lupex_localization.scan_matching import Match
from lupex_localization.track_correction import slip_on

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """A full second of a drive: what was true, what the filter said at that time, and whether it stood."""

    time_s: float
    position_m: Array
    nominal: Array
    stationary: bool


@dataclass(frozen=True)
class TrackReading:
    """Tracks as the filter took them: motion if nothing slipped, slip by its model, and the noise's spread."""

    time_s: float
    twist: tuple[float, float, float, float, float]
    slip: Array
    """(4,): slip, its sigma, drift, its sigma."""
    spread: float


@dataclass(frozen=True)
class Attitude:
    """Attitude map <- body by the nominal mounting (quaternion), and the covariance (3, 3) about body axes taken."""

    time_s: float
    quaternion: Array
    covariance: Array


@dataclass(frozen=True)
class Displacement:
    """Displacement (3,) since a cloned pose, in its axes, as a scan showed it, and the covariance (3, 3) taken."""

    since_s: float
    time_s: float
    moved_m: Array
    covariance: Array


@dataclass
class Recording:
    """All of it, from the state that the filter began with."""

    start: FilterState
    moments: list[Moment] = field(default_factory=list)
    inertial: list[InertialSample] = field(default_factory=list)
    tracks: list[TrackReading] = field(default_factory=list)
    attitudes: list[Attitude] = field(default_factory=list)
    displacements: list[Displacement] = field(default_factory=list)


class Recorder:
    """Stand beside an estimator that is given samples in order; changes nothing of what it does."""

    def __init__(self, drive: Any, estimator: PoseEstimator) -> None:
        """Begin with the estimator's state; from now on its scans are matched by way of this."""
        self._drive, self._estimator = drive, estimator
        self._matcher = estimator.terms.matcher
        self._begun_s: dict[float, float] = {}
        self._matched: Displacement | None = None
        self._star: AttitudeSample | None = None
        self._tracks: TrackSample | None = None
        self._star_factor = 1.0
        self._used = dict.fromkeys(("attitude", "ground"), 0)
        self.recording = Recording(estimator.reckoning.state)
        estimator.terms.matcher = self  # type: ignore[assignment]
        self._note_moment()

    # ------------------------------------------------------------------------------------------------ drive

    def tell(self, sample: Sample) -> Sample:
        """Note a sample on its way to the estimator."""
        if isinstance(sample, InertialSample):
            self.recording.inertial.append(sample)
        elif isinstance(sample, TrackSample):
            self._tracks = sample
        elif isinstance(sample, AttitudeSample):
            self._star = sample
        return sample

    def watch(self) -> None:
        """Note, after a step, what was made of its samples."""
        if self._tracks is not None:
            self._note_tracks(self._tracks.time_s)
        if self._rose("attitude") and self._star is not None:
            self._note_attitude(self._star)
        if self._rose("ground") and self._matched is not None:
            self.recording.displacements.append(self._matched)
        self._tracks = self._star = self._matched = None
        self._star_factor = self._estimator.motion.corrections.monitors["attitude"].noise_factor
        if self._drive.count % 25 == 0:
            self._note_moment()

    def _rose(self, kind: str) -> bool:
        before, self._used[kind] = self._used[kind], self._estimator.accepted[kind]
        return self._used[kind] > before

    def _note_moment(self) -> None:
        estimator = self._estimator
        place, x = self._drive.position.copy(), estimator.reckoning.x.copy()
        self.recording.moments.append(Moment(estimator.reckoning.time_s, place, x, estimator.stationary))

    def _note_tracks(self, time_s: float) -> None:
        motion, terms = self._estimator.motion, self._estimator.terms
        twist = motion.twist
        standing = terms.config.stationary.track_speed_mps
        slip = np.array(slip_on(motion.reckoning.x, twist[0], twist[1], standing, *terms.slip_table))
        spread = max(1.0, 2.0 * terms.config.tracks.noise_correlation_s / max(motion.joint_interval_s, 1e-3))
        self.recording.tracks.append(TrackReading(time_s, twist, slip, spread))

    def _note_attitude(self, sample: AttitudeSample) -> None:
        terms = self._estimator.terms
        mounting = sensor_mounting(terms.rover.star_tracker)
        to_map = terms.surroundings.map_from_icrf
        assert to_map is not None
        measured = multiply(
            multiply(from_matrix(to_map(sample.time_s)), sample.quaternion), conjugate(from_matrix(mounting))
        )
        covariance = mounting @ sample.covariance @ mounting.T * self._star_factor
        if not self._estimator.stationary:
            covariance += np.eye(3) * terms.config.inertial.shake_rad**2
        self.recording.attitudes.append(Attitude(sample.time_s, measured, covariance))

    # ------------------------------------------------------------------------------------------------ matcher

    def points(self, cloud: npt.NDArray[np.float32]) -> Array:
        """Pass on to the matcher."""
        return self._matcher.points(cloud)

    def begun(self, attitude: Array, run_m: float) -> Any:
        """Pass on, and note when the pose was cloned about which the patch is begun."""
        self._begun_s[run_m] = self._estimator.reckoning.time_s
        return self._matcher.begun(attitude, run_m)

    def grown(self, *arguments: Any) -> Any:
        """Pass on to the matcher."""
        return self._matcher.grown(*arguments)

    def matched(self, patch: Any, points: Array, attitude: Array, moved_m: Array, window_m: float) -> Match | None:
        """Pass on, and note what was measured, with the covariance that the filter goes on to take."""
        found = self._matcher.matched(patch, points, attitude, moved_m, window_m)
        if found is not None:
            factor = self._estimator.motion.corrections.monitors["ground"].noise_factor
            self._matched = Displacement(
                self._begun_s[patch.begun_m],
                self._estimator.reckoning.time_s,
                moved_m + found.correction_m,
                found.covariance * factor,
            )
        return found
