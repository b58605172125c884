# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The ground of a Gazebo world: the fine patch, what it takes in, and the mesh about it."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ground_and_mesh import bowl, mesh_heights

from lupex_models.configuration import ConfigurationError
from lupex_models.height_field import HeightField
from lupex_models.site import Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_worlds.gazebo_files.raster import Patch, TerrainError, cut_patch, surroundings_mesh
from lupex_worlds.gazebo_files.terrain_settings import TerrainSettings, read_terrain_settings
from lupex_worlds.gazebo_files.world_model import Scene


def test_patch_is_the_smallest_power_of_two_with_its_margin():
    patch = cut_patch(bowl(), np.array([0.0, 10.0]), np.array([0.0, 0.0]), 3.0)
    assert patch.heights_m.shape == (65, 65)
    assert patch.centre_m == pytest.approx((5.0, 0.0), abs=0.25)
    wider = cut_patch(bowl(), np.array([0.0, 10.0]), np.array([0.0, 0.0]), 3.5)
    assert wider.heights_m.shape == (129, 129)
    assert wider.contains(0.0, 0.0)
    assert not wider.contains(40.0, 0.0)


def test_a_long_route_takes_a_coarser_patch():
    fine = bowl(cells=100, cell_m=0.05)
    patch = cut_patch(fine, np.array([-80.0, 80.0]), np.array([0.0, 0.0]), 20.0)
    assert (patch.cell_m, patch.heights_m.shape) == (0.1, (2049, 2049))
    assert patch.contains(-99.0, 0.0)
    assert float(patch.heights_m[1024, 1024]) == pytest.approx(0.0, abs=1e-4)


def test_patch_beyond_the_map_is_refused():
    with pytest.raises(TerrainError, match="more than the map"):
        cut_patch(bowl(), np.array([0.0, 290.0]), np.array([0.0, 0.0]), 40.0)


def test_the_ground_takes_in_the_havens_that_leave_it_fine():
    scene = Scene(
        "t",
        SiteFrame(-1.56, 3.9, 0.0),
        bowl(),
        np.empty((0, 4)),
        Pose2(0.0, 0.0, 0.0),
        (Target(10.0, 0.0, "t"),),
        1.8e9,
        havens=((250.0, 0.0), (-60.0, 20.0), (-290.0, 0.0)),
        terrain=TerrainSettings(margin_m=20.0, most_cells=512),
    )
    patch = scene.patch()
    # the second takes 70 + 40 m; the first would take more than 512 cells of 0.25 m, the last is off the map
    assert patch.cell_m == 0.25
    assert patch.contains(-60.0, 20.0, 20.0)
    assert patch.contains(10.0, 0.0, 20.0)
    assert not patch.contains(250.0, 0.0)
    alone = dataclasses.replace(scene, havens=()).patch()
    assert alone.size_m == 64.0


def test_a_haven_at_the_edge_of_the_map_is_left_out_and_refuses_nothing():
    scene = Scene(
        "t", SiteFrame(-1.56, 3.9, 0.0), bowl(), np.empty((0, 4)), Pose2(200.0, 0.0, 0.0), (), 1.8e9, ((295.0, 0.0),)
    )
    assert scene.patch().contains(200.0, 0.0, 30.0)


def test_terrain_settings_are_read_and_refused(repository, tmp_path):
    assert read_terrain_settings(repository / "config" / "gazebo_world.yaml") == TerrainSettings()
    path = tmp_path / "gazebo_world.yaml"
    for text, says in (
        ("most_cells: 1000", "'most_cells' is 1000 but must be a power of two"),
        ("margin: 3.0", "margin"),
        ("margin_m: 1.0", "margin_m"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=says):
            read_terrain_settings(path)


def test_level_ground_has_a_height_too():
    patch = Patch(np.zeros((65, 65)), 0.0, 0.0, 0.25)
    assert patch.relief_m == 1e-3
    assert not patch.pixels().any()


def test_surroundings_meet_the_patch_and_reach_under_it():
    ground = bowl()
    base = HeightField(ground.base, ground.base_x0_m, ground.base_y0_m, ground.base_cell_m)
    patch = cut_patch(ground, np.array([0.0]), np.array([0.0]), 8.0)
    text = surroundings_mesh(base, patch)
    lines = text.splitlines()
    points = np.array([line.split()[1:] for line in lines if line.startswith("v ")], dtype=float)
    normals = np.array([line.split()[1:] for line in lines if line.startswith("vn ")], dtype=float)
    faces = np.array(
        [[int(word.split("//")[0]) - 1 for word in line.split()[1:]] for line in lines if line.startswith("f ")]
    )
    a, b, c = (points[faces[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0.0).all()
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1.0, abs=1e-3)
    mesh = mesh_heights(text)

    def wanted(x, y):
        return 0.001 * (x**2 + y**2)

    side = patch.x0_m + np.array([0.0, patch.size_m])
    along = np.linspace(side[0], side[1], 41)
    for edge in side:
        for at in (np.stack([along, np.full(41, edge)], axis=-1), np.stack([np.full(41, edge), along], axis=-1)):
            # between two nodes 5 m apart a bowl hangs by 6 mm
            assert mesh(at) == pytest.approx(wanted(at[:, 1], at[:, 0]), abs=0.02)
    # just within, where both are, the fine ground shows; farther in there is no mesh, and outside it is everywhere
    under = points[
        np.isin(points[:, 0], side + np.array([1.0, -1.0])) & patch.contains(points[:, 0], points[:, 1], 0.9)
    ]
    assert len(under) >= 8
    assert under[:, 2] == pytest.approx(wanted(under[:, 0], under[:, 1]) - 0.5, abs=0.02)
    assert np.isnan(mesh((0.0, 0.0)))
    rng = np.random.default_rng(3)
    far = rng.uniform(-300.0, 300.0, (500, 2))
    far = far[~patch.contains(far[:, 1], far[:, 0])]
    # thinned to every node but one in a field as small as this
    assert mesh(far) == pytest.approx(wanted(far[:, 1], far[:, 0]), abs=0.02)


def test_surroundings_are_thinned_far_from_the_patch_alone():
    ground = bowl()
    axis = np.arange(-2000.0, 2001.0, 5.0)
    base = HeightField(np.zeros((axis.size, axis.size), np.float32), -2000.0, -2000.0, 5.0)
    patch = cut_patch(ground, np.array([0.0]), np.array([0.0]), 8.0)
    points = {tuple(line.split()[1:3]) for line in surroundings_mesh(base, patch).splitlines() if line.startswith("v ")}
    x = np.unique([float(px) for px, _ in points])
    gaps, middle = np.diff(x), 0.5 * (x[1:] + x[:-1])
    near = np.abs(middle) < 100.0
    assert gaps[near].max() <= 5.0 + 1.0
    assert gaps.max() <= 25.0
    assert (x[0], x[-1]) == (-2000.0, 2000.0)
    assert len(points) < 45_000
