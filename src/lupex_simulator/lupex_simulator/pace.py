# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How fast simulated time may run: as fast as the nodes follow, never past one that lives, however slow the host."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lupex_models.configuration import setting
from lupex_simulator.processes import Patience, ProcessLook


@dataclass(frozen=True)
class PaceConfig:
    """Limits of the clock against the nodes that have to follow it; simulated seconds unless the name says wall."""

    required_nodes: tuple[str, ...] = setting(
        (), "by name: time begins when all of them are active, and waits for their heartbeats"
    )
    unfollowed_speed_up: float = setting(
        1.0, "speed-up while nobody follows, or one that must is lost", minimum=0.01, maximum=1e5
    )
    parked_speed_up: float = setting(5000.0, "largest speed-up while parked", minimum=1, maximum=1e5)
    begin_speed_up: float = setting(
        20.0, "largest speed-up when time begins, and when a lost node is back", minimum=0.1, maximum=1e5
    )
    begin_s: float = setting(
        60.0,
        "for so long: until the middleware has joined who speaks and who listens, which takes time of the wall's",
        unit="s",
        minimum=0,
        maximum=3600,
    )
    heartbeat_lag_s: float = setting(
        1.2, "of the heartbeat of a required node, which comes every second", unit="s", minimum=1, maximum=60
    )
    odometry_lag_s: float = setting(0.3, "of /odometry/local", unit="s", minimum=0.05, maximum=60)
    commands_lag_s: float = setting(0.7, "of /mobility/joint_commands", unit="s", minimum=0.05, maximum=60)
    costmap_lag_s: float = setting(2.5, "of /traversability/costmap, driving", unit="s", minimum=0.05, maximum=60)
    drill_lag_s: float = setting(
        0.5, "of /drill/rig_command or /drill/status, until it is told to be stowed", unit="s", minimum=0.05, maximum=60
    )
    parked_lag_s: float = setting(
        0.6, "more while parked, where what is told comes seldom", unit="s", minimum=0, maximum=60
    )
    hang_wall_s: float = setting(
        15.0,
        "wall time that a living process was given without going on, after which it is lost",
        unit="s",
        minimum=0.01,
        maximum=600,
    )
    quiet_wall_s: float = setting(
        3.0,
        "likewise asleep, after which what it has not told on a topic is owed no longer: its heartbeat is",
        unit="s",
        minimum=0.01,
        maximum=600,
    )
    late_wall_s: float = setting(
        0.2, "wall time by which a step may be late and still be made up for", unit="s", minimum=0, maximum=10
    )
    parked_after_s: float = setting(5.0, "without a drive command, then parked", unit="s", minimum=0.1, maximum=600)
    speed_window_wall_s: float = setting(
        5.0, "wall time over which the speed-up is told", unit="s", minimum=0.1, maximum=600
    )


class Source(Enum):
    """What has to follow the clock closely."""

    ODOMETRY = "/odometry/local"
    COMMANDS = "/mobility/joint_commands"
    COSTMAP = "/traversability/costmap"
    DRILL = "/drill/rig_command"


NODE_OF = {
    Source.ODOMETRY: "localization",
    Source.COMMANDS: "mobility",
    Source.COSTMAP: "traversability",
    Source.DRILL: "drill_control",
}
"""Whose process speaks on a topic."""

HEARTBEAT_PERIOD_S = 1.0
"""Of every node's heartbeat."""

LOOK_WALL_S = 0.1
"""Between two looks at a process that is waited for."""


@dataclass(frozen=True)
class Situation:
    """What the world does at present, as far as it decides whom the clock waits for."""

    driving: bool
    lidar_on: bool
    drill_out: bool
    cloud_s: float = math.inf
    """Stamp of the last cloud: a costmap that is as new is no debt."""
    drill_at_work: bool = False
    """Drill control has not told yet that it is stowed."""

    @property
    def kind(self) -> tuple[bool, ...]:
        """All but the times."""
        return self.driving, self.lidar_on, self.drill_out, self.drill_at_work


@dataclass(frozen=True)
class Verdict:
    """Step when `wait_s` is 0, else wait so much wall time (or for a message) and ask again.

    `held_by` names the node that time waits for, `awaited` those that are not active yet.
    """

    wait_s: float
    held_by: str = ""
    awaited: tuple[str, ...] = ()


@dataclass
class _Follower:
    node: str
    stamp_s: float


class Pace:
    """Decide when the next step may be made; wall time is an argument, so it can be tried by hand."""

    def __init__(
        self,
        config: PaceConfig,
        max_speed_up: float,
        sim_s: float,
        wall_s: float,
        look: Callable[[str], ProcessLook | None] = lambda node: None,
    ) -> None:
        """Begin at `sim_s`.

        `max_speed_up` is in simulated seconds a wall second, 0 for no limit but the followers. `look` looks at a node's
        process; None where it cannot be looked at.
        """
        self._config = config
        self._max_speed_up = max_speed_up
        self._look = look
        self._followers: dict[Source | str, _Follower] = {}
        self._awaited = dict.fromkeys(config.required_nodes)
        self._patience = Patience()
        self._looked_wall_s: dict[str, float] = {}
        self._lost: dict[str, None] = {}
        self._quiet: dict[Source, None] = {}
        self._slow_until_s = sim_s
        self._anchor = (sim_s, wall_s)
        self._anchor_rate = 0.0
        self._kind: tuple[bool, ...] = ()
        self._changed_s = sim_s
        self._window: deque[tuple[float, float]] = deque([(wall_s, sim_s)])

    @property
    def lost(self) -> tuple[str, ...]:
        """Nodes that are dead or hang, and have not spoken since."""
        return tuple(self._lost)

    @property
    def quiet(self) -> tuple[Source, ...]:
        """Topics on which somebody told nothing who has slept meanwhile, and nothing since."""
        return tuple(self._quiet)

    def seen(self, source: Source, stamp_s: float, sim_s: float) -> None:
        """Note a message that came at `sim_s`; only a newer stamp is progress, and it also finds a lost node again."""
        self._progress(source, NODE_OF[source], stamp_s, sim_s)

    def beat(self, node: str, stamp_s: float, sim_s: float, *, active: bool) -> None:
        """Note a heartbeat."""
        if node not in self._config.required_nodes:
            return
        if active and node in self._awaited:
            del self._awaited[node]
            self._slow_until_s = sim_s + self._config.begin_s
        self._progress(node, node, stamp_s, sim_s)

    def heard(self, node: str, stamp_s: float, sim_s: float) -> None:
        """Note that another node has heard a node's heartbeat: who watches must not call it silent for its delay."""
        if node in self._config.required_nodes and node not in self._lost:
            self._progress(f"{node}, heard", node, stamp_s, sim_s)

    def _progress(self, key: Source | str, node: str, stamp_s: float, sim_s: float) -> None:
        # A stamp ahead of the clock counts as the clock's time, or a wrong stamp would set the clock free for long.
        stamp_s = min(stamp_s, sim_s)
        follower = self._followers.get(key)
        if follower is None:
            self._followers[key] = _Follower(node, stamp_s)
        elif stamp_s <= follower.stamp_s:
            return
        else:
            follower.stamp_s = stamp_s
            if isinstance(key, Source):
                self._quiet.pop(key, None)
        self._patience.heard(node)
        if node in self._lost:
            # what it told before its death is no debt of its next life
            del self._lost[node]
            self._slow_until_s = sim_s + self._config.begin_s
            for other in self._followers.values():
                if other.node == node:
                    other.stamp_s = sim_s

    def limit_s(self, key: Source | str, situation: Situation) -> float | None:
        """Return by how much a source or a node's heartbeat may lag now, None when nobody waits for it."""
        config = self._config
        more_s = 0.0 if situation.driving else config.parked_lag_s
        if key is Source.ODOMETRY:
            return config.odometry_lag_s + more_s
        if key is Source.COMMANDS:
            return config.commands_lag_s + more_s
        if key is Source.COSTMAP:
            return config.costmap_lag_s if situation.driving and situation.lidar_on else None
        if key is Source.DRILL:
            if situation.drill_out:
                return config.drill_lag_s
            return config.drill_lag_s + more_s if situation.drill_at_work else None
        # What is handed on comes with the next heartbeat of who does, or with the one after.
        return config.heartbeat_lag_s + (0.0 if key in config.required_nodes else 2.0 * HEARTBEAT_PERIOD_S)

    def decide(self, sim_s: float, wall_s: float, situation: Situation) -> Verdict:
        """Tell whether the clock may go on from `sim_s`."""
        if self._awaited:
            self._anchor = (sim_s, wall_s)
            return Verdict(LOOK_WALL_S, awaited=tuple(self._awaited))
        if situation.kind != self._kind:
            # Stamps made at the parked rates say nothing about how well the driving rates are followed.
            self._kind, self._changed_s = situation.kind, sim_s
        held_by = ""
        for key, follower in self._followers.items():
            limit_s = self.limit_s(key, situation)
            if limit_s is None or follower.node in self._lost:
                continue
            # Heartbeats come at one rate, whatever the world does.
            since_s = max(follower.stamp_s, self._changed_s) if isinstance(key, Source) else follower.stamp_s
            if key is Source.COSTMAP and situation.cloud_s < math.inf:
                since_s = sim_s if follower.stamp_s >= situation.cloud_s else max(since_s, situation.cloud_s)
            if sim_s - since_s > limit_s and not self._gives_up(key, follower, sim_s, wall_s):
                held_by = follower.node
        if held_by:
            # Time spent in a hold is not owed, or the clock would race after it; what a long step took ahead still is.
            self._anchor = (sim_s, max(wall_s, self._due_wall_s(sim_s)))
            return Verdict(LOOK_WALL_S, held_by)
        return Verdict(self._limited_wait(sim_s, wall_s, situation))

    def _gives_up(self, key: Source | str, follower: _Follower, sim_s: float, wall_s: float) -> bool:
        """Look, now and then, at a node that lags; tell whether its debt is none: it is dead, hangs, or is quiet."""
        node = follower.node
        if wall_s - self._looked_wall_s.get(node, -1e9) < LOOK_WALL_S:
            return False
        self._looked_wall_s[node] = wall_s
        waited = self._patience.waited(node, self._look(node), wall_s)
        if waited.given_s >= self._config.hang_wall_s:
            self._lost[node] = None
            self._patience.heard(node)
            return True
        if isinstance(key, Source) and node in self._followers and waited.idle_s >= self._config.quiet_wall_s:
            # a cloud of which nothing can be made, a message that was lost: it may well live, and then its heart beats
            self._quiet[key] = None
            follower.stamp_s = sim_s
            return True
        return False

    def _due_wall_s(self, sim_s: float) -> float:
        """Return the wall time before which the clock may not go on from `sim_s`, by the rate that was last allowed."""
        if self._anchor_rate == 0.0:
            return -math.inf
        return self._anchor[1] + (sim_s - self._anchor[0]) / self._anchor_rate

    def _limited_wait(self, sim_s: float, wall_s: float, situation: Situation) -> float:
        rate = self._rate(sim_s, situation)
        if rate != self._anchor_rate:
            self._anchor, self._anchor_rate = (sim_s, wall_s), rate
        if rate == 0.0:
            return 0.0
        due_wall_s = self._due_wall_s(sim_s)
        if wall_s - due_wall_s > self._config.late_wall_s:
            # What the machine could not do for so long is not made up for either.
            self._anchor = (sim_s, wall_s)
        return max(0.0, due_wall_s - wall_s)

    def _rate(self, sim_s: float, situation: Situation) -> float:
        rates = [self._max_speed_up] if self._max_speed_up > 0.0 else []
        missed = any(
            follower.node in self._lost and self.limit_s(key, situation) is not None
            for key, follower in self._followers.items()
        )
        if missed or not self._followers:
            rates.append(self._config.unfollowed_speed_up)
        if not situation.driving:
            rates.append(self._config.parked_speed_up)
        if sim_s < self._slow_until_s:
            rates.append(self._config.begin_speed_up)
        return min(rates, default=0.0)

    def speed_up(self, sim_s: float, wall_s: float) -> float:
        """Return simulated over wall seconds of the last few wall seconds; call it about once a simulated second."""
        window = self._window
        window.append((wall_s, sim_s))
        while len(window) > 2 and wall_s - window[1][0] > self._config.speed_window_wall_s:
            window.popleft()
        elapsed_s = wall_s - window[0][0]
        return (sim_s - window[0][1]) / elapsed_s if elapsed_s > 0.0 else 0.0


class Parking:
    """Tell driving from parked by the drive commands."""

    def __init__(self, parked_after_s: float, sim_s: float) -> None:
        self._parked_after_s = parked_after_s
        self._last_drive_s = sim_s - parked_after_s

    def commanded(self, sim_s: float, moving: bool) -> None:
        """Note a joint command and whether it turns a drive or a steering actuator."""
        if moving:
            self._last_drive_s = sim_s

    def driving(self, sim_s: float) -> bool:
        """Tell whether a drive was commanded within the last few seconds."""
        return sim_s - self._last_drive_s < self._parked_after_s
