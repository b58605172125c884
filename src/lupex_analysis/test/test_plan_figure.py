# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of a plan: what it is made from, what it says, and what it does without."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text

from lupex_analysis.figures import style
from lupex_analysis.figures.plan_figure import plan_figure
from lupex_analysis.figures.plan_ground import beside, mean_light
from lupex_analysis.figures.plan_view import PlanView, recorded_plan, split_layers
from lupex_analysis.figures.utc_axis import STEPS_S, clock_text, day_text, utc_ticks
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import THIN_S, WANTED, Layer, _turn_back, extract

NOON_S = 1.855e9 - 1.855e9 % 86400 + 43_200
"""A noon in 2028."""


def layer(values):
    axis = 10.0 * np.arange(8) - 10.0
    return Layer(axis, axis, np.asarray(values, dtype=float))


@pytest.fixture
def view():
    """An hour out, two of work, one back; the charge falls to 400 Wh above the need."""
    route = {
        "t": np.array([1000.0, 2800.0, 4600.0, 11_800.0, 13_600.0, 15_400.0, 20_000.0]),
        "x_m": np.array([0.0, 20.0, 40.0, 40.0, 20.0, 0.0, 0.0]),
        "y_m": np.array([0.0, 10.0, 40.0, 40.0, 10.0, 0.0, 0.0]),
        "activity": np.array([1, 0, 0, 3, 0, 0, 2]),
        "target": np.array([-1, -1, -1, 0, -1, -1, -1]),
        "energy_wh": np.array([1500.0, 1450.0, 1400.0, 900.0, 850.0, 900.0, 2000.0]),
        "required_wh": np.array([375.0, 420.0, 480.0, 500.0, 430.0, 375.0, 375.0]),
        "sunlit_fraction": np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
    }
    overrun = {
        "t": np.array([11_800.0, 19_000.0]),
        "energy_wh": np.array([900.0, 520.0]),
        "required_wh": np.array([500.0, 520.0]),
    }
    dark = np.ones((8, 8))
    dark[5:, 5:] = 0.0
    return PlanView(
        name="flat",
        explanation="1 target",
        route=route,
        charge={name: route[name] for name in ("t", "energy_wh", "required_wh")},
        overrun=overrun,
        turn_back_s=19_000.0,
        ground={"elevation": layer(np.add.outer(np.arange(8.0), np.zeros(8))), "permanent_shadow": layer(1.0 - dark)},
        light=tuple((at, layer(dark)) for at in (1000.0, 4600.0, 11_800.0, 15_400.0)),
        start=(0.0, 0.0),
        targets=((40.0, 40.0),),
        havens=((0.0, 0.0),),
        reserve_wh=375.0,
        capacity_wh=2500.0,
        utc_offset_s=NOON_S - 1000.0,
    )


def words(view, title=""):
    with style.drawing():
        figure = plan_figure(view, title)
        figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def test_the_picture_tells_route_light_charge_and_turn_back(view):
    told = words(view, "a title")
    for text in (
        "a title",
        "target 1\n13:00 to 15:00\nturn back by 17:00",
        "start and haven",
        "smallest margin 400 Wh",
        "turns back 15:00",
        "turn back by 17:00, 2.0 h in hand",
        "minimum safe charge",
        "margin",
        "driven in shadow",
        "permanent shadow",
        "UTC",
        "hours since the start",
        "12:00  start",
        "13:00  work begins at target 1",
        "15:00  leave target 1",
        "16:00  back in the haven",
    ):
        assert text in told, text
    assert any(text.startswith("12:00\n") and text.endswith("2028") for text in told)
    assert any(text.endswith(" m") for text in told)  # the scale bar


def test_matplotlib_of_ubuntu_makes_no_room_for_a_legend_and_shows_it_all_the_same(view, monkeypatch):
    monkeypatch.setattr(style, "_KNOWS_OUTSIDE", False)
    assert "permanent shadow" in words(view)


def test_a_turn_back_moment_far_beyond_the_plan_is_pointed_at(view):
    late = dataclasses.replace(view, turn_back_s=view.start_s + 3e5, overrun=None)
    assert any(text.startswith("turn back by ") and text.endswith("→") for text in words(late))


def test_without_utc_the_picture_counts_hours(view):
    told = words(dataclasses.replace(view, utc_offset_s=None))
    assert "1.00 h  work begins at target 1" in told
    assert "time since the start [h]" in told
    assert "UTC" not in told


def test_what_is_not_known_is_left_out(view):
    bare = dataclasses.replace(
        view, overrun=None, turn_back_s=None, ground={}, light=(), reserve_wh=None, capacity_wh=None
    )
    told = words(bare)
    assert "minimum safe charge" in told
    assert "if the last work went on" not in told
    assert "reserve" not in told
    assert not any("turn back by" in text for text in told)


def test_a_plan_that_is_none_has_its_map_with_the_shadow_at_the_start(view):
    none = dataclasses.replace(
        view,
        route={name: values[:0] for name, values in view.route.items()},
        charge={name: values[:0] for name, values in view.charge.items()},
        overrun=None,
        turn_back_s=None,
        light=view.light[:1],
    )
    told = words(none, "No sortie: the reason of it " * 6)
    assert "shadow at the start" in told
    assert "target 1" in told
    assert "minimum safe charge" not in told
    assert any("\n" in text and text.startswith("No sortie") for text in told)
    assert none.start_s == view.light[0][0]
    assert none.moment(none.start_s) == "start"


def test_moments_works_and_darkness(view):
    assert view.works() == [(0, 4600.0, 11_800.0)]
    assert view.home_s == 15_400.0
    assert view.at(3700.0) == (30.0, 25.0)
    assert view.moment(3000.0) == "on the way"
    assert view.dark().tolist() == [False, True, True, True, False, False]
    assert view.smallest_margin() == (400.0, 11_800.0)
    parted = {**view.route, "activity": np.array([1, 0, 3, 3, 0, 0, 2]), "target": np.array([-1, -1, 0, 0, -1, -1, -1])}
    assert dataclasses.replace(view, route=parted).works() == [(0, 2800.0, 11_800.0)]
    stays = {**view.route, "activity": np.array([1, 2, 2, 2, 2, 2, 2])}
    assert dataclasses.replace(view, route=stays).home_s == 20_000.0


def test_the_way_is_drawn_to_its_right():
    out_and_back = beside(np.array([0.0, 10.0, 10.0, 0.0]), np.zeros(4), 2.0)
    np.testing.assert_allclose(out_and_back[0], (0.0, -2.0))
    np.testing.assert_allclose(out_and_back[3], (0.0, 2.0))
    # where it turns on its heel neither side is the right one
    np.testing.assert_allclose(out_and_back[1:3, 0], 10.0)
    np.testing.assert_allclose(beside(np.ones(3), np.ones(3), 2.0), 1.0)


def test_the_mean_light_weighs_moments_by_the_time_between_them():
    mean = mean_light(((0.0, layer(np.ones((8, 8)))), (30.0, layer(np.zeros((8, 8)))), (40.0, layer(np.zeros((8, 8))))))
    np.testing.assert_allclose(mean.values, 30.0 / 80.0)
    assert mean_light(((5.0, layer(np.ones((8, 8)))),)).values.min() == 1.0


def test_layers_of_light_are_known_by_their_names():
    ground, light = split_layers(
        dict.fromkeys(("elevation", "sunlit_fraction", "sunlit_20", "sunlit_-3"), layer(np.ones((8, 8))))
    )
    assert set(ground) == {"elevation", "sunlit_fraction"}
    assert [at for at, _ in light] == [-3.0, 20.0]


def test_a_deadline_is_never_rounded_up():
    assert clock_text(59.9, NOON_S, 0.0) == "12:00"
    assert clock_text(7200.0, None, 3600.0) == "1.00 h"
    assert day_text(0.0, NOON_S).endswith("2028")
    assert day_text(0.0, None) == ""


@pytest.mark.parametrize("span_s", [600.0, 9000.0, 86_400.0, 3e6, 3e8])
def test_ticks_stand_at_round_times_and_are_few(span_s):
    ticks = utc_ticks(NOON_S + 17.0, NOON_S + span_s)
    assert 1 <= len(ticks) <= 13
    assert all(NOON_S + 17.0 <= tick <= NOON_S + span_s + 1.0 for tick in ticks)
    if len(ticks) > 1:
        assert any(np.isclose(np.diff(ticks)[0] % step, 0.0) for step in STEPS_S)


@pytest.fixture(scope="module")
def recorded(sortie_bag):
    return extract(read_recording(sortie_bag, WANTED, THIN_S))


def test_a_recording_gives_the_same_picture(recorded):
    view = recorded_plan(recorded)
    assert [at for at, _ in view.light] == [1030.0, 5350.0, 10_450.0]
    assert view.turn_back_s == 12_000.0
    assert view.utc_offset_s == 1.8e9
    assert set(view.ground) == {"elevation", "permanent_shadow"}
    assert view.reserve_wh == 375.0
    assert view.capacity_wh == 2450.0
    assert len(view.targets) == 1
    assert "minimum safe charge" in words(view)


def test_a_recording_without_the_map_of_the_plan_takes_that_of_the_site(recorded):
    view = recorded_plan(dataclasses.replace(recorded, plan_layers=(), utc_offset_s=0.0))
    assert [at for at, _ in view.light] == [1020.0]
    assert "elevation" in view.ground
    assert view.utc_offset_s is None
    unlit = recorded_plan(dataclasses.replace(recorded, plan_layers=(), layers={}))
    assert unlit.light == ()


def test_a_recording_without_a_way_has_no_picture(recorded):
    none = tuple(dataclasses.replace(plan, feasible=False) for plan in recorded.plans)
    assert recorded_plan(dataclasses.replace(recorded, plans=none)) is None


def test_an_older_recording_knows_no_moment_to_turn_back():
    assert _turn_back(SimpleNamespace()) is None
    assert _turn_back(SimpleNamespace(turn_back_by=SimpleNamespace(sec=0, nanosec=0))) is None


def test_numbers_of_a_battery_not_yet_measured_are_not_taken(recorded):
    power = {**recorded.power, "capacity_wh": np.array([0.0, 0.0, 2400.0]), "reserve_wh": np.zeros(3)}
    view = recorded_plan(dataclasses.replace(recorded, power=power))
    assert view.capacity_wh == 2400.0
    assert view.reserve_wh is None
