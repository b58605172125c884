# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ways of a rover as its topics tell them, and what can be said of one alone: length, turning, time standing."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.rover.frame_track import body_poses
from lupex_analysis.rover.roles import FIX, FIX_FIELDS, POSES, TRUTH_STATE

Array = np.ndarray

_EARTH_M, _FLATTENING2 = 6378137.0, 6.69437999014e-3
"""Equatorial radius and squared eccentricity of WGS 84."""
_FARTHEST_M = 1e12
"""Places beyond the planets are numbers that nobody set."""
STANDING_MPS = 0.005
STANDING_RAD_S = 0.005
_SMOOTHED_S = 1.0
_LEAST_STEP_M = 0.02
"""Shorter steps are the noise of an estimate that stands."""


@dataclass(frozen=True)
class Track:
    """Poses by their time [s]; `quaternion` is w, x, y, z, and upright where only a place is told."""

    topic: str
    time_s: Array
    place_m: Array
    quaternion: Array
    turned: bool
    """Whether the topic tells an attitude."""

    @property
    def yaw_rad(self) -> Array:
        """Heading, not wrapped."""
        w, x, y, z = self.quaternion.T
        return np.unwrap(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y**2 + z**2)))


def tracks(recording: Recording) -> list[Track]:
    """Return the tracks of all topics that tell poses, those that move or not, by their topics' names."""
    found = [track_of(recording, topic) for topic in sorted(recording.received_ns)]
    body = body_poses(recording)
    if body is not None:
        found.append(_track(*body))
    return [track for track in found if track is not None]


def track_of(recording: Recording, topic: str) -> Track | None:
    """Return the track of one topic; None where it tells no places that are numbers."""
    kind = recording.types.get(topic, "")
    if kind == FIX:
        return _fixes(recording, topic)
    if kind not in POSES:
        return None
    fields = POSES[kind]
    columns = recording.columns(topic, fields)
    values = np.stack([columns[name] for name in fields], axis=1)
    place, turn = values[:, :3], values[:, 3:]
    if kind == TRUTH_STATE:
        half = 0.5 * turn[:, 0]
        turn = np.stack([np.cos(half), np.zeros_like(half), np.zeros_like(half), np.sin(half)], axis=1)
    return _track(topic, _times(recording, topic, columns["t"]), place, turn)


def _times(recording: Recording, topic: str, stamp_s: Array) -> Array:
    """Return the messages' own times; where none is set, those of their reception."""
    return stamp_s if np.any(stamp_s > 0.0) else recording.received_ns[topic] * 1e-9


def _track(topic: str, time_s: Array, place: Array, turn: Array | None) -> Track | None:
    known = np.isfinite(time_s) & (time_s > 0.0) & (np.abs(place) < _FARTHEST_M).all(axis=1)
    time_s, first = np.unique(time_s[known], return_index=True)
    if not len(time_s):
        return None
    place = place[known][first]
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (len(time_s), 1))
    if turn is None:
        return Track(topic, time_s, place, upright, False)
    turn = turn[known][first]
    length = np.linalg.norm(turn, axis=1)
    told = np.isfinite(length) & (length > 0.5)
    turn = np.where(told[:, None], turn / np.where(told, length, 1.0)[:, None], upright)
    return Track(topic, time_s, place, turn, bool(told.any()))


def _fixes(recording: Recording, topic: str) -> Track | None:
    columns = recording.columns(topic, FIX_FIELDS)
    latitude, longitude, altitude = (columns[name] for name in ("latitude", "longitude", "altitude"))
    good = (columns["status.status"] >= 0) & np.isfinite(latitude + longitude) & (np.abs(latitude) <= 90.0)
    if not good.any():
        return None
    place = np.full((len(latitude), 3), np.nan)
    place[good] = east_north_up(np.radians(latitude[good]), np.radians(longitude[good]), np.nan_to_num(altitude[good]))
    return _track(topic, _times(recording, topic, columns["t"]), place, None)


def east_north_up(latitude_rad: Array, longitude_rad: Array, height_m: Array) -> Array:
    """Return places (n, 3) about the first, on WGS 84's radii of curvature there."""
    if latitude_rad.size == 0:
        return np.empty((0, 3))
    bent = 1.0 - _FLATTENING2 * math.sin(latitude_rad[0]) ** 2
    north_m = _EARTH_M * (1.0 - _FLATTENING2) / bent**1.5 * (latitude_rad - latitude_rad[0])
    turned = np.remainder(longitude_rad - longitude_rad[0] + np.pi, math.tau) - np.pi
    east_m = _EARTH_M / math.sqrt(bent) * math.cos(latitude_rad[0]) * turned
    return np.stack([east_m, north_m, height_m - height_m[0]], axis=1)


def way_m(track: Track) -> Array:
    """Return the distance driven at each pose; an estimate that trembles while it stands drives nowhere."""
    found = np.zeros(len(track.time_s))
    last, driven = track.place_m[0], 0.0
    step = np.linalg.norm(np.diff(track.place_m, axis=0), axis=1)
    if not len(step) or float(np.median(step)) >= _LEAST_STEP_M:
        found[1:] = np.cumsum(step)
        return found
    for number, place in enumerate(track.place_m):
        moved = math.dist(place, last)
        if moved >= _LEAST_STEP_M:
            driven, last = driven + moved, place
        found[number] = driven
    return found


def speed_mps(track: Track) -> Array:
    """Return the speed over a second around each pose."""
    way, half = way_m(track), 0.5 * _SMOOTHED_S
    before, after = track.time_s - half, track.time_s + half
    inside = np.minimum(after, track.time_s[-1]) - np.maximum(before, track.time_s[0])
    gone = np.interp(after, track.time_s, way) - np.interp(before, track.time_s, way)
    found: Array = gone / np.where(inside > 0.0, inside, np.nan)
    return found


def track_figures(track: Track) -> dict[str, Any]:
    """Return what one track tells: distance, straight distance from begin to end, climb, turning, time standing."""
    span_s = float(track.time_s[-1] - track.time_s[0])
    found: dict[str, Any] = {
        "poses": len(track.time_s),
        "duration_s": span_s,
        "distance_m": float(way_m(track)[-1]),
        "straight_m": math.dist(track.place_m[0], track.place_m[-1]),
        "climb_m": float(track.place_m[-1, 2] - track.place_m[0, 2]),
        "turned_deg": None,
        "standing_s": None,
        "speed_max_mps": None,
    }
    if len(track.time_s) < 2:
        return found
    if track.turned:
        found["turned_deg"] = math.degrees(float(np.abs(np.diff(track.yaw_rad)).sum()))
    speed = speed_mps(track)
    steps = np.diff(track.time_s)
    found["standing_s"] = float(steps[speed[:-1] < STANDING_MPS].sum())
    found["speed_max_mps"] = float(np.nanmax(speed))
    return found
