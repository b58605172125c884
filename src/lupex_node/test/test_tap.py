# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a tap asks of topics' publishers, so that it hears all of them."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("rclpy")

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from lupex_node.ros.tap import adapted, message_class, offered, weaker  # noqa: E402

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
LATCHED, VOLATILE = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE


def publisher(reliability, durability, depth=5):
    profile = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, durability=durability)
    return SimpleNamespace(qos_profile=profile)


@pytest.mark.parametrize(
    ("publishers", "asked"),
    [
        ([(RELIABLE, LATCHED)], (RELIABLE, LATCHED)),
        ([(RELIABLE, LATCHED), (RELIABLE, VOLATILE)], (RELIABLE, VOLATILE)),
        ([(RELIABLE, LATCHED), (BEST_EFFORT, LATCHED)], (BEST_EFFORT, LATCHED)),
        ([(RELIABLE, LATCHED), (BEST_EFFORT, VOLATILE)], (BEST_EFFORT, VOLATILE)),
    ],
)
def test_the_most_that_all_offer_is_asked_for(publishers, asked):
    profile = adapted([publisher(*given) for given in publishers], 1000)
    assert (profile.reliability, profile.durability) == asked
    assert (profile.history, profile.depth) == (HistoryPolicy.KEEP_LAST, 1000)


@pytest.mark.parametrize(
    ("held", "offers", "asked"),
    [
        ((RELIABLE, LATCHED), (RELIABLE, LATCHED), (RELIABLE, LATCHED)),
        ((RELIABLE, LATCHED), (BEST_EFFORT, VOLATILE), (BEST_EFFORT, VOLATILE)),
        ((RELIABLE, VOLATILE), (RELIABLE, LATCHED), (RELIABLE, VOLATILE)),
        ((BEST_EFFORT, LATCHED), (RELIABLE, LATCHED), (BEST_EFFORT, LATCHED)),
    ],
)
def test_less_is_asked_for_where_less_is_offered_and_never_more_again(held, offers, asked):
    profile = weaker(publisher(*held, 1000).qos_profile, publisher(*offers).qos_profile)
    assert (profile.reliability, profile.durability, profile.depth) == (*asked, 1000)


def test_offers_are_told_once_each_by_their_names_in_recordings():
    publishers = [publisher(RELIABLE, LATCHED), publisher(RELIABLE, LATCHED), publisher(BEST_EFFORT, VOLATILE, 1)]
    assert offered(publishers) == (
        ("reliable", "transient_local", "keep_last", 5),
        ("best_effort", "volatile", "keep_last", 1),
    )


def test_a_message_class_is_found_by_its_name_or_missed_with_a_sentence():
    assert message_class("std_msgs/msg/String") is String
    with pytest.raises(ImportError, match="std_msgs has no message Text"):
        message_class("std_msgs/msg/Text")
    with pytest.raises(ImportError, match="nowhere"):
        message_class("nowhere/msg/String")
