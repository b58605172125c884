# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of the gazebo level by cases whose answers are known by hand, and by one picture of a real server."""

import base64
import math

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("xacro")

from lupex_models.rover import read_rover
from lupex_models.site import Pose2, Target
from lupex_simulator.gazebo.lidar_cloud import Hull
from lupex_system_tests.gazebo_level.availability import why_not_gazebo
from lupex_system_tests.gazebo_level.deadline import Deadline, DeadlineError
from lupex_system_tests.gazebo_level.gz_messages import (
    GzPose,
    MessageError,
    acceleration,
    cloud,
    odometry,
    picture,
    read_line,
    stamp_s,
)
from lupex_system_tests.gazebo_level.lidar_check import lidar_figures
from lupex_system_tests.gazebo_level.motion_figures import MotionError, rest, run, turn
from lupex_system_tests.gazebo_level.results import beyond, compared, flat
from lupex_system_tests.gazebo_level.shadow_check import Body, Camera, Scene, agreement, predict
from lupex_system_tests.gazebo_level.true_place import TruePlace
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, read_urdf, read_xacro
from lupex_worlds.gazebo_files.server_output import errors
from lupex_worlds.gazebo_files.world_model import Scene as GazeboScene
from lupex_worlds.gazebo_files.world_model import start_pose
from lupex_worlds.recipe import read_recipe
from lupex_worlds.world_making import make_detail, make_relief, true_ground


def test_errors_are_found_without_colours_and_once():
    said = [
        "[Msg] Gazebo Sim Server v8.14.0",
        "\x1b[1;31m[Err] [SystemLoader.cc:92] Failed\x1b[0m",
        "[Err] [SystemLoader.cc:92] Failed",
        "[Wrn] [SdfEntityCreator.cc:1] gz_frame_id",
        "(2026-01-01 00:00:00.000) [error] [Ogre2.cc:5] Unable to load",
        "Error Code 14: Msg: Unable to find uri[model://plain_terrain/heights.png]",
        "[Err] [Light.cc:3] Could not find visual for entity: 0",
        "[Err] [Light.cc:3] Could not find visual for entity: 17",
        "no Error here",
    ]
    assert errors(said) == [
        "[Err] [SystemLoader.cc:92] Failed",
        "(2026-01-01 00:00:00.000) [error] [Ogre2.cc:5] Unable to load",
        "Error Code 14: Msg: Unable to find uri[model://plain_terrain/heights.png]",
        "[Err] [Light.cc:3] Could not find visual for entity: 17",
    ]


def test_a_deadline_lies_within_another():
    now = [0.0]
    whole = Deadline(10.0, clock=lambda: now[0])
    now[0] = 7.0
    part = Deadline(5.0, whole)
    assert part.left_s == 3.0
    part.require("it comes")
    now[0] = 10.0
    with pytest.raises(DeadlineError, match="not within 3 s: it comes"):
        part.require("it comes")
    assert Deadline(5.0, whole).left_s == 0.0


def test_what_is_zero_is_left_out_of_a_message():
    message = read_line(
        '{"header":{"stamp":{"sec":"1003","nsec":40000000}},"pose":{"position":{"x":2.5},'
        '"orientation":{"z":0.70710678,"w":0.70710678}}}\n'
    )
    pose = odometry(message)
    assert pose.time_s == pytest.approx(1003.04)
    assert pose.place_m.tolist() == [2.5, 0.0, 0.0]
    assert pose.yaw_rad == pytest.approx(math.pi / 2)
    assert acceleration({"linearAcceleration": {"z": 1.6}}).tolist() == [0.0, 0.0, 1.6]
    assert read_line("\n") is None
    assert stamp_s({}) == 0.0


def test_a_rotation_is_that_of_its_quaternion():
    # 30 deg about y: the nose goes down
    half = math.radians(15.0)
    rotation = odometry({"pose": {"orientation": {"w": math.cos(half), "y": math.sin(half)}}}).rotation
    assert rotation @ [1.0, 0.0, 0.0] == pytest.approx([math.cos(2 * half), 0.0, -0.5])


@pytest.mark.parametrize("line", ["Subscribing to topic", "[1, 2]", '{"a": '])
def test_what_is_no_message_is_refused(line):
    with pytest.raises(MessageError, match="gz printed no"):
        read_line(line)


@pytest.mark.parametrize("message", [{}, {"pose": {"orientation": {"w": "NaN"}}}, {"pose": {"orientation": {"w": []}}}])
def test_a_pose_without_an_orientation_is_refused(message):
    with pytest.raises(MessageError):
        odometry(message)


def packed(points, **changed):
    fields = [{"name": n, "offset": 4 + 4 * k, "datatype": "FLOAT32", "count": 1} for k, n in enumerate("xyz")]
    table = np.zeros((len(points), 5), "<f4")
    table[:, 1:4] = points
    message = {"field": fields, "width": len(points), "height": 1, "pointStep": 20}
    return message | {"data": base64.b64encode(table.tobytes()).decode()} | changed


def test_a_cloud_is_read_by_its_own_layout():
    points = np.array([[1.0, 2.0, 3.0], [np.inf, 0.0, -1.0]], np.float32)
    assert cloud(packed(points)).tolist() == points.tolist()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"field": []}, "lacks little-endian float32 x, y, z"),
        ({"isBigendian": True}, "lacks little-endian"),
        ({"pointStep": 6}, "points of 6 bytes"),
        ({"pointStep": 8}, "points of 8 bytes"),
        ({"width": 3}, "holds 40 bytes and says 60"),
        ({"data": "?"}, "no base64"),
    ],
)
def test_a_cloud_of_another_layout_is_refused(changed, says):
    with pytest.raises(MessageError, match=says):
        cloud(packed(np.zeros((2, 3)), **changed))


def test_a_picture_is_read_row_by_row():
    pixels = np.arange(12, dtype=np.uint8)
    data = base64.b64encode(pixels.tobytes()).decode()
    colour = picture({"width": 2, "height": 2, "pixelFormatType": "RGB_INT8", "data": data})
    assert colour[1, 0].tolist() == [6, 7, 8]
    grey = picture({"width": 4, "height": 3, "pixelFormatType": "L_INT8", "data": data})
    assert grey[2, 1] == 9
    with pytest.raises(MessageError, match="R_FLOAT32"):
        picture({"width": 1, "height": 3, "pixelFormatType": "R_FLOAT32", "data": data})


def pose(t, x=0.0, y=0.0, z=0.0, yaw=0.0):
    c, s = math.cos(yaw), math.sin(yaw)
    return GzPose(t, np.array([x, y, z]), np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]))


def test_drift_is_the_greatest_distance_and_not_the_last():
    stood = rest([pose(1.0), pose(2.0, 0.002, 0.0, 0.0), pose(3.0)], np.array([[0.0, 0.0, 1.6], [0.0, 0.6, 1.6]]))
    assert stood.drift_mm == pytest.approx(2.0)
    lengths = 1.6, math.hypot(0.6, 1.6)
    assert stood.acceleration_mean_mps2 == pytest.approx(sum(lengths) / 2)
    assert stood.acceleration_deviation_mps2 == pytest.approx((lengths[1] - lengths[0]) / 2)
    with pytest.raises(MotionError, match="0 accelerations"):
        rest([pose(1.0), pose(2.0)], np.zeros((0, 3)))


def test_a_straight_drive_that_veers():
    # heading north, 9 m in 100 s at a commanded 0.1 m/s, 0.3 m to the left (west), 2 deg to the right
    north = math.pi / 2
    drove = [pose(100.0 + t, -0.003 * t, 0.09 * t, 0.0, north - math.radians(0.02 * t)) for t in range(101)]
    found = run(drove[::-1], 0.1)
    assert found.share == pytest.approx(math.hypot(0.09, 0.003) / 0.1)
    assert found.sideways_m == pytest.approx(0.3)
    assert found.yaw_deg == pytest.approx(-2.0)
    assert found.direction_deg == pytest.approx(math.degrees(math.atan2(0.3, 9.0)))


def test_a_slope_counts_along_it():
    drove = [pose(t, 0.08 * t, 0.0, 0.06 * t) for t in range(11)]
    assert run(drove, 0.1).share == pytest.approx(1.0)


def test_trembling_is_no_way():
    drove = [pose(0.04 * k, 0.001 * (k % 2)) for k in range(0, 251)]
    assert run(drove, 0.1).way_m < 0.02


def test_a_crab_is_judged_along_its_own_direction():
    thirty = math.radians(30.0)
    drove = [pose(t, 0.1 * t * math.cos(thirty), 0.1 * t * math.sin(thirty)) for t in range(11)]
    found = run(drove, 0.1, thirty)
    assert (found.sideways_m, found.direction_deg, found.yaw_deg) == pytest.approx((0.0, 30.0, 0.0))


def test_a_turn_is_counted_through_the_half_circle():
    turned = [pose(0.5 * k, 0.001 * k, 0.0, 0.0, 3.0 + 0.05 * k) for k in range(41)]
    found = turn(turned, 0.2)
    assert (found.rate_rad_s, found.share, found.shift_mm) == pytest.approx((0.1, 0.5, 40.0))
    with pytest.raises(MotionError, match="tell no motion"):
        turn([pose(0.0), pose(0.1)], 0.1)


def test_a_cloud_lies_on_a_tilted_plane():
    """Ground z = 0.1 x; the sensor stands at (1, 2, 3), looking north; points are 0.05 m over the ground."""
    sensor = np.eye(4)
    sensor[:3, :3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    sensor[:3, 3] = 1.0, 2.0, 3.0
    rng = np.random.default_rng(1)
    map_points = rng.uniform(-20.0, 20.0, (4000, 3))
    map_points[:, 2] = 0.1 * map_points[:, 0] + 0.05
    own = (map_points - sensor[:3, 3]) @ sensor[:3, :3]
    points = np.vstack([own, [[0.1, 0.0, -0.2], [np.inf, 0.0, 0.0], [np.nan, 1.0, 1.0]]]).astype(np.float32)
    found = lidar_figures(points, sensor, lambda x, y: 0.1 * x, Hull((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)))
    assert (found.rays, found.returns, found.in_rover) == (4003, 4001, 1)
    assert found.median_m["5..10 m"] == pytest.approx(0.05, abs=1e-5)
    assert found.spread_m["10..20 m"] == pytest.approx(0.0, abs=1e-5)
    few = lidar_figures(points[:0], sensor, lambda x, y: 0.1 * x, Hull((0.0,) * 3, (0.0,) * 3))
    assert math.isnan(few.median_m["2..5 m"])


DOWN = math.radians(20.0)
LOOKING_DOWN = np.array(
    [[math.cos(DOWN), 0.0, math.sin(DOWN)], [0.0, 1.0, 0.0], [-math.sin(DOWN), 0.0, math.cos(DOWN)]]
)
CAMERA = Camera(np.array([0.0, 0.0, 1.5]), LOOKING_DOWN, 320, 240, 1.2)


def towards(bearing_deg, elevation_deg):
    bearing, elevation = math.radians(bearing_deg), math.radians(elevation_deg)
    return np.array(
        [math.cos(bearing) * math.cos(elevation), math.sin(bearing) * math.cos(elevation), math.sin(elevation)]
    )


def level(x, y):
    return np.zeros_like(x)


def walled(x, y):
    """A wall 1 m high along y = -5: a Sun behind it, at 10 deg, leaves 5.67 m of shadow."""
    return np.where((y < -5.0) & (y > -5.5), 1.0, 0.0)


def ground_of(prediction):
    """Where the camera's pixels meet the plane, by hand: the ray through a pixel, until z is 0."""
    focal = 160.0 / math.tan(0.6)
    ahead = np.stack(
        [np.ones(prediction.row.size), (159.5 - prediction.column) / focal, (119.5 - prediction.row) / focal], axis=-1
    )
    rays = ahead @ LOOKING_DOWN.T
    with np.errstate(divide="ignore"):
        way = np.where(rays[:, 2] < 0.0, -1.5 / rays[:, 2], np.inf)
    return way * rays[:, 0], way * rays[:, 1], way


def test_a_level_ground_is_lit_all_over_and_the_sky_says_nothing():
    found = predict(CAMERA, Scene(level, towards(90.0, 10.0)))
    _, _, way = ground_of(found)
    assert found.lit[found.clear].all()
    assert found.clear[way < 30.0].all()
    assert not found.clear[~np.isfinite(way)].any()


def test_a_wall_shades_as_far_as_it_is_high():
    found = predict(CAMERA, Scene(walled, towards(-90.0, 10.0)), every=4)
    _, y, way = ground_of(found)
    before_it = (y > -4.5) & (way < 25.0)
    reach = -5.0 + 1.0 / math.tan(math.radians(10.0))
    dark, lit = before_it & (y < reach - 0.6), before_it & (y > reach + 0.6)
    assert dark.sum() > 50
    assert lit.sum() > 200
    assert found.clear[dark].all()
    assert not found.lit[dark].any()
    assert found.clear[lit].all()
    assert found.lit[lit].all()


def test_what_a_hull_may_shade_is_left_out_and_what_a_core_shades_is_dark():
    mast = Body(6.0, -3.0, 0.0, 0.5, 2.0)
    scene = Scene(level, towards(-90.0, 20.0), hulls=(mast,), cores=(Body(6.0, -3.0, 0.5, 0.2, 0.5),))
    found = predict(CAMERA, scene, every=4)
    x, y, _ = ground_of(found)
    # the core's shadow runs from 0.5/tan 20 to 1.0/tan 20 behind it
    middle = (np.abs(x - 6.0) < 0.15) & (y > -3.0 + 1.55) & (y < -3.0 + 2.5)
    beside = (np.abs(x - 6.0) < 0.45) & (np.abs(x - 6.0) > 0.25) & (y > -1.4) & (y < -0.5)
    assert middle.any()
    assert beside.any()
    assert found.clear[middle].all()
    assert not found.lit[middle].any()
    assert not found.clear[beside].any()
    assert found.clear[(x > 7.0) & (x < 9.0) & (np.abs(y) < 2.0)].all()


def test_a_grazing_sun_is_not_clear():
    assert not predict(CAMERA, Scene(level, towards(90.0, 0.3))).clear.any()


def test_a_picture_agrees_or_not():
    found = predict(CAMERA, Scene(walled, towards(-90.0, 10.0)))
    right = np.zeros((240, 320), np.uint8)
    right[found.row[found.lit], found.column[found.lit]] = 80
    full = agreement(right, found)
    assert (full.lit_agree, full.dark_agree) == (1.0, 1.0)
    assert 0.0 < full.lit_share < 1.0
    assert agreement(np.full((240, 320, 3), 80, np.uint8), found).dark_agree == 0.0
    assert agreement(np.zeros((240, 320), np.uint8), found).lit_agree == 0.0
    night = agreement(right, predict(CAMERA, Scene(level, towards(90.0, 0.3))))
    assert (night.compared, night.lit_share, night.lit_agree, night.dark_agree) == (0, None, None, None)


def test_limits_name_what_is_beyond_them():
    limits = {"a.b": (0.0, 1.0), "c": (2.0, 3.0)}
    assert beyond({"a.b": 1.0, "c": 2.0, "d": 99.0}, limits) == []
    assert beyond({"a.b": 1.5, "c": math.nan}, limits) == ["a.b is 1.5, not within 0..1", "c is nan, not within 2..3"]
    assert flat({"a": {"b": 1, "none": None}, "t": "text", "c": 2.5}) == {"a.b": 1.0, "c": 2.5}


def test_of_a_comparison_the_second_world_is_judged_by_the_first():
    def row(first, second):
        return {"first": first, "second": second}

    rows = {
        "path apart, greatest": row(0.0, 0.045),
        "same commands, share of the way": row(100.0, 98.0),
        "slip, mean": row(0.03, 0.34),
        "energy of the drives, common way": row(10.0, 8.3),
    }
    found = compared(rows)
    assert found["energy_ratio"] == pytest.approx(0.83)
    assert found["path apart, greatest"] == 0.045


def test_the_level_is_skipped_with_its_reason(tmp_path, repository):
    gz = tmp_path / "bin" / "gz"
    gz.parent.mkdir()
    gz.write_text("#!/bin/sh\n")
    gz.chmod(0o755)
    here, both = {"PATH": str(gz.parent)}, {"gazebo", "ros_gz_bridge"}
    assert "needs gz" in why_not_gazebo({"gazebo"}, "gazebo", {"PATH": "/nowhere"})
    assert "./lupex test gazebo" in why_not_gazebo({"gazebo"}, "", here)
    assert why_not_gazebo({"gazebo"}, "gazebo", here) == ""
    assert "needs ros_gz_bridge" in why_not_gazebo(both, "gazebo", here)
    index = tmp_path / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "ros_gz_bridge").touch()
    assert why_not_gazebo(both, "gazebo", here | {"AMENT_PREFIX_PATH": str(tmp_path)}) == ""


@pytest.fixture(scope="module")
def plain(repository):
    """The true place of the world `plain`, as its recipe makes it."""
    recipe = read_recipe(repository / "worlds" / "plain.yaml")
    relief = make_relief(recipe)
    detail, rocks = make_detail(recipe, relief.base, 1)
    lander = Pose2(0.0, 0.0, math.radians(recipe.start.lander_yaw_deg))
    target = Target(recipe.sortie.target_x_m, recipe.sortie.target_y_m, recipe.sortie.target_name)
    ground = true_ground(relief.base, detail)
    scene = GazeboScene(recipe.name, relief.frame, ground, rocks, lander, (target,), recipe.start_utc_s)
    rover_file = repository / "config" / "rover.yaml"
    robot = read_urdf(read_xacro(repository / DESCRIPTION, rover=rover_file))
    return TruePlace(scene, read_rover(rover_file), robot)


def test_a_picture_of_a_real_server_agrees_with_geometry_and_with_no_other_sun(plain, repository):
    """docs/images holds what the navigation camera of gz sim 8.14 saw at the start of `plain`, headlights off."""
    seen = np.asarray(Image.open(repository / "docs" / "images" / "gazebo_navigation_camera.png").convert("L"))
    start = start_pose(plain.scene, plain.rover)
    here = GzPose(1000.0, np.array([start.x_m, start.y_m, start.z_m]), start.rotation())
    found = agreement(seen, plain.prediction(here, plain.start_sun()))
    assert found.compared > 1000
    assert 0.5 < found.lit_share < 0.95
    # measured: 99.5 and 98.8 of a hundred
    assert found.lit_agree > 0.98
    assert found.dark_agree > 0.97
    x, y, z = plain.start_sun()
    for degrees in (-15.0, 15.0):
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        other = agreement(seen, plain.prediction(here, np.array([c * x - s * y, s * x + c * y, z])))
        assert other.dark_agree < 0.9
    mirrored = agreement(seen[:, ::-1], plain.prediction(here, plain.start_sun()))
    assert mirrored.dark_agree < 0.9
