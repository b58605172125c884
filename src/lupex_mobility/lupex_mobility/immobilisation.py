# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Tracks that run while the rover stays where it is: how much of what they run is lost, over the last seconds."""

from collections import deque
from dataclasses import dataclass

from lupex_mobility.config import Immobilisation
from lupex_mobility.unit_kinematics import BodyTwist


@dataclass(frozen=True)
class Motion:
    """A step of `dt_s`: what the tracks ran without slip, what the body did over ground, and one sigma of that."""

    time_s: float
    dt_s: float
    tracks: BodyTwist
    ground: BodyTwist
    sigma_mps: float


@dataclass(frozen=True)
class _Run:
    duration_s: float
    run_m: float
    """Of the tracks."""
    gained_m: float
    """Of it, over ground and in the same direction."""
    sigma_m: float


class ImmobilisationWatch:
    """Tell when most of what the tracks ran in the last seconds was lost, and how much has been lost in all."""

    def __init__(self, config: Immobilisation, unit_reach_m: float) -> None:
        """Take how far from the body's middle a unit stands: by that a turn counts beside a way."""
        self._config, self._unit_reach_m = config, unit_reach_m
        self._runs: deque[_Run] = deque()
        self._gathered_s = 0.0
        self.spun_m = 0.0
        """Of the tracks without way over ground, since `count_anew`."""

    def note(self, motion: Motion) -> None:
        """Note a step.

        Steps in which the tracks stand or turn slowly say nothing: what they interrupt begins anew.
        """
        tracks, ground, dt_s = motion.tracks, motion.ground, motion.dt_s
        squared = self._product(tracks, tracks)
        run_m = squared**0.5 * dt_s
        if run_m < self._config.min_speed_mps * dt_s or dt_s <= 0.0:
            self.begin_anew()
            return
        gained_m = self._product(tracks, ground) / squared * run_m
        self.spun_m += max(0.0, run_m - max(0.0, gained_m))
        self._runs.append(_Run(dt_s, run_m, gained_m, motion.sigma_mps * dt_s))
        self._gathered_s += dt_s
        while self._gathered_s - self._runs[0].duration_s >= self._config.lasting_s:
            self._gathered_s -= self._runs.popleft().duration_s

    def lost_more_than(self, share: float) -> bool:
        """Tell whether surely more than a share of what the tracks ran in the last seconds gained no way."""
        return self._gathered_s >= self._config.lasting_s and self.slip - self.sigma > share

    @property
    def slip(self) -> float:
        """Share of what the tracks ran in the last seconds that gained no way; 0 before any."""
        run_m = sum(run.run_m for run in self._runs)
        return 1.0 - sum(run.gained_m for run in self._runs) / run_m if run_m > 0.0 else 0.0

    @property
    def sigma(self) -> float:
        """One sigma of `slip`: errors of the velocity last longer than the window."""
        run_m = sum(run.run_m for run in self._runs)
        return sum(run.sigma_m for run in self._runs) / run_m if run_m > 0.0 else 0.0

    def begin_anew(self) -> None:
        """Let what was run so far say nothing of what comes."""
        self._runs.clear()
        self._gathered_s = 0.0

    def count_anew(self, before_m: float = 0.0) -> None:
        """Count what was lost in the last seconds, and what will be from now on, beside what was lost before."""
        self.spun_m = before_m + sum(max(0.0, run.run_m - max(0.0, run.gained_m)) for run in self._runs)

    def _product(self, one: BodyTwist, other: BodyTwist) -> float:
        """Return the inner product of two twists [m2/s2], turns counted by what the units go."""
        turns = self._unit_reach_m**2 * one.turning_rad_s * other.turning_rad_s
        return one.forward_mps * other.forward_mps + one.left_mps * other.left_mps + turns
