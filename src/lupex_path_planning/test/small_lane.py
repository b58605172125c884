# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Cells in a row with the Sun at one end, and a search that knows every wait."""

import dataclasses

import numpy as np
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, grid

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import Moves
from lupex_path_planning.way_back.recovery import recovery_policy

# every wait that the exhaustive search knows, and nothing taken for the same
EXACT = SortieConfig(
    margin_wh=0.0, energy_tolerance_wh=0.0, time_tolerance_s=0.0, waits_a_slice=6, margin_answer_wh=0.001
)


def lane(length=6, slices=40, lit=1):
    """Return cells in a row with moves both ways; the first `lit` cells see the Sun."""
    site = grid(2, length)
    time_s = np.full((8, 2, length), np.inf)
    time_s[0, 0, :-1] = time_s[4, 0, 1:] = 100.0
    moves = Moves(time_s, np.full((8, 2, length), 100.0), 50.0, 1.0, 1.0, 400.0)
    sun = np.zeros((slices, 2, length), np.float32)
    sun[:, 0, :lit] = 150.0
    config = dataclasses.replace(CONFIG, horizon_s=(slices - 4) * SLICE_S)
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    return recovery_policy(site, moves, light, config, RESERVE_J, CAPACITY_J), moves
