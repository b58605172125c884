# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Node: lidar clouds, poses and slip in; costmap and soil out."""

import math

import numpy as np
from grid_map_msgs.msg import GridMap
from nav_msgs.msg import OccupancyGrid, Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger

from lupex_interfaces.msg import Immobilisation, SlipEstimate
from lupex_interfaces.msg import SoilEstimate as SoilMessage
from lupex_models.rover import read_rover
from lupex_models.soil_strength import StrengthTable
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import cloud
from lupex_node.node import LupexNode
from lupex_node.port import Closable, Use
from lupex_node.ros.process import run
from lupex_traversability.cloud_binning import level_ground
from lupex_traversability.config import TraversabilityConfig
from lupex_traversability.conversions import bogged, costmap, footing, grid_map, pose, slip_reading, soil_message
from lupex_traversability.driving_cost import DrivingCost, Ground
from lupex_traversability.elevation_map import ElevationMap
from lupex_traversability.ground_layers import ground_layers
from lupex_traversability.looks import Looks
from lupex_traversability.pose_history import Pose, PoseHistory
from lupex_traversability.shut_ground import Bogged, ShutGround
from lupex_traversability.soil.slip_windows import SlipReading
from lupex_traversability.soil.soil_watch import SoilWatch
from lupex_traversability.stand_bound import StandBound

_RETRY_S = 0.1
"""Between looks for the pose that a cloud waits for."""

_LOOKS_MIN = 4
"""Before a pose counts as missing: a parked world's clock leaps by seconds, and may overtake what was told before."""

_CLOUD = "lidar/points"
_POSE = "odometry/local"
_SLIP = "mobility/slip"
_BOGGED = "mobility/immobilisation"


class TraversabilityNode(LupexNode[TraversabilityConfig]):
    """Keeps the elevation map and publishes what it costs to drive over it, and what driving teaches of the soil."""

    NAME, CONFIG = "traversability", TraversabilityConfig

    def wire(self) -> None:
        rover = read_rover(self.config.rover)
        self._lidar = rover.lidar
        self._body = rover.body
        self._map = ElevationMap(self.config.map, rover.lidar, rover.body)
        self._cost = DrivingCost(self.config.cost, rover)
        self._stand = StandBound(self.config.stand, rover, self.config.map.cell_m)
        self._table = StrengthTable.build(rover)
        self._warm_up()
        self._poses = PoseHistory()
        self._looks = Looks(self.config.look)
        self._ground: Ground | None = None
        self._retry: Closable | None = None
        self._pending: tuple[float, NDArray[np.float32]] | None = None
        self._pending_since_s, self._pending_looks = 0.0, 0
        self._newest_cloud_s = -math.inf
        self._grid_map_s = -math.inf
        self._costmap = self.publisher(OccupancyGrid, "traversability/costmap", qos.LATCHED)
        self._grid_map = self.publisher(GridMap, "traversability/map", qos.LATCHED)
        self._odometry = self.queue(Odometry, _POSE, qos.SAMPLES)
        self._localizers = self.sole_sender(Odometry, _POSE)
        self.receive(
            PointCloud2,
            _CLOUD,
            self._take_cloud,
            convert=self._convert,
            frame="lidar",
            max_age_s=self.config.cloud_max_age_s,
            profile=self.sensed(qos.NEWEST),
            sole_sender=True,
        )
        self._shut = ShutGround(self.config.shut)
        self.receive(
            Immobilisation,
            _BOGGED,
            self._take_bogged,
            convert=bogged,
            profile=qos.LATCHED,
            sole_sender=True,
        )
        self.serve(Trigger, "traversability/forget", self._forget)
        self._wire_soil(self._table)

    def _wire_soil(self, table: StrengthTable) -> None:
        self._soil = SoilWatch(self.config.soil, table)
        self._soil_begun = False
        self._soil_told = self.publisher(SoilMessage, "traversability/soil", qos.LATCHED)
        self._footing = self.newest(Odometry, "odometry/global", convert=footing, sole_sender=True)
        self.receive(
            SlipEstimate,
            _SLIP,
            self._take_slip,
            convert=slip_reading,
            frame="base_link",
            max_age_s=self.config.soil.max_age_s,
            sole_sender=True,
        )

    def cleanup(self) -> None:
        """Take down what `wire` made, and the timer of a cloud that waits."""
        self._wait_no_more()
        super().cleanup()

    def _warm_up(self) -> None:
        """Have the kernels compiled, or read from their cache, before the first cloud arrives."""
        spare = ElevationMap(self.config.map, self._lidar, self._body)
        points = level_ground(self._lidar)
        # the second cloud is compared with the first, and moves the window
        for place in (0.0, 1.0):
            spare.insert(points, np.array([place, place, 0.0]), np.eye(3))
        self._cost.of(spare)
        self._stand.of(spare)

    def _convert(self, message: PointCloud2) -> tuple[float, NDArray[np.float32]]:
        time_s, points = cloud(message)
        if points.shape[0] < self.config.points_min:
            raise InvalidMessage(f"only {points.shape[0]} points")
        if self._newest_cloud_s - self.config.cloud_max_age_s < time_s <= self._newest_cloud_s:
            raise InvalidMessage("not newer than the cloud before")
        return time_s, points

    def _take_cloud(self, value: tuple[float, NDArray[np.float32]]) -> None:
        if self._pending is not None:
            self.refuse(_CLOUD, "no pose at its stamp before the next cloud came")
        self._pending = value
        self._newest_cloud_s = value[0]
        self._pending_since_s, self._pending_looks = self.now_s(), 0
        self._try_pending()

    def _try_pending(self) -> None:
        """Use the cloud that waits for its pose, if that has come; look again after a while if not."""
        if self._pending is None or not self.active:
            return
        time_s, points = self._pending
        self._take_poses(time_s)
        at = self._poses.at(time_s, self.config.pose_gap_max_s)
        late = self._poses.newest_s >= time_s
        self._pending_looks += 1
        waited = self.now_s() - self._pending_since_s > self.config.pose_wait_s and self._pending_looks >= _LOOKS_MIN
        if at is None and not late and not waited:
            # a timer for so long as a cloud waits: at rest there is nothing to look for
            self._retry = self._retry or self.port.timer(_RETRY_S, self._try_pending)
            return
        self._pending = None
        self._wait_no_more()
        if at is None:
            self.refuse(_CLOUD, "no pose around its stamp" if late else "no pose at its stamp in time")
            self.set_health("clouds come without poses: the costmap stands still")
        else:
            self._use(points, at)

    def _wait_no_more(self) -> None:
        if self._retry is not None:
            self._retry.close()
            self._retry = None

    def _use(self, points: NDArray[np.float32], at: Pose) -> None:
        if self._looks.is_due(at) or self._ground is None:
            self._insert(points, at)
        self._publish(at.time_s, self._ground)

    def _insert(self, points: NDArray[np.float32], at: Pose) -> None:
        """Take a cloud into the map; the ground stays as it was known where the cloud does not fit it."""
        inserted = self._map.insert(points, at.position_m, at.rotation())
        if inserted.refusal:
            self.refuse(_CLOUD, inserted.refusal)
            # the next one tells whether this one or the map is wrong
            self._looks.forget()
            return
        if inserted.followed:
            self.warn(inserted.followed)
        if inserted.unsettled:
            self._looks.again()
        enough = inserted.used >= self.config.points_min
        if not enough:
            self.refuse(_CLOUD, f"only {inserted.used} points within the map")
        self.set_health("" if enough else "the lidar sees too little ground")
        self._ground = self._cost.of(self._map)

    def _take_bogged(self, place: Bogged | None) -> None:
        """Shut the ground that did not bear the tracks, at once: the rover waits for a way around it."""
        if place is not None and self._shut.take(place) and self._ground is not None:
            self._publish(self._newest_cloud_s, self._ground)

    def _forget(self, _: Trigger.Request, answer: Use) -> None:
        if not self.active:
            answer(Trigger.Response(success=False, message="traversability is not active: nothing is forgotten"))
            return
        self._map.forget()
        self._looks.forget()
        answer(Trigger.Response(success=True, message="the map begins anew; the rover's own way is kept"))

    def _take_poses(self, cloud_s: float) -> None:
        """Read the poses that have come, of those before a cloud the last alone."""
        waiting_poses = self._odometry.take()
        if self._localizers.contested:
            if waiting_poses:
                self.refuse(_POSE, self._localizers.text)
            return
        before = sum(waiting.stamp_s <= cloud_s for waiting in waiting_poses)
        for waiting in waiting_poses[max(before - 1, 0) :]:
            newest_s = self._poses.newest_s
            if waiting.stamp_s <= newest_s and newest_s - waiting.stamp_s < self.config.cloud_max_age_s:
                continue
            try:
                self._poses.add(pose(waiting.read()))
            except InvalidMessage as refusal:
                self.refuse(_POSE, str(refusal))

    # ------------------------------------------------------------------------------------------------ soil

    def _take_slip(self, reading: SlipReading) -> None:
        if not self._soil_begun:
            # a checkpoint has an age once there is a time
            self._soil_begun = True
            self._resume_soil()
            self._tell_soil()
        if self._soil.stood(reading):
            return
        at = self._footing()
        if at is None:
            self.refuse(_SLIP, "no pose in map")
            return
        learned, refusal = self._soil.take(reading, at)
        if refusal:
            self.refuse(_SLIP, refusal)
        if learned:
            self.save_state(self._soil.to_plain(), reading.time_s)
            self._tell_soil()

    def _resume_soil(self) -> None:
        saved = self.saved_state(self.config.soil.resume_age_s)
        if saved is not None:
            refusal = self._soil.resume(saved[1])
            if refusal:
                self.warn(f"the saved soil is not taken up, driving teaches it anew: {refusal}")
            else:
                self.info("the soil is as it was learned before")

    def _tell_soil(self) -> None:
        news = self._soil.news()
        if news is not None:
            if news.windows:
                self._cost.learn(self._table, news.unseen.median)
            self._soil_told.publish(soil_message(news, self.config.soil.patch_m))

    def _publish(self, time_s: float, known: Ground) -> None:
        derived = self._shut.on(known, self._map.origin_m, self._map.config.cell_m, time_s)
        self._costmap.publish(costmap(time_s, self._map, derived))
        if time_s < self._grid_map_s:
            self._grid_map_s = -math.inf
        if time_s - self._grid_map_s >= self.config.grid_map_period_s and self._grid_map.heard():
            self._grid_map_s = time_s
            layers = ground_layers(
                self._map, derived, self._stand.of(self._map), self._soil.unseen, self._table, self._body.tip_over_rad
            )
            self._grid_map.publish(grid_map(time_s, self._map, layers))


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(TraversabilityNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
