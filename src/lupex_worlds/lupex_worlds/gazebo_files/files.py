# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a Gazebo world: the SDF, and below `models/` what it refers to by `model://`."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from xml.etree.ElementTree import Element

from lupex_models.rover import Rover
from lupex_worlds.gazebo_files.raster import flat_normals, png, regolith_texture, surroundings_mesh
from lupex_worlds.gazebo_files.robot_description import read_urdf, read_xacro
from lupex_worlds.gazebo_files.rover_model import SDF_VERSION, rover_model
from lupex_worlds.gazebo_files.world_model import ROVER_MODEL, Scene, terrain_model_name, world_model

WORLD_FILE = "world.sdf"
PACED_FILE = "paced.sdf"
"""The same world for a server whose steps are granted: as fast as it can, from a paused start."""
_PACED_FACTOR = "50"
MODELS = "models"
_MADE_FILE = "made.json"
_FORMAT = 3
"""Counted up whenever rasters or meshes are written in another way: what lies in the cache is then made anew."""
_URI = re.compile(r"model://([^\s<]+)")


class MissingFileError(FileNotFoundError):
    """Say which file of a world is not there: Gazebo itself would go on without a sign in its exit code."""


def sdf_text(root: Element) -> str:
    """Return the text of an SDF file."""
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def write_files(directory: Path, scene: Scene, rover: Rover, description: Path, rover_file: Path, drive: str) -> Path:
    """Write world and models below a directory unless they are there already; return the directory that holds them.

    It holds WORLD_FILE and MODELS. Raises DescriptionError, TerrainError or OSError.
    """
    world = sdf_text(world_model(scene, rover))
    model = sdf_text(rover_model(read_urdf(read_xacro(description, drive=drive, rover=rover_file))))
    digest = hashlib.sha256(json.dumps([_FORMAT, asdict(scene.terrain), world, model]).encode()).hexdigest()
    target = directory / f"gazebo-{drive}"
    made = target / _MADE_FILE
    if made.is_file() and made.read_text(encoding="utf-8") == digest:
        return target
    # its owner's alone, as it is made: it holds the true ground
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=directory))
    try:
        _write(unfinished, scene, world, model)
        (unfinished / _MADE_FILE).write_text(digest, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        os.rename(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _write(directory: Path, scene: Scene, world: str, model: str) -> None:
    (directory / WORLD_FILE).write_text(world, encoding="utf-8")
    (directory / PACED_FILE).write_text(_paced(world), encoding="utf-8")
    rover = directory / MODELS / ROVER_MODEL
    terrain = directory / MODELS / terrain_model_name(scene)
    for folder, title in ((rover, "LUPEX rover"), (terrain, f"Ground of the world {scene.name}")):
        folder.mkdir(parents=True)
        (folder / "model.config").write_text(_config(folder.name, title), encoding="utf-8")
    (rover / "model.sdf").write_text(model, encoding="utf-8")
    (terrain / "model.sdf").write_text(sdf_text(_empty(terrain.name)), encoding="utf-8")
    patch = scene.patch()
    (terrain / "heights.png").write_bytes(png(patch.pixels()))
    (terrain / "regolith.png").write_bytes(regolith_texture())
    (terrain / "flat.png").write_bytes(flat_normals())
    (terrain / "surroundings.obj").write_text(surroundings_mesh(scene.base, patch, scene.terrain), encoding="utf-8")


def _paced(world: str) -> str:
    root = ElementTree.fromstring(world)
    factor = root.find("world/physics/real_time_factor")
    if factor is None:
        raise ValueError("a world without a real_time_factor")
    factor.text = _PACED_FACTOR
    return sdf_text(root)


def _config(name: str, title: str) -> str:
    return (
        f'<?xml version="1.0"?>\n<model>\n  <name>{name}</name>\n  <version>1.0</version>\n'
        f'  <sdf version="{SDF_VERSION}">model.sdf</sdf>\n  <description>{title}</description>\n</model>\n'
    )


def _empty(name: str) -> Element:
    """A directory below the resource path is a model to Gazebo: the terrain's holds files and one empty frame."""
    sdf = Element("sdf", version=SDF_VERSION)
    model = ElementTree.SubElement(sdf, "model", name=name)
    ElementTree.SubElement(model, "static").text = "true"
    ElementTree.SubElement(model, "link", name="nothing")
    ElementTree.indent(sdf)
    return sdf


def missing_files(text: str, resource_path: Sequence[Path]) -> list[str]:
    """Return the `model://` references of an SDF text that lead to nothing on the resource path."""
    named = dict.fromkeys(_URI.findall(text))
    return [name for name in named if not any((directory / name).exists() for directory in resource_path)]


def refuse_missing(world_file: Path, resource_path: Sequence[Path]) -> None:
    """Raise MissingFileError when a world or what it refers to is not there."""
    if not world_file.is_file():
        raise MissingFileError(f"{world_file}: there is no such world; make it with ./lupex world NAME")
    missing = missing_files(world_file.read_text(encoding="utf-8"), resource_path)
    if missing:
        places = os.pathsep.join(str(directory) for directory in resource_path) or "an empty GZ_SIM_RESOURCE_PATH"
        raise MissingFileError(
            f"{world_file}: {', '.join(missing)} is not in {places}; make it with ./lupex world NAME"
        )
