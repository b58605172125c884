# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the estimate begins: at the lander when first switched on, else where it was known last."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import InitialPose
from lupex_localization.error_state_filter import FilterState
from lupex_localization.filter_state import Spread, initial_state
from lupex_localization.reckoning import Reckoning
from lupex_localization.reopening import after_gap
from lupex_localization.samples import InertialSample, TrackSample
from lupex_localization.terms import FilterTerms
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.site import OrbitalSite

Array = npt.NDArray[np.float64]

_ANY_HEADING_RAD = math.pi / math.sqrt(3.0)
"""One sigma of a heading of which nothing is known."""


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


def first_state(sample: InertialSample, initial: InitialPose, spread: Spread) -> FilterState:
    """Return the state at rest at a known place: roll and pitch from the specific force, heading as given."""
    spread = dataclasses.replace(
        spread,
        position_m=initial.position_sigma_m,
        height_m=initial.height_sigma_m,
        tilt_rad=initial.tilt_sigma_rad,
        yaw_rad=initial.yaw_sigma_rad,
    )
    return initial_state(
        sample.time_s,
        np.array([initial.x_m, initial.y_m, initial.z_m]),
        rotation.from_heading_and_up(initial.yaw_rad, _up(sample)),
        spread,
    )


def steady(sample: InertialSample, initial: InitialPose) -> bool:
    """Tell whether the specific force is that of gravity alone, so that roll and pitch can be read from it."""
    off = abs(float(np.linalg.norm(sample.force)) - MOON_GRAVITY_M_S2)
    return off <= initial.steady_share * MOON_GRAVITY_M_S2


def last_known(reckoning: Reckoning, travel_m: Array | None) -> Saved:
    """Return what is known now, to take it up again."""
    return Saved(reckoning.state, reckoning.odom_position_m.copy(), reckoning.odom_yaw_rad, travel_m)


def to_plain(reckoning: Reckoning, travel_m: Array | None) -> dict[str, Any]:
    """Return plain values for a checkpoint."""
    return {
        "time_s": reckoning.time_s,
        "nominal": reckoning.x.tolist(),
        "covariance": reckoning.p.ravel().tolist(),
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
    turns = [nominal[esf.QUATERNION], *(nominal[at + 3 : at + 7] for at in esf.CLONES)]
    spread = np.linalg.eigvalsh(0.5 * (covariance + covariance.T))
    sound = (
        math.isfinite(time_s)
        and math.isfinite(odom_yaw_rad)
        and all(abs(float(np.linalg.norm(turn)) - 1.0) < 1e-6 for turn in turns)
    )
    if not sound or not np.allclose(covariance, covariance.T) or spread[0] < -1e-9 * max(spread[-1], 1.0):
        return None
    return Saved(FilterState(time_s, nominal, covariance), odom, odom_yaw_rad, travel)


@dataclass(frozen=True)
class Beginning:
    """Where the estimate begins, and what is to be told of it."""

    state: FilterState
    text: str = ""
    unconfirmed: str = ""
    """Why the place is not to be relied on until a fix or a person confirms it."""
    after: Saved | None = None
    """What it goes on from."""
    moved_m: Array | None = None
    """Displacement in map since then (3,)."""
    told: bool = False
    """Whether the tracks' counters told it, so that an attitude of the stars is enough to confirm the place."""


def first_beginning(
    sample: InertialSample, tracks: TrackSample | None, initial: InitialPose, terms: FilterTerms
) -> Beginning | None:
    """Return the beginning of a rover of which nothing is kept; None as long as it has to be waited for.

    It stands at the lander only if its tracks have never run: else it is somewhere within the way that they tell.
    """
    if tracks is None or not steady(sample, initial):
        return None
    ran_m = float(np.abs(tracks.travel_m).max())
    if ran_m <= initial.unmoved_m:
        text = f"first switched on: the tracks have run {ran_m:.2f} m, so it begins at the lander"
        return Beginning(first_state(sample, initial, terms.spread()), text)
    why = f"the tracks have run {ran_m:.0f} m and nothing is kept of where"
    anywhere = dataclasses.replace(
        initial,
        position_sigma_m=math.hypot(initial.position_sigma_m, ran_m),
        height_sigma_m=math.hypot(initial.height_sigma_m, ran_m),
        yaw_sigma_rad=_ANY_HEADING_RAD,
    )
    return Beginning(first_state(sample, anywhere, terms.spread()), f"{why}: lost", why)


def resumed_beginning(
    saved: Saved, sample: InertialSample, tracks: TrackSample | None, terms: FilterTerms, why: str = ""
) -> Beginning:
    """Return the beginning from what is kept; `why` it is not to be relied on where that is known already.

    The tracks' counters tell how far it ran, the saved heading roughly where to. Without counters the position is open
    by what it can have run until the commands timed out; with others, somebody has to say where it is.
    """
    config = terms.config.checkpoint
    ahead_s = sample.time_s - saved.state.time_s
    age_s = max(ahead_s, 0.0)
    reach_m = terms.rover.crawler.max_speed_mps * min(age_s, config.interval_s + config.stop_s)
    ran_m = None if tracks is None else terms.way_run_m(saved.travel_m, tracks, age_s)
    nominal, covariance = saved.state.nominal.copy(), saved.state.covariance.copy()
    moved = after_gap(nominal, covariance, terms, ran_m, reach_m)
    before_up = rotation.rotation_matrix(nominal[esf.QUATERNION])[2]
    turned = float(np.linalg.norm(_up(sample) - before_up))
    if steady(sample, terms.config.initial) and turned <= 3.0 * config.tilt_sigma_rad:
        nominal[esf.QUATERNION] = rotation.from_heading_and_up(rotation.yaw_of(nominal[esf.QUATERNION]), _up(sample))
    if not why and age_s > config.max_age_s:
        why = f"the last known place is {age_s:.0f} s old"
    elif not why and ran_m is None and tracks is not None and saved.travel_m is not None:
        why = "the tracks' counters do not go on from the last known place"
    text = f"goes on from where it was {ahead_s:.1f} s ago{': lost, ' if why else ''}{why}"
    state = FilterState(sample.time_s, nominal, covariance)
    return Beginning(state, text, why, saved, moved, ran_m is not None)


def _up(sample: InertialSample) -> Array:
    return np.asarray(sample.force / np.linalg.norm(sample.force))


def _array(values: Any, size: int) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or not np.isfinite(array).all():
        raise ValueError("not so many finite numbers")
    return array
