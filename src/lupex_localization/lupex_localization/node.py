# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Localization as a ROS 2 node: samples in, odometry, TF and status out."""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import Vector3Stamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import AttitudeFix, Fault, LocalizationStatus
from lupex_localization import conversions, start
from lupex_localization.config import LocalizationConfig
from lupex_localization.due import Due
from lupex_localization.error_state_filter import heading_sigma_rad, position_sigma_m
from lupex_localization.estimator import PoseEstimator, Surroundings
from lupex_localization.health import Condition, Symptoms, judge
from lupex_localization.reckoning import MotionEstimate
from lupex_localization.track_odometry import SlipModel
from lupex_models.configuration import ConfigurationError
from lupex_models.constants import MOON_ROTATION_RAD_S
from lupex_models.rover import read_rover
from lupex_models.site import OrbitalSite, SiteError, open_site
from lupex_node import qos
from lupex_node.node import LupexNode
from lupex_node.ros.process import run


class LocalizationNode(LupexNode[LocalizationConfig]):
    """Take samples as they come and advance the estimator with each."""

    NAME, CONFIG = "localization", LocalizationConfig

    def wire(self) -> None:
        config = self.config
        self._rover = read_rover(config.rover)
        self._site = self._open_site()
        tracks = config.tracks
        self._slip = SlipModel.build(
            self._rover,
            tracks.soils,
            tracks.slope_step_rad,
            tracks.slope_max_rad,
            tracks.slip_sigma,
            tracks.sideslip_sigma,
        )
        self._reset()
        self._local = self.publisher(Odometry, "odometry/local")
        self._global = self.publisher(Odometry, "odometry/global")
        self._transforms = self.publisher(TFMessage, "tf", qos.SAMPLES)
        self._status = self.publisher(LocalizationStatus, "localization/status")
        self._sampled(Imu, "imu/data", self._take_inertial)
        self._sampled(JointState, "mobility/joint_states", self._take_tracks)
        fixes = self.sensed(qos.STATE)
        self.receive(AttitudeFix, "star_tracker/attitude", self._taken, convert=self._take_attitude, profile=fixes)
        self.receive(Vector3Stamped, "sun_sensor/direction", self._taken, convert=self._take_sun, profile=fixes)
        self.every(config.output.status_interval_s, self._tell)

    def _open_site(self) -> OrbitalSite | None:
        if not self.config.site:
            return None
        try:
            return open_site(self.config.site)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error

    def _reset(self) -> None:
        site = self._site
        surroundings = Surroundings()
        if site is not None:
            offset_s = self.common.utc_offset_s or site.utc_offset_s
            surroundings = Surroundings(
                map_from_icrf=lambda time_s: site.frame.map_from_icrf(time_s + offset_s),
                sun_in_map=lambda time_s: site.frame.sun_vector(time_s + offset_s),
                terrain=site.dem,
                frame_rate=np.ascontiguousarray(MOON_ROTATION_RAD_S * site.frame.map_from_moon_fixed[:, 2]),
            )
        self._estimator = PoseEstimator(self.config, self._rover, self._slip, surroundings)
        self._newest_s = 0.0
        self._rejections = 0
        output = self.config.output
        self._local_due = Due(output.local_interval_s, output.interval_slack_s)
        self._global_due = Due(output.global_interval_s, output.interval_slack_s)
        self._transforms_due = Due(output.transform_interval_s, output.interval_slack_s)
        self._saved_s = -math.inf
        self._well_s = -math.inf

    # ------------------------------------------------------------------------------------------------ samples in

    def _sampled(self, kind: type, topic: str, take: Callable[[Any], None]) -> None:
        def taken(message: Any) -> None:
            # also one that is not used says that time goes on
            try:
                take(message)
            finally:
                self._advance()

        self.receive(kind, topic, taken, profile=self.sensed(qos.SAMPLES))

    def _take_inertial(self, message: Imu) -> None:
        self._estimator.add_inertial(conversions.inertial_sample(message, self.config), self.now_s())

    def _take_tracks(self, message: JointState) -> None:
        radius_m = self._rover.crawler.sprocket_radius_m
        self._estimator.add_tracks(conversions.track_sample(message, self.config, radius_m), self.now_s())

    def _take_attitude(self, message: AttitudeFix) -> None:
        self._estimator.add_attitude(conversions.attitude_sample(message, self.config), self.now_s())

    def _take_sun(self, message: Vector3Stamped) -> None:
        self._estimator.add_sun(conversions.sun_sample(message, self.config), self.now_s())

    def _taken(self, _: None) -> None:
        """Fixes wait in the estimator for the next samples."""

    # ------------------------------------------------------------------------------------------------ estimate out

    def _advance(self) -> None:
        now_s = self.now_s()
        if now_s < self._newest_s - self.config.checkpoint.clock_back_s:
            self.warn(f"the clock went back by {self._newest_s - now_s:.1f} s: beginning anew")
            self._reset()
            return
        self._newest_s = now_s
        if not self._estimator.begun and not self._begin(now_s):
            return
        for estimate in self._estimator.advance():
            self._publish(estimate)
        self._save()

    def _begin(self, now_s: float) -> bool:
        sample, tracks, span_s = self._estimator.queued()
        if now_s <= 0.0 or sample is None or (tracks is None and span_s < self.config.initial.wait_s):
            return False
        config = self.config
        kept = self.saved_state(config.checkpoint.max_age_s)
        saved = None if kept is None else start.from_plain(kept[1])
        if saved is not None and saved.state.time_s <= sample.time_s:
            state, moved_m = start.resumed_state(saved, sample, tracks, config.checkpoint, config.initial, self._rover)
            self._estimator.begin(state).place_odom(saved.odom_position_m, saved.odom_yaw_rad, saved.state, moved_m)
            self.info(f"resumed from {sample.time_s - saved.state.time_s:.1f} s ago")
            return True
        if not start.steady(sample, config.initial):
            return False
        initial = start.told_initial(config.initial, self._site)
        self._estimator.begin(start.first_state(sample, initial, self._rover))
        return True

    def _publish(self, estimate: MotionEstimate) -> None:
        time_s = estimate.state.time_s
        if self._local_due.now(time_s):
            self._local.publish(conversions.odometry_in_odom(estimate))
        if self._global_due.now(time_s):
            self._global.publish(conversions.odometry_in_map(estimate))
        if self._transforms_due.now(time_s):
            self._transforms.publish(conversions.transforms(estimate))

    def _save(self) -> None:
        if not self.keeps_state:
            return
        checkpoint, estimator = self.config.checkpoint, self._estimator
        reckoning = estimator.reckoning
        time_s = reckoning.state.time_s
        interval_s = checkpoint.rest_interval_s if estimator.stationary else checkpoint.interval_s
        if time_s - self._saved_s >= interval_s:
            self._saved_s = time_s
            self.save_state(start.to_plain(reckoning, estimator.travel_m), time_s)

    def _tell(self) -> None:
        now_s, estimator = self.now_s(), self._estimator
        state = estimator.reckoning.state if estimator.begun else None
        position = position_sigma_m(state) if state else self.config.initial.position_sigma_m
        heading = heading_sigma_rad(state) if state else self.config.initial.yaw_sigma_rad
        symptoms = Symptoms(
            begun=estimator.begun,
            position_sigma_m=position,
            heading_sigma_rad=heading,
            inertial_silence_s=now_s - estimator.imu.last_s if estimator.imu.last_s is not None else math.inf,
            track_silence_s=now_s - estimator.joints.last_s if estimator.joints.last_s is not None else math.inf,
            refused_streak=estimator.shut.streak,
        )
        condition, text = judge(symptoms, self.config)
        time_s = state.time_s if state else now_s
        self._status.publish(conversions.status(time_s, condition, text, estimator, position, heading))
        if sum(estimator.rejected.values()) > self._rejections:
            self._rejections = sum(estimator.rejected.values())
            self.warn(f"{estimator.last_rejection} ({self._rejections} rejections so far)")
        self.set_health(text, error=condition is Condition.LOST)
        if self._well_s == -math.inf:
            self._well_s = now_s
        if condition in (Condition.TRACKING, Condition.INITIALIZING) or self._well_s > now_s:
            self._well_s = now_s
            self.clear_fault("localization_degraded", "the pose is tracked again")
            self.clear_fault("localization_lost", "the pose is tracked again")
        elif condition is Condition.LOST:
            self.raise_fault("localization_lost", Fault.CRITICAL, f"{text}; the pose is not to be used")
        else:
            self.clear_fault("localization_lost", "the pose is degraded, no longer lost")
            if now_s - self._well_s >= self.config.health.fault_after_s:
                self.raise_fault("localization_degraded", Fault.WARNING, f"{text}; the covariance says by how much")


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(LocalizationNode, args))


if __name__ == "__main__":
    main()
