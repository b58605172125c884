# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the drill control. The rig's own limits stand in the rover's numbers, not here."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class Cutting:
    """How a bite is cut."""

    weight_on_bit_n: float = setting(100.0, "force the feed pushes with", unit="N", minimum=5, maximum=500)
    torque_limit_nm: float = setting(12.0, "torque the auger is allowed", unit="N m", minimum=0.5, maximum=100)
    torque_ease: float = setting(0.6, "share of the torque limit above which the feed eases", minimum=0.1, maximum=0.95)
    contact_n: float = setting(8.0, "force that tells the bit has met ground", unit="N", minimum=0.5, maximum=100)
    approach_m: float = setting(
        0.05, "above the bottom of the hole, where the fast feed ends", unit="m", minimum=0.01, maximum=0.3
    )
    approach_feed_mps: float = setting(0.003, "feed over that last part", unit="m/s", minimum=1e-4, maximum=0.02)
    clear_m: float = setting(
        0.03, "above the surface, where a retracted bit stops", unit="m", minimum=0.005, maximum=0.3
    )
    depth_tolerance_m: float = setting(
        0.002, "within which a depth counts as reached", unit="m", minimum=1e-4, maximum=0.02
    )
    least_sample_m: float = setting(
        0.03, "shortest length cut that is worth a sample of its own", unit="m", minimum=0.001, maximum=0.5
    )
    deliver_s: float = setting(4.0, "the bit is held still to hand over a sample", unit="s", minimum=1, maximum=120)


@dataclass(frozen=True)
class HardGround:
    """When the hammer runs, and when hard ground ends the hole."""

    slow_share: float = setting(
        0.4, "of the cutting feed: slower at the force limit is hard ground", minimum=0.01, maximum=0.95
    )
    fast_share: float = setting(0.8, "of the cutting feed: faster needs no hammer", minimum=0.05, maximum=1)
    weight_share: float = setting(0.85, "of the force: the feed pushes at its limit", minimum=0.1, maximum=1)
    decide_s: float = setting(4.0, "a condition must last to switch the hammer", unit="s", minimum=0.2, maximum=60)
    hammer_s: float = setting(20.0, "shortest run of the hammer", unit="s", minimum=1, maximum=600)
    refusal_mps: float = setting(
        4e-5, "progress below this with the hammer is refusal", unit="m/s", minimum=1e-7, maximum=1e-3
    )
    refusal_s: float = setting(90.0, "refusal must last to end the hole", unit="s", minimum=5, maximum=3600)
    smoothing_s: float = setting(4.0, "time constant of the rate of penetration", unit="s", minimum=0.1, maximum=60)


@dataclass(frozen=True)
class Jam:
    """How binding and choking are recognised and undone."""

    torque_share: float = setting(0.97, "of the torque limit: the auger is held", minimum=0.3, maximum=1)
    rotation_share: float = setting(0.3, "of the commanded rate: slower is held", minimum=0.01, maximum=0.95)
    bind_s: float = setting(2.0, "a hold must last to be binding", unit="s", minimum=0.1, maximum=30)
    choke_share: float = setting(0.7, "of the torque limit: with a light bit, cuttings clog", minimum=0.1, maximum=1)
    choke_weight_share: float = setting(0.6, "of the force: below it the bit is light", minimum=0.05, maximum=1)
    choke_s: float = setting(4.0, "clogging must last to count", unit="s", minimum=0.2, maximum=60)
    settle_s: float = setting(1.0, "all stopped before the auger reverses", unit="s", minimum=0, maximum=30)
    reverse_s: float = setting(15.0, "the auger turns backwards, at most", unit="s", minimum=0.5, maximum=120)
    turning_s: float = setting(0.5, "it must turn to count as loose", unit="s", minimum=0.1, maximum=30)
    lift_m: float = setting(0.03, "the bit is lifted after it", unit="m", minimum=0.005, maximum=0.3)
    lift_feed_mps: float = setting(0.003, "speed of that lift", unit="m/s", minimum=1e-4, maximum=0.02)
    lift_s: float = setting(40.0, "the lift may take", unit="s", minimum=2, maximum=600)
    stuck_s: float = setting(6.0, "a retracting bit may stand still", unit="s", minimum=1, maximum=120)
    stuck_m: float = setting(0.002, "travel that counts as moving", unit="m", minimum=1e-4, maximum=0.02)
    progress_m: float = setting(0.01, "new depth after which tries count anew", unit="m", minimum=0.001, maximum=0.5)
    tries: int = setting(4, "recoveries without progress before the hole is given up", minimum=1, maximum=50)
    recoveries: int = setting(20, "recoveries in one hole before it is given up", minimum=1, maximum=500)


@dataclass(frozen=True)
class Watch:
    """Ages, timeouts and interlocks."""

    rig_age_s: float = setting(1.0, "oldest rig measurement to act on", unit="s", minimum=0.2, maximum=10)
    stowed_age_s: float = setting(6.0, "the same for a stowed rig", unit="s", minimum=1.2, maximum=30)
    plausible: float = setting(
        5.0, "times the rig's own limits: a reading beyond is a broken sensor", minimum=1, maximum=100
    )
    coldest_bit_k: float = setting(20.0, "bit temperature below is a broken sensor", unit="K", minimum=0, maximum=300)
    hottest_bit_k: float = setting(800.0, "and above", unit="K", minimum=300, maximum=2000)
    rig_lost_s: float = setting(30.0, "blind for this long ends the goal", unit="s", minimum=1, maximum=600)
    faults: int = setting(5, "measurement faults in one hole before it is given up", minimum=0, maximum=100)
    unstow_s: float = setting(30.0, "leaving the stow position may take", unit="s", minimum=2, maximum=600)
    stow_s: float = setting(240.0, "stowing may take", unit="s", minimum=5, maximum=3600)
    retry_s: float = setting(300.0, "between tries to free a bit that was given up", unit="s", minimum=5, maximum=1e5)
    assay_s: float = setting(600.0, "to wait for the last assay, stowed", unit="s", minimum=1, maximum=1e5)
    command_age_s: float = setting(
        1.5, "a velocity command older than this moves nothing", unit="s", minimum=0.1, maximum=10
    )
    odometry_age_s: float = setting(10.0, "oldest odometry that proves rest", unit="s", minimum=0.5, maximum=60)
    speed_mps: float = setting(0.02, "faster is moving", unit="m/s", minimum=1e-4, maximum=1)
    turn_rate_rad_s: float = setting(0.02, "turning faster is moving", unit="rad/s", minimum=1e-4, maximum=1)
    power_age_s: float = setting(15.0, "oldest power status that allows work", unit="s", minimum=1, maximum=120)


@dataclass(frozen=True)
class Assay:
    """Correction of the thermogravimetry. Both numbers are assumptions: no ground calibration is published."""

    lightest_sigma: float = setting(
        3.0, "of the balance: a lighter sample says nothing of its composition", minimum=1, maximum=100
    )
    dry_loss: float = setting(
        0.0, "mass share that dry regolith loses too (mineral water, gases)", minimum=0, maximum=0.05
    )
    dry_loss_sigma: float = setting(0.0005, "one sigma of it", minimum=0, maximum=0.05)
    handling_loss: float = setting(
        0.0, "share of the ice that sublimates between cutting and weighing", minimum=0, maximum=0.9
    )
    handling_loss_sigma: float = setting(0.02, "one sigma of it", minimum=0, maximum=0.5)


@dataclass(frozen=True)
class DrillControlSettings:
    """Everything the drill control can be told."""

    cutting: Cutting = Cutting()
    hard_ground: HardGround = HardGround()
    jam: Jam = Jam()
    watch: Watch = Watch()
    assay: Assay = Assay()
    rover: str = setting("", "path of rover.yaml")
    command_rate_hz: float = setting(10.0, "of the rig's set-points while active", unit="Hz", minimum=2, maximum=50)
    status_rate_hz: float = setting(5.0, "of the status while active", unit="Hz", minimum=0.5, maximum=20)
    mission_max_age_s: float = setting(
        10.0, "an older /mission/status does not keep the drill for the mission", unit="s", minimum=0.1, maximum=600
    )
