# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""docs/ros2.md says what the running rover offers, and every command on it names what there is."""

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from lupex_system_tests.interface_page import PAGE, graph, named_in, page  # noqa: E402
from lupex_system_tests.interface_words import COMMANDS, SERVERS, TOPICS  # noqa: E402


@pytest.fixture(scope="module")
def found():
    return graph()


def test_every_name_moves_with_the_namespace(found):
    assert not found.outside
    assert {"/clock", "/tf", "/diagnostics", "/exchanges"} <= set(found.topics)


def test_all_that_there_is_has_its_words_and_nothing_else_has(found):
    assert set(TOPICS) == set(found.topics)
    assert set(SERVERS) == set(found.servers)


def test_the_page_is_up_to_date(found):
    assert PAGE.read_text(encoding="utf-8") == page(found), "run: python -m lupex_system_tests.interface_page"


def test_every_topic_has_who_tells_or_hears_it_but_what_is_for_people(found):
    for name, ends in found.topics.items():
        assert ends.told_by or ends.heard_by, name


def test_the_commands_name_what_there_is(found):
    assert len(COMMANDS) == 10
    kinds = {name: ends.kind for name, ends in found.topics.items()}
    kinds |= {name: kind for name, (kind, _, _) in found.servers.items()}
    kinds |= {f"/{node}": "" for node in found.nodes}
    for _, command in COMMANDS:
        named = named_in(command)
        assert named, command
        for name, kind in named:
            assert kinds[name] == kind or not kind, command
