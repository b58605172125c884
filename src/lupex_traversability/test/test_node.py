# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node in lock step: clouds and poses in, costmap out, and what it refuses."""

import array
import math
import sys
from pathlib import Path as FilePath

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")
sys.path.insert(0, str(FilePath(__file__).parent))

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from grid_map_msgs.msg import GridMap  # noqa: E402
from nav_msgs.msg import OccupancyGrid, Odometry  # noqa: E402
from scene import scan  # noqa: E402
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.msg import Immobilisation  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_traversability.node import TraversabilityNode  # noqa: E402

ROVER = FilePath(__file__).parents[3] / "config" / "rover.yaml"
POSE_WAIT_S = 0.3


def cloud(time_s, points, frame="lidar"):
    message = PointCloud2(height=1, width=points.shape[0], point_step=16, row_step=16 * points.shape[0], is_dense=True)
    message.header.frame_id, message.header.stamp = frame, stamp(time_s)
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate(("x", "y", "z", "intensity"))
    ]
    data = array.array("B")
    data.frombytes(points.astype(np.float32).tobytes())
    message.data = data
    return message


def odometry(time_s, x=0.0, frame="odom", z=0.0):
    message = Odometry(child_frame_id="base_link")
    message.header.frame_id, message.header.stamp = frame, stamp(time_s)
    message.pose.pose.position.x, message.pose.pose.position.z = x, z
    message.pose.pose.orientation.w = 1.0
    return message


class World:
    def __init__(self, pose_wait_s=POSE_WAIT_S):
        self.conductor = Conductor(now_s=1000.0)
        given = {"rover": str(ROVER), "map.size_m": 24.0, "pose_wait_s": pose_wait_s}
        self.node = self.conductor.add(TraversabilityNode, given)
        self.other = self.conductor.visitor("other")
        self.costmaps, self.maps, self.refused = [], [], {}
        self.other.subscribe(OccupancyGrid, "/traversability/costmap", self.costmaps.append, qos.STATE)
        self.other.subscribe(DiagnosticArray, "/diagnostics", self._hear, qos.STATE)
        self.clouds = self.other.publisher(PointCloud2, "/lidar/points", qos.NEWEST)
        self.poses = self.other.publisher(Odometry, "/odometry/local", qos.SAMPLES)

    def _hear(self, message):
        for status in message.status:
            self.refused.update({value.key: value.value for value in status.values})

    def until(self, condition, limit_s=1.1):
        """Run until it holds: with the next heartbeat at the latest."""
        held = self.conductor.until(condition, limit_s)
        assert held, f"in {limit_s} s it did not come; refused: {self.refused}"

    def now_s(self):
        return self.conductor.now_s


@pytest.fixture
def world():
    made = World()
    yield made
    made.conductor.close()


@pytest.fixture(scope="module")
def flat():
    return scan(lambda x, y: 0.0 * x, (0.0, 0.0, 0.0))


def test_a_cloud_between_two_poses_gives_a_costmap_of_its_stamp(world, flat):
    now = world.now_s()
    world.poses.publish(odometry(now - 0.2))
    world.clouds.publish(cloud(now - 0.1, flat))
    # the pose after the cloud comes later: the cloud waits for it
    world.conductor.run_until(now + 0.2)
    assert not world.costmaps
    world.poses.publish(odometry(now))
    world.until(lambda: world.costmaps)
    message = world.costmaps[0]
    assert seconds(message.header.stamp) == pytest.approx(now - 0.1, abs=1e-6)
    assert message.header.frame_id == "odom"
    cost = np.array(message.data).reshape(message.info.height, message.info.width)
    origin = message.info.origin.position

    def at(x, y):
        return cost[int((y - origin.y) / 0.2), int((x - origin.x) / 0.2)]

    assert 0 <= at(4.0, 0.0) < 100
    assert 0 < at(0.0, 0.0) < 100
    assert at(11.0, 11.0) == -1
    assert (cost == 100).sum() == 0


def test_the_grid_map_is_made_only_for_who_listens(world, flat):
    now = world.now_s()
    world.poses.publish(odometry(now - 1.0))
    world.poses.publish(odometry(now))
    world.clouds.publish(cloud(now - 0.5, flat))
    world.until(lambda: world.costmaps)
    assert world.node._grid_map_s < 0
    world.other.subscribe(GridMap, "/traversability/map", world.maps.append, qos.STATE)
    world.clouds.publish(cloud(now - 0.4, flat))
    world.until(lambda: world.maps)
    found = world.maps[0]
    assert found.info.resolution == pytest.approx(0.4)
    assert found.layers[0] == "elevation"
    rows, columns = found.data[0].layout.dim[1].size, found.data[0].layout.dim[0].size
    assert rows * columns == len(found.data[0].data) == 60 * 60
    values = np.array(found.data[0].data)
    assert np.nanmax(np.abs(values)) < 0.05


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda now, points: cloud(now, points, frame="base_link"), "frame is 'base_link'"),
        (lambda now, points: cloud(now - 100.0, points), "s old"),
        (lambda now, points: cloud(now + 100.0, points), "in the future"),
        (lambda now, points: cloud(now, points[:5]), "only 5 points"),
        (lambda now, points: shortened(cloud(now, points)), "bytes are not"),
        (lambda now, points: renamed(cloud(now, points)), "not little-endian float32"),
        (lambda now, points: cloud(now, np.full_like(points, np.nan)), "0 points within the map"),
    ],
)
def test_odd_clouds_are_refused_and_counted(world, flat, spoil, says):
    now = world.now_s()
    world.poses.publish(odometry(now - 0.5))
    world.poses.publish(odometry(now + 0.5))
    world.clouds.publish(spoil(now, flat))
    world.until(lambda: says in world.refused.get("refused /lidar/points", ""))


def shortened(message):
    message.data = message.data[:-7]
    return message


def renamed(message):
    message.fields[0].name = "r"
    return message


def test_a_cloud_without_a_pose_waits_and_is_refused(world, flat):
    since_s = world.now_s()
    world.clouds.publish(cloud(since_s, flat))
    world.conductor.run_until(since_s + POSE_WAIT_S)
    assert not world.node._refused
    # and a look of the node after that
    world.conductor.run_until(since_s + POSE_WAIT_S + 0.11)
    assert world.node._refused == {"/lidar/points": 1}
    world.until(lambda: "in time" in world.refused.get("refused /lidar/points", ""))
    world.poses.publish(odometry(world.now_s() + 0.5))
    world.clouds.publish(cloud(world.now_s(), flat))
    world.until(lambda: "no pose around" in world.refused.get("refused /lidar/points", ""))
    assert not world.costmaps


def test_a_leap_of_the_clock_is_one_look_for_the_pose(flat):
    """Parked, a tick lies beyond the whole wait: the clock may overtake the pose that was told before it."""
    world = World(pose_wait_s=0.01)
    since_s = world.now_s()
    world.clouds.publish(cloud(since_s, flat))
    world.conductor.run_until(since_s + 0.25)
    assert not world.node._refused
    world.poses.publish(odometry(since_s))
    world.until(lambda: world.costmaps)
    world.clouds.publish(cloud(since_s + 2.0, flat))
    world.conductor.run_until(world.now_s() + 0.35)
    assert world.node._refused == {"/lidar/points": 1}
    world.conductor.close()


def test_poses_in_another_frame_are_refused(world, flat):
    now = world.now_s()
    world.poses.publish(odometry(now - 0.1, frame="map"))
    world.clouds.publish(cloud(now - 0.05, flat))
    world.poses.publish(odometry(now, frame="map"))
    world.until(lambda: "frame is 'map'" in world.refused.get("refused /odometry/local", ""))
    assert not world.costmaps


@pytest.mark.parametrize(("kind", "topic"), [(PointCloud2, "/lidar/points"), (Odometry, "/odometry/local")])
def test_while_another_could_tell_cloud_or_pose_no_ground_is_told(world, flat, kind, topic):
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(kind, topic, qos.SAMPLES)
    stand(world, flat, 2)
    world.until(lambda: world.node._refused.get(topic, 0) > 0)
    assert "intruder" in world.node._refusal[topic]
    assert not world.costmaps
    intruder.die()
    stand(world, flat, 2)
    world.until(lambda: world.costmaps)


def test_a_repeated_cloud_is_refused(world, flat):
    now = world.now_s()
    world.poses.publish(odometry(now - 0.5))
    world.poses.publish(odometry(now + 0.5))
    world.clouds.publish(cloud(now, flat))
    world.until(lambda: world.costmaps)
    world.clouds.publish(cloud(now, flat))
    world.until(lambda: "not newer" in world.refused.get("refused /lidar/points", ""))


def test_on_request_the_map_begins_anew(world, flat):
    now = world.now_s()
    world.poses.publish(odometry(now - 0.2))
    world.poses.publish(odometry(now))
    world.clouds.publish(cloud(now - 0.1, flat))
    world.until(lambda: world.costmaps)
    known = np.count_nonzero(world.node._map.known)
    client = world.other.client(Trigger, "/traversability/forget")
    assert client.ready()
    answers = []
    client.call(Trigger.Request(), answers.append)
    world.until(lambda: answers)
    assert answers[0].success
    assert 0 < np.count_nonzero(world.node._map.known) < known / 10
    world.node.deactivate()
    client.call(Trigger.Request(), answers.append)
    world.until(lambda: len(answers) == 2)
    assert not answers[1].success
    assert "not active" in answers[1].message


def stand(world, flat, clouds, x=0.0, z=0.0):
    """Let clouds come from one place, once a second with poses around each."""
    for _ in range(clouds):
        now = world.now_s()
        for at in (now - 0.2, now):
            world.poses.publish(odometry(at, x, z=z))
        world.clouds.publish(cloud(now - 0.1, flat))
        world.conductor.run_until(now + 1.0)


def test_at_rest_the_ground_is_told_again_and_not_made_anew(world, flat, monkeypatch):
    made, cost_of = [], world.node._cost.of
    monkeypatch.setattr(world.node._cost, "of", lambda ground: made.append(1) or cost_of(ground))
    stand(world, flat, 12)
    assert len(made) == world.node.config.look.rest_looks
    stamps = [seconds(message.header.stamp) for message in world.costmaps]
    assert len(stamps) == 12
    assert np.diff(stamps) == pytest.approx(np.ones(11))
    assert world.costmaps[-1].data == world.costmaps[-2].data
    assert world.costmaps[-1] is not world.costmaps[-2]
    stand(world, flat, 1, x=0.3)
    assert len(made) == world.node.config.look.rest_looks + 1


def test_a_cloud_that_lies_beside_the_known_ground_is_refused_and_the_next_is_looked_at(world, flat):
    """At rest one cloud a minute is enough; after one that was refused the very next tells who is wrong."""
    stand(world, flat, world.node.config.look.rest_looks)
    known = world.costmaps[-1].data
    # it is another place: a look is due
    stand(world, flat, 1, x=0.3, z=0.4)
    assert world.node._refused == {"/lidar/points": 1}
    world.until(lambda: "off in height" in world.refused.get("refused /lidar/points", ""))
    assert world.costmaps[-1].data == known
    looks = []
    insert = world.node._map.insert
    world.node._map.insert = lambda *cloud: looks.append(insert(*cloud)) or looks[-1]
    stand(world, flat, 1, x=0.3)
    assert [one.refusal for one in looks] == [""]
    assert world.node._refused == {"/lidar/points": 1}
    assert (np.array(world.costmaps[-1].data) == 100).sum() == 0


def test_when_all_clouds_say_so_the_map_follows(world, flat):
    stand(world, flat, 3)
    stand(world, flat, 3, z=0.4)
    assert world.node._refused == {"/lidar/points": 1}
    assert (np.array(world.costmaps[-1].data) == 100).sum() == 0
    row, column = (60 + round(4.0 / 0.2),) * 2
    assert world.node._map.height_m[row, column] == pytest.approx(0.4, abs=0.05)


def test_a_ghost_seen_at_rest_goes_within_two_clouds(world, flat):
    ghost = scan(lambda x, y: np.where((np.abs(x - 5.0) < 0.6) & (np.abs(y) < 0.6), 0.6, 0.0), (0.0, 0.0, 0.0))
    rest = world.node.config.look.rest_looks
    stand(world, flat, rest - 1)
    stand(world, ghost, 1)
    stand(world, flat, 3)
    assert (np.array(world.costmaps[-1].data) == 100).sum() <= 9


def test_nothing_ticks_while_no_cloud_waits(world, flat):
    stand(world, flat, 2)
    assert world.node._retry is None
    world.clouds.publish(cloud(world.now_s(), flat))
    world.conductor.run_until(world.now_s() + 0.01)
    assert world.node._retry is not None
    world.poses.publish(odometry(world.now_s() - 0.1))
    world.poses.publish(odometry(world.now_s()))
    world.until(lambda: len(world.costmaps) == 3)
    assert world.node._retry is None


def bogged(time_s, state=Immobilisation.OUT, x=0.0, direction=0.0, frame="odom"):
    message = Immobilisation(state=state, direction_rad=direction)
    message.header.frame_id, message.header.stamp = frame, stamp(time_s)
    message.pose.position.x = x
    return message


def lethal(message):
    """Return the places (n, 2) in odom that a costmap calls lethal."""
    cost = np.array(message.data).reshape(message.info.height, message.info.width)
    rows, columns = np.nonzero(cost == 100)
    origin, cell = message.info.origin.position, message.info.resolution
    return np.stack([origin.x + cell * (columns + 0.5), origin.y + cell * (rows + 0.5)], axis=-1)


def test_ground_on_which_the_tracks_lost_their_hold_is_lethal_for_a_while(world, flat):
    told = world.other.publisher(Immobilisation, "/mobility/immobilisation", qos.LATCHED)
    stand(world, flat, 2)
    assert len(lethal(world.costmaps[-1])) == 0
    # while the rover is still in it nothing changes: it is to come out first
    told.publish(bogged(world.now_s(), Immobilisation.RECOVERING, 2.0, np.pi / 2))
    stand(world, flat, 1)
    assert len(lethal(world.costmaps[-1])) == 0
    seen = len(world.costmaps)
    told.publish(bogged(world.now_s(), Immobilisation.OUT, 2.0, np.pi / 2))
    world.until(lambda: len(world.costmaps) > seen, 0.5)
    shut = lethal(world.costmaps[-1])
    assert len(shut) == pytest.approx(1.8 * 1.6 / 0.04, rel=0.15)
    assert np.all((shut[:, 1] > 0.0) & (shut[:, 1] < 1.8) & (np.abs(shut[:, 0] - 2.0) < 0.8))
    # the same again is no second place, and with the next cloud it is still known
    told.publish(bogged(world.now_s(), Immobilisation.GIVEN_UP, 2.1, np.pi / 2))
    stand(world, flat, 1)
    assert len(lethal(world.costmaps[-1])) == len(shut)
    world.conductor.run_until(world.now_s() + 1800.0)
    stand(world, flat, 1)
    assert len(lethal(world.costmaps[-1])) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [({"x": math.nan}, "x"), ({"direction": math.nan}, "direction_rad"), ({"frame": "map"}, "frame")],
)
def test_a_place_that_is_none_shuts_no_ground(world, flat, change, says):
    told = world.other.publisher(Immobilisation, "/mobility/immobilisation", qos.LATCHED)
    stand(world, flat, 1)
    told.publish(bogged(world.now_s(), **change))
    world.until(lambda: says in world.refused.get("refused /mobility/immobilisation", ""))
    stand(world, flat, 1)
    assert len(lethal(world.costmaps[-1])) == 0
