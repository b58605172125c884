# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
import math

import numpy as np
import pytest

from lupex_node.checkpoint import load_checkpoint, save_checkpoint
from lupex_node.checks import InvalidMessage, all_finite, finite, fresh, in_frame, unit_quaternion


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2.1, -0.1])
def test_finite_refuses(value):
    with pytest.raises(InvalidMessage, match="mass"):
        finite(value, "mass", 0.0, 2.0)


def test_finite_returns_a_float():
    assert finite(np.float32(1.5), "mass", 0.0, 2.0) == 1.5


def test_all_finite():
    assert all_finite((1, 2), "v").dtype == np.float64
    with pytest.raises(InvalidMessage):
        all_finite((1, math.nan), "v")


def test_unit_quaternion_is_normalised_or_refused():
    assert np.linalg.norm(unit_quaternion(0, 0, 0, 1.005, "q")) == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(InvalidMessage, match="length 0"):
        unit_quaternion(0, 0, 0, 0, "q")


def test_frame_and_age():
    in_frame("map", "map")
    with pytest.raises(InvalidMessage, match="'odom', not 'map'"):
        in_frame("odom", "map")
    fresh(9.0, 10.0, 1.0, 0.5)
    with pytest.raises(InvalidMessage, match="old"):
        fresh(8.9, 10.0, 1.0, 0.5)
    with pytest.raises(InvalidMessage, match="future"):
        fresh(10.6, 10.0, 1.0, 0.5)


def test_checkpoint_comes_back_while_young(tmp_path):
    path = tmp_path / "deep" / "node.json"
    save_checkpoint(path, 100.0, {"phase": 3})
    assert load_checkpoint(path, 150.0, 60.0) == (100.0, {"phase": 3})
    assert load_checkpoint(path, 161.0, 60.0) is None
    assert load_checkpoint(path, 99.0, 60.0) is None
    assert [p.name for p in path.parent.iterdir()] == ["node.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"stamp_s": "x", "state": {}}', '{"stamp_s": 1, "state": 2}'])
def test_damaged_checkpoint_is_none(tmp_path, text):
    path = tmp_path / "node.json"
    path.write_text(text)
    assert load_checkpoint(path, 1.0, 60.0) is None


def test_failed_checkpoint_leaves_the_old_one(tmp_path):
    path = tmp_path / "node.json"
    save_checkpoint(path, 1.0, {"a": 1})
    with pytest.raises(TypeError):
        save_checkpoint(path, 2.0, {"a": object()})
    assert json.loads(path.read_text())["stamp_s"] == 1.0
    assert len(list(tmp_path.iterdir())) == 1
