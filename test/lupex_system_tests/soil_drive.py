# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A drive over the world's own patchy soil on varied slopes, and what the learned soil says of it on the way.

The world slips by the simulator's locomotion: nothing of it comes from the model that the soil is learned with.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lupex_models.rover import read_rover
from lupex_models.soil_strength import StrengthTable
from lupex_simulator.crawler.steady_drive import steady_drive
from lupex_simulator.crawler.true_locomotion import true_track
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.soil.slip_model import slip_quantiles, slips
from lupex_traversability.soil.slip_windows import Footing, SlipReading, SlipWindows
from lupex_worlds.truth.encoder_truth import draw_encoders
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.truth.soil_truth import draw_soil

ROOT = Path(__file__).resolve().parents[2]
ROVER = read_rover(ROOT / "config" / "rover.yaml")
TABLE = StrengthTable.build(ROVER)
SPEED_MPS = 0.1
WINDOW_S = 30.0
"""That a window takes without slip."""
SEEN_SIGMA = 0.01
"""Of the slip over such a window where the ground is seen; measured drives over relief have 0.003 to 0.02."""
UNSEEN_M = 20.0
"""Of each 80 m, where localization sees nothing."""
BOGGED = 0.97
"""Slip of tracks that cannot drive on."""
MOVE_M = 5.0
"""A move from cell to cell of the map."""
FREED_M = 4.0
"""Over which who was bogged is set down beyond."""
LEVELS = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class Look:
    """A prediction of the slip at one place and one heading beside the truth."""

    driven_m: float
    ahead: bool
    """Whether the ground lay before the rover; else it had been driven over, and is looked at the other way."""
    truth: float
    low: float
    median: float
    high: float
    prior: float


class Hills:
    """Relief as a sum of waves of 15 to 120 m, whose slope along an axis has a given rms."""

    def __init__(self, rng, slope_rms_rad=0.14, waves=24):
        length = np.exp(rng.uniform(math.log(15.0), math.log(120.0), waves))
        direction, self.phase = rng.uniform(0.0, math.tau, (2, waves))
        self.k = math.tau / length * np.stack([np.cos(direction), np.sin(direction)])
        self.slope = math.sqrt(2.0 / waves) * slope_rms_rad * math.sqrt(2.0)

    def slopes(self, x, y, heading):
        """Return the slopes along a heading and across it, to the left."""
        wave = np.cos(self.k[0] * x + self.k[1] * y + self.phase) / np.hypot(*self.k)
        gx, gy = self.slope * (self.k @ wave)
        c, s = math.cos(heading), math.sin(heading)
        return math.atan(gx * c + gy * s), math.atan(gy * c - gx * s)


class SoilDrive:
    """Drives of one draw of soil, tracks and encoders, placed by a localization that drifts as it states.

    Where it sees nothing it believes the nominal soil's slip, and says that it drifts fast.
    """

    def __init__(self, level, seed, heading=lambda distance_m: 0.5 * math.sin(distance_m / 40.0)):
        truth = read_level(level, [ROOT / "worlds"])
        self.rng = np.random.default_rng([seed, 15])
        self.soil = draw_soil(truth.ground, np.random.default_rng([seed, 16]), clear=())
        self.track = true_track(ROVER, self.soil.grip)
        self.radius = float(np.mean(draw_encoders(truth.encoders, np.random.default_rng([seed, 17])).radius_factor))
        self.hills = Hills(self.rng)
        self.heading = heading
        self.x_m = self.y_m = self.ground_m = self.track_m = self.time_s = 0.0
        self.way = []
        """Places driven over: x, y, heading."""
        self._error = np.zeros(2)
        self._variance = 0.01
        self._bogged_s = 0

    def slip_at(self, x, y, heading):
        """Return the true steady slip of driving through a place."""
        along, across = self.hills.slopes(x, y, heading)
        state = steady_drive(self.track, self.soil.rows(x, y)[0], along, across, SPEED_MPS)
        return state.slip if state.feasible else math.copysign(1.0, along)

    def second(self):
        """Drive for a second; return a reading and where it was made."""
        heading = self.heading(self.ground_m)
        along, across = self.hills.slopes(self.x_m, self.y_m, heading)
        slip = min(max(self.slip_at(self.x_m, self.y_m, heading), -BOGGED), BOGGED)
        self.way.append((self.x_m, self.y_m, heading))
        ahead = math.cos(along) * np.array([math.cos(heading), math.sin(heading)])
        ground = SPEED_MPS * (1.0 - slip)
        self.x_m, self.y_m = np.array([self.x_m, self.y_m]) + ground * ahead
        self.ground_m += ground
        self.time_s += 1.0
        self.track_m += SPEED_MPS / self.radius
        self._localize(SPEED_MPS * (slip - float(TABLE.slip(along, across, 0.0))) * ahead)
        self._bogged_s = self._bogged_s + 1 if slip >= BOGGED else 0
        if self._bogged_s > 40:
            self.x_m, self.y_m = np.array([self.x_m, self.y_m]) + FREED_M * ahead
            self.ground_m += FREED_M
            self._bogged_s = 0
        tilt = math.atan(math.hypot(math.tan(along), math.tan(across)))
        x, y = np.array([self.x_m, self.y_m]) + self._error
        variance = (self._variance, 0.0, self._variance)
        reading = SlipReading(self.time_s, along, self.track_m)
        return reading, Footing(self.time_s, x, y, variance, tilt)

    def _localize(self, unforeseen_m):
        """Let the place drift: by noise, and by slip that is not seen."""
        if self.ground_m % 80.0 < UNSEEN_M:
            self._error = self._error + 0.7 * unforeseen_m
            self._variance += (0.05 * SPEED_MPS) ** 2 * WINDOW_S
        else:
            drift = SEEN_SIGMA * SPEED_MPS * math.sqrt(WINDOW_S)
            self._error = self._error + drift * self.rng.standard_normal(2)
            self._variance += drift**2


def looks(level, seed, metres=200.0, config=None, over_m=MOVE_M, every_m=5.0):
    """Return the looks of a drive, each few metres: one at ground ahead, one back over ground driven over.

    A look is at the mean slip over a stretch of `over_m`, as a move of the planner's leads over it.
    """
    config = config or SoilConfig()
    drive, windows, learned = SoilDrive(level, seed), SlipWindows(config), LearnedSoil(config, TABLE)
    unknown = learned.unseen()
    found, next_m, choice = [], every_m, np.random.default_rng([seed, 18])
    while drive.ground_m < metres and drive.time_s < 40.0 * metres:
        taken = windows.take(*drive.second())
        if taken.window is not None:
            learned.learn(taken.window)
        if drive.ground_m < next_m:
            continue
        next_m += every_m
        heading = drive.heading(drive.ground_m)
        ahead_m = choice.uniform(3.0, 20.0)
        at = (drive.x_m + ahead_m * math.cos(heading), drive.y_m + ahead_m * math.sin(heading), heading)
        x, y, back = drive.way[choice.integers(len(drive.way))]
        for place, ahead in ((at, True), ((x, y, back + math.pi), False)):
            stretch = [
                (place[0] + d * math.cos(place[2]), place[1] + d * math.sin(place[2]), place[2])
                for d in np.linspace(-0.5 * over_m, 0.5 * over_m, 5 if over_m else 1)
            ]
            truth = float(np.mean([drive.slip_at(*each) for each in stretch]))
            expected = np.mean([slips(TABLE, *drive.hills.slopes(*each)) for each in stretch], axis=0)
            cell = (math.floor(place[0] / config.patch_m), math.floor(place[1] / config.patch_m))
            low, median, high = slip_quantiles(learned.patch(cell), expected, LEVELS, config)
            prior = slip_quantiles(unknown, expected, 0.5, config)
            found.append(Look(drive.ground_m, ahead, truth, low, median, high, float(prior)))
    return found


def figures(found, after_m=100.0):
    """Return what an issue asks: error after a way over the prior's, and the share of looks within the band."""
    late = [look for look in found if look.driven_m >= after_m]
    error = np.median([abs(look.median - look.truth) for look in late])
    prior = np.median([abs(look.prior - look.truth) for look in late])
    return {
        "slip_error_ratio_100m": float(error / prior),
        "soil_band": float(np.mean([look.low <= look.truth <= look.high for look in found])),
    }
