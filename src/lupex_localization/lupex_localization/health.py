# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far the pose may be believed, in one of four words and a sentence."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from lupex_localization.config import LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import heading_sigma_rad, position_sigma_m
from lupex_localization.localization import Localization
from lupex_localization.motion_filter import MotionFilter
from lupex_localization.samples import InertialSample, TrackSample
from lupex_localization.track_odometry import DRIVE_NAMES


class Condition(IntEnum):
    """States of LocalizationStatus."""

    INITIALIZING = 0
    TRACKING = 1
    DEGRADED = 2
    LOST = 3


@dataclass(frozen=True)
class Symptoms:
    """What the judgement is made from; times in seconds since the last of each."""

    begun: bool
    position_sigma_m: float
    heading_sigma_rad: float
    inertial_silence_s: float
    track_silence_s: float
    refused_streak: int
    """Star tracker attitudes refused in a row."""
    unconfirmed: str = ""
    """Why the place is not to be relied on until something confirms it."""
    refused: str = ""
    """An input that is refused for long, and why."""
    isolated: tuple[str, ...] = ()
    """Sensors that are left out, each with the reason."""
    contradiction: str = ""
    """What the innovations say of the stated uncertainty, where they are too large."""
    immobile: bool = False
    """Whether the tracks run and the rover stays."""
    stars_refused_s: float = 0.0
    """For how long the stars are refused with nothing to say that they are wrong."""
    clock_stands_s: float = 0.0
    """By how much samples have run ahead of a clock that stands."""


def judge(symptoms: Symptoms, config: LocalizationConfig) -> tuple[Condition, str]:
    """Return the state and one sentence, empty when all is well."""
    health = config.health
    silence_s = min(symptoms.inertial_silence_s, symptoms.track_silence_s)
    if not symptoms.begun:
        return Condition.INITIALIZING, "waiting for inertial samples and joint states"
    if symptoms.clock_stands_s > 0.0:
        return Condition.LOST, f"the clock stands while samples go on, {symptoms.clock_stands_s:.1f} s by now"
    if symptoms.unconfirmed:
        return Condition.LOST, f"{symptoms.unconfirmed}: the place waits for a fix, or for a pose on /initialpose"
    if not symptoms.position_sigma_m <= health.lost_position_m:
        return Condition.LOST, f"position known to {symptoms.position_sigma_m:.0f} m only"
    if not symptoms.heading_sigma_rad <= health.lost_heading_rad:
        return Condition.LOST, f"heading known to {symptoms.heading_sigma_rad:.2f} rad only"
    if symptoms.stars_refused_s > health.lost_refused_s:
        text = f"every attitude of the star tracker for {symptoms.stars_refused_s:.0f} s was refused"
        return Condition.LOST, f"{text}: it or the heading is wrong"
    if silence_s > health.lost_silence_s:
        return Condition.LOST, f"no inertial sample and no joint state for {silence_s:.1f} s"
    if symptoms.inertial_silence_s > config.inertial.bridge_limit_s:
        return Condition.DEGRADED, f"no inertial sample for {symptoms.inertial_silence_s:.1f} s, tracks alone"
    if symptoms.track_silence_s > config.tracks.silence_s:
        return Condition.DEGRADED, f"no joint state for {symptoms.track_silence_s:.1f} s, inertial unit alone"
    if symptoms.heading_sigma_rad > health.degraded_heading_rad:
        return Condition.DEGRADED, f"heading known to {symptoms.heading_sigma_rad:.3f} rad only, waiting for stars"
    if symptoms.refused_streak >= config.fixes.recover_after:
        return Condition.DEGRADED, f"the last {symptoms.refused_streak} star tracker attitudes were refused"
    if symptoms.isolated:
        return Condition.DEGRADED, "; ".join(symptoms.isolated)
    if symptoms.refused:
        return Condition.DEGRADED, symptoms.refused
    if symptoms.contradiction:
        return Condition.DEGRADED, symptoms.contradiction
    if symptoms.immobile:
        return Condition.DEGRADED, "the tracks run, but the rover does not move"
    return Condition.TRACKING, ""


def gather(localization: Localization, now_s: float) -> Symptoms:
    """Gather what the judgement is made from."""
    estimator, initial = localization.estimator, localization.initial
    begun, streams = estimator.begun, estimator.streams
    state = estimator.reckoning.state if begun else None
    silence_s = {
        kind: math.inf if streams[kind].last_s is None else now_s - float(streams[kind].last_s or 0.0)
        for kind in (InertialSample, TrackSample)
    }
    known = Symptoms(
        begun=begun,
        position_sigma_m=position_sigma_m(state) if state else initial.position_sigma_m,
        heading_sigma_rad=heading_sigma_rad(state) if state else initial.yaw_sigma_rad,
        inertial_silence_s=silence_s[InertialSample],
        track_silence_s=silence_s[TrackSample],
        refused_streak=0,
        refused=_refused(estimator, now_s),
        clock_stands_s=localization.clock_stands_s,
    )
    if not begun:
        return known
    motion, fixing = estimator.motion, estimator.motion.fixing
    denied = fixing.sun_agrees(motion.time_s)
    return replace(
        known,
        refused_streak=fixing.shut.streak,
        stars_refused_s=0.0 if denied else fixing.shut.shut_s,
        unconfirmed=fixing.unconfirmed,
        isolated=tuple(_isolated(motion)),
        contradiction=_contradiction(estimator),
        immobile=motion.slip.immobile,
    )


def _refused(estimator: PoseEstimator, now_s: float) -> str:
    for stream in estimator.streams.values():
        since_s = stream.refused_since_s
        if since_s is not None and now_s - since_s >= estimator.terms.config.fixes.refused_long_s:
            return f"each {stream.name} for {now_s - since_s:.0f} s was refused: the last {stream.reason}"
    return ""


def _isolated(motion: MotionFilter) -> Iterator[str]:
    """Tell the sensors that are left out."""
    if motion.inertial_check.frozen:
        yield "inertial unit left out: frozen, tracks alone"
    elif motion.inertial_check.force_lies:
        yield "accelerometers left out: they tell a motion that there cannot be"
    if motion.fixing.gyros_lie:
        yield "gyroscopes left out: the stars turn otherwise"
    for unit in motion.track_check.units_lying:
        yield f"track {DRIVE_NAMES[unit]} left out: its counter and its speed disagree"
    if motion.fixing.sun_below >= 3:
        yield "sun sensor left out: it sees a Sun that is below the skyline"
    for kind, name in (("sun", "sun sensor"), ("ground", "lidar"), ("terrain", "elevation model")):
        if motion.corrections.monitors[kind].refused >= 5:
            yield f"{name} left out: its last {motion.corrections.monitors[kind].refused} readings contradict the rest"


def _contradiction(estimator: PoseEstimator) -> str:
    motion, limit = estimator.motion, estimator.terms.config.health.monitor_limit
    worst = max(("attitude", "ground", "terrain"), key=lambda kind: motion.corrections.monitors[kind].mean)
    mean = motion.corrections.monitors[worst].mean
    if mean <= limit:
        return ""
    return f"innovations of {worst} are {math.sqrt(mean):.1f} times what is stated: the pose may be worse than it says"
