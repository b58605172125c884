# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Qualities of service, by what a topic is for.

All are reliable: at many times real time a lost sample is a lost second.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, durability: DurabilityPolicy = DurabilityPolicy.VOLATILE) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=ReliabilityPolicy.RELIABLE, durability=durability
    )


SAMPLES = _profile(50)
"""Measurements of which each counts: inertial, joint states."""
STATE = _profile(10)
"""Estimates and commands at their own rate."""
NEWEST = _profile(1)
"""Large or fast data of which only the newest matters: clouds, costmaps."""
LATCHED = _profile(1, DurabilityPolicy.TRANSIENT_LOCAL)
"""The present value, also for who comes late: plan, site map."""
EVENTS = _profile(50, DurabilityPolicy.TRANSIENT_LOCAL)
"""Events that who comes late must still see: faults."""
