# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings that failed once give what they should, where they are beside this repository."""

from pathlib import Path

import pytest

from lupex_analysis.reading import read_recording
from lupex_analysis.report_files import look
from lupex_analysis.storage import ReadingError

BAGS = Path(__file__).resolve().parents[4] / "shared" / "cases" / "bags"
FIXES = ("localization", "fixes_accepted")

FIGURES = {
    "S21_split_12_no_metadata": {FIXES: 2124},
    "S23_file_compressed_last_open": {("outcome",): "success", ("drive", "distance_m"): pytest.approx(639.2, abs=0.1)},
    "U1_sim_restarted": {FIXES: 2124},
    "U12_reverse_file_order": {("drill", "duration_s"): 1400.0, ("sim_s",): 10620.0},
    "U3_estimate_stops": {("localization", "end_error_m"): None},
    "U4_estimate_nan_from_half": {("localization", "ate_rmse_m"): None},
    "V1_own_recording_without_truth": {
        ("power", "min_soc"): pytest.approx(0.584, abs=1e-3),
        ("thermal", "battery_min_c"): pytest.approx(11.9, abs=0.05),
    },
}
NOTES = {
    **dict.fromkeys(
        (
            "R01_faults_as_string", "R02_mission_status_as_string", "R06_site_map_as_occgrid",
            "R08_drill_status_string", "R09_certificate_bool", "13_one_topic_two_types.mcap",
        ),
        "not ours",
    ),
    "S29_fewer_than_metadata_says": "it holds 5110 of 15328 messages",
    "U1_sim_restarted": "time goes back from 6920.0 s to 1030.0 s",
    "U2_hole_of_a_quarter": "no message between 292.4 s and 384.5 s",
    "M04_qos_not_yaml": "quality of service cannot be read",
    "09_huge_plain_size.mcap": "is said to hold",
}  # fmt: skip
COUNTS = {"S02_sqlite_no_metadata": 300, "S10_mcap_message_zstd": 300, "S25_db3_beside_other_bag/other.db3": 7}


def there(name):
    if not (BAGS / name).exists():
        pytest.skip(f"{BAGS / name} is not here")
    return BAGS / name


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name):
    summary = look(there(name)).summary
    for path, expected in FIGURES[name].items():
        found = summary
        for key in path:
            found = found[key]
        assert found == expected, path


@pytest.mark.parametrize("name", NOTES)
def test_notes(name):
    assert any(NOTES[name] in problem for problem in look(there(name)).recording.problems)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    assert sum(read_recording(there(name), ()).counts.values()) == COUNTS[name]


def test_the_rest():
    with pytest.raises(ReadingError, match="more than one recording"):
        read_recording(there("S22_two_runs_in_one_directory"), ())
    assert sum("is damaged" in each for each in read_recording(there("24_three_bad_chunks.mcap"), ()).problems) == 3
    assert read_recording(there("M01_json"), ()).rebuilt is None
    qos = read_recording(there("M03_humble_int_qos"), ()).rebuilt.topics[0].qos[0]
    assert (qos.reliability, qos.durability, qos.history) == ("reliable", "volatile", "unknown")
