# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Two rovers share a domain and never hear each other."""

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")

from lupex_analysis.reading import read_recording  # noqa: E402
from lupex_system_tests.domains import free_domain  # noqa: E402
from lupex_system_tests.two_rovers import TwoRovers  # noqa: E402

WALL_LIMIT_S = 900.0
"""As a test of processes may take on a machine that others use."""


def test_two_rovers_drive_side_by_side_in_one_domain(tmp_path):
    arguments = {"world": "plain", "route_m": "3.0", "state_dir": str(tmp_path / "state")}
    with free_domain() as domain:
        rovers = TwoRovers(("r1", "site/r2"), arguments, domain, tmp_path)
        first, second = rovers.heard.values()
        try:
            drove = rovers.until(lambda: min(first.driven_m, second.driven_m) > 2.0, WALL_LIMIT_S)
            strangers = rovers.strangers()
        finally:
            rovers.close()
    assert drove, f"{first.driven_m:.1f} m and {second.driven_m:.1f} m: {(tmp_path / 'output.txt').read_text()[-3000:]}"
    assert not strangers
    # each lives by a clock of its own, which never goes back as two told on one topic would
    for heard in (first, second):
        assert heard.clock_s == sorted(heard.clock_s)
    for namespace in ("r1", "site/r2"):
        bag = read_recording(tmp_path / "bag" / namespace, [])
        assert {"/odometry/global", "/clock", "/diagnostics", "/tf"} <= set(bag.counts)
        assert not [topic for topic in bag.counts if topic.startswith(("/r1", "/site/r2"))]
        assert {path.name for path in (tmp_path / "state" / namespace).glob("*.json")} >= {"localization.json"}
