# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The robot description as an SDF model: rigidly joined links become one body, and a track keeps its capsule.

Gazebo can read URDF by itself, but URDF has no capsule, and a track of three shapes walks sideways in a turn.
"""

import copy
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import numpy.typing as npt

from lupex_worlds.gazebo_files.robot_description import (
    MOVING,
    DescriptionError,
    Joint,
    Robot,
    Shape,
    combined,
    roll_pitch_yaw,
    rotation,
)

FloatArray = npt.NDArray[np.float64]

SDF_VERSION = "1.9"
OWN_VISIBILITY = 2
"""Flag of the rover's own visuals; its lidar looks past them.

It is the one by which Gazebo's window picks things. Flag 1 alone marks what is no part of the scene: what bears only
that has no extent there, and cannot be picked or followed.
"""


def text_of(value: float) -> str:
    """Return a number as SDF text: nine digits are more than a float of Gazebo's holds, and end rounding noise."""
    short = f"{0.0 if abs(value) < 1e-12 else value:.9g}"
    return "0" if short == "-0" else short


def pose_text(pose: FloatArray) -> str:
    """Return x y z roll pitch yaw of a pose (4, 4)."""
    return " ".join(text_of(float(v)) for v in (*pose[:3, 3], *roll_pitch_yaw(pose[:3, :3])))


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Append an element with its text."""
    element = SubElement(parent, tag, attributes)
    element.text = text
    return element


def rover_model(robot: Robot) -> Element:
    """Return the <sdf> element of the model; raises DescriptionError for what it cannot say in SDF."""
    sdf = Element("sdf", version=SDF_VERSION)
    model = add(sdf, "model", name=robot.name)
    for body in [robot.root, *(j.child for j in robot.joints.values() if j.kind in MOVING)]:
        _body(model, robot, body)
    for joint in robot.joints.values():
        if joint.kind in MOVING:
            _joint(model, robot, joint)
    for plugin in robot.plugins:
        model.append(copy.deepcopy(plugin))
    ElementTree.indent(sdf)
    return sdf


def _rigid(robot: Robot, body: str) -> Iterator[tuple[str, FloatArray]]:
    """Yield the links that are fixed to a body, itself first, with their poses (4, 4) in it."""
    stack = [(body, np.eye(4))]
    while stack:
        name, pose = stack.pop(0)
        yield name, pose
        stack.extend((j.child, pose @ j.origin) for j in robot.below(name) if j.kind == "fixed")


def carrier(robot: Robot, link: str) -> str:
    """Return the body that a link is part of."""
    above = {joint.child: joint for joint in robot.joints.values()}
    while link in above and above[link].kind == "fixed":
        link = above[link].parent
    return link


def _body(model: Element, robot: Robot, body: str) -> None:
    parts = list(_rigid(robot, body))
    link = add(model, "link", name=body)
    if body != robot.root:
        add(link, "pose", pose_text(robot.pose(body)))
    _inertial(link, robot, parts)
    for name, pose in parts:
        source = robot.links[name]
        friction = {e.tag: e.text or "" for e in robot.extensions.get(name, []) if e.tag in ("mu1", "mu2")}
        collisions = with_capsules(source.collisions)
        for number, shape in enumerate(collisions, start=1):
            suffix = "" if len(collisions) == 1 else f"_{number}"
            collision = add(link, "collision", name=f"{name}_collision{suffix}")
            _geometry(collision, pose, shape)
            if friction:
                ode = add(add(add(collision, "surface"), "friction"), "ode")
                add(ode, "mu", friction["mu1"])
                add(ode, "mu2", friction["mu2"])
        for number, shape in enumerate(source.visuals, start=1):
            visual = add(link, "visual", name=f"{name}_visual_{number}")
            _geometry(visual, pose, shape)
            add(visual, "visibility_flags", str(OWN_VISIBILITY))
            material = add(visual, "material")
            colour = " ".join(text_of(value) for value in shape.colour)
            for part in ("ambient", "diffuse"):
                add(material, part, colour)
            add(material, "specular", "0.1 0.1 0.1 1")
        for element in robot.extensions.get(name, []):
            if element.tag in ("sensor", "light"):
                link.append(_placed(element, pose))
            elif element.tag not in ("mu1", "mu2"):
                raise DescriptionError(f"<gazebo reference='{name}'> holds <{element.tag}>, which is not known here")
        if name != body:
            frame = add(model, "frame", name=name, attached_to=body)
            add(frame, "pose", pose_text(pose))


def _inertial(link: Element, robot: Robot, parts: list[tuple[str, FloatArray]]) -> None:
    heavy = [(pose, robot.links[name].inertial) for name, pose in parts]
    total = combined([(pose, part) for pose, part in heavy if part is not None])
    inertial = add(link, "inertial")
    add(inertial, "pose", " ".join([*(text_of(float(v)) for v in total.centre_m), "0 0 0"]))
    add(inertial, "mass", text_of(total.mass_kg))
    inertia = add(inertial, "inertia")
    for tag, i, j in (("ixx", 0, 0), ("iyy", 1, 1), ("izz", 2, 2), ("ixy", 0, 1), ("ixz", 0, 2), ("iyz", 1, 2)):
        add(inertia, tag, text_of(float(total.inertia_kg_m2[i, j])))


def _geometry(parent: Element, body_from_link: FloatArray, shape: Shape) -> None:
    add(parent, "pose", pose_text(body_from_link @ shape.origin))
    body = add(add(parent, "geometry"), shape.kind)
    if shape.kind == "box":
        add(body, "size", " ".join(text_of(value) for value in shape.numbers))
        return
    add(body, "radius", text_of(shape.numbers[0]))
    if shape.kind in ("cylinder", "capsule"):
        add(body, "length", text_of(shape.numbers[1]))


def _placed(element: Element, body_from_link: FloatArray) -> Element:
    """Return a copy of a sensor or light whose pose is given in the body."""
    placed = copy.deepcopy(element)
    own = placed.find("pose")
    pose = body_from_link
    if own is None:
        own = Element("pose")
        placed.insert(0, own)
    else:
        values = [float(word) for word in (own.text or "").split()]
        local = np.eye(4)
        local[:3, 3], local[:3, :3] = values[:3], rotation(*values[3:])
        pose = body_from_link @ local
    own.text = pose_text(pose)
    return placed


def with_capsules(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Replace each cylinder that has a sphere of its own radius on each end by the capsule that they are."""
    left = list(shapes)
    for cylinder in [shape for shape in shapes if shape.kind == "cylinder"]:
        radius, length = cylinder.numbers
        ends = []
        for side in (-0.5, 0.5):
            end = cylinder.origin[:3, 3] + cylinder.origin[:3, 2] * side * length
            ends += [
                shape
                for shape in left
                if shape.kind == "sphere"
                and math.isclose(shape.numbers[0], radius)
                and np.allclose(shape.origin[:3, 3], end, atol=1e-9)
            ][:1]
        if len(ends) == 2:
            left = [shape for shape in left if not any(shape is used for used in (cylinder, *ends))]
            left.append(Shape(cylinder.origin, "capsule", cylinder.numbers, cylinder.colour))
    return tuple(left)


def _joint(model: Element, robot: Robot, joint: Joint) -> None:
    kind = "revolute" if joint.kind == "continuous" else joint.kind
    element = add(model, "joint", name=joint.name, type=kind)
    parent = carrier(robot, joint.parent)
    add(element, "parent", parent)
    add(element, "child", joint.child)
    axis = add(element, "axis")
    add(axis, "xyz", " ".join(text_of(float(v)) for v in joint.axis))
    if joint.kind != "continuous":
        limit = add(axis, "limit")
        for tag in ("lower", "upper", "effort", "velocity"):
            value = getattr(joint, tag)
            if value is not None:
                add(limit, tag, text_of(value))
    dynamics = add(axis, "dynamics")
    add(dynamics, "damping", text_of(joint.damping))
    add(dynamics, "friction", text_of(joint.friction))
    springs = {"springReference": "spring_reference", "springStiffness": "spring_stiffness"}
    for extension in robot.extensions.get(joint.name, []):
        if extension.tag not in springs:
            raise DescriptionError(
                f"<gazebo reference='{joint.name}'> holds <{extension.tag}>, which is not known here"
            )
        add(dynamics, springs[extension.tag], text_of(float(extension.text or "nan")))
