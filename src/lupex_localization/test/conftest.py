# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from hilly_world import MAP_FROM_ICRF, MOON_RATE, ROVER, SUN, World

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import initial_state
from lupex_localization.start import Beginning
from lupex_localization.surroundings import Surroundings
from lupex_localization.track_odometry import SlipModel


@pytest.fixture(scope="session")
def rover():
    return ROVER


@pytest.fixture(scope="session")
def slip_model():
    return SlipModel.build(ROVER, 8, 0.1, 0.5, 0.015, 0.01)


@pytest.fixture
def make_world(slip_model):
    def make(seed=0, noise=1.0):
        return World(ROVER, slip_model, np.random.default_rng(seed), noise)

    return make


@pytest.fixture
def make_estimator(slip_model):
    """Make an estimator that begins at the world's pose, off by a draw from its own covariance if `rng` is given."""

    def make(world, config=None, rng=None, yaw_sigma=0.05, terrain=True):
        surroundings = Surroundings(
            map_from_icrf=lambda time_s: MAP_FROM_ICRF,
            sun_in_map=lambda time_s: SUN,
            terrain=world.terrain if terrain else None,
            frame_rate=MOON_RATE,
        )
        estimator = PoseEstimator(config or LocalizationConfig(), ROVER, slip_model, surroundings)
        spread = dataclasses.replace(
            estimator.terms.spread(), position_m=0.1, height_m=0.1, tilt_rad=0.01, yaw_rad=yaw_sigma, velocity_mps=1e-3
        )
        state = initial_state(world.time_s, world.position_m, world.quaternion, spread)
        if rng is not None:
            off = rng.multivariate_normal(np.zeros(9), state.covariance[:9, :9])
            nominal = state.nominal.copy()
            nominal[0:6] += off[0:6]
            nominal[6:10] = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(off[6:9]))
            state = esf.FilterState(state.time_s, nominal, state.covariance)
        estimator.begin(Beginning(state))
        return estimator

    return make


@pytest.fixture
def error_of():
    """Return the function that gives the nine errors (position, velocity, attitude) of an estimator against a world."""

    def error(estimator, world):
        nominal = estimator.reckoning.state.nominal
        turned = rotation.multiply(rotation.conjugate(nominal[6:10]), world.quaternion)
        return np.concatenate(
            [world.position_m - nominal[0:3], world._velocity - nominal[3:6], rotation.to_rotation_vector(turned)]
        )

    return error
