# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the estimate begins: at the lander, or where the process was before it was killed."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import Checkpoint, InitialPose
from lupex_localization.error_state_filter import FilterState, initial_state
from lupex_localization.reckoning import Reckoning
from lupex_localization.samples import InertialSample, TrackSample
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Rover
from lupex_models.site import OrbitalSite

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds."""

    state: FilterState
    odom_position_m: Array
    odom_yaw_rad: float
    travel_m: Array | None
    """Ways run by the tracks then."""


def told_initial(initial: InitialPose, site: OrbitalSite | None) -> InitialPose:
    """Return the initial pose as the site's orbital product tells the lander's, no better known than it says there.

    The height above the map's origin is open by what the ground falls over one sigma of the place.
    """
    if site is None or not initial.from_site:
        return initial
    lander = site.lander
    fall = math.hypot(*(float(slope) for slope in site.dem.gradient(lander.x_m, lander.y_m)))
    return dataclasses.replace(
        initial,
        x_m=lander.x_m,
        y_m=lander.y_m,
        z_m=0.0,
        yaw_rad=lander.yaw_rad,
        position_sigma_m=max(initial.position_sigma_m, site.lander_sigma_m),
        height_sigma_m=math.hypot(initial.height_sigma_m, fall * site.lander_sigma_m),
        yaw_sigma_rad=max(initial.yaw_sigma_rad, site.lander_sigma_rad),
    )


def first_state(sample: InertialSample, initial: InitialPose, rover: Rover) -> FilterState:
    """Return the state at rest at a known place: roll and pitch from the specific force, heading as given."""
    return initial_state(
        sample.time_s,
        np.array([initial.x_m, initial.y_m, initial.z_m]),
        rotation.from_heading_and_up(initial.yaw_rad, _up(sample)),
        position_sigma_m=initial.position_sigma_m,
        height_sigma_m=initial.height_sigma_m,
        tilt_sigma_rad=initial.tilt_sigma_rad,
        yaw_sigma_rad=initial.yaw_sigma_rad,
        velocity_sigma_mps=rover.crawler.max_speed_mps,
        gyro_bias_sigma_rad_s=rover.imu.gyro_bias_rad_s,
        accelerometer_bias_sigma_mps2=rover.imu.accelerometer_bias_mps2,
    )


def steady(sample: InertialSample, initial: InitialPose) -> bool:
    """Tell whether the specific force is that of gravity alone, so that roll and pitch can be read from it."""
    off = abs(float(np.linalg.norm(sample.force)) - MOON_GRAVITY_M_S2)
    return off <= initial.steady_share * MOON_GRAVITY_M_S2


def to_plain(reckoning: Reckoning, travel_m: Array | None) -> dict[str, Any]:
    """Return plain values for a checkpoint."""
    return {
        "time_s": reckoning.state.time_s,
        "nominal": reckoning.state.nominal.tolist(),
        "covariance": reckoning.state.covariance.ravel().tolist(),
        "odom_position_m": reckoning.odom_position_m.tolist(),
        "odom_yaw_rad": reckoning.odom_yaw_rad,
        "travel_m": None if travel_m is None else travel_m.tolist(),
    }


def from_plain(values: Mapping[str, Any]) -> Saved | None:
    """Return what a checkpoint held, or None when it is damaged: a wrong pose is worse than none."""
    try:
        time_s = float(values["time_s"])
        nominal = _array(values["nominal"], esf.NOMINAL_SIZE)
        covariance = _array(values["covariance"], esf.ERROR_SIZE**2).reshape(esf.ERROR_SIZE, esf.ERROR_SIZE)
        odom = _array(values["odom_position_m"], 3)
        odom_yaw_rad = float(values["odom_yaw_rad"])
        travel = None if values["travel_m"] is None else _array(values["travel_m"], 4)
    except (KeyError, TypeError, ValueError):
        return None
    length = float(np.linalg.norm(nominal[esf.QUATERNION]))
    spread = np.linalg.eigvalsh(0.5 * (covariance + covariance.T))
    sound = math.isfinite(time_s) and math.isfinite(odom_yaw_rad) and abs(length - 1.0) < 1e-6
    if not sound or not np.allclose(covariance, covariance.T) or spread[0] < -1e-9 * max(spread[-1], 1.0):
        return None
    return Saved(FilterState(time_s, nominal, covariance), odom, odom_yaw_rad, travel)


def resumed_state(
    saved: Saved,
    sample: InertialSample,
    tracks: TrackSample | None,
    config: Checkpoint,
    initial: InitialPose,
    rover: Rover,
) -> tuple[FilterState, Array]:
    """Return the state now and the displacement in map since the checkpoint.

    The tracks' counters tell how far it ran, the saved heading roughly where to; without counters, or with others (the
    world was started anew), the position is open by what it can have run until the commands timed out.
    """
    age_s = max(sample.time_s - saved.state.time_s, 0.0)
    reach_m = rover.crawler.max_speed_mps * min(age_s, config.interval_s + config.stop_s)
    ran_m = None
    if tracks is not None and saved.travel_m is not None:
        ways = tracks.travel_m - saved.travel_m
        if float(np.abs(ways).max()) <= 1.2 * rover.crawler.max_speed_mps * age_s + 0.1:
            ran_m = float(np.mean(ways * np.cos(tracks.steer_rad)))
    distance_m = 0.0 if ran_m is None else ran_m
    doubt_m = reach_m if ran_m is None else config.distance_sigma_share * abs(ran_m)

    nominal = saved.state.nominal.copy()
    ahead = rotation.rotation_matrix(nominal[esf.QUATERNION])[:, 0]
    moved = distance_m * ahead
    nominal[esf.POSITION] += moved
    nominal[esf.VELOCITY] = 0.0
    before_up = rotation.rotation_matrix(nominal[esf.QUATERNION])[2]
    if steady(sample, initial) and float(np.linalg.norm(_up(sample) - before_up)) <= 3.0 * config.tilt_sigma_rad:
        nominal[esf.QUATERNION] = rotation.from_heading_and_up(rotation.yaw_of(nominal[esf.QUATERNION]), _up(sample))

    covariance = saved.state.covariance.copy()
    # what the old attitude and velocity had in common with the rest is gone
    for block in (esf.ERROR_VELOCITY, esf.ERROR_ATTITUDE):
        own = covariance[block, block].copy()
        covariance[block, :] = 0.0
        covariance[:, block] = 0.0
        covariance[block, block] = own
    r = rotation.rotation_matrix(nominal[esf.QUATERNION])
    turned = np.diag([config.tilt_sigma_rad, config.tilt_sigma_rad, config.heading_sigma_rad]) ** 2
    covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] += r.T @ turned @ r
    covariance[esf.ERROR_VELOCITY, esf.ERROR_VELOCITY] += np.eye(3) * rover.crawler.max_speed_mps**2
    covariance[esf.ERROR_POSITION, esf.ERROR_POSITION] += np.eye(3) * (config.position_sigma_m**2 + doubt_m**2)
    return FilterState(sample.time_s, nominal, covariance), moved


def _up(sample: InertialSample) -> Array:
    return np.asarray(sample.force / np.linalg.norm(sample.force))


def _array(values: Any, size: int) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or not np.isfinite(array).all():
        raise ValueError("not so many finite numbers")
    return array
