# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json

import pytest
import yaml

from lupex_models.configuration import ConfigurationError
from lupex_worlds.truth.level import KIND
from lupex_worlds.truth.level_file import find_level, read_level

LEVELS = ("kind", "nominal", "harsh")


@pytest.fixture
def worlds(repository):
    return [repository / "worlds"]


def changed(tmp_path, worlds, change):
    values = yaml.safe_load(find_level("nominal", worlds).read_text(encoding="utf-8"))
    change(values)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_the_kind_level_is_what_a_world_is_opened_at_without_one(worlds):
    assert read_level("kind", worlds) == KIND


def test_a_level_of_ones_own_is_a_file(tmp_path, worlds):
    path = changed(tmp_path, worlds, lambda values: values["vehicle"].update(drag_factor=[2.0, 2.0]))
    mine, nominal = read_level(str(path), []), read_level("nominal", worlds)
    assert mine.name == "mine"
    assert mine.vehicle.drag_factor == (2.0, 2.0)
    assert mine.ground == nominal.ground


def test_a_digest_is_that_of_the_numbers_and_not_of_the_file(tmp_path, worlds):
    nominal = read_level("nominal", worlds)
    # written anew it has other lines, no comments and another name
    assert read_level(str(changed(tmp_path, worlds, lambda values: None)), []).digest == nominal.digest
    digests = {read_level(name, worlds).digest for name in LEVELS}
    for change in (
        lambda values: values["vehicle"].update(drag_factor=[0.8, 1.50001]),
        lambda values: values["sensors"]["lidar"].update(dropout_share=[0.005, 0.0200001]),
        lambda values: values["ground"]["weak"].update(share=0.150001),
        lambda values: values["place"].update(another_place_each_seed=False),
    ):
        digests.add(read_level(str(changed(tmp_path, worlds, change)), []).digest)
    assert len(digests) == len(LEVELS) + 4
    assert all(len(digest) == 64 for digest in digests)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values["ground"].pop("digging"), "'ground.digging' is missing: a level states every number"),
        (lambda values: values.pop("sensors"), "'sensors.imu.gyro_noise_rad_s_rthz' is missing"),
        (lambda values: values["energy"]["battery"].update(capacity_factor=[1.0, 0.5]), "takes [low, high]"),
        (lambda values: values["energy"]["battery"].update(amount=[1, 1]), "unknown key 'energy.battery.amount'"),
        (lambda values: values["ground"].update(digging=[-1.0, 0.5]), "'ground.digging'"),
        (lambda values: values.update(name="kind"), "'name' is the file's own name"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_file_and_key(tmp_path, worlds, change, words):
    path = changed(tmp_path, worlds, change)
    with pytest.raises(ConfigurationError) as caught:
        read_level(str(path), [])
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_level_is_answered_by_those_that_there_are(tmp_path, worlds):
    with pytest.raises(ConfigurationError, match="no truth level 'cruel'; known levels: harsh, kind, nominal"):
        read_level("cruel", worlds)
    with pytest.raises(ConfigurationError, match="no such file of a truth level"):
        read_level(str(tmp_path / "none.yaml"), worlds)


def numbers(section, prefix=""):
    for key, value in section.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.parametrize("level", LEVELS)
def test_every_number_has_its_source(level, worlds):
    lines = find_level(level, worlds).read_text(encoding="utf-8").splitlines()
    section = []
    for line in lines:
        if ":" in line and not line.lstrip().startswith("#") and line.split(":", 1)[1].strip():
            marked = any(mark in line for mark in ("[S]", "[S ", "[L]", "[A]"))
            assert marked, f"{level}: {line.strip()} has no mark of its source"
            section.append(line)
    assert len(section) == len(list(numbers(yaml.safe_load("\n".join(lines)))))


FROZEN = {"kind": "943ea5f589b5e4c4", "nominal": "dfc3f82ac6245e13", "harsh": "68fde90865cd24b9"}


@pytest.mark.parametrize("level", LEVELS)
def test_the_levels_are_frozen(level, worlds):
    """Results of years are compared by a level's name: another set of numbers is another level."""
    values = yaml.safe_load(find_level(level, worlds).read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
    assert digest == FROZEN[level]
