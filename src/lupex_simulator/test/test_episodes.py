# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_simulator.sensors.episodes import Episodes


def watch(episodes, seconds, period_s=1.0, exposure=1.0):
    times = np.arange(1, round(seconds / period_s) + 1) * period_s
    return np.array([episodes.occurs(float(t) - period_s, float(t), exposure) for t in times])


def run_lengths(seen):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    return edges[1::2] - edges[::2]


# A renewal process: gaps of mean 120 s and lengths of 10..50 s. Over T its count has mean T / 150 and, by the central
# limit theorem for renewals, variance T s^2 / 150^3 with s^2 = 120^2 + 40^2 / 12.
SPAN_S = 300_000.0
COUNT = SPAN_S / 150.0
COUNT_SIGMA = math.sqrt(SPAN_S * (120.0**2 + 40.0**2 / 12.0) / 150.0**3)


def test_rate_length_and_share_are_those_asked_for():
    episodes = Episodes(1.0 / 120.0, (10.0, 50.0), np.random.default_rng(1))
    seen = watch(episodes, SPAN_S)
    assert abs(episodes.begun - COUNT) < 5 * COUNT_SIGMA
    lengths = run_lengths(seen)
    # seconds on a grid: one more or less; two that touch are rare and count as one
    assert lengths.min() >= 9
    assert np.percentile(lengths, 98) <= 51
    assert lengths.mean() == pytest.approx(30.0, abs=5 * 11.5 / math.sqrt(COUNT) + 0.5)
    assert seen.mean() == pytest.approx(0.2, abs=5 * 0.2 * COUNT_SIGMA / COUNT)


def test_seldom_looks_miss_none():
    episodes = Episodes(1.0 / 120.0, (10.0, 50.0), np.random.default_rng(2))
    seen = watch(episodes, SPAN_S, period_s=500.0)
    assert abs(episodes.begun - COUNT) < 5 * COUNT_SIGMA
    assert seen.mean() == pytest.approx(0.2, abs=5 * math.sqrt(0.16 / 600))


def test_only_exposure_brings_them():
    episodes = Episodes(1.0, (10.0, 50.0), np.random.default_rng(3))
    assert not watch(episodes, 1000.0, exposure=0.0).any()
    assert episodes.begun == 0


def test_half_the_exposure_doubles_the_gaps():
    episodes = Episodes(1.0 / 60.0, (10.0, 50.0), np.random.default_rng(4))
    watch(episodes, SPAN_S, exposure=0.5)
    assert abs(episodes.begun - COUNT) < 5 * COUNT_SIGMA


def test_one_that_began_lasts_without_exposure():
    episodes = Episodes(1e6, (10.0, 10.0), np.random.default_rng(5))
    assert episodes.occurs(0.0, 1.0)
    assert episodes.occurs(1.0, 9.0, 0.0)
    assert not episodes.occurs(9.0, 10.5, 0.0)


def test_without_a_rate_nothing_is_drawn():
    rng = np.random.default_rng(6)
    assert not watch(Episodes(0.0, (10.0, 50.0), rng), 100.0).any()
    assert rng.random() == np.random.default_rng(6).random()
