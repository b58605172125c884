# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a file holds, reading it ends with what is in it or with one sentence."""

import contextlib
import json

import pytest

from lupex_analysis.report_files import SUMMARY, look, write_report
from lupex_analysis.rover.roles import COLUMNS
from lupex_analysis.storage import ReadingError
from lupex_system_tests.fuzzed_bags import odd_values, tracebacks
from lupex_system_tests.odd_bags import STORE

KINDS = [kind for kind in COLUMNS if kind in STORE.fielddefs]


def test_no_file_ends_in_a_traceback(tmp_path):
    assert tracebacks(tmp_path, 300, 17, look) == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_values_end_in_a_traceback(tmp_path):
    for seed in range(60):
        with contextlib.suppress(ReadingError):
            look(odd_values(tmp_path / f"{seed}.mcap", KINDS, seed))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", range(1000, 1003))
def test_a_page_of_odd_values_is_written_and_its_figures_are_numbers(tmp_path, seed):
    write_report(odd_values(tmp_path / "r.mcap", KINDS, seed), tmp_path / "out")

    def refuse(name):
        raise AssertionError(name)

    json.loads((tmp_path / "out" / SUMMARY).read_text(), parse_constant=refuse)
