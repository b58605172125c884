# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Errors that may have either sign are drawn with either, and as large as their spread says."""

import numpy as np
import pytest

from lupex_worlds.truth.encoder_truth import EncoderTruth, draw_encoders
from lupex_worlds.truth_draw import random_stream

SPREAD = EncoderTruth(
    sprocket_radius_error=(0.005, 0.01),
    steering_zero_deg=(0.2, 0.5),
    steering_backlash_deg=(0.1, 0.3),
    drive_backlash_deg=(1.0, 2.0),
)


def test_sprockets_and_steering_zeros_err_to_both_sides_alike_and_each_unit_by_itself():
    drawn = [draw_encoders(SPREAD, random_stream(seed, "encoders")) for seed in range(200)]
    for values, (low, high) in (
        (np.array([draw.radius_factor for draw in drawn]) - 1.0, SPREAD.sprocket_radius_error),
        (np.array([draw.steering_zero_deg for draw in drawn]), SPREAD.steering_zero_deg),
    ):
        assert (np.abs(values) >= low - 1e-12).all()
        assert (np.abs(values) <= high + 1e-12).all()
        # of 800 signs: 0.018 a sigma
        assert np.mean(values > 0.0) == pytest.approx(0.5, abs=0.07)
        assert np.abs(np.corrcoef(values.T) - np.eye(4)).max() < 0.3
        assert np.abs(values).mean() == pytest.approx(0.5 * (low + high), rel=0.03)


def test_play_has_no_sign():
    drawn = [draw_encoders(SPREAD, random_stream(seed, "encoders")) for seed in range(50)]
    for name, (low, high) in (("steering_backlash_deg", (0.1, 0.3)), ("drive_backlash_deg", (1.0, 2.0))):
        values = np.array([getattr(draw, name) for draw in drawn])
        assert values.min() >= low
        assert values.max() <= high
