# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the filter works with and does not change: settings, noise, gates, the rover and its surroundings."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from lupex_localization import measurements
from lupex_localization.config import LocalizationConfig
from lupex_localization.filter_state import Spread
from lupex_localization.ground_motion import GroundMatcher
from lupex_localization.measurements import Innovation
from lupex_localization.reckoning import Reckoning
from lupex_localization.samples import TrackSample
from lupex_localization.surroundings import Surroundings
from lupex_localization.track_correction import TrackCorrection
from lupex_localization.track_odometry import SlipModel, TrackKinematics
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Rover

Array = npt.NDArray[np.float64]

_SURE = 1.0 - 1e-7
"""Of a rover that stands to pass the gate of its rest."""


class FilterTerms:
    """Made once; shared by all copies of the filter."""

    def __init__(self, config: LocalizationConfig, rover: Rover, slip: SlipModel, surroundings: Surroundings) -> None:
        """Put together the noise of the sensors: the rover's numbers, and those of their class where it says less."""
        self.config, self.rover, self.surroundings = config, rover, surroundings
        self.gravity_mps2 = MOON_GRAVITY_M_S2
        self.kinematics = TrackKinematics(rover.crawler.unit_x_m, rover.crawler.unit_y_m)
        self.frame_rate = np.zeros(3) if surroundings.frame_rate is None else surroundings.frame_rate
        imu, inertial = rover.imu, config.inertial
        self.gyro_noise = max(imu.gyro_noise_rad_s_rthz, inertial.class_gyro_noise_rad_s_rthz)
        walks = (
            max(imu.gyro_bias_walk_rad_s2_rthz, inertial.class_gyro_bias_walk_rad_s2_rthz),
            max(imu.accelerometer_bias_walk_mps3_rthz, inertial.class_accelerometer_bias_walk_mps3_rthz),
        )
        force_noise = imu.accelerometer_noise_mps2_rthz
        # what turns the attitude by a share of each turn looks, over many turns, like noise that comes with the rate
        turns = inertial.class_gyro_scale * math.sqrt(inertial.turn_s)
        self.rest_densities = _squares(self.gyro_noise, walks[0], force_noise, walks[1], turns)
        self.densities = _squares(
            math.hypot(self.gyro_noise, inertial.motion_rate_rad_s_rthz),
            walks[0],
            math.hypot(force_noise, inertial.motion_acceleration_mps2_rthz),
            math.hypot(walks[1], inertial.motion_bias_walk_mps3_rthz),
            turns,
        )
        bridging = inertial.bridge_acceleration_mps2_rthz
        self.bridge_densities = _squares(inertial.bridge_rate_rad_s_rthz, walks[0], bridging, walks[1], 0.0)
        self.forceless_densities = _squares(self.gyro_noise, walks[0], bridging, walks[1], turns)
        self.mounting = measurements.sensor_mounting(rover.star_tracker)
        self.gates = {size: float(chi2.ppf(config.fixes.probability, size)) for size in (1, 2, 3)}
        self.rest_gate = float(chi2.ppf(_SURE, 3))
        tracks = config.tracks
        self.track_settings = TrackCorrection(
            config.stationary.track_speed_mps,
            tracks.speed_sigma_mps,
            tracks.turn_sigma * math.hypot(rover.crawler.unit_x_m, rover.crawler.unit_y_m),
            tracks.vertical_sigma_mps,
            tracks.model_share,
            tracks.slip_open,
            tracks.slip_correlation_m,
            tracks.sideslip_correlation_m,
            self.gates[3],
        ).settings()
        self.slip_table = slip.tables, slip.limit_rad, slip.step_rad
        self.matcher = GroundMatcher(config.ground, rover.lidar)

    def spread(self) -> Spread:
        """Return how uncertain a state begins, but for place and attitude: they are the initial pose's."""
        imu, config = self.rover.imu, self.config
        initial, inertial, tracks = config.initial, config.inertial, config.tracks
        return Spread(
            position_m=initial.position_sigma_m,
            height_m=initial.height_sigma_m,
            tilt_rad=initial.tilt_sigma_rad,
            yaw_rad=initial.yaw_sigma_rad,
            velocity_mps=self.rover.crawler.max_speed_mps,
            gyro_bias_rad_s=max(imu.gyro_bias_rad_s, inertial.class_gyro_bias_rad_s),
            accelerometer_bias_mps2=max(imu.accelerometer_bias_mps2, inertial.class_accelerometer_bias_mps2),
            slip=tracks.slip_sigma,
            drift=tracks.sideslip_sigma,
            track_scale=tracks.scale_sigma,
            steer_zero_rad=tracks.steer_zero_sigma_rad,
            star_alignment_rad=config.fixes.alignment_sigma_rad,
            lidar_alignment_rad=config.ground.alignment_sigma_rad,
        )

    def rest_innovation(self, reckoning: Reckoning) -> Innovation:
        """State that the rover stands."""
        return measurements.rest_innovation(reckoning.x, self.config.stationary.velocity_sigma_mps)

    rest_rate_innovation = staticmethod(measurements.rest_rate_innovation)

    def way_run_m(self, before_m: Array | None, tracks: TrackSample, over_s: float) -> float | None:
        """Return the way that the tracks' counters tell since `before_m` (4,), None where they cannot be the same."""
        if before_m is None:
            return None
        ways = tracks.travel_m - before_m
        if float(np.abs(ways).max()) > 1.2 * self.rover.crawler.max_speed_mps * over_s + 0.1:
            return None
        return float(np.mean(ways * np.cos(tracks.steer_rad)))


def _squares(*roots: float) -> Array:
    return np.array(roots) ** 2
