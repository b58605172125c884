# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of path planning."""

import math
from dataclasses import dataclass, field

from lupex_models.configuration import ConfigurationError, setting


@dataclass(frozen=True)
class GridConfig:
    """The site as the planner sees it, and what it takes a move over it to cost."""

    pad_m: float = setting(150.0, "around lander, havens in reach and targets", unit="m", minimum=10, maximum=5000)
    size_max_m: float = setting(1000.0, "largest side of the window", unit="m", minimum=50, maximum=20_000)
    slope_error_rad: float = setting(
        0.0175, "of the elevation model, added to each slope", unit="rad", minimum=0, maximum=0.3
    )
    slope_max_rad: float = setting(
        0.40, "steepest ground planned over, error included", unit="rad", minimum=0.02, maximum=1
    )


@dataclass(frozen=True)
class PaceConfig:
    """How the vehicle is taken to move and to draw power."""

    slip_quantile: float = setting(0.5, "of the soil's spread", minimum=0, maximum=1)
    speed_factor: float = setting(0.85, "speed over that of the locomotion model", minimum=0.05, maximum=1)
    detour_factor: float = setting(1.08, "way driven over way planned", minimum=1, maximum=5)
    load_factor: float = setting(1.0, "loads over those of rover.yaml", minimum=0.5, maximum=3)
    heater_share: float = setting(0.5, "of time that the battery heater is on", minimum=0, maximum=1)
    battery_soc: float = setting(0.5, "charge at which the battery's losses are taken", minimum=0.02, maximum=1)
    battery_k: float = setting(283.0, "temperature at which they are taken", unit="K", minimum=230, maximum=330)


@dataclass(frozen=True)
class BoundConfig(PaceConfig):
    """The worst pace and draw of power that the way back is proven against."""

    slip_quantile: float = setting(0.95, "of the soil's spread", minimum=0.5, maximum=1)
    speed_factor: float = setting(0.7, "speed over that of the locomotion model", minimum=0.05, maximum=1)
    detour_factor: float = setting(1.2, "way driven over way planned", minimum=1, maximum=5)
    load_factor: float = setting(1.08, "loads over those of rover.yaml", minimum=1, maximum=3)
    heater_share: float = setting(1.0, "of time that the battery heater is on", minimum=0, maximum=1)
    battery_soc: float = setting(0.15, "charge at which the battery's losses are taken", minimum=0.02, maximum=1)
    battery_k: float = setting(268.0, "temperature at which they are taken", unit="K", minimum=230, maximum=330)


@dataclass(frozen=True)
class MapErrorConfig:
    """The ensemble of errors of the orbital map that the promised light must outlast."""

    members: int = setting(100, "of the ensemble; 0 trusts the map", minimum=0, maximum=100_000)
    seed: int = setting(1, "of the ensemble", minimum=0, maximum=2**31 - 1)
    height_rms_m: float = setting(0.5, "of a member", unit="m", minimum=0.01, maximum=5)
    slope_rms_rad: float = setting(0.044, "of a member, over 5 m", unit="rad", minimum=0.0001, maximum=0.3)
    reach_max_m: float = setting(1000.0, "farthest ground that it is laid over", unit="m", minimum=10, maximum=10_000)


@dataclass(frozen=True)
class RecoveryConfig:
    """The way back and the disturbances it is proven against, beside the pace of `bound`."""

    slice_s: float = setting(300.0, "length of a time slice", unit="s", minimum=10, maximum=7200)
    horizon_s: float = setting(86_400.0, "time that the field covers", unit="s", minimum=600, maximum=3e6)
    stop_s: float = setting(1800.0, "one stop at any time, parked, without sun", unit="s", minimum=0, maximum=1e5)
    light_margin_rad: float = setting(
        0.006, "the Sun is taken to stand so much lower over far ground", unit="rad", minimum=0, maximum=0.1
    )
    array_factor: float = setting(0.9, "array power over the model's", minimum=0, maximum=1)
    haven_recharge_wh: float = setting(
        400.0, "a haven gives so much within haven_time_s", unit="Wh", minimum=0, maximum=1e5
    )
    haven_time_s: float = setting(21_600.0, "see haven_recharge_wh", unit="s", minimum=600, maximum=1e6)
    haven_slope_max_rad: float = setting(0.30, "steepest haven", unit="rad", minimum=0.01, maximum=0.6)
    haven_clearance_m: float = setting(10.0, "around a haven is as well lit as it is", unit="m", minimum=0, maximum=100)

    def slices_ahead(self, slice_s: float) -> int:
        """Return how many slices of light past its last one the field needs: those in which a haven recharges.

        With a stop to come the rover may stop just before it is recharged, and needs a haven again when the stop ends.
        """
        ahead = math.floor(self.haven_time_s / slice_s)
        return ahead if self.stop_s == 0.0 else 2 * ahead + math.floor(self.stop_s / slice_s) + 1


@dataclass(frozen=True)
class SortieConfig:
    """The search for a sortie."""

    margin_wh: float = setting(
        80.0, "kept above what the way back needs, at every step", unit="Wh", minimum=0, maximum=1e4
    )
    energy_tolerance_wh: float = setting(
        5.0, "labels of one place so close in charge count as one", unit="Wh", minimum=0, maximum=100
    )
    time_tolerance_s: float = setting(
        60.0, "labels of one place so close in time count as one", unit="s", minimum=0, maximum=3600
    )
    waits_a_slice: int = setting(1, "moments in a time slice at which a wait may end", minimum=1, maximum=100)
    labels_easy: int = setting(
        40_000, "a search for the best plan, or a better one, gives up after so many", minimum=100, maximum=100_000_000
    )
    labels_max: int = setting(350_000, "a search gives up after so many labels", minimum=1000, maximum=100_000_000)
    hurry_weights: tuple[float, ...] = setting(
        (1.0, 1.5, 2.0, 4.0), "of what is left of a plan, in one search after the other for a plan that is not easy"
    )
    hurry_tolerances: tuple[float, ...] = setting((4.0, 16.0, 40.0, 40.0), "times the tolerances, in those searches")
    margin_answer_wh: float = setting(
        1.0, "how closely the greatest margin is found", unit="Wh", minimum=0.001, maximum=100
    )
    answer_wh: float = setting(
        25.0, "how closely the charge is told that would make a plan possible", unit="Wh", minimum=1, maximum=1000
    )
    answer_s: float = setting(
        600.0, "how closely the deadline or stay is told that would", unit="s", minimum=1, maximum=1e5
    )
    answer_starts: int = setting(12, "later starts that are tried for an answer", minimum=0, maximum=1000)
    labels_answer: int = setting(
        30_000, "a search for an answer gives up after so many labels", minimum=100, maximum=100_000_000
    )
    recharge_share: float = setting(0.9, "charge at which the plan ends, in the haven", minimum=0, maximum=1)

    def __post_init__(self) -> None:
        """Refuse searches without a weight or a tolerance."""
        if len(self.hurry_weights) != len(self.hurry_tolerances):
            raise ConfigurationError("sortie.hurry_weights and sortie.hurry_tolerances must be equally long")


@dataclass(frozen=True)
class CertificateConfig:
    """Inputs of the certificate and the bounds of what was measured."""

    pose_max_age_s: float = setting(5.0, "of /odometry/global", unit="s", minimum=0.1, maximum=600)
    power_max_age_s: float = setting(10.0, "of /power/status", unit="s", minimum=0.1, maximum=600)
    slip_max_age_s: float = setting(10.0, "older slip is not taken into the means", unit="s", minimum=1, maximum=1e5)
    slip_window_min_s: float = setting(
        20.0, "of driving behind a slip estimate that counts", unit="s", minimum=0.1, maximum=1e4
    )
    factor_max: float = setting(3.0, "a factor beyond it makes the certificate invalid", minimum=1, maximum=100)
    smoothing_s: float = setting(
        300.0, "of driving, over which measured factors are averaged", unit="s", minimum=1, maximum=1e4
    )
    pace_min_s: float = setting(120.0, "of driving, before its pace counts", unit="s", minimum=1, maximum=1e4)
    allowance_step: float = setting(
        0.25, "the way back allows for measured factors in such steps", minimum=0.01, maximum=2
    )
    allowance_room: float = setting(0.1, "left between a measured factor and its step", minimum=0, maximum=0.5)
    allowance_keep_s: float = setting(
        1800.0, "a step is kept for so long after it was last needed", unit="s", minimum=0, maximum=1e5
    )
    soil_step: float = setting(
        0.25, "the way back allows for weak soil in such steps of strength", minimum=0.01, maximum=2
    )
    soil_room: float = setting(0.1, "left between the soil's strength and its step", minimum=0, maximum=2)
    soil_slip_max: float = setting(
        0.4, "of moves on soil weaker than foreseen: tracks that slip more dig themselves in", minimum=0.05, maximum=1
    )
    moving_mps: float = setting(0.02, "slower counts as parked", unit="m/s", minimum=0, maximum=1)
    sigma: float = setting(3.0, "of place and charge", minimum=0, maximum=10)
    sigma_max_m: float = setting(100.0, "a place known worse gives no certificate", unit="m", minimum=0.1, maximum=1e4)


@dataclass(frozen=True)
class LocalConfig:
    """The way around hazards on the costmap."""

    look_ahead_m: float = setting(12.0, "longest stretch planned at once", unit="m", minimum=2, maximum=100)
    inscribed_radius_m: float = setting(
        0.83, "half width of the vehicle and a margin", unit="m", minimum=0.05, maximum=5
    )
    circumscribed_radius_m: float = setting(
        1.2, "from here on every heading is free", unit="m", minimum=0.05, maximum=5
    )
    half_length_m: float = setting(0.95, "of the footprint checked along the path", unit="m", minimum=0.05, maximum=5)
    half_width_m: float = setting(0.80, "of the footprint checked along the path", unit="m", minimum=0.05, maximum=5)
    inflation_m: float = setting(2.2, "hazards raise the cost out to here", unit="m", minimum=0.1, maximum=10)
    inflation_weight: float = setting(4.0, "added cost of a metre right beside a hazard", minimum=0, maximum=100)
    cost_weight: float = setting(3.0, "added cost of a metre over ground of cost 100", minimum=0, maximum=100)
    progress_min_m: float = setting(0.6, "less progress towards the goal is none", unit="m", minimum=0.01, maximum=10)
    spacing_m: float = setting(0.4, "of the path's points", unit="m", minimum=0.05, maximum=5)
    smoothing_passes: int = setting(12, "of the path", minimum=0, maximum=200)
    costmap_max_age_s: float = setting(30.0, "older costmaps are not planned on", unit="s", minimum=0.5, maximum=600)
    keep_share: float = setting(
        0.25, "by which a metre along the path driven so far counts less", minimum=0, maximum=0.5
    )
    keep_within_m: float = setting(0.6, "of that path; less and less towards it", unit="m", minimum=0.05, maximum=5)
    escape_m: float = setting(1.0, "farthest way out of a start too near to a hazard", unit="m", minimum=0, maximum=5)
    escape_depth_m: float = setting(
        0.05,
        "what reaches into the footprint at the start may reach in so far, or no farther than it does",
        unit="m",
        minimum=0,
        maximum=1,
    )
    turn_ahead_m: float = setting(
        1.2, "a turn on the spot is made towards the point of the path so far ahead", unit="m", minimum=0, maximum=20
    )
    turn_either_rad: float = setting(
        0.3, "short of half a turn, from where on it may be made either way around", unit="rad", minimum=0, maximum=3
    )


@dataclass(frozen=True)
class DriveConfig:
    """How a drive is kept going, and when it is given up."""

    tolerance_min_m: float = setting(0.3, "smallest tolerance accepted", unit="m", minimum=0.05, maximum=10)
    wait_tries: int = setting(4, "plans without a way before the route is changed", minimum=1, maximum=1000)
    reroutes_max: int = setting(12, "changes of route before the drive fails", minimum=0, maximum=1000)
    block_ahead_m: float = setting(8.0, "farthest ground that a blockage closes", unit="m", minimum=1, maximum=100)
    back_m: float = setting(
        3.0,
        "away over known ground, where unknown ground is too near for the lidar, or a hazard for the outline",
        unit="m",
        minimum=0.5,
        maximum=20,
    )
    back_within_m: float = setting(0.3, "of the end of that way", unit="m", minimum=0.05, maximum=5)
    back_s: float = setting(180.0, "after which it is given up", unit="s", minimum=1, maximum=3600)
    backs_max: int = setting(6, "of such ways in a drive", minimum=0, maximum=1000)
    stuck_s: float = setting(
        600.0, "without coming nearer, after which the drive fails", unit="s", minimum=10, maximum=1e5
    )
    stale_s: float = setting(
        60.0, "without pose or costmap, after which the drive fails", unit="s", minimum=1, maximum=1e4
    )
    replan_m: float = setting(
        0.4,
        "moved, or the goal shifted in odom, after which the way is planned anew on a new costmap; "
        "at once where ground on it was found blocked",
        unit="m",
        minimum=0,
        maximum=5,
    )
    replan_rad: float = setting(0.2, "turned, after which it is", unit="rad", minimum=0, maximum=3)
    replan_s: float = setting(10.0, "after which it is, without either", unit="s", minimum=0, maximum=600)
    tell_s: float = setting(
        2.0,
        "between two /plan/path of the same way; a new one, and a stop, are told at once",
        unit="s",
        minimum=0,
        maximum=4,
    )


@dataclass(frozen=True)
class GroundConfig:
    """When live hazards close ground that the site map calls open."""

    period_s: float = setting(5.0, "at least, between looks at the costmap", unit="s", minimum=0.1, maximum=3600)
    moved_m: float = setting(
        0.2, "moved, after which a look may show more; new hazards always do", unit="m", minimum=0, maximum=10
    )
    longest_s: float = setting(60.0, "between looks, without either", unit="s", minimum=1, maximum=3600)
    open_looks: int = setting(
        3,
        "in a row that show closed ground open, before it is; twice as many each time it closes",
        minimum=1,
        maximum=20,
    )
    open_spare_m: float = setting(
        0.2, "added to inscribed_radius_m where closed ground is to be open again", unit="m", minimum=0, maximum=5
    )
    ahead_m: float = setting(
        1.0,
        "beyond where the rover may be: from there too the way back keeps off ground just closed, or is none",
        unit="m",
        minimum=0,
        maximum=100,
    )
    blocked_keep_s: float = setting(
        1800.0, "ground that a drive reported blocked by a hazard stays closed", unit="s", minimum=0, maximum=1e6
    )
    mission_max_age_s: float = setting(
        10.0, "older /mission/status does not tell which targets are done", unit="s", minimum=0.1, maximum=600
    )


@dataclass(frozen=True)
class PathPlanningConfig:
    """Everything about planning."""

    rover: str = setting(description="path of rover.yaml")
    site: str = setting(description="orbital directory of the site")
    pair_max_s: float = setting(
        0.3, "poses in odom and map farther apart in time are not paired", unit="s", minimum=0.001, maximum=10
    )
    goal_tolerance_m: float = setting(1.0, "of /goal_pose", unit="m", minimum=0.1, maximum=50)
    request_wait_s: float = setting(
        40.0, "that a request for a sortie waits for the rover's place and charge", unit="s", minimum=0, maximum=60
    )
    site_map_m: float = setting(600.0, "side of /site/map", unit="m", minimum=50, maximum=5000)
    grid: GridConfig = field(default_factory=GridConfig)
    nominal: PaceConfig = field(default_factory=PaceConfig)
    bound: BoundConfig = field(default_factory=BoundConfig)
    recovery: RecoveryConfig = field(default_factory=RecoveryConfig)
    map_error: MapErrorConfig = field(default_factory=MapErrorConfig)
    sortie: SortieConfig = field(default_factory=SortieConfig)
    certificate: CertificateConfig = field(default_factory=CertificateConfig)
    local: LocalConfig = field(default_factory=LocalConfig)
    drive: DriveConfig = field(default_factory=DriveConfig)
    ground: GroundConfig = field(default_factory=GroundConfig)
