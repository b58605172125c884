# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poles between the tower and the Sun darken the face behind them and no other."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from energy_draws import PLAIN_ARRAY, ROVER

from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteFrame
from lupex_simulator.power.tower_light import TowerLight
from lupex_simulator.power.true_array import FaceLight, TrueArray, evenly
from lupex_worlds.ground import Ground
from lupex_worlds.pose import Pose
from lupex_worlds.true_light import LightSettings, TrueLight

FRAME = SiteFrame(math.radians(-89.44), math.radians(222.9), 0.0)
UTC_S = 1_855_051_200.0
"""October 2028: the Sun is a degree or so up."""
SUN = FRAME.sun(UTC_S)
AZIMUTH = float(SUN.grid_azimuth_rad)
AWAY_M, CENTRE_M, HEIGHT_M, FACE_M = 6.0, 1.2, 1.0, 1.6 / 3.0
"""1.6 m2 of panel, a metre high: three faces of 0.53 m side by side."""
HERE = Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
LIT, DARK = FaceLight(1.0, 1.0, 1.0), FaceLight(0.0, 0.0, 0.0)


def flat(half_m, cell_m):
    count = 2 * round(half_m / cell_m) + 1
    return HeightField(np.zeros((count, count), np.float32), -half_m, -half_m, cell_m)


def light(pole_m=0.0, aside_m=0.0, detail_m=0.1):
    """Level ground with a pole 0.3 m wide before the tower, so far to the right as one looks towards the Sun."""
    base, detail = flat(300.0, 5.0), flat(10.0, detail_m)
    x, y = np.meshgrid(detail.x_m, detail.y_m)
    towards = x * math.sin(AZIMUTH) + y * math.cos(AZIMUTH)
    right = x * math.cos(AZIMUTH) - y * math.sin(AZIMUTH)
    detail.heights_m[(np.abs(towards - AWAY_M) < 0.15) & (np.abs(right - aside_m) < 0.15)] = pole_m
    ground = Ground(detail.heights_m, -10.0, -10.0, detail_m, base.heights_m, -300.0, -300.0, 5.0)
    return TrueLight(FRAME, ground, flat(5000.0, 100.0), flat(20_000.0, 1000.0), LightSettings())


def faces(sky, pose=HERE, utc_s=UTC_S):
    return TowerLight(sky, CENTRE_M, HEIGHT_M).faces(pose, utc_s)


def watts(seen):
    return TrueArray(ROVER.solar_array, PLAIN_ARRAY).power_w(seen, 0.0, 149_597_870_700.0, 301.15)


def test_in_the_open_all_faces_are_lit():
    assert 0.5 < math.degrees(SUN.elevation_rad) < 5.0
    assert faces(light()) == (LIT, LIT, LIT)
    assert watts(faces(light())) == pytest.approx(388.0)


@pytest.mark.parametrize(("face", "aside_m"), [(0, FACE_M), (1, 0.0), (2, -FACE_M)])
def test_a_pole_darkens_the_face_behind_it(face, aside_m):
    seen = faces(light(20.0, aside_m))
    assert seen == tuple(DARK if k == face else LIT for k in range(3))
    # four strings of twelve
    assert watts(seen) == pytest.approx(388.0 * 8.0 / 12.0)


def test_a_low_pole_darkens_the_lower_strings_of_one_face():
    # its shadow's edge falls from its top by the Sun's height: half a disc at 0.7 + 0.2 m, none at 1.2 m
    seen = faces(light(0.9 + AWAY_M * math.tan(float(SUN.elevation_rad))))
    assert seen[0] == seen[2] == LIT
    assert seen[1] == FaceLight(0.0, 1.0, 1.0)
    # the lowest string is dark, the next as its lower edge: halfway up to the middle
    assert watts(seen) == pytest.approx(388.0 * 10.5 / 12.0)


def test_between_two_faces_a_pole_hides_neither_middle():
    assert faces(light(20.0, 0.5 * FACE_M)) == (LIT, LIT, LIT)


def test_light_is_looked_for_anew_after_motion_or_time():
    pole = light(20.0)
    tower = TowerLight(pole, CENTRE_M, HEIGHT_M)
    assert tower.faces(HERE, UTC_S) == (LIT, DARK, LIT)
    aside = Pose(0.5 * FACE_M * math.cos(AZIMUTH), -0.5 * FACE_M * math.sin(AZIMUTH), 0.0, 0.0, 0.0, 0.0)
    assert tower.faces(aside, UTC_S + 1.0) == (LIT, LIT, LIT)
    assert tower.faces(HERE, UTC_S + 2.0) == (LIT, DARK, LIT)
    # 14 days later the Sun stands on the other side, or under the horizon
    later = tower.faces(HERE, UTC_S + 14 * 86_400.0)
    assert later in ((LIT, LIT, LIT), (DARK, DARK, DARK))
    # and what was seen is not looked for again within seconds
    looked = []
    object.__setattr__(pole, "disc_shares", lambda *place: looked.append(place))
    assert tower.faces(HERE, UTC_S + 14 * 86_400.0 + 9.0) == later
    assert not looked


def test_a_tower_without_height_has_no_parts_and_unknown_ground_no_light():
    assert TowerLight(light(), CENTRE_M, 0.0).faces(HERE, UTC_S) is None
    assert faces(light(), Pose(900.0, 0.0, 0.0, 0.0, 0.0, 0.0)) == evenly(0.0, 0.0, 0.0)
