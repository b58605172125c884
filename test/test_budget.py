# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""No node does more in a simulated second than the table of docs/architecture.md allows."""

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from lupex_system_tests.budget import budgets, measure  # noqa: E402


def test_every_node_keeps_to_its_budget(tmp_path):
    for state, allowed, found in zip(("driving", "parked"), budgets(), measure(tmp_path), strict=True):
        assert found.keys() == allowed.keys(), "a node has no budget, or a budget no node"
        for name, use in found.items():
            assert use.callbacks <= allowed[name].callbacks, f"{name}, {state}: callbacks"
            assert use.messages <= allowed[name].messages + 1e-9, f"{name}, {state}: messages"
        # a sum that is far below its budget says that the table is old
        assert sum(use.messages for use in found.values()) > 0.5 * sum(use.messages for use in allowed.values())
