# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Out of ground that does not bear the tracks: back on the own track, then on a line to either side, then give up.

Each metre that the tracks lose digs the rover in deeper, and so does rocking to and fro: so it never goes forward
again, stands before each try, goes slowly, and stops for good once the tracks have lost too much in one place, however
often somebody sends it on. Its own track has borne it; beside that it goes only where the ground is free.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from lupex_mobility.config import Immobilisation
from lupex_mobility.immobilisation import ImmobilisationWatch, Motion
from lupex_mobility.own_track import OwnTrack, Pose, straight_back
from lupex_mobility.unit_kinematics import REST, BodyTwist

Array = npt.NDArray[np.float64]

_TRACK_STEP_M = 0.1
_TURNED_RAD = 0.03
"""From where it was to turn to: near enough."""
_GAIN_1_S = 0.5
_FARTHER_M = 0.2
"""Ahead of where the rover stands, which a path around may lead at first."""
_TRAPS = 8
"""Places that are kept out of at once."""
_SAME_M = 0.5
"""From where it was bogged last: the same place, whose pit is as deep as it was."""
_UNLED_S = 10.0
"""Without a path, as while one is planned anew, after which the rover is left as it is."""


class Stage(Enum):
    """What is done about the place."""

    FREE = "free"
    STANDING = "standing before a try"
    TURNING = "turning"
    BACKING = "going back"
    WAITING = "out, waiting for a way around"
    GIVEN_UP = "given up"


@dataclass(frozen=True)
class Trap:
    """Where the rover came to a stand: its pose in map and the way that it wanted to go [rad] in map."""

    time_s: float
    pose: Pose
    direction_rad: float
    slip: float

    def holds(self, points: Array, config: Immobilisation) -> bool:
        """Tell whether the middle of the body, now at the first of points (n, 2) in map, would come farther into it.

        Who stands on that ground may leave it, on any side but ahead.
        """
        c, s = math.cos(self.direction_rad), math.sin(self.direction_rad)
        dx, dy = points[:, 0] - self.pose[0], points[:, 1] - self.pose[1]
        along, across = c * dx + s * dy, c * dy - s * dx
        inside = (-config.body_m < along) & (along < config.length_m) & (np.abs(across) < config.half_width_m)
        return bool(np.any(inside & (along > along[:1] + _FARTHER_M)))


class Extrication:
    """Watch each step of a drive; lead the rover while its tracks have lost their hold."""

    def __init__(self, config: Immobilisation, unit_reach_m: float) -> None:
        """Begin free, on ground of which nothing is known; a unit stands so far from the body's middle."""
        self._config = config
        self._watch = ImmobilisationWatch(config, unit_reach_m)
        self._track = OwnTrack(_TRACK_STEP_M, 4.0 * config.back_m)
        self.stage = Stage.FREE
        self._traps: deque[Trap] = deque(maxlen=_TRAPS)
        self.tries = 0
        self.why = ""
        """Why it was given up."""
        self._since_s = self._led_s = -math.inf
        self._heading_rad = 0.0
        self._lost_m = 0.0
        """By the tracks in the place found last."""

    @property
    def trap(self) -> Trap | None:
        """Return the place found last, None while none is known."""
        return self._traps[-1] if self._traps else None

    @property
    def spun_m(self) -> float:
        """Return what the tracks have lost in this place."""
        return self._watch.spun_m

    def step(
        self, motion: Motion, pose: Pose, path: Array | None, blocked: Callable[[BodyTwist], bool]
    ) -> BodyTwist | None:
        """Return how to move at a pose in map, or None where the path may be followed.

        `path` (n, 2): the places in map that come next, None where nobody leads the rover along one. `blocked` tells
        whether the ground that a twist leads over next is not known to be free.
        """
        self._watch.note(motion)
        if path is None:
            return self._unled(motion.time_s)
        self._led_s = motion.time_s
        if self.stage is Stage.FREE:
            return self._look(motion, pose, path)
        config, moving = self._config, self.stage in (Stage.TURNING, Stage.BACKING)
        if moving and (self._watch.lost_more_than(config.out_slip) or self.spun_m > config.spun_max_m):
            self._try_again(motion.time_s)
        answer = self._go_on(motion.time_s, pose, path)
        if self.tries > 1 and answer is not None and not answer.at_rest and blocked(answer):
            self._try_again(motion.time_s)
            return REST
        return answer

    def _look(self, motion: Motion, pose: Pose, path: Array) -> BodyTwist | None:
        """Notice that the rover has come to a stand, or that the path leads to where it did before."""
        self._track.note(pose)
        if self._watch.lost_more_than(self._config.slip):
            tracks = motion.tracks
            direction = pose[2] + math.atan2(tracks.left_mps, tracks.forward_mps)
            last = self.trap
            again = last is not None and math.dist(last.pose[:2], pose[:2]) < _SAME_M
            self._traps.append(Trap(motion.time_s, pose, direction, self._watch.slip))
            self._watch.count_anew(self._lost_m if again else 0.0)
            self.tries = 0
            self._enter(Stage.STANDING, motion.time_s)
            if self.spun_m > self._config.spun_max_m:
                self._try_again(motion.time_s)
            return REST
        while self._traps and not 0.0 <= motion.time_s - self._traps[0].time_s < self._config.keep_s:
            self._traps.popleft()
        if self._leads_into_a_trap(path):
            self._enter(Stage.WAITING, motion.time_s)
            return REST
        return None

    def _leads_into_a_trap(self, path: Array) -> bool:
        return any(trap.holds(path, self._config) for trap in self._traps)

    def _go_on(self, time_s: float, pose: Pose, path: Array) -> BodyTwist | None:
        config, trap = self._config, self.trap
        if self.stage is Stage.STANDING and not 0.0 <= time_s - self._since_s < config.stand_s:
            self.tries += 1
            side = (0.0, 1.0, -1.0)[self.tries - 1]
            self._heading_rad = pose[2] if trap is None else trap.pose[2] + side * config.turn_rad
            self._enter(Stage.TURNING if side else Stage.BACKING, time_s)
        if self.stage is Stage.TURNING:
            off = math.remainder(self._heading_rad - pose[2], math.tau)
            if abs(off) > _TURNED_RAD:
                return BodyTwist(0.0, 0.0, math.copysign(config.turn_rate_rad_s, off))
            self._enter(Stage.BACKING, time_s)
        if self.stage is Stage.BACKING:
            if trap is not None and math.dist(pose[:2], trap.pose[:2]) < config.back_m:
                return self._back(pose)
            self._enter(Stage.WAITING, time_s)
        if self.stage is Stage.WAITING:
            if not self._leads_into_a_trap(path):
                self._enter(Stage.FREE, time_s)
                return None
            if not 0.0 <= time_s - self._since_s < config.wait_s:
                self._give_up(time_s, f"no path around it came in {config.wait_s:.0f} s")
        return REST

    def _back(self, pose: Pose) -> BodyTwist:
        """Return the twist back: on the own track at the first try, straight behind on the heading turned to after."""
        config = self._config
        on_track = self.tries == 1
        aim = self._track.back_from(pose, config.reach_m) if on_track else straight_back(pose, config.reach_m)
        bearing = math.atan2(aim[1] - pose[1], aim[0] - pose[0]) - pose[2]
        rate = _GAIN_1_S * math.remainder(aim[2] - pose[2], math.tau)
        rate = max(-config.turn_rate_rad_s, min(config.turn_rate_rad_s, rate))
        return BodyTwist(config.speed_mps * math.cos(bearing), config.speed_mps * math.sin(bearing), rate)

    def _try_again(self, time_s: float) -> None:
        config = self._config
        if self.spun_m > config.spun_max_m:
            self._give_up(time_s, f"the tracks have lost {self.spun_m:.1f} m there, and each more digs them in deeper")
        elif self.tries >= config.tries:
            self._give_up(time_s, f"{self.tries} ways out were tried")
        else:
            self._enter(Stage.STANDING, time_s)

    def _give_up(self, time_s: float, why: str) -> None:
        self.why = why
        self._enter(Stage.GIVEN_UP, time_s)

    def _enter(self, stage: Stage, time_s: float) -> None:
        if self.stage is not Stage.FREE:
            self._lost_m = self.spun_m
        self.stage, self._since_s = stage, time_s
        self._watch.begin_anew()

    def _unled(self, time_s: float) -> BodyTwist | None:
        """Stand while nobody leads; after a while, or once given up, leave the rover to who leads it next.

        The place stays known, and so does the way that led there.
        """
        if self.stage is Stage.FREE:
            return None
        if self.stage is Stage.GIVEN_UP or not 0.0 <= time_s - self._led_s < _UNLED_S:
            self._enter(Stage.FREE, time_s)
            return None
        return REST
