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
WINDOW_S = 30
BOGGED = 0.97
"""Slip of tracks that cannot drive on."""
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
    """Drives of one draw of soil, tracks and encoders; noise of the measured slip as localization states it."""

    def __init__(self, level, seed, sigma=0.02, heading=lambda distance_m: 0.5 * math.sin(distance_m / 40.0)):
        truth = read_level(level, [ROOT / "worlds"])
        self.rng = np.random.default_rng([seed, 15])
        self.soil = draw_soil(truth.ground, np.random.default_rng([seed, 16]), clear=())
        self.track = true_track(ROVER, self.soil.grip)
        self.radius = float(np.mean(draw_encoders(truth.encoders, np.random.default_rng([seed, 17])).radius_factor))
        self.hills = Hills(self.rng)
        self.sigma, self.heading = sigma, heading
        self.x_m, self.y_m, self.ground_m, self.track_m, self.time_s = 0.0, 0.0, 0.0, 0.0, 0.0
        self.way = []
        """Places driven over: x, y, heading."""
        self._window = []

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
        ground = SPEED_MPS * (1.0 - slip)
        self.x_m += ground * math.cos(along) * math.cos(heading)
        self.y_m += ground * math.cos(along) * math.sin(heading)
        self.ground_m += ground
        self.time_s += 1.0
        told = SPEED_MPS / self.radius
        self.track_m += told
        seen = ground + self.rng.normal(0.0, self.sigma * told * math.sqrt(WINDOW_S))
        self._window = [*self._window[1 - WINDOW_S :], (told, seen, ground)]
        tracks, grounds, true = np.sum(self._window, axis=0)
        tilt = math.atan(math.hypot(math.tan(along), math.tan(across)))
        full = len(self._window) == WINDOW_S
        reading = SlipReading(
            self.time_s,
            float(np.clip(1.0 - grounds / tracks, -1.0, 1.0)),
            self.sigma,
            along,
            float(WINDOW_S) if full else 0.0,
            self.track_m,
        )
        if full and true < 0.3:
            self._free(heading)
        return reading, Footing(self.time_s, self.x_m, self.y_m, 0.01, tilt)

    def _free(self, heading):
        self.x_m += FREED_M * math.cos(heading)
        self.y_m += FREED_M * math.sin(heading)
        self._window = []


def looks(level, seed, metres=200.0, config=None, table=TABLE, sigma=0.02, every_m=5.0):
    """Return the looks of a drive: ahead and back, each few metres."""
    config = config or SoilConfig()
    drive, windows, learned = SoilDrive(level, seed, sigma), SlipWindows(config), LearnedSoil(config, table)
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
            slopes = drive.hills.slopes(*place)
            expected = slips(table, *slopes)
            cell = (math.floor(place[0] / config.patch_m), math.floor(place[1] / config.patch_m))
            low, median, high = slip_quantiles(learned.patch(cell), expected, LEVELS, config)
            prior = slip_quantiles(unknown, expected, 0.5, config)
            found.append(Look(drive.ground_m, ahead, drive.slip_at(*place), low, median, high, float(prior)))
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
