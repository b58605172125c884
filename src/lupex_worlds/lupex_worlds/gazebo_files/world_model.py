# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The Gazebo world of a recipe: terrain, rocks, lander, Sun, sky and physics as SDF.

Which of Gazebo's settings carry a vehicle on a height map, and why each is here: docs/gazebo.md.
"""

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.height_field import HeightField
from lupex_models.rover import Rover
from lupex_models.site import Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_worlds.contact_plane import settle
from lupex_worlds.gazebo_files.raster import Patch, TerrainError, cut_patch, needed_m
from lupex_worlds.gazebo_files.rover_model import SDF_VERSION, add
from lupex_worlds.gazebo_files.terrain_settings import AS_CONFIGURED, TerrainSettings
from lupex_worlds.ground import Ground, ground_height
from lupex_worlds.pose import Pose
from lupex_worlds.world import World

FloatArray = npt.NDArray[np.float64]

WORLD_NAME = "moon"
"""Of every world, so that the topics that bear it are the same in all."""
SUN_NAME = "sun"
ROVER_MODEL = "lupex_rover"
STEP_S = 0.004
"""Of the physics: the vehicle stands still on its springs with it, several times faster than real time."""
_SUN_INTENSITY = 5.0
"""Grazing light leaves a few hundredths of it on level ground."""
_LANDER_AWAY_M = 6.0
_CLEAR_OF_SUN_RAD = math.radians(45.0)
_SET_DOWN_M = 0.02
SYSTEMS = (
    ("gz-sim-physics-system", "gz::sim::systems::Physics"),
    ("gz-sim-user-commands-system", "gz::sim::systems::UserCommands"),
    ("gz-sim-scene-broadcaster-system", "gz::sim::systems::SceneBroadcaster"),
    ("gz-sim-sensors-system", "gz::sim::systems::Sensors"),
    ("gz-sim-imu-system", "gz::sim::systems::Imu"),
    ("gz-sim-contact-system", "gz::sim::systems::Contact"),
)


@dataclass(frozen=True)
class Scene:
    """What the Gazebo world is made from: the true ground of one run, and where the rover begins."""

    name: str
    frame: SiteFrame
    ground: Ground
    rocks: FloatArray
    """(n, 4): x, y, diameter, height."""
    lander: Pose2
    targets: tuple[Target, ...]
    start_utc_s: float
    havens: tuple[tuple[float, float], ...] = ()
    """Places in sunlight where a sortie may end other than where it began."""
    terrain: TerrainSettings = AS_CONFIGURED

    @property
    def base(self) -> HeightField:
        """The 5 m field."""
        g = self.ground
        return HeightField(g.base, g.base_x0_m, g.base_y0_m, g.base_cell_m)

    def patch(self) -> Patch:
        """Return the ground of the whole sortie, from the lander to the targets and home; raises TerrainError.

        Havens are taken in from the nearest on while the ground stays as fine: one is enough to come home to.
        """
        margin, most = self.terrain.margin_m, self.terrain.most_cells
        places = [(self.lander.x_m, self.lander.y_m), *((target.x_m, target.y_m) for target in self.targets)]
        for haven in sorted(self.havens, key=lambda at: math.dist(at, places[0])):
            x, y = np.array([*places, haven]).T
            if needed_m(x, y, margin) <= most * self.ground.detail_cell_m and self._known(x, y):
                places.append(haven)
        x, y = np.array(places).T
        return cut_patch(self.ground, x, y, margin, most)

    def _known(self, x_m: FloatArray, y_m: FloatArray) -> bool:
        """Tell whether the ground that these places need lies on the map."""
        try:
            cut_patch(self.ground, x_m, y_m, self.terrain.margin_m, self.terrain.most_cells)
        except TerrainError:
            return False
        return True


def scene_of(world: World, terrain: TerrainSettings = AS_CONFIGURED) -> Scene:
    """Return the scene of an opened world."""
    site, havens = world.site, tuple((haven.x_m, haven.y_m) for haven in world.site.havens)
    return Scene(
        site.name,
        site.frame,
        world.ground,
        world.rocks,
        world.start_pose,
        site.targets,
        site.start_utc_s,
        havens,
        terrain,
    )


def terrain_model_name(scene: Scene) -> str:
    """Return the directory of the terrain's files below the resource path."""
    return f"{scene.name}_terrain"


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many decimals, without trailing zeros: millimetres are enough for a world."""
    short = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def numbers(*values: float, digits: int = 3) -> str:
    """Return numbers with a space between."""
    return " ".join(number(float(value), digits) for value in values)


def world_model(scene: Scene, rover: Rover) -> Element:
    """Return the <sdf> element of the world; raises TerrainError where the ground does not reach."""
    patch = scene.patch()
    sdf = Element("sdf", version=SDF_VERSION)
    sdf.append(ElementTree.Comment(f" Made from worlds/{scene.name}.yaml by ./lupex world {scene.name}; not by hand. "))
    world = add(sdf, "world", name=WORLD_NAME)
    _physics(world)
    for filename, name in SYSTEMS:
        plugin = add(world, "plugin", filename=filename, name=name)
        if name.endswith("Sensors"):
            add(plugin, "render_engine", "ogre2")
    _place(world, scene)
    _sky(world)
    world.append(sun_light(scene.frame, scene.start_utc_s))
    _terrain(world, scene, patch)
    _rocks(world, scene, patch)
    _lander(world, scene)
    include = add(world, "include")
    add(include, "uri", f"model://{ROVER_MODEL}")
    add(include, "name", ROVER_MODEL)
    start = start_pose(scene, rover)
    place = numbers(start.x_m, start.y_m, start.z_m + _SET_DOWN_M)
    add(include, "pose", f"{place} {numbers(start.roll_rad, start.pitch_rad, start.yaw_rad, digits=5)}")
    ElementTree.indent(sdf)
    return sdf


def _physics(world: Element) -> None:
    add(world, "gravity", f"0 0 {-MOON_GRAVITY_M_S2:g}")
    add(world, "magnetic_field", "0 0 0")
    physics = add(world, "physics", name="default_physics", default="true", type="dart")
    add(physics, "max_step_size", number(STEP_S))
    add(physics, "real_time_factor", "1")
    dart = add(physics, "dart")
    add(add(dart, "solver"), "solver_type", "dantzig")
    # with any other detector everything falls through a height map
    add(dart, "collision_detector", "bullet")


def _place(world: Element, scene: Scene) -> None:
    frame = scene.frame
    place = add(world, "spherical_coordinates")
    add(place, "surface_model", "MOON_SCS")
    add(place, "world_frame_orientation", "ENU")
    add(place, "latitude_deg", number(math.degrees(frame.latitude_rad), 7))
    add(place, "longitude_deg", number(math.degrees(frame.longitude_rad), 7))
    add(place, "elevation", number(frame.height_m))
    # Grid east is east turned towards north by the longitude, and so a heading counts: at 90 deg x points north.
    heading = (math.degrees(frame.longitude_rad) + 180.0) % 360.0 - 180.0
    add(place, "heading_deg", number(heading, 7))


def _sky(world: Element) -> None:
    scene = add(world, "scene")
    add(scene, "ambient", "0 0 0 1")
    add(scene, "background", "0 0 0 1")
    add(scene, "shadows", "true")
    add(scene, "grid", "false")
    add(scene, "origin_visual", "false")


def sun_direction(frame: SiteFrame, utc_s: float) -> FloatArray:
    """Return the unit vector (3) in which sunlight travels, in map."""
    return np.asarray(-frame.sun_vector(utc_s))


def sun_light(frame: SiteFrame, utc_s: float) -> Element:
    """Return the Sun as a directional light that casts shadows."""
    light = Element("light", name=SUN_NAME, type="directional")
    settings = SUN_SETTINGS
    add(light, "pose", "0 0 100 0 0 0")
    add(light, "cast_shadows", "true")
    add(light, "intensity", number(settings.intensity))
    add(light, "diffuse", numbers(*settings.diffuse))
    add(light, "specular", numbers(*settings.specular))
    attenuation = add(light, "attenuation")
    add(attenuation, "range", number(settings.range_m))
    add(attenuation, "constant", number(settings.constant))
    add(attenuation, "linear", "0")
    add(attenuation, "quadratic", "0")
    add(light, "direction", numbers(*sun_direction(frame, utc_s), digits=7))
    return light


@dataclass(frozen=True)
class SunSettings:
    """Everything of the light but its direction: what moves it has to send all of it again."""

    intensity: float = _SUN_INTENSITY
    diffuse: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    specular: tuple[float, float, float, float] = (0.1, 0.1, 0.1, 1.0)
    range_m: float = 1e6
    constant: float = 1.0
    height_m: float = 100.0


SUN_SETTINGS = SunSettings()


def _terrain(world: Element, scene: Scene, patch: Patch) -> None:
    count = patch.heights_m.shape[0]
    x, y = patch.centre_m
    files = f"model://{terrain_model_name(scene)}"
    model = add(world, "model", name="terrain")
    add(model, "static", "true")
    # The collision takes its place from the model and the picture takes it from <pos>: both say the same.
    place = numbers(x, y, patch.lowest_m)
    add(model, "pose", f"{place} 0 0 0")
    link = add(model, "link", name="ground")
    collision = add(link, "collision", name="ground_collision")
    # The collision is drawn N - 1 over N too small.
    side = patch.size_m * count / (count - 1)
    height_map = add(add(collision, "geometry"), "heightmap")
    add(height_map, "uri", f"{files}/heights.png")
    add(height_map, "size", f"{numbers(side, side, digits=6)} {number(patch.relief_m, 6)}")
    visual = add(link, "visual", name="ground_visual")
    height_map = add(add(visual, "geometry"), "heightmap")
    add(height_map, "uri", f"{files}/heights.png")
    add(height_map, "size", f"{numbers(patch.size_m, patch.size_m, digits=6)} {number(patch.relief_m, 6)}")
    add(height_map, "pos", place)
    texture = add(height_map, "texture")
    add(texture, "size", "4")
    add(texture, "diffuse", f"{files}/regolith.png")
    add(texture, "normal", f"{files}/flat.png")
    around = add(world, "model", name="surroundings")
    add(around, "static", "true")
    visual = add(add(around, "link", name="relief"), "visual", name="relief_visual")
    add(add(add(visual, "geometry"), "mesh"), "uri", f"{files}/surroundings.obj")
    _grey(visual, 0.47)


def _grey(visual: Element, share: float) -> None:
    material = add(visual, "material")
    for part in ("ambient", "diffuse"):
        add(material, part, numbers(share, share, share, 1.0))
    add(material, "specular", "0 0 0 1")


def _rocks(world: Element, scene: Scene, patch: Patch) -> None:
    """The height map holds every rock; the larger ones are drawn in their own shape too, to be seen."""
    large = scene.rocks[scene.rocks[:, 2] >= scene.terrain.smallest_rock_m]
    large = large[patch.contains(large[:, 0], large[:, 1], margin_m=2.0)]
    if large.size == 0:
        return
    model = add(world, "model", name="rocks")
    add(model, "static", "true")
    link = add(model, "link", name="rocks_link")
    for count, (x, y, diameter, height) in enumerate(large, start=1):
        visual = add(link, "visual", name=f"rock_{count}")
        add(visual, "pose", f"{numbers(x, y, _foot_m(scene.ground, x, y, diameter))} 0 0 0")
        body = add(add(visual, "geometry"), "ellipsoid")
        add(body, "radii", numbers(0.5 * diameter, 0.5 * diameter, height))
        _grey(visual, 0.4)


def _foot_m(ground: Ground, x_m: float, y_m: float, diameter_m: float) -> float:
    """Return the height of the ground around a rock, other rocks left out by the median."""
    radius = 0.5 * diameter_m + ground.detail_cell_m
    around = np.arange(12) * (math.pi / 6.0)
    heights = [ground_height(ground, x_m + radius * float(np.cos(a)), y_m + radius * float(np.sin(a))) for a in around]
    return float(np.median(heights))


def lander_place(scene: Scene) -> tuple[float, float, float]:
    """Return the ground point of the lander's body, aside of the rover that it has set down at the map's origin.

    It stands to the rover's left, right, or behind it: where it does not shade the rover.
    """
    light = sun_direction(scene.frame, scene.start_utc_s)
    towards_sun = math.atan2(-light[1], -light[0])
    for aside in (0.5 * math.pi, -0.5 * math.pi, math.pi):
        bearing = scene.lander.yaw_rad + aside
        away = abs(math.remainder(bearing - towards_sun, 2.0 * math.pi))
        if away > _CLEAR_OF_SUN_RAD:
            break
    x = scene.lander.x_m + _LANDER_AWAY_M * math.cos(bearing)
    y = scene.lander.y_m + _LANDER_AWAY_M * math.sin(bearing)
    return x, y, float(ground_height(scene.ground, x, y))


def _lander(world: Element, scene: Scene) -> None:
    x, y, z = lander_place(scene)
    if not math.isfinite(z):
        raise TerrainError(f"the lander would stand at {x:.0f}, {y:.0f} m, where no ground is known")
    model = add(world, "model", name="lander")
    add(model, "static", "true")
    add(model, "pose", f"{numbers(x, y, z)} 0 0 {number(scene.lander.yaw_rad, 5)}")
    link = add(model, "link", name="lander_link")
    # Legs reach below the ground's mean, so that they stand on it wherever it is lower.
    parts = [("body", (0.0, 0.0, 1.9), 1.3, 1.5)]
    parts += [(f"leg_{k}", (dx, dy, 0.4), 0.12, 2.0) for k, (dx, dy) in enumerate(_LEGS, start=1)]
    for name, at, radius, length in parts:
        for kind in ("collision", "visual"):
            element = add(link, kind, name=f"{name}_{kind}")
            add(element, "pose", f"{numbers(*at)} 0 0 0")
            cylinder = add(add(element, "geometry"), "cylinder")
            add(cylinder, "radius", number(radius))
            add(cylinder, "length", number(length))
            if kind == "visual":
                _grey(element, 0.7)


_LEGS = ((1.4, 1.4), (1.4, -1.4), (-1.4, 1.4), (-1.4, -1.4))


def start_pose(scene: Scene, rover: Rover) -> Pose:
    """Return the rover's pose on the ground at the lander; raises TerrainError where no ground is known."""
    x, y, yaw = scene.lander.x_m, scene.lander.y_m, scene.lander.yaw_rad
    u, v = rover.crawler.unit_x_m, rover.crawler.unit_y_m
    positions = np.array([[u, v], [u, -v], [-u, v], [-u, -v]])
    limits = np.full(11, np.inf)
    contact = np.array([rover.crawler.track_length_m, rover.crawler.track_width_m])
    z, pitch, roll, _ = settle(scene.ground, positions, contact, limits, x, y, yaw, np.zeros(4), np.zeros(4))
    if not math.isfinite(z):
        raise TerrainError(f"the rover would start at {x:.0f}, {y:.0f} m, where no ground is known")
    return Pose(x, y, float(z), float(roll), float(pitch), yaw)
