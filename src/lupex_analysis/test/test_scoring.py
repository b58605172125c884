# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Normalised squared errors of poses that were drawn from a covariance written here."""

import math

import numpy as np
import pytest

from lupex_analysis.scoring import localization_errors

COUNT = 4000


ELLIPSES = [(2.0, 0.3, 0.7), (2.0, 0.3, -0.7), (1.0, 1.0, 0.0)]
"""Sigma along the longer axis and across it [m], and where the axis points to [rad]."""


def scored(ellipse, drawn, yaw_sigma=0.02):
    """Score errors `drawn` (n, 3) in sigmas: along the longer axis, across it, and of the heading."""
    longer_m, shorter_m, turn_rad = ellipse
    axes = np.array([[math.cos(turn_rad), -math.sin(turn_rad)], [math.sin(turn_rad), math.cos(turn_rad)]])
    errors = (drawn[:, :2] * (longer_m, shorter_m)) @ axes.T
    (xx, xy), (_, yy) = axes @ np.diag([longer_m**2, shorter_m**2]) @ axes.T
    count = len(drawn)
    t, one = np.arange(float(count)), np.ones(count)
    truth = {"t": t, "x_m": 0.1 * t, "y_m": np.sin(t), "z_m": 0.0 * t, "yaw_rad": 0.3 * one}
    estimate = {
        **truth,
        "x_m": truth["x_m"] + errors[:, 0],
        "y_m": truth["y_m"] + errors[:, 1],
        "yaw_rad": truth["yaw_rad"] + yaw_sigma * drawn[:, 2],
        "xx_m2": xx * one,
        "xy_m2": xy * one,
        "yy_m2": yy * one,
        "zz_m2": one,
        "yaw_rad2": yaw_sigma**2 * one,
    }
    return localization_errors(truth, estimate, 0.6)


@pytest.mark.parametrize("ellipse", ELLIPSES)
def test_an_error_of_so_many_sigmas_along_either_axis_of_the_ellipse_weighs_their_square(ellipse):
    found = scored(ellipse, np.array([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-2.0, 3.0, 0.0), (0.0, 0.0, -2.0)]))
    assert found.nees_position == pytest.approx([1.0, 1.0, 13.0, 0.0], abs=1e-9)
    assert found.nees_heading == pytest.approx([0.0, 0.0, 0.0, 4.0], abs=1e-9)
    assert found.nees == pytest.approx([1.0, 1.0, 13.0, 4.0], abs=1e-9)


@pytest.mark.parametrize("ellipse", ELLIPSES)
def test_errors_drawn_from_the_stated_covariance_are_chi_squares(ellipse):
    """Mean and mean square: the mean alone is 2 with any correlation of x and y."""
    found = scored(ellipse, np.random.default_rng(4).standard_normal((COUNT, 3)))
    # the mean of n chi squares of k degrees has a sigma of sqrt(2 k / n): 0.03 of 2, 0.02 of 1
    assert np.mean(found.nees_position) == pytest.approx(2.0, abs=0.13)
    assert np.mean(found.nees_heading) == pytest.approx(1.0, abs=0.09)
    # the square of a chi square of 2 degrees has mean 8 and a sigma of 17.9
    assert np.mean(found.nees_position**2) == pytest.approx(8.0, abs=1.1)
