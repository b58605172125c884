# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The map frame of a site and the sky in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lupex_models.constants import EARTH_RADIUS_M, MOON_RADIUS_M, SUN_RADIUS_M
from lupex_models.sky import apparent_vectors, east_north_up_from_moon_fixed, moon_fixed_from_icrf

FloatArray = npt.NDArray[np.float64]

NORTHERNMOST_LATITUDE_RAD = math.radians(-60.0)
"""Beyond it the polar stereographic scale departs from one by more than 7 % and the map is no local plane any more."""

_NODE_S = 600.0
"""Between the times at which the sky is computed in full. In between, vectors and rotations are interpolated by cubic
polynomials: what turns at the Moon's rate w is met to 3/128 (w _NODE_S)^4 = 2e-13 of its length."""

_LAST_LEAP_UTC_S = 1_483_228_800.0
"""The newest leap second, 2017: the sky of UTC jumps there, and is not interpolated before it."""


class SiteError(ValueError):
    """Say in one sentence which site file, key or product is wrong, and what is needed."""


@dataclass(frozen=True)
class GridDirection:
    """Where a body stands over the map: azimuth clockwise from grid north (+y), in [0, 2 pi)."""

    grid_azimuth_rad: FloatArray
    elevation_rad: FloatArray
    distance_m: FloatArray
    angular_radius_rad: FloatArray


@dataclass(frozen=True)
class SiteFrame:
    """The south polar stereographic grid (sphere 1737.4 km, true scale at the pole) with its origin at one place.

    x points to grid east, y to grid north, z up; heights are taken from the sphere of radius 1737.4 km + height_m, so
    far terrain needs the curvature drop d^2 / 2R. Raises SiteError north of 60 S or for values that are not finite.
    """

    latitude_rad: float
    longitude_rad: float
    height_m: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.latitude_rad, self.longitude_rad, self.height_m)):
            raise SiteError("the site's latitude, longitude and height must be finite numbers")
        if not -math.pi / 2 <= self.latitude_rad <= NORTHERNMOST_LATITUDE_RAD:
            raise SiteError(
                f"the site's latitude is {math.degrees(self.latitude_rad):.4f} deg, "
                f"but this stack works from -90 to {math.degrees(NORTHERNMOST_LATITUDE_RAD):.0f} deg"
            )

    @property
    def grid_origin_m(self) -> tuple[float, float]:
        """The origin's coordinates in the pole-centred grid."""
        rho = 2.0 * MOON_RADIUS_M * math.tan((math.pi / 2 + self.latitude_rad) / 2.0)
        return rho * math.sin(self.longitude_rad), rho * math.cos(self.longitude_rad)

    @property
    def map_from_moon_fixed(self) -> FloatArray:
        """Rotation (3, 3) from the Moon's mean-Earth axes to map axes."""
        # In this projection true north points along grid azimuth = longitude.
        cosine, sine = math.cos(self.longitude_rad), math.sin(self.longitude_rad)
        map_from_enu = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        return map_from_enu @ east_north_up_from_moon_fixed(self.latitude_rad, self.longitude_rad)

    def map_from_icrf(self, utc_s: npt.ArrayLike) -> FloatArray:
        """Return the rotation (..., 3, 3) from ICRF to map axes at UTC (Unix seconds)."""
        return self._interpolated(SiteFrame._exact_rotation, utc_s)

    def sun_vector(self, utc_s: npt.ArrayLike) -> FloatArray:
        """Return the apparent unit vector (..., 3) to the Sun in map axes."""
        return self._unit(self._vectors(utc_s)[0])

    def earth_vector(self, utc_s: npt.ArrayLike) -> FloatArray:
        """Return the apparent unit vector (..., 3) to the Earth in map axes."""
        return self._unit(self._vectors(utc_s)[1])

    def sun(self, utc_s: npt.ArrayLike) -> GridDirection:
        """Return the Sun's apparent place above the map's origin, for any shape of utc_s (Unix seconds)."""
        return self._grid_direction(self._vectors(utc_s)[0], SUN_RADIUS_M)

    def earth(self, utc_s: npt.ArrayLike) -> GridDirection:
        """Return the Earth's apparent place above the map's origin, for any shape of utc_s (Unix seconds)."""
        return self._grid_direction(self._vectors(utc_s)[1], EARTH_RADIUS_M)

    def to_geographic(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return (latitude, longitude in [0, 2 pi)) of map points, in radians (Snyder 1987, eq. 20-14 on a sphere)."""
        x0, y0 = self.grid_origin_m
        east, north = np.asarray(x_m, dtype=np.float64) + x0, np.asarray(y_m, dtype=np.float64) + y0
        rho = np.hypot(east, north)
        return 2.0 * np.arctan(rho / (2.0 * MOON_RADIUS_M)) - np.pi / 2, np.arctan2(east, north) % (2.0 * np.pi)

    def from_geographic(
        self, latitude_rad: npt.ArrayLike, longitude_rad: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return map coordinates (x, y) of places in the southern hemisphere given in radians."""
        x0, y0 = self.grid_origin_m
        longitude = np.asarray(longitude_rad, dtype=np.float64)
        rho = 2.0 * MOON_RADIUS_M * np.tan((np.pi / 2 + np.asarray(latitude_rad, dtype=np.float64)) / 2.0)
        return rho * np.sin(longitude) - x0, rho * np.cos(longitude) - y0

    def _exact_rotation(self, utc_s: npt.ArrayLike) -> FloatArray:
        return np.asarray(self.map_from_moon_fixed @ moon_fixed_from_icrf(utc_s))

    def _exact_vectors(self, utc_s: npt.ArrayLike) -> FloatArray:
        """Return the apparent vectors (..., 2, 3) to Sun and Earth in map axes."""
        seen = apparent_vectors(utc_s, self.latitude_rad, self.longitude_rad, self.height_m)
        return np.asarray(np.stack(seen, axis=-2) @ self.map_from_moon_fixed.T)

    def _vectors(self, utc_s: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        found = self._interpolated(SiteFrame._exact_vectors, utc_s)
        return found[..., 0, :], found[..., 1, :]

    def _interpolated(self, exact: "Exact", utc_s: npt.ArrayLike) -> FloatArray:
        """Return what `exact` does, for times that lie close enough together by interpolation.

        Which way is taken depends on the times alone, so that the same call gives the same result.
        """
        times = np.asarray(utc_s, dtype=np.float64)
        if times.size == 0 or not np.isfinite(times).all() or times.min() < _LAST_LEAP_UTC_S + _NODE_S:
            return exact(self, times)
        after = np.floor(times / _NODE_S)
        first, last = int(after.min()) - 1, int(after.max()) + 2
        if times.size > 1 and last - first >= times.size:
            return exact(self, times)
        nodes = _nodes(self, exact, first, last)
        share = times / _NODE_S - after
        at = after.astype(np.int64) - first
        found = np.zeros((*times.shape, *nodes.shape[1:]))
        for k, weight in enumerate(_cubic(share), start=-1):
            found += weight[..., None, None] * nodes[at + k]
        return found

    @staticmethod
    def _unit(vector: FloatArray) -> FloatArray:
        return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))

    @staticmethod
    def _grid_direction(vector: FloatArray, radius_m: float) -> GridDirection:
        distance = np.linalg.norm(vector, axis=-1)
        return GridDirection(
            grid_azimuth_rad=np.arctan2(vector[..., 0], vector[..., 1]) % (2.0 * np.pi),
            elevation_rad=np.arcsin(vector[..., 2] / distance),
            distance_m=distance,
            angular_radius_rad=np.arcsin(radius_m / distance),
        )


Exact = Callable[[SiteFrame, npt.ArrayLike], FloatArray]


def _cubic(share: FloatArray) -> tuple[FloatArray, ...]:
    """Return Lagrange's weights of the nodes -1, 0, 1, 2 at a place between 0 and 1."""
    before, after, beyond = share + 1.0, share - 1.0, share - 2.0
    return (
        -share * after * beyond / 6.0,
        before * after * beyond / 2.0,
        -before * share * beyond / 2.0,
        before * share * after / 6.0,
    )


@lru_cache(maxsize=32)
def _nodes(frame: SiteFrame, exact: Exact, first: int, last: int) -> FloatArray:
    """Return the sky at the nodes first..last."""
    return np.stack([_node(frame, exact, k) for k in range(first, last + 1)])


@lru_cache(maxsize=4096)
def _node(frame: SiteFrame, exact: Exact, index: int) -> FloatArray:
    return exact(frame, index * _NODE_S)
