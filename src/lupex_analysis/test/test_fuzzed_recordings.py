# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a file holds, reading it ends with what is in it or with one sentence."""

from lupex_analysis.collecting import Wanted
from lupex_analysis.reading import read_recording
from lupex_system_tests.fuzzed_bags import tracebacks

ASKED = Wanted(types={"nav_msgs/msg/Odometry": ["pose.pose.position.x"], "std_msgs/msg/String": None})


def test_no_file_ends_in_a_traceback(tmp_path):
    assert tracebacks(tmp_path, 300, 17, lambda bag: read_recording(bag, ASKED)) == []
