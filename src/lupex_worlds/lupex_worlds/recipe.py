# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes of worlds: worlds/NAME.yaml, read strictly. The `truth` section is the simulator's alone."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting
from lupex_worlds.places.spread import Places, check_places, utc_s
from lupex_worlds.spread import check_pairs

GENERATOR_VERSION = 5
"""Part of every world's name in the cache; rises with each change of what a recipe and a seed give."""

ROS_TIME_AT_START_S = 1000.0
"""Simulated time at the start of every mission: not 0, which ROS takes for 'no time'."""

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Origin of the map frame, and the square that the 5 m field covers around it."""

    latitude_deg: float = setting(unit="deg", minimum=-90, maximum=-60)
    longitude_deg: float = setting(unit="deg", minimum=-360, maximum=360)
    half_extent_m: float = setting(2000.0, "of the square 5 m field", unit="m", minimum=300, maximum=16000)
    centre_x_m: float = setting(0.0, "middle of that field", unit="m", minimum=-16000, maximum=16000)
    centre_y_m: float = setting(0.0, "middle of that field", unit="m", minimum=-16000, maximum=16000)


@dataclass(frozen=True)
class Dem:
    """Where the relief beneath and around comes from."""

    source: str = setting("lola", "`lola` (1.6 km/px) or the path of a south polar GeoTIFF, seen from the recipe")
    far_radius_m: float = setting(150e3, "reach of the far field", unit="m", minimum=50e3, maximum=500e3)
    observer_height_m: float = setting(
        1.2,
        "above ground, of the horizon map: the solar array's, as in config/rover.yaml",
        unit="m",
        minimum=0.1,
        maximum=20,
    )


@dataclass(frozen=True)
class Terrain:
    """Relief of 5 m and more that the DEM source does not hold; drawn from `seed`, never from the run's seed."""

    seed: int = setting(minimum=0, maximum=2**31 - 1)
    rms_deviation_m: float = setting(
        0.40, "of heights 5 m apart, fractal and drawn craters together", unit="m", minimum=0, maximum=3
    )
    hurst: float = setting(0.93, "exponent of both together", minimum=0.3, maximum=0.99)
    longest_wavelength_m: float = setting(3200.0, "of the fractal", unit="m", minimum=20, maximum=20000)
    crater_density: float = setting(0.03, "k of N(>D) = k D^-2 per m2", minimum=0, maximum=0.2)
    crater_diameter_m: tuple[float, float] = setting(
        (30.0, 200.0), "smallest and largest", unit="m", minimum=15, maximum=2000
    )
    crater_depth_ratio: tuple[float, float] = setting(
        (0.0425, 0.2), "depth over diameter of the oldest and the youngest", minimum=0.005, maximum=0.2
    )
    calm_radius_m: float = setting(
        0.0, "no drawn crater touches this circle round the way", unit="m", minimum=0, maximum=500
    )


@dataclass(frozen=True)
class PlacedCrater:
    """A crater put where the recipe says; x, y in the map frame."""

    x_m: float = setting(unit="m", minimum=-16000, maximum=16000)
    y_m: float = setting(unit="m", minimum=-16000, maximum=16000)
    diameter_m: float = setting(unit="m", minimum=30, maximum=5000)
    depth_ratio: float = setting(description="rim crest to floor over diameter", minimum=0.01, maximum=0.25)


@dataclass(frozen=True)
class Haven:
    """A lit place to come back to."""

    x_m: float = setting(unit="m", minimum=-16000, maximum=16000)
    y_m: float = setting(unit="m", minimum=-16000, maximum=16000)
    radius_m: float = setting(unit="m", minimum=1, maximum=200)


@dataclass(frozen=True)
class Start:
    """When and how the mission begins; the lander stands at the map's origin."""

    utc: str = setting(description="ISO 8601, e.g. 2028-10-13T12:00:00Z")
    lander_yaw_deg: float = setting(0.0, "counter-clockwise from map x", unit="deg", minimum=-360, maximum=360)
    soc: float = setting(0.6, "charge of the battery", minimum=0.05, maximum=1)
    battery_temperature_k: float = setting(285.0, unit="K", minimum=200, maximum=330)


@dataclass(frozen=True)
class Sortie:
    """The place to drill at."""

    target_x_m: float = setting(unit="m", minimum=-2000, maximum=2000)
    target_y_m: float = setting(unit="m", minimum=-2000, maximum=2000)
    target_name: str = setting("floor", "name of the target")
    drill_depth_m: float = setting(0.6, unit="m", minimum=0.05, maximum=1.5)
    scan_min_s: float = setting(
        0.0, "neutrons are counted there at least so long, beyond the mission's own", unit="s", minimum=0, maximum=1e5
    )


@dataclass(frozen=True)
class DetailTruth:
    """The patch of fine ground: fractal, craters under 30 m and rocks, drawn from the run's seed."""

    x_min_m: float = setting(-160.0, unit="m", minimum=-2000, maximum=2000)
    x_max_m: float = setting(340.0, unit="m", minimum=-2000, maximum=2000)
    y_min_m: float = setting(-160.0, unit="m", minimum=-2000, maximum=2000)
    y_max_m: float = setting(240.0, unit="m", minimum=-2000, maximum=2000)
    cell_m: float = setting(0.25, unit="m", minimum=0.05, maximum=0.5)
    rms_deviation_m: float = setting(
        0.09, "of heights 1 m apart, of all waves; those under 10 m are added", unit="m", minimum=0, maximum=0.3
    )
    crater_density: float = setting(0.03, "k of N(>D) = k D^-2 per m2", minimum=0, maximum=0.2)
    crater_depth_ratio: tuple[float, float] = setting(
        (0.03, 0.14), "depth over diameter of the oldest and the youngest", minimum=0.005, maximum=0.2
    )
    rock_area_fraction: float = setting(0.004, "k of F(D) = k exp(-q D)", minimum=0, maximum=0.05)
    rock_diameter_m: tuple[float, float] = setting(
        (0.25, 2.0), "smallest and largest", unit="m", minimum=0.1, maximum=10
    )
    clear_radius_m: float = setting(
        4.0, "free of craters and rocks at lander and target", unit="m", minimum=0, maximum=30
    )


@dataclass(frozen=True)
class StrataTruth:
    """Spread of the ground's layers. Ice lies under a dry lag, in permanent shadow richly, elsewhere hardly."""

    dry_layer_m: tuple[float, float] = setting(
        (0.10, 0.35), "thickness of the lag, uniform", unit="m", minimum=0, maximum=1.5
    )
    ice_in_shadow: tuple[float, float] = setting((0.02, 0.08), "mass fraction, uniform", minimum=0, maximum=0.5)
    ice_in_light: tuple[float, float] = setting((0.0, 0.003), "mass fraction, uniform", minimum=0, maximum=0.1)
    ice_patch_m: float = setting(20.0, "correlation length", unit="m", minimum=2.5, maximum=500)
    ice_patch_log_sigma: float = setting(0.4, "of the ice fraction", minimum=0, maximum=1.5)
    hard_layer_count: tuple[float, float] = setting((0.0, 2.0), "hard layers in the upper 1.5 m", minimum=0, maximum=6)
    hard_layer_m: tuple[float, float] = setting((0.03, 0.12), "thickness", unit="m", minimum=0.01, maximum=0.5)
    hard_strength_factor: tuple[float, float] = setting((2.0, 5.0), "over the ground around", minimum=1, maximum=20)


@dataclass(frozen=True)
class Truth:
    """What only the simulator knows of a place; what differs from run to run is a truth level's."""

    detail: DetailTruth = dataclasses.field(default_factory=DetailTruth)
    strata: StrataTruth = dataclasses.field(default_factory=StrataTruth)


@dataclass(frozen=True)
class _Sections:
    site: Place
    start: Start
    sortie: Sortie
    terrain: Terrain
    dem: Dem = dataclasses.field(default_factory=Dem)
    truth: Truth = dataclasses.field(default_factory=Truth)


@dataclass(frozen=True)
class Recipe:
    """Everything a world is made from, beside the run's seed."""

    name: str
    site: Place
    start: Start
    sortie: Sortie
    terrain: Terrain
    dem: Dem
    craters: tuple[PlacedCrater, ...]
    havens: tuple[Haven, ...]
    truth: Truth
    places: Places | None = None
    """None: the recipe has one place for all seeds."""

    @property
    def start_utc_s(self) -> float:
        """Start of the mission as Unix seconds."""
        return utc_s(self.start.utc)

    @property
    def utc_offset_s(self) -> float:
        """UTC (Unix seconds) minus ROS time."""
        return self.start_utc_s - ROS_TIME_AT_START_S

    @property
    def orbital_part(self) -> dict[str, Any]:
        """Everything but the truth, as plain values: what the ground of 5 m and the orbital product depend on."""
        values = dataclasses.asdict(self)
        del values["truth"]
        return values


_LISTS = ("craters", "havens")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; the world's name is the file's stem.

    Raises ConfigurationError with the file, the key and what is allowed there.
    """
    values = dict(read_yaml(path))
    source = str(path)
    known = [*(field.name for field in dataclasses.fields(_Sections)), *_LISTS, "places"]
    for key in values:
        if key not in known:
            raise ConfigurationError(f"{source}: unknown key '{key}'; known here: {', '.join(known)}")
    places = from_mapping(Places, values.pop("places"), f"{source}: places") if "places" in values else None
    craters = _section_list(PlacedCrater, values.pop("craters", []), source, "craters")
    havens = _section_list(Haven, values.pop("havens", []), source, "havens")
    if not havens:
        raise ConfigurationError(f"{source}: 'havens' must list at least one lit place (x_m, y_m, radius_m)")
    sections = from_mapping(_Sections, values, source)
    if places is not None:
        check_pairs(places, source, "places.")
    check_pairs(sections.terrain, source, "terrain.")
    check_pairs(sections.truth, source, "truth.")
    recipe = Recipe(
        path.stem,
        sections.site,
        sections.start,
        sections.sortie,
        sections.terrain,
        _resolved(sections.dem, path),
        craters,
        havens,
        sections.truth,
        places,
    )
    _check_whole(recipe, source)
    return recipe


def _resolved(dem: Dem, recipe_path: Path) -> Dem:
    """A path in a recipe is seen from the recipe's own directory."""
    if dem.source == "lola":
        return dem
    return dataclasses.replace(dem, source=str((recipe_path.parent / dem.source).resolve()))


def _section_list(cls: type[T], values: Any, source: str, key: str) -> tuple[T, ...]:
    if not isinstance(values, list):
        raise ConfigurationError(f"{source}: '{key}' must be a list of sections")
    return tuple(from_mapping(cls, item, f"{source}: {key}[{index}]") for index, item in enumerate(values))


def _check_whole(recipe: Recipe, source: str) -> None:
    """Check what no single key can tell."""
    if not math.isfinite(utc_s(recipe.start.utc)):
        raise ConfigurationError(
            f"{source}: 'start.utc' is {recipe.start.utc!r} but takes an ISO 8601 time with a zone, "
            "e.g. '2028-10-13T12:00:00Z'"
        )
    if recipe.places is not None:
        check_places(recipe.places, recipe.dem.source, source)
    detail = recipe.truth.detail
    for sizes, key in (
        (recipe.terrain.crater_diameter_m, "terrain.crater_diameter_m"),
        (detail.rock_diameter_m, "truth.detail.rock_diameter_m"),
    ):
        if sizes[0] == sizes[1]:
            raise ConfigurationError(f"{source}: '{key}' is {list(sizes)} but takes two different diameters")
    reach = recipe.site.half_extent_m - 50.0
    for low, high, centre, key in (
        (detail.x_min_m, detail.x_max_m, recipe.site.centre_x_m, "truth.detail.x_min_m"),
        (detail.y_min_m, detail.y_max_m, recipe.site.centre_y_m, "truth.detail.y_min_m"),
    ):
        if not (centre - reach <= low and low + 20.0 <= high <= centre + reach):
            raise ConfigurationError(
                f"{source}: '{key}' is {low:g} and its maximum {high:g}, but the patch must be at least 20 m wide "
                f"and lie between {centre - reach:g} and {centre + reach:g} m, 50 m inside the 5 m field"
            )
    for x, y, key in (
        (0.0, 0.0, "truth.detail.x_min_m"),
        (recipe.sortie.target_x_m, recipe.sortie.target_y_m, "sortie.target_x_m"),
    ):
        if not (detail.x_min_m < x < detail.x_max_m and detail.y_min_m < y < detail.y_max_m):
            raise ConfigurationError(f"{source}: '{key}': the patch of fine ground must hold the lander and the target")
