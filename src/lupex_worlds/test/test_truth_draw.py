# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_worlds.smooth_field import draw_smooth_field
from lupex_worlds.truth.vehicle_truth import VehicleTruth, draw_vehicle
from lupex_worlds.truth_draw import random_stream


def test_vehicle_is_drawn_within_the_spread_and_again_the_same():
    spread = VehicleTruth()
    first, again = (draw_vehicle(spread, random_stream(7, "vehicle")) for _ in range(2))
    assert first == again
    drawn = [draw_vehicle(spread, random_stream(seed, "vehicle")).drag_factor for seed in range(200)]
    # of 200 uniform draws the outermost lie within a tenth of the width, but for a chance of 1e-9
    assert 0.9 <= min(drawn) < 0.935
    assert 1.215 < max(drawn) <= 1.25


def test_a_biased_spread_gives_a_biased_draw():
    assert draw_vehicle(VehicleTruth(drag_factor=(2.5, 2.5)), random_stream(7, "vehicle")).drag_factor == 2.5


def test_streams_of_different_purposes_are_independent():
    assert random_stream(1, "soil").random() != random_stream(1, "strata").random()
    assert random_stream(1, "soil").random() == random_stream(1, "soil").random()


def test_smooth_fields_have_unit_variance_and_their_correlation_length():
    fields = [draw_smooth_field(10.0, np.random.default_rng(seed)) for seed in range(300)]
    here = np.array([field.value(3.0, 4.0) for field in fields])
    there = np.array([field.value(13.0, 4.0) for field in fields])
    # Standard errors for 300 draws: 0.06 of the mean, 0.08 of the variance, 0.05 of the correlation; five of each.
    assert abs(here.mean()) < 0.3
    assert here.var() == pytest.approx(1.0, abs=0.4)
    assert np.corrcoef(here, there)[0, 1] == pytest.approx(math.exp(-0.5), abs=0.25)
