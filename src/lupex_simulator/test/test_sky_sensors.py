# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lupex_models.rover import StarTracker
from lupex_simulator.sensors.sky_sensors import (
    base_from_star_tracker,
    grid_direction,
    quaternion,
    rotation_from_vector,
    rotation_vector,
)

TRACKER = StarTracker(1e-4, 3e-4, 0.785, math.pi, 0.52, 1.0)


@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_quaternion_and_rodrigues_agree_with_scipy(vector):
    rotation = rotation_from_vector(np.array(vector))
    expected = Rotation.from_rotvec(vector)
    assert np.allclose(rotation, expected.as_matrix(), atol=1e-12)
    assert np.allclose(Rotation.from_quat(quaternion(rotation)).as_matrix(), rotation, atol=1e-9)
    assert quaternion(rotation)[3] >= 0.0


@given(st.tuples(*[st.floats(-1.7, 1.7)] * 3))
def test_a_rotation_has_the_vector_that_made_it(vector):
    assert rotation_vector(Rotation.from_rotvec(vector).as_matrix()) == pytest.approx(vector, abs=1e-9)


def test_boresight_looks_up_to_the_rear():
    axes = base_from_star_tracker(TRACKER)
    assert np.allclose(axes @ axes.T, np.eye(3))
    azimuth, elevation = grid_direction(axes[:, 0])
    assert azimuth == pytest.approx(1.5 * math.pi)
    assert elevation == pytest.approx(0.785)
