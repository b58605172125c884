# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every setting of the mobility nodes: default, unit, bounds and meaning."""

from dataclasses import dataclass, field

from lupex_models.configuration import setting


@dataclass(frozen=True)
class Steering:
    """When the units are turned far enough to drive."""

    start_error_rad: float = setting(
        0.05, "largest error of a unit to begin with", unit="rad", minimum=0.001, maximum=1
    )
    stop_error_rad: float = setting(
        0.30, "error of a unit that stops the drives", unit="rad", minimum=0.01, maximum=1.5
    )
    standing_mps: float = setting(1e-5, "a slower unit keeps its angle", unit="m/s", minimum=0, maximum=0.1)
    set_point_weight: float = setting(
        0.1, "pull of the last set-point when both ways to steer are about as far", minimum=0, maximum=1
    )


@dataclass(frozen=True)
class Following:
    """Regulated pure pursuit with turns on the spot; crabbing where a path states another heading than its own."""

    speed_mps: float = setting(0.1, "over ground without slip", unit="m/s", minimum=0.005, maximum=1)
    lookahead_m: float = setting(
        1.2, "distance along the path to the point aimed at", unit="m", minimum=0.2, maximum=20
    )
    turn_above_rad: float = setting(
        0.5, "heading error that is turned off on the spot", unit="rad", minimum=0.1, maximum=3
    )
    turn_until_rad: float = setting(0.06, "heading error at which it drives on", unit="rad", minimum=0.005, maximum=1)
    turn_rate_rad_s: float = setting(0.12, "on the spot", unit="rad/s", minimum=0.005, maximum=1)
    turn_gain_1_s: float = setting(0.8, "turning rate over heading error", unit="1/s", minimum=0.01, maximum=10)
    turn_rate_min_rad_s: float = setting(0.02, "slowest turn", unit="rad/s", minimum=0.001, maximum=1)
    max_curvature_1_m: float = setting(0.8, "of an arc", unit="1/m", minimum=0.01, maximum=10)
    slow_curvature_1_m: float = setting(0.4, "above it the arc is driven slower", unit="1/m", minimum=0.01, maximum=10)
    slow_within_m: float = setting(0.6, "of the path's end", unit="m", minimum=0.01, maximum=10)
    slowest_share: float = setting(0.25, "of the speed", minimum=0.01, maximum=1)
    arrived_within_m: float = setting(0.15, "of the path's end", unit="m", minimum=0.01, maximum=10)
    leave_factor: float = setting(
        2.0, "times that distance before an end once reached is driven to again", minimum=1, maximum=10
    )
    crab_above_rad: float = setting(
        0.05, "a heading stated farther off the path's is held, crabbing", unit="rad", minimum=0, maximum=3
    )
    crab_lookahead_m: float = setting(
        0.4, "distance along the path to the point that is crabbed to", unit="m", minimum=0.05, maximum=20
    )
    hold_error_rad: float = setting(
        0.15, "error of a heading held that is turned off on the spot", unit="rad", minimum=0.01, maximum=3
    )
    search_ahead_m: float = setting(
        2.0, "how far the place on the path may move on at once", unit="m", minimum=0.1, maximum=50
    )
    max_cross_track_m: float = setting(3.0, "further from the path it stops", unit="m", minimum=0.1, maximum=100)
    path_timeout_s: float = setting(5.0, "age of the path at which it stops", unit="s", minimum=0.5, maximum=60)
    path_points_max: int = setting(100_000, "a longer path is refused", minimum=2, maximum=10_000_000)


@dataclass(frozen=True)
class Guard:
    """What stops the rover."""

    command_timeout_s: float = setting(1.0, "age of /cmd_vel", unit="s", minimum=0.05, maximum=10)
    odometry_timeout_s: float = setting(1.5, "age of /odometry/global in motion", unit="s", minimum=0.1, maximum=10)
    joint_timeout_s: float = setting(1.5, "age of the joint states in motion", unit="s", minimum=0.1, maximum=10)
    drill_timeout_s: float = setting(10.0, "age of /drill/rig", unit="s", minimum=1, maximum=600)
    require_drill_rig: bool = setting(True, "do not drive before the drill rig has said that it is stowed")
    tilt_margin_rad: float = setting(0.05, "above the rover's steepest slope", unit="rad", minimum=0, maximum=0.5)
    tilt_release_rad: float = setting(
        0.02, "below the limit before it drives freely again", unit="rad", minimum=0, maximum=0.5
    )
    position_sigma_max_m: float = setting(
        100.0, "the path is not followed with a pose known worse than that", unit="m", minimum=0.1, maximum=1e5
    )
    max_twist_mps: float = setting(1.0, "a faster /cmd_vel is refused", unit="m/s", minimum=0.01, maximum=10)
    max_turn_rad_s: float = setting(3.0, "a faster one is refused", unit="rad/s", minimum=0.01, maximum=10)
    rest_silence_s: float = setting(
        10.0,
        "age of odometry and joint states while nothing moves, when they come seldom",
        unit="s",
        minimum=1,
        maximum=60,
    )
    fault_clear_s: float = setting(
        5.0, "a command timeout is over after standing so long", unit="s", minimum=0, maximum=600
    )


@dataclass(frozen=True)
class Permission:
    """What permits motion."""

    certificate_age_s: float = setting(
        15.0,
        "an older certificate permits nothing, nor does an older word of the mission",
        unit="s",
        minimum=1,
        maximum=60,
    )
    override_s: float = setting(
        60.0, "that a person lets it move without a certificate at once", unit="s", minimum=1, maximum=600
    )


@dataclass(frozen=True)
class Watch:
    """When what the tracks do contradicts what they were told."""

    margin_mps: float = setting(
        0.05, "beyond all that was commanded of late, or beyond rest", unit="m/s", minimum=0.005, maximum=0.5
    )
    lasting_s: float = setting(1.0, "before it counts, and what of late means", unit="s", minimum=0.1, maximum=10)
    clear_s: float = setting(10.0, "standing, before the rover may move again", unit="s", minimum=0, maximum=600)


@dataclass(frozen=True)
class Slip:
    """Estimate of the tracks' slip."""

    window_s: float = setting(30.0, "of driving behind the estimate", unit="s", minimum=1, maximum=600)
    min_distance_m: float = setting(
        0.5, "of the tracks, below which the model's value is told", unit="m", minimum=0.01, maximum=100
    )
    min_speed_mps: float = setting(0.01, "of the tracks", unit="m/s", minimum=1e-4, maximum=1)
    max_turn_rad_s: float = setting(0.06, "a sharper turn is left out", unit="rad/s", minimum=0, maximum=1)
    model_sigma: float = setting(0.05, "one sigma of the model's value", minimum=0, maximum=1)
    interval_s: float = setting(1.0, "of /mobility/slip", unit="s", minimum=0.1, maximum=60)


@dataclass(frozen=True)
class Immobilisation:
    """When tracks that run and gain no way count as immobile, and how the rover gets out without digging in."""

    slip: float = setting(0.6, "of what the tracks ran, more of it lost", minimum=0.2, maximum=1)
    out_slip: float = setting(
        0.9, "likewise on the way out, where every metre gained is one off the pit", minimum=0.2, maximum=1
    )
    lasting_s: float = setting(5.0, "of running, over which it counts", unit="s", minimum=0.5, maximum=60)
    min_speed_mps: float = setting(0.01, "of the tracks; slower says nothing", unit="m/s", minimum=1e-4, maximum=1)
    stand_s: float = setting(2.0, "before each try, for a look at the place", unit="s", minimum=0, maximum=60)
    speed_mps: float = setting(0.05, "of the tracks on the way out", unit="m/s", minimum=0.005, maximum=0.5)
    turn_rate_rad_s: float = setting(0.05, "on the way out", unit="rad/s", minimum=0.005, maximum=0.5)
    back_m: float = setting(2.0, "from the place where it was found, then it is out", unit="m", minimum=0.3, maximum=20)
    reach_m: float = setting(0.4, "on the own track, of the point aimed at", unit="m", minimum=0.1, maximum=5)
    turn_rad: float = setting(
        0.35, "to one side before the second try, to the other before the third", unit="rad", minimum=0.05, maximum=1.5
    )
    tries: int = setting(3, "to get out: back on its own track, then on a line to either side", minimum=1, maximum=3)
    spun_max_m: float = setting(
        2.5, "that the tracks may lose in one place, then it gives up: each digs", unit="m", minimum=0, maximum=50
    )
    length_m: float = setting(2.0, "of the ground ahead that is kept out of", unit="m", minimum=0.2, maximum=20)
    half_width_m: float = setting(1.0, "of that ground", unit="m", minimum=0.2, maximum=20)
    body_m: float = setting(0.8, "from the middle of the body to where it begins", unit="m", minimum=0, maximum=5)
    look_ahead_m: float = setting(3.0, "of a path that must keep out of it", unit="m", minimum=0.3, maximum=50)
    wait_s: float = setting(
        300.0, "once out, for a path around; then it gives the path up", unit="s", minimum=1, maximum=1e5
    )
    keep_s: float = setting(1800.0, "after which a path may try that ground again", unit="s", minimum=0, maximum=1e6)


@dataclass(frozen=True)
class MeasuringStops:
    """How far stops are made that localization asks for on the way."""

    longest_s: float = setting(8.0, "of one", unit="s", minimum=0, maximum=60)
    apart_s: float = setting(60.0, "from the end of one to the next", unit="s", minimum=0, maximum=3600)
    max_age_s: float = setting(3.0, "of what localization says", unit="s", minimum=0.1, maximum=60)


@dataclass(frozen=True)
class Nav2Motions:
    """What clients of Nav2's actions may ask for: short motions over ground that is looked at as they go."""

    line_max_m: float = setting(3.0, "straight ahead or back at once", unit="m", minimum=0.05, maximum=100)
    turn_max_rad: float = setting(12.6, "on the spot at once", unit="rad", minimum=0.1, maximum=100)
    standstill_s: float = setting(30.0, "without motion, after which it ends", unit="s", minimum=5, maximum=600)
    costmap_max_age_s: float = setting(
        30.0, "an older costmap is none: it comes each 20 s at rest", unit="s", minimum=0.5, maximum=600
    )
    margin_m: float = setting(
        0.07, "around the body, kept free of hazards and unknown ground", unit="m", minimum=0, maximum=1
    )
    slack_m: float = setting(
        0.05, "that what touches the body where it stands may reach in, or no farther", unit="m", minimum=0, maximum=1
    )
    look_ahead_s: float = setting(
        5.0,
        "of the motion along a path that is looked at; a turn or a line is whole",
        unit="s",
        minimum=0.5,
        maximum=60,
    )


@dataclass(frozen=True)
class MobilityConfig:
    """Settings of the mobility node."""

    rover: str = setting("", "path of rover.yaml")
    command_interval_s: float = setting(0.1, "of the joint commands while driving", unit="s", minimum=0.02, maximum=1)
    parked_command_interval_s: float = setting(0.5, "of the joint commands at rest", unit="s", minimum=0.1, maximum=1)
    command_slack_s: float = setting(0.03, "earlier than due, as data lie on a grid", unit="s", minimum=0, maximum=0.1)
    watch_interval_s: float = setting(0.2, "of looking after silence", unit="s", minimum=0.05, maximum=1)
    watch_limit_s: float = setting(
        0.7, "without a joint command while driving, after which the clock decides", unit="s", minimum=0.1, maximum=0.9
    )
    watch_rest_limit_s: float = setting(4.5, "likewise at rest", unit="s", minimum=0.1, maximum=5)
    steering: Steering = field(default_factory=Steering)
    following: Following = field(default_factory=Following)
    guard: Guard = field(default_factory=Guard)
    permission: Permission = field(default_factory=Permission)
    watch: Watch = field(default_factory=Watch)
    immobilisation: Immobilisation = field(default_factory=Immobilisation)
    stops: MeasuringStops = field(default_factory=MeasuringStops)
    nav2: Nav2Motions = field(default_factory=Nav2Motions)
    slip: Slip = field(default_factory=Slip)


@dataclass(frozen=True)
class RouteConfig:
    """Settings of drive_route."""

    distance_m: float = setting(50.0, "straight out", unit="m", minimum=0.5, maximum=1e4)
    heading_rad: float = setting(
        0.0, "of the way out against the heading at the start", unit="rad", minimum=-3.2, maximum=3.2
    )
    spacing_m: float = setting(0.5, "of the path's points", unit="m", minimum=0.01, maximum=10)
    tolerance_m: float = setting(0.3, "to either end", unit="m", minimum=0.05, maximum=10)
    max_duration_s: float = setting(4000.0, "give up after it", unit="s", minimum=1, maximum=1e6)
    stuck_s: float = setting(180.0, "give up without progress for so long", unit="s", minimum=1, maximum=1e6)
    progress_m: float = setting(0.2, "that counts as progress", unit="m", minimum=0.001, maximum=10)
    publish_interval_s: float = setting(1.0, "of /mobility/route", unit="s", minimum=0.1, maximum=4)
    override: bool = setting(False, "ask mobility, as who started it, to move without a certificate while it drives")
    override_interval_s: float = setting(20.0, "of asking again", unit="s", minimum=1, maximum=60)
