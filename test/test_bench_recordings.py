# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of recordings runs in its reduced form, without a network, and tells what is asked of it."""

import json
import os
import subprocess
import sys

NAMES = {"odometry_150k_s", "peak_mb", "decode_vs_rosbags", "report_s", "fuzz_tracebacks", "recover_share"}


def test_figures_are_those_asked_for(repository, tmp_path):
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    out = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, str(repository / "benchmarks" / "run.py"), "recordings", "--quick", "--json", str(out)],
        env={**environment, **offline, **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())["figures"]
    assert set(figures) >= NAMES
    assert figures["fuzz_tracebacks"] == 0.0
    assert figures["recover_share"] == 1.0
    assert figures["decode_vs_rosbags"] > 1.0
