# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far the pose may be believed, in one of four words and a sentence."""

from dataclasses import dataclass
from enum import IntEnum

from lupex_localization.config import LocalizationConfig


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


def judge(symptoms: Symptoms, config: LocalizationConfig) -> tuple[Condition, str]:
    """Return the state and one sentence, empty when all is well."""
    health = config.health
    silence_s = min(symptoms.inertial_silence_s, symptoms.track_silence_s)
    if not symptoms.begun:
        return Condition.INITIALIZING, "waiting for inertial samples and joint states"
    if not symptoms.position_sigma_m <= health.lost_position_m:
        return Condition.LOST, f"position known to {symptoms.position_sigma_m:.0f} m only"
    if not symptoms.heading_sigma_rad <= health.lost_heading_rad:
        return Condition.LOST, f"heading known to {symptoms.heading_sigma_rad:.2f} rad only"
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
    return Condition.TRACKING, ""
