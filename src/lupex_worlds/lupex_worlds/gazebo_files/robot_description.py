# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The robot description: xacro to URDF, and URDF to links, joints and what stands in its <gazebo> elements."""

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

DESCRIPTION = Path("description") / "rover.urdf.xacro"
"""Below the repository and below the share directory of lupex_bringup."""
DRIVES = ("tracks", "bogies")
MOVING = ("revolute", "continuous", "prismatic")


class DescriptionError(ValueError):
    """Say in one sentence what is wrong with the robot description."""


@dataclass(frozen=True)
class Inertial:
    """Mass, centre of mass (3) and inertia (3, 3) about it, in the axes of the link."""

    mass_kg: float
    centre_m: FloatArray
    inertia_kg_m2: FloatArray


@dataclass(frozen=True)
class Shape:
    """A visual or collision: where it stands in the link (4, 4), its kind, and its numbers.

    The numbers are those of URDF: box x, y, z; cylinder radius and length (along z); sphere radius. A capsule has the
    numbers of its cylinder.
    """

    origin: FloatArray
    kind: str
    numbers: tuple[float, ...]
    colour: tuple[float, ...] = (0.7, 0.7, 0.7, 1.0)


@dataclass(frozen=True)
class Link:
    """A rigid body, or a frame alone."""

    name: str
    inertial: Inertial | None
    visuals: tuple[Shape, ...]
    collisions: tuple[Shape, ...]


@dataclass(frozen=True)
class Joint:
    """A joint; `origin` (4, 4) places the child's frame in the parent's at the joint's zero."""

    name: str
    kind: str
    parent: str
    child: str
    origin: FloatArray
    axis: FloatArray
    lower: float | None = None
    upper: float | None = None
    effort: float | None = None
    velocity: float | None = None
    damping: float = 0.0
    friction: float = 0.0


@dataclass(frozen=True)
class Robot:
    """The whole description. `extensions` holds what <gazebo reference="NAME"> says, `plugins` what no name has."""

    name: str
    links: dict[str, Link]
    joints: dict[str, Joint]
    root: str
    extensions: dict[str, list[Element]] = field(default_factory=dict)
    plugins: tuple[Element, ...] = ()

    def below(self, link: str) -> list[Joint]:
        """Return the joints whose parent a link is, in the order of the file."""
        return [joint for joint in self.joints.values() if joint.parent == link]

    def pose(self, link: str) -> FloatArray:
        """Return where a link stands (4, 4) in the root with every joint at its zero."""
        above = {joint.child: joint for joint in self.joints.values()}
        pose = np.eye(4)
        while link in above:
            pose = above[link].origin @ pose
            link = above[link].parent
        return pose


def read_xacro(path: Path, drive: str = "tracks", suspension: str = "sprung", rover: Path | None = None) -> str:
    """Return the URDF that xacro makes of a description; raises DescriptionError."""
    try:
        import xacro
    except ImportError as error:
        raise DescriptionError("xacro is not installed: sudo apt-get install ros-jazzy-xacro") from error
    if drive not in DRIVES:
        raise DescriptionError(f"the drive is '{drive}' but takes one of {', '.join(DRIVES)}")
    mappings = {"drive": drive, "suspension": suspension} | ({"rover": str(rover)} if rover else {})
    try:
        return str(xacro.process_file(str(path), mappings=mappings).toxml())
    except (xacro.XacroException, OSError) as error:
        raise DescriptionError(f"{path}: {' '.join(str(error).split())}") from error


def read_urdf(text: str) -> Robot:
    """Read a URDF; raises DescriptionError unless it is one tree of links."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DescriptionError(f"the description is no XML: {error}") from error
    colours = {m.get("name", ""): _numbers(m.find("color"), "rgba", 4) for m in root.findall("material")}
    links = {link.name: link for link in (_link(element, colours) for element in root.findall("link"))}
    joints = {joint.name: joint for joint in (_joint(element) for element in root.findall("joint"))}
    if len(links) != len(root.findall("link")) or len(joints) != len(root.findall("joint")):
        raise DescriptionError("two links or two joints have one name")
    extensions: dict[str, list[Element]] = {}
    plugins: list[Element] = []
    for block in root.findall("gazebo"):
        reference = block.get("reference")
        if reference is None:
            plugins.extend(block)
        elif reference in links or reference in joints:
            extensions.setdefault(reference, []).extend(block)
        else:
            raise DescriptionError(f"<gazebo reference='{reference}'> names no link and no joint")
    return Robot(root.get("name", ""), links, joints, _root(links, joints), extensions, tuple(plugins))


def _root(links: dict[str, Link], joints: dict[str, Joint]) -> str:
    for joint in joints.values():
        for end in (joint.parent, joint.child):
            if end not in links:
                raise DescriptionError(f"joint '{joint.name}' names a link '{end}' that is not there")
    children = [joint.child for joint in joints.values()]
    roots = [name for name in links if name not in children]
    if len(roots) != 1 or len(set(children)) != len(children) or len(children) != len(links) - 1:
        raise DescriptionError(f"links and joints are no single tree: roots are {', '.join(roots) or 'none'}")
    return roots[0]


def _link(element: Element, colours: dict[str, tuple[float, ...]]) -> Link:
    inertial = element.find("inertial")
    return Link(
        element.get("name", ""),
        None if inertial is None else _inertial(inertial),
        tuple(_shape(item, colours) for item in element.findall("visual")),
        tuple(_shape(item, colours) for item in element.findall("collision")),
    )


def _inertial(element: Element) -> Inertial:
    mass, tensor = element.find("mass"), element.find("inertia")
    if mass is None or tensor is None:
        raise DescriptionError("an <inertial> lacks its mass or its inertia")
    xx, yy, zz, xy, xz, yz = (float(tensor.get(f"i{key}", "nan")) for key in ("xx", "yy", "zz", "xy", "xz", "yz"))
    origin = transform(element.find("origin"))
    turned = origin[:3, :3] @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ origin[:3, :3].T
    return Inertial(float(mass.get("value", "nan")), origin[:3, 3], turned)


def _shape(element: Element, colours: dict[str, tuple[float, ...]]) -> Shape:
    geometry = element.find("geometry")
    body = None if geometry is None or len(geometry) != 1 else geometry[0]
    keys = {"box": ("size",), "cylinder": ("radius", "length"), "sphere": ("radius",)}
    if body is None or body.tag not in keys:
        raise DescriptionError("a shape is no box, cylinder or sphere")
    numbers = tuple(float(word) for key in keys[body.tag] for word in body.get(key, "").split())
    material = element.find("material")
    colour = (0.7, 0.7, 0.7, 1.0) if material is None else colours[material.get("name", "")]
    return Shape(transform(element.find("origin")), body.tag, numbers, colour)


def _joint(element: Element) -> Joint:
    parent, child, limit = element.find("parent"), element.find("child"), element.find("limit")
    dynamics, axis = element.find("dynamics"), element.find("axis")
    name, kind = element.get("name", ""), element.get("type", "")
    if parent is None or child is None or kind not in (*MOVING, "fixed"):
        raise DescriptionError(f"joint '{name}' of type '{kind}' lacks an end, or is of a type not used here")

    def given(key: str) -> float | None:
        return None if limit is None or limit.get(key) is None else float(limit.get(key, ""))

    return Joint(
        name,
        kind,
        parent.get("link", ""),
        child.get("link", ""),
        transform(element.find("origin")),
        np.array((1.0, 0.0, 0.0) if axis is None else _numbers(axis, "xyz", 3)),
        given("lower"),
        given("upper"),
        given("effort"),
        given("velocity"),
        0.0 if dynamics is None else float(dynamics.get("damping", "0")),
        0.0 if dynamics is None else float(dynamics.get("friction", "0")),
    )


def _numbers(element: Element | None, key: str, count: int) -> tuple[float, ...]:
    found = () if element is None else tuple(float(word) for word in element.get(key, "").split())
    if len(found) != count or not all(math.isfinite(value) for value in found):
        raise DescriptionError(f"attribute '{key}' does not hold {count} numbers")
    return found


def transform(origin: Element | None) -> FloatArray:
    """Return the pose (4, 4) of an <origin>; rotation by fixed x, y, z axes (roll, pitch, yaw), as URDF has it."""
    pose = np.eye(4)
    if origin is None:
        return pose
    pose[:3, 3] = _numbers(origin, "xyz", 3) if origin.get("xyz") else 0.0
    if origin.get("rpy"):
        pose[:3, :3] = rotation(*_numbers(origin, "rpy", 3))
    return pose


def rotation(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Return the rotation (3, 3) by roll, pitch, yaw about fixed x, y, z."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def roll_pitch_yaw(turned: FloatArray) -> tuple[float, float, float]:
    """Return (roll, pitch, yaw) of a rotation (3, 3)."""
    pitch = math.asin(max(-1.0, min(1.0, -float(turned[2, 0]))))
    if abs(turned[2, 0]) > 1.0 - 1e-12:
        return 0.0, pitch, math.atan2(-float(turned[0, 1]), float(turned[1, 1]))
    return (
        math.atan2(float(turned[2, 1]), float(turned[2, 2])),
        pitch,
        math.atan2(float(turned[1, 0]), float(turned[0, 0])),
    )


def combined(parts: list[tuple[FloatArray, Inertial]]) -> Inertial:
    """Return the inertial of rigidly joined parts, each with its pose (4, 4); raises DescriptionError without mass."""
    mass = sum(part.mass_kg for _, part in parts)
    if not mass > 0.0:
        raise DescriptionError("a rigid body has no mass")
    centres = [pose[:3, :3] @ part.centre_m + pose[:3, 3] for pose, part in parts]
    centre = sum((part.mass_kg * at for (_, part), at in zip(parts, centres)), np.zeros(3)) / mass
    inertia = np.zeros((3, 3))
    for (pose, part), at in zip(parts, centres):
        arm = at - centre
        inertia += pose[:3, :3] @ part.inertia_kg_m2 @ pose[:3, :3].T
        inertia += part.mass_kg * (float(arm @ arm) * np.eye(3) - np.outer(arm, arm))
    return Inertial(mass, centre, inertia)
