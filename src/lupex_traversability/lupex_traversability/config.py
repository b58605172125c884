# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the elevation map and of the cost made from it."""

from dataclasses import dataclass, field

from lupex_models.configuration import setting


@dataclass(frozen=True)
class MapConfig:
    """How clouds become heights."""

    cell_m: float = setting(0.2, "side of a cell", unit="m", minimum=0.05, maximum=2)
    size_m: float = setting(48.0, "side of the map around the rover", unit="m", minimum=4, maximum=200)
    attitude_sigma_rad: float = setting(
        0.002, "pointing error of a ray: attitude and its interpolation", unit="rad", minimum=0, maximum=0.1
    )
    drift_m_per_m: float = setting(
        0.02, "growth of a remembered height's error with distance driven", minimum=0, maximum=1
    )
    sigma_min_m: float = setting(0.01, "a height is never believed closer", unit="m", minimum=1e-4, maximum=1)
    gate_sigma: float = setting(4.0, "a height farther off contradicts the cell", minimum=1, maximum=20)
    contradictions: int = setting(3, "in a row, after which the cell begins afresh", minimum=1, maximum=100)
    trusted_hits: int = setting(
        3, "of agreeing clouds, after which one stray point alone is no obstacle", minimum=1, maximum=100
    )
    extent_keep: float = setting(
        0.8, "share of a cell's spread kept at each cloud that does not confirm it", minimum=0, maximum=1
    )
    gap_max_m: float = setting(
        4.0, "longest stretch between neighbouring rings that is filled in", unit="m", minimum=0, maximum=20
    )
    hole_ratio: float = setting(
        0.2, "depth over width of the deepest hole between rings: a fresh crater (Pike 1974)", minimum=0, maximum=2
    )
    rock_ratio: float = setting(
        0.8, "height over width of the tallest rock in a lone unseen cell (literature)", minimum=0, maximum=2
    )
    hidden_max_m: float = setting(
        0.25, "relief that may hide from the rays where ground still counts as known", unit="m", minimum=0, maximum=1
    )
    standing_radius_m: float = setting(
        1.15, "ground under the rover, known because it stands there and can turn there", unit="m", minimum=0, maximum=5
    )
    body_radius_m: float = setting(
        0.7,
        "ground under the body, where the standing rover disproves heights it could not stand over",
        unit="m",
        minimum=0,
        maximum=5,
    )
    clearance_m: float = setting(0.3, "farthest from the plane it stands on", unit="m", minimum=0.01, maximum=2)
    support_m: float = setting(
        0.15,
        "a point without another of the rays beside, above and below within this and support_ratio is a stray",
        unit="m",
        minimum=0,
        maximum=10,
    )
    support_ratio: float = setting(0.03, "added to support_m for each metre of range", minimum=0, maximum=1)
    own_margin_m: float = setting(
        0.1, "returns within the rover's outline and so much beside it are its own", unit="m", minimum=0, maximum=2
    )
    clear_range_m: float = setting(
        12.0, "from the lidar, within which its rays take away what they pass below", unit="m", minimum=0, maximum=100
    )
    clear_clouds: int = setting(2, "whose rays pass below a surface, after which it is gone", minimum=1, maximum=100)
    fit_cells: int = setting(
        100, "seen before that a cloud must meet to be compared with the map as a whole", minimum=10, maximum=100_000
    )
    fit_share: float = setting(
        0.85, "of them that lie as before beside an offset and a tilt, else the place is another", minimum=0, maximum=1
    )
    offset_max_m: float = setting(
        0.06, "of a cloud as a whole against the map in height, beside its drift", unit="m", minimum=0.001, maximum=10
    )
    tilt_max_rad: float = setting(0.015, "of a cloud as a whole against the map", unit="rad", minimum=0.0001, maximum=1)
    trail_m: float = setting(
        12.0,
        "of the rover's own way that stays ground to stand on when the map is begun anew",
        unit="m",
        minimum=0,
        maximum=200,
    )
    trail_step_m: float = setting(0.3, "between remembered places of it", unit="m", minimum=0.05, maximum=5)
    start_clear_radius_m: float = setting(
        2.4,
        "around the place of the first cloud: below the lidar's view, assumed to have been inspected before",
        unit="m",
        minimum=0,
        maximum=10,
    )


@dataclass(frozen=True)
class CostConfig:
    """How heights become cost; each limit reached is lethal."""

    window_m: float = setting(
        1.8, "side of the square a slope is fitted to: the footprint", unit="m", minimum=0.3, maximum=10
    )
    coverage_min: float = setting(0.4, "share of the window that must be known", minimum=0.05, maximum=1)
    step_max_m: float = setting(0.25, "between neighbouring cells, beside the slope", unit="m", minimum=0.01, maximum=2)
    roughness_max_m: float = setting(0.12, "rms about the fitted plane", unit="m", minimum=0.01, maximum=2)
    slip_max: float = setting(0.6, "predicted slip uphill", minimum=0.05, maximum=1)
    slip_quantile: float = setting(0.9, "of the soil's spread, for the predicted slip", minimum=0.5, maximum=1)
    hidden_weight: float = setting(0.5, "of hidden relief beside the measured terms", minimum=0, maximum=1)
    unseen_cost: int = setting(
        40, "least cost of ground known only by standing or by assumption", minimum=0, maximum=99
    )


@dataclass(frozen=True)
class StandConfig:
    """What is added to how the vehicle stands on the map, so that no vehicle on the ground stands worse."""

    rough_share: float = setting(
        0.2, "of the ground's spread within a track's reach, by which its mean may be off", minimum=0, maximum=2
    )
    hidden_max_m: float = setting(
        0.1, "relief that may hide from the rays where the vehicle's stand is told", unit="m", minimum=0, maximum=1
    )
    step_share: float = setting(0.1, "of that, which counts for a step too", minimum=0, maximum=2)
    step_floor_m: float = setting(0.03, "of a step that no point of a cloud has met", unit="m", minimum=0, maximum=1)
    floor_m: float = setting(0.01, "by which a mean may be off at least", unit="m", minimum=0, maximum=1)


@dataclass(frozen=True)
class LookConfig:
    """When a cloud is taken into the map; the costmap of any other is that of the ground as it was known."""

    moved_m: float = setting(0.2, "moved since the last one, after which it is", unit="m", minimum=0, maximum=5)
    turned_rad: float = setting(0.052, "turned since, after which it is", unit="rad", minimum=0, maximum=3)
    longest_s: float = setting(1.9, "since, after which it is, in motion", unit="s", minimum=0, maximum=60)
    rest_m: float = setting(0.02, "moved less counts as standing", unit="m", minimum=0, maximum=1)
    rest_rad: float = setting(0.01, "turned less counts as standing", unit="rad", minimum=0, maximum=1)
    rest_looks: int = setting(5, "taken from one place, after which more tell little", minimum=1, maximum=1000)
    rest_again: int = setting(2, "more after each, while cloud and map say different things", minimum=0, maximum=1000)
    rest_longest_s: float = setting(60.0, "since, after which it is, standing", unit="s", minimum=0, maximum=3600)


@dataclass(frozen=True)
class ShutConfig:
    """Ground ahead of a place where the tracks lost their hold, which is lethal for a while."""

    length_m: float = setting(1.8, "from where the middle of the body stood", unit="m", minimum=0.2, maximum=20)
    half_width_m: float = setting(0.8, "to either side", unit="m", minimum=0.2, maximum=20)
    keep_s: float = setting(1800.0, "after which it may be tried again", unit="s", minimum=0, maximum=1e6)
    places: int = setting(16, "known at once", minimum=1, maximum=1000)
    same_m: float = setting(0.5, "nearer is the same place,", unit="m", minimum=0, maximum=10)
    same_rad: float = setting(0.3, "when it is met from the same side", unit="rad", minimum=0, maximum=3.2)


@dataclass(frozen=True)
class SoilConfig:
    """What driving teaches of the soil, as strengths on the line of lupex_models/soil_strength.py."""

    patch_m: float = setting(5.0, "side of a patch of alike ground", unit="m", minimum=1, maximum=100)
    patches: int = setting(
        1000, "kept apart; of older ones only what they tell of the site", minimum=1, maximum=100_000
    )
    mean: float = setting(0.35, "of what the soils of rover.yaml's spread come to", minimum=-4, maximum=1)
    mean_sigma: float = setting(
        0.35, "scale of the site's mean strength about that, with long tails", minimum=0.01, maximum=4
    )
    scatter_least: float = setting(0.1, "one sigma of the patches about that mean: it is", minimum=0.01, maximum=4)
    scatter_most: float = setting(0.6, "between these two", minimum=0.01, maximum=4)
    weak_share: float = setting(0.03, "of patches that may be weaker by anything", minimum=0, maximum=0.5)
    common_error: float = setting(
        0.01, "one sigma of what all measured slips err by: the radius of the sprockets", minimum=1e-4, maximum=0.2
    )
    model_floor: float = setting(0.002, "one sigma of slip about the model on level ground", minimum=1e-4, maximum=1)
    model_share: float = setting(0.25, "one sigma of slip about the model, over that slip", minimum=0, maximum=2)
    void_share: float = setting(0.02, "of measured slips that say nothing of the soil", minimum=1e-4, maximum=0.5)
    patch_windows: float = setting(4.0, "most that count in one patch: its own shape remains", minimum=1, maximum=1000)
    unseen_sigma: float = setting(
        0.025,
        "one sigma of a slip from which on it counts as not observed, when the slip is small",
        minimum=1e-3,
        maximum=1,
    )
    unseen_share: float = setting(0.12, "the same, over the slip", minimum=0, maximum=2)
    window_m: float = setting(3.0, "of the tracks behind a measured slip", unit="m", minimum=0.5, maximum=20)
    window_least_m: float = setting(
        1.5, "the same, of a window that ends where the rover comes to another patch", unit="m", minimum=0.3, maximum=20
    )
    apart_m: float = setting(
        0.5, "over ground between two measurements of a rover that is bogged", unit="m", minimum=0, maximum=100
    )
    least_mps: float = setting(0.01, "of the tracks; slower is no driving", unit="m/s", minimum=1e-4, maximum=1)
    reading_gap_max_s: float = setting(
        5.0, "between two slips; over more the way is not known", unit="s", minimum=0.1, maximum=600
    )
    pose_gap_max_s: float = setting(
        1.5, "between a slip and the pose that it goes with", unit="s", minimum=0.01, maximum=60
    )
    max_age_s: float = setting(5.0, "older slips are not used", unit="s", minimum=0.1, maximum=600)
    told_change: float = setting(0.1, "of a strength, after which it is told anew", minimum=0, maximum=4)
    resume_age_s: float = setting(3e6, "oldest saved estimate that is taken up again", unit="s", minimum=0, maximum=1e9)


@dataclass(frozen=True)
class TraversabilityConfig:
    """Inputs, map and cost."""

    rover: str = setting(description="path of rover.yaml")
    cloud_max_age_s: float = setting(5.0, "older clouds are not used", unit="s", minimum=0.1, maximum=600)
    pose_gap_max_s: float = setting(
        1.5, "poses farther apart are not interpolated between", unit="s", minimum=0.01, maximum=60
    )
    pose_wait_s: float = setting(1.0, "a cloud waits for the pose at its stamp", unit="s", minimum=0.01, maximum=60)
    points_min: int = setting(100, "a cloud with fewer usable points is not used", minimum=1, maximum=1_000_000)
    grid_map_period_s: float = setting(5.0, "of /traversability/map", unit="s", minimum=0.1, maximum=600)
    look: LookConfig = field(default_factory=LookConfig)
    map: MapConfig = field(default_factory=MapConfig)
    cost: CostConfig = field(default_factory=CostConfig)
    stand: StandConfig = field(default_factory=StandConfig)
    shut: ShutConfig = field(default_factory=ShutConfig)
    soil: SoilConfig = field(default_factory=SoilConfig)
