# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator through its lives: where each begins, and what a clock that leaps or stands leaves of it."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lupex_localization import start
from lupex_localization.config import InitialPose
from lupex_localization.estimator import PoseEstimator
from lupex_localization.reckoning import MotionEstimate
from lupex_localization.samples import PlaceSample, Sample
from lupex_node.checks import InvalidMessage

Array = npt.NDArray[np.float64]


class Localization:
    """Take samples by `add`, then `advance`. A time of 0 or less is no clock: nothing is made of it."""

    def __init__(
        self, make: Callable[[], PoseEstimator], initial: InitialPose, checkpoint: Callable[[], start.Saved | None]
    ) -> None:
        """`make` returns an estimator without a state; `checkpoint` what an earlier life of the process left."""
        self._make, self._initial, self._checkpoint = make, initial, checkpoint
        self.estimator = make()
        self._config = self.estimator.terms.config
        self._newest_s = 0.0
        self._kept: tuple[start.Saved, str] | None = None
        """The last known place before the clock leapt, and why it is not to be relied on."""
        self._stands_at_s = -math.inf
        self._ahead_s = 0.0
        self._events: list[str] = []

    def take_events(self) -> list[str]:
        """Return what happened since the last call, in sentences for a log."""
        events, self._events = self._events, []
        return events

    @property
    def initial(self) -> InitialPose:
        """Where the rover stands when it is first switched on."""
        return self._initial

    @property
    def clock_stands_s(self) -> float:
        """By how much samples have run ahead of a clock that does not go on; 0 while it does."""
        return self._ahead_s if self._ahead_s > self._config.fixes.future_s else 0.0

    def add(self, sample: Sample, now_s: float) -> None:
        """Put a sample in its place in time; raises InvalidMessage when its stamp may not be used."""
        self._watch(now_s)
        # one stamp may be from anywhere: samples that follow each other are not
        step_s = sample.time_s - now_s - self._ahead_s
        if 0.0 < step_s <= self._config.fixes.future_s:
            self._ahead_s += step_s
        self.estimator.add(sample, now_s)

    def confirm(self, time_s: float, position_m: Array, yaw_rad: float, covariance: Array, now_s: float) -> None:
        """Take a pose in map that a person tells: position (3,), heading, covariance (6, 6) as in ROS.

        What is told holds, whatever was believed; raises InvalidMessage for what is no pose. A height that nobody knows
        by looking at a map is taken as open by a metre at least.
        """
        values = np.concatenate([position_m, [yaw_rad, time_s], covariance.ravel()])
        if not np.isfinite(values).all():
            raise InvalidMessage("the pose or its covariance is not finite")
        block = 0.5 * (covariance[:3, :3] + covariance[:3, :3].T)
        block[2, 2] = max(block[2, 2], 1.0)
        if np.linalg.eigvalsh(block)[0] <= 0.0 or covariance[5, 5] <= 0.0:
            raise InvalidMessage("the covariance is not positive in x, y and yaw")
        yaw_variance = float(covariance[5, 5])
        self.add(PlaceSample(time_s, np.asarray(position_m, float), block, yaw_rad, yaw_variance, told=True), now_s)

    def advance(self, now_s: float) -> list[MotionEstimate]:
        """Work off what has come; return the estimates that are new in time."""
        self._watch(now_s)
        if now_s <= 0.0 or (not self.estimator.begun and not self._begin()):
            return []
        return self.estimator.advance()

    def _watch(self, now_s: float) -> None:
        """Begin anew from the last known place where the clock has gone back."""
        if now_s <= 0.0:
            return
        if now_s != self._stands_at_s:
            self._stands_at_s, self._ahead_s = now_s, 0.0
        back_s = self._newest_s - now_s
        self._newest_s = max(self._newest_s, now_s)
        if back_s <= self._config.checkpoint.clock_back_s:
            return
        self._newest_s = now_s
        why = f"the clock went back by {back_s:.0f} s"
        self._events.append(why)
        old, self.estimator = self.estimator, self._make()
        if old.begun:
            known = start.last_known(old.reckoning, old.travel_m)
            self._kept = known, old.motion.fixing.unconfirmed or why

    def _begin(self) -> bool:
        terms = self.estimator.terms
        sample, tracks, span_s = self.estimator.queued()
        if sample is None or (tracks is None and span_s < self._initial.wait_s):
            return False
        saved, why = self._kept or (self._checkpoint(), "")
        if saved is None:
            beginning = start.first_beginning(sample, tracks, self._initial, terms)
        else:
            beginning = start.resumed_beginning(saved, sample, tracks, terms, why)
        if beginning is None:
            return False
        self.estimator.begin(beginning)
        self._events.append(beginning.text)
        return True
