# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Schedules of faults: read whole, or refused with the entry and what is allowed."""

import pytest

from lupex_launch.fault_schedule import Fault, FaultKind, FaultSchedule, read_fault_schedule
from lupex_models.configuration import ConfigurationError


def read(tmp_path, text):
    file = tmp_path / "faults.yaml"
    file.write_text(text, encoding="utf-8")
    return read_fault_schedule(file)


def test_faults_are_read_in_the_order_of_their_times(tmp_path):
    found = read(
        tmp_path,
        """
        seed: 7
        faults:
          - {at_s: 20, drop: /imu/data, share: 0.5, for_s: 10}
          - {at_s: 10, kill: mobility}
          - {at_s: 30, hang: localization, for_s: 5}
          - {at_s: 40, delay: /power/bus, by_s: 1, for_s: 5}
          - {at_s: 50, leap_clock_s: -3.5, for_s: 5}
          - {at_s: 60, fill_disk: true, for_s: 5}
        """,
    )
    assert found == FaultSchedule(
        (
            Fault(FaultKind.KILL, 10.0, "mobility"),
            Fault(FaultKind.DROP, 20.0, "/imu/data", for_s=10.0, share=0.5),
            Fault(FaultKind.HANG, 30.0, "localization", for_s=5.0),
            Fault(FaultKind.DELAY, 40.0, "/power/bus", for_s=5.0, by_s=1.0),
            Fault(FaultKind.LEAP_CLOCK, 50.0, for_s=5.0, leap_s=-3.5),
            Fault(FaultKind.FILL_DISK, 60.0, for_s=5.0),
        ),
        7,
    )


def test_a_file_without_faults_is_one_without_faults(tmp_path):
    assert read(tmp_path, "seed: 1\n") == FaultSchedule()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("falts: []", "unknown key 'falts'; known here: seed, faults"),
        ("seed: -1", "'seed' is -1"),
        ("faults: {}", "'faults' must be a list"),
        ("faults: [5]", "fault 1 must name one of kill, restart, hang"),
        ("faults: [{at_s: 1, kill: a, hang: b}]", "fault 1 must name one of"),
        ("faults: [{at_s: 1, explode: a}]", "fault 1 must name one of"),
        ("faults: [{kill: mobility}]", "'at_s' is missing; it takes a number from 0"),
        ("faults: [{at_s: -1, kill: mobility}]", "'at_s' is -1"),
        ("faults: [{at_s: .nan, kill: mobility}]", "'at_s' is nan"),
        ("faults: [{at_s: 1, kill: /imu/data}]", "'kill' takes a node"),
        ("faults: [{at_s: 1, kill: mobility, for_s: 3}]", "unknown key 'for_s'; kill takes at_s"),
        ("faults: [{at_s: 1, drop: imu, share: 1, for_s: 1}]", "'drop' takes a topic, as /imu/data"),
        ("faults: [{at_s: 1, drop: /imu/data, for_s: 1}]", "'share' is missing"),
        ("faults: [{at_s: 1, drop: /imu/data, share: 2, for_s: 1}]", "'share' is 2"),
        ("faults: [{at_s: 1, delay: /imu/data, by_s: 9999, for_s: 1}]", "'by_s' is 9999"),
        ("faults: [{at_s: 1, fill_disk: false, for_s: 1}]", "'fill_disk' is False but takes true"),
        ("faults: [{at_s: 1, leap_clock_s: far, for_s: 1}]", "'leap_clock_s' is 'far'"),
        ("faults: [", "is not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(tmp_path, text, words):
    with pytest.raises(ConfigurationError) as refusal:
        read(tmp_path, text)
    assert words in str(refusal.value)
    assert "faults.yaml" in str(refusal.value)
