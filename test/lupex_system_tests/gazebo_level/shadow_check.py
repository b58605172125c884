# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A camera's picture against geometry: where Sun, ground and camera put the shadows, is it black?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Heights = Callable[[FloatArray, FloatArray], FloatArray]
"""Height of the ground over arrays of x and y; nan where none is known."""

SUN_HALF_DISC_RAD = math.radians(0.27)
BLACK = 3
"""Of 255: what no light falls on is black, for the worlds have no ambient light; this much is left for rounding."""
_EYE_M = 0.03
"""Over the ground, so that a place does not shade itself."""
_LEAST_COSINE = 0.01
"""Of the Sun over the local slope: ground that is grazed flatter is neither clearly lit nor clearly dark."""
_SPAN_M = 0.5


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: where it stands in map, its rotation (3, 3) with x ahead and z up, and its picture."""

    place_m: FloatArray
    rotation: FloatArray
    width: int
    height: int
    horizontal_fov_rad: float

    def rays(self, column: FloatArray, row: FloatArray) -> FloatArray:
        """Return unit vectors (n, 3) in map through the middles of pixels."""
        focal = 0.5 * self.width / math.tan(0.5 * self.horizontal_fov_rad)
        y = -(column + 0.5 - 0.5 * self.width) / focal
        z = -(row + 0.5 - 0.5 * self.height) / focal
        rays = np.stack([np.ones_like(y), y, z], axis=-1)
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True) @ self.rotation.T)


@dataclass(frozen=True)
class Body:
    """An upright cylinder around something whose shape is not looked at, as the lander, or within it."""

    x_m: float
    y_m: float
    foot_m: float
    radius_m: float
    height_m: float

    def holds(self, place_m: FloatArray) -> bool:
        """Tell whether a place (3) is within: a camera looks out of the body that carries it."""
        return math.hypot(place_m[0] - self.x_m, place_m[1] - self.y_m) < self.radius_m


@dataclass(frozen=True)
class Prediction:
    """What geometry says of looked-at pixels; the arrays are (n)."""

    column: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    lit: BoolArray
    clear: BoolArray
    """Whether the ground is seen there, and clearly lit or clearly dark."""


@dataclass(frozen=True)
class Agreement:
    """How a picture agrees with the prediction."""

    compared: int
    lit_share: float | None
    """Of the compared pixels, as geometry says; None where none is clear, as in twilight."""
    lit_agree: float | None
    """Share of what should be lit that is not black; None where nothing should be."""
    dark_agree: float | None
    """Share of what should be dark that is black; None where nothing should be."""


def first_hits(heights: Heights, origin_m: FloatArray, rays: FloatArray, reach_m: float) -> FloatArray:
    """Return the way (n) along each ray from one origin (3) to the ground; nan where it meets none within reach."""
    way = np.full(len(rays), math.nan)
    open_rays = np.arange(len(rays))
    before, at = 0.0, 0.5
    while at < reach_m and open_rays.size:
        points = origin_m + at * rays[open_rays]
        ground = heights(points[:, 0], points[:, 1])
        hit = ground >= points[:, 2]
        way[open_rays[hit]] = _refined(heights, origin_m, rays[open_rays[hit]], before, at)
        open_rays = open_rays[~hit & np.isfinite(ground)]
        before, at = at, at * 1.02 + 0.02
    return way


def _refined(heights: Heights, origin_m: FloatArray, rays: FloatArray, low: float, high: float) -> FloatArray:
    lows, highs = np.full(len(rays), low), np.full(len(rays), high)
    for _ in range(12):
        middle = 0.5 * (lows + highs)
        points = origin_m + middle[:, None] * rays
        under = heights(points[:, 0], points[:, 1]) >= points[:, 2]
        highs, lows = np.where(under, middle, highs), np.where(under, lows, middle)
    return 0.5 * (lows + highs)


def reached_by_sun(heights: Heights, places_m: FloatArray, bearing_rad: float, elevation_rad: float) -> BoolArray:
    """Tell of places (n, 3) whether the ground leaves a Sun at a bearing and elevation in view; unknown ground does."""
    reached = np.ones(len(places_m), dtype=bool)
    for way in np.concatenate([np.arange(0.25, 60.0, 0.25), np.arange(60.0, 1500.0, 2.5)]):
        x = places_m[:, 0] + way * math.cos(bearing_rad)
        y = places_m[:, 1] + way * math.sin(bearing_rad)
        reached &= ~(heights(x, y) > places_m[:, 2] + _EYE_M + way * math.tan(elevation_rad))
    return reached


def passes(body: Body, origins_m: FloatArray, rays: FloatArray, before_m: FloatArray) -> BoolArray:
    """Tell of rays (n, 3) from origins (n, 3) whether they pass through a body within a way (n)."""
    level = np.linalg.norm(rays[:, :2], axis=1)
    away = np.array([body.x_m, body.y_m]) - origins_m[:, :2]
    ahead = (away * rays[:, :2]).sum(axis=1) / np.maximum(level, 1e-9)
    aside = np.abs(away[:, 0] * rays[:, 1] - away[:, 1] * rays[:, 0]) / np.maximum(level, 1e-9)
    half = np.sqrt(np.clip(body.radius_m**2 - aside**2, 0.0, None))
    near, far = (ahead - half) / np.maximum(level, 1e-9), (ahead + half) / np.maximum(level, 1e-9)
    near, far = np.clip(near, 0.0, before_m), np.clip(far, 0.0, before_m)
    rise = rays[:, 2]
    top = body.foot_m + body.height_m
    ends = origins_m[:, 2] + near * rise, origins_m[:, 2] + far * rise
    meets = (np.minimum(*ends) < top) & (np.maximum(*ends) > body.foot_m)
    return np.asarray((aside < body.radius_m) & (far > near) & meets)


@dataclass(frozen=True)
class Scene:
    """What casts shadows."""

    heights: Heights
    sun: FloatArray
    """Unit vector (3) from the ground towards the Sun."""
    hulls: Sequence[Body] = ()
    """Bodies are within these: behind one and in its shadow nothing is clear."""
    cores: Sequence[Body] = ()
    """These are within bodies: their shadow is dark."""


def predict(camera: Camera, scene: Scene, *, every: int = 8, reach_m: float = 60.0) -> Prediction:
    """Return what geometry says of every so many pixels of ground within reach.

    Within half a disc of a shadow's edge and where the Sun grazes nothing is clear.
    """
    heights, sun = scene.heights, scene.sun
    row, column = (
        axis.ravel() for axis in np.mgrid[every // 2 : camera.height : every, every // 2 : camera.width : every]
    )
    rays = camera.rays(column.astype(float), row.astype(float))
    way = first_hits(heights, camera.place_m, rays, reach_m)
    seen = np.isfinite(way)
    lit, clear = np.zeros(way.size, dtype=bool), np.zeros(way.size, dtype=bool)
    places = camera.place_m + way[seen, None] * rays[seen]
    bearing, elevation = math.atan2(sun[1], sun[0]), math.asin(sun[2])
    high, low = (reached_by_sun(heights, places, bearing, elevation + side * SUN_HALF_DISC_RAD) for side in (1.0, -1.0))
    cosine = _cosine(heights, places, sun)
    lit[seen] = low & (cosine > 0.0)
    sure = np.where(high == low, ~high | (np.abs(cosine) > _LEAST_COSINE), False) | (cosine < -_LEAST_COSINE)
    far = np.full(len(places), 1e4)
    towards_sun = np.broadcast_to(sun, places.shape)
    for body in scene.hulls:
        sure &= ~passes(body, places, towards_sun, far)
    for body in scene.cores:
        shaded = passes(body, places, towards_sun, far)
        lit[seen] &= ~shaded
        sure |= shaded
    for body in scene.hulls:
        if not body.holds(camera.place_m):
            sure &= ~passes(body, np.broadcast_to(camera.place_m, places.shape), rays[seen], way[seen])
    clear[seen] = sure
    return Prediction(column, row, lit, clear)


def _cosine(heights: Heights, places_m: FloatArray, sun: FloatArray) -> FloatArray:
    """Return the cosine of the Sun over the slope at places (n, 3)."""
    x, y, half = places_m[:, 0], places_m[:, 1], 0.5 * _SPAN_M
    east = (heights(x + half, y) - heights(x - half, y)) / _SPAN_M
    north = (heights(x, y + half) - heights(x, y - half)) / _SPAN_M
    return np.asarray((sun[2] - sun[0] * east - sun[1] * north) / np.sqrt(1.0 + east**2 + north**2))


def agreement(picture: npt.NDArray[np.uint8], prediction: Prediction, black: int = BLACK) -> Agreement:
    """Compare a picture, grey or (height, width, 3), with a prediction."""
    grey = picture if picture.ndim == 2 else picture.max(axis=-1)
    clear = prediction.clear
    bright = grey[prediction.row[clear], prediction.column[clear]] > black
    lit = prediction.lit[clear]

    def share(of: BoolArray) -> float | None:
        return float(of.mean()) if of.size else None

    return Agreement(int(clear.sum()), share(lit), share(bright[lit]), share(~bright[~lit]))
