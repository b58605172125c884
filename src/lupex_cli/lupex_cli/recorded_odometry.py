# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex replay BAG --imu TOPIC --odom TOPIC`: the filter over any recording, and how far it is from the truth."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lupex_analysis.reading import Recording, read_recording, stamp_s
from lupex_analysis.rover.tracks import east_north_up
from lupex_analysis.storage import ReadingError
from lupex_launch.packages import package_share
from lupex_localization.inertial_odometry import Inertial, Odometer, Places, Trajectory, gravity_of, motion_of
from lupex_localization.track_odometry import DRIVE_NAMES, JOINT_NAMES, STEER_NAMES, TrackKinematics
from lupex_models.rover import read_rover
from lupex_recorder.metadata import write_atomically

Array = npt.NDArray[np.float64]

_UNKNOWN_SIGMA_M = 1.0
_POSE = {
    "nav_msgs/msg/Odometry": "pose.pose.position",
    "geometry_msgs/msg/PoseStamped": "pose.position",
    "geometry_msgs/msg/PoseWithCovarianceStamped": "pose.pose.position",
    "geometry_msgs/msg/PointStamped": "point",
    "geometry_msgs/msg/TransformStamped": "transform.translation",
    "geometry_msgs/msg/Vector3Stamped": "vector",
}
_SPEED = {
    "nav_msgs/msg/Odometry": "twist.twist.linear",
    "geometry_msgs/msg/TwistStamped": "twist.linear",
    "geometry_msgs/msg/TwistWithCovarianceStamped": "twist.twist.linear",
}


def run(options: argparse.Namespace) -> int:
    """Run the filter over a recording and write its way as TUM; raises ReadingError, NoSuchMotion, OSError."""
    topics = [options.imu, options.odom, *filter(None, (options.fix, options.truth))]
    recording = read_recording(options.bag, topics)
    for problem in recording.problems:
        print(f"note: {problem}")
    for topic in topics:
        if not recording.has(topic):
            held = ", ".join(sorted(recording.types)) or "nothing"
            raise ReadingError(f"{options.bag} holds no message of {topic}; it holds {held}")
    inertial, odometer = inertial_of(recording, options.imu), odometer_of(recording, options.odom)
    places = places_of(recording, options.fix) if options.fix else None
    begun_s = time.perf_counter()
    found = motion_of(inertial, odometer, places)
    took_s, whole_s = time.perf_counter() - begun_s, float(found.time_s[-1] - found.time_s[0])
    write_atomically(options.out, tum(found))
    print(f"gravity: {gravity_of(inertial.force[:100])[0]}")
    print(f"{whole_s:.1f} s in {took_s:.2f} s ({whole_s / max(took_s, 1e-9):.0f}x): {options.out}")
    figures: dict[str, float] = {"recorded_s": whole_s, "speedup": whole_s / max(took_s, 1e-9)}
    if options.truth:
        figures |= errors(found, *points(recording, options.truth))
        print(
            "APE {ape_m:.3f} m rms, RPE {rpe_percent:.2f} % of the way over 1 m, aligned as evo does".format(**figures)
        )
    if options.json:
        write_atomically(options.json, json.dumps(figures, indent=2) + "\n")
    return 0


def _kind(recording: Recording, topic: str, known: Sequence[str]) -> str:
    kind = recording.types[topic]
    if kind not in known:
        raise ReadingError(f"{topic} is {kind}; taken here: {', '.join(known)}")
    return kind


def _vectors(recording: Recording, topic: str, prefix: str) -> tuple[Array, Array]:
    """Return times and the vectors (n, 3) of a field, in order of time, each time once."""
    names = [f"{prefix}.{axis}" for axis in "xyz"]
    columns = recording.columns(topic, names)
    values = np.stack([columns[name] for name in names], axis=1)
    kept = np.isfinite(columns["t"]) & np.isfinite(values).all(axis=1)
    times, at = np.unique(columns["t"][kept], return_index=True)
    return times, values[kept][at]


def inertial_of(recording: Recording, topic: str) -> Inertial:
    """Return the samples of a sensor_msgs/Imu; raises ReadingError."""
    _kind(recording, topic, ["sensor_msgs/msg/Imu"])
    times, rate = _vectors(recording, topic, "angular_velocity")
    of_force, force = _vectors(recording, topic, "linear_acceleration")
    both, at_rate, at_force = np.intersect1d(times, of_force, return_indices=True)
    return Inertial(both, rate[at_rate], force[at_force])


def odometer_of(recording: Recording, topic: str) -> Odometer:
    """Return the speeds of a topic; of an odometry without a twist by its poses, of our joints by the rover's tracks.

    Raises ReadingError.
    """
    kind = _kind(recording, topic, [*_SPEED, "sensor_msgs/msg/JointState"])
    if kind not in _SPEED:
        return _tracks(recording, topic)
    times, speed = _vectors(recording, topic, _SPEED[kind])
    if kind in _POSE and not speed.any():
        times, place = _vectors(recording, topic, _POSE[kind])
        columns = recording.columns(topic, [f"pose.pose.orientation.{axis}" for axis in "wz"])
        yaw = 2.0 * np.arctan2(columns["pose.pose.orientation.z"], columns["pose.pose.orientation.w"])[: times.size]
        moved = np.gradient(place, times, axis=0)
        ahead = np.cos(yaw) * moved[:, 0] + np.sin(yaw) * moved[:, 1]
        left = np.cos(yaw) * moved[:, 1] - np.sin(yaw) * moved[:, 0]
        return Odometer(times, np.stack([ahead, left], axis=1))
    return Odometer(times, np.ascontiguousarray(speed[:, :2]))


def _tracks(recording: Recording, topic: str) -> Odometer:
    """Return what joint states of the rover's tracks say of its speed; raises ReadingError."""
    crawler = read_rover(package_share("lupex_bringup", os.environ) / "config" / "rover.yaml").crawler
    kinematics = TrackKinematics(crawler.unit_x_m, crawler.unit_y_m)
    times, speeds = [], []
    for message in recording.messages[topic]:
        place = {name: k for k, name in enumerate(message.name)}
        if not set(JOINT_NAMES) <= place.keys():
            raise ReadingError(f"{topic} holds {', '.join(message.name)}, not the tracks {', '.join(JOINT_NAMES)}")
        steer = np.array([message.position[place[name]] for name in STEER_NAMES])
        run_mps = np.array([message.velocity[place[name]] for name in DRIVE_NAMES]) * crawler.sprocket_radius_m
        twist = kinematics.twist(steer, run_mps)
        times.append(stamp_s(message))
        speeds.append((twist.forward_mps, twist.left_mps))
    found, at = np.unique(np.array(times), return_index=True)
    return Odometer(found, np.array(speeds)[at])


def places_of(recording: Recording, topic: str) -> Places:
    """Return absolute places; those of a NavSatFix east, north and up of the first. Raises ReadingError."""
    kind = _kind(recording, topic, ["sensor_msgs/msg/NavSatFix", *_POSE])
    if kind == "sensor_msgs/msg/NavSatFix":
        columns = recording.columns(topic, ["latitude", "longitude", "altitude", "status.status"])
        kept = np.isfinite(columns["t"] + columns["latitude"] + columns["longitude"]) & (columns["status.status"] >= 0)
        height = np.nan_to_num(columns["altitude"][kept])
        place = east_north_up(np.radians(columns["latitude"][kept]), np.radians(columns["longitude"][kept]), height)
        times, at = np.unique(columns["t"][kept], return_index=True)
        place = place[at]
    else:
        times, place = points(recording, topic)
    return Places(times, place, np.full_like(place, _UNKNOWN_SIGMA_M))


def points(recording: Recording, topic: str) -> tuple[Array, Array]:
    """Return times and positions of a topic; the truth of our own worlds is known too. Raises ReadingError."""
    kind = _kind(recording, topic, [*_POSE, "lupex_interfaces/msg/WorldTruth"])
    if kind in _POSE:
        return _vectors(recording, topic, _POSE[kind])
    columns = recording.columns(topic, ["x_m", "y_m", "z_m"])
    times, at = np.unique(columns["t"], return_index=True)
    return times, np.stack([columns["x_m"], columns["y_m"], columns["z_m"]], axis=1)[at]


def tum(found: Trajectory) -> str:
    """Return lines of `time x y z qx qy qz qw`."""
    rows = np.column_stack([found.time_s, found.position_m, found.quaternion[:, [1, 2, 3, 0]]])
    return "".join(f"{row[0]:.9f} " + " ".join(f"{value:.9g}" for value in row[1:]) + "\n" for row in rows)


def errors(found: Trajectory, truth_s: Array, truth_m: Array) -> dict[str, float]:
    """Return APE and RPE by evo, the way turned and moved onto the truth; raises ReadingError without a common time."""
    from evo.core import metrics, sync
    from evo.core.trajectory import PoseTrajectory3D

    upright = np.tile([1.0, 0.0, 0.0, 0.0], (truth_s.size, 1))
    truth = PoseTrajectory3D(truth_m, upright, truth_s)
    own = PoseTrajectory3D(found.position_m, found.quaternion, found.time_s)
    try:
        truth, own = sync.associate_trajectories(truth, own, max_diff=0.05)
    except sync.SyncException as error:
        raise ReadingError("the truth is of another time than the rest") from error
    own.align(truth)
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data((truth, own))
    rpe = metrics.RPE(metrics.PoseRelation.point_distance, 1.0, metrics.Unit.meters, all_pairs=True)
    rpe.process_data((truth, own))
    return {
        "ape_m": float(ape.get_statistic(metrics.StatisticsType.rmse)),
        "rpe_percent": 100.0 * float(rpe.get_statistic(metrics.StatisticsType.rmse)),
    }
