# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's pose from samples as they come: in any order within the memory, the result is that of their times."""

import math
from collections import Counter

import numpy as np
import numpy.typing as npt

from lupex_localization.config import LocalizationConfig
from lupex_localization.motion_filter import MotionFilter
from lupex_localization.reckoning import MotionEstimate, Reckoning
from lupex_localization.samples import (
    AttitudeSample,
    InertialSample,
    PlaceSample,
    Sample,
    ScanSample,
    Stream,
    SunSample,
    TrackSample,
)
from lupex_localization.start import Beginning
from lupex_localization.surroundings import Surroundings
from lupex_localization.terms import FilterTerms
from lupex_localization.timeline import Timeline
from lupex_localization.track_odometry import SlipModel
from lupex_models.rover import Rover

Array = npt.NDArray[np.float64]

KEPT_BEFORE_BEGIN = 1000
MARK_EVERY_S = 1.0


class PoseEstimator:
    """Take samples by `add`, then `advance`; the arrays in what it returns are not changed later.

    What is late or early changes what was worked off already, and the next estimates follow from that.
    """

    def __init__(self, config: LocalizationConfig, rover: Rover, slip: SlipModel, surroundings: Surroundings) -> None:
        """Start without a state; `begin` gives it."""
        self._config = config
        self.terms = FilterTerms(config, rover, slip, surroundings)
        fixes = config.fixes
        self.streams: dict[type, Stream] = {
            kind: Stream(name, fixes.future_s, fixes.memory_s)
            for kind, name in (
                (InertialSample, "inertial sample"),
                (TrackSample, "joint state"),
                (AttitudeSample, "star tracker attitude"),
                (SunSample, "sun direction"),
                (ScanSample, "lidar cloud"),
                (PlaceSample, "place"),
            )
        }
        self.imu, self.joints = self.streams[InertialSample], self.streams[TrackSample]
        self._timeline: Timeline[MotionFilter] = Timeline(fixes.memory_s, MARK_EVERY_S)
        self._motion: MotionFilter | None = None
        self._told_s = -math.inf

    # ------------------------------------------------------------------------------------------------ state

    def begin(self, beginning: Beginning) -> None:
        """Take a state to start from; odom starts at the vehicle, or goes on. What came before it is dropped."""
        self._motion = MotionFilter(self.terms, beginning.state, beginning.unconfirmed)
        after = beginning.after
        if after is not None and beginning.moved_m is not None:
            self._motion.fixing.stars_confirm = beginning.told
            self.reckoning.place_odom(after.odom_position_m, after.odom_yaw_rad, after.state, beginning.moved_m)
        self._timeline.begin(beginning.state.time_s, self._motion.copy())
        self._told_s = math.nextafter(beginning.state.time_s, -math.inf)

    @property
    def begun(self) -> bool:
        """Whether there is a state."""
        return self._motion is not None

    @property
    def motion(self) -> MotionFilter:
        """The filter; raises RuntimeError before `begin`."""
        if self._motion is None:
            raise RuntimeError("the estimator has no state yet: call begin() first")
        return self._motion

    @property
    def reckoning(self) -> Reckoning:
        """The present state; raises RuntimeError before `begin`."""
        return self.motion.reckoning

    @property
    def stationary(self) -> bool:
        """Whether the rover stands still."""
        return self._motion is not None and self._motion.stationary

    @property
    def moving(self) -> bool:
        """Whether the tracks run."""
        return self._motion is not None and self._motion.twist[4] > self._config.stationary.track_speed_mps

    @property
    def accepted(self) -> Counter[str]:
        """Measurements used, by kind."""
        return self._motion.corrections.accepted if self._motion else Counter()

    @property
    def rejected(self) -> Counter[str]:
        """Measurements that did not pass their gate, by kind."""
        return self._motion.corrections.rejected if self._motion else Counter()

    @property
    def last_rejection(self) -> str:
        """What did not pass its gate last, in words."""
        return self._motion.corrections.last_rejection if self._motion else ""

    @property
    def rest_updates(self) -> int:
        """Zero-velocity updates."""
        return self._motion.rest_updates if self._motion else 0

    @property
    def bridged_s(self) -> float:
        """Time bridged without inertial samples since the last one."""
        return self._motion.bridged_s if self._motion else 0.0

    @property
    def nis_mean(self) -> float:
        """Normalised innovation squared a degree of freedom, mean over the last fixes of all kinds that were used."""
        if self._motion is None:
            return 0.0
        kinds = [kind for kind in ("attitude", "sun", "terrain", "ground") if self._motion.corrections.accepted[kind]]
        return sum(self._motion.corrections.monitors[kind].mean for kind in kinds) / len(kinds) if kinds else 0.0

    @property
    def travel_m(self) -> Array | None:
        """Ways run by the tracks, as their counters told last."""
        return self._motion.travel_m if self._motion else None

    # ------------------------------------------------------------------------------------------------ input

    def add(self, sample: Sample, now_s: float) -> None:
        """Put a sample in its place in time; raises InvalidMessage when its stamp may not be used."""
        stream = self.streams[type(sample)]
        stream.check(sample.time_s, now_s)
        taken, mark = self._timeline.add(sample)
        if not taken:
            repeated = self._motion is None or sample.time_s > self._motion.time_s - self._config.fixes.memory_s
            stream.refuse("duplicate" if repeated else "late", "has a stamp that is taken or past", now_s)
        if mark is not None:
            self._motion = mark.copy()
        stream.take(sample.time_s)
        if self._motion is None:
            self._timeline.shorten(KEPT_BEFORE_BEGIN)

    def queued(self) -> tuple[InertialSample | None, TrackSample | None, float]:
        """Return the newest inertial sample and joint states, and the span of the inertial ones."""
        return self._timeline.newest()

    # ------------------------------------------------------------------------------------------------ time

    def advance(self) -> list[MotionEstimate]:
        """Work off what has come, as far as it is in order of time; return the estimates that are new in time.

        An inertial sample waits for joint states of its time, for a while, joint states for the inertial sample that
        spans them: what comes in the usual order need not be worked off twice.
        """
        if self._motion is None:
            return []
        until_s = self._frontier_s()
        made: list[MotionEstimate] = []
        timeline = self._timeline
        while (sample := timeline.take(until_s)) is not None:
            self._motion.go(sample, timeline)
            if timeline.mark_due:
                timeline.mark(self._motion.copy())
            if sample.time_s > self._told_s and self._tells(sample):
                made.append(self.reckoning.estimate())
                self._told_s = sample.time_s
        return made

    def _tells(self, sample: Sample) -> bool:
        """Tell whether a sample makes an estimate: joint states, and inertial samples while they are silent."""
        if isinstance(sample, TrackSample):
            return True
        seen_s = self.joints.last_s
        silent = seen_s is None or sample.time_s - seen_s > self._config.tracks.hold_s
        return silent and isinstance(sample, InertialSample)

    def _frontier_s(self) -> float:
        """Return the time up to which nothing more is waited for."""
        inertial_s, joints_s = self.imu.last_s, self.joints.last_s
        tracks, same_s = self._config.tracks, self._config.tracks.coincidence_s
        if inertial_s is None:
            inertial_s = self.motion.time_s
        if joints_s is None:
            joints_s = -math.inf
        until_s = inertial_s if joints_s >= inertial_s - same_s else max(joints_s, inertial_s - tracks.hold_s)
        patience_s = max(self._config.inertial.hold_s, 1.5 * self.joints.interval_s)
        if joints_s - inertial_s > patience_s:
            until_s = joints_s
        return until_s + same_s
