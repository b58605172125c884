# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/models.md and its figure from the models themselves: python -m lupex_system_tests.models_page.

Rows on the real ridge need the public data set, beside the repository in ../shared/data or given by --data.
"""

import argparse
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lupex_models.rover import Rover, read_rover
from lupex_system_tests import model_validation as validation

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
PAGE = Path("docs", "models.md")
FIGURE = Path("docs", "images", "models.png")
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w-]|\.\d)")
BENCHMARK = "[benchmark of the models](benchmarks/2026-11-23-models.md)"

HEAD = f"""# The models and what they are checked against

Written by `python -m lupex_system_tests.models_page`; a test fails when page and models differ. Every figure is
computed from the code as it stands. Rows marked * need the LOLA files of
[NASA PGDA product 78](https://pgda.gsfc.nasa.gov/products/78) and a table of SPICE directions beside the repository.
Horizon maps, frames of light and rays are measured beside their peers in the {BENCHMARK}.

![Eight models beside what they are checked against](images/models.png)

| model | checked against | asked | measured | kept by |
|---|---|---|---|---|
"""

TAIL = """
## Where the numbers come from
The rover's numbers, the soil that plans count on and its spread stand in `config/rover.yaml`, each with its mark: [S]
published, [L] literature, [A] assumed. Bounds stand in `lupex_models/rover.py`. The statistics of a world's ground
stand in its recipe (`worlds/`). Each equation names its source in its docstring.

## What the models leave out
- Locomotion is quasi-static: no suspension, no digging-in, no effect of a second pass. Nobody has published the slip of
  this crawler; the same soil equations are checked on rigid wheels, and its traction is derated by a third.
- Rim and ejecta of a crater are one blanket that falls from the rim's height as u^-3. For craters of 10 to 200 m the
  published thickness of ejecta at the rim is 0.6 to 1.3 times that height.
- A crater wears by one law of diffusion at the mean rate of the last 3 Gyr; one of 300 m keeps 9 % of its depth after
  it, where 7 % is published.
- Heat is three nodes. Ground temperatures are those of three kinds of place, and follow the Sun without delay.
- The battery has no memory: no ageing, no diffusion voltage; its table of cold capacity is that of a slow discharge.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table; `measured` is None where it needs data that is not there."""

    model: str
    against: str
    asked: str
    measured: str | None
    test: str

    @property
    def start(self) -> str:
        """What tells the line from all others."""
        return f"| {self.model} | {self.against} |"

    @property
    def line(self) -> str:
        """Return the line of Markdown."""
        return f"{self.start} {self.asked} | {self.measured} | `{self.test}` |"


def rows(rover: Rover, data: Path | None) -> list[Row]:
    """Return the table's rows, all that can be computed computed."""

    def from_data(value: Callable[[Path], str]) -> str | None:
        return value(data) if data is not None else None

    sample = REPOSITORY / "src" / "lupex_models" / "test" / "data" / "reference_spice_de421_sample.csv"
    asked = validation.ROUGHNESS
    rough, grow = validation.roughness_deviations(range(3))
    left = validation.worn_shares()
    slopes = validation.wheel_slopes_deg()
    wheels = max(abs(found - true) for found, true in zip(slopes, validation.WHEEL_SLOPES_DEG.values(), strict=True))
    _, missing = validation.fortnight(rover)
    shares = ", ".join(f"{share:.3f}" for share in validation.PEAK_SUNLIT.values())
    heights = ", ".join(f"{height:g}" for height in validation.PEAK_SUNLIT)
    return [
        Row(
            "Sky *",
            "SPICE with DE421: Sun and Earth, 160 rows, 4 sites, 2024..2045",
            "at most 0.01 deg",
            from_data(lambda path: f"{_worst_sky(path / 'reference_spice_de421.csv'):.4f} deg"),
            "test_sky.py: test_sun_and_earth_agree_with_every_spice_row",
        ),
        Row(
            "Sky",
            "24 of these rows, kept in the repository",
            "at most 0.01 deg",
            f"{_worst_sky(sample):.4f} deg",
            "test_sky.py: test_sun_and_earth_agree_with_spice_sample",
        ),
        Row(
            "Site",
            "a 3200 x 3200 file whose reads are counted",
            "the crop alone",
            "no more than the blocks touched",
            "test_dem.py: test_a_window_costs_only_its_blocks",
        ),
        Row(
            "Horizon",
            "exact ray marching, 2000 random cells and azimuths",
            "rms 0.1 deg, bias 0.01 deg",
            f"see {BENCHMARK}",
            "test_horizon.py: test_sweep_agrees_with_marching_rays_on_the_real_ridge",
        ),
        Row(
            "Light *",
            f"reference shares of 2028 in sunlight, Site01 peak, {heights} m up",
            f"{shares}, each within 0.015",
            from_data(lambda path: ", ".join(f"{_peak(path, h):.3f}" for h in validation.PEAK_SUNLIT)),
            "test_light.py: test_peak_of_the_real_ridge_through_2028",
        ),
        Row(
            "Light without far field *",
            "the same, relief beyond 8 km left out",
            "visibly worse",
            from_data(lambda path: ", ".join(f"{_peak(path, h, far=False):.3f}" for h in validation.PEAK_SUNLIT)),
            "test_light.py: test_peak_of_the_real_ridge_through_2028",
        ),
        Row(
            "Terrain: roughness",
            f"made ground, three seeds: RMS deviation {asked.rms_deviation_m:g} m at 5 m, Hurst {asked.hurst:g}",
            "within 10 %",
            f"within {100 * rough:.1f} % and {100 * grow:.1f} %",
            "test_endless_ground.py: test_any_window_is_as_rough_as_asked",
        ),
        Row(
            "Terrain: the default's source *",
            "the same measured on the ridge's 5 m DEM, windows of 800 m",
            "within 10 % of 0.4 m and 0.93",
            from_data(_ridge),
            "test_ground_statistics.py: test_the_ridge_is_as_rough_as_our_default",
        ),
        Row(
            "Terrain: crater sizes",
            "N(>D) = k D^-2 against hollows counted on the surface, 10 to 20 m",
            "within 10 %",
            f"within {100 * validation.crater_sizes((10.0, 14.0, 20.0)).worst:.1f} %",
            "test_ground_statistics.py: test_crater_sizes_come_back_from_the_surface",
        ),
        Row(
            "Terrain: crater ages",
            "depth left after 3 Gyr, 1 km and 300 m (Fassett and Thomson 2014: 52 % and 7 %)",
            "within 2 points",
            f"{100 * left[0]:.0f} % and {100 * left[1]:.0f} %",
            "test_ground_statistics.py: test_craters_wear_as_published",
        ),
        Row(
            "Terrain: rocks",
            "cover k exp(-q D) against cells raised on the surface, 0.3 to 0.8 m",
            "within 10 %",
            f"within {100 * validation.rock_sizes((0.3, 0.5, 0.8)).worst:.1f} %",
            "test_ground_statistics.py: test_rock_cover_comes_back_from_the_surface",
        ),
        Row(
            "Terrain: tiles",
            "two windows of one seed made apart, where they overlap",
            "agree",
            f"{validation.seam_m():.1g} m apart",
            "test_endless_ground.py: test_windows_agree_in_all_they_share",
        ),
        Row(
            "Terrain: any machine",
            "checksum of heights in whole millimetres",
            "the same",
            "the same without vector instructions",
            "test_ground_statistics.py: test_worlds_are_the_same_on_every_machine",
        ),
        Row(
            "Soil, rigid wheels",
            "slopes climbed at 10, 20, 30, 50, 80 % slip, six wheels, 350 kg",
            "within 1 deg",
            f"within {wheels:.2f} deg",
            "test_wheel.py: test_six_rigid_wheels_climb_as_measured",
        ),
        Row(
            "Locomotion, 95 % quantile",
            "energy at 18 deg on 1000 soils that the table has not seen",
            "kept by 95 %",
            f"kept by {100 * validation.kept_share(rover, 18.0, 0.95):.1f} %",
            "test_locomotion.py: test_the_quantile_holds_for_soils_that_it_has_not_seen",
        ),
        Row(
            "Battery, array, loads, heat",
            "books of 14 days with work, night and permanent shadow",
            "closed to 0.1 % of the loads",
            f"{100 * missing:.2g} % missing",
            "test_energy_books.py: test_energy_is_conserved_over_fourteen_days_of_sun_work_shadow_and_night",
        ),
        Row(
            "Heat",
            "settled temperatures worked out by hand: structure, battery, panel in shadow and Sun",
            "within 0.1 K",
            f"within {max(validation.heat_deviation_k(rover), 0.001):.3f} K",
            "test_energy_books.py: test_night_in_permanent_shadow_settles_where_heater_and_radiation_balance",
        ),
        Row(
            "Battery",
            "integral of voltage over charge against the nominal 2.5 kWh; charge and discharge by hand",
            "within 1e-9; 1e-4",
            "kept",
            "test_battery.py: test_full_pack_holds_its_capacity",
        ),
        Row(
            "Array",
            "a wall on the horizon and three tower heights: none, half and all of the disc",
            "within 3 %",
            "kept",
            "test_solar_array.py: test_a_higher_tower_sees_over_the_ridge",
        ),
    ]


def _worst_sky(table: Path) -> float:
    return float(validation.sky_errors_deg(table)[1].max())


def _peak(data: Path, height_m: float, *, far: bool = True) -> float:
    return validation.peak_sunlit_share(data, height_m, with_far=far)


def _ridge(data: Path) -> str:
    found = validation.ridge_roughness(data)
    return f"{found.rms_deviation_m:.2f} m and {found.hurst:.2f}"


def page(rover: Rover, data: Path | None, written: str = "") -> str:
    """Return the page; rows that need data which is not there are taken from the page as `written`."""
    lines = []
    for row in rows(rover, data):
        if row.measured is None:
            lines += [line for line in written.splitlines() if line.startswith(row.start)]
        else:
            lines.append(row.line)
    return HEAD + "\n".join(lines) + "\n" + TAIL


def agree(made: str, written: str) -> bool:
    """Tell whether two pages say the same; a figure may differ by one in its last digit.

    Kernels that a compiler may reorder round otherwise on another processor.
    """
    if _NUMBER.split(made) != _NUMBER.split(written):
        return False
    return all(_near(*pair) for pair in zip(_NUMBER.findall(made), _NUMBER.findall(written), strict=True))


def _near(made: str, written: str) -> bool:
    mantissa, _, exponent = written.partition("e")
    digits = len(mantissa.partition(".")[2])
    return abs(float(made) - float(written)) <= 1.01 * 10.0 ** (int(exponent or 0) - digits)


def digest(text: str) -> str:
    """Return what the figure keeps of the page that it was made with."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def data_directory(path: Path = DATA) -> Path | None:
    """Return the public data set's directory, None where it is not."""
    return path if (path / "dem").is_dir() else None


def main() -> None:
    """Write page and figure."""
    from lupex_system_tests.models_figure import draw

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="directory of the public data set")
    data = data_directory(parser.parse_args().data)
    if data is None:
        parser.error("the figure needs the public data set: give its directory by --data")
    rover = read_rover(REPOSITORY / "config" / "rover.yaml")
    text = page(rover, data)
    (REPOSITORY / PAGE).write_text(text, encoding="utf-8")
    draw(rover, data, REPOSITORY / FIGURE, digest(text))


if __name__ == "__main__":
    main()
