# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Qualities of service, by what a topic is for.

All are reliable: at many times real time a lost sample is a lost second.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """How many messages are kept, and whether who comes late gets them."""

    depth: int
    latched: bool = False


SAMPLES = Profile(100)
"""Measurements of which each counts: inertial, joint states. Four seconds at 25 Hz: a busy machine is late."""
STATE = Profile(10)
"""Estimates and commands at their own rate."""
NEWEST = Profile(1)
"""Large or fast data of which only the newest matters: clouds, costmaps."""
LATCHED = Profile(1, latched=True)
"""The present value, also for who comes late: plan, site map."""
EVENTS = Profile(50, latched=True)
"""Events that who comes late must still see: faults."""
