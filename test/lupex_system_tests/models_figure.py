# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figure of docs/models.md: eight models beside what they are checked against."""

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import Rover
from lupex_models.terrain import rms_deviation
from lupex_models.wheel import wheel_slope_rad
from lupex_system_tests import model_validation as validation

OURS, OTHER, TRUTH, FAINT = "#0072b2", "#e69f00", "#222222", "#999999"
"""Colours that stay apart for every eye."""


def draw(rover: Rover, data: Path, path: Path, digest: str) -> None:
    """Draw the figure into a PNG that carries the digest of the page it belongs to."""
    with plt.rc_context({"font.size": 9, "axes.titlesize": 10, "axes.grid": True, "grid.alpha": 0.25}):
        figure, axes = plt.subplots(2, 4, figsize=(16.0, 7.6), layout="constrained")
        _sky(axes[0, 0], data)
        _light(axes[0, 1], data)
        _roughness(axes[0, 2], data)
        _sizes(axes[0, 3])
        _slip(axes[1, 0], rover)
        _energy(axes[1, 1], rover)
        _fortnight(axes[1, 2], axes[1, 3], rover)
        figure.savefig(path, dpi=100, metadata={"Source": digest})
        plt.close(figure)


def _sky(axes: Axes, data: Path) -> None:
    years, errors = validation.sky_errors_deg(data / "reference_spice_de421.csv")
    axes.plot(years, errors, ".", color=OURS, label="ours against SPICE, Sun and Earth")
    axes.axhline(0.01, color=TRUTH, linestyle="--", label="asked")
    axes.set(title="Sky", xlabel="year", ylabel="angle apart [deg]", ylim=(0.0, 0.0145))
    axes.legend(loc="upper left")


def _light(axes: Axes, data: Path) -> None:
    heights = [0.5, 1.0, 2.0, 5.0, 10.0]
    for far, colour, label in ((True, OURS, "ours"), (False, OTHER, "without the far field")):
        shares = [validation.peak_sunlit_share(data, height, with_far=far) for height in heights]
        axes.plot(heights, shares, "o-", color=colour, label=label, markersize=3)
    asked = validation.PEAK_SUNLIT
    axes.errorbar(
        list(asked),
        list(asked.values()),
        0.015,
        fmt="s",
        color=TRUTH,
        capsize=4,
        markersize=4,
        label="reference, 0.015 either way",
    )
    axes.set(
        title="Light: Site01 peak through 2028", xlabel="height above ground [m]", ylabel="share of time in sunlight"
    )
    axes.set_xscale("log")
    axes.set_xticks(heights, [f"{height:g}" for height in heights])
    axes.minorticks_off()
    axes.legend(loc="lower right")


def _roughness(axes: Axes, data: Path) -> None:
    lags = np.array([5.0, 10.0, 15.0, 20.0])
    asked, ridge = validation.ROUGHNESS, validation.ridge_roughness(data)
    for statistics, style, colour, label in ((asked, "--", TRUTH, "asked"), (ridge, "-", OTHER, "the ridge's DEM")):
        deviations = statistics.rms_deviation_m * (lags / 5.0) ** statistics.hurst
        axes.plot(lags, deviations, style, color=colour, label=f"{label}: H = {statistics.hurst:.2f}")
    for seed in range(3):
        heights = validation.made_ground(seed).heights_m
        found = [rms_deviation(heights, 5.0, float(lag)) for lag in lags]
        axes.plot(lags, found, "o", color=OURS, markersize=4, label="made ground, three seeds" if seed == 0 else None)
    axes.set(title="Terrain: roughness", xlabel="lag [m]", ylabel="RMS deviation [m]", xscale="log", yscale="log")
    axes.set_xticks(lags, [f"{lag:g}" for lag in lags])
    axes.set_yticks([0.4, 0.6, 0.8, 1.0, 1.4], ["0.4", "0.6", "0.8", "1.0", "1.4"])
    axes.minorticks_off()
    axes.legend(loc="upper left")


def _sizes(axes: Axes) -> None:
    craters = validation.crater_sizes((9.0, 10.0, 12.0, 14.0, 17.0, 20.0, 25.0, 30.0, 40.0))
    rocks = validation.rock_sizes((0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3))
    axes.plot(craters.size_m, craters.asked, "--", color=TRUTH, label="asked")
    axes.plot(craters.size_m, craters.measured, "o", color=OURS, label="craters counted on the surface", markersize=4)
    axes.plot(rocks.size_m, 1e4 * rocks.asked, "--", color=TRUTH)
    axes.plot(rocks.size_m, 1e4 * rocks.measured, "^", color=OTHER, label="rocks: cover of the surface", markersize=4)
    axes.set(title="Terrain: craters and rocks", xscale="log", yscale="log", xlabel="diameter D and more [m]")
    axes.set_ylabel("craters a km2; rock cover [1/10000]")
    for ticks, set_ticks in (((0.3, 1.0, 3.0, 10.0, 30.0), axes.set_xticks), ((3.0, 10.0, 30.0), axes.set_yticks)):
        set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower left")


def _slip(axes: Axes, rover: Rover) -> None:
    slips = np.linspace(0.03, 0.95, 60)
    wheels = [math.degrees(wheel_slope_rad(validation.WHEELS, float(slip))) for slip in slips]
    axes.plot(wheels, 100.0 * slips, color=OTHER, label="six rigid wheels, ours")
    measured = validation.WHEEL_SLOPES_DEG
    axes.errorbar(
        list(measured.values()),
        [100.0 * slip for slip in measured],
        xerr=1.0,
        fmt="s",
        color=TRUTH,
        capsize=3,
        markersize=4,
        label="the same, measured",
    )
    slopes = np.linspace(0.0, 30.0, 121)
    for quantile, style, label in ((None, "-", "four crawlers"), (0.95, ":", "four crawlers, 95 % quantile")):
        slip = LocomotionTable.build(rover, quantile).slip(np.radians(slopes))
        axes.plot(slopes, np.where(slip < 1.0, 100.0 * slip, np.nan), style, color=OURS, label=label)
    axes.set(title="Soil and locomotion: slip", xlabel="slope along [deg]", ylabel="slip [%]", ylim=(0.0, 140.0))
    axes.set_yticks(range(0, 101, 20))
    axes.legend(loc="upper left")


def _energy(axes: Axes, rover: Rover) -> None:
    slopes = np.linspace(-20.0, 27.0, 189)
    for quantile, across, style, colour in (
        (None, 0.0, "-", TRUTH),
        (0.5, 0.0, "-", OURS),
        (0.8, 0.0, "--", OURS),
        (0.95, 0.0, ":", OURS),
        (0.95, 15.0, ":", OTHER),
    ):
        energy = LocomotionTable.build(rover, quantile).energy_per_m_j(np.radians(slopes), math.radians(across))
        name = "nominal soil" if quantile is None else f"{100 * quantile:.0f} % of all soils"
        label = f"{name}, {across:g} deg across" if across else name
        axes.plot(slopes, np.where(np.isfinite(energy), energy, np.nan), style, color=colour, label=label)
    axes.set(title="Locomotion: energy", xlabel="slope along [deg]", ylabel="drives, battery side [J/m]")
    axes.set_ylim(0.0, 1400.0)
    axes.legend(loc="upper left", fontsize=8)


def _fortnight(charge: Axes, heat: Axes, rover: Rover) -> None:
    days, missing = validation.fortnight(rover)
    time = np.array(days.hours) / 24.0
    for axes in (charge, heat):
        dark = np.array(days.disc) == 0.0
        axes.fill_between(time, 0, 1, where=dark, color=FAINT, alpha=0.35, transform=axes.get_xaxis_transform())
        axes.set_xlabel("days; no Sun in grey")
    charge.plot(time, 100.0 * np.array(days.soc), color=OURS, label="charge of the battery")
    charge.plot(time, 100.0 * np.array(days.disc), color=OTHER, linewidth=0.8, label="disc of the Sun")
    charge.set(title="Battery, array, loads and heat", ylabel="share [%]", ylim=(0.0, 140.0))
    charge.set_yticks(range(0, 101, 20))
    charge.legend(loc="upper left")
    config = rover.thermal
    heat.plot(time, days.battery_k, color=OURS, label="battery")
    heat.plot(time, days.structure_k, color=OTHER, label="structure, electronics")
    heat.axhline(config.heater_on_k, color=TRUTH, linestyle="--", linewidth=0.8, label="heater on")
    heat.axhline(rover.battery.charge_min_k, color=TRUTH, linestyle=":", linewidth=0.8, label="no charging below")
    heat.set(
        title=f"Heat: books closed to {100 * missing:.1g} % of the loads", ylabel="temperature [K]", ylim=(120.0, 305.0)
    )
    heat.legend(loc="lower right")
