# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the executive."""

import dataclasses
from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class MissionConfig:
    """What the sortie does, when it turns back and which nodes it watches."""

    site: str = setting(description="directory of the orbital product of the site")
    rover: str = setting("", "path of rover.yaml: what its battery holds bounds what a certificate may claim")
    begin_at_start: bool = setting(False, "run the sortie without waiting for /mission/execute")
    drill_depth_m: float = setting(0.5, "depth of the hole at each target", unit="m", minimum=0.05, maximum=1.5)
    sample_interval_m: float = setting(0.1, "depth interval of one sample", unit="m", minimum=0.02, maximum=0.5)
    drill_max_duration_s: float = setting(10800.0, "give up a hole after it", unit="s", minimum=60, maximum=1e6)
    drill_power_w: float = setting(80.0, "planned load of drilling", unit="W", minimum=0, maximum=1e4)
    drill_tries: int = setting(2, "holes tried at a target before it is given up", minimum=1, maximum=10)
    drill_step_aside_m: float = setting(1.5, "distance to the next hole", unit="m", minimum=0.2, maximum=20)
    scan_s: float = setting(300.0, "neutron integration at a target before drilling", unit="s", minimum=0, maximum=1e5)
    service_s: float = setting(3600.0, "planned stay at a target", unit="s", minimum=0, maximum=1e6)
    arrival_tolerance_m: float = setting(2.0, "of targets", unit="m", minimum=0.2, maximum=50)
    haven_tolerance_m: float = setting(3.0, "of havens", unit="m", minimum=0.2, maximum=50)
    halt_min_s: float = setting(
        120.0, "waits of the plan that are left over and shorter are not waited for", unit="s", minimum=0, maximum=1e6
    )
    drive_tries: int = setting(3, "failed drives to a target before turning back", minimum=1, maximum=100)
    look_anew_after: int = setting(
        2, "failed drives in a row, after which the map of the ground is begun anew", minimum=1, maximum=100
    )
    retry_pause_s: float = setting(20.0, "stand still between failed drives", unit="s", minimum=0, maximum=3600)
    margin_reserve_wh: float = setting(
        40.0, "turn back when the certificate's margin falls below it", unit="Wh", minimum=0, maximum=1e5
    )
    confirm_s: float = setting(
        10.0,
        "a margin below reserve, or a veto of power, turns the rover back after lasting so long",
        unit="s",
        minimum=0,
        maximum=600,
    )
    confirm_invalid_s: float = setting(
        300.0, "without a valid certificate the rover stands still, and turns back after so long", unit="s", minimum=0
    )
    input_age_s: float = setting(
        15.0, "certificate, power and pose older than this stop the rover", unit="s", minimum=1, maximum=600
    )
    recharge_soc: float = setting(0.5, "charge at which the sortie is over", minimum=0.1, maximum=1)
    recharge_min_s: float = setting(600.0, "time of proven charging", unit="s", minimum=0, maximum=1e6)
    recharge_max_s: float = setting(86400.0, "then the sortie has failed", unit="s", minimum=60, maximum=1e7)
    heartbeat_timeout_s: float = setting(
        5.0,
        "silence after which a node counts as lost; heartbeats come once a second",
        unit="s",
        minimum=2,
        maximum=600,
    )
    heartbeat_looks: int = setting(
        3, "leaps of a parked world's clock that make it at the earliest: each is a share", minimum=1, maximum=100
    )
    resume_age_s: float = setting(3600.0, "oldest checkpoint taken up", unit="s", minimum=0, maximum=1e6)
    watched_nodes: tuple[str, ...] = setting(
        ("localization", "traversability", "path_planning", "mobility", "drill_control", "power_management"),
        "nodes whose heartbeat is watched",
    )
    watched_beside: tuple[str, ...] = setting(
        ("recorder",), "nodes whose loss is told, and holds nobody; from when they were heard first"
    )
    beside_timeout_s: float = setting(
        600.0,
        "silence of those; simulated time does not wait for them, so that a busy disk looks long",
        unit="s",
        minimum=1,
        maximum=1e5,
    )

    def counting(self, scan_min_s: float) -> "MissionConfig":
        """Return the mission that counts neutrons for so long at least; the planned stay grows with it."""
        more_s = max(scan_min_s - self.scan_s, 0.0)
        return dataclasses.replace(self, scan_s=self.scan_s + more_s, service_s=self.service_s + more_s)
