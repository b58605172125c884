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


def test_no_metre_is_in_two_windows_and_a_window_ends_with_its_patch():
    found, refusals = run(readings(301, slip=0.0, slope_deg=0.0, tilt_deg=0.0))
    assert not refusals
    # patches of 5 m: three, and the two that are left of it; the last goes on
    assert [window.track_m for window in found] == pytest.approx([3.0, 1.9, *[3.0, 2.0] * 4, 3.0])
    # the first second is that of the start
    assert [window.time_s for window in found] == [
        131.0,
        150.0,
        *[s + 50.0 * k for k in range(4) for s in (180.0, 200.0)],
        380.0,
    ]
    for window in found:
        assert window.share.sum() == pytest.approx(1.0)
        assert np.ptp(np.floor(window.x_m / CONFIG.patch_m)) == 0.0
    places = np.concatenate([window.x_m for window in found])
    assert len(np.unique(places.round(6))) == places.size == 279


@pytest.mark.parametrize("slip", [-0.3, 0.0, 0.1, 0.6])
@pytest.mark.parametrize("slope", [0.0, 12.0, -12.0])
def test_slip_is_that_of_the_way_over_ground_along_the_slope(slip, slope):
    found, _ = run(readings(100, slip=slip, slope_deg=slope, tilt_deg=abs(slope)))
    assert found
    for window in found:
        assert window.slip == pytest.approx(slip, abs=1e-6)
        assert window.along_rad == pytest.approx(math.radians(slope))


@pytest.mark.parametrize("turning", [0.04, -0.04])
def test_a_curve_is_no_slip(turning):
    found, _ = run(readings(150, slip=0.2, slope_deg=0.0, tilt_deg=0.0, turning=turning))
    assert found
    assert [window.slip for window in found] == pytest.approx([0.2] * len(found), abs=1e-3)


def test_there_and_back_again_is_a_way_over_ground():
    there = readings(18, slip=0.1, slope_deg=0.0, tilt_deg=0.0)
    back = [
        (later((r, f), 17.0)[0], dataclasses.replace(at, time_s=f.time_s + 17.0))
        for (r, f), (_, at) in zip(there, reversed(there), strict=True)
    ]
    back = [(dataclasses.replace(r, distance_m=r.distance_m + 1.7), f) for r, f in back]
    (window,), _ = run([*there, *back[1:]])
    assert window.slip == pytest.approx(0.1, abs=1e-6)
    # it may have been any way: the variances of both axes
    assert window.sigma == pytest.approx(0.01 * math.sqrt(1.6) / 3.0, rel=0.1)


def test_starts_and_stops_are_left_out():
    """The times of tracks and place are not quite the same: the place stands still for a part of a second longer."""
    told = readings(40, slip=0.1, slope_deg=0.0, tilt_deg=0.0)
    late = [(r, dataclasses.replace(f, x_m=max(f.x_m - 0.03, 0.0))) for r, f in told]
    assert run(late)[0][0].slip == pytest.approx(0.1, abs=1e-6)


def test_its_sigma_is_by_what_the_place_is_less_sure_along_the_way():
    (window, *_), _ = run(readings(60, slip=0.1, drift=0.02))
    assert window.sigma == pytest.approx(0.02 * math.sqrt(3.0) / 3.0, rel=1e-3)
    told = readings(60, slip=0.1, drift=0.0)
    # what is not known across the way is no slip
    told = [(r, dataclasses.replace(f, covariance_m2=(0.01, 0.0, 0.01 + 0.01 * k))) for k, (r, f) in enumerate(told)]
    assert run(told)[0][0].sigma == pytest.approx(0.0, abs=1e-6)
    # a place that was corrected had been wrong
    told = [
        (r, dataclasses.replace(f, covariance_m2=(0.01 if k < 15 else 0.009, 0.0, 0.01)))
        for k, (r, f) in enumerate(told)
    ]
    assert run(told)[0][0].sigma == pytest.approx(math.sqrt(0.001) / 3.0, rel=1e-3)


@pytest.mark.parametrize(("correlation", "sigma"), [(1.0, 0.03), (-1.0, 0.0)])
def test_on_the_diagonal_what_the_axes_err_by_together_counts(correlation, sigma):
    told = []
    for k, (r, f) in enumerate(readings(40, slip=0.1, slope_deg=0.0, tilt_deg=0.0, drift=0.0)):
        grown = 0.5 * (0.03 * 3.0) ** 2 * min(max(k - 1, 0) / 30.0, 1.0)
        covariance = (0.01 + grown, correlation * grown, 0.01 + grown)
        told.append(
            (r, dataclasses.replace(f, x_m=f.x_m / math.sqrt(2), y_m=f.x_m / math.sqrt(2), covariance_m2=covariance))
        )
    found, _ = run([(r, f) for r, f in told], SlipWindows(dataclasses.replace(CONFIG, unseen_sigma=0.1)))
    assert found[0].slip == pytest.approx(0.1, abs=1e-6)
    assert found[0].sigma == pytest.approx(sigma, abs=1e-6)


def test_the_ground_of_a_window_is_that_driven_over_in_it():
    (window, *_), _ = run(readings(32, slip=0.4, slope_deg=5.0, tilt_deg=9.0))
    # 30 steps of 6 cm along the slope, from the middle of the second to that of the last
    level = math.cos(math.radians(5.0))
    assert window.x_m.max() == pytest.approx(1.83 * level)
    assert window.x_m.min() == pytest.approx(0.09 * level)
    across = math.asin(math.sqrt(math.sin(math.radians(9.0)) ** 2 - math.sin(math.radians(5.0)) ** 2))
    assert window.across_rad == pytest.approx(across)


def test_a_stop_is_no_driving_and_no_gap():
    there = readings(16)
    windows = SlipWindows(CONFIG)
    assert not windows.stood(there[0][0])
    assert run(there, windows) == ([], [])
    rest = [later(there[-1], k) for k in range(4, 41, 4)]
    assert all(windows.stood(reading) for reading, _ in rest)
    on = readings(18, begin_s=155.0, x_m=there[-1][1].x_m, way_m=1.5)
    assert not any(windows.stood(reading) for reading, _ in on[1:])
    found, refusals = run(on[1:], windows)
    assert not refusals
    assert [window.track_m for window in found] == pytest.approx([3.0])
    assert found[0].slip == pytest.approx(0.1, abs=1e-6)
    # the same reading told again is no rest
    assert not windows.stood(on[-1][0])


def test_what_is_no_surer_than_a_guess_teaches_nothing():
    assert run(readings(200, slip=0.02, drift=0.05)) == ([], [])
    # slip that is far off is believed with a sigma that would be no word of a small one
    assert run(readings(100, slip=0.5, drift=0.05))[0]


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


def test_a_place_that_jumps_teaches_nothing_and_is_told():
    told = readings(40, slip=0.1)
    for jump_m in (1.5, -1.0, 4.0, 40.0):
        moved = [(r, dataclasses.replace(f, x_m=f.x_m + jump_m * (k >= 12))) for k, (r, f) in enumerate(told)]
        found, refusals = run(moved)
        assert refusals == ["the place jumped"]
        assert [window.slip for window in found] == pytest.approx([0.1] * len(found), abs=1e-6)


def test_the_same_reading_again_and_again_is_refused():
    told = readings(32)
    found, refusals = run([*told, *[told[-1]] * 50])
    assert len(found) == 1
    assert refusals == ["not newer than the slip before"] * 50


def test_a_bogged_rover_tells_its_slip_once():
    found, refusals = run(readings(400, slip=1.0, drift=0.0))
    assert [window.slip for window in found] == pytest.approx([1.0])
    assert len(refusals) > 10
    assert set(refusals) == {"the rover is bogged where its slip was measured last"}


def test_who_bogs_down_just_after_a_measurement_tells_it_too():
    """The slip of good ground was measured a step before: that is no reason to leave out what came then."""
    good = readings(32, slip=0.05, drift=0.0)
    end = good[-1][1]
    bogged = readings(100, begin_s=131.0, slip=1.0, drift=0.0, x_m=end.x_m, way_m=good[-1][0].distance_m)
    found, refusals = run([*good, *bogged[1:]])
    assert [window.slip for window in found] == pytest.approx([0.05, 1.0])
    assert set(refusals) == {"the rover is bogged where its slip was measured last"}


def test_over_a_gap_or_a_counter_that_began_anew_the_way_is_not_known():
    gap = [later(each, 20.0) for each in readings(60)[19:]]
    found, refusals = run([*readings(19), *gap])
    assert not refusals
    # the first window lies after the gap as a whole
    assert found[0].time_s - found[0].track_m / 0.1 >= 139.0 - 1e-6
    anew = [(dataclasses.replace(r, distance_m=r.distance_m - 2.0), f) for r, f in readings(60)[19:]]
    found, _ = run([*readings(19), *anew])
    assert found[0].time_s - found[0].track_m / 0.1 >= 119.0 - 1e-6


def test_a_clock_that_began_anew_is_followed():
    windows = SlipWindows(CONFIG)
    run(readings(61, begin_s=5000.0), windows)
    found, refusals = run(readings(61, begin_s=10.0), windows)
    assert not refusals
    assert len(found) >= 2
