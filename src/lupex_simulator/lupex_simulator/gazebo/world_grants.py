# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far Gazebo may run: some steps ahead of where its clock has been seen, and no further."""

from lupex_worlds.gazebo_files.world_model import STEP_S

PHYSICS_NS = round(1e9 * STEP_S)


class WorldGrants:
    """Count what Gazebo was granted; times are its own.

    A grant that has led nowhere for `lost_wall_s` of the host's time is given anew: its message may have been lost.
    """

    def __init__(self, ahead_ns: int, lost_wall_s: float) -> None:
        self._ahead_ns, self._lost_wall_s = ahead_ns, lost_wall_s
        self._granted_ns = 0
        self._reached_ns = 0
        self._moved_wall_s = 0.0

    def steps(self, reached_ns: int, wall_s: float) -> int:
        """Return how many steps of the physics may be granted now, at a clock and the host's time; they count as given.

        None while half of what was granted is still to be run: a grant a step would be a message a step.
        """
        if reached_ns > self._reached_ns:
            self._reached_ns, self._moved_wall_s = reached_ns, wall_s
        if self._granted_ns < reached_ns or wall_s - self._moved_wall_s > self._lost_wall_s:
            self._granted_ns, self._moved_wall_s = reached_ns, wall_s
        if 2 * (self._granted_ns - reached_ns) > self._ahead_ns:
            return 0
        count = (reached_ns + self._ahead_ns - self._granted_ns) // PHYSICS_NS
        self._granted_ns += count * PHYSICS_NS
        return int(count)
