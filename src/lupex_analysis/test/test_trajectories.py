# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
import sys

import numpy as np
import pytest

from lupex_analysis.rover.overview import errors_of
from lupex_analysis.rover.track_files import csv, tum
from lupex_analysis.rover.tracks import Track
from lupex_analysis.rover.trajectories import errors


def drive(count=400, period_s=0.1):
    t = period_s * np.arange(count)
    place = np.stack([0.3 * t, 3.0 * np.sin(0.2 * t), 0.2 * np.sin(0.1 * t)], axis=1)
    yaw = np.arctan2(0.6 * np.cos(0.2 * t), 0.3)
    turn = np.stack([np.cos(yaw / 2), np.zeros(count), np.zeros(count), np.sin(yaw / 2)], axis=1)
    return Track("/truth", 100.0 + t, place, turn, True)


def moved(track, angle_rad=0.0, shift=(0.0, 0.0, 0.0), scale=1.0, later_s=0.0, part=slice(None)):
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    place = scale * track.place_m @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]) + shift
    return Track("/odom", track.time_s[part] + later_s, place[part], track.quaternion[part], True)


def test_a_perfect_estimate_has_no_error():
    found = errors(drive(), moved(drive()))
    assert found["missing"] is None
    assert found["matched"] == 400
    assert found["matched_m"] == pytest.approx(found["true_m"])
    assert all(held["rmse"] < 1e-9 for held in found["ate_m"].values())
    assert found["rpe_percent"] == {"1 m": pytest.approx(0.0, abs=1e-6)}
    assert found["yaw_rmse_deg"] == pytest.approx(0.0, abs=1e-6)


def test_what_is_merely_shifted_is_wrong_without_alignment_alone():
    found = errors(drive(), moved(drive(), shift=(3.0, 4.0, 0.0)))
    assert found["ate_m"]["none"]["rmse"] == pytest.approx(5.0)
    assert found["end_error_m"] == pytest.approx(5.0)
    for name in ("yaw", "se3", "sim3"):
        assert found["ate_m"][name]["rmse"] == pytest.approx(0.0, abs=1e-9)


def test_alignments_take_away_what_they_may_and_no_more():
    """A turn about the vertical goes with yaw, a tilt with se3, a scale with sim3 alone."""
    true = drive()
    turned = errors(true, moved(true, angle_rad=0.5))["ate_m"]
    assert turned["none"]["rmse"] > 1.0
    assert turned["yaw"]["rmse"] == pytest.approx(0.0, abs=1e-9)
    tilted = moved(true)
    tilt = np.array([[1, 0, 0], [0, math.cos(0.3), -math.sin(0.3)], [0, math.sin(0.3), math.cos(0.3)]])
    tilted = Track("/odom", tilted.time_s, tilted.place_m @ tilt.T, tilted.quaternion, True)
    found = errors(true, tilted)["ate_m"]
    assert found["yaw"]["rmse"] > 0.1
    assert found["se3"]["rmse"] == pytest.approx(0.0, abs=1e-9)
    scaled = errors(true, moved(true, scale=1.1))["ate_m"]
    assert scaled["se3"]["rmse"] > 0.1
    assert scaled["sim3"]["rmse"] == pytest.approx(0.0, abs=1e-9)


def test_a_scale_is_the_relative_error():
    found = errors(drive(), moved(drive(), scale=1.05))
    assert found["rpe_percent"]["1 m"] == pytest.approx(5.0, abs=0.3)
    assert found["drift_percent"] == pytest.approx(
        100.0 * 0.05 * np.linalg.norm(drive().place_m[-1]) / found["matched_m"], rel=1e-3
    )


def test_errors_are_those_of_the_matched_way_and_how_much_that_was_is_told():
    found = errors(drive(), moved(drive(), part=slice(0, 200)))
    assert found["matched"] == 200
    assert found["matched_s"] == pytest.approx(19.9)
    assert found["matched_m"] == pytest.approx(found["true_m"] / 2, rel=0.1)
    hole = moved(drive(), part=np.r_[0:100, 300:400])
    assert errors(drive(), hole)["matched_s"] == pytest.approx(19.8)


@pytest.mark.parametrize(
    ("estimate", "says"),
    [
        (moved(drive(), later_s=1e6), "do not overlap"),
        (moved(drive(), later_s=39.8), "only 2 of its poses are near a true one in time"),
    ],
)
def test_what_does_not_overlap_is_not_measured(estimate, says):
    found = errors(drive(), estimate)
    assert says in found["missing"]
    assert found["ate_m"] is None
    assert found["rpe_percent"] is None
    assert found["drift_percent"] is None


def test_a_rover_that_never_moved_is_no_error():
    still = Track("/truth", np.arange(50.0), np.zeros((50, 3)), np.tile([1.0, 0, 0, 0], (50, 1)), True)
    found = errors(still, Track("/odom", still.time_s, still.place_m + 1.0, still.quaternion, False))
    assert found["ate_m"]["none"]["rmse"] == pytest.approx(math.sqrt(3.0))
    assert found["drift_percent"] is None
    assert found["rpe_percent"] is None
    assert found["yaw_rmse_deg"] is None


def test_trajectories_are_written_as_tum_and_csv(tmp_path):
    from evo.tools import file_interface

    (tmp_path / "t.tum").write_text(tum(drive()))
    back = file_interface.read_tum_trajectory_file(str(tmp_path / "t.tum"))
    np.testing.assert_allclose(back.positions_xyz, drive().place_m, atol=1e-7)
    np.testing.assert_allclose(back.orientations_quat_wxyz, drive().quaternion, atol=1e-7)
    np.testing.assert_allclose(back.timestamps, drive().time_s)
    lines = csv([drive(3), moved(drive(2))]).splitlines()
    assert lines[0] == "topic,time_s,x_m,y_m,z_m,qw,qx,qy,qz"
    assert [line.split(",")[0] for line in lines[1:]] == ["/truth"] * 3 + ["/odom"] * 2
    assert lines[2].split(",")[1:3] == ["100.100000000", "0.03"]


def test_without_evo_errors_are_not_measured_and_that_is_said(monkeypatch):
    assert errors_of(drive(), [moved(drive())])[0]["/odom"]["matched"] == 400
    monkeypatch.setitem(sys.modules, "lupex_analysis.rover.trajectories", None)
    assert errors_of(drive(), [moved(drive())]) == ({}, "evo is not installed (`pip install evo`)")
    assert errors_of(None, [moved(drive())]) == ({}, "no topic tells the true place; --truth TOPIC names one")
