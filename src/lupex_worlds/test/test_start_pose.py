# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_models.site import Pose2, SiteError
from lupex_worlds.start_pose import draw_start_pose
from lupex_worlds.truth.start_truth import StartTruth

TOLD = Pose2(3.0, -2.0, 0.7)
NOMINAL = StartTruth(10.0, 20.0, 2.5, 5.0)


def drawn(spread, stands=lambda x, y: True, count=4000):
    poses = [draw_start_pose(spread, TOLD, stands, np.random.default_rng([seed, 7])) for seed in range(count)]
    return np.array([[pose.x_m, pose.y_m, pose.yaw_rad] for pose in poses])


def test_without_a_spread_the_lander_stands_where_it_is_told():
    assert draw_start_pose(StartTruth(), TOLD, lambda x, y: False, np.random.default_rng(1)) == TOLD


def test_the_lander_stands_as_far_off_as_a_bounded_normal_says():
    off = drawn(NOMINAL) - [TOLD.x_m, TOLD.y_m, TOLD.yaw_rad]
    distance = np.hypot(off[:, 0], off[:, 1])
    assert 19.0 < distance.max() <= 20.0
    # A normal of two axes cut at two sigma keeps 1 - 2 e^-2 / (1 - e^-2) of each variance.
    kept = 1.0 - 2.0 * math.exp(-2.0) / (1.0 - math.exp(-2.0))
    for axis in (0, 1):
        assert np.mean(off[:, axis]) == pytest.approx(0.0, abs=4.0 * 8.3 / math.sqrt(4000))
        assert np.std(off[:, axis]) == pytest.approx(10.0 * math.sqrt(kept), rel=0.05)
    assert abs(np.corrcoef(off[:, 0], off[:, 1])[0, 1]) < 0.07
    turned = np.degrees(off[:, 2])
    assert 4.8 < np.abs(turned).max() <= 5.0
    # Cut at two sigma on one axis: 0.774 of the variance is left (tables of the truncated normal).
    assert np.std(turned) == pytest.approx(2.5 * math.sqrt(0.774), rel=0.05)


def test_the_heading_alone_may_be_uncertain():
    poses = drawn(StartTruth(0.0, 0.0, 2.0, 4.0), count=50)
    assert np.all(poses[:, :2] == [3.0, -2.0])
    assert np.std(poses[:, 2]) > math.radians(1.0)


def test_a_lander_stands_only_where_it_can():
    poses = drawn(NOMINAL, lambda x, y: x > 6.0, count=200)
    assert poses[:, 0].min() > 6.0
    with pytest.raises(SiteError, match="within 20 m of the told place the lander finds no lit ground"):
        draw_start_pose(NOMINAL, TOLD, lambda x, y: False, np.random.default_rng(1))
