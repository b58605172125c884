# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models import sky
from lupex_models.constants import MOON_RADIUS_M
from lupex_models.site_frame import SiteError, SiteFrame

UTC_S = 1.857e9
LATITUDE = st.floats(min_value=math.radians(-89.9), max_value=math.radians(-80.0))
LONGITUDE = st.floats(min_value=0.0, max_value=2.0 * math.pi - 1e-6)


@pytest.mark.property
@given(LATITUDE, LONGITUDE, st.floats(-5e3, 5e3), st.floats(-5e3, 5e3))
def test_geographic_round_trip(latitude, longitude, x, y):
    frame = SiteFrame(latitude, longitude, 0.0)
    back = frame.from_geographic(*frame.to_geographic(x, y))
    # Half a micrometre: rounding of coordinates up to 300 km from the pole.
    assert np.allclose(back, (x, y), atol=1e-6)


@pytest.mark.property
@given(LATITUDE, LONGITUDE)
def test_origin_is_the_place_itself(latitude, longitude):
    found = SiteFrame(latitude, longitude, 0.0).to_geographic(0.0, 0.0)
    assert float(found[0]) == pytest.approx(latitude, abs=1e-12)
    assert math.remainder(float(found[1]) - longitude, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-9)


def test_north_and_east_of_the_map_are_those_of_the_grid():
    frame = SiteFrame(math.radians(-89.0), math.radians(30.0), 0.0)
    latitude, longitude = frame.to_geographic(0.0, 0.0)
    # Away from the pole is true north, and points along grid azimuth = longitude.
    north = frame.from_geographic(latitude + 1e-5, longitude)
    assert math.atan2(float(north[0]), float(north[1])) == pytest.approx(math.radians(30.0), abs=1e-6)
    # One arc second of latitude is 8.42 m on the sphere.
    step = float(np.hypot(*frame.from_geographic(latitude + math.radians(1 / 3600), longitude)))
    assert step == pytest.approx(MOON_RADIUS_M * math.radians(1 / 3600), rel=1e-3)


@pytest.mark.property
@given(LATITUDE, LONGITUDE)
def test_grid_azimuth_is_true_azimuth_plus_longitude(latitude, longitude):
    grid = SiteFrame(latitude, longitude, 1000.0)
    for body, found in ((sky.sun, grid.sun(UTC_S)), (sky.earth, grid.earth(UTC_S))):
        true = body(UTC_S, latitude, longitude, 1000.0)
        difference = float(found.grid_azimuth_rad) - float(true.azimuth_rad) - longitude
        assert math.remainder(difference, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-9)
        assert float(found.elevation_rad) == pytest.approx(float(true.elevation_rad), abs=1e-12)


def test_vectors_agree_with_azimuth_and_elevation():
    frame = SiteFrame(math.radians(-89.4), math.radians(222.0), 1900.0)
    times = UTC_S + 86400.0 * np.arange(5)
    for vectors, direction in (
        (frame.sun_vector(times), frame.sun(times)),
        (frame.earth_vector(times), frame.earth(times)),
    ):
        azimuth, elevation = direction.grid_azimuth_rad, direction.elevation_rad
        expected = [np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
        assert np.allclose(vectors, np.stack(expected, axis=-1), atol=1e-12)


def test_inertial_rotation_carries_the_pole_upside_down():
    frame = SiteFrame(math.radians(-89.999), 0.0, 0.0)
    rotation = frame.map_from_icrf(np.array([UTC_S, UTC_S + 1e6]))
    assert rotation.shape == (2, 3, 3)
    assert np.allclose(rotation @ np.swapaxes(rotation, -1, -2), np.eye(3), atol=1e-12)
    # The lunar pole stands 1.5 deg from the ecliptic pole, at right ascension 270 deg and declination 66.5 deg.
    ecliptic_pole = np.array([0.0, -math.sin(math.radians(23.44)), math.cos(math.radians(23.44))])
    assert math.degrees(math.acos(-float((rotation[0] @ ecliptic_pole)[2]))) == pytest.approx(1.54, abs=0.1)


@pytest.mark.parametrize("latitude_deg", [-59.0, 0.0, 89.0, -90.5])
def test_latitude_outside_the_grid_is_refused(latitude_deg):
    with pytest.raises(SiteError, match="latitude"):
        SiteFrame(math.radians(latitude_deg), 0.0, 0.0)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(SiteError, match="finite"):
        SiteFrame(math.radians(-89.0), math.nan, 0.0)


TIMES = st.floats(1.7e9, 2.4e9)


def exact_and_found(frame, times):
    """Return pairs of the sky as computed at the times, and as given: unit vectors to Sun and Earth, and a rotation."""
    sun, earth = np.moveaxis(frame._exact_vectors(times), -2, 0)
    unit = [vector / np.linalg.norm(vector, axis=-1, keepdims=True) for vector in (sun, earth)]
    return (
        (unit[0], frame.sun_vector(times)),
        (unit[1], frame.earth_vector(times)),
        (frame._exact_rotation(times), frame.map_from_icrf(times)),
    )


@pytest.mark.property
@given(TIMES, st.floats(-math.pi / 2, math.radians(-60)), st.floats(0, 6), st.floats(-5000, 8000))
@settings(max_examples=50, deadline=None)
def test_the_sky_between_nodes_is_the_sky_to_a_millionth_of_an_arc_second(utc_s, latitude, longitude, height):
    frame = SiteFrame(latitude, longitude, height)
    for times in (np.float64(utc_s), utc_s + np.linspace(0.0, 3000.0, 24).reshape(4, 6)):
        for exact, found in exact_and_found(frame, times):
            assert found.shape == exact.shape
            assert np.abs(found - exact).max() < 5e-12
    assert frame.sun(utc_s).distance_m == pytest.approx(np.linalg.norm(frame._exact_vectors(utc_s)[0]), rel=1e-11)


def test_the_sky_does_not_depend_on_what_was_asked_for_before():
    frame = SiteFrame(math.radians(-89.5), 0.3, 0.0)
    before = frame.sun_vector(1.9e9)
    frame.sun_vector(1.9e9 + np.linspace(-1e5, 1e5, 500))
    assert (frame.sun_vector(1.9e9) == before).all()


def test_times_far_apart_and_of_leap_seconds_are_computed_in_full():
    frame = SiteFrame(math.radians(-89.5), 0.3, 0.0)
    for times in (1.9e9 + 1e6 * np.arange(5), np.float64(1_483_228_800.5), np.zeros((0,))):
        for exact, found in exact_and_found(frame, times):
            assert (found == exact).all()


def test_a_stretch_of_time_costs_its_nodes_once(monkeypatch):
    frame, calls = SiteFrame(math.radians(-88.123), 0.3, 0.0), []
    exact = SiteFrame._exact_vectors
    monkeypatch.setattr(SiteFrame, "_exact_vectors", lambda self, utc_s: calls.append(utc_s) or exact(self, utc_s))
    for second in range(100):
        frame.sun_vector(1.9e9 + second)
    assert len(calls) <= 5
