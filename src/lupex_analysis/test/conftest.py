# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The recordings that the tests of this package read."""

from lupex_system_tests.browser import browser  # noqa: F401
from lupex_system_tests.recorded_sortie import small_bag, sortie_bag, store, swaying_bag, synthetic, tape_for  # noqa: F401
