# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true sprockets, steering zeros and gears behind the encoders of one run."""

from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting
from lupex_worlds.spread import Range

Four = tuple[float, float, float, float]
"""One value a unit: front left, front right, rear left, rear right."""


@dataclass(frozen=True)
class EncoderTruth:
    """Spread of the units' errors; size uniform, sign either way, each unit its own. None by default."""

    sprocket_radius_error: tuple[float, float] = setting(
        (0.0, 0.0), "size of the true radius's error over the rover's number", minimum=0, maximum=0.2
    )
    steering_zero_deg: tuple[float, float] = setting((0.0, 0.0), "size of its error", unit="deg", minimum=0, maximum=10)
    steering_backlash_deg: tuple[float, float] = setting((0.0, 0.0), "whole play", unit="deg", minimum=0, maximum=10)
    drive_backlash_deg: tuple[float, float] = setting(
        (0.0, 0.0), "whole play, at the sprocket", unit="deg", minimum=0, maximum=20
    )


@dataclass(frozen=True)
class EncoderDraw:
    """What is truly there; exact by default."""

    radius_factor: Four = (1.0, 1.0, 1.0, 1.0)
    """True sprocket radius over the rover's number."""
    steering_zero_deg: Four = (0.0, 0.0, 0.0, 0.0)
    """True angle where the encoder says 0."""
    steering_backlash_deg: Four = (0.0, 0.0, 0.0, 0.0)
    drive_backlash_deg: Four = (0.0, 0.0, 0.0, 0.0)


def draw_encoders(spread: EncoderTruth, rng: np.random.Generator) -> EncoderDraw:
    """Draw the units' sprockets, zeros and gears."""
    radius = _signed(spread.sprocket_radius_error, rng)
    zero = _signed(spread.steering_zero_deg, rng)
    return EncoderDraw(
        _four(1.0 + radius),
        _four(zero),
        _four(rng.uniform(*spread.steering_backlash_deg, 4)),
        _four(rng.uniform(*spread.drive_backlash_deg, 4)),
    )


def _signed(size: Range, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rng.uniform(*size, 4) * rng.choice((-1.0, 1.0), 4))


def _four(values: np.ndarray) -> Four:
    a, b, c, d = values.tolist()
    return a, b, c, d
