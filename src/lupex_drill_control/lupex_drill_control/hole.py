# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far a hole has come: bites, sample intervals, what is held and what is still to cut."""

import math

from lupex_drill_control.config import Cutting
from lupex_drill_control.interlocks import DrillGoal
from lupex_drill_control.rig import RigMeasurement
from lupex_models.rover import Drill


class Hole:
    """Depths of one hole; without a goal nothing is cut and nothing is held."""

    def __init__(self, goal: DrillGoal | None, drill: Drill, cutting: Cutting) -> None:
        self._goal = goal
        self._drill = drill
        self._cutting = cutting
        self._begun = False
        self.cut_m = 0.0
        self.bite = 0
        self.bite_bottom_m = 0.0
        self._sample_top_m = 0.0
        if goal is not None:
            self.next_bite()

    def measure(self, measured: RigMeasurement) -> None:
        """Take the rig's own mark of the hole's bottom; a hole begun before is gone on with from there."""
        if self._goal is None or measured.stowed:
            return
        self.cut_m = max(self.cut_m, measured.hole_depth_m)
        if not self._begun:
            self._begun = True
            self._sample_top_m = self.cut_m
            self.bite = 0
            self.next_bite()

    def next_bite(self) -> None:
        """Begin a bite: as deep as one goes, but not past a sample interval or the goal."""
        self.bite += 1
        self.bite_bottom_m = min(self.cut_m + self._drill.bite_m, self._interval_bottom_m, self._target_m)

    def deliver(self) -> None:
        """Note that all that was cut has been handed over."""
        self._sample_top_m = self.cut_m

    @property
    def bite_done(self) -> bool:
        """Tell whether the present bite is cut."""
        return self.cut_m >= self.bite_bottom_m

    @property
    def reached(self) -> bool:
        """Tell whether the goal's depth is reached."""
        return self._goal is not None and self.cut_m >= self._target_m

    @property
    def held_m(self) -> float:
        """Return the length cut since the last sample, 0 for a sliver that is within the depth's tolerance."""
        held = self.cut_m - self._sample_top_m
        return held if self._goal is not None and held > 2 * self._cutting.depth_tolerance_m else 0.0

    @property
    def interval_done(self) -> bool:
        """Tell whether the sample interval in work is cut to its bottom."""
        return self._goal is not None and self.cut_m >= self._interval_bottom_m

    @property
    def _target_m(self) -> float:
        # The feed ends at the rig's own limit, which it may not quite reach.
        end_m = self._drill.max_depth_m - self._cutting.depth_tolerance_m
        return min(self._goal.depth_m, end_m) if self._goal else 0.0

    @property
    def _interval_bottom_m(self) -> float:
        """Bottom of the sample interval in work, on the goal's grid, so that overshoot does not add up."""
        if self._goal is None:
            return 0.0
        started = (self._sample_top_m + 2 * self._cutting.depth_tolerance_m) / self._goal.sample_interval_m
        return (math.floor(started) + 1) * self._goal.sample_interval_m
