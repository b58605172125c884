# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Readings of slip into windows: each metre once, and what teaches nothing."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from soil_by_hand import readings

from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.slip_windows import SlipWindows

CONFIG = SoilConfig()


def run(told, windows=None):
    windows = windows or SlipWindows(CONFIG)
    taken = [windows.take(*each) for each in told]
    return [each.window for each in taken if each.window], [each.refusal for each in taken if each.refusal]


def later(told, seconds):
    reading, footing = told
    return dataclasses.replace(reading, time_s=reading.time_s + seconds), dataclasses.replace(
        footing, time_s=footing.time_s + seconds
    )


def test_no_metre_is_in_two_windows():
    found, refusals = run(readings(301))
    assert not refusals
    assert len(found) == 10
    # the first when 2 m lie behind it, the others when theirs of 30 s are new
    assert [window.time_s for window in found] == [120.0 + 30.0 * k for k in range(10)]
    assert [window.track_m for window in found] == pytest.approx([2.0] + 9 * [3.0])
    for window in found:
        assert window.share.sum() == pytest.approx(1.0)
    places = np.concatenate([window.x_m for window in found])
    assert len(np.unique(places.round(6))) == places.size == 290


def test_the_ground_of_a_window_is_that_driven_over_in_it():
    told = readings(31, slip=0.4, slope_deg=5.0, tilt_deg=9.0)
    (window,), _ = run(told)
    # 20 steps of 6 cm, from the middle of the first to that of the last
    assert window.x_m.max() == pytest.approx(1.17)
    assert window.x_m.min() == pytest.approx(0.03)
    assert np.unique(window.along_rad) == pytest.approx(math.radians(5.0))
    across = math.asin(math.sqrt(math.sin(math.radians(9.0)) ** 2 - math.sin(math.radians(5.0)) ** 2))
    assert np.unique(window.across_rad) == pytest.approx(across)


def test_a_stop_is_no_driving_and_lengthens_no_window():
    there = readings(16)
    rest = [later(there[-1], k) for k in range(1, 41)]
    on = readings(16, begin_s=155.0, x_m=1.35, way_m=1.5)
    on = [(dataclasses.replace(r, window_s=15.0 + k), f) for k, (r, f) in enumerate(on)]
    windows = SlipWindows(CONFIG)
    assert not windows.stands(there[0][0])
    assert run(there, windows) == ([], [])
    assert windows.stands(rest[0][0])
    found, refusals = run([*rest, *on[1:]], windows)
    assert not refusals
    assert len(found) == 1
    assert found[0].track_m == pytest.approx(2.0)
    assert found[0].time_s == 160.0


def test_the_models_own_word_and_what_is_no_surer_than_a_guess_teach_nothing():
    for change in ({"window_s": 0.0}, {"sigma": 0.2}, {"sigma": 0.045}):
        told = [(dataclasses.replace(r, **change), f) for r, f in readings(100)]
        assert run(told) == ([], [])
    # slip that is far off is believed with a sigma that would be no word on level ground
    found, _ = run([(dataclasses.replace(r, slip=0.5, sigma=0.08), f) for r, f in readings(31)])
    assert len(found) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r, f: (r, dataclasses.replace(f, time_s=f.time_s - 3.0)), "no pose at its stamp"),
        (lambda r, f: (dataclasses.replace(r, slope_rad=0.3), f), "steeper than the rover is tilted"),
        (lambda r, f: (dataclasses.replace(r, slope_rad=-0.3), f), "steeper than the rover is tilted"),
    ],
)
def test_what_does_not_go_together_is_refused(change, told):
    found, refusals = run([change(*each) for each in readings(100)])
    assert not found
    assert len(refusals) == 100
    assert told in refusals[0]


def test_the_same_reading_again_and_again_is_refused():
    told = readings(31)
    found, refusals = run([*told, *[told[-1]] * 50])
    assert len(found) == 1
    assert refusals == ["not newer than the slip before"] * 50


def test_a_bogged_rover_tells_its_slip_once():
    found, refusals = run(readings(400, slip=1.0))
    assert len(found) == 1
    assert refusals
    assert set(refusals) == {"the rover is where its slip was measured last"}


def test_over_a_gap_or_a_counter_that_began_anew_the_way_is_not_known():
    gap = [later(each, 20.0) for each in readings(60)[19:]]
    found, refusals = run([*readings(19), *gap])
    assert not refusals
    # the first window that lies after the gap as a whole
    assert [window.time_s for window in found] == pytest.approx([169.0])
    anew = [(dataclasses.replace(r, distance_m=r.distance_m - 2.0), f) for r, f in readings(60)[19:]]
    found, _ = run([*readings(19), *anew])
    assert [window.time_s for window in found] == pytest.approx([149.0])


def test_a_clock_that_began_anew_is_followed():
    windows = SlipWindows(CONFIG)
    run(readings(61, begin_s=5000.0), windows)
    found, refusals = run(readings(61, begin_s=10.0), windows)
    assert not refusals
    assert len(found) == 2
