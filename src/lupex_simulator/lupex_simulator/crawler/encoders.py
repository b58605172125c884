# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the encoders of steering and drives say, and what a commanded angle or speed truly does."""

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Crawler
from lupex_simulator.crawler.track_soil import STANDING_MPS
from lupex_worlds.truth.encoder_truth import EncoderDraw, EncoderTruth, draw_encoders

__all__ = ["EncoderDraw", "EncoderTruth", "Encoders", "draw_encoders"]

FloatArray = npt.NDArray[np.float64]


class Encoders:
    """Encoders on the motors' side of gears with play, sprockets and steering zeros that are not the rover's numbers.

    Each array holds one value a unit, (4,). The true angle of a unit is what its encoder says, plus its zero, less
    what of the play is not taken up; the way of its track is the sprocket's angle times the true radius.
    """

    def __init__(self, draw: EncoderDraw, crawler: Crawler) -> None:
        """Begin with all encoders at 0."""
        self.radius_factor = np.array(draw.radius_factor)
        self.zero_rad = np.radians(draw.steering_zero_deg)
        self._radius_m = crawler.sprocket_radius_m * self.radius_factor
        self._fastest_rad_s = crawler.max_speed_mps / crawler.sprocket_radius_m
        self._steer_play_rad = 0.5 * np.radians(draw.steering_backlash_deg)
        self._drive_play_rad = 0.5 * np.radians(draw.drive_backlash_deg)
        self._steer_command = np.zeros(4)
        self._side = np.zeros(4)

    def command(
        self, steer_rad: FloatArray, drive_rad_s: FloatArray, true_steer_rad: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the true (steering angles, track speeds [m/s]) that set-points of the motors lead to.

        A gear with play moves its output only as far as the motor pushes it (play operator).
        """
        self._steer_command = np.array(steer_rad, dtype=np.float64)
        at = np.asarray(true_steer_rad) - self.zero_rad
        play = self._steer_play_rad
        steer = np.clip(at, self._steer_command - play, self._steer_command + play) + self.zero_rad
        return steer, np.clip(drive_rad_s, -self._fastest_rad_s, self._fastest_rad_s) * self._radius_m

    def follow(self, track_mps: FloatArray) -> None:
        """Note which way the tracks run: a drive that turns round takes up its play first."""
        self._side = np.where(np.abs(track_mps) > STANDING_MPS, np.sign(track_mps), self._side)

    def steering_rad(self, true_steer_rad: FloatArray) -> FloatArray:
        """Return what the steering encoders say."""
        at = np.asarray(true_steer_rad) - self.zero_rad
        return np.clip(self._steer_command, at - self._steer_play_rad, at + self._steer_play_rad)

    def sprocket_rad(self, travel_m: FloatArray) -> FloatArray:
        """Return what the drive encoders say of the way that the tracks have run."""
        return np.asarray(travel_m / self._radius_m + self._side * self._drive_play_rad)

    def sprocket_rad_s(self, track_mps: FloatArray) -> FloatArray:
        """Return the speeds that the drive encoders say."""
        return np.asarray(track_mps / self._radius_m)
