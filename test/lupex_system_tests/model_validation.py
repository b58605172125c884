# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The shared models beside what they are checked against, as numbers: for docs/models.md and its figure."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from lupex_models import sky, thermal
from lupex_models.constants import SOLAR_CONSTANT_W_M2, STEFAN_BOLTZMANN
from lupex_models.craters import CraterShape, CraterStatistics, add_craters, crater_population, worn_depth_ratio
from lupex_models.dem import read_dem
from lupex_models.endless_ground import GroundStatistics, LatticeWindow, ground_window
from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light
from lupex_models.locomotion import LocomotionTable, drive
from lupex_models.rocks import RockStatistics, add_rocks, covered_share, rock_population
from lupex_models.rover import Rover
from lupex_models.site_frame import SiteFrame
from lupex_models.soil import Soil, soil_spread
from lupex_models.terrain import FractalStatistics, hurst_exponent, measured_roughness, rms_deviation, stream
from lupex_models.wheel import WheeledVehicle, wheel_slope_rad
from lupex_system_tests.energy_books import Fortnight, begin

FloatArray = npt.NDArray[np.float64]

PEAK = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1950.0)
"""The sunlit peak of the Shackleton-de Gerlache ridge (Site01)."""
PEAK_SUNLIT = {0.5: 0.847, 2.0: 0.888, 10.0: 0.936}
"""By height above ground in metres: share of 2028 in sunlight, as required."""
YEAR_2028_S = 1830297600.0
WHEELS = WheeledVehicle(350.0, 6, 0.25, 0.20)
WHEEL_SLOPES_DEG = {0.1: 1.2, 0.2: 6.8, 0.3: 11.2, 0.5: 17.0, 0.8: 21.9}
"""By slip: the slope that six rigid wheels under 350 kg climb, measured."""
ROUGHNESS = FractalStatistics()
CRATERS = CraterStatistics(coefficient=0.005, smallest_m=8.0, largest_m=100.0)
"""So sparse that hollows seldom run together: what is counted on the surface is then what was put there."""
ROCKS = RockStatistics(smallest_m=0.3)
SHAPE = CraterShape()


def sky_errors_deg(table: Path) -> tuple[FloatArray, FloatArray]:
    """Return years and the larger angle between ours and SPICE's direction, of Sun and Earth, for each row."""
    lines = [line for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    years, errors = [], []
    for row in csv.DictReader(lines):
        days = float(row["jd_utc"]) - 2440587.5
        place = math.radians(float(row["lat_deg"])), math.radians(float(row["lon_e_deg"])), 1e3 * float(row["h_km"])
        worst = 0.0
        for body, found in (("sun", sky.sun(86400.0 * days, *place)), ("earth", sky.earth(86400.0 * days, *place))):
            true = _unit(math.radians(float(row[f"{body}_az"])), math.radians(float(row[f"{body}_el"])))
            ours = _unit(float(found.azimuth_rad), float(found.elevation_rad))
            worst = max(worst, 2.0 * math.asin(0.5 * float(np.linalg.norm(true - ours))))
        years.append(1970.0 + days / 365.25)
        errors.append(math.degrees(worst))
    return np.array(years), np.array(errors)


def _unit(azimuth: float, elevation: float) -> FloatArray:
    flat = math.cos(elevation)
    return np.array([flat * math.sin(azimuth), flat * math.cos(azimuth), math.sin(elevation)])


def peak_sunlit_share(data: Path, height_m: float, *, with_far: bool = True) -> float:
    """Return the share of 2028 in which the peak sees the Sun, from a 5 m, a 20 m and a 1.6 km field."""
    dem = data / "dem"
    near = read_dem(dem / "site01_16km_5m.tif", PEAK, (-60.0, -60.0, 60.0, 60.0))
    fields = [
        read_dem(dem / "site01_16km_5m.tif", PEAK, (-1000.0, -1000.0, 1000.0, 1000.0)),
        read_dem(dem / "site01_16km_20m.tif", PEAK),
    ]
    if with_far:
        fields.append(read_dem(dem / "lola_sp_1600m.tif", PEAK))
    horizon = compute_horizon(near, fields, 72, height_m, far_lattice_cells=5)
    times = YEAR_2028_S + 2.0 * 3600.0 * np.arange(366 * 12)
    return float(Light(PEAK, horizon).sunlit_fraction(0.0, 0.0, times).mean())


def ridge_roughness(data: Path) -> FractalStatistics:
    """Return the roughness of the ridge's 5 m DEM in windows of 800 m."""
    return measured_roughness(read_dem(data / "dem" / "site01_16km_5m.tif", PEAK), 5.0, 800.0)


def made_ground(seed: int) -> HeightField:
    """Return 2 x 2 km of endless ground with fractal and craters, away from where its roughness was set."""
    statistics = GroundStatistics(ROUGHNESS, CraterStatistics(coefficient=0.03), SHAPE)
    return ground_window(LatticeWindow(5000 * seed - 7000, 900, 400, 400, 5.0), statistics, seed)


def roughness_deviations(seeds: range) -> tuple[float, float]:
    """Return the worst relative deviations of RMS deviation and Hurst exponent from what was asked."""
    fields = [made_ground(seed).heights_m for seed in seeds]
    asked = ROUGHNESS.rms_deviation_m
    rough = [abs(rms_deviation(field, 5.0, 5.0) / asked - 1.0) for field in fields]
    grow = [abs(hurst_exponent(field, 5.0, 5.0) / ROUGHNESS.hurst - 1.0) for field in fields]
    return max(rough), max(grow)


def seam_m() -> float:
    """Return the largest difference of two windows of endless ground, made apart, where they overlap."""
    statistics = GroundStatistics(ROUGHNESS, CraterStatistics(coefficient=0.03), SHAPE)
    west, east = (ground_window(LatticeWindow(column, -50, 201, 201, 5.0), statistics, 1) for column in (0, 150))
    return float(np.abs(west.heights_m[:, 150:] - east.heights_m[:, :51]).max())


@dataclass(frozen=True)
class SizeCount:
    """A cumulative law against what is measured on the surface itself, at the same sizes."""

    size_m: FloatArray
    asked: FloatArray
    measured: FloatArray

    @property
    def worst(self) -> float:
        """Largest relative deviation."""
        return float(np.abs(self.measured / self.asked - 1.0).max())


def crater_sizes(sizes_m: tuple[float, ...]) -> SizeCount:
    """Count hollows below level ground and take their size from their area; numbers a square kilometre."""
    side = 2400.0
    ground = _level(side, 1.0)
    craters = crater_population(ground.bounds_m, CRATERS, SHAPE, stream(2, "craters"))
    # where (1 - u^2)^2 equals rim over depth a bowl passes through the level
    bowl = math.sqrt(1.0 - math.sqrt(SHAPE.rim_ratio / SHAPE.fresh_depth_ratio))
    found = 2.0 * np.sqrt(_areas(add_craters(ground, craters, SHAPE).heights_m < 0.0) / math.pi) / bowl
    sizes = np.array(sizes_m)
    asked = CRATERS.coefficient * (sizes**-2 - CRATERS.largest_m**-2) * 1e6
    return SizeCount(sizes, asked, np.array([np.sum(found >= size) for size in sizes]) * 1e6 / side**2)


def rock_sizes(sizes_m: tuple[float, ...]) -> SizeCount:
    """Measure the share of the ground under rocks from the cells that they raise."""
    side, cell = 200.0, 0.1
    ground = _level(side, cell)
    rocks = rock_population(ground.bounds_m, ROCKS, stream(5, "rocks"))
    areas = _areas(add_rocks(ground, rocks).heights_m > 0.0) * cell**2
    found = 2.0 * np.sqrt(areas / math.pi)
    sizes = np.array(sizes_m)
    asked = covered_share(sizes, ROCKS) - covered_share(ROCKS.largest_m, ROCKS)
    # a rock at the limit counts by the cells it fills: half a cell each way
    return SizeCount(sizes, asked, np.array([areas[found >= size - 0.5 * cell].sum() for size in sizes]) / side**2)


def _level(side_m: float, cell_m: float) -> HeightField:
    count = round(side_m / cell_m) + 1
    return HeightField(np.zeros((count, count), dtype=np.float32), 0.0, 0.0, cell_m)


def _areas(mask: npt.NDArray[np.bool_]) -> FloatArray:
    labels, count = ndimage.label(mask)
    return np.asarray(np.bincount(labels.ravel(), minlength=count + 1)[1:], dtype=np.float64)


def worn_shares() -> FloatArray:
    """Return what is left of the depth of craters of 1000 m and 300 m after 3 Gyr."""
    return worn_depth_ratio([1000.0, 300.0], 3000.0, SHAPE) / SHAPE.fresh_depth_ratio


def wheel_slopes_deg() -> FloatArray:
    """Return the slopes of our six rigid wheels at the slips of WHEEL_SLOPES_DEG."""
    return np.degrees([wheel_slope_rad(WHEELS, slip) for slip in WHEEL_SLOPES_DEG])


def kept_share(rover: Rover, slope_deg: float, quantile: float, soils: int = 1000) -> float:
    """Return the share of soils not drawn for the table that need no more energy than its quantile says."""
    table = LocomotionTable.build(rover, quantile, max_slope_rad=math.radians(22.0))
    bound = float(table.energy_per_m_j(math.radians(slope_deg)))
    kept = 0
    for row in soil_spread(rover).draw(soils, np.random.default_rng(99)):
        soil = Soil(*(float(value) for value in row))
        state = drive(
            rover.crawler, rover.body.mass_kg, math.radians(slope_deg), 0.0, rover.crawler.max_speed_mps, soil
        )
        kept += state.feasible and state.power_w / state.ground_speed_mps <= bound
    return kept / soils


def fortnight(rover: Rover) -> tuple[Fortnight, float]:
    """Return fourteen days of array, battery, loads and heat, and the share of the loads missing from the books."""
    days = Fortnight(begin(rover, 0.6, 285.0))
    missing_j = days.run()
    return days, abs(missing_j) / days.books.loads_j


def heat_deviation_k(rover: Rover) -> float:
    """Return the largest deviation of settled temperatures from the balance worked out by hand.

    In permanent shadow with 8 W of avionics and 9 W of heater: structure, battery box and panel. In full sun: panel.
    """
    config = rover.thermal
    upright = 0.5 * config.ground_emissivity
    shadow = thermal.surroundings(config, 0.0, permanent_shadow=True)
    box_w, structure_w = thermal.avionics_heat(config, 8.0)
    start = thermal.ThermalState(285.0, 250.0, 100.0)
    night = thermal.step(config, start, shadow, thermal.HeatInputs(box_w, structure_w, 9.0), 90 * 86400.0).state
    radiating = config.structure_emissivity * config.structure_area_m2 * STEFAN_BOLTZMANN
    structure_k = (17.0 / radiating + upright * config.permanent_shadow_ground_k**4) ** 0.25
    battery_k = structure_k + (box_w + 9.0) / config.battery_conductance_w_k
    panel_k = upright**0.25 * config.permanent_shadow_ground_k
    sunny = thermal.surroundings(config, 1.0)
    noon = thermal.step(config, start, sunny, thermal.HeatInputs(array_power_w=388.0), 86400.0).state
    gain_w = config.panel_absorptivity * config.panel_area_m2 * SOLAR_CONSTANT_W_M2 - 388.0
    both_sides = 2.0 * config.panel_emissivity * config.panel_area_m2 * STEFAN_BOLTZMANN
    noon_k = (gain_w / both_sides + upright * config.sunlit_ground_k**4) ** 0.25
    pairs = (
        (night.electronics_k, structure_k),
        (night.battery_k, battery_k),
        (night.panel_k, panel_k),
        (noon.panel_k, noon_k),
    )
    return float(max(abs(found - expected) for found, expected in pairs))
