# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors that lie: told by their own readings, or by what the others make of them."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.inertial_config import Inertial
from lupex_localization.samples import InertialSample, TrackSample

Array = npt.NDArray[np.float64]


class Monitor:
    """Mean of a sensor's normalised innovations squared a degree of freedom, over so many of the last accepted."""

    def __init__(self, window: int) -> None:
        """Begin with what a consistent sensor shows."""
        self._share = 1.0 / window
        self.mean = 1.0
        self.refused = 0
        """Innovations refused in a row."""

    def note(self, nis: float, size: int, accepted: bool) -> None:
        """Note an innovation of `size` degrees of freedom."""
        self.refused = 0 if accepted else self.refused + 1
        # what was refused says nothing of the noise, or a liar would open its own gate
        if accepted:
            self.mean += self._share * (min(nis / size, 25.0) - self.mean)

    @property
    def noise_factor(self) -> float:
        """By how much the variance of the sensor's noise is to be larger than it was told."""
        return min(max(self.mean, 1.0), 25.0)


class InertialCheck:
    """Tell an inertial unit that is frozen, and accelerometers that no motion explains.

    What is kept is replaced and never changed in place, so that a shallow copy is a copy.
    """

    def __init__(self, config: Inertial) -> None:
        """Begin with a sound unit."""
        self._config = config
        self._before: InertialSample | None = None
        self._alike = 0
        self._mean = np.zeros(3)
        self.frozen = False
        self.force_lies = False
        """For so long that it is no jolt."""
        self.force_wild = False
        """As told last."""

    def note(self, sample: InertialSample, moving: bool) -> None:
        """Note a sample by itself: in motion no two are alike to the last digit."""
        before = self._before
        same = before is not None and bool((sample.rate == before.rate).all() and (sample.force == before.force).all())
        self._before = sample
        self._alike = self._alike + 1 if same and moving else 0
        self.frozen = (self.frozen and same) or self._alike >= self._config.frozen_samples

    def explain(self, acceleration: Array, dt_s: float) -> None:
        """Note the acceleration in map (3,) that a sample shows, gravity and bias taken off, over `dt_s`.

        At a tenth of a metre a second nothing goes on accelerating for seconds.
        """
        share = 1.0 - math.exp(-dt_s / self._config.lying_window_s)
        self._mean, now, lasting = _meant(self._mean, acceleration, share)
        self.force_wild = now > self._config.wild_mps2
        self.force_lies = lasting > self._config.lying_mps2 * (0.5 if self.force_lies else 1.0)


class TrackCheck:
    """Tell joint states whose counters stand while their speeds say that the tracks run, and the other way round."""

    def __init__(self) -> None:
        """Begin with sound encoders."""
        self._before: TrackSample | None = None
        self._ran_m = np.zeros(4)
        self._counted_m = np.zeros(4)
        self.units_lying: tuple[int, ...] = ()

    def note(self, sample: TrackSample) -> None:
        """Note joint states; speeds and counters are held against each other over stretches of 0.1 m."""
        before, self._before = self._before, sample
        if before is None or sample.time_s - before.time_s > 1.0:
            self._ran_m, self._counted_m = np.zeros(4), np.zeros(4)
            return
        dt_s = sample.time_s - before.time_s
        self._ran_m = self._ran_m + 0.5 * dt_s * (sample.track_mps + before.track_mps)
        self._counted_m = self._counted_m + sample.travel_m - before.travel_m
        if max(np.abs(self._ran_m).max(), np.abs(self._counted_m).max()) < 0.1:
            return
        off = np.abs(self._ran_m - self._counted_m) > 0.04
        self.units_lying = tuple(int(i) for i in np.flatnonzero(off))
        self._ran_m, self._counted_m = np.zeros(4), np.zeros(4)


@njit(cache=True)
def _meant(mean, value, share):  # type: ignore[no-untyped-def]
    """Return the mean (3,) with a value (3,) taken in, the value's largest size, and the mean's."""
    made, now, lasting = np.empty(3), 0.0, 0.0
    for i in range(3):
        made[i] = mean[i] + share * (min(max(value[i], -20.0), 20.0) - mean[i])
        now, lasting = max(now, abs(value[i])), max(lasting, abs(made[i]))
    return made, now, lasting
