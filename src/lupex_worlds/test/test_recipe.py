# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import copy
from pathlib import Path

import pytest
import yaml

from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_worlds.recipe import ROS_TIME_AT_START_S, read_recipe

WORLDS = Path(__file__).resolve().parents[3] / "worlds"
RIDGE = yaml.safe_load((WORLDS / "ridge.yaml").read_text(encoding="utf-8"))


def changed(tmp_path, key, value):
    """Write the ridge recipe with one dotted key changed (or removed, for None)."""
    values = copy.deepcopy(RIDGE)
    section = values
    *parents, last = key.split(".")
    for name in parents:
        section = section[int(name)] if isinstance(section, list) else section[name]
    if value is None:
        del section[last]
    else:
        section[last] = value
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_reads(path):
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert recipe.utc_offset_s == recipe.start_utc_s - ROS_TIME_AT_START_S


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_horizon_map_is_looked_out_from_the_rovers_array(path):
    rover = read_rover(WORLDS.parent / "config" / "rover.yaml")
    assert read_recipe(path).dem.observer_height_m == rover.solar_array.centre_height_m


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sight", {}, ["unknown key 'sight'", "site"]),
        ("terrain.sede", 1, ["unknown key 'terrain.sede'", "seed"]),
        ("truth.strata.ice", [1, 2], ["unknown key 'truth.strata.ice'"]),
        ("site.latitude_deg", -20, ["'site.latitude_deg'", "from -90", "up to -60"]),
        ("start.soc", 1.5, ["'start.soc'", "up to 1"]),
        ("terrain.seed", None, ["'terrain.seed' is missing"]),
        ("craters.0.diameter_m", 3.0, ["craters[0]", "'diameter_m'", "from 30"]),
        ("terrain.crater_depth_ratio", [0.1, 0.05], ["'terrain.crater_depth_ratio'", "[low, high]"]),
        ("terrain.crater_diameter_m", [40.0, 40.0], ["'terrain.crater_diameter_m'", "two different diameters"]),
        ("truth.detail.rock_diameter_m", [1.0, 1.0], ["'truth.detail.rock_diameter_m'", "two different diameters"]),
        ("craters.0.radius_m", 3.0, ["craters[0]", "unknown key 'radius_m'"]),
        ("craters", {}, ["'craters' must be a list"]),
        ("havens", [], ["'havens'", "at least one"]),
        ("start.utc", "yesterday", ["'start.utc'", "ISO 8601"]),
        ("start.utc", "2028-10-13T12:00:00", ["'start.utc'", "with a zone"]),
        ("truth.strata.dry_layer_m", [0.3, 0.1], ["'truth.strata.dry_layer_m'", "[low, high]"]),
        ("truth.strata.dry_layer_m", [0.3], ["'truth.strata.dry_layer_m'", "[low, high]"]),
        ("truth.strata.dry_layer_m", [-1.0, 0.3], ["'truth.strata.dry_layer_m'", "from 0"]),
        ("truth.detail.x_min_m", -1990.0, ["'truth.detail.x_min_m'", "between -1950 and 1950 m"]),
        ("truth.detail.y_max_m", -155.0, ["'truth.detail.y_min_m'", "at least 20 m wide"]),
        ("places.sede", 1, ["places: unknown key 'sede'"]),
        ("places.along_m", [5.0, -5.0], ["'places.along_m'", "[low, high]"]),
        (
            "places.season_from_utc",
            "2029-02-27T00:00:00Z",
            ["'places.season_from_utc'", "'places.lit_hours' (30 h) apart"],
        ),
        ("places.season_until_utc", "2029", ["'places.season_until_utc'", "with a zone"]),
        ("dem.source", "mine.tif", ["'places' needs 'dem.source: lola'"]),
        ("sortie.target_x_m", 900.0, ["'sortie.target_x_m'", "hold the lander and the target"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_file_and_key(tmp_path, key, value, words):
    path = changed(tmp_path, key, value)
    with pytest.raises(ConfigurationError) as caught:
        read_recipe(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for word in words:
        assert word in message


def test_the_orbital_part_knows_nothing_of_the_truth(tmp_path):
    ridge = read_recipe(changed(tmp_path, "site.half_extent_m", 2000.0)).orbital_part
    biased = read_recipe(changed(tmp_path, "truth.strata.ice_in_shadow", [0.4, 0.4])).orbital_part
    assert "truth" not in ridge
    assert ridge == biased


def test_a_dem_path_is_seen_from_the_recipe(tmp_path):
    path = changed(tmp_path, "dem.source", "maps/dem.tif")
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    del values["places"]
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    recipe = read_recipe(path)
    assert recipe.places is None
    assert recipe.dem.source == str(tmp_path / "maps" / "dem.tif")
