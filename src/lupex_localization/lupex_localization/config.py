# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every setting of the localization: default, unit, bounds and meaning."""

from dataclasses import dataclass, field

from lupex_localization.ground_config import GroundMatching
from lupex_localization.inertial_config import Inertial
from lupex_models.configuration import setting


@dataclass(frozen=True)
class InitialPose:
    """Where the rover stands when it is first switched on."""

    wait_s: float = setting(
        1.0,
        "of inertial samples alone, after which it goes on from a checkpoint without joint states",
        unit="s",
        minimum=0,
        maximum=60,
    )
    unmoved_m: float = setting(
        0.5, "way on the tracks' counters up to which it counts as never moved", unit="m", minimum=0, maximum=10
    )
    steady_share: float = setting(
        0.05, "of gravity by which the specific force may differ from it at the start", minimum=0.001, maximum=1
    )
    from_site: bool = setting(True, "take position and heading of the site's lander instead of the values here")
    x_m: float = setting(0.0, "in map", unit="m", minimum=-1e5, maximum=1e5)
    y_m: float = setting(0.0, "in map", unit="m", minimum=-1e5, maximum=1e5)
    z_m: float = setting(0.0, "in map", unit="m", minimum=-1e4, maximum=1e4)
    yaw_rad: float = setting(0.0, "from map x, counter-clockwise", unit="rad", minimum=-6.3, maximum=6.3)
    position_sigma_m: float = setting(0.1, "each horizontal axis", unit="m", minimum=1e-4, maximum=1e3)
    height_sigma_m: float = setting(0.2, "along map z", unit="m", minimum=1e-4, maximum=1e3)
    yaw_sigma_rad: float = setting(0.1, "coarse heading", unit="rad", minimum=1e-4, maximum=1.0)
    tilt_sigma_rad: float = setting(
        0.01, "roll and pitch from one specific force", unit="rad", minimum=1e-4, maximum=0.5
    )


@dataclass(frozen=True)
class Tracks:
    """Track odometry and its slip."""

    max_speed_mps: float = setting(0.5, "a larger track speed is refused", unit="m/s", minimum=0.01, maximum=5)
    hold_s: float = setting(
        0.3, "wait of an inertial sample for joint states of its time", unit="s", minimum=0, maximum=2
    )
    coincidence_s: float = setting(
        1.0e-3, "stamps nearer to each other than that are the same time", unit="s", minimum=0, maximum=0.01
    )
    silence_s: float = setting(6.0, "longer silence of the joint states is DEGRADED", unit="s", minimum=0.1, maximum=60)
    speed_sigma_mps: float = setting(2.0e-3, "white part of the velocity", unit="m/s", minimum=1e-5, maximum=1)
    vertical_sigma_mps: float = setting(0.01, "across the contact plane", unit="m/s", minimum=1e-5, maximum=1)
    turn_sigma: float = setting(
        0.03, "share of the tracks' speed about the body lost to skidding", minimum=0, maximum=1
    )
    noise_correlation_s: float = setting(
        1.0, "over which the white parts are alike", unit="s", minimum=0.01, maximum=100
    )
    slip_sigma: float = setting(
        0.03, "one sigma of the slip of one place beside the soil's spread", minimum=0, maximum=1
    )
    slip_correlation_m: float = setting(5.0, "distance over which that is alike", unit="m", minimum=0.1, maximum=1e4)
    sideslip_sigma: float = setting(
        0.02, "one sigma of sideways over forward speed beside the soil's spread", minimum=0, maximum=1
    )
    sideslip_correlation_m: float = setting(
        5.0, "distance over which that is alike", unit="m", minimum=0.1, maximum=1e4
    )
    model_share: float = setting(0.7, "one sigma of the soil model's slip over itself", minimum=0, maximum=10)
    slip_open: float = setting(
        0.5, "sigma to which a contradiction opens the slip: the heavy tail of its prior", minimum=0.01, maximum=2
    )
    scale_sigma: float = setting(
        0.1, "of what ground and track speeds differ by throughout: sprockets, and slip that lasts", maximum=1
    )
    steer_zero_sigma_rad: float = setting(0.006, "of the steering's zero", unit="rad", maximum=0.3)
    soils: int = setting(32, "soils drawn for the spread of the slip", minimum=4, maximum=1000)
    slope_step_rad: float = setting(0.0524, "of the slip's grid", unit="rad", minimum=0.005, maximum=0.3)
    slope_max_rad: float = setting(0.5236, "end of the slip's grid", unit="rad", minimum=0.1, maximum=0.8)


@dataclass(frozen=True)
class Stationary:
    """When the rover counts as parked, and how well that is known."""

    track_speed_mps: float = setting(2.0e-4, "of every unit", unit="m/s", minimum=0, maximum=0.1)
    steer_step_rad: float = setting(1.0e-3, "of a unit from sample to sample", unit="rad", minimum=0, maximum=1)
    rate_rad_s: float = setting(2.0e-3, "of the body", unit="rad/s", minimum=0, maximum=1)
    after_s: float = setting(1.0, "quiet for so long", unit="s", minimum=0, maximum=60)
    interval_s: float = setting(0.45, "between updates", unit="s", minimum=0.01, maximum=60)
    velocity_sigma_mps: float = setting(3.0e-4, "each axis", unit="m/s", minimum=1e-6, maximum=1)
    rate_sigma_rad_s: float = setting(1.0e-6, "each axis, beside the noise", unit="rad/s", minimum=0, maximum=1)


@dataclass(frozen=True)
class Stops:
    """Which stops are asked for on the way."""

    told_m: float = setting(
        0.1, "of the place that a stop must correct, one sigma, to be wanted", unit="m", minimum=0.001, maximum=100
    )
    velocity_sigma_mps: float = setting(
        2.5e-3, "to which a stop shows what the velocity was before it", unit="m/s", minimum=1e-5, maximum=1
    )
    share: float = setting(0.03, "of the time at most that is spent on them", minimum=0.001, maximum=1)
    cost_s: float = setting(3.0, "that one takes, slowing down and setting off included", unit="s", maximum=60)
    patience_s: float = setting(15.0, "that is asked for one before it is given up", unit="s", minimum=1, maximum=600)


@dataclass(frozen=True)
class Fixes:
    """Star tracker, sun sensor and terrain height."""

    probability: float = setting(0.9995, "of a good fix to pass its gate", minimum=0.5, maximum=0.9999999)
    memory_s: float = setting(
        10.0, "an older sample is refused, a younger one put in its place", unit="s", minimum=1, maximum=60
    )
    future_s: float = setting(5.0, "a stamp further ahead of the clock is refused", unit="s", minimum=0, maximum=60)
    refused_long_s: float = setting(
        5.0, "one input refused for so long is DEGRADED", unit="s", minimum=0.5, maximum=600
    )
    attitude_frame: str = setting("star_tracker", "frame_id that AttitudeFix must carry")
    sun_frame: str = setting("base_link", "frame_id that the sun direction must carry")
    imu_frame: str = setting("base_link", "frame_id that Imu must carry")
    joint_frame: str = setting("base_link", "frame_id that the joint states must carry; an empty one is taken too")
    alignment_sigma_rad: float = setting(
        1.0e-3, "of the star tracker's mounting, each axis", unit="rad", minimum=0, maximum=0.1
    )
    sun_alignment_rad: float = setting(
        5.0e-3, "of the sun sensor's, and what shifts the disc's centre", unit="rad", maximum=0.1
    )
    sun_margin_rad: float = setting(0.01, "of the skyline, below which the Sun cannot be seen", unit="rad", maximum=0.5)
    max_sigma_rad: float = setting(
        0.05, "a star tracker that claims to be worse is refused", unit="rad", minimum=1e-5, maximum=1
    )
    recover_after: int = setting(
        8, "refused fixes in a row, alike, after which the heading is opened again", minimum=2, maximum=1000
    )
    sun_agrees_s: float = setting(
        8.0, "so long after a good sun fix the heading is not opened again", unit="s", minimum=0, maximum=1000
    )
    recover_alike_rad: float = setting(5.0e-3, "how alike they must be", unit="rad", minimum=1e-5, maximum=1)
    recover_settled_s: float = setting(
        180.0, "the same once attitudes have passed: false stars last for minutes", unit="s", minimum=1, maximum=1e5
    )
    terrain: bool = setting(True, "tie the height to the site's elevation model")
    terrain_sigma_m: float = setting(0.6, "elevation model and what it lacks", unit="m", minimum=0.01, maximum=100)
    terrain_slope_sigma: float = setting(0.04, "of the elevation model's slopes", minimum=0, maximum=1)
    terrain_interval_m: float = setting(
        15.0, "distance over which its error is alike", unit="m", minimum=0.1, maximum=1e3
    )


@dataclass(frozen=True)
class Health:
    """Limits of the states in /localization/status."""

    degraded_heading_rad: float = setting(0.03, "one sigma", unit="rad", minimum=1e-4, maximum=3)
    lost_heading_rad: float = setting(0.5, "one sigma", unit="rad", minimum=1e-3, maximum=3)
    lost_position_m: float = setting(50.0, "one sigma", unit="m", minimum=0.1, maximum=1e5)
    lost_silence_s: float = setting(
        12.0,
        "of inertial unit and joint states together, after which the place is open",
        unit="s",
        minimum=0.5,
        maximum=600,
    )
    lost_refused_s: float = setting(
        300.0, "stars refused for so long, unless the Sun denies them: LOST", unit="s", minimum=10, maximum=1e5
    )
    monitor_window: int = setting(30, "innovations of a sensor that are judged together", minimum=5, maximum=10_000)
    monitor_limit: float = setting(
        4.0, "mean normalised innovation squared a degree of freedom that is too much", minimum=1, maximum=1000
    )
    fault_after_s: float = setting(60.0, "DEGRADED for so long is a fault", unit="s", minimum=0, maximum=600)


@dataclass(frozen=True)
class Checkpoint:
    """What survives a killed process."""

    interval_s: float = setting(5.0, "between writes", unit="s", minimum=0.1, maximum=600)
    rest_interval_s: float = setting(60.0, "between writes at rest", unit="s", minimum=0.1, maximum=600)
    stop_s: float = setting(2.0, "until the rover stands without odometry", unit="s", minimum=0, maximum=60)
    clock_back_s: float = setting(
        5.0, "a clock set back further begins anew from the last known place", unit="s", minimum=0.1, maximum=1e6
    )
    max_age_s: float = setting(
        600.0, "a place known longer ago waits for a fix: LOST until then", unit="s", minimum=1, maximum=1e6
    )
    distance_sigma_share: float = setting(0.3, "of the distance run meanwhile", minimum=0, maximum=2)
    position_sigma_m: float = setting(0.05, "added to the position", unit="m", minimum=0, maximum=100)
    heading_sigma_rad: float = setting(
        0.3, "added to the heading: it may have turned", unit="rad", minimum=0, maximum=3
    )
    tilt_sigma_rad: float = setting(0.1, "added to roll and pitch", unit="rad", minimum=0, maximum=1)


@dataclass(frozen=True)
class Output:
    """Rates and frames of what is published."""

    transform_interval_s: float = setting(0.5, "of TF", unit="s", minimum=0.01, maximum=10)
    local_interval_s: float = setting(0.1, "of /odometry/local", unit="s", minimum=0.01, maximum=10)
    global_interval_s: float = setting(0.1, "of /odometry/global", unit="s", minimum=0.01, maximum=10)
    interval_slack_s: float = setting(
        0.021, "earlier than due, as samples lie on a grid", unit="s", minimum=0, maximum=1
    )
    status_interval_s: float = setting(1.0, "of /localization/status", unit="s", minimum=0.05, maximum=60)


@dataclass(frozen=True)
class LocalizationConfig:
    """Settings of the localization node."""

    site: str = setting("", "orbital directory of the world; empty: no sky fixes and no terrain height")
    rover: str = setting("", "path of rover.yaml")
    initial: InitialPose = field(default_factory=InitialPose)
    inertial: Inertial = field(default_factory=Inertial)
    tracks: Tracks = field(default_factory=Tracks)
    ground: GroundMatching = field(default_factory=GroundMatching)
    stationary: Stationary = field(default_factory=Stationary)
    stops: Stops = field(default_factory=Stops)
    fixes: Fixes = field(default_factory=Fixes)
    health: Health = field(default_factory=Health)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    output: Output = field(default_factory=Output)
