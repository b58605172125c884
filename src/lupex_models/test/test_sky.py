# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models import sky
from lupex_models.constants import ASTRONOMICAL_UNIT_M, MOON_ROTATION_RAD_S

SAMPLE = Path(__file__).parent / "data" / "reference_spice_de421_sample.csv"
# The issue's own bound; the measured worst case is 0.005 deg, from the rotation series' truncation.
TOLERANCE_DEG = 0.01
UTC_S = st.floats(min_value=1.7e9, max_value=2.4e9)


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def vector(azimuth: float, elevation: float) -> np.ndarray:
    return np.array(
        [math.cos(elevation) * math.sin(azimuth), math.cos(elevation) * math.cos(azimuth), math.sin(elevation)]
    )


def worst_error_deg(rows: list[dict[str, str]]) -> float:
    worst = 0.0
    for row in rows:
        utc_s = (float(row["jd_utc"]) - 2440587.5) * 86400.0
        place = (math.radians(float(row["lat_deg"])), math.radians(float(row["lon_e_deg"])), 1e3 * float(row["h_km"]))
        for body, found in (("sun", sky.sun(utc_s, *place)), ("earth", sky.earth(utc_s, *place))):
            true = vector(math.radians(float(row[f"{body}_az"])), math.radians(float(row[f"{body}_el"])))
            ours = vector(float(found.azimuth_rad), float(found.elevation_rad))
            worst = max(worst, math.degrees(2.0 * math.asin(0.5 * float(np.linalg.norm(true - ours)))))
    return worst


@pytest.mark.golden
def test_sun_and_earth_agree_with_spice_sample():
    rows = rows_of(SAMPLE)
    assert len(rows) == 24
    assert worst_error_deg(rows) < TOLERANCE_DEG


@pytest.mark.golden
def test_sun_and_earth_agree_with_every_spice_row(shared_data):
    rows = rows_of(shared_data / "reference_spice_de421.csv")
    assert len(rows) == 160
    assert worst_error_deg(rows) < TOLERANCE_DEG


@pytest.mark.property
@given(UTC_S)
@settings(max_examples=50, deadline=None)
def test_moon_rotation_is_a_rotation(utc_s):
    rotation = sky.moon_fixed_from_icrf(utc_s)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@pytest.mark.property
@given(UTC_S)
@settings(max_examples=50, deadline=None)
def test_moon_turns_at_its_sidereal_rate(utc_s):
    hour = 3600.0
    turned = sky.moon_fixed_from_icrf(utc_s + hour) @ sky.moon_fixed_from_icrf(utc_s).T
    angle = math.acos((np.trace(turned) - 1.0) / 2.0)
    # Physical librations change the rate by less than one part in a thousand.
    assert angle / hour == pytest.approx(MOON_ROTATION_RAD_S, rel=2e-3)


def test_any_shape_of_time_gives_the_scalar_results():
    times = 1.9e9 + 86400.0 * np.arange(6).reshape(2, 3)
    many = sky.sun(times, -1.5, 2.0)
    assert many.azimuth_rad.shape == (2, 3)
    one = sky.sun(float(times[1, 2]), -1.5, 2.0)
    assert one.elevation_rad.shape == ()
    assert many.elevation_rad[1, 2] == pytest.approx(float(one.elevation_rad), abs=1e-12)
    assert many.distance_m[1, 2] == pytest.approx(float(one.distance_m))


def test_sun_distance_and_disc_over_a_year():
    sun = sky.sun(1.83e9 + 86400.0 * np.arange(366.0), -1.56, 3.9)
    assert sun.distance_m.min() == pytest.approx(0.983 * ASTRONOMICAL_UNIT_M, rel=4e-3)
    assert sun.distance_m.max() == pytest.approx(1.017 * ASTRONOMICAL_UNIT_M, rel=4e-3)
    assert math.degrees(float(sun.angular_radius_rad.mean())) == pytest.approx(0.266, abs=1e-3)


def test_time_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        sky.sun([1.8e9, math.nan], -1.5, 0.0)


def test_a_year_at_thirty_minutes_comes_in_one_call():
    times = 1.83e9 + 1800.0 * np.arange(365 * 48)
    sun = sky.sun(times, -1.56, 3.9)
    assert sun.elevation_rad.shape == times.shape
    for k in (0, 7777, times.size - 1):
        one = sky.sun(float(times[k]), -1.56, 3.9)
        assert sun.elevation_rad[k] == pytest.approx(float(one.elevation_rad), abs=1e-9)
        assert sun.azimuth_rad[k] == pytest.approx(float(one.azimuth_rad), abs=1e-6)
    # At the pole the Sun rises and sets with the tilt of the Moon's axis, 1.54 deg, and the place's own latitude.
    assert math.degrees(float(np.abs(sun.elevation_rad).max())) == pytest.approx(1.54 + 90.0 - 89.38, abs=0.1)
