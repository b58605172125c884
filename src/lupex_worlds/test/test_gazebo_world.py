# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The Gazebo world against the embedded one: the same ground, Sun, place and start; and the files beside the SDF."""

import dataclasses
import math
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ground_and_mesh import bowl, mesh_heights

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site import Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_worlds import prepare_world
from lupex_worlds.gazebo_files import files, gazebo_making, raster
from lupex_worlds.gazebo_files.files import MissingFileError, missing_files, refuse_missing, sdf_text, write_files
from lupex_worlds.gazebo_files.raster import TerrainError, png, surroundings_mesh
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, DRIVES, read_urdf, read_xacro
from lupex_worlds.gazebo_files.rover_model import rover_model
from lupex_worlds.gazebo_files.terrain_settings import TerrainSettings
from lupex_worlds.gazebo_files.world_model import (
    SYSTEMS,
    Scene,
    lander_place,
    number,
    start_pose,
    sun_direction,
    world_model,
)
from lupex_worlds.ground import ground_height
from lupex_worlds.prepare_world import main as prepare_main
from lupex_worlds.prepare_world import refuse_absent_gazebo
from lupex_worlds.recipe import Dem, read_recipe
from lupex_worlds.world import LightSettings, TrueLight
from lupex_worlds.world_cache import WorldError
from lupex_worlds.world_making import (
    HorizonGrid,
    make_detail,
    make_orbital,
    make_relief,
    middle_relief,
    true_ground,
)

COMMITTED = ("plain", "ridge")
RESOLUTION = 2e-3
"""Of the numbers in a committed world: they are written to a millimetre."""


@pytest.fixture(scope="module")
def rover(repository):
    return read_rover(repository / "config" / "rover.yaml")


def scene_of_recipe(path):
    recipe = read_recipe(path)
    relief = make_relief(recipe)
    detail, rocks = make_detail(recipe, relief.base, 1)
    lander = Pose2(0.0, 0.0, math.radians(recipe.start.lander_yaw_deg))
    target = Target(recipe.sortie.target_x_m, recipe.sortie.target_y_m, recipe.sortie.target_name)
    ground = true_ground(relief.base, detail)
    return Scene(recipe.name, relief.frame, ground, rocks, lander, (target,), recipe.start_utc_s)


@pytest.fixture(scope="module")
def plain(repository):
    return scene_of_recipe(repository / "worlds" / "plain.yaml")


@pytest.fixture(scope="module")
def world(plain, rover):
    return world_model(plain, rover).find("world")


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_world_is_what_the_recipe_makes(repository, rover, plain, name):
    scene = plain if name == "plain" else scene_of_recipe(repository / "worlds" / f"{name}.yaml")
    made = world_model(scene, rover)
    kept = ElementTree.parse(repository / "worlds" / f"{name}.sdf").getroot()
    made_items, kept_items = list(made.iter()), list(kept.iter())
    made_items = [item for item in made_items if isinstance(item.tag, str)]
    advice = f"run ./lupex world {name}"
    assert [(item.tag, item.attrib) for item in made_items] == [(item.tag, item.attrib) for item in kept_items], advice
    for ours, theirs in zip(made_items, kept_items):
        left, right = (ours.text or "").split(), (theirs.text or "").split()
        assert len(left) == len(right), advice
        for a, b in zip(left, right):
            try:
                assert float(a) == pytest.approx(float(b), abs=RESOLUTION), f"{ours.tag}: {a} and {b}; {advice}"
            except ValueError:
                assert a == b, advice


def test_gravity_physics_and_systems(world):
    assert world.findtext("gravity") == "0 0 -1.624"
    assert world.findtext("physics/dart/collision_detector") == "bullet"
    assert world.findtext("physics/dart/solver/solver_type") == "dantzig"
    assert float(world.findtext("physics/max_step_size")) == 0.004
    named = [(p.get("filename"), p.get("name")) for p in world.findall("plugin")]
    assert named == list(SYSTEMS)
    assert {name.split("::")[-1] for _, name in named} == {
        "Physics",
        "UserCommands",
        "SceneBroadcaster",
        "Sensors",
        "Imu",
        "Contact",
    }
    assert world.findtext("plugin/render_engine") == "ogre2"


def test_sky_is_black_and_nothing_lies_under_the_terrain(world):
    assert world.findtext("scene/ambient").split()[:3] == ["0", "0", "0"]
    assert world.findtext("scene/background").split()[:3] == ["0", "0", "0"]
    assert world.find("scene/sky") is None
    assert not list(world.iter("plane"))


def test_sun_stands_where_the_models_have_it(world, plain):
    light = world.find("light")
    assert light.get("type") == "directional"
    assert light.findtext("cast_shadows") == "true"
    direction = np.array([float(v) for v in light.findtext("direction").split()])
    assert float(np.linalg.norm(direction)) == pytest.approx(1.0, abs=1e-6)
    sun = plain.frame.sun(plain.start_utc_s)
    azimuth = math.atan2(-direction[0], -direction[1]) % (2.0 * math.pi)
    assert azimuth == pytest.approx(float(sun.grid_azimuth_rad), abs=1e-6)
    assert math.asin(-direction[2]) == pytest.approx(float(sun.elevation_rad), abs=1e-6)


def test_coordinates_lead_back_to_the_map(world, plain):
    """Gazebo turns local into east and north by the heading; there the map's own projection must agree.

    As Gazebo's documents have it: heading 0 is x east, y north; heading 90 deg is x north, y west.
    """
    place = world.find("spherical_coordinates")
    assert place.findtext("surface_model") == "MOON_SCS"
    heading = math.radians(float(place.findtext("heading_deg")))
    latitude, longitude = (math.radians(float(place.findtext(key))) for key in ("latitude_deg", "longitude_deg"))
    assert latitude == pytest.approx(plain.frame.latitude_rad, abs=1e-9)
    assert longitude == pytest.approx(plain.frame.longitude_rad, abs=1e-9)
    x, y = 3.0, -2.0
    east = x * math.cos(heading) - y * math.sin(heading)
    north = x * math.sin(heading) + y * math.cos(heading)
    found_latitude, found_longitude = (float(v) for v in plain.frame.to_geographic(x, y))
    # near the pole a meridian turns by d^2 / 2 rho, here 0.4 mm
    assert (found_latitude - latitude) * MOON_RADIUS_M == pytest.approx(north, abs=1e-3)
    moved = math.remainder(found_longitude - longitude, 2.0 * math.pi) * math.cos(latitude)
    assert moved * MOON_RADIUS_M == pytest.approx(east, abs=2e-3)


def decoded(content):
    """Pixels of a 16-bit grey PNG, read without the code that wrote it."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    nx, ny = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert (content[24], content[25]) == (16, 0)
    at, data = 8, b""
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        assert int.from_bytes(content[at + 8 + size : at + 12 + size], "big") == zlib.crc32(kind + body)
        data += body if kind == b"IDAT" else b""
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(ny, 2 * nx + 1)
    assert (rows[:, 0] == 2).all()
    plain_rows = np.cumsum(rows[:, 1:].astype(np.uint64), axis=0).astype(np.uint8)
    return plain_rows.view(">u2").astype(np.int64)


def gazebo_height(world, pixels, x, y):
    """Height where Gazebo has it: pixel (row, column) stands at the model's pose, row 0 at +y, over N - 1 cells."""
    model = next(m for m in world.findall("model") if m.get("name") == "terrain")
    cx, cy, z = (float(v) for v in model.findtext("pose").split()[:3])
    size = [float(v) for v in model.findtext("link/visual/geometry/heightmap/size").split()]
    count = pixels.shape[0]
    cell = size[0] / (count - 1)
    column, row = (x - cx + 0.5 * size[0]) / cell, (cy + 0.5 * size[1] - y) / cell
    assert column == pytest.approx(round(column), abs=1e-6)
    return z + size[2] * pixels[round(row), round(column)] / 65535.0


def test_height_map_is_the_ground_of_the_embedded_world(world, plain):
    pixels = decoded(png(plain.patch().pixels()))
    assert pixels.shape == (513, 513)
    assert (pixels.min(), pixels.max()) == (0, 65535)
    for x, y in ((0.0, 0.0), (23.0, 19.25), (-30.25, 40.5), (41.0, -12.0)):
        # half a grey level of 12 m, and the millimetre of the pose
        assert gazebo_height(world, pixels, x, y) == pytest.approx(ground_height(plain.ground, x, y), abs=7e-4)


def test_collision_is_stretched_against_gazebos_shrinking(world):
    model = next(m for m in world.findall("model") if m.get("name") == "terrain")
    seen = [float(v) for v in model.findtext("link/visual/geometry/heightmap/size").split()]
    felt = [float(v) for v in model.findtext("link/collision/geometry/heightmap/size").split()]
    assert felt[0] / seen[0] == pytest.approx(513.0 / 512.0, rel=1e-7)
    assert felt[2] == seen[2]
    # what the collision takes from the pose, the picture takes from <pos>
    assert model.findtext("pose").split()[:3] == model.findtext("link/visual/geometry/heightmap/pos").split()


def test_rover_stands_on_the_ground_at_the_lander(world, plain, rover):
    include = world.find("include")
    assert include.findtext("uri") == "model://lupex_rover"
    x, y, z, roll, pitch, yaw = (float(v) for v in include.findtext("pose").split())
    start = start_pose(plain, rover)
    assert (x, y, yaw) == pytest.approx((0.0, 0.0, plain.lander.yaw_rad), abs=1e-4)
    assert (roll, pitch) == pytest.approx((start.roll_rad, start.pitch_rad), abs=1e-4)
    assert 0.0 < z - start.z_m < 0.05


def test_rover_lies_on_a_slope_as_the_slope_does(rover):
    tilted = bowl(depth=0.0)
    x = np.linspace(-25.0, 25.0, 201)
    ground = tilted._replace(detail=np.repeat((0.1 * x[None, :]).astype(np.float32), 201, axis=0))
    scene = Scene("t", SiteFrame(-1.56, 3.9, 0.0), ground, np.empty((0, 4)), Pose2(0.0, 0.0, 0.0), (), 1.8e9)
    start = start_pose(scene, rover)
    assert start.pitch_rad == pytest.approx(-math.atan(0.1), abs=1e-6)
    assert start.roll_rad == pytest.approx(0.0, abs=1e-6)


def rendered_light(patch, mesh, direction, x, y, eye_m=0.05):
    """Whether the light reaches a height over the ground of the rendered scene: height map, and the mesh around it."""
    fine = HeightField(patch.heights_m.astype(np.float32), patch.x0_m, patch.y0_m, patch.cell_m)
    level = float(np.hypot(direction[0], direction[1]))
    step = -direction / level
    eye = fine.height(x, y) + eye_m
    lit = np.ones(x.shape, dtype=bool)
    for way in np.concatenate([np.arange(0.5, 60.0, 0.25), np.arange(60.0, 900.0, 2.5)]):
        px, py = x + way * step[0], y + way * step[1]
        ground = np.where(patch.contains(px, py), fine.height(px, py), mesh(np.stack([py, px], axis=-1)))
        lit &= ~(ground > eye + way * step[2])
    return lit


@pytest.fixture(scope="module")
def plain_relief(repository):
    return make_relief(read_recipe(repository / "worlds" / "plain.yaml"))


@pytest.fixture(scope="module")
def orbital_horizon(repository, plain_relief):
    """The horizon map that autonomy is given, of the DEM with its errors."""
    recipe = read_recipe(repository / "worlds" / "plain.yaml")
    return make_orbital(recipe, plain_relief, HorizonGrid(96, 10.0, 10 * 86400.0), lambda stage, done: None).horizon


@pytest.mark.parametrize("hours", [0.0, 90.0, 200.0])
def test_rendered_shadows_are_those_of_the_models(plain, plain_relief, orbital_horizon, hours):
    """The light's direction over Gazebo's ground, against the true skyline that the array and the sensors see.

    They may differ where the far relief, which Gazebo has not, cuts into the Sun, and within its half disc.
    """
    scene, relief = plain, plain_relief
    light = TrueLight(
        scene.frame, scene.ground, middle_relief(relief.base, relief.far), relief.far, LightSettings(fine_reach_m=60.0)
    )
    utc_s = scene.start_utc_s + 3600.0 * hours
    patch = scene.patch()
    mesh = mesh_heights(surroundings_mesh(scene.base, patch))
    rng = np.random.default_rng(7)
    x = rng.uniform(patch.x0_m + 3.0, patch.x0_m + patch.size_m - 3.0, 300)
    y = rng.uniform(patch.y0_m + 3.0, patch.y0_m + patch.size_m - 3.0, 300)
    shown = rendered_light(patch, mesh, sun_direction(scene.frame, utc_s), x, y)
    share = np.array([light.sunlit_fraction(a, b, 0.05, utc_s) for a, b in zip(x, y)])
    clear = (share < 0.01) | (share > 0.99)
    assert clear.sum() > 270
    assert (shown == (share > 0.5))[clear].all()
    assert 0.1 < shown.mean() < 0.9
    # the map knows neither rocks nor small craters, has a height error of 0.2 m, and looks from the array's height
    observer_m = Dem().observer_height_m
    predicted = Light(scene.frame, orbital_horizon).sunlit_fraction(x, y, utc_s)
    at_array = rendered_light(patch, mesh, sun_direction(scene.frame, utc_s), x, y, eye_m=observer_m)
    # measured: 99.7, 99.3 and 98.7 of a hundred places
    assert (at_array == (predicted > 0.5)).mean() > 0.97


@pytest.mark.parametrize("yaw_deg", [0.0, 90.0, 180.0, 270.0, 31.0])
def test_lander_is_clear_of_the_rover_and_of_its_light(plain, yaw_deg):
    import dataclasses

    scene = dataclasses.replace(plain, lander=Pose2(0.0, 0.0, math.radians(yaw_deg)))
    x, y, z = lander_place(scene)
    assert math.hypot(x, y) == pytest.approx(6.0)
    assert z == pytest.approx(ground_height(scene.ground, x, y))
    towards_sun = -sun_direction(scene.frame, scene.start_utc_s)[:2]
    along = (x * towards_sun[0] + y * towards_sun[1]) / np.linalg.norm(towards_sun)
    across = abs(x * towards_sun[1] - y * towards_sun[0]) / np.linalg.norm(towards_sun)
    # half the lander and half the rover
    assert along < 0.0 or across > 1.6 + 0.9


def test_rocks_stand_in_the_ground_where_they_are(world, plain):
    model = next(m for m in world.findall("model") if m.get("name") == "rocks")
    visuals = list(model.iter("visual"))
    assert len(visuals) > 5
    table = plain.rocks
    for visual in visuals:
        x, y, z = (float(v) for v in visual.findtext("pose").split()[:3])
        radius, _, height = (float(v) for v in visual.findtext("geometry/ellipsoid/radii").split())
        k = int(np.argmin(np.hypot(table[:, 0] - x, table[:, 1] - y)))
        assert (x, y, 2.0 * radius, height) == pytest.approx(tuple(table[k]), abs=2e-3)
        # the rock's top in the height map: within the slope under it and the cell beside its peak
        assert abs(z + height - ground_height(plain.ground, x, y)) < 0.6 * height + 0.1


def test_margin_rocks_and_mesh_are_settings(plain, rover):
    scene = dataclasses.replace(plain, terrain=TerrainSettings(80.0, 2048, 40, 10.0, 1.0))
    assert scene.patch().size_m == 256.0
    many, few = (len(list(world_model(s, rover).iter("ellipsoid"))) for s in (plain, scene))
    assert few < many
    coarse = surroundings_mesh(plain.base, plain.patch(), scene.terrain)
    assert len(coarse) < 0.5 * len(surroundings_mesh(plain.base, plain.patch()))


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (-0.0001, "0"), (0.1234, "0.123"), (100.0, "100")])
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.fixture(scope="module")
def written(plain, rover, repository, tmp_path_factory):
    pytest.importorskip("xacro")
    directory = tmp_path_factory.mktemp("gazebo")
    made = write_files(
        directory, plain, rover, repository / DESCRIPTION, (repository / "config" / "rover.yaml").resolve(), "tracks"
    )
    return directory, made


def test_everything_that_the_world_names_is_there(written):
    _, made = written
    models = made / files.MODELS
    refuse_missing(made / files.WORLD_FILE, [models])
    for folder in models.iterdir():
        config = ElementTree.parse(folder / "model.config").getroot()
        model = ElementTree.parse(folder / config.findtext("sdf")).getroot().find("model")
        assert model.get("name") == folder.name == config.findtext("name")
    assert (models / "plain_terrain" / "heights.png").stat().st_size > 50_000


def test_files_are_made_once_and_anew_when_something_changed(written, plain, rover, repository):
    directory, made = written
    arguments = (directory, plain, rover, repository / DESCRIPTION, (repository / "config" / "rover.yaml").resolve())
    heights = made / files.MODELS / "plain_terrain" / "heights.png"
    before = heights.stat().st_mtime_ns
    assert write_files(*arguments, "tracks") == made
    assert heights.stat().st_mtime_ns == before
    (made / "made.json").write_text("another", encoding="utf-8")
    write_files(*arguments, "tracks")
    assert heights.stat().st_mtime_ns > before
    assert [path.name for path in directory.iterdir()] == ["gazebo-tracks"]


def test_a_missing_file_is_named(tmp_path, written):
    _, made = written
    text = (made / files.WORLD_FILE).read_text(encoding="utf-8")
    assert missing_files(text, [made / files.MODELS]) == []
    assert missing_files(text, [tmp_path])[0] == "plain_terrain/heights.png"
    with pytest.raises(MissingFileError, match=r"heights\.png.* is not in an empty GZ_SIM_RESOURCE_PATH"):
        refuse_missing(made / files.WORLD_FILE, [])
    with pytest.raises(MissingFileError, match="no such world"):
        refuse_missing(tmp_path / "nothing.sdf", [])


def test_a_half_written_world_leaves_nothing(plain, rover, repository, tmp_path, monkeypatch):
    pytest.importorskip("xacro")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files, "surroundings_mesh", full)
    with pytest.raises(OSError, match="disk full"):
        write_files(
            tmp_path, plain, rover, repository / DESCRIPTION, (repository / "config" / "rover.yaml").resolve(), "tracks"
        )
    assert list(tmp_path.iterdir()) == []


# What the specification of Debian's libsdformat lacks and Gazebo Harmonic reads.
NEWER = {"gz_frame_id", "visibility_mask", "light_on", "anti_aliasing", "camera_info_topic"}
FREE = {"plugin"}


def libsdformat(*arguments):
    """Run libsdformat's own command; skips where it is not installed."""
    if shutil.which("ign") is None:
        pytest.skip(
            "libsdformat is not installed: apt-get install --no-install-recommends ignition-tools libsdformat-dev"
        )
    return subprocess.run(["ign", "sdf", *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", COMMITTED)
def test_libsdformat_takes_the_worlds(repository, written, tmp_path, monkeypatch, name):
    _, made = written
    monkeypatch.setenv("SDF_PATH", str(made / files.MODELS))
    # Debian's version is older than the Moon's surface model
    text = (repository / "worlds" / f"{name}.sdf").read_text(encoding="utf-8").replace("MOON_SCS", "EARTH_WGS84")
    copy = tmp_path / "world.sdf"
    copy.write_text(text, encoding="utf-8")
    done = libsdformat("-k", str(copy))
    assert done.stdout.strip() == "Valid.", done.stdout + done.stderr
    copy.write_text(text.replace("</light>", "</ligth>"), encoding="utf-8")
    assert libsdformat("-k", str(copy)).returncode != 0


@pytest.fixture(scope="module", params=DRIVES)
def model_text(request, repository):
    pytest.importorskip("xacro")
    return sdf_text(rover_model(read_urdf(read_xacro(repository / DESCRIPTION, drive=request.param))))


def test_libsdformat_takes_both_rovers(model_text, tmp_path):
    copy = tmp_path / "model.sdf"
    copy.write_text(model_text, encoding="utf-8")
    done = libsdformat("-k", str(copy))
    assert done.stdout.strip() == "Valid.", done.stdout + done.stderr


def test_what_a_rover_names_is_part_of_it(model_text):
    model = ElementTree.fromstring(model_text).find("model")
    links = {element.get("name") for element in model.findall("link")}
    joints = {element.get("name") for element in model.findall("joint")}
    frames = {element.get("name") for element in model.findall("frame")} | links
    assert not links & joints
    for joint in model.findall("joint"):
        assert {joint.findtext("parent"), joint.findtext("child")} <= links
    for frame in model.findall("frame"):
        assert frame.get("attached_to") in links
    for plugin in model.findall("plugin"):
        assert {e.text for e in plugin.findall("link")} <= links
        assert {e.text for e in plugin.findall("joint_name")} <= joints
        assert {e.get("link_name") for e in plugin.findall("wheel")} <= links
        assert plugin.get("filename").startswith("gz-sim-")
    for sensor in model.iter("sensor"):
        assert sensor.findtext("gz_frame_id", "base_link") in frames


@pytest.fixture(scope="module")
def specification():
    text = libsdformat("-d", "1.9").stdout
    return ElementTree.fromstring(text[text.index("<") :])


def unknown_elements(element, description, path=""):
    """Names of elements and attributes that the specification does not have at their place."""
    known = {child.get("name"): child for child in description.findall("element")}
    attributes = {child.get("name") for child in description.findall("attribute")}
    found = [f"{path}@{name}" for name in element.attrib if name not in attributes]
    for child in element:
        if not isinstance(child.tag, str) or child.tag in NEWER:
            continue
        place = f"{path}/{child.tag}"
        if child.tag not in known:
            found.append(place)
        elif child.tag not in FREE:
            found += unknown_elements(child, known[child.tag], place)
    return found


def test_every_element_is_one_of_the_specification(repository, written, specification):
    _, made = written
    paths = [repository / "worlds" / f"{name}.sdf" for name in COMMITTED]
    for path in (*paths, made / files.MODELS / "lupex_rover" / "model.sdf"):
        root = ElementTree.parse(path).getroot()
        assert unknown_elements(root, specification) == [], path
    wrong = ElementTree.fromstring('<sdf version="1.9"><world name="a"><gravitiy/></world></sdf>')
    assert unknown_elements(wrong, specification) == ["/world/gravitiy"]


def test_names_are_used_once_at_each_place(repository, written):
    _, made = written
    paths = [repository / "worlds" / f"{name}.sdf" for name in COMMITTED]
    for path in (*paths, made / files.MODELS / "lupex_rover" / "model.sdf"):
        for element in ElementTree.parse(path).getroot().iter():
            if element.tag in ("model", "link", "world"):
                named = [c.get("name") for c in element if c.get("name") and c.tag != "plugin"]
                assert len(named) == len(set(named)), f"{path}: {element.get('name')}"


def test_only_this_projects_first_world_is_kept(repository, tmp_path, written):
    _, made = written
    ours = repository / "worlds" / "plain.yaml"
    elsewhere = tmp_path / "plain.yaml"
    shutil.copy(ours, elsewhere)
    assert gazebo_making.keep_in_tree(made, elsewhere, 1, "tracks") is None
    assert gazebo_making.keep_in_tree(made, ours, 2, "tracks") is None
    assert gazebo_making.keep_in_tree(made, ours, 1, "bogies") is None


def test_gazebo_that_is_not_installed_is_named_in_one_sentence(tmp_path, monkeypatch, capsys):
    with pytest.raises(WorldError, match=r"^not installed here: gz .*, ros_gz_bridge; .*ros-jazzy-ros-gz") as refusal:
        refuse_absent_gazebo({"PATH": "", "AMENT_PREFIX_PATH": ""})
    assert "\n" not in str(refusal.value)
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    for arguments in (["plain", "--simulator", "gazebo"], ["plain", "--print", "gazebo"]):
        assert prepare_main(arguments) == 1
        assert capsys.readouterr().err.count("\n") == 1
    index = tmp_path / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "ros_gz_bridge").touch()
    gz = tmp_path / "gz"
    gz.write_text("#!/bin/sh\n")
    gz.chmod(0o755)
    refuse_absent_gazebo({"PATH": str(tmp_path), "AMENT_PREFIX_PATH": str(tmp_path)})


def test_launch_files_learn_where_the_gazebo_world_is(written, monkeypatch, capsys):
    _, made = written
    monkeypatch.setattr(prepare_world, "refuse_absent_gazebo", lambda: None)
    monkeypatch.setattr(prepare_world, "prepare_world", lambda *a, **k: made.parent)
    monkeypatch.setattr(
        gazebo_making, "make_gazebo", lambda directory, truth, draw, drive: directory / f"gazebo-{drive}"
    )
    assert prepare_main(["plain", "--print", "gazebo"]) == 0
    assert capsys.readouterr().out == str(made)

    def refuse(directory, truth, draw, drive):
        raise TerrainError("too far")

    monkeypatch.setattr(gazebo_making, "make_gazebo", refuse)
    assert prepare_main(["plain", "--print", "gazebo"]) == 1
    assert capsys.readouterr().err == "prepare_world: too far\n"


def test_shared_files_come_from_the_installation_first(tmp_path):
    installed = tmp_path / "share" / "lupex_bringup" / "config" / "rover.yaml"
    installed.parent.mkdir(parents=True)
    installed.touch()
    relative = installed.relative_to(tmp_path / "share" / "lupex_bringup")
    assert gazebo_making.shared_file(relative, {"AMENT_PREFIX_PATH": str(tmp_path)}) == installed
    assert gazebo_making.shared_file(relative, {}).is_file()
    with pytest.raises(WorldError, match="source the workspace"):
        gazebo_making.shared_file(relative / "nothing", {})


def test_texture_is_a_picture():
    assert re.match(rb"\x89PNG", raster.regolith_texture())
    assert sdf_text(ElementTree.Element("sdf")).startswith("<?xml")
