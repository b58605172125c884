# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sun and Earth as seen from a place on the Moon."""

import warnings
from dataclasses import dataclass

import erfa
import numpy as np
import numpy.typing as npt

from lupex_models.constants import (
    ASTRONOMICAL_UNIT_M,
    EARTH_RADIUS_M,
    MOON_RADIUS_M,
    SPEED_OF_LIGHT_M_S,
    SUN_RADIUS_M,
)

FloatArray = npt.NDArray[np.float64]

_UNIX_EPOCH_JD = 2_440_587.5
_J2000_JD = 2_451_545.0
_DAY_S = 86_400.0
_TT_MINUS_TAI_DAYS = 32.184 / _DAY_S
_AU_PER_DAY_M_S = ASTRONOMICAL_UNIT_M / _DAY_S

# IAU WGCCRE 2009 (Archinal et al. 2011, table 2; unchanged in 2015): phase and daily rate of E1..E13 in degrees, then
# the sine coefficients of the pole's right ascension, the cosine ones of its declination, the sine ones of W.
_ARGUMENTS = np.array(
    [
        (125.045, -0.0529921, -3.8787, 1.5419, 3.5610),
        (250.089, -0.1059842, -0.1204, 0.0239, 0.1208),
        (260.008, 13.0120009, 0.0700, -0.0278, -0.0642),
        (176.625, 13.3407154, -0.0172, 0.0068, 0.0158),
        (357.529, 0.9856003, 0.0, 0.0, 0.0252),
        (311.589, 26.4057084, 0.0072, -0.0029, -0.0066),
        (134.963, 13.0649930, 0.0, 0.0009, -0.0047),
        (276.617, 0.3287146, 0.0, 0.0, -0.0046),
        (34.226, 1.7484877, 0.0, 0.0, 0.0028),
        (15.134, -0.1589763, -0.0052, 0.0008, 0.0052),
        (119.743, 0.0036096, 0.0, 0.0, 0.0040),
        (239.961, 0.1643573, 0.0, 0.0, 0.0019),
        (25.053, 12.9590088, 0.0043, -0.0009, -0.0044),
    ]
)


@dataclass(frozen=True)
class SkyDirection:
    """Where a body stands above the local horizontal plane.

    Azimuth is true, clockwise from north, in [0, 2 pi); all fields have the shape of the times asked for.
    """

    azimuth_rad: FloatArray
    elevation_rad: FloatArray
    distance_m: FloatArray
    angular_radius_rad: FloatArray


def terrestrial_time_jd(utc_s: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return Terrestrial Time as a two-part Julian date for UTC given as Unix seconds."""
    days = np.asarray(utc_s, dtype=np.float64) / _DAY_S
    with warnings.catch_warnings():
        # Leap seconds beyond the last announced one are unknown; the one second at stake moves the Sun by 0.0001 deg.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        tai1, tai2 = erfa.utctai(np.full_like(days, _UNIX_EPOCH_JD), days)
    return np.asarray(tai1), np.asarray(tai2) + _TT_MINUS_TAI_DAYS


def moon_fixed_from_icrf(utc_s: npt.ArrayLike) -> FloatArray:
    """Return the rotation (..., 3, 3) from ICRF axes to the Moon's mean-Earth axes.

    Source: IAU WGCCRE 2009/2015 series for the lunar pole and prime meridian.
    """
    tt1, tt2 = terrestrial_time_jd(utc_s)
    days = (tt1 - _J2000_JD) + tt2
    centuries = days / 36_525.0
    angles = np.deg2rad(_ARGUMENTS[:, 0] + _ARGUMENTS[:, 1] * days[..., None])
    sines, cosines = np.sin(angles), np.cos(angles)
    alpha = np.deg2rad(269.9949 + 0.0031 * centuries + sines @ _ARGUMENTS[:, 2])
    delta = np.deg2rad(66.5392 + 0.0130 * centuries + cosines @ _ARGUMENTS[:, 3])
    w = np.deg2rad(38.3213 + 13.17635815 * days - 1.4e-12 * days**2 + sines @ _ARGUMENTS[:, 4])

    ca, sa, cd, sd, cw, sw = np.cos(alpha), np.sin(alpha), np.cos(delta), np.sin(delta), np.cos(w), np.sin(w)
    # Rz(W) Rx(90 deg - delta) Rz(90 deg + alpha), written out.
    rotation = np.empty((*np.shape(days), 3, 3))
    rotation[..., 0, 0] = -sa * cw - ca * sd * sw
    rotation[..., 0, 1] = ca * cw - sa * sd * sw
    rotation[..., 0, 2] = cd * sw
    rotation[..., 1, 0] = sa * sw - ca * sd * cw
    rotation[..., 1, 1] = -ca * sw - sa * sd * cw
    rotation[..., 1, 2] = cd * cw
    rotation[..., 2, 0] = ca * cd
    rotation[..., 2, 1] = sa * cd
    rotation[..., 2, 2] = sd
    return rotation


def unit_vector(latitude_rad: float, longitude_rad: float) -> FloatArray:
    """Return the outward unit vector of a place, in Moon-fixed axes."""
    return np.array(
        [
            np.cos(latitude_rad) * np.cos(longitude_rad),
            np.cos(latitude_rad) * np.sin(longitude_rad),
            np.sin(latitude_rad),
        ]
    )


def east_north_up_from_moon_fixed(latitude_rad: float, longitude_rad: float) -> FloatArray:
    """Return the rotation (3, 3) from Moon-fixed axes to local east, north, up."""
    up = unit_vector(latitude_rad, longitude_rad)
    east = np.array([-np.sin(longitude_rad), np.cos(longitude_rad), 0.0])
    return np.stack([east, np.cross(up, east), up])


def apparent_vectors(
    utc_s: npt.ArrayLike, latitude_rad: float, longitude_rad: float, height_m: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return the apparent vectors (..., 3) to Sun and Earth in Moon-fixed axes, in metres.

    The observer stands on the 1737.4 km sphere plus height_m. Light time and stellar aberration by the Moon's
    barycentric velocity are included. Source: ERFA epv00 (VSOP2000 fit) and moon98 (Meeus 1998, ELP2000-82B).
    """
    times = np.asarray(utc_s, dtype=np.float64)
    if not np.all(np.isfinite(times)):
        raise ValueError("utc_s must be finite Unix seconds")
    tt1, tt2 = terrestrial_time_jd(times)
    heliocentric, barycentric = erfa.epv00(tt1, tt2)
    moon = erfa.moon98(tt1, tt2)
    earth_m = np.asarray(barycentric["p"]) * ASTRONOMICAL_UNIT_M
    earth_m_s = np.asarray(barycentric["v"]) * _AU_PER_DAY_M_S
    sun_m = earth_m - np.asarray(heliocentric["p"]) * ASTRONOMICAL_UNIT_M
    sun_m_s = earth_m_s - np.asarray(heliocentric["v"]) * _AU_PER_DAY_M_S
    moon_m = earth_m + np.asarray(moon["p"]) * ASTRONOMICAL_UNIT_M
    moon_m_s = earth_m_s + np.asarray(moon["v"]) * _AU_PER_DAY_M_S

    fixed_from_icrf = moon_fixed_from_icrf(times)
    place = (MOON_RADIUS_M + height_m) * unit_vector(latitude_rad, longitude_rad)
    observer_m = moon_m + np.einsum("...ji,j->...i", fixed_from_icrf, place)

    def seen(body_m: FloatArray, body_m_s: FloatArray) -> FloatArray:
        geometric = body_m - observer_m
        light_time_s = np.linalg.norm(geometric, axis=-1, keepdims=True) / SPEED_OF_LIGHT_M_S
        retarded = geometric - body_m_s * light_time_s
        distance = np.linalg.norm(retarded, axis=-1, keepdims=True)
        aberrated = retarded / distance + moon_m_s / SPEED_OF_LIGHT_M_S
        aberrated *= distance / np.linalg.norm(aberrated, axis=-1, keepdims=True)
        return np.asarray(np.einsum("...ij,...j->...i", fixed_from_icrf, aberrated))

    return seen(sun_m, sun_m_s), seen(earth_m, earth_m_s)


def _direction(vector_fixed: FloatArray, latitude_rad: float, longitude_rad: float, radius_m: float) -> SkyDirection:
    local = vector_fixed @ east_north_up_from_moon_fixed(latitude_rad, longitude_rad).T
    distance = np.linalg.norm(local, axis=-1)
    return SkyDirection(
        azimuth_rad=np.arctan2(local[..., 0], local[..., 1]) % (2.0 * np.pi),
        elevation_rad=np.arcsin(local[..., 2] / distance),
        distance_m=distance,
        angular_radius_rad=np.arcsin(radius_m / distance),
    )


def sun(utc_s: npt.ArrayLike, latitude_rad: float, longitude_rad: float, height_m: float = 0.0) -> SkyDirection:
    """Return the apparent direction of the Sun's centre, for any shape of utc_s (Unix seconds)."""
    return _direction(
        apparent_vectors(utc_s, latitude_rad, longitude_rad, height_m)[0], latitude_rad, longitude_rad, SUN_RADIUS_M
    )


def earth(utc_s: npt.ArrayLike, latitude_rad: float, longitude_rad: float, height_m: float = 0.0) -> SkyDirection:
    """Return the apparent direction of the Earth's centre, for any shape of utc_s (Unix seconds)."""
    return _direction(
        apparent_vectors(utc_s, latitude_rad, longitude_rad, height_m)[1], latitude_rad, longitude_rad, EARTH_RADIUS_M
    )
