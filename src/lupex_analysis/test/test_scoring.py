# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Normalised squared errors of poses that were drawn from a covariance written here."""

import math

import numpy as np
import pytest

from lupex_analysis.scoring import localization_errors

COUNT = 4000


@pytest.mark.parametrize(("longer_m", "shorter_m", "turn_rad"), [(2.0, 0.3, 0.7), (2.0, 0.3, -0.7), (1.0, 1.0, 0.0)])
def test_nees_is_one_a_degree_of_freedom_of_errors_drawn_by_hand(longer_m, shorter_m, turn_rad):
    """An ellipse that lies aslant: only with its xy covariance do errors along and across it weigh alike."""
    rng = np.random.default_rng(4)
    axes = np.array([[math.cos(turn_rad), -math.sin(turn_rad)], [math.sin(turn_rad), math.cos(turn_rad)]])
    errors = (rng.standard_normal((COUNT, 2)) * (longer_m, shorter_m)) @ axes.T
    (xx, xy), (_, yy) = axes @ np.diag([longer_m**2, shorter_m**2]) @ axes.T
    t, one, yaw_sigma = np.arange(float(COUNT)), np.ones(COUNT), 0.02
    truth = {"t": t, "x_m": 0.1 * t, "y_m": np.sin(t), "z_m": 0.0 * t, "yaw_rad": 0.3 * one}
    estimate = {
        **truth,
        "x_m": truth["x_m"] + errors[:, 0],
        "y_m": truth["y_m"] + errors[:, 1],
        "yaw_rad": truth["yaw_rad"] + yaw_sigma * rng.standard_normal(COUNT),
        "xx_m2": xx * one,
        "xy_m2": xy * one,
        "yy_m2": yy * one,
        "zz_m2": one,
        "yaw_rad2": yaw_sigma**2 * one,
    }
    found = localization_errors(truth, estimate, 0.6)
    # the mean of n chi squares of k degrees has a sigma of sqrt(2 k / n): 0.03 of 2, 0.02 of 1
    assert np.mean(found.nees_position) == pytest.approx(2.0, abs=0.13)
    assert np.mean(found.nees_heading) == pytest.approx(1.0, abs=0.09)
    assert np.mean(found.nees) == pytest.approx(3.0, abs=0.16)
