# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.rover import Neutron
from lupex_simulator.sensors.neutron import NeutronSettings, count, rates_hz, water_equivalent

SENSOR = Neutron(10.0, 12.0, 10.0)
SETTINGS = NeutronSettings()


def test_dry_ground_gives_the_dry_rates():
    assert rates_hz(SENSOR, SETTINGS, 0.0) == (12.0, 10.0)


@given(st.floats(0, 0.5), st.floats(0.001, 0.5))
def test_more_water_lowers_the_epithermal_rate(water, more):
    assert rates_hz(SENSOR, SETTINGS, water + more)[0] < rates_hz(SENSOR, SETTINGS, water)[0]


@given(st.floats(0, 0.5))
def test_even_ice_at_all_depths_is_felt_as_it_is(ice):
    assert water_equivalent(lambda depth: ice, SETTINGS) == pytest.approx(ice)


def test_shallow_ice_is_felt_more_than_deep_and_none_below_the_reach():
    shallow = water_equivalent(lambda depth: 0.05 if depth < 0.2 else 0.0, SETTINGS)
    deep = water_equivalent(lambda depth: 0.05 if 0.3 <= depth < 0.5 else 0.0, SETTINGS)
    assert shallow > deep > 0.0
    assert water_equivalent(lambda depth: 0.05 if depth > 0.5 else 0.0, SETTINGS) == 0.0


def test_counts_are_poisson_of_the_rate():
    rng = np.random.default_rng(0)
    counts = np.array([count(SENSOR, SETTINGS, 0.055, 10.0, rng).epithermal for _ in range(500)])
    # Mean 60; five standard errors of the mean, and of the variance of a Poisson variable.
    assert counts.mean() == pytest.approx(60.0, abs=5 * math.sqrt(60.0 / 500))
    assert counts.var() == pytest.approx(60.0, abs=5 * math.sqrt((60.0 + 2 * 60.0**2) / 500))


def test_a_longer_integration_keeps_its_time_and_nonsense_is_refused():
    reading = count(SENSOR, SETTINGS, 0.0, 0.0, np.random.default_rng(0))
    assert (reading.integration_s, reading.epithermal, reading.thermal) == (0.0, 0, 0)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="integration_s"):
            count(SENSOR, SETTINGS, 0.0, wrong, np.random.default_rng(0))
