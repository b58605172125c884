# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transforms3d.euler import euler2mat
from transforms3d.quaternions import mat2quat, qmult, quat2mat

from lupex_localization import rotation

ANGLES = st.floats(-3.0, 3.0)
VECTORS = st.tuples(ANGLES, ANGLES, ANGLES).map(np.array).filter(lambda v: np.linalg.norm(v) < 3.1)

pytestmark = pytest.mark.property


@given(VECTORS)
@settings(max_examples=50, deadline=None)
def test_rotation_vector_round_trip(v):
    assert rotation.to_rotation_vector(rotation.from_rotation_vector(v)) == pytest.approx(v, abs=1e-9)


@given(VECTORS, VECTORS)
@settings(max_examples=50, deadline=None)
def test_agrees_with_transforms3d(a, b):
    p, q = rotation.from_rotation_vector(a), rotation.from_rotation_vector(b)
    assert rotation.rotation_matrix(p) == pytest.approx(quat2mat(p), abs=1e-12)
    product = qmult(p, q)
    assert abs(rotation.multiply(p, q) @ product) == pytest.approx(1.0, abs=1e-12)
    assert abs(rotation.from_matrix(np.ascontiguousarray(quat2mat(p))) @ mat2quat(quat2mat(p))) == pytest.approx(1.0)


@given(st.floats(-3.1, 3.1), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
@settings(max_examples=50, deadline=None)
def test_heading_and_up_give_yaw_pitch_roll(yaw, pitch, roll):
    matrix = euler2mat(yaw, pitch, roll, "rzyx")
    q = rotation.from_heading_and_up(yaw, np.ascontiguousarray(matrix[2]))
    assert rotation.rotation_matrix(q) == pytest.approx(matrix, abs=1e-12)
    assert rotation.yaw_of(q) == pytest.approx(yaw, abs=1e-9)


def test_half_turns_and_nothing_are_no_special_case():
    for axis in np.eye(3):
        q = rotation.from_matrix(np.ascontiguousarray(2.0 * np.outer(axis, axis) - np.eye(3)))
        assert np.linalg.norm(rotation.to_rotation_vector(q)) == pytest.approx(math.pi)
    assert rotation.to_rotation_vector(rotation.from_rotation_vector(np.zeros(3))) == pytest.approx(np.zeros(3))
