# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lupex_system_tests.recorded_sortie import small_bag, sortie_bag, store, synthetic, tape_for  # noqa: F401


@pytest.fixture
def prefix(tmp_path):
    """Make an install prefix with one package, `rover`, that has the executables `drive` and `drill`."""
    root = tmp_path / "prefix"
    index = root / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "rover").touch()
    binaries = root / "lib" / "rover"
    binaries.mkdir(parents=True)
    for name in ("drive", "drill"):
        (binaries / name).write_text('#!/bin/sh\necho "$0 $*"\n')
        (binaries / name).chmod(0o755)
    (binaries / "notes").write_text("not executable")
    (root / "share" / "rover" / "launch").mkdir(parents=True)
    return root
