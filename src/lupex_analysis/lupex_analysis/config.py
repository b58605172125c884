# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the judgement over a recording."""

from dataclasses import dataclass, field

from lupex_models.configuration import setting


@dataclass(frozen=True)
class WayRules:
    """How the true need of the way home is looked for, and how exactly it can be known."""

    period_s: float = setting(60.0, "between moments that are judged", unit="s", minimum=1, maximum=3600)
    frame_s: float = setting(
        600.0, "for which light is taken to stay as it is; the Sun turns 0.09 deg", unit="s", minimum=10, maximum=3600
    )
    horizon_s: float = setting(86_400.0, "after the end, of ways home", unit="s", minimum=3600, maximum=1e6)
    pad_m: float = setting(100.0, "around where the rover was and havens are", unit="m", minimum=10, maximum=2000)
    recharge_wh: float = setting(
        400.0, "that home truly gives within recharge_s: what a certificate calls a haven", unit="Wh", minimum=0
    )
    recharge_s: float = setting(21_600.0, "within which home recharges", unit="s", minimum=0, maximum=1e6)
    haven_slope_max_rad: float = setting(0.30, "steepest place to stay", unit="rad", minimum=0.01, maximum=0.6)
    resolution_wh: float = setting(
        2.0,
        "that the need is uncertain by: half a cell's diagonal, 3.5 m of at most 0.5 Wh/m",
        unit="Wh",
        minimum=0,
        maximum=100,
    )
    resolution_share: float = setting(
        0.082, "of the need, by which ways in eight directions are longer at most: sec(pi/8) - 1", minimum=0, maximum=1
    )
    world_m: float = setting(
        1.0, "farthest median of true heights from the world's: farther is another world", unit="m", minimum=0
    )


@dataclass(frozen=True)
class Judgement:
    """What makes a sortie a success, by truth."""

    sunlit_fraction: float = setting(0.5, "true share of the Sun's disc at the end", minimum=0, maximum=1)
    reserve_fraction: float = setting(
        0.15, "of the charge, where the bag does not hold the rover's own", minimum=0, maximum=0.9
    )
    sample_depth_m: float = setting(0.5, "to which a sample must reach", unit="m", minimum=0, maximum=3)
    depth_tolerance_m: float = setting(0.005, "within which that depth counts", unit="m", minimum=0, maximum=0.1)
    storage_min_k: float = setting(
        233.15, "battery colder than it is lost: storage without damage, assumed", unit="K", minimum=50, maximum=300
    )
    stuck_s: float = setting(
        1200.0, "of commands to drive without true progress, until the end: stuck", unit="s", minimum=10, maximum=1e5
    )
    progress_m: float = setting(0.5, "moved less is no progress", unit="m", minimum=0.01, maximum=100)
    commanded_mps: float = setting(0.005, "slower commands are none to drive", unit="m/s", minimum=0, maximum=1)
    commanded_rad_s: float = setting(0.005, "slower commands are none to turn", unit="rad/s", minimum=0, maximum=1)
    dark_fraction: float = setting(0.05, "of the Sun's disc: below it is darkness", minimum=0, maximum=1)
    stop_speed_mps: float = setting(0.005, "slower is a stop", unit="m/s", minimum=0, maximum=1)
    stop_s: float = setting(5.0, "a stop lasts at least", unit="s", minimum=0, maximum=600)
    match_s: float = setting(0.6, "farthest in time from truth for an estimate", unit="s", minimum=0.01, maximum=10)
    slope_span_m: float = setting(2.0, "of the way, over which its slope is taken", unit="m", minimum=0.2, maximum=50)
    level_rad: float = setting(0.0175, "less is neither uphill nor downhill", unit="rad", minimum=0, maximum=0.5)
    promise_m: float = setting(5.0, "from a plan's waypoint counts as there", unit="m", minimum=0.5, maximum=100)
    promise_s: float = setting(
        1800.0, "from a waypoint's time counts as the time it was promised for", unit="s", minimum=1, maximum=1e5
    )
    way: WayRules = field(default_factory=WayRules)


JUDGEMENT = Judgement()
