# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Two recordings of one drive: what is put into them must come out of their comparison."""

import dataclasses
import math

import pytest

from lupex_analysis.reading import read_recording
from lupex_analysis.world_comparison import WANTED, ComparisonError, compare, extract_drive, table
from lupex_system_tests import recorded_drive

bags = recorded_drive.bags


def drive_of(path):
    return extract_drive(read_recording(path, WANTED), path.name)


def rows_of(bags):
    first, second = (drive_of(bag) for bag in bags)
    return {row.name: row for row in compare(first, second)}


def test_what_was_put_in_comes_out(bags):
    rows = rows_of(bags)
    assert rows["commanded drive rate, mean"].difference == pytest.approx(0.0, abs=0.1)
    assert rows["same commands, share of the way"].second > 95.0
    for row in (rows["way over ground"], rows["end from start"]):
        assert (row.first, row.second) == pytest.approx((10.0, 10.0), abs=0.15)
    # the same way at 0.09 and 0.08 m/s
    assert (rows["time for it"].first, rows["time for it"].second) == pytest.approx((111.1, 125.0), abs=1.0)
    slip = rows["slip, mean"]
    assert (slip.first, slip.second, slip.difference) == pytest.approx((10.0, 20.0, 10.0), abs=0.6)
    pitch = rows["pitch, mean"]
    assert (pitch.first, pitch.second) == pytest.approx((math.degrees(0.1), math.degrees(0.12)), abs=0.01)
    assert pitch.difference == pytest.approx(math.degrees(0.02), abs=0.01)
    assert rows["roll, mean"].difference == pytest.approx(0.0, abs=0.01)
    energy = rows["energy of the drives, common way"]
    assert energy.first == pytest.approx(20.0 * 111.1 / 3600.0, rel=0.04)
    assert energy.second == pytest.approx(22.0 * 125.0 / 3600.0, rel=0.04)
    # a bend of 0.4 m at 10 m, wherever the drive began and whichever way it faced
    apart = rows["path apart, greatest"]
    assert (apart.first, apart.second) == pytest.approx((0.0, 0.4), abs=0.05)


def test_a_recording_agrees_with_itself(bags):
    rows = rows_of((bags[0], bags[0]))
    assert rows["same commands, share of the way"].second == 100.0
    assert all(row.difference in (None, 0.0) or row.difference < 1e-9 for row in rows.values())


def test_other_commands_are_seen(tape_for, bags, tmp_path):
    slower = recorded_drive.write_drive(tape_for, tmp_path / "slower", rate=0.5)
    rows = rows_of((bags[0], slower))
    assert rows["same commands, share of the way"].second < 10.0
    assert rows["commanded drive rate, mean"].difference == pytest.approx(0.5, abs=0.02)


def test_table_names_both(bags):
    first, second = (drive_of(bag) for bag in bags)
    text = table(first, second, compare(first, second))
    assert "embedded" in text.splitlines()[0]
    assert "gazebo" in text.splitlines()[0]
    assert len(text.splitlines()) == 13


def test_the_table_tells_long_names_apart(bags):
    drive = drive_of(bags[0])
    for one, other in (
        ("a-very-long-name-of-one", "a-very-long-name-of-two"),
        ("one/of-a-very-long-name", "two/of-a-very-long-name"),
    ):
        named = [dataclasses.replace(drive, name=name) for name in (one, other)]
        head = table(*named, compare(*named)).splitlines()[0].split("  ")
        shown = [word.strip() for word in head if word.strip()][:2]
        assert shown[0] != shown[1]
        assert len(shown) == 2


def test_what_cannot_be_compared_is_told(tape_for, sortie_bag, tmp_path):
    with pytest.raises(ComparisonError, match="holds no drive"):
        drive_of(recorded_drive.write_drive(tape_for, tmp_path / "standing", length_m=0.0))
    with pytest.raises(ComparisonError, match="too little to be compared"):
        drive_of(recorded_drive.write_drive(tape_for, tmp_path / "short", length_m=0.5))
    with pytest.raises(ComparisonError, match="holds no poses on /truth/odometry while it drives"):
        drive_of(recorded_drive.write_drive(tape_for, tmp_path / "blind", blind=True))
    with pytest.raises(ComparisonError, match="holds no /truth/odometry"):
        drive_of(sortie_bag)
