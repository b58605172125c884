# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What moves on the page of a sortie of ours: charts by its sections, ways, and the ground as it was known."""

from collections.abc import Iterator

import numpy as np
from matplotlib.colors import LightSource

from lupex_analysis.config import Judgement
from lupex_analysis.interactive.page_time import PageTime
from lupex_analysis.interactive.series import Band, Bar, Chart, Ground, Line, Row, Rows, Way
from lupex_analysis.judge.violations import Margins
from lupex_analysis.scoring import Errors, episodes
from lupex_analysis.sortie import PHASES, Columns, Layer, Sortie

ZERO_C_K = 273.15
_MOST_CELLS = 300
_SHORTEST_DARK_S = 30.0


def sortie_charts(
    sortie: Sortie, errors: Errors, margins: Margins | None, rules: Judgement, time: PageTime
) -> Iterator[Chart | Rows]:
    """Yield the charts that a sortie has columns for."""
    yield from _timeline(sortie, rules, time)
    shades = tuple(_dark(sortie, rules, time))
    charts = (_power(sortie, time), _certificate(sortie, time), _margins(margins, time))
    for chart in (*charts, _errors(errors, time), _drill(sortie, time)):
        for each in chart:
            yield Chart(each.section, each.title, each.unit, each.lines, each.bands, shades)


def _dark(sortie: Sortie, rules: Judgement, time: PageTime) -> Iterator[Bar]:
    truth = sortie.truth
    for begin, end in episodes(truth["t"], truth["sunlit_fraction"] < rules.dark_fraction, _SHORTEST_DARK_S):
        yield _bar(time, (begin, end), "night")


def _bar(time: PageTime, span: tuple[float, float], colour: str, text: str = "") -> Bar:
    begin_s, end_s = time.of_stamp(np.array(span))
    return Bar(float(begin_s), float(end_s), colour, text)


def _timeline(sortie: Sortie, rules: Judgement, time: PageTime) -> Iterator[Rows]:
    rows = []
    if len(sortie.mission["t"]):
        rows.append(Row("phase", tuple(_phases(sortie, time))))
    truth = sortie.truth
    if len(truth["t"]):
        lit = truth["sunlit_fraction"] >= rules.dark_fraction
        bars = [
            _bar(time, span, colour, text)
            for held, colour, text in ((lit, "sun", "in the sun"), (~lit, "night", "in darkness"))
            for span in episodes(truth["t"], held)
        ]
        rows.append(Row("light", tuple(bars)))
    faults: dict[str, list[Bar]] = {}
    for event in sortie.faults:
        at = float(time.of_stamp(np.array([event.t_s]))[0])
        bars_of = faults.setdefault(f"{event.source}: {event.code}", [])
        if event.active:
            bars_of.append(Bar(at, time.span_s, "sun" if event.severity == "warning" else "warn", event.severity))
        elif bars_of and bars_of[-1].end_s == time.span_s:
            bars_of[-1] = Bar(bars_of[-1].begin_s, at, bars_of[-1].colour, bars_of[-1].text)
    rows += [Row(name, tuple(bars_of)) for name, bars_of in faults.items() if bars_of]
    if rows:
        yield Rows("timeline", "What it did", tuple(rows))


def _phases(sortie: Sortie, time: PageTime) -> Iterator[Bar]:
    at, phase = time.of_stamp(sortie.mission["t"]), sortie.mission["phase"]
    starts = np.flatnonzero(np.diff(phase, prepend=-1))
    for first, after in zip(starts, [*starts[1:], -1], strict=True):
        number = int(phase[first])
        name = PHASES[number] if number < len(PHASES) else str(number)
        yield Bar(float(at[first]), float(at[after]) if after >= 0 else time.span_s, f"phase{number % 10}", name)


def _line(columns: Columns, time: PageTime, field: str, name: str, colour: str, scale: float = 1.0) -> Line:
    return Line(name, colour, time.of_stamp(columns["t"]), scale * columns[field])


def _power(sortie: Sortie, time: PageTime) -> Iterator[Chart]:
    power, truth = sortie.power, sortie.truth
    energy, bands, flows, warmth = [], [], [], []
    if len(power["t"]):
        at = time.of_stamp(power["t"])
        sigma = 3.0 * power["energy_sigma_wh"]
        bands = [
            Band("estimated", at, power["energy_wh"] - sigma, power["energy_wh"] + sigma),
            Band("warn", at, np.zeros(len(at)), power["reserve_wh"]),
        ]
        energy.append(_line(power, time, "energy_wh", "estimated, 3 sigma", "estimated"))
        flows = [
            _line(power, time, "array_power_w", "from the array", "sun"),
            _line(power, time, "load_power_w", "loads", "ink"),
        ]
        kelvin = power["battery_temperature_k"]
        warmth = [Line("battery", "estimated", at, np.where(kelvin > 0.0, kelvin - ZERO_C_K, np.nan))]
    if len(truth["t"]):
        energy.append(_line(truth, time, "energy_wh", "true", "truth"))
    first = next((held for held in sortie.forecasts if held.plan_id and len(held.columns["t"])), None)
    if first is not None:
        at = time.of_stamp(first.columns["t"])
        energy.append(Line("forecast on leaving", "planned", at, first.columns["energy_wh"], dashed=True))
    if energy:
        yield Chart("charge", "Usable energy; red: the reserve", "Wh", tuple(energy), tuple(bands))
    if flows:
        yield Chart("charge", "Power", "W", tuple(flows))
        yield Chart("charge", "Temperature", "°C", tuple(warmth))


def _certificate(sortie: Sortie, time: PageTime) -> Iterator[Chart]:
    held = sortie.certificate
    if not len(held["t"]):
        return
    valid = held["valid"] > 0
    known = {name: np.where(valid, held[name], np.nan) for name in ("energy_wh", "required_wh", "margin_wh")}
    known["t"] = held["t"]
    yield Chart("certificate", "Energy for the way back", "Wh", (
        _line(known, time, "energy_wh", "held, less 3 sigma", "estimated"),
        _line(known, time, "required_wh", "needed, worst case", "ink"),
        _line(known, time, "margin_wh", "margin", "planned"),
    ))  # fmt: skip


def _margins(margins: Margins | None, time: PageTime) -> Iterator[Chart]:
    if margins is None or not len(margins.t):
        return
    at = time.of_stamp(margins.t)
    true = np.where(np.isfinite(margins.true_wh), margins.true_wh, np.nan)
    lines = (Line("true margin", "truth", at, true), Line("claimed", "planned", at, margins.claimed_wh))
    yield Chart("truth", "Margin, claimed and true", "Wh", lines)


def _errors(errors: Errors, time: PageTime) -> Iterator[Chart]:
    if not len(errors.t):
        return
    at = time.of_stamp(errors.t)
    for title, unit, error, sigma in (
        ("Error east", "m", errors.x_m, errors.x_sigma_m),
        ("Error north", "m", errors.y_m, errors.y_sigma_m),
        ("Error of heading", "deg", np.degrees(errors.yaw_rad), np.degrees(errors.yaw_sigma_rad)),
    ):
        # the first seconds' uncertainty would flatten all the rest
        most = 1.2 * max(float(np.percentile(3.0 * sigma, 90)), float(np.abs(error).max()), 1e-6)
        band = Band("estimated", at, np.maximum(-3.0 * sigma, -most), np.minimum(3.0 * sigma, most))
        yield Chart("localization", title, unit, (Line("estimate less truth", "truth", at, error),
            Line("3 sigma", "estimated", at, np.minimum(3.0 * sigma, most))), (band,))  # fmt: skip


def _drill(sortie: Sortie, time: PageTime) -> Iterator[Chart]:
    rig = sortie.rig
    if not (rig["stowed"] == 0).any():
        return
    yield Chart("drill", "Depth of the bit", "m", (_line(rig, time, "depth_m", "depth", "ice"),))
    yield Chart("drill", "Weight on bit", "N", (_line(rig, time, "weight_on_bit_n", "weight on bit", "estimated"),))
    yield Chart("drill", "Torque", "N m", (_line(rig, time, "torque_nm", "torque", "truth"),))


def sortie_ways(sortie: Sortie, time: PageTime) -> tuple[tuple[Way, ...], tuple[Way, ...]]:
    """Return the ways that were driven, the true one first, and the first that was planned."""
    found = []
    for columns, colour, name in ((sortie.truth, "truth", "true"), (sortie.estimate, "estimated", "estimated")):
        if len(columns["t"]):
            x, y, yaw = columns["x_m"], columns["y_m"], np.unwrap(columns["yaw_rad"])
            found.append(Way(name, colour, time.of_stamp(columns["t"]), x, y, yaw))
    planned = []
    if sortie.plans and len(sortie.plans[0].columns["x_m"]):
        plan = sortie.plans[0].columns
        none = np.full(len(plan["t"]), np.nan)
        planned.append(Way("first plan", "planned", time.of_stamp(plan["t"]), plan["x_m"], plan["y_m"], none))
    return tuple(found), tuple(planned)


def sortie_ground(sortie: Sortie) -> Ground | None:
    """Return hillshade, darkened where it was dark on leaving; None without a site map."""
    elevation = sortie.layers.get("elevation")
    if elevation is None or not np.isfinite(elevation.values).any() or min(elevation.values.shape) < 2:
        return None
    step = -(-max(elevation.values.shape) // _MOST_CELLS)
    heights = np.where(np.isfinite(elevation.values), elevation.values, np.nanmin(elevation.values))[::step, ::step]
    x, y = elevation.x_m[::step], elevation.y_m[::step]
    cell = float(x[1] - x[0])
    shade = LightSource(azdeg=315, altdeg=35).hillshade(heights, vert_exag=2.0, dx=cell, dy=cell)
    low, high = np.percentile(shade, (1, 99))
    bright = np.clip((shade - low) / max(high - low, 1e-6), 0.0, 1.0) * 0.5 + 0.45
    colour = np.repeat(bright[:, :, None], 3, axis=2)
    dark = _dark_share(sortie.layers.get("sunlit_fraction"), elevation)
    if dark is not None:
        night = np.array([0x2C, 0x3E, 0x63]) / 255
        share = 0.55 * dark[::step, ::step, None]
        colour = colour * (1.0 - share) + night * share
    rgba = np.full((*heights.shape, 4), 255, dtype=np.uint8)
    rgba[:, :, :3] = np.round(255 * np.clip(colour, 0.0, 1.0))
    width, height = cell * heights.shape[1], cell * heights.shape[0]
    return Ground(float(x[0] - cell / 2), float(y[0] - cell / 2), width, height, rgba)


def _dark_share(light: Layer | None, elevation: Layer) -> np.ndarray | None:
    if light is None or light.values.shape != elevation.values.shape:
        return None
    return np.where(np.isfinite(light.values), 1.0 - np.clip(light.values, 0.0, 1.0), 0.0)
