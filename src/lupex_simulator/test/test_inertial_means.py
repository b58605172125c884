# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lupex_simulator.gazebo.inertial_means import InertialMeans, Instant

MS = 1_000_000


def told(means, *times_ms):
    """Add instants whose rate is their time in ms; return (end in ms, mean rate) of what they complete."""
    done = []
    for time_ms in times_ms:
        done += means.add(Instant(time_ms * MS, np.full(3, float(time_ms)), np.full(3, -2.0 * time_ms)))
    for mean in done:
        assert mean.force_mps2 == pytest.approx(-2.0 * mean.rate_rad_s)
    return [(mean.time_ns // MS, mean.rate_rad_s[0]) for mean in done]


def test_an_interval_is_told_with_its_last_instant():
    means = InertialMeans(40 * MS)
    assert told(means, *range(1004, 1040, 4)) == []
    assert told(means, 1040) == [(1040, 1022.0)]
    assert told(means, *range(1044, 1081, 4)) == [(1080, 1062.0)]


def test_a_later_instant_completes_what_lacks_its_end():
    means = InertialMeans(40 * MS)
    assert told(means, 1004, 1008, 1044) == [(1040, 1006.0)]
    assert told(means, 1080) == [(1080, 1062.0)]


def test_a_gap_is_not_filled():
    means = InertialMeans(40 * MS)
    assert told(means, 1040, 1204, 1240) == [(1040, 1040.0), (1240, 1222.0)]


def test_what_comes_too_late_is_left_out():
    means = InertialMeans(40 * MS)
    assert told(means, 1040, 1036, 1044, 1030, 1080) == [(1040, 1040.0), (1080, 1062.0)]
