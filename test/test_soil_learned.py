# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Soil learned over the world's own ground, whose locomotion is not the model that it is learned with.

`./lupex bench ground/soil` drives on twenty seeds at each level; these are few, and none of those.
"""

import math

import numpy as np
import pytest

from lupex_system_tests.soil_drive import MOVE_M, TABLE, SoilDrive, figures, looks
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.soil.slip_model import slip_quantiles, slips
from lupex_traversability.soil.slip_windows import SlipWindows

SEEDS = range(200, 212)
CONFIG = SoilConfig()


@pytest.fixture(scope="module")
def found():
    return {level: [look for seed in SEEDS for look in looks(level, seed, 150.0)] for level in ("nominal", "harsh")}


def test_the_error_of_the_slip_foretold_halves_after_a_hundred_metres(found):
    assert figures(found["harsh"])["slip_error_ratio_100m"] <= 0.5
    # within the prior's own spread there is less to learn
    assert figures(found["nominal"])["slip_error_ratio_100m"] <= 0.8


def test_the_truth_is_in_the_band_as_often_as_it_says(found):
    assert 0.9 <= figures([look for level in found.values() for look in level])["soil_band"] <= 0.99
    assert min(figures(level)["soil_band"] for level in found.values()) >= 0.9


def test_the_world_on_which_it_is_measured_is_not_flat_and_not_the_model():
    drive = SoilDrive("harsh", 300)
    slopes = np.array([drive.hills.slopes(x, 7.0, 0.3) for x in range(0, 400, 5)])
    assert 5.0 < math.degrees(slopes.std()) < 12.0
    truth = [drive.slip_at(x, 7.0, 0.3) for x in range(0, 400, 5)]
    model = [float(TABLE.slip(*slope, 0.0)) for slope in slopes]
    assert np.median(np.abs(np.array(truth) - model)) > 0.005
    assert MOVE_M > 0.0


def down(distance_m):
    return 0.0


class Wall:
    """A crater's wall: a slope of 10 deg that falls along x."""

    def slopes(self, x, y, heading):
        along = math.radians(10.0)
        return math.atan(-math.tan(along) * math.cos(heading)), math.atan(math.tan(along) * math.sin(heading))


def test_down_a_wall_in_weak_soil_the_climb_is_known_to_be_dear():
    """A rover that only drove down knows, from its skid, what the way back up asks for."""
    told, true, prior = [], [], []
    for seed in range(310, 318):
        drive, windows, learned = (
            SoilDrive("harsh", seed, heading=down),
            SlipWindows(CONFIG),
            LearnedSoil(CONFIG, TABLE),
        )
        drive.hills = Wall()
        unknown = learned.unseen()
        while drive.ground_m < 100.0:
            taken = windows.take(*drive.second())
            if taken.window is not None:
                learned.learn(taken.window)
        up = slips(TABLE, *Wall().slopes(0.0, 0.0, math.pi))
        told.append(slip_quantiles(learned.unseen(), up, (0.025, 0.5, 0.975), CONFIG))
        prior.append(float(slip_quantiles(unknown, up, 0.5, CONFIG)))
        true.append(np.median([drive.slip_at(x, y, math.pi) for x, y, _ in drive.way[::20]]))
    told, true = np.array(told), np.array(true)
    assert np.median(np.abs(told[:, 1] - true)) < 0.5 * np.median(np.abs(np.array(prior) - true))
    assert np.mean((told[:, 0] < true) & (true < told[:, 2])) >= 7 / 8
