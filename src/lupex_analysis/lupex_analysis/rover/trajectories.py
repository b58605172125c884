# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Estimated trajectories against true ones, by evo: ATE and RPE, with and without alignment."""

from typing import Any

import numpy as np
from evo.core import filters, geometry, metrics, sync
from evo.core.trajectory import PoseTrajectory3D

from lupex_analysis.rover.tracks import Track, way_m

ALIGNMENTS = ("none", "yaw", "se3", "sim3")
"""None; turned about the vertical and moved; turned and moved; and scaled as well."""
_DELTAS_M = (1.0, 10.0, 100.0)
_LEAST = 3
_MOST = 4000
"""Poses that are compared; all pairs of more would take minutes."""
_CLOSEST_S, _FARTHEST_S = 0.02, 0.6
"""Bounds of the time between two poses that are compared."""


def trajectory_of(track: Track) -> PoseTrajectory3D:
    """Return a track as evo knows it."""
    return PoseTrajectory3D(track.place_m.copy(), track.quaternion.copy(), track.time_s.copy())


def errors(truth: Track, estimate: Track) -> dict[str, Any]:
    """Return the errors of an estimate; None with `missing` where they cannot be measured.

    `ate_m` and, for the heading, `yaw_deg` by alignment; `rpe_percent` by distance, without one: of the distance, over
    all ways so long. `matched_s` and `matched_m` tell how much of the true way has an estimate beside it.
    """
    found: dict[str, Any] = {
        "truth": truth.topic,
        "estimate": estimate.topic,
        "matched": 0,
        "matched_s": None,
        "matched_m": None,
        "true_m": float(way_m(truth)[-1]),
        "ate_m": None,
        "end_error_m": None,
        "drift_percent": None,
        "yaw_rmse_deg": None,
        "rpe_percent": None,
        "missing": None,
    }
    try:
        true, own = sync.associate_trajectories(
            trajectory_of(truth), trajectory_of(estimate), max_diff=_nearest_s(truth, estimate)
        )
    except sync.SyncException:
        found["missing"] = "its stamps and those of the truth do not overlap"
        return found
    if true.num_poses < _LEAST:
        found["missing"] = f"only {true.num_poses} of its poses are near a true one in time"
        return found
    # an interval that has no estimate beside it is not driven
    steps = np.diff(true.timestamps)
    near = steps <= 5.0 * float(np.median(steps)) + 1e-9
    found["matched"] = int(true.num_poses)
    found["matched_s"] = float(steps[near].sum())
    found["matched_m"] = float(np.linalg.norm(np.diff(true.positions_xyz, axis=0), axis=1)[near].sum())
    if true.num_poses > _MOST:
        chosen = np.unique(np.linspace(0, true.num_poses - 1, _MOST).astype(int))
        true.reduce_to_ids(chosen)
        own.reduce_to_ids(chosen)
    found["ate_m"] = {name: _ate(true, moved) for name in ALIGNMENTS if (moved := aligned(true, own, name)) is not None}
    found["end_error_m"] = float(np.linalg.norm(own.positions_xyz[-1] - true.positions_xyz[-1]))
    if found["matched_m"] > 0.0:
        found["drift_percent"] = 100.0 * found["end_error_m"] / found["matched_m"]
    if truth.turned and estimate.turned:
        found["yaw_rmse_deg"] = _yaw(truth, estimate, true.timestamps)
    found["rpe_percent"] = _rpe(true, own)
    return found


def aligned(true: PoseTrajectory3D, own: PoseTrajectory3D, how: str) -> PoseTrajectory3D | None:
    """Return a trajectory laid upon the truth; None where poses do not tell how, as those of one place."""
    if how == "none":
        return own
    moved = PoseTrajectory3D(own.positions_xyz.copy(), own.orientations_quat_wxyz.copy(), own.timestamps.copy())
    try:
        if how != "yaw":
            moved.align(true, correct_scale=how == "sim3")
            return moved
        turn, shift, _ = geometry.umeyama_alignment(own.positions_xyz[:, :2].T, true.positions_xyz[:, :2].T)
    except (geometry.GeometryException, np.linalg.LinAlgError):
        return None
    lift = float(np.mean(true.positions_xyz[:, 2] - own.positions_xyz[:, 2]))
    whole = np.eye(4)
    whole[:2, :2], whole[:2, 3], whole[2, 3] = turn, shift, lift
    moved.transform(whole)
    return moved


def _nearest_s(truth: Track, estimate: Track) -> float:
    """Return how near in time poses must be to be compared: half of the finer interval."""
    periods = [float(np.median(np.diff(track.time_s))) for track in (truth, estimate) if len(track.time_s) > 1]
    return float(np.clip(0.51 * min(periods, default=_FARTHEST_S), _CLOSEST_S, _FARTHEST_S))


def _ate(true: PoseTrajectory3D, own: PoseTrajectory3D) -> dict[str, float]:
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data((true, own))
    kinds = metrics.StatisticsType
    return {kind.value: float(ape.get_statistic(kind)) for kind in (kinds.rmse, kinds.mean, kinds.median, kinds.max)}


def _rpe(true: PoseTrajectory3D, own: PoseTrajectory3D) -> dict[str, float] | None:
    found = {}
    for delta_m in _DELTAS_M:
        if true.path_length < 2.0 * delta_m:
            break
        rpe = metrics.RPE(metrics.PoseRelation.point_distance, delta_m, metrics.Unit.meters, all_pairs=True)
        try:
            rpe.process_data((true, own))
        except (metrics.MetricsException, filters.FilterException):
            continue
        found[f"{delta_m:g} m"] = 100.0 * float(rpe.get_statistic(metrics.StatisticsType.rmse)) / delta_m
    return found or None


def _yaw(truth: Track, estimate: Track, times_s: np.ndarray) -> float:
    off = np.interp(times_s, estimate.time_s, estimate.yaw_rad) - np.interp(times_s, truth.time_s, truth.yaw_rad)
    return float(np.degrees(np.sqrt(np.mean(np.arctan2(np.sin(off), np.cos(off)) ** 2))))
