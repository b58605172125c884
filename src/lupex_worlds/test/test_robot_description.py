# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The robot description: mass, inertia, tree, limits and shapes of each variant, and its agreement with rover.yaml."""

import math
import sys

import numpy as np
import pytest
import yaml

from lupex_models.rover import read_rover
from lupex_worlds.gazebo_files.robot_description import (
    DESCRIPTION,
    DRIVES,
    DescriptionError,
    Inertial,
    Shape,
    combined,
    read_urdf,
    read_xacro,
    roll_pitch_yaw,
    rotation,
)
from lupex_worlds.gazebo_files.rover_model import OWN_VISIBILITY, carrier, rover_model, with_capsules
from lupex_worlds.gazebo_files.world_model import STEP_S

pytest.importorskip("xacro")
UNITS = ("fl", "fr", "rl", "rr")
VARIANTS = [(drive, "sprung") for drive in DRIVES] + [("tracks", "rigid")]


@pytest.fixture(scope="module")
def rover(repository):
    return read_rover(repository / "config" / "rover.yaml")


@pytest.fixture(scope="module")
def robots(repository):
    path = repository / DESCRIPTION
    return {variant: read_urdf(read_xacro(path, *variant)) for variant in VARIANTS}


@pytest.fixture(scope="module", params=VARIANTS, ids="-".join)
def robot(request, robots):
    return robots[request.param]


@pytest.fixture(scope="module")
def model(robots):
    return rover_model(robots["tracks", "sprung"]).find("model")


def test_mass_and_balance_are_those_of_the_rover(robot, rover):
    parts = [(robot.pose(name), link.inertial) for name, link in robot.links.items() if link.inertial]
    whole = combined(parts)
    assert whole.mass_kg == pytest.approx(rover.body.mass_kg, abs=1e-9)
    assert whole.centre_m == pytest.approx((0.0, 0.0, rover.body.centre_of_mass_height_m), abs=1e-9)


def test_every_inertia_is_one_that_a_body_can_have(robot):
    for link in robot.links.values():
        if link.inertial is None:
            continue
        assert link.inertial.mass_kg > 0.0
        assert np.allclose(link.inertial.inertia_kg_m2, link.inertial.inertia_kg_m2.T)
        a, b, c = np.linalg.eigvalsh(link.inertial.inertia_kg_m2)
        assert a > 0.0, link.name
        assert a + b >= c, link.name


def test_what_moves_carries_mass(robot):
    for joint in robot.joints.values():
        if joint.kind != "fixed" and not joint.name.endswith("_drive"):
            assert robot.links[joint.child].inertial is not None, joint.name


def test_tree_begins_at_base_link_and_no_name_is_used_twice(robot):
    assert robot.root == "base_link"
    assert not set(robot.links) & set(robot.joints)


def test_limits_and_axes(robot, rover):
    crawler = rover.crawler
    for joint in robot.joints.values():
        if joint.kind in ("revolute", "prismatic"):
            assert joint.lower < 0.0 < joint.upper, joint.name
            assert joint.effort > 0.0
            assert joint.velocity > 0.0
            assert joint.damping > 0.0
        assert np.linalg.norm(joint.axis) == pytest.approx(1.0)
    for unit, (x, y) in zip(UNITS, ((1, 1), (1, -1), (-1, 1), (-1, -1))):
        steer = robot.joints[f"{unit}_steer"]
        assert (steer.lower, steer.upper) == (-crawler.max_steer_rad, crawler.max_steer_rad)
        assert steer.velocity == crawler.max_steer_rate_rad_s
        assert steer.axis == pytest.approx((0.0, 0.0, 1.0))
        place = robot.pose(f"{unit}_track")[:3, 3]
        assert place[:2] == pytest.approx((x * crawler.unit_x_m, y * crawler.unit_y_m))


def test_tracks_stand_on_the_ground_of_base_link(robots):
    for variant in VARIANTS:
        robot = robots[variant]
        lowest = min(
            surface(robot, name, "collisions")[:, 2].min() for name in robot.links if has_collision(robot, name)
        )
        assert lowest == pytest.approx(0.0, abs=2e-3)


def test_springs_carry_the_weight_at_rest(robots, rover):
    robot = robots["tracks", "sprung"]
    springs = {e.tag: float(e.text) for e in robot.extensions["fl_strut"]}
    hung = sum(robot.links[f"fl_{part}"].inertial.mass_kg for part in ("tube", "knuckle", "track"))
    carried_n = (rover.body.mass_kg / 4.0 - hung) * 1.624
    assert -springs["springReference"] * springs["springStiffness"] == pytest.approx(carried_n)


def has_collision(robot, name):
    return bool(robot.links[name].collisions)


def surface(robot, name, kind):
    """Points on the shapes of a link, in the root."""
    pose = robot.pose(name)
    points = [on_surface(shape) for shape in getattr(robot.links[name], kind)]
    return np.concatenate(points) @ pose[:3, :3].T + pose[:3, 3]


def on_surface(shape):
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 24), np.linspace(-1, 1, 9))
    u, v = u.ravel(), v.ravel()
    if shape.kind == "box":
        local = np.array(np.meshgrid(*[(-0.5, 0.0, 0.5)] * 3)).reshape(3, -1).T * shape.numbers
    elif shape.kind == "sphere":
        flat = np.sqrt(1 - v**2)
        local = shape.numbers[0] * np.stack([flat * np.cos(u), flat * np.sin(u), v], axis=-1)
    else:
        radius, length = shape.numbers
        local = np.stack([radius * np.cos(u), radius * np.sin(u), 0.5 * length * v], axis=-1)
    return local @ shape.origin[:3, :3].T + shape.origin[:3, 3]


def inside(shape, points):
    local = (points - shape.origin[:3, 3]) @ shape.origin[:3, :3]
    slack = 1e-9
    if shape.kind == "box":
        return (np.abs(local) <= 0.5 * np.array(shape.numbers) + slack).all(axis=1)
    if shape.kind == "sphere":
        return np.linalg.norm(local, axis=1) <= shape.numbers[0] + slack
    radius, length = shape.numbers
    return (np.hypot(local[:, 0], local[:, 1]) <= radius + slack) & (np.abs(local[:, 2]) <= 0.5 * length + slack)


def test_every_collision_lies_within_what_is_seen(robot):
    seen = 0
    for link in robot.links.values():
        for collision in link.collisions:
            points = on_surface(collision)
            covered = np.zeros(len(points), dtype=bool)
            for visual in link.visuals:
                covered |= inside(visual, points)
            assert covered.all(), f"{link.name}: {collision}"
            seen += 1
    assert seen >= 5


def test_size_and_belly_are_those_of_the_rover(robots, rover):
    robot = robots["tracks", "sprung"]
    points = np.concatenate([surface(robot, name, "visuals") for name in robot.links if robot.links[name].visuals])
    assert np.ptp(points[:, 0]) <= rover.body.length_m
    assert np.ptp(points[:, 1]) <= rover.body.width_m + 1e-9
    assert surface(robot, "chassis", "collisions")[:, 2].min() == pytest.approx(rover.body.clearance_m)
    tower = surface(robot, "solar_tower", "collisions")
    assert 0.5 * (tower[:, 2].min() + tower[:, 2].max()) == pytest.approx(rover.solar_array.centre_height_m)
    area_m2 = np.ptp(tower[:, 1]) * np.ptp(tower[:, 2])
    assert area_m2 == pytest.approx(rover.thermal.panel_area_m2)


def test_joint_states_move_the_description_in_rviz(robots):
    """Every joint that moves has its value in /mobility/joint_states, or robot_state_publisher would wait for it."""
    robot = robots["tracks", "rigid"]
    moving = {joint.name for joint in robot.joints.values() if joint.kind != "fixed"}
    assert moving == {f"{unit}_{what}" for unit in UNITS for what in ("steer", "drive")}


def sensor(model, name):
    return next(element for element in model.iter("sensor") if element.get("name") == name)


def value(element, path):
    return float(element.findtext(path))


def test_lidar_looks_past_the_rover_and_at_nothing_else(model):
    mask = int(sensor(model, "lidar").findtext("lidar/visibility_mask"))
    assert mask == 2**32 - 1 - OWN_VISIBILITY
    flags = [int(visual.findtext("visibility_flags")) for visual in model.iter("visual")]
    assert flags
    assert not any(flag & mask for flag in flags)
    # what bears flag 1 alone has no extent in Gazebo's window; flag 2 lets it be picked and followed
    assert all(flag != 1 and flag & 2 for flag in flags)


def test_inertial_unit_tells_each_step_without_errors_of_its_own(model):
    """A contact lasts a step or two: the adapter makes means of the steps, with the errors of the level of truth."""
    unit = sensor(model, "imu")
    assert value(unit, "update_rate") == pytest.approx(1.0 / STEP_S)
    assert unit.findtext("imu/enable_orientation") == "false"
    assert unit.findtext("gz_frame_id") == "base_link"
    assert not list(unit.iter("noise"))


def test_cameras_and_lights_are_ones_that_gazebo_bears(model):
    cameras = [element for element in model.iter("sensor") if element.get("type") == "camera"]
    assert len(cameras) == 3
    # by itself each would tell its lens on the topic above its pictures, which is one for all
    assert len({camera.findtext("camera/camera_info_topic") for camera in cameras}) == 3
    for camera in cameras:
        assert camera.findtext("camera/image/anti_aliasing") == "0"
        assert camera.findtext("gz_frame_id") == f"{camera.get('name')}_optical"
    lights = list(model.iter("light"))
    assert {light.get("type") for light in lights} == {"spot"}
    assert {light.findtext("cast_shadows") for light in lights} == {"false"}
    # Gazebo 8.14 never reads light_on when it makes a light
    assert {light.findtext("intensity") for light in lights} == {"0"}
    assert {light.find("light_on") for light in lights} == {None}


def test_contact_sensor_names_a_collision_of_its_link(model):
    contact = sensor(model, "belly_contact")
    names = [element.get("name") for element in model.find("link").findall("collision")]
    assert contact.findtext("contact/collision") in names


def test_numbers_come_from_the_rover_file_given(repository, tmp_path):
    numbers = yaml.safe_load((repository / "config" / "rover.yaml").read_text(encoding="utf-8"))
    numbers["lidar"]["z_m"], numbers["body"]["mass_kg"] = 1.7, 300.0
    numbers["crawler"]["unit_x_m"] = 0.6
    changed = tmp_path / "rover.yaml"
    changed.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    robot = read_urdf(read_xacro(repository / DESCRIPTION, rover=changed))
    assert robot.pose("lidar")[2, 3] == pytest.approx(1.7)
    assert robot.pose("rl_track")[0, 3] == pytest.approx(-0.6)
    total = sum(link.inertial.mass_kg for link in robot.links.values() if link.inertial)
    assert total == pytest.approx(300.0)


def test_one_capsule_under_each_unit_and_one_controller(model):
    capsules = [c for c in model.iter("collision") if c.find("geometry/capsule") is not None]
    assert [c.get("name") for c in capsules] == [f"{unit}_track_collision" for unit in UNITS]
    for capsule in capsules:
        assert (value(capsule, "geometry/capsule/radius"), value(capsule, "geometry/capsule/length")) == (0.13, 0.29)
        assert value(capsule, "surface/friction/ode/mu") == 0.7
        roll, pitch, yaw = (float(v) for v in capsule.findtext("pose").split()[3:])
        assert np.abs(rotation(roll, pitch, yaw)[:, 2]) == pytest.approx((1.0, 0.0, 0.0), abs=1e-8)
    controllers = [p for p in model.iter("plugin") if p.get("name").endswith("TrackController")]
    assert [p.findtext("link") for p in controllers] == [f"{unit}_track" for unit in UNITS]


def test_model_keeps_bodies_masses_and_places(robots, model, rover):
    bodies = {link.get("name"): value(link, "inertial/mass") for link in model.findall("link")}
    assert sum(bodies.values()) == pytest.approx(rover.body.mass_kg)
    assert len(bodies) == 13
    assert {joint.findtext("child") for joint in model.findall("joint")} | {"base_link"} == set(bodies)
    robot = robots["tracks", "sprung"]
    for link in model.findall("link")[1:]:
        place = [float(v) for v in link.findtext("pose").split()]
        assert place[:3] == pytest.approx(robot.pose(link.get("name"))[:3, 3].tolist(), abs=1e-9)
    spring = model.find("joint[@name='fl_strut']/axis/dynamics")
    assert (value(spring, "spring_stiffness"), value(spring, "damping")) == (3000.0, 450.0)


def test_bogies_are_wheels_that_slip(robots):
    model = rover_model(robots["bogies", "sprung"]).find("model")
    wheels = {w.get("link_name") for w in model.iter("wheel")}
    assert wheels == {f"{unit}_{end}_wheel" for unit in UNITS for end in ("front", "rear")}
    assert not list(model.iter("capsule"))
    wheel = model.find("joint[@name='fl_drive_front']")
    assert wheel.get("type") == "revolute"
    assert wheel.find("axis/limit") is None


def test_command_timeout_is_that_of_the_motor_controllers(model, rover):
    controllers = [p for p in model.iter("plugin") if p.get("name").endswith("TrackController")]
    assert {value(p, "max_command_age") for p in controllers} == {rover.crawler.command_timeout_s}
    steering = [p for p in model.iter("plugin") if p.get("name").endswith("JointPositionController")]
    assert {value(p, "cmd_max") for p in steering} == {rover.crawler.max_steer_rate_rad_s}


def test_carrier_is_the_body_that_a_frame_is_part_of(robots):
    robot = robots["tracks", "sprung"]
    assert carrier(robot, "hazard_camera_optical") == "base_link"
    assert carrier(robot, "rl_track") == "rl_track"


def cylinder_along_x(radius, length):
    origin = np.eye(4)
    origin[:3, :3] = rotation(0.0, math.pi / 2, 0.0)
    return Shape(origin, "cylinder", (radius, length))


def ball(radius, x):
    origin = np.eye(4)
    origin[0, 3] = x
    return Shape(origin, "sphere", (radius,))


@pytest.mark.parametrize(
    ("shapes", "kinds"),
    [
        ([cylinder_along_x(0.1, 0.4), ball(0.1, 0.2), ball(0.1, -0.2)], ["capsule"]),
        ([cylinder_along_x(0.1, 0.4), ball(0.1, 0.2), ball(0.1, -0.1)], ["cylinder", "sphere", "sphere"]),
        ([cylinder_along_x(0.1, 0.4), ball(0.1, 0.2), ball(0.2, -0.2)], ["cylinder", "sphere", "sphere"]),
        ([cylinder_along_x(0.1, 0.4)], ["cylinder"]),
    ],
)
def test_capsules_are_found_only_where_they_are(shapes, kinds):
    assert [shape.kind for shape in with_capsules(tuple(shapes))] == kinds


def test_inertia_of_two_joined_points():
    dot = Inertial(2.0, np.zeros(3), np.zeros((3, 3)))
    apart = np.eye(4)
    apart[0, 3] = 1.0
    whole = combined([(np.eye(4), dot), (apart, dot)])
    assert whole.mass_kg == 4.0
    assert whole.centre_m == pytest.approx((0.5, 0.0, 0.0))
    # reduced mass times distance squared
    assert np.allclose(whole.inertia_kg_m2, np.diag([0.0, 1.0, 1.0]))
    with pytest.raises(DescriptionError, match="no mass"):
        combined([])


@pytest.mark.parametrize("angles", [(0.1, -0.4, 2.0), (0.0, math.pi / 2, 0.0), (0.3, -math.pi / 2, 0.2)])
def test_roll_pitch_yaw_is_the_inverse_of_rotation(angles):
    made = rotation(*angles)
    assert np.allclose(rotation(*roll_pitch_yaw(made)), made, atol=1e-7)


JOINT = '<joint name="{name}" type="fixed"><parent link="{parent}"/><child link="{child}"/></joint>'


@pytest.mark.parametrize(
    ("urdf", "reason"),
    [
        ("<robot", "no XML"),
        ("<robot><link name='a'/><link name='b'/></robot>", "no single tree: roots are a, b"),
        ("<robot><link name='a'/><link name='a'/></robot>", "one name"),
        (f"<robot><link name='a'/>{JOINT.format(name='j', parent='a', child='b')}</robot>", "'b' that is not there"),
        ("<robot><link name='a'/><gazebo reference='b'/></robot>", "names no link"),
        ("<robot><link name='a'/><joint name='j' type='floating'/></robot>", "'floating'"),
        (
            "<robot><link name='a'><inertial><mass value='1'/></inertial></link></robot>",
            "lacks its mass or its inertia",
        ),
        (
            "<robot><link name='a'><visual><geometry><mesh filename='m'/></geometry></visual></link></robot>",
            "no box, cylinder or sphere",
        ),
        (
            "<robot><link name='a'><visual><origin xyz='1 2'/><geometry><sphere radius='1'/></geometry></visual></link>"
            "</robot>",
            "does not hold 3 numbers",
        ),
    ],
)
def test_a_wrong_description_is_refused(urdf, reason):
    with pytest.raises(DescriptionError, match=reason):
        read_urdf(urdf)


@pytest.mark.parametrize(
    ("reference", "reason"), [("base_link", "holds <projector>"), ("fl_strut", "holds <projector>")]
)
def test_an_extension_that_would_be_lost_is_refused(repository, reference, reason):
    text = read_xacro(repository / DESCRIPTION)
    text = text.replace("</robot>", f"<gazebo reference='{reference}'><projector/></gazebo></robot>")
    with pytest.raises(DescriptionError, match=reason):
        rover_model(read_urdf(text))


def test_xacro_says_what_it_misses(repository, tmp_path, monkeypatch):
    with pytest.raises(DescriptionError, match="takes one of tracks, bogies"):
        read_xacro(repository / DESCRIPTION, drive="legs")
    with pytest.raises(DescriptionError, match="nowhere"):
        read_xacro(tmp_path / "nowhere.xacro")
    monkeypatch.setitem(sys.modules, "xacro", None)
    with pytest.raises(DescriptionError, match="ros-jazzy-xacro"):
        read_xacro(repository / DESCRIPTION)
