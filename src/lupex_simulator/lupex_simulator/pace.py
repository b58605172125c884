# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How fast simulated time may run: as fast as the nodes follow, never past a node that has gone silent for good."""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from lupex_models.configuration import setting


@dataclass(frozen=True)
class PaceConfig:
    """Limits of the clock against the nodes that have to follow it; simulated seconds unless the name says wall."""

    unfollowed_speed_up: float = setting(
        1.0, "speed-up while no source was ever seen or one is lost", minimum=0.01, maximum=1e5
    )
    gather_wall_s: float = setting(
        120.0,
        "wall time from the start during which unfollowed_speed_up holds until every node has spoken",
        unit="s",
        minimum=0,
        maximum=600,
    )
    parked_speed_up: float = setting(200.0, "largest speed-up while parked", minimum=1, maximum=1e5)
    odometry_lag_s: float = setting(0.3, "of /odometry/local while driving", unit="s", minimum=0.05, maximum=60)
    commands_lag_s: float = setting(0.7, "of /mobility/joint_commands", unit="s", minimum=0.05, maximum=60)
    costmap_lag_s: float = setting(2.5, "of /traversability/costmap", unit="s", minimum=0.05, maximum=60)
    drill_lag_s: float = setting(0.5, "of /drill/rig_command, drill out", unit="s", minimum=0.05, maximum=60)
    certificate_lag_s: float = setting(6.0, "of /plan/certificate, always", unit="s", minimum=0.05, maximum=600)
    switches_lag_s: float = setting(3.0, "of /power/switches, always", unit="s", minimum=0.05, maximum=600)
    parked_lag_scale: float = setting(5.0, "lag limits while parked over those while driving", minimum=1, maximum=100)
    hold_wall_s: float = setting(
        2.0, "wall time of a hold without progress after which the source is lost", unit="s", minimum=0.01, maximum=60
    )
    late_wall_s: float = setting(
        0.2, "wall time by which a step may be late and still be made up for", unit="s", minimum=0, maximum=10
    )
    parked_after_s: float = setting(5.0, "without a drive command, then parked", unit="s", minimum=0.1, maximum=600)
    speed_window_wall_s: float = setting(
        5.0, "wall time over which the speed-up is told", unit="s", minimum=0.1, maximum=600
    )


class Source(Enum):
    """What has to follow the clock."""

    ODOMETRY = "/odometry/local"
    COMMANDS = "/mobility/joint_commands"
    COSTMAP = "/traversability/costmap"
    DRILL = "/drill/rig_command"
    SWITCHES = "/power/switches"
    CERTIFICATE = "/plan/certificate"


GATHERED = frozenset({Source.ODOMETRY, Source.COMMANDS, Source.COSTMAP, Source.SWITCHES, Source.CERTIFICATE})
"""Who speaks by itself from its start on; the drill does not."""


@dataclass(frozen=True)
class Situation:
    """What the world does at present, as far as it decides whom the clock waits for."""

    driving: bool
    lidar_on: bool
    drill_out: bool


@dataclass(frozen=True)
class Verdict:
    """Step when `wait_s` is 0, else wait so much wall time (or for a message) and ask again."""

    wait_s: float
    held_by: Source | None = None


@dataclass
class _Follower:
    stamp_s: float
    progress_wall_s: float
    lost: bool = False


class Pace:
    """Decide when the next step may be made; wall time is an argument, so it can be tried by hand."""

    def __init__(self, config: PaceConfig, max_speed_up: float, sim_s: float, wall_s: float) -> None:
        """Begin at `sim_s`; `max_speed_up` is in simulated seconds a wall second, 0 for no limit but the followers."""
        self._config = config
        self._max_speed_up = max_speed_up
        self._followers: dict[Source, _Follower] = {}
        self._held_since: dict[Source, float] = {}
        self._gathered_wall_s = wall_s + config.gather_wall_s
        self._anchor = (sim_s, wall_s)
        self._anchor_rate = 0.0
        self._situation: Situation | None = None
        self._changed_s = sim_s
        self._now_s = sim_s
        self._window: deque[tuple[float, float]] = deque([(wall_s, sim_s)])

    @property
    def lost(self) -> tuple[Source, ...]:
        """Sources that have been waited for in vain and have not spoken since."""
        return tuple(source for source, follower in self._followers.items() if follower.lost)

    def seen(self, source: Source, stamp_s: float, wall_s: float) -> None:
        """Note a message; only a stamp newer than the last one is progress, and it also finds a lost source again.

        A stamp ahead of the clock counts as the clock's time, or a wrong stamp would set the clock free for long.
        """
        stamp_s = min(stamp_s, self._now_s)
        follower = self._followers.get(source)
        if follower is None:
            self._followers[source] = _Follower(stamp_s, wall_s)
        elif stamp_s > follower.stamp_s:
            follower.stamp_s, follower.progress_wall_s, follower.lost = stamp_s, wall_s, False
            self._held_since.pop(source, None)

    def limit_s(self, source: Source, situation: Situation) -> float | None:
        """Return by how much a source may lag in this situation, or None when nobody waits for it."""
        config = self._config
        scale = 1.0 if situation.driving else config.parked_lag_scale
        if source is Source.ODOMETRY:
            return config.odometry_lag_s * scale
        if source is Source.COMMANDS:
            return config.commands_lag_s * scale
        if source is Source.COSTMAP:
            return config.costmap_lag_s if situation.driving and situation.lidar_on else None
        if source is Source.DRILL:
            return config.drill_lag_s if situation.drill_out else None
        if source is Source.CERTIFICATE:
            return config.certificate_lag_s
        return config.switches_lag_s

    def decide(self, sim_s: float, wall_s: float, situation: Situation) -> Verdict:
        """Tell whether the clock may go on from `sim_s`."""
        self._now_s = sim_s
        if situation != self._situation:
            # Stamps made at the parked rates say nothing about how well the driving rates are followed.
            self._situation, self._changed_s = situation, sim_s
        held_by: Source | None = None
        for source, follower in self._followers.items():
            limit_s = self.limit_s(source, situation)
            if limit_s is None or follower.lost or sim_s - max(follower.stamp_s, self._changed_s) <= limit_s:
                self._held_since.pop(source, None)
                continue
            since = max(self._held_since.setdefault(source, wall_s), follower.progress_wall_s)
            if wall_s - since >= self._config.hold_wall_s:
                follower.lost = True
                self._held_since.pop(source, None)
            else:
                held_by = source
        if held_by is not None:
            # Time spent in a hold is not owed: without this the clock would race after it.
            self._anchor = (sim_s, wall_s)
            return Verdict(self._config.hold_wall_s, held_by)
        return Verdict(self._limited_wait(sim_s, wall_s, situation))

    def _limited_wait(self, sim_s: float, wall_s: float, situation: Situation) -> float:
        rate = self._rate(situation, wall_s)
        if rate != self._anchor_rate:
            self._anchor, self._anchor_rate = (sim_s, wall_s), rate
        if rate == 0.0:
            return 0.0
        due_wall_s = self._anchor[1] + (sim_s - self._anchor[0]) / rate
        if wall_s - due_wall_s > self._config.late_wall_s:
            # What the machine could not do for so long is not made up for either.
            self._anchor = (sim_s, wall_s)
        return max(0.0, due_wall_s - wall_s)

    def _rate(self, situation: Situation, wall_s: float) -> float:
        rates = [self._max_speed_up] if self._max_speed_up > 0.0 else []
        lost = any(self.limit_s(source, situation) is not None for source in self.lost)
        gathering = wall_s < self._gathered_wall_s and not self._followers.keys() >= GATHERED
        if lost or gathering or not self._followers:
            rates.append(self._config.unfollowed_speed_up)
        if not situation.driving:
            rates.append(self._config.parked_speed_up)
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
