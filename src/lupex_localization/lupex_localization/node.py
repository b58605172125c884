# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Localization as a ROS 2 node: samples in, odometry, TF and status out."""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped, Vector3Stamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState, PointCloud2
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import AttitudeFix, Fault, LocalizationStatus
from lupex_localization import conversions, start
from lupex_localization.config import LocalizationConfig
from lupex_localization.due import Due
from lupex_localization.estimator import PoseEstimator
from lupex_localization.health import Condition, gather, judge
from lupex_localization.localization import Localization
from lupex_localization.reckoning import MotionEstimate
from lupex_localization.samples import ScanSample
from lupex_localization.stop_choice import StopChoice
from lupex_localization.surroundings import Surroundings
from lupex_localization.track_odometry import SlipModel
from lupex_models.configuration import ConfigurationError
from lupex_models.constants import MOON_ROTATION_RAD_S
from lupex_models.rover import read_rover
from lupex_models.site import OrbitalSite, SiteError, open_site
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.node import LupexNode
from lupex_node.qos import Profile
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
        surroundings = self._surroundings()
        self._localization = Localization(
            lambda: PoseEstimator(config, self._rover, self._slip, surroundings),
            start.told_initial(config.initial, self._site),
            self._checkpoint,
        )
        self._stops = StopChoice(config.stops)
        self._rejections = 0
        self._stood = False
        self._saved_s = self._well_s = -math.inf
        output = config.output
        self._local_due = Due(output.local_interval_s, output.interval_slack_s)
        self._global_due = Due(output.global_interval_s, output.interval_slack_s)
        self._transforms_due = Due(output.transform_interval_s, output.interval_slack_s)
        self._local = self.publisher(Odometry, "odometry/local")
        self._global = self.publisher(Odometry, "odometry/global")
        self._transforms = self.publisher(TFMessage, "tf", qos.SAMPLES)
        self._status = self.publisher(LocalizationStatus, "localization/status")
        self._sampled(Imu, "imu/data", self._take_inertial)
        self._sampled(JointState, "mobility/joint_states", self._take_tracks)
        fixes = self.sensed(qos.STATE)
        self._fixed(AttitudeFix, "star_tracker/attitude", self._take_attitude, fixes)
        self._fixed(Vector3Stamped, "sun_sensor/direction", self._take_sun, fixes)
        if config.ground.enabled:
            self._fixed(PointCloud2, "lidar/points", self._take_cloud, self.sensed(qos.NEWEST))
        self._fixed(PoseWithCovarianceStamped, "initialpose", self._take_place, qos.STATE)
        self.every(config.output.status_interval_s, self._tell)

    def _open_site(self) -> OrbitalSite | None:
        if not self.config.site:
            return None
        try:
            return open_site(self.config.site)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error

    def _surroundings(self) -> Surroundings:
        site = self._site
        if site is None:
            return Surroundings()
        offset_s = self.common.utc_offset_s or site.utc_offset_s
        return Surroundings(
            map_from_icrf=lambda time_s: site.frame.map_from_icrf(time_s + offset_s),
            sun_in_map=lambda time_s: site.frame.sun_vector(time_s + offset_s),
            terrain=site.dem,
            skyline_rad=lambda x_m, y_m, azimuth: float(site.horizon.elevation(x_m, y_m, azimuth)),
            frame_rate=np.ascontiguousarray(MOON_ROTATION_RAD_S * site.frame.map_from_moon_fixed[:, 2]),
        )

    @property
    def _estimator(self) -> PoseEstimator:
        return self._localization.estimator

    def _checkpoint(self) -> start.Saved | None:
        kept = self.saved_state(math.inf)
        return None if kept is None else start.from_plain(kept[1])

    # ------------------------------------------------------------------------------------------------ samples in

    def _sampled(self, kind: type, topic: str, take: Callable[[Any], None]) -> None:
        def taken(message: Any) -> None:
            # also one that is not used says that time goes on
            try:
                take(message)
            finally:
                self._advance()

        self.receive(kind, topic, taken, profile=self.sensed(qos.SAMPLES), sole_sender=True)

    def _fixed(self, kind: type, topic: str, take: Callable[[Any], None], profile: Profile) -> None:
        self.receive(kind, topic, self._taken, convert=take, profile=profile, sole_sender=True)

    def _take_inertial(self, message: Imu) -> None:
        self._localization.add(conversions.inertial_sample(message, self.config), self.now_s())

    def _take_tracks(self, message: JointState) -> None:
        radius_m = self._rover.crawler.sprocket_radius_m
        self._localization.add(conversions.track_sample(message, self.config, radius_m), self.now_s())

    def _take_attitude(self, message: AttitudeFix) -> None:
        self._localization.add(conversions.attitude_sample(message, self.config), self.now_s())

    def _take_sun(self, message: Vector3Stamped) -> None:
        self._localization.add(conversions.sun_sample(message, self.config), self.now_s())

    def _take_cloud(self, message: PointCloud2) -> None:
        time_s, points = conversions.cloud_points(message, self.config)
        self._localization.add(ScanSample(time_s, self._estimator.terms.matcher.points(points)), self.now_s())

    def _take_place(self, message: PoseWithCovarianceStamped) -> None:
        told, now_s = conversions.told_pose(message), self.now_s()
        condition, _ = judge(gather(self._localization, now_s), self.config)
        if condition not in (Condition.LOST, Condition.INITIALIZING):
            raise InvalidMessage("the place is known: a pose that is told counts only while it is LOST")
        self._localization.confirm(*told, now_s)

    def _taken(self, _: None) -> None:
        """Fixes wait in the estimator for the next samples."""

    # ------------------------------------------------------------------------------------------------ estimate out

    def _advance(self) -> None:
        estimates = self._localization.advance(self.now_s())
        for event in self._localization.take_events():
            self.info(event)
        for estimate in estimates:
            self._publish(estimate)
        if self._estimator.begun:
            self._save()
        stands = self._localization.clock_stands_s > 0.0
        if stands and not self._stood:
            # no timer ticks any more
            self._tell()
        self._stood = stands

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
        time_s = reckoning.time_s
        interval_s = checkpoint.rest_interval_s if estimator.stationary else checkpoint.interval_s
        # as is a clock that was set back
        if not 0.0 <= time_s - self._saved_s < interval_s:
            self._saved_s = time_s
            self.save_state(start.to_plain(reckoning, estimator.travel_m), time_s)

    def _tell(self) -> None:
        now_s, estimator = self.now_s(), self._estimator
        found = gather(self._localization, now_s)
        condition, text = judge(found, self.config)
        time_s = estimator.reckoning.time_s if estimator.begun else now_s
        position, heading = found.position_sigma_m, found.heading_sigma_rad
        stop_wanted = estimator.begun and self._stops.look(
            time_s, estimator.moving, estimator.stationary, estimator.reckoning.p
        )
        self._status.publish(
            conversions.status(time_s, condition, text, estimator, position, heading, stop_wanted=stop_wanted)
        )
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
