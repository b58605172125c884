# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Two recordings of one drive: what is put into them must come out of their comparison."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_analysis import comparison_cli
from lupex_analysis.reading import read_recording
from lupex_analysis.world_comparison import WANTED, ComparisonError, compare, extract_drive, table

NAMES = [f"{unit}_{what}" for what in ("steer", "drive") for unit in ("fl", "fr", "rl", "rr")]
RADIUS = 0.1
BEGIN_S = 1010.0


def write_drive(
    tape_for, directory, *, slip=0.1, length_m=10.0, bend=0.0, pitch=0.1, power_w=20.0, yaw=0.0, rate=1.0, blind=False
):
    """A straight drive with a bend from a start at (5, 3), as any world would record it."""
    tape = tape_for(directory)
    speed = rate * RADIUS * (1.0 - slip)
    end_s = BEGIN_S + length_m / speed
    for t in np.arange(1000.0, end_s + 5.0, 0.1):
        driving = BEGIN_S <= t < end_s
        way = speed * (min(max(t, BEGIN_S), end_s) - BEGIN_S)
        if t * 10 % 2 < 0.5 and not (blind and BEGIN_S - 1.0 < t < end_s + 3.0):
            x, y = way, bend * way**2
            heading = yaw
            q = quaternion(heading, pitch, 0.05)
            pose = tape.make(
                "geometry_msgs/msg/Pose",
                position=tape.make(
                    "geometry_msgs/msg/Point",
                    x=5.0 + math.cos(yaw) * x - math.sin(yaw) * y,
                    y=3.0 + math.sin(yaw) * x + math.cos(yaw) * y,
                ),
                orientation=q(tape),
            )
            covered = tape.make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=np.zeros(36))
            tape.put("/truth/odometry", "nav_msgs/msg/Odometry", t, pose=covered)
        position, velocity = np.zeros(8), np.zeros(8)
        velocity[4:] = rate if driving else 0.0
        tape.put(
            "/mobility/joint_commands",
            "sensor_msgs/msg/JointState",
            t,
            name=NAMES,
            position=position,
            velocity=velocity,
            effort=np.zeros(0),
        )
        tape.put("/truth/state", "lupex_interfaces/msg/WorldTruth", t, slip=slip if driving else 0.0)
        tape.put("/power/bus", "lupex_interfaces/msg/PowerBus", t, load_mobility_w=power_w if driving else 0.0)
    tape.recorder.close()
    return directory


def quaternion(yaw, pitch, roll):
    cy, sy, cp, sp = math.cos(yaw / 2), math.sin(yaw / 2), math.cos(pitch / 2), math.sin(pitch / 2)
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    return lambda tape: tape.make(
        "geometry_msgs/msg/Quaternion",
        w=cr * cp * cy + sr * sp * sy,
        x=sr * cp * cy - cr * sp * sy,
        y=cr * sp * cy + sr * cp * sy,
        z=cr * cp * sy - sr * sp * cy,
    )


def drive_of(path):
    return extract_drive(read_recording(path, WANTED), path.name)


@pytest.fixture(scope="module")
def bags(tape_for, tmp_path_factory):
    base = tmp_path_factory.mktemp("worlds")
    return (
        write_drive(tape_for, base / "embedded"),
        write_drive(tape_for, base / "gazebo", slip=0.2, bend=0.004, pitch=0.12, power_w=22.0, yaw=1.0),
    )


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
    slower = write_drive(tape_for, tmp_path / "slower", rate=0.5)
    rows = rows_of((bags[0], slower))
    assert rows["same commands, share of the way"].second < 10.0
    assert rows["commanded drive rate, mean"].difference == pytest.approx(0.5, abs=0.02)


def test_table_names_both(bags):
    first, second = (drive_of(bag) for bag in bags)
    text = table(first, second, compare(first, second))
    assert "embedded" in text.splitlines()[0]
    assert "gazebo" in text.splitlines()[0]
    assert len(text.splitlines()) == 13


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("/a/embedded", "/b/gazebo", ("embedded", "gazebo")),
        ("/a/one/bag", "/a/two/bag", ("one/bag", "two/bag")),
        ("/bag", "/a/bag", ("//bag", "a/bag")),
        ("/a/bag", "/a/bag", ("//a/bag", "//a/bag")),
    ],
)
def test_bags_of_one_name_are_told_apart(first, second, names):
    assert comparison_cli.names_of(Path(first), Path(second)) == names


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


def test_command_prints_and_writes(bags, tmp_path, capsys):
    out = tmp_path / "out"
    assert comparison_cli.main([*map(str, bags), "--out", str(out)]) == 0
    assert "slip, mean" in capsys.readouterr().out
    figures = json.loads((out / comparison_cli.FIGURES).read_text(encoding="utf-8"))
    assert figures["slip, mean"]["unit"] == "%"
    assert "<svg" in (out / comparison_cli.FIGURE).read_text(encoding="utf-8")


def test_what_cannot_be_compared_is_told_in_one_sentence(tape_for, bags, sortie_bag, tmp_path, capsys):
    assert comparison_cli.main([str(bags[0]), str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert comparison_cli.main([*map(str, bags), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    with pytest.raises(ComparisonError, match="holds no drive"):
        drive_of(write_drive(tape_for, tmp_path / "standing", length_m=0.0))
    with pytest.raises(ComparisonError, match="too little to be compared"):
        drive_of(write_drive(tape_for, tmp_path / "short", length_m=0.5))
    with pytest.raises(ComparisonError, match="holds no poses on /truth/odometry while it drives"):
        drive_of(write_drive(tape_for, tmp_path / "blind", blind=True))
    with pytest.raises(ComparisonError, match="holds no /truth/odometry"):
        drive_of(sortie_bag)
